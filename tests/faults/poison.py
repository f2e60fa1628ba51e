"""`python tests/faults/poison.py --rounds N [--only name,…]`: one poison after another while devices go on.

In each round one thing is wrong, and still: the other devices are acknowledged without a gap of five seconds
(while PostgreSQL itself is away or full they wait, and are acknowledged within a minute of its return), their
alarms are raised, in the transaction of the acknowledgement, within five seconds; no device is set aside that
is not to blame. At the end nothing acknowledged is lost or double and every seeded breach is one alarm. One
JSON line; exit 1 when a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import psycopg  # noqa: E402

from tests.faults.backlog import Returning, judge_backlog, until_judged  # noqa: E402
from tests.faults.common import history  # noqa: E402
from tests.faults.common.checks import Verdict, judge_fixes  # noqa: E402
from tests.faults.common.clients import Clients  # noqa: E402
from tests.faults.common.desk import DutyDesk  # noqa: E402
from tests.faults.common.disks import NotPossible, SmallDisk, own_mounts  # noqa: E402
from tests.faults.common.evidence import check, read_tracks  # noqa: E402
from tests.faults.common.gaps import Gaps, memory_mb  # noqa: E402
from tests.faults.common.installation import Installation, NeverHappened, until  # noqa: E402
from tests.faults.idle import EACH, Idlers  # noqa: E402

GAP_S, DELAY_S, BACK_S = 5.0, 5.0, 60.0
SECONDS_A_ROUND, ALL_ELSE_S = 150, 900
PG_MB, DATA_MB = 800, 200
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
JUMPS_S = (-3_600, 3_600, 86_400, -86_400)
CLOCK_OPEN = "SELECT count(*) FROM monitoring_incident WHERE carrier = 'clock' AND ended_at IS NULL"
CLOCK_ALL = "SELECT count(*) FROM monitoring_incident WHERE carrier = 'clock'"
DEVICE_INCIDENTS = "SELECT count(*) FROM monitoring_incident WHERE kind = 'device'"
ANOTHER_VERSION = "UPDATE monitoring_measure SET number = number WHERE number = %s"
VERSION = "SELECT version FROM monitoring_measuresversion"
Told = dict[str, Any]


class Poisons:
    """The installation, its devices, and what is done to them; each method is a poison and tells of it."""

    def __init__(self, asked: argparse.Namespace, where: Installation, clock: Path) -> None:
        self.asked, self.where, self.clock = asked, where, clock
        self.plan = where.folder / "plan.json"
        self.clients: Clients
        self.disks: dict[str, SmallDisk] = {}
        self.done, self.began_s = 0, int(time.time())
        self.histories: list[Path] = []
        self.back: Returning | None = None
        parts = {
            "live": asked.devices, "texts": 2, "flood": 1, "slow": 2,
            "ended": max(1, asked.rounds), "burst": asked.burst_devices, "backlog": asked.backlog_devices,
        }  # fmt: skip
        self.first: dict[str, tuple[int, int]] = {}
        self.devices = 0
        for name, n in parts.items():
            self.first[name] = (self.devices, n)
            self.devices += n

    def mischief(self, kind: str, part: str, seconds: float, *, one: int | None = None, **more: Any) -> Told:
        """Run a process of bad devices to its end; return what it says."""
        running = self._begin(kind, part, seconds, one=one, **more)
        try:
            said, _ = running.communicate(timeout=seconds + 120)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
        return dict(json.loads(said)) if running.returncode == 0 else {"good": False, "failed": kind}

    def _begin(
        self, kind: str, part: str, seconds: float, *, one: int | None = None, **more: Any
    ) -> "subprocess.Popen[str]":
        skip, many = self.first[part]
        if one is not None:
            skip, many = skip + one, 1
        file = self.where.folder / f"{kind}.{self.done}.history"
        words = {
            "port": self.where.jt808_port, "http-port": self.where.device_http_port, "plan": self.plan,
            "history": file, "skip": skip, "devices": many, "seconds": seconds, **more,
        }  # fmt: skip
        if kind == "burst":
            self.histories.append(file)
        module = ["-m", "tests.faults.common.mischief", kind]
        return subprocess.Popen(
            [sys.executable, *module, *(f"--{k}={v}" for k, v in words.items())],
            env={k: v for k, v in self.where.env.items() if not k.startswith("SIFANG_")},
            cwd=self.where.folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    # ---- what a device says

    def texts(self) -> Told:
        """Over-long texts and values out of range in every kind of message, and over HTTP."""
        said = self.mischief("texts", "texts", self.asked.seconds)
        return said | {"good": not said.get("server_errors", 1) and said["frames"] > 0}

    def flood(self) -> Told:
        """One signed-in device sends as fast as it can."""
        said = self.mischief("flood", "flood", self.asked.seconds)
        return said | {"good": said.get("sent", 0) > 0}

    def slow(self) -> Told:
        """Clients that read nothing, drip, or have closed half of their line, on both ports."""
        said = self.mischief("slow", "slow", self.asked.seconds, count=self.asked.slow)
        return said | {"good": said.get("dripping", 0) > 0 and said["deaf"] > 0}

    def burst(self) -> Told:
        """Ten times a city's load from registered devices; each of its fixes is acknowledged."""
        said = self.mischief(
            "burst",
            "burst",
            self.asked.burst_seconds,
            rate=self.asked.rate,
            **{"first-s": self._burst_from_s()},
        )
        return said | {"good": said.get("acknowledged") == said.get("offered", 0) > 0}

    def _burst_from_s(self) -> int:
        """Each burst goes on after the one before, so that none of it is late."""
        each = int(self.asked.rate * self.asked.burst_seconds / self.asked.burst_devices) + 10
        before = sum(name == "burst" for name in self.names[: self.done])
        return self.began_s - 2 * 86_400 + before * each

    # ---- what an officer and a machine do

    def stale(self) -> Told:
        """Measures change again and again, and one is lifted while its device goes on sending."""
        n = sum(name == "stale" for name in self.names[: self.done])
        skip, many = self.first["ended"]
        told = json.loads(self.plan.read_text("utf-8"))["devices"][skip + n % many]
        running = self._begin("keep", "ended", self.asked.seconds, one=n % many)
        before = int(self.where.rows(VERSION)[0][0])
        with psycopg.connect(self.where.admin_url(), autocommit=True) as connection:
            end = time.monotonic() + self.asked.seconds * 0.7
            while time.monotonic() < end:
                connection.execute(ANOTHER_VERSION, [told["measure"]])
                time.sleep(0.1)
        self.where.run("tests.faults.common.ending", "--measure", str(told["measure"]))
        said, _ = running.communicate(timeout=self.asked.seconds + 60)
        changed = int(self.where.rows(VERSION)[0][0]) - before
        return json.loads(said) | {"versions": changed, "good": changed > 1}

    def clock_jump(self) -> Told:
        """The machine's clock, as the watch reads it, jumps and comes back; a person is told meanwhile."""
        before = int(self.where.rows(CLOCK_ALL)[0][0])
        jumps = JUMPS_S[: self.asked.jumps]
        for jump in jumps:
            for wrong_s, is_open in ((jump, 1), (0, 0)):
                self.clock.write_text(str(wrong_s), "ascii")
                until(
                    lambda n=is_open: self.where.rows(CLOCK_OPEN)[0][0] == n, 15, f"the clock {wrong_s}", 0.2
                )
                self.clients.until_acknowledged_since(time.monotonic(), GAP_S)
        told = int(self.where.rows(CLOCK_ALL)[0][0]) - before
        return {"jumps": len(jumps), "incidents": told, "good": told == len(jumps)}

    def postgres(self) -> Told:
        """PostgreSQL is restarted: fast, smart and at once, in turn."""
        sort = SIGNALS[sum(name == "postgres" for name in self.names[: self.done]) % len(SIGNALS)]
        pid = self.where.pid("postgres")
        assert pid is not None
        os.kill(pid, sort)
        if sort == signal.SIGTERM:  # the smart one waits for its clients; after a while somebody insists
            time.sleep(1.5)
            os.kill(pid, signal.SIGINT)
        until(lambda: self.where.pid("postgres") not in {None, pid}, BACK_S, "PostgreSQL is back", 0.05)
        return {"signal": sort.name, **self._back_since(time.monotonic())}

    def disk_database(self) -> Told:
        """The disk of the database is full until nobody is acknowledged; then there is room again."""
        disk = self.disks["database"]
        devices = self.where.rows(DEVICE_INCIDENTS)[0][0]
        filled = disk.fill()
        try:
            until(self._has_stopped, 60, "a full disk stops the acknowledgements", 0.1)
            end = time.monotonic() + self.asked.seconds
            while time.monotonic() < end:
                filled += disk.fill()  # also what an ending session gave back
                time.sleep(0.3)
        finally:
            disk.free()
        told = self._back_since(time.monotonic())
        aside = int(self.where.rows(DEVICE_INCIDENTS)[0][0]) - devices
        return {
            "filled_mb": filled >> 20,
            "devices_blamed": aside,
            **told,
            "good": told["good"] and not aside,
        }

    def disk_data(self) -> Told:
        """The disk of logs, snapshots and keys is full; the city goes on, and all of it again afterwards."""
        disk = self.disks["data"]
        filled = disk.fill()
        end = time.monotonic() + self.asked.seconds
        while time.monotonic() < end:
            filled += disk.fill()
            time.sleep(0.2)
        disk.free()
        told = self._back_since(time.monotonic())
        try:
            until(self.where.is_ready, BACK_S, "everything serves", 0.2)
        except NeverHappened:
            told["good"] = False
        return {"filled_mb": filled >> 20, **told}

    def _has_stopped(self) -> bool:
        self.disks["database"].fill()
        return time.monotonic() - self.clients.latest["last_acknowledged_at"] > 1.5

    def _back_since(self, at: float) -> Told:
        back = self.clients.until_acknowledged_since(at, BACK_S)
        self.clients.mark()
        time.sleep(2.0)
        return {"back_s": round(back - at, 2), "good": back - at <= BACK_S}

    # ---- the short forms of idle.py and backlog.py

    def idle(self) -> Told:
        """Strangers that say nothing."""
        before = memory_mb(self.where.pid("watch"))
        with ExitStack() as stack:
            idlers = []
            for first in range(0, self.asked.idle, EACH):
                idlers.append(Idlers(self.where, min(EACH, self.asked.idle - first), first))
                stack.callback(idlers[-1].end)
            until(
                lambda: all(one.latest.get("done") for one in idlers), 120, "all connections were opened", 0.2
            )
            self.clients.until_acknowledged_since(time.monotonic(), GAP_S)
            time.sleep(self.asked.seconds / 2)
            said = {name: sum(one.latest[name] for one in idlers) for name in ("opened", "open", "failed")}
            held = memory_mb(self.where.pid("watch"))
        return said | {"memory_mb": [before, held], "good": said["opened"] == self.asked.idle}

    def backlog(self) -> Told:
        """Devices come out of a blind spot; once in a run."""
        if self.back is not None:
            return {"good": True, "again": True}
        skip, many = self.first["backlog"]
        self.back = Returning(self.where, self.plan, self.asked.frames, skip)
        until(lambda: self.back and self.back.is_made, 120, "the backlog is made", 0.1)
        self.clients.mark()
        self.back.go()
        until(lambda: self.back and self.back.latest.get("done"), 600, "the backlog is drained", 0.1)
        said = self.back.latest
        return {"frames": said["offered"], "devices": many, "drained_s": said["seconds"], "good": True}

    names: list[str]


