"""The clients' own history: what was offered, what was acknowledged; it says what the system must hold.

A file of JSON lines, one writer, appended at once: `["o", device, taken_s, [content]]` before a fix is sent
the first time, `["a", device, taken_s]` when its acknowledgement has come. A fix is known by its device and
the second in which it was taken, which no client gives twice; its content is compared in whole.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# latitude and longitude in 1e-6 degrees, km/h × 10, course, strap open, battery %, satellites
Content = tuple[int, int, int, int, int, int, int]
Fix = tuple[int, int]  # device, taken_s


class Writer:
    """Appends to the history; every line is with the operating system when the call returns."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8", buffering=1)

    def offered(self, device: int, taken_s: int, content: Content) -> None:
        """Note a fix before it is sent for the first time."""
        self._file.write(json.dumps(["o", device, taken_s, content], separators=(",", ":")) + "\n")

    def acknowledged(self, device: int, taken_s: int) -> None:
        """Note that the server has said it holds the fix."""
        self._file.write(f'["a",{device},{taken_s}]\n')


@dataclass
class History:
    """What was read of it."""

    offered: dict[Fix, Content] = field(default_factory=dict)
    acknowledged: set[Fix] = field(default_factory=set)


def read(path: Path) -> History:
    """Return the history as it stands now; a line that is being written is left out."""
    found = History()
    for line in path.read_text("utf-8").splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        what, device, taken_s, *content = json.loads(line)
        if what == "o":
            found.offered[device, taken_s] = tuple(content[0])
        else:
            found.acknowledged.add((device, taken_s))
    return found
