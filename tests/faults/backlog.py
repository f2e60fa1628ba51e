"""`python tests/faults/backlog.py --frames N`: a blind spot ends, N fixes arrive at once.

Promises: everything is acknowledged, nothing lost, nothing double; it is drained within ten minutes, while
live fixes are answered, and their alarms raised in the same transaction, within five seconds at the 99th
percentile; a breach found in the backlog becomes one alarm about the past, never a live one. One JSON
line; exit 1 when a promise was broken.
"""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.faults.common import history  # noqa: E402
from tests.faults.common.backlog import EVERY_S  # noqa: E402
from tests.faults.common.checks import AFTER_S, BEFORE_S, AlarmRow, Verdict, judge_alarms, judge_fixes  # noqa: E402
from tests.faults.common.clients import Clients  # noqa: E402
from tests.faults.common.evidence import ALARMS, check, read_tracks  # noqa: E402
from tests.faults.common.installation import Installation, NeverHappened, until  # noqa: E402
from tests.faults.common.told import Told  # noqa: E402
from tests.faults.common.tracks import Breach, life_of  # noqa: E402

OVER_S = 300  # what ended later may still be on for the engine: undecided for ten minutes
DRAINED_S, DELAY_S, JUDGED_S = 600.0, 5.0, 300.0
PAST = """
SELECT m.number, a.past OR a.began_at > a.raised_at - interval '2 minutes' AS is_right, count(*)
  FROM monitoring_alarm a JOIN monitoring_measure m ON m.id = a.measure_id GROUP BY 1, 2
"""  # what a device says of the present is live; what it says of hours ago is not
WAITING = """
SELECT count(*) FROM monitoring_latework
 WHERE state = 'waiting' AND coalesce(not_before, '-infinity') < now() + interval '10 seconds'
"""  # what was judged once and ends in the middle of an episode waits for minutes
LEFT = """
SELECT m.number, l.state, l.reason, l.from_s, l.to_s, l.received_s, l.created_at, l.not_before, now()
  FROM monitoring_latework l JOIN monitoring_measure m ON m.id = l.measure_id WHERE l.state = 'waiting'
"""
STATES = "SELECT state, reason, count(*) FROM monitoring_latework GROUP BY 1, 2"


class Returning(Told):
    """The process of the devices that come back."""

    def __init__(self, where: Installation, plan: Path, fixes: int, skip: int) -> None:
        self.history_path = where.folder / "backlog.history"
        words = {
            "port": where.jt808_port,
            "fixes": fixes,
            "skip": skip,
            "plan": plan,
            "history": self.history_path,
        }
        super().__init__(where, "tests.faults.common.backlog", words)

    @property
    def is_made(self) -> bool:
        """Whether every fix of it is made and offered, and waits for `go`."""
        return bool(self.latest)

    def go(self) -> None:
        """Let them all come back now."""
        self.say("go")


def run(asked: argparse.Namespace, where: Installation) -> dict[str, Any]:
    """Run once on a new installation."""
    where.start()
    plan, live_plan = where.folder / "plan.json", where.folder / "live.json"
    where.run(
        "tests.faults.common.seeding", "--devices", str(asked.live + asked.devices), "--plan", str(plan)
    )
    told = json.loads(plan.read_text("utf-8"))
    live_plan.write_text(json.dumps(told | {"devices": told["devices"][: asked.live]}), "utf-8")
    back = Returning(where, plan, asked.frames, asked.live)
    try:
        with Clients(where, live_plan, seed=asked.seed, speed=asked.speed) as clients:
            clients.until_acknowledged_since(time.monotonic(), 60)
            clients.mark()
            back.go()
            until(lambda: back.latest.get("done"), DRAINED_S, f"all is acknowledged ({back.latest})", 0.2)
            time.sleep(0.5)
            delay_s = clients.latest["delay_s"]
            judged_s = until_judged(where)
            clients.drain(90 + 2 * asked.live)
            live = check(where, live_plan, clients, clients.breaches())
            return _figures(asked, where, plan, back, live, delay_s, judged_s, told)
    finally:
        back.end()


