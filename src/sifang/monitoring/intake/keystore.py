"""The journal's hourly keys: files outside PostgreSQL, on disk before the first block under them commits.

One file `YYYYMMDDHH.key` (UTC hour) of 32 random bytes, mode 0600, in a folder of mode 0700. A key comes
into being in full or not at all: it is written beside its place, fsynced, linked into place, and the folder
is fsynced. `destroy` writes a numbered line into `destroyed` first, so that a restored copy of the folder
can be cleaned again; a key named there is never read and never made anew. Backup and compaction of hours
belong to other rooms.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sifang.monitoring.intake.errors import KeyFolderUnsafe, KeyMissing

KEY_BYTES = 32
_NAME = re.compile(r"[0-9]{10}|m[0-9]{1,10}")  # an hour, or a measure
_DESTROYED = "destroyed"


def hour_of(instant: datetime) -> str:
    """Return the key hour (UTC, YYYYMMDDHH) in which `instant` (aware) falls."""
    return instant.astimezone(UTC).strftime("%Y%m%d%H")


class KeyStore:
    """Keys by hour in one folder. Safe for several processes; one object per thread is not needed."""

    def __init__(self, folder: Path) -> None:
        """Open (and make) the folder. Raises KeyFolderUnsafe when others may read it."""
        if not folder.parent.exists():  # `parents=True` would make it readable by others
            folder.parent.mkdir(mode=0o700, parents=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        mode = folder.stat().st_mode & 0o777
        if mode & 0o077:
            raise KeyFolderUnsafe(folder=folder, mode=oct(mode))
        self._folder = folder
        self._known: dict[str, bytes] = {}

    def key(self, hour: str) -> bytes:
        """Return the key of `hour`, made and fsynced if it is new. Raises KeyMissing when destroyed."""
        found = self._known.get(hour)
        if found is not None:
            return found
        if hour in self._read_destroyed():
            raise KeyMissing(hour=hour)
        path = self._path(hour)
        if not path.exists():
            self._make(path)
        return self.load(hour)

    def load(self, hour: str) -> bytes:
        """Return the key of `hour`. Raises KeyMissing when there is none, or it was destroyed."""
        found = self._known.get(hour)
        if found is not None:
            return found
        path = self._path(hour)
        if hour in self._read_destroyed():
            raise KeyMissing(hour=hour)
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            raise KeyMissing(hour=hour) from None
        if len(key) != KEY_BYTES:
            raise KeyMissing(hour=hour)
        self._known[hour] = key
        return key

    def measure_key(self, number: int) -> bytes:
        """Return the key of the measure of this number, made and fsynced if it is new. Raises KeyMissing."""
        return self.key(f"m{int(number)}")

    def load_measure(self, number: int) -> bytes:
        """Return the key of this measure. Raises KeyMissing when there is none, or it was destroyed."""
        return self.load(f"m{int(number)}")

    def destroy_measure(self, number: int) -> None:
        """Forget the key of this measure for good: the list first, then the bytes, then the file."""
        self.destroy(f"m{int(number)}")

    def named(self, name: str) -> bytes:
        """Return a lasting secret of this installation (lower-case `name`), made when it is new."""
        if not name.isalpha() or not name.islower():
            raise KeyMissing(hour=name)
        path = self._folder / f"{name}.key"
        if not path.exists():
            self._make(path)
        return path.read_bytes()

    def destroy(self, hour: str) -> None:
        """Forget the key of `hour` for good: the list first, then the bytes, then the file."""
        destroyed = self._read_destroyed()
        path = self._path(hour)
        if hour not in destroyed:
            line = f"{len(destroyed) + 1} {hour}\n".encode()
            with self._open(self._folder / _DESTROYED, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as out:
                out.write(line)
        self._known.pop(hour, None)
        if path.exists():
            with self._open(path, os.O_WRONLY) as out:
                out.write(os.urandom(KEY_BYTES))
            path.unlink()
        self._sync_folder()

    def _path(self, hour: str) -> Path:
        if not _NAME.fullmatch(hour):
            raise KeyMissing(hour=hour)
        return self._folder / f"{hour}.key"

    def _make(self, path: Path) -> None:
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with self._open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as out:
            out.write(os.urandom(KEY_BYTES))
        try:
            os.link(draft, path)  # fails when another process was first: then its key holds
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        self._sync_folder()

    def _read_destroyed(self) -> frozenset[str]:
        try:
            text = (self._folder / _DESTROYED).read_text("ascii")
        except FileNotFoundError:
            return frozenset()
        return frozenset(line.split()[1] for line in text.splitlines() if line.strip())

    def _open(self, path: Path, flags: int) -> "_Synced":
        return _Synced(os.open(path, flags, 0o600))

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class _Synced:
    """A file descriptor whose content is on the disk when the block is left."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> Self:
        return self

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def __exit__(self, *_: object) -> None:
        try:
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
