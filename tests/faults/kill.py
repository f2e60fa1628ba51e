"""`python tests/faults/kill.py --kills N`: kill -9 of every process at random moments under load.

What must hold: no acknowledged fix lost, none twice in what readers return, none that was never offered;
every seeded breach exactly one alarm record; the service comes back by itself. One JSON line; exit 1 when a
promise was broken. `--control` runs an intake that acknowledges before it commits: then exit 1 unless that
was noticed. The same `--seed` gives the same city, lives and order of kills (not the same microseconds).
"""

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.faults.common.checks import Verdict  # noqa: E402
from tests.faults.common.clients import Clients  # noqa: E402
from tests.faults.common.desk import DutyDesk  # noqa: E402
from tests.faults.common.evidence import check, compacted, finish_compaction  # noqa: E402
from tests.faults.common.installation import START_S, Installation, until  # noqa: E402
from tests.faults.common.notices import Notices  # noqa: E402

SERVING = ("watch", "postgres", "backend", "supervisor")  # without these nobody is acknowledged
FIRST, SECOND = ("watch", "postgres", "web", "jobs", "supervisor"), ("guard", "backend")
COMPACT = "compact"  # no kill: finished hours of the journal, and the job that compacts them
TOGETHER = ((COMPACT, "jobs"), (COMPACT, "postgres"), ("postgres", "watch"))
CONTROL = (("postgres", "watch"),)  # what was answered while nothing can be stored
OLDEST_HOUR, NEWEST_HOUR = 60, 5  # hours before now that may be written and compacted
PRODUCT, EAGER = "sifang.ops.main", "tests.faults.eager_up"
RECOVERY_S = 120.0
SLOWEST_KILL_S, ALL_ELSE_S = 45, 240  # the script ends itself after so long


class TookTooLong(Exception):
    """The script's own limit has passed."""


