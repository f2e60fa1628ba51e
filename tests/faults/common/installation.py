"""A real installation in a folder of its own, for scripts that do it harm: start, kill, bring back, remove.

Everything it starts ends with it, also when the script fails or is killed. It kills by process number only,
and only after the process has shown (start time, data folder in its environment) that it is one of its own.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg

from sifang.ops.postgres import Postgres, end_with_parent
from sifang.ops.roles import DATABASE
from sifang.ops.runtime import started_ticks

ROOT = Path(__file__).resolve().parents[3]
START_S = 240.0  # the first start on a machine compiles the kernels
SERVICES = ("postgres", "web", "watch", "jobs", "guard")


class NeverHappened(Exception):
    """What was waited for did not come; says what the processes said last."""


def free_port() -> int:
    """Return a TCP port of loopback that nobody uses now.

    Below the range from which connections take their own: clients that knock while nobody listens would at
    last be given the very port as theirs, and hold it.
    """
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def until(happened: Callable[[], Any], patience_s: float, what: str, pause_s: float = 0.05) -> Any:
    """Return the first true answer of `happened`. Raises NeverHappened."""
    end = time.monotonic() + patience_s
    while True:
        if found := happened():
            return found
        if time.monotonic() > end:
            raise NeverHappened(f"{what}: not within {patience_s:.0f} s")
        time.sleep(pause_s)


def _ends_with_us() -> None:
    end_with_parent(signal.SIGTERM)


class Installation:
    """`sifang up` on a throw-away data folder; use as a context manager, in the main thread.

    `supervisor`: the module that is run as the supervisor (its `main` reads the words `up`); another one
    than the product's is for controls. `env` is added to the environment of every process.
    """

    def __init__(self, *, supervisor: str = "sifang.ops.main", env: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sff-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        self.data = self.folder / "data"
        self.supervisor_module = supervisor
        self.jt808_port, self.http_port, self.device_http_port, self.metrics_port = (
            free_port() for _ in range(4)
        )
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("SIFANG_", "DJANGO_", "PYTEST_"))}
        numba = Path(tempfile.gettempdir()) / f"sifang-tests-numba-{os.geteuid()}"
        self.env = {
            **outside,
            "SIFANG_DATA": str(self.data),
            "SIFANG_HTTP_PORT": str(self.http_port),
            "SIFANG_JT808_PORT": str(self.jt808_port),
            "SIFANG_DEVICE_HTTP_PORT": str(self.device_http_port),
            "SIFANG_METRICS_PORT": str(self.metrics_port),
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(numba)),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        self.supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    # -- starting and asking

    def start(self, *, wait: bool = True, patience_s: float = START_S) -> None:
        """Run `sifang up`; with `wait`, return when everything serves. Raises NeverHappened."""
        with (self.folder / "supervisor.out").open("ab") as out:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", self.supervisor_module, "up"], env=self.env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, cwd=self.folder,
                preexec_fn=_ends_with_us,  # noqa: PLW1509 (it only asks the kernel for a signal)
            )  # fmt: skip
        if wait:
            self.until_ready(patience_s)

    def until_ready(self, patience_s: float = START_S) -> None:
        """Return when every process serves. Raises NeverHappened with what they said last."""
        try:
            until(self.is_ready, patience_s, "ready")
        except NeverHappened as error:
            raise NeverHappened(f"{error}\n{self.said()}") from None

    def is_ready(self) -> bool:
        """Whether the supervisor runs and every process of it serves now."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            raise NeverHappened("the supervisor ended by itself")
        state = self.state()
        rows = {row["name"]: row for row in state.get("processes", [])}
        mine = state.get("is_ready") and rows.keys() >= set(SERVICES)
        return bool(mine and all(self._is_up(row) for row in rows.values()))

    @staticmethod
    def _is_up(row: Mapping[str, Any]) -> bool:
        return row["state"] == "running" and started_ticks(row["pid"] or 0) == row["ticks"]

    def state(self) -> dict[str, Any]:
        """Return what the supervisor wrote last about its processes."""
        try:
            found = json.loads((self.data / "run" / "state.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def pid(self, name: str) -> int | None:
        """Return the number of a running process (`supervisor` or a service), None when it does not run."""
        if name == "supervisor":
            alive = self.supervisor is not None and self.supervisor.poll() is None
            return self.supervisor.pid if alive and self.supervisor else None
        for row in self.state().get("processes", []):
            if row["name"] == name and row["pid"] and started_ticks(row["pid"]) == row["ticks"]:
                return int(row["pid"])
        return None

    def serves(self, name: str) -> bool:
        """Whether this service was seen serving since it was started last."""
        rows = [row for row in self.state().get("processes", []) if row["name"] == name]
        return bool(rows) and self._is_up(rows[0])

    def watch_status(self) -> dict[str, Any]:
        """Return what the watch wrote last about itself, empty when nothing."""
        try:
            found = json.loads((self.data / "run" / "watch.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def said(self, size: int = 1500) -> str:
        """Return the last words of every process, for the report of a failure."""
        paths = [self.folder / "supervisor.out", *sorted(self.data.glob("logs/*"))]
        words = [f"--- {p.name}\n{p.read_text('utf-8', 'replace')[-size:]}" for p in paths if p.is_file()]
        return "\n".join(words)

    def run(
        self, module: str, *words: str, process: str = "owner", timeout_s: float = 300
    ) -> "subprocess.CompletedProcess[str]":
        """Run one of our modules with the database roles of `process`; raises when it fails."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", module, *words],
            env=self.env_of(process), cwd=self.folder, capture_output=True, text=True, timeout=timeout_s,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise NeverHappened(f"{module} failed: {done.stderr[-3000:]}")
        return done

    def env_of(self, process: str) -> dict[str, str]:
        """Return the environment of a process that works with the database roles of `process`."""
        return self.env | {
            "SIFANG_PROCESS": process,
            "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings",
        }

    def admin_url(self) -> str:
        """Return the address of the cluster's superuser: for evidence, never for what is tested."""
        return Postgres(self.data / "postgres", self.data / "secrets").url(DATABASE)

    def rows(self, query: str, *values: object, patience_s: float = 60) -> list[tuple[Any, ...]]:
        """Return the rows of a query asked as superuser, waiting for the server to be there."""

        def asked() -> list[list[tuple[Any, ...]]]:
            try:
                with psycopg.connect(self.admin_url(), connect_timeout=5) as connection:
                    return [connection.execute(query, values).fetchall()]  # type: ignore[arg-type]
            except psycopg.OperationalError:
                return []

        return until(asked, patience_s, "the database answers", 0.2)[0]

    # -- harm

    def kill(self, name: str) -> int | None:
        """SIGKILL a service, the `supervisor`, or a `backend` (a database session of the watch).

        Returns its number, None when there was none to kill.
        """
        pid = self._backend() if name == "backend" else self.pid(name)
        if pid is None or not self._is_mine(pid, is_database=name in {"postgres", "backend"}):
            return None
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if name == "supervisor" and self.supervisor is not None:
            self.supervisor.wait()
        return pid

    def _backend(self) -> int | None:
        """A session of the watch, so that a crash in the middle of its work is hit."""
        server = self.pid("postgres")
        if server is None:
            return None
        found = [pid for pid in _children_of(server) if "sifang_watch" in _text(pid, "cmdline")]
        return random.choice(found) if found else None

    def _is_mine(self, pid: int, *, is_database: bool) -> bool:
        if is_database:
            server = self.pid("postgres")
            return pid == server or (server is not None and _parent_of(pid) == server)
        return f"SIFANG_DATA={self.data}\0" in _text(pid, "environ") + "\0"

    # -- ending

    def stop(self, patience_s: float = 45) -> None:
        """End the installation in good order; what does not end is killed."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.supervisor.wait(patience_s)
        self._kill_leftovers()

    def end(self) -> None:
        """Stop, see that no process is left, remove the folder."""
        self.stop(20)
        home = self.data / "postgres"
        with suppress(Exception):
            shutil.rmtree(Postgres(home, self.data / "secrets").socket_folder, ignore_errors=True)
        if home.is_symlink():
            shutil.rmtree(home.resolve(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill_leftovers(self) -> None:
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.kill()
            self.supervisor.wait()
        end = time.monotonic() + 15
        while left := self.processes():
            if time.monotonic() > end:
                break
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)

    def processes(self) -> list[int]:
        """Return every living process of this installation, orphans too (not those of the script itself)."""
        database = str((self.data / "postgres").resolve() / "data")
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            pid = int(entry.name)
            is_mine = f"SIFANG_DATA={self.data}\0" in _text(pid, "environ") + "\0"
            is_mine = is_mine or (database in _text(pid, "cmdline"))
            if is_mine and started_ticks(pid) is not None:
                found.append(pid)
        return found


def _text(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _parent_of(pid: int) -> int | None:
    rest = _text(pid, "stat").rpartition(")")[2].split()
    return int(rest[1]) if len(rest) > 1 else None


def _children_of(pid: int) -> list[int]:
    entries = [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit()]
    return [one for one in entries if _parent_of(one) == pid]
