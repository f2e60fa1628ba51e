"""A process of the load that tells its figures: one JSON line after the other on its standard output."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import Any

from sifang.ops.postgres import end_with_parent
from tests.faults.common.installation import Installation


def _ends_with_us() -> None:
    end_with_parent(signal.SIGTERM)


class Told:
    """Starts `module` with `words` as options; `latest` is what it told last. Ends with the script."""

    def __init__(self, where: Installation, module: str, words: Mapping[str, object]) -> None:
        self.latest: dict[str, Any] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *(f"--{k}={v}" for k, v in words.items())],
            env={k: v for k, v in where.env.items() if not k.startswith("SIFANG_")}, cwd=where.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=_ends_with_us,  # noqa: PLW1509 (no thread of ours holds a lock)
        )  # fmt: skip
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with suppress(ValueError):
                self.latest = json.loads(line)

    def say(self, word: str) -> None:
        """Send a word to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(3)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
