"""`python -m sifang.ops.guard`: the watch of the watch, a small process of its own without Django.

Each second it looks at the watch's status file, at its own probes of the whole way and of the database,
and tells in SIFANG_DATA/run/guard.json what it finds; the supervisor, `sifang status` and the pages read
that. When fixes do not get through it opens a technical incident (by a short-lived program, so that a
hanging database hangs nobody else), and ends it afterwards. It also serves the figures for Prometheus.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sifang.kernel.log import get_logger
from sifang.kernel.time import SHANGHAI
from sifang.ops.deadman import JOBS_S, Deadman, Finding, Sight
from sifang.ops.guardian import beat_of, read_json, tell
from sifang.ops.path_probe import DatabaseEye, path_answers
from sifang.ops.runtime import read_state, started_ticks
from sifang.ops.settings import Settings

log = get_logger("guard")
LOOK_S, PROBE_S, COUNT_S = 1.0, 5.0, 15.0
INCIDENT_S = 30.0  # how long the program that writes the incident may take
AGAIN_S = 60.0  # a watch that starts ends all incidents: what lasts is opened anew
PAGE, CLOCK_TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Guard:
    """Threads that ask, one loop that judges."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._run = settings.data / "run"
        self._deadman = Deadman()
        self._eye = DatabaseEye(settings)
        self._counter = DatabaseEye(settings)
        self._probe_ok: float | None = None
        self._database_ok: float | None = None
        self._backlog: dict[str, Any] | None = None
        self._counts: dict[str, Any] | None = None
        self._incident = str(read_json(self._run / "guard.json").get("incident") or "")
        self._next_incident_s = 0.0
        self._kill: int | None = None
        self._since = datetime.now(UTC)  # wall time; kept, so that it does not waver with the clocks
        self._told: Finding = Finding()
        self.finding: Finding = Finding()
        self._stop = threading.Event()

    # -- the threads that ask -----------------------------------------------------------------------

    def start(self) -> None:
        """Begin asking."""
        for job, every_s in (
            (self._probe, PROBE_S),
            (self._ask_database, PROBE_S),
            (self._count, COUNT_S),
            (self._write_incident, LOOK_S),
        ):
            threading.Thread(target=self._repeat, args=(job, every_s), daemon=True).start()

    def _repeat(self, job: Callable[[], None], every_s: float) -> None:
        while not self._stop.is_set():
            try:
                job()
            except Exception:  # the edge of a thread that must go on
                log.exception("guard_job_failed", job=job.__name__)
            self._stop.wait(every_s)

    def _probe(self) -> None:
        sent = time.monotonic()
        if path_answers(self.settings):
            self._probe_ok = sent

    def _ask_database(self) -> None:
        sent = time.monotonic()
        if self._eye.answers():
            self._database_ok = sent

    def _count(self) -> None:
        self._backlog, self._counts = self._counter.backlog(), self._counter.counts()

    def _write_incident(self) -> None:
        """Open the technical incident while fixes do not get through, end it afterwards."""
        finding = self.finding
        if finding.is_stuck:
            if time.monotonic() < self._next_incident_s:
                return
            words = ["open", finding.words, self._since.isoformat()]
        elif self._incident:
            words = ["close", self._incident]
        else:
            return
        self._next_incident_s = 0.0
        try:
            done = subprocess.run(  # noqa: S603 (our own program)
                [sys.executable, "-m", "sifang.ops.guard_incident", *words],
                capture_output=True, text=True, timeout=INCIDENT_S, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return
        if done.returncode:
            log.warning("incident_not_written", what=words[0])
            self._stop.wait(PROBE_S)
        elif finding.is_stuck:
            self._incident, self._next_incident_s = done.stdout.strip(), time.monotonic() + AGAIN_S
        else:
            self._incident = ""

    # -- the loop that judges -----------------------------------------------------------------------

    def watch_for_ever(self) -> None:
        """Look each second until told to stop."""
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:  # a half-written file of another process must not end the guard
                log.exception("guard_look_failed")
            self._stop.wait(LOOK_S)

    def stop(self) -> None:
        """End the loop and the threads."""
        self._stop.set()

    def look(self) -> None:
        """Judge once, and tell."""
        sight = self._sight()
        finding = self._deadman.look(sight)
        self._kill = (finding.kill or self._kill) if finding.is_stuck else None
        if finding.is_stuck is not self._told.is_stuck:
            say = log.error if finding.is_stuck else log.info
            self._since = _at(finding.since_s)
            say("path_stuck" if finding.is_stuck else "path_works_again", reasons=list(finding.reasons))
        self._told = self.finding = finding
        since = self._since
        line = f"定位接收停滞，自 {since.astimezone(SHANGHAI):%H:%M} 起：{finding.words}"
        tell(
            self._run / "guard.json",
            {
                "pid": os.getpid(),
                "alive_at": datetime.now(UTC).isoformat(),
                "stuck": finding.is_stuck,
                "reasons": list(finding.reasons),
                "since": since.isoformat() if finding.is_stuck else None,
                "line": line if finding.is_stuck else "",
                "kill": self._kill if self._kill == sight.watch_pid else None,  # until it is gone
                "incident": self._incident,
                "probe_s": self._age(self._probe_ok),
                "backlog": self._backlog or {},
                "jobs_stuck": self._jobs_stuck(),
            },
        )

    def _sight(self) -> Sight:
        pid = next((p["pid"] for p in self._processes() if p["name"] == "watch" and p["up"]), None)
        file = self._run / "watch.json"
        status = read_json(file)
        return Sight(
            now_s=time.monotonic(),
            watch_pid=pid,
            beat=beat_of(file),
            status=status if status.get("pid") == pid and status.get("state") == "running" else {},
            probe_ok_s=self._probe_ok,
            database_ok_s=self._database_ok,
        )

    def _processes(self) -> list[dict[str, Any]]:
        return [process_figures(one) for one in read_state(self.settings.data).get("processes", [])]

    def _jobs_stuck(self) -> bool:
        return bool((self._backlog or {}).get("oldest_job_s", 0.0) > JOBS_S)

    def _age(self, then: float | None) -> float | None:
        return None if then is None else round(time.monotonic() - then, 1)

    def facts(self) -> dict[str, Any]:
        """Return what the page of figures shows."""
        sight = self._sight()
        return {
            "finding": self.finding,
            "watch": dict(sight.status),
            "probe_s": self._age(self._probe_ok),
            "database_up": (self._age(self._database_ok) or 2 * PROBE_S) < 2 * PROBE_S + 1,
            "jobs_stuck": self._jobs_stuck(),
            "backlog": self._backlog,
            "counts": self._counts,
            "processes": self._processes(),
            "snapshot_age_s": newest_age(self.settings.data / "snapshots"),
        }


def newest_age(folder: Path) -> float | None:
    """Return the age of the newest file of a folder in seconds, None when there is none."""
    try:
        written = max(path.stat().st_mtime for path in folder.iterdir() if path.is_file())
    except (OSError, ValueError):
        return None
    return max(round(time.time() - written, 1), 0.0)


def _at(monotonic_s: float) -> datetime:
    """Return a moment of the monotonic clock as wall time."""
    return datetime.fromtimestamp(time.time() - (time.monotonic() - monotonic_s), UTC)


def process_figures(one: dict[str, Any]) -> dict[str, Any]:
    """Return name, pid, whether it is there, memory and processor time of a process of the state file."""
    pid = one.get("pid")
    is_up = pid is not None and started_ticks(pid) == one.get("ticks")
    row = {"name": one["name"], "pid": pid, "up": float(is_up), "restarts_total": one.get("restarts", 0)}
    if not is_up:
        return row
    try:
        home = Path(f"/proc/{pid}")
        fields = (home / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        row["resident_memory_bytes"] = int((home / "statm").read_text("ascii").split()[1]) * PAGE
        row["cpu_seconds_total"] = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
    except (OSError, IndexError, ValueError):
        pass
    return row


def main() -> int:
    """Guard until SIGTERM or SIGINT."""
    from sifang.ops.logs import configure
    from sifang.ops.metrics_server import serve
    from sifang.ops.settings import read

    settings = read()
    configure(settings.data / "logs", "guard", settings.log_level)
    guard = Guard(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: guard.stop())
    if settings.metrics_port:
        serve(settings.metrics_port, guard.facts)
    guard.start()
    log.info("guard_ready")
    guard.watch_for_ever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
