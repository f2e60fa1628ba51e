"""The keys of journal and measures: files outside PostgreSQL, on disk before the first block under them.

`YYYYMMDDHH.key` (UTC hour) opens the journal's blocks of that hour, `m<number>.key` what is kept of a
measure (hourly chunks, engine states, refused frames); lasting secrets of the installation have names. Each
is 32 random bytes, mode 0600, in a folder of mode 0700.

A key is given out for writing only when file and folder are fsynced, here and in the backup folder. Where
the backup folder cannot be written, the intake goes on, `problem` says so, the watch makes an incident of
it, and `catch_up` brings the backup up to date as soon as it is back: a missed position cannot be had again,
a missing copy can. `destroy` writes a numbered line into the list of both folders first, then overwrites and
removes the key in both; whoever opens a folder applies the lists before anything else, so that an old copy
of a key reads nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sifang.kernel.config import NotConfigured, need
from sifang.kernel.log import get_logger
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import KeyFolderUnsafe, KeyMissing
from sifang.monitoring.intake.keyfiles import KEY_BYTES, NAME, KeyFolder

log = get_logger("watch")
_MOST_KNOWN = 4096  # keys held in memory
_OWNER = "installation"  # a named secret by which a backup folder is known as ours


def hour_of(instant: datetime) -> str:
    """Return the key hour (UTC, YYYYMMDDHH) in which `instant` (aware) falls."""
    return instant.astimezone(UTC).strftime("%Y%m%d%H")


class KeyStore:
    """Keys in one folder and their copies in another. Safe for several processes; one object per thread."""

    def __init__(self, folder: Path, backup: Path | None = None) -> None:
        """Open (and make) the folder, and apply the lists. Raises KeyFolderUnsafe when others may read it.

        `backup`: the second folder; when not given, the one that `IntakeConfig` names for this folder.
        """
        self._home = KeyFolder(folder)
        self._home.make()
        mode = folder.stat().st_mode & 0o777
        if mode & 0o077:
            raise KeyFolderUnsafe(folder=folder, mode=oct(mode))
        backup = backup or _configured_backup(folder)
        self._backup = KeyFolder(backup) if backup else None
        self._known: dict[str, bytes] = {}
        self._settled: set[str] = set()
        self._destroyed: frozenset[str] = frozenset()
        self._mark: tuple[int, int, int] | None = None
        self.problem = ""
        self.catch_up()

    def key(self, name: str) -> bytes:
        """Return the key of an hour (or measure), made and backed up if it is new. Raises KeyMissing.

        KeyMissing also when it was destroyed. From the moment this returns, the key outlives a power cut.
        """
        self._look_at_list()
        if name in self._settled:
            return self._known[name]
        _check(name)
        return self._made(name)

    def load(self, name: str) -> bytes:
        """Return the key of an hour (or measure). Raises KeyMissing when there is none, or destroyed."""
        self._look_at_list()
        if name in self._known:
            return self._known[name]
        _check(name)
        if name in self._destroyed:
            raise KeyMissing(hour=name)
        key = self._home.read(name) or self._from_backup(name)
        if key is None:
            raise KeyMissing(hour=name)
        return self._keep(name, key)

    def measure_key(self, number: int) -> bytes:
        """Return the key of the measure of this number, made if it is new. Raises KeyMissing."""
        return self.key(f"m{int(number)}")

    def load_measure(self, number: int) -> bytes:
        """Return the key of this measure. Raises KeyMissing when there is none, or it was destroyed."""
        return self.load(f"m{int(number)}")

    def named(self, name: str) -> bytes:
        """Return a lasting secret of this installation (lower-case `name`), made when it is new."""
        if not name.isalpha() or not name.islower():
            raise KeyMissing(hour=name)
        return self._known[name] if name in self._settled else self._made(name)

    def destroy(self, name: str) -> None:
        """Forget the key of an hour for good: the lists first, then the bytes, then the files."""
        _check(name)
        self._known.pop(name, None)
        self._settled.discard(name)
        with self._home.locked():
            self._home.add_to_list([name])
            with self._backing_up() as backup:
                if backup is not None:
                    with backup.locked():
                        backup.add_to_list([name])
            self._home.shred([name])
            with self._backing_up() as backup:
                if backup is not None:
                    backup.shred([name])
        self._look_at_list()

    def destroy_measure(self, number: int) -> None:
        """Forget the key of this measure for good."""
        self.destroy(f"m{int(number)}")

    def measures(self) -> list[int]:
        """Return the numbers of all measures that have a key."""
        found = self._home.names()
        return sorted(int(name[1:]) for name in found if name[0] == "m" and NAME.fullmatch(name))

    def hours(self) -> list[str]:
        """Return the hours that have a key, oldest first."""
        return sorted(name for name in self._home.names() if name[0].isdigit())

    def is_destroyed(self, name: str) -> bool:
        """Whether the list names this key."""
        self._look_at_list()
        return name in self._destroyed

    def catch_up(self) -> str:
        """Apply both lists to both folders and copy what the backup lacks; returns `problem`.

        Called when the store is opened and by the watch from time to time.
        """
        self.problem = ""
        found = self._home.destroyed()
        names = list(found.names)
        if not found.is_whole:
            self._troubled("销毁清单有缺损的行，请用密钥备份目录中的清单核对")
        with self._backing_up() as backup:
            if backup is not None:
                backup.make()
                self._check_owner(backup)
                names += backup.destroyed().names
        self._apply(names)
        self._look_at_list()
        with self._backing_up() as backup:
            if backup is not None:
                for name in sorted(self._home.names() - backup.names() - self._destroyed):
                    self._copy(name, backup)
        return self.problem

    # ---- inside

    def _apply(self, names: list[str]) -> None:
        doomed = set(names)
        if not doomed <= set(self._home.destroyed().names):
            with self._home.locked():
                self._home.add_to_list(names)
        if doomed & self._home.names():
            with self._home.locked():
                self._home.shred(doomed)
        with self._backing_up() as backup:
            if backup is not None and not doomed <= set(backup.destroyed().names):
                with backup.locked():
                    backup.add_to_list(names)
            if backup is not None and doomed & backup.names():
                backup.shred(doomed)

    def _made(self, name: str) -> bytes:
        with self._home.locked():
            if name in self._home.destroyed().names:
                raise KeyMissing(hour=name)
            key = self._home.read(name)
            if key is None:
                if (self._home.path / f"{name}.key").exists():
                    raise KeyMissing(hour=name)  # damaged: nothing may be written under it
                self._home.put(name, self._from_backup(name) or os.urandom(KEY_BYTES))
                key = self._home.read(name)
            else:
                self._home.settle(name)
            if key is None:
                raise KeyMissing(hour=name)
            with self._backing_up() as backup:
                if backup is not None:
                    self._copy(name, backup)
        self._settled.add(name)
        return self._keep(name, key)

    def _copy(self, name: str, backup: KeyFolder) -> None:
        key, copy = self._home.read(name), backup.read(name)
        if key is None:
            return
        if copy is None:
            backup.put(name, key)
        elif copy != key:
            self._troubled("密钥备份目录里有内容不同的同名密钥，它属于另一套系统")

    def _check_owner(self, backup: KeyFolder) -> None:
        """Mark the folder as ours, or drop it when it is another installation's."""
        theirs, ours = backup.read(_OWNER), self._home.read(_OWNER)
        if theirs is not None and ours is not None and theirs != ours:
            self._backup = None
            self._troubled(f"密钥备份目录 {backup.path} 属于另一套系统，没有使用")
            return
        if ours is None:
            self._home.put(_OWNER, theirs or os.urandom(KEY_BYTES))
        self._copy(_OWNER, backup)

    def _from_backup(self, name: str) -> bytes | None:
        with self._backing_up() as backup:
            if backup is not None and name not in backup.destroyed().names:
                return backup.read(name)
        return None

    @contextmanager
    def _backing_up(self) -> Iterator[KeyFolder | None]:
        """Give the backup folder, if there is one; what goes wrong with it is told and stops nothing."""
        try:
            yield self._backup
        except OSError as error:
            if self._backup is None or not _is_under(error, self._backup.path):
                raise
            self._troubled(f"密钥备份目录 {self._backup.path} 无法使用（{error.strerror}）")

    def _troubled(self, problem: str) -> None:
        if problem != self.problem:
            log.error("keys_troubled", problem=problem)
        self.problem = problem

    def _look_at_list(self) -> None:
        """Take over what another process destroyed."""
        mark = self._home.list_mark()
        if mark == self._mark:
            return
        self._destroyed, self._mark = frozenset(self._home.destroyed().names), mark
        for name in self._destroyed & self._known.keys():
            del self._known[name]
        self._settled -= self._destroyed

    def _keep(self, name: str, key: bytes) -> bytes:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
            self._settled.clear()
        self._known[name] = key
        return key


def _check(name: str) -> None:
    """A name that is no hour and no measure reaches no file."""
    if not NAME.fullmatch(name):
        raise KeyMissing(hour=name)


def _is_under(error: OSError, folder: Path) -> bool:
    """Whether this error is about the folder (or, without a name, about writing to it)."""
    return error.filename is None or str(error.filename).startswith(str(folder))


def _configured_backup(folder: Path) -> Path | None:
    try:
        config = need(IntakeConfig)
    except NotConfigured:
        return None
    return config.key_backup if config.keys == folder else None
