"""One supervised process: how it is started, whether it serves, when it is brought back."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sifang.ops.postgres import end_with_parent
from sifang.ops.runtime import started_ticks

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
STEADY_S = 30.0  # who lived so long starts with the shortest wait again
MOST_OUTPUT_BYTES = 10_000_000


def answers_http(host: str, port: int) -> bool:
    """Whether /healthz answers 200 now."""
    try:
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def accepts(host: str, port: int) -> bool:
    """Whether somebody accepts connections on this port now."""
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def open_output(folder: Path, name: str) -> Any:
    """Open the file that takes what a process says besides its log."""
    path = folder / f"{name}.out"
    if path.exists() and path.stat().st_size > MOST_OUTPUT_BYTES:
        path.replace(path.with_suffix(".out.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def spawn(argv: list[str], env: Mapping[str, str], output: Any) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own that is told to end when the supervisor dies."""
    return subprocess.Popen(  # noqa: S603 (our own program)
        argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        start_new_session=True, preexec_fn=_ends_with_supervisor,  # noqa: PLW1509 (one thread)
    )  # fmt: skip


def _ends_with_supervisor() -> None:
    end_with_parent(signal.SIGTERM)


class Child:
    """A process that is kept running; `start` makes it, `serves` says when it works."""

    def __init__(
        self, name: str, start: Callable[[], "subprocess.Popen[bytes]"], serves: Callable[[], bool]
    ) -> None:
        self.name = name
        self.state = "waiting"
        self.restarts = 0
        self.last_code: int | None = None
        self._start, self._serves = start, serves
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._failures = 0
        self._next_start = 0.0
        self._ticks: int | None = None

    @property
    def pid(self) -> int | None:
        """The process number, None while there is no process."""
        return self._process.pid if self._process is not None else None

    def tend(self) -> bool:
        """Start, probe or bring back, whatever is due; return whether the state changed."""
        before = (self.state, self.pid)
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._bury(code, now)
        if self._process is None and now >= self._next_start:
            self._launch(now)
        elif self._process is not None and self.state == "starting" and self._serves():
            self.state = "running"
        if self.state == "running" and now - self._began > STEADY_S:
            self._failures = 0
        return (self.state, self.pid) != before

    def _launch(self, now: float) -> None:
        self._process = self._start()
        self._ticks = started_ticks(self._process.pid)
        self._began = now
        self.state = "starting"

    def _bury(self, code: int, now: float) -> None:
        """Note the end of the process (whatever its exit code) and when it comes back."""
        self.end_group()
        self._process = None
        self.last_code = code
        self.restarts += 1
        wait = min(FIRST_WAIT_S * 2**self._failures, LONGEST_WAIT_S)
        self._failures = min(self._failures + 1, 10)
        self._next_start = now + wait
        self.state = "restarting"

    def end_group(self) -> None:
        """Kill what is left of the process's group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def ask_to_end(self, sig: signal.Signals) -> None:
        """Send the signal that ends this process in good order."""
        self.state = "stopping"
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(sig)

    def has_ended(self) -> bool:
        """Whether there is no process (any more)."""
        return self._process is None or self._process.poll() is not None

    def report(self) -> dict[str, Any]:
        """Return what the state file keeps."""
        return {
            "name": self.name,
            "pid": self.pid,
            "ticks": self._ticks,
            "state": self.state,
            "restarts": self.restarts,
        }
