"""One folder of keys on the disk: files made in full or not at all, and the list of those destroyed.

Every step says what is durable after it: a key is linked into place only when its bytes are fsynced, and
counts only when the folder is fsynced too; a line of the list is fsynced before the bytes it names are
overwritten. Overwriting is what a file system can promise; on disks that copy on write, or that remap
blocks, encrypt the disk below.
"""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

KEY_BYTES = 32
NAME = re.compile(r"[0-9]{10}|m[0-9]{1,10}")  # an hour (UTC, YYYYMMDDHH), or a measure's number
LIST = "destroyed"
_LINE = re.compile(rf"([0-9]+) ({NAME.pattern})")
_LOCK = ".lock"


@dataclass(frozen=True)
class DestructionList:
    """What a list says: destroyed names in order, the last number, whether all of it could be read."""

    names: tuple[str, ...] = ()
    last: int = 0
    is_whole: bool = True
    kept_bytes: int = 0  # up to and with the last complete line


def read_list(text: bytes) -> DestructionList:
    """Read a list; a last line without its end was torn by a power cut and counts for nothing.

    Twice the same line, or twice the same name, is one destruction. A line that cannot be read or a hole in
    the numbers makes the list not whole; what can be read holds all the same.
    """
    kept = text.rfind(b"\n") + 1
    names: dict[str, int] = {}
    last, is_whole = 0, True
    for line in text[:kept].decode("ascii", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            is_whole = False
            continue
        number, name = int(found[1]), found[2]
        if number not in {last, last + 1} or (number == last and names.get(name) != number):
            is_whole = False
        names.setdefault(name, number)
        last = max(last, number)
    return DestructionList(tuple(names), last, is_whole, kept)


class KeyFolder:
    """The files of one folder, mode 0700; every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the folder (its parents closed to others as well)."""
        if not self.path.parent.exists():  # `parents=True` would make it readable by others
            self.path.parent.mkdir(mode=0o700, parents=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from making or destroying keys here meanwhile."""
        handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self, name: str) -> bytes | None:
        """Return the key of this name; None when there is none, or what is there is no key."""
        try:
            key = (self.path / f"{name}.key").read_bytes()
        except FileNotFoundError:
            return None
        return key if len(key) == KEY_BYTES else None

    def names(self) -> set[str]:
        """Return the names of all keys here."""
        return {one.stem for one in self.path.iterdir() if one.suffix == ".key" and one.name[0] != "."}

    def put(self, name: str, key: bytes) -> None:
        """Put a key into place, in full or not at all; one that is there stays. Durable on return."""
        path = self.path / f"{name}.key"
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            _write(draft, key, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with suppress(FileExistsError):  # another process was first: then its key holds
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        self.sync()

    def settle(self, name: str) -> None:
        """Make durable what another process, killed since, may only have linked."""
        handle = os.open(self.path / f"{name}.key", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        self.sync()

    def shred(self, names: Iterable[str]) -> int:
        """Overwrite and remove these keys, and drafts of them; returns how many files there were."""
        doomed = set(names)
        done = 0
        for file in list(self.path.iterdir()):
            parts = file.name.removeprefix(".").split(".")  # name.key, or a draft .name.key.pid.random
            if parts[0] in doomed and parts[1:2] == ["key"]:
                with suppress(FileNotFoundError):
                    _write(file, os.urandom(KEY_BYTES), os.O_WRONLY)
                    file.unlink()
                    done += 1
        if done:
            self.sync()
        return done

    def list_mark(self) -> tuple[int, int, int]:
        """Return what changes whenever the list does."""
        try:
            found = (self.path / LIST).stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def destroyed(self) -> DestructionList:
        """Return the list of this folder."""
        try:
            return read_list((self.path / LIST).read_bytes())
        except FileNotFoundError:
            return DestructionList()

    def add_to_list(self, names: Iterable[str]) -> None:
        """Append numbered lines for the names not listed yet, fsynced; call it locked."""
        found = self.destroyed()
        missing = [name for name in dict.fromkeys(names) if name not in set(found.names)]
        if not missing:
            return
        lines = "".join(f"{found.last + 1 + k} {name}\n" for k, name in enumerate(missing))
        handle = os.open(self.path / LIST, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, found.kept_bytes)  # a torn line's rest
            os.lseek(handle, 0, os.SEEK_END)
            _write_all(handle, lines.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        self.sync()

    def sync(self) -> None:
        """Make the folder's entries durable."""
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write(path: Path, data: bytes, flags: int) -> None:
    handle = os.open(path, flags, 0o600)
    try:
        _write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
