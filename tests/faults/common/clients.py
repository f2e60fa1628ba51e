"""The load as the script holds it: the process of the terminals, its figures, its history."""

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from sifang.ops.postgres import end_with_parent
from tests.faults.common import history
from tests.faults.common.installation import Installation, until
from tests.faults.common.tracks import Breach, life_of

TERMINALS = "tests.faults.common.terminals"


def _ends_with_us() -> None:
    end_with_parent(signal.SIGTERM)


class Clients:
    """Starts the terminals on an installation; use as a context manager, in the main thread."""

    def __init__(
        self, where: Installation, plan: Path, *, seed: int = 1, speed: float = 20.0, every_s: int = 10,
        ago_hours: float = 70.0, name: str = "clients",
    ) -> None:  # fmt: skip
        self.plan = json.loads(plan.read_text("utf-8"))
        self.history_path = where.folder / f"{name}.history"
        self._lives_path = where.folder / f"{name}.lives"
        self._seed = seed
        self.latest: dict[str, Any] = {}
        words = {
            "plan": plan, "history": self.history_path, "lives": self._lives_path, "port": where.jt808_port,
            "seed": seed, "speed": speed, "every": every_s, "ago-hours": ago_hours,
        }  # fmt: skip
        self._out = (where.folder / f"{name}.out").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", TERMINALS, *(f"--{k}={v}" for k, v in words.items())],
            env={k: v for k, v in where.env.items() if not k.startswith("SIFANG_")}, cwd=where.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._out, text=True,
            preexec_fn=_ends_with_us,  # noqa: PLW1509 (no thread of ours runs yet)
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(ValueError):
                self.latest = json.loads(line)

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def until_acknowledged_since(self, since: float, patience_s: float) -> float:
        """Wait until a fix sent after this monotonic time is acknowledged; return when that was."""

        def seen() -> float:
            told = self.latest
            after = told.get("newest_sent_acknowledged", 0.0) > since
            return float(told["last_acknowledged_at"]) if after else 0.0

        return until(seen, patience_s, "a position is acknowledged again", 0.02)

    def drain(self, patience_s: float) -> None:
        """Let every device finish what was seeded, and wait until all it took is acknowledged."""
        self._say("drain")
        until(
            lambda: self.latest.get("settled") and not self.latest["outstanding"],
            patience_s, f"all devices are settled ({self.latest})", 0.1,
        )  # fmt: skip
        time.sleep(0.3)  # the last report is as old as this

    def mark(self) -> None:
        """Let delays be counted from now on (`latest["delay_s"]`)."""
        self._say("mark")

    def history(self) -> history.History:
        """Return the history up to now."""
        return history.read(self.history_path)

    def breaches(self) -> list[Breach]:
        """Return what was seeded up to where each device has come (call after `drain`)."""
        start_s = json.loads(self._lives_path.read_text("utf-8"))["start_s"]
        found: list[Breach] = []
        for index, (told, until_s) in enumerate(
            zip(self.plan["devices"], self.latest["taken_until_s"], strict=True)
        ):
            found += life_of(index, told, start_s, self._seed).breaches(until_s)
        return found

    def end(self) -> None:
        """End the terminals."""
        if self._process.poll() is None:
            self._say("stop")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(3)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join(3)
        for pipe in (self._process.stdin, self._process.stdout, self._out):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
