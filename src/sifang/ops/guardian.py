"""The supervisor's side of the guard: says on standard error what it found, does what it asks, watches it.

The guard tells what it finds in SIFANG_DATA/run/guard.json, rewritten each second. Here nothing may wait.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sifang.kernel.log import get_logger
from sifang.ops.children import Child

log = get_logger("ops")
LOOK_S = 1.0
SILENT_S = 30.0  # a guard that has not rewritten its file so long is brought back


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file that another process rewrites; empty when there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def beat_of(path: Path) -> int:
    """Return what changes whenever a file is rewritten (or touched), 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def tell(path: Path, facts: dict[str, Any]) -> None:
    """Rewrite a status file at once; on a full disk its time alone still tells that we live."""
    draft = path.with_suffix(".tmp")
    try:
        draft.write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            os.utime(path)


class Guardian:
    """Called by the supervisor's loop."""

    def __init__(self, data: Path) -> None:
        self._file = data / "run" / "guard.json"
        self._next = 0.0
        self._said = ""
        self._beat: tuple[int, int | None] = (0, None)
        self._beat_s = time.monotonic()
        self._killed: int | None = None

    def look(self, children: Sequence[Child]) -> None:
        """Read what the guard says, at most once a second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_S
        self._watch_the_guard(children, now)
        found = read_json(self._file)
        if found.get("pid") not in {child.pid for child in children}:
            return  # of an earlier run
        self._say(str(found.get("line", "")))
        self._end_hung(children, found.get("kill"))

    def _say(self, line: str) -> None:
        if bool(line) == bool(self._said):  # the reasons may change; that it is stuck is said once
            return
        words = line or "定位接收恢复。"
        self._said = line
        (log.error if line else log.info)("path_stuck" if line else "path_works_again")
        with suppress(OSError):
            sys.stderr.write(f"{words}\n")
            sys.stderr.flush()

    def _end_hung(self, children: Sequence[Child], pid: int | None) -> None:
        for child in children:
            if pid is not None and child.pid == pid and pid != self._killed and child.name == "watch":
                self._killed = pid
                log.error("watch_killed", pid=pid)
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)

    def _watch_the_guard(self, children: Sequence[Child], now: float) -> None:
        guard = next((child for child in children if child.name == "guard"), None)
        beat = (beat_of(self._file), guard.pid if guard else None)
        if beat != self._beat:
            self._beat, self._beat_s = beat, now
        if guard is None or guard.pid is None or guard.state != "running":
            self._beat_s = now
        elif now - self._beat_s > SILENT_S:
            self._beat_s = now
            log.error("guard_killed", pid=guard.pid)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(guard.pid, signal.SIGKILL)
