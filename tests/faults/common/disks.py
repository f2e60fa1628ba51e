"""Small disks that can be filled: tmpfs in mounts of our own.

Nothing but this process and its children sees them; they are gone with the last process. Needs root, and
says so when it is not.
"""

import ctypes
import os
import subprocess
from contextlib import suppress
from pathlib import Path

CLONE_NEWNS = 0x0002_0000


class NotPossible(Exception):
    """A full disk cannot be made here."""


def own_mounts() -> None:
    """Give this process (one thread yet) mounts of its own. Raises NotPossible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS):
        raise NotPossible("a full disk needs root and a mount namespace (unshare); leave it out with --only")
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPossible(done.stderr)


class SmallDisk:
    """A tmpfs on `folder`; `fill` leaves no byte, `free` gives all back."""

    def __init__(self, folder: Path, size_mb: int, mode: int = 0o755) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        words = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode={mode:o}", "none", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotPossible(done.stderr)
        self._folder, self._filler = folder, folder / "filler"

    def fill(self) -> int:
        """Write until there is no room; return how many bytes it took."""
        size = 0
        with self._filler.open("ab", buffering=0) as file:
            for part in (1 << 20, 4096, 1):
                with suppress(OSError):
                    while True:
                        size += file.write(b"\0" * part)
        return size

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    def end(self) -> None:
        """Take it away."""
        subprocess.run(["umount", "-l", str(self._folder)], capture_output=True, check=False)