WAITS = {"postgres", "disk_database"}  # while it is away nobody can be acknowledged
DISKS = {"disk_database", "disk_data"}
ALL = ("texts", "flood", "slow", "burst", "stale", "clock_jump", "postgres", "disk_database", "disk_data",
       "idle", "backlog")  # fmt: skip


class Script:
    """One run."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.rounds: list[Told] = []

    def run(self) -> Told:
        """Do it all; returns the figures."""
        begun = time.monotonic()
        names = list(self._names())
        if DISKS & set(names):
            own_mounts()
        with ExitStack() as stack:
            where = Installation(supervisor="tests.faults.jumpy_up")
            stack.callback(where.end)
            clock = where.folder / "clock"
            clock.write_text("0", "ascii")
            where.env["FAULTS_CLOCK"] = str(clock)
            poisons = Poisons(self.asked, where, clock)
            poisons.names = names
            if DISKS & set(names):
                self._small_disks(poisons, where, stack)
            where.start()
            words = ("--devices", str(poisons.devices), "--plan", str(poisons.plan))
            where.run("tests.faults.common.seeding", *words)
            found = self._under_load(poisons, where)
            return found | {"seconds": round(time.monotonic() - begun, 1)}

    def _names(self) -> Iterator[str]:
        chance = random.Random(self.asked.seed)
        left = self.asked.rounds or len(self.asked.only)
        while left > 0:
            each = list(self.asked.only)
            if self.asked.rounds > len(each):
                chance.shuffle(each)
            yield from each[:left]
            left -= len(each)

    @staticmethod
    def _small_disks(poisons: Poisons, where: Installation, stack: ExitStack) -> None:
        for name, folder, size_mb in (
            ("data", where.data, DATA_MB),
            ("database", where.folder / "pg", PG_MB),
        ):
            poisons.disks[name] = SmallDisk(folder, size_mb, 0o711)
            stack.callback(poisons.disks[name].end)
        stack.callback(where.stop)  # before the disks are taken away
        (where.data / "postgres").symlink_to(where.folder / "pg")

    def _under_load(self, poisons: Poisons, where: Installation) -> Told:
        told = json.loads(poisons.plan.read_text("utf-8"))
        live_plan = where.folder / "live.json"
        live_plan.write_text(json.dumps(told | {"devices": told["devices"][: self.asked.devices]}), "utf-8")
        with (
            Clients(where, live_plan, seed=self.asked.seed, speed=self.asked.speed) as clients,
            DutyDesk(where) as desk,
        ):
            poisons.clients = clients
            try:
                clients.until_acknowledged_since(time.monotonic(), 60)
                for name in poisons.names:
                    self.rounds.append(self._round(name, poisons))
                    poisons.done += 1
                clients.drain(90 + 2 * self.asked.devices)
                others = self._others(poisons, told)
                live = check(where, live_plan, clients, clients.breaches())
                desk.finish(60)
            finally:
                if poisons.back is not None:
                    poisons.back.end()
            for line in live.lines + [line for one in others.values() for line in one.lines]:
                sys.stderr.write(f"{line}\n")
            acts = desk.figures()
        good = live.is_good and all(one.is_good for one in others.values())
        good = (
            good and all(one["good"] for one in self.rounds) and not acts["acts_lost"] + acts["acts_double"]
        )
        gaps = [one["gap_s"] for one in self.rounds if one["poison"] not in WAITS]
        return {
            "fault": "poison", "good": good, "rounds": len(self.rounds), "seed": self.asked.seed,
            "longest_gap_s": max(gaps, default=0.0),
            "delay_p99_s": max((one["delay_s"].get("p99", 0.0) for one in self.rounds), default=0.0),
            **live.figures(), **acts, "others": {name: one.figures() for name, one in others.items()},
            "each": self.rounds,
        }  # fmt: skip

    def _round(self, name: str, poisons: Poisons) -> Told:
        clients = poisons.clients
        clients.mark()
        begun, gaps = time.monotonic(), Gaps(clients)
        work: Callable[[], Told] = getattr(poisons, name)
        try:
            told = work()
            clients.until_acknowledged_since(time.monotonic(), BACK_S if name in WAITS else GAP_S)
        except NeverHappened as error:
            told = {"good": False, "never": str(error)}
        time.sleep(0.4)
        gap_s, delay_s = gaps.end(), clients.latest["delay_s"]
        aside = poisons.where.watch_status().get("devices_aside", 0)
        good = told["good"] and (name in WAITS or gap_s <= GAP_S) and delay_s.get("p99", 0.0) <= DELAY_S
        took = {
            "gap_s": gap_s,
            "delay_s": delay_s,
            "aside": aside,
            "seconds": round(time.monotonic() - begun, 1),
        }
        found = {"poison": name, **told, **took, "good": bool(good and not aside)}
        sys.stderr.write(f"{json.dumps(found, ensure_ascii=False)}\n")
        sys.stderr.flush()
        return found

    def _others(self, poisons: Poisons, told: Told) -> dict[str, Verdict]:
        found = {}
        for file in poisons.histories:
            verdict, kept = Verdict(), history.read(file)
            tracks = read_tracks(poisons.where, poisons.plan, kept)
            mine = {device for device, _ in kept.offered}
            span = {s for _, s in kept.offered}
            cut = {
                k: rows[(rows["taken_s"] >= min(span)) & (rows["taken_s"] <= max(span))]
                for k, rows in tracks.items() if k in mine
            }  # fmt: skip
            judge_fixes(verdict, kept, kept, cut)
            found[file.stem] = verdict
        if poisons.back is not None:
            until_judged(poisons.where)
            skip, many = poisons.first["backlog"]
            verdict, kinds = judge_backlog(poisons.where, poisons.plan, poisons.back, told, skip, many)
            if kinds["live"]:
                verdict.alarms_without_breach += verdict.note("live alarms of the backlog", [dict(kinds)])
            found["backlog"] = verdict
        return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=0, help="0: each poison once")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(ALL), metavar="NAME,…")
    parser.add_argument("--devices", type=int, default=12, help="devices that behave")
    parser.add_argument("--speed", type=float, default=20.0, help="how fast their clocks run")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a poison works")
    parser.add_argument("--rate", type=float, default=3_300.0, help="of the burst, fixes a second")
    parser.add_argument("--burst-seconds", type=float, default=20.0)
    parser.add_argument("--burst-devices", type=int, default=40)
    parser.add_argument("--slow", type=int, default=250, help="slow clients of each kind and port")
    parser.add_argument("--jumps", type=int, default=len(JUMPS_S), help="of the clock in a round")
    parser.add_argument("--idle", type=int, default=5_000, help="idle connections")
    parser.add_argument("--frames", type=int, default=10_000, help="of the backlog")
    parser.add_argument("--backlog-devices", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main(words: list[str] | None = None) -> int:
    """Run; returns 0 when every promise was kept."""
    asked = _parser().parse_args(words)
    if unknown := set(asked.only) - set(ALL):
        raise SystemExit(f"no such poison: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.alarm(ALL_ELSE_S + SECONDS_A_ROUND * max(asked.rounds, len(asked.only)))
    try:
        found = Script(asked).run()
    except NotPossible as error:
        found = {"fault": "poison", "good": False, "not_possible": str(error)}
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0 if found["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
