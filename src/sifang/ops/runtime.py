"""What a running installation leaves in its data folder: a lock, its state, its mark; and how to end it.

The supervisor holds an flock on `run/lock` for its whole life, so a lock is never stale; `run/state.json`
names its processes with their start times, so that leftovers of a killed supervisor can be told from
strangers that were given the same process number.
"""

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.ops.secret_files import private_folder, write_private

DEMO_MARK = "demo.json"
STOP_S = 45
_START_TIME_FIELD = 19  # of /proc/<pid>/stat, counted after the name in brackets


class AlreadyRunning(SifangError):
    """数据目录 {data} 已有一个四方在运行（进程 {pid}）；先运行 sifang down。"""

    code: ClassVar[str] = "already_running"


class DoesNotStop(SifangError):
    """进程 {pid} 在 {seconds} 秒内没有结束。"""

    code: ClassVar[str] = "does_not_stop"


def version() -> str:
    """Return the version of the installed package."""
    try:
        return metadata.version("sifang")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def reachable(bind: str) -> str:
    """Return the address at which this machine reaches what listens on `bind`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(bind, bind)  # noqa: S104


class Lock:
    """The one supervisor of a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._handle = -1

    def take(self) -> None:
        """Take the lock. Raises AlreadyRunning."""
        folder = private_folder(self._data / "run")
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise AlreadyRunning(data=self._data, pid=holder(self._data) or "?") from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle

    def release(self) -> None:
        """Give the lock back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def holder(data: Path) -> int | None:
    """Return the process number of the supervisor that runs on this data folder, if one does."""
    try:
        handle = os.open(data / "run" / "lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(handle, 32).decode()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(handle)


def started_ticks(pid: int) -> int | None:
    """Return when a process began (kernel ticks since boot); None when there is none, or it is a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    rest = text.rpartition(")")[2].split()
    return None if rest[0] == "Z" else int(rest[_START_TIME_FIELD])


def write_state(data: Path, state: dict[str, Any]) -> None:
    """Keep what `status` shows."""
    write_private(data / "run" / "state.json", json.dumps(state, ensure_ascii=False))


def read_state(data: Path) -> dict[str, Any]:
    """Return what the supervisor wrote last, empty when nothing."""
    try:
        found = json.loads((data / "run" / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def end_leftovers(data: Path) -> list[str]:
    """End processes that a killed supervisor left; return their names. Call only with the lock held."""
    ended = []
    for one in read_state(data).get("processes", []):
        pid, ticks = one.get("pid"), one.get("ticks")
        if pid and ticks and started_ticks(pid) == ticks:
            ended.append(one["name"])
            _end(pid, ticks, is_database=one["name"] == "postgres")
    _forget_dead_postmaster(data)
    return ended


def _end(pid: int, ticks: int, *, is_database: bool) -> None:
    with suppress(ProcessLookupError):
        if is_database:
            os.kill(pid, signal.SIGINT)
        else:
            os.killpg(pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while started_ticks(pid) == ticks:
        if time.monotonic() > until:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _forget_dead_postmaster(data: Path) -> None:
    """Remove a postmaster.pid whose number now belongs to another program (a container started anew)."""
    file = data / "postgres" / "data" / "postmaster.pid"
    try:
        pid = int(file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    try:
        program = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return  # PostgreSQL sees by itself that the process is gone
    if program != "postgres":
        file.unlink(missing_ok=True)


def stop_running(data: Path) -> bool:
    """End the installation that runs on this folder and wait; return whether one ran. Raises DoesNotStop."""
    pid = holder(data)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    while holder(data) is not None:
        if time.monotonic() > until:
            raise DoesNotStop(pid=pid, seconds=STOP_S)
        time.sleep(0.1)
    return True