@dataclass
class Outcome:
    """What happened, beside the verdict."""

    kills: Counter[str] = field(default_factory=Counter)
    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    checks: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    def recovered(self, name: str, seconds: float) -> None:
        """Note how long it took until the service was back."""
        self.recovery_s.setdefault(name, []).append(seconds)

    def rto(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return median, 95th percentile and maximum over these processes, in seconds."""
        found = sorted(s for name in names for s in self.recovery_s.get(name, []))
        if not found:
            return {}
        at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
        return {name: round(found[min(int(q * len(found)), len(found) - 1)], 2) for name, q in at.items()}


def schedule(kills: int, chance: random.Random, *, control: bool) -> Iterator[tuple[str, ...]]:
    """Yield what is killed together, so many processes in all (one more at most); each in every round."""
    left = kills
    while left > 0:
        each = [*chance.sample(FIRST, len(FIRST)), *chance.sample(SECOND, len(SECOND))]
        singles = [] if control else [(name,) for name in each]
        for group in [*singles, *(CONTROL if control else TOGETHER)]:
            if left > 0:
                yield group
            left -= len(group) - (COMPACT in group)


class Script:
    """One run: an installation, its clients, the kills, the verdict."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.chance = random.Random(asked.seed)
        self.outcome = Outcome()
        self.where = Installation(supervisor=EAGER if asked.control or asked.then_control else PRODUCT)
        self.switch = self.where.folder / "eager"
        if not asked.control:
            self.where.env["FAULTS_EAGER_WHEN"] = str(self.switch)
        self.plan = self.where.folder / "plan.json"
        self.next_hour = OLDEST_HOUR

    def run(self) -> dict[str, Any]:
        """Do it all; returns the figures. Raises NeverHappened when the service does not come back."""
        began = time.monotonic()
        with self.where as where:
            where.start()
            words = ("--devices", str(self.asked.devices), "--plan", str(self.plan))
            where.run("tests.faults.common.seeding", *words, "--seed", str(self.asked.seed))
            self._past_hours(self.asked.past)
            done = self._under_load(self.asked.kills, control=self.asked.control)
            if self.asked.then_control:
                self.switch.touch()  # the next watch answers before it commits
                self.outcome = Outcome()
                self._kill(("watch",), None)
                seen = self._under_load(self.asked.then_control, control=True)
                done |= {"control_kills": seen["kills"], "control_lost": seen["lost"]}
        return done | {"seconds": round(time.monotonic() - began, 1)}

    def _under_load(self, kills: int, *, control: bool) -> dict[str, Any]:
        asked, where = self.asked, self.where
        later = asked.then_control and control  # device clocks never go back
        load = {"seed": asked.seed, "speed": asked.speed, "ago_hours": 20.0 if later else 70.0}
        name = "control" if control else "clients"
        with ExitStack() as stack:
            clients = stack.enter_context(Clients(where, self.plan, name=name, **load))
            if not control:
                notices, desk = (stack.enter_context(kind(where)) for kind in (Notices, DutyDesk))
            clients.until_acknowledged_since(time.monotonic(), START_S)
            self._kills(kills, clients, control=control)
            if self.outcome.verdict.is_good:  # a control that was noticed has done its work
                where.until_ready()
                clients.drain(RECOVERY_S + 2 * asked.devices)
                if self.next_hour < OLDEST_HOUR:
                    finish_compaction(where)
                self._judge(clients, drained=True)
                if not control:
                    desk.finish(RECOVERY_S)
            if asked.keep_words and not control and not self.outcome.verdict.is_good:
                _tell(where.said(4_000))
            done = self._figures(clients)
            return done if control else done | notices.figures() | desk.figures()

    def _kills(self, kills: int, clients: Clients, *, control: bool) -> None:
        killed = 0
        for group in schedule(kills, self.chance, control=control):
            low, high = self.asked.between
            time.sleep(self.chance.uniform(low, high))
            before = killed
            killed += self._kill(group, clients)
            _tell(f"{killed}/{kills} {'+'.join(group)} {self._last(group[-1])}")
            if control:
                if "watch" in group:
                    self._judge(clients)
            elif self.asked.every and killed // self.asked.every > before // self.asked.every:
                self._judge(clients)
            if not self.outcome.verdict.is_good:
                return

    def _last(self, name: str) -> str:
        found = self.outcome.recovery_s.get(name)
        return f"back after {found[-1]:.1f} s" if found else ""

    def _kill(self, group: tuple[str, ...], clients: Clients | None) -> int:
        """Kill the group one shortly after the other, wait until all is back; return how many were killed."""
        at = time.monotonic()
        done = 0
        for number, name in enumerate(group):
            if name == COMPACT:
                self._past_hours(self.asked.hours_each)
                self.where.run("tests.faults.common.compaction", process="jobs")
                continue
            if number:
                time.sleep(self.chance.uniform(0.0, 0.8))
            at = time.monotonic()
            pid = until(lambda name=name: self.where.kill(name), RECOVERY_S, f"{name} to kill")
            self.outcome.kills[name] += 1
            done += 1
        self._wait_for(group[-1], pid, at, clients)
        return done

    def _past_hours(self, many: int) -> None:
        """Write so many hours of the journal that are over, as far as there are hours left."""
        last = max(self.next_hour - many + 1, NEWEST_HOUR)
        if many and self.next_hour >= last:
            span = ("--first", str(self.next_hour), "--last", str(last))
            paths = ("--plan", str(self.plan), "--history", str(self.where.folder / "clients.history"))
            self.where.run("tests.faults.common.past", *paths, *span, process="watch")
            self.next_hour = last - 1

    def _wait_for(self, name: str, pid: int, at: float, clients: Clients | None) -> None:
        where = self.where
        if name == "supervisor":
            time.sleep(self.chance.uniform(0.0, 1.0))
            where.start(wait=False)
            where.until_ready(RECOVERY_S)
        elif name != "backend":
            until(lambda: where.pid(name) not in {None, pid}, RECOVERY_S, f"{name} is started again", 0.02)
            if name not in SERVING:
                until(lambda: where.serves(name), RECOVERY_S, f"{name} serves again", 0.02)
        if name in SERVING and clients is not None:
            since = at if name in {"watch", "supervisor"} else time.monotonic()
            back = clients.until_acknowledged_since(since, RECOVERY_S)
        else:
            back = time.monotonic()
        self.outcome.recovered(name, back - at)

    def _judge(self, clients: Clients, *, drained: bool = False) -> None:
        breaches = clients.breaches() if drained else None
        self.outcome.verdict = check(self.where, self.plan, clients, breaches)
        self.outcome.checks += 1
        for line in self.outcome.verdict.lines:
            _tell(line)

    def _figures(self, clients: Clients) -> dict[str, Any]:
        outcome = self.outcome
        return {
            "script": "kill", "seed": self.asked.seed, "devices": self.asked.devices,
            "control": self.asked.control, "good": outcome.verdict.is_good,
            "kills": sum(outcome.kills.values()), "killed": dict(sorted(outcome.kills.items())),
            **outcome.verdict.figures(),
            "rto_s": outcome.rto(SERVING), "rto_of_s": {n: outcome.rto((n,)) for n in outcome.recovery_s},
            "checks": outcome.checks, **compacted(self.where), "load": clients.latest.get("counted", {}),
        }  # fmt: skip


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _span(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--devices", type=int, default=16)
    parser.add_argument("--speed", type=float, default=20.0, help="how fast the devices' clocks run")
    parser.add_argument("--seconds-between", dest="between", type=_span, default=(0.5, 4.0), metavar="A-B")
    parser.add_argument("--every", type=int, default=50, help="check after so many kills (0: at the end)")
    parser.add_argument("--past", type=int, default=8, help="past hours of the journal at the start")
    parser.add_argument("--hours-each", type=int, default=4, help="and before each compaction under kills")
    parser.add_argument("--control", action="store_true", help="an intake that acknowledges before commit")
    parser.add_argument("--then-control", type=int, default=0, metavar="N", help="afterwards the control")
    parser.add_argument("--keep-words", action="store_true", help="on failure print the processes' logs")
    return parser


def _too_long(*_: object) -> None:
    raise TookTooLong


def main(words: list[str] | None = None) -> int:
    """Run; returns 0 when every promise was kept (control: when the breach of one was noticed)."""
    asked = _parser().parse_args(words)
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is ended
    signal.alarm(ALL_ELSE_S + SLOWEST_KILL_S * asked.kills)
    try:
        done = Script(asked).run()
    finally:
        signal.alarm(0)
    sys.stdout.write(json.dumps(done, ensure_ascii=False) + "\n")
    if asked.control:
        return 0 if done["lost"] else 1
    is_good = done["good"] and not done["acts_lost"] and not done["acts_double"]
    is_good = is_good and not done["hours_with_key"] and not done["hours_failed"]
    return 0 if is_good and (done["control_lost"] if asked.then_control else True) else 1


if __name__ == "__main__":
    sys.exit(main())
