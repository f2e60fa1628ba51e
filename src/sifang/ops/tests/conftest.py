"""A whole installation for a test: its own data folder, free ports, no variable of the test database."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """`sifang …` on one data folder, as a person at a terminal uses it."""

    def __init__(self, folder: Path, prefix=()):
        self.data = folder / "data"
        self.command = [*(prefix or (sys.executable,)), "-m", "sifang.ops.main"]
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("SIFANG_")} | {
            "SIFANG_DATA": str(self.data),
            "SIFANG_HTTP_PORT": str(free_port()),
            "SIFANG_JT808_PORT": str(free_port()),
            "SIFANG_DEVICE_HTTP_PORT": str(free_port()),
            "SIFANG_METRICS_PORT": str(free_port()),
            "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.foreground = None

    def run(self, *words, timeout=60, **env):
        return subprocess.run(
            [*self.command, *words],
            env=self.env | env, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def start(self, *words):
        with (self.data.parent / "said").open("w") as output:
            self.foreground = subprocess.Popen(
                [*self.command, *(words or ("up",))],
                env=self.env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.until_ready()

    def said(self):
        return (self.data.parent / "said").read_text()

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def pid(self, name):
        return next(one["pid"] for one in self.status()["processes"] if one["name"] == name)

    def until(self, happened, patience_s=150):
        end = time.monotonic() + patience_s
        while not happened():
            if self.foreground is not None and self.foreground.poll() is not None:
                pytest.fail(f"it ended by itself: {self.said()}")
            if time.monotonic() > end:
                logs = "".join(path.read_text()[-600:] for path in self.data.glob("logs/*.out"))
                pytest.fail(f"not within {patience_s} s: {self.status()} {self.said()} {logs}")
            time.sleep(0.2)

    def until_ready(self):
        self.until(lambda: self.status()["ready"])

    def interrupt(self, patience_s=45):
        """Press Ctrl-C: SIGINT to the whole group; return how long it took."""
        began = time.monotonic()
        os.killpg(self.foreground.pid, signal.SIGINT)
        self.foreground.wait(patience_s)
        return time.monotonic() - began

    def children(self):
        return [one["pid"] for one in self.status()["processes"]]

    def end(self):
        self.run("down")
        if self.foreground is not None and self.foreground.poll() is None:
            self.foreground.kill()
            self.foreground.wait()


def remove(folder):
    link = folder / "data" / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def installation():
    folder = Path(tempfile.mkdtemp(prefix="sfi-"))
    folder.chmod(0o755)
    one = Installation(folder)
    yield one
    one.end()
    remove(folder)


def python_for_others():
    """An interpreter that an ordinary user can run: this one, or the system's of the same version."""
    for path in (Path(sys.executable), Path("/usr/bin/python3")):
        real = path.resolve()
        if not path.exists() or not all(part.stat().st_mode & 0o001 for part in (real, *real.parents)):
            continue
        said = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        )
        if said.stdout.strip() == str(sys.version_info[:2]):
            return str(path)
    return None


def kernels_for(uid, folder):
    """Return a copy of the compiled kernels that is the user's own: compiling them again takes long."""
    copy = folder / "numba"
    copy.mkdir()
    with suppress(FileNotFoundError, shutil.Error):  # nothing compiled yet, or a worker is compiling
        shutil.copytree(os.environ["NUMBA_CACHE_DIR"], copy, dirs_exist_ok=True)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, uid, -1)
    return copy


@pytest.fixture
def ordinary_installation():
    """The same, as a user without rights (root only: otherwise every test here is one already)."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-"))
    prefix, uid = (), os.geteuid()
    if os.geteuid() == 0:
        python = python_for_others()
        if python is None:
            pytest.skip("no Python that another user may run: the folder of this one is closed")
        uid = 65534
        os.chown(folder, uid, uid)
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python)
    one = Installation(folder, prefix)
    one.env |= {"HOME": str(folder), "NUMBA_CACHE_DIR": str(kernels_for(uid, folder))}
    yield one
    one.end()
    remove(folder)