def until_judged(where: Installation) -> float:
    """Wait until the late fixes are judged; return the seconds it took."""
    begun = time.monotonic()
    try:
        until(lambda: where.rows(WAITING)[0][0] == 0, JUDGED_S, "the late fixes are judged", 1.0)
    except NeverHappened as error:
        raise NeverHappened(f"{error}: {where.rows(LEFT)}\n{where.said()}") from None
    return round(time.monotonic() - begun, 1)


def _figures(  # noqa: PLR0917 (what the run brought together)
    asked: argparse.Namespace, where: Installation, plan: Path, back: Returning, live: Verdict,
    delay_s: dict[str, float], judged_s: float, told: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    late, of_backlog = judge_backlog(where, plan, back, told, asked.live, asked.devices)
    for line in live.lines + late.lines:
        sys.stderr.write(f"{line}\n")
    good = live.is_good and late.is_good and delay_s.get("p99", 99.0) <= DELAY_S and not of_backlog["live"]
    states = [[state, reason, n] for state, reason, n in where.rows(STATES)]
    return {
        "fault": "backlog", "good": good, "frames": back.latest["offered"], "devices": asked.devices,
        "drained_s": back.latest["seconds"], "live_delay_s": delay_s, "judged_after_s": judged_s,
        "late_work": states, "alarms_of_backlog": dict(of_backlog), "backlog": late.figures(),
        "live": live.figures(),
    }  # fmt: skip


def judge_backlog(  # noqa: PLR0917 (what the run brought together)
    where: Installation, plan: Path, back: Returning, told: dict[str, Any], skip: int, devices: int
) -> tuple[Verdict, Counter[str]]:  # fmt: skip
    """Return the verdict on the devices that came back, and how many alarms are of the past or live."""
    late = Verdict()
    kept = history.read(back.history_path)
    tracks = {k: rows for k, rows in read_tracks(where, plan, kept).items() if k >= skip}
    judge_fixes(late, kept, kept, tracks)
    whole, cut = _breaches(skip, devices, back, told)
    judge_alarms(late, whole, [one for one in _alarms(where, told, skip) if not _fits(one, cut)])
    number = {one["measure"] for one in told["devices"][skip:]}
    of_backlog: Counter[str] = Counter()
    for measure, is_right, n in where.rows(PAST):
        if measure in number:
            of_backlog["past" if is_right else "live"] += n
    return late, of_backlog


def _breaches(
    skip: int, devices: int, back: Returning, told: dict[str, Any]
) -> tuple[list[Breach], list[Breach]]:
    """Return what the backlog holds whole, and what it cuts (an alarm on that may stand or not)."""
    start_s = int(back.latest["start_s"])
    end_s = start_s + int(back.latest["each"]) * EVERY_S
    whole: list[Breach] = []
    cut: list[Breach] = []
    for index in range(skip, skip + devices):
        life = life_of(index, told["devices"][index], start_s, 1)
        for one in life.breaches(int(time.time())):
            is_whole = one.from_s > start_s and one.to_s + OVER_S < end_s
            (whole if is_whole else cut).append(one)
    return whole, cut


def _alarms(where: Installation, told: dict[str, Any], skip: int) -> list[AlarmRow]:
    place = {one["measure"]: k for k, one in enumerate(told["devices"]) if k >= skip}
    rows = [row for row in where.rows(ALARMS) if row[0] in place]
    return [AlarmRow(place[m], kind, began, raised, str(name)) for m, kind, began, raised, name in rows]


def _fits(alarm: AlarmRow, cut: list[Breach]) -> bool:
    return any(
        (one.device, one.kind) == (alarm.device, alarm.kind)
        and one.from_s - BEFORE_S <= alarm.began_s <= one.to_s + AFTER_S
        for one in cut
    )


def main(words: list[str] | None = None) -> int:
    """Run; returns 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=197_520)
    parser.add_argument("--devices", type=int, default=330, help="devices that come back")
    parser.add_argument("--live", type=int, default=12, help="devices that never went away")
    parser.add_argument("--speed", type=float, default=20.0, help="how fast the live devices' clocks run")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.alarm(2_400)
    with Installation() as where:
        found = run(asked, where)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0 if found["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
