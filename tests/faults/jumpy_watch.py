"""The product's watch, but its wall clock is wrong by the seconds in the file FAULTS_CLOCK names (0: none).

No clock of the machine is touched: this process alone reads another time.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

LOOK_S = 0.05


class Wall:
    """`time.time`, plus what the file says; looked at twenty times a second."""

    def __init__(self, file: Path) -> None:
        self._file, self._real = file, time.time
        self._looked, self._wrong_s = 0.0, 0.0

    def __call__(self) -> float:
        """Return the wrong time, Unix seconds."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self._looked = now
            with suppress(OSError, ValueError):
                self._wrong_s = float(self._file.read_text("ascii"))
        return self._real() + self._wrong_s


if __name__ == "__main__":
    if "FAULTS_CLOCK" in os.environ:
        time.time = Wall(Path(os.environ["FAULTS_CLOCK"]))
    from sifang.ops import watch  # reads the clock it finds

    sys.exit(watch.main())
