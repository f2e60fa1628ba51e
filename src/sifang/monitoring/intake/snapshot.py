"""The watch's arrays on disk: what a restart begins with instead of hours of journal.

One file = the engine's state, the tables it was judged by and the marks of admission, all as of one journal
block. Encrypted under the hour key of that block (the newest hour is never compacted, so the key is there),
bound to its hour, checked by the cipher itself; it names the block by number and by the nonce of its body,
so that a snapshot of another course of the journal (a restored database) is not taken for ours.

A file comes into being in full or not at all: written beside its place, fsynced, renamed, the folder
fsynced. The last two are kept. A file that does not open is passed over; the older one or the journal alone
serves then. Nothing here is the only copy of anything.
"""

import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from sifang.kernel.log import get_logger
from sifang.monitoring.intake.errors import KeyMissing, SnapshotUnusable
from sifang.monitoring.intake.keystore import KeyStore

log = get_logger("watch")
FORM = 1
KEPT = 2
_MAGIC = b"sifang.snapshot.1\n"
_HOUR, _NONCE = 10, 12
_NAME = re.compile(r"([0-9]{20})-([0-9]{6})\.snapshot")
_LENGTH = struct.Struct("<I")
_NOT_OURS = (  # RuntimeError: an archive that says it is of another kind
    struct.error, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Position:
    """A place in the journal: the last block written. `block` 0 = before the first."""

    block: int = 0
    nonce: bytes = b""
    hour: str = ""


@dataclass(frozen=True)
class Snapshot:
    """State as of `position`. `version`: of the measures in `tables`. Arrays are never changed."""

    position: Position
    version: int
    state: Arrays = field(repr=False)
    tables: Arrays = field(repr=False)
    marks: Arrays = field(repr=False)


class SnapshotFolder:
    """Snapshots in one folder of mode 0700. One process writes; `write` may run in any one thread."""

    def __init__(self, folder: Path, keys: KeyStore) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for draft in folder.glob(".*.snapshot.*"):  # of a process that was killed while it wrote
            draft.unlink(missing_ok=True)
        self.folder, self._keys = folder, keys

    def write(self, snapshot: Snapshot) -> Path:
        """Store a snapshot durably, then drop all but the newest two. Raises OSError (disk full …)."""
        position = snapshot.position
        body = _seal(_packed(snapshot), self._keys.key(position.hour), position.hour)
        mine = [serial for block, serial, _ in self._found() if block == position.block]
        path = self.folder / f"{position.block:020d}-{max(mine, default=0) + 1:06d}.snapshot"
        draft = self.folder / f".{path.name}.{os.getpid()}"
        try:
            draft.touch(0o600)
            with draft.open("wb") as out:
                out.write(body)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._sync()
        for _, _, old in self._found()[KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def usable(self) -> Iterator[Snapshot]:
        """Yield the snapshots that open, newest first; what does not open is logged and passed over."""
        for _, _, path in self._found():
            try:
                yield self.read(path)
            except (SnapshotUnusable, KeyMissing, OSError) as error:
                log.warning("snapshot_unusable", file=path.name, error=type(error).__name__)

    def read(self, path: Path) -> Snapshot:
        """Return one snapshot. Raises SnapshotUnusable, KeyMissing, OSError."""
        content = path.read_bytes()
        start = len(_MAGIC) + _HOUR
        hour = content[len(_MAGIC) : start].decode("ascii", "replace")
        if not content.startswith(_MAGIC) or len(content) < start + _NONCE or not hour.isdigit():
            raise SnapshotUnusable(reason="不是本程序的快照")
        nonce, sealed = content[start : start + _NONCE], content[start + _NONCE :]
        try:
            plain = AESGCM(self._keys.load(hour)).decrypt(nonce, sealed, content[:start])
        except InvalidTag:
            raise SnapshotUnusable(reason="内容或者密钥不符") from None
        return _unpacked(plain, hour)

    def clear(self) -> None:
        """Remove every snapshot (after a restore of the database)."""
        for _, _, path in self._found():
            path.unlink(missing_ok=True)
        self._sync()

    def _found(self) -> list[tuple[int, int, Path]]:
        """Block, serial and path of every snapshot, newest first."""
        named = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted(((int(m[1]), int(m[2]), path) for m, path in named if m), reverse=True)

    def _sync(self) -> None:
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _seal(plain: bytes, key: bytes, hour: str) -> bytes:
    head, nonce = _MAGIC + hour.encode("ascii"), os.urandom(_NONCE)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head)


def _packed(snapshot: Snapshot) -> bytes:
    position = snapshot.position
    head = json.dumps(
        {
            "form": FORM,
            "block": position.block,
            "nonce": position.nonce.hex(),
            "version": snapshot.version,
        }
    ).encode()
    out = io.BytesIO()
    groups = {"state": snapshot.state, "tables": snapshot.tables, "marks": snapshot.marks}
    arrays: dict[str, Any] = {
        f"{g}.{name}": array for g, part in groups.items() for name, array in part.items()
    }
    np.savez(out, **arrays)
    return _LENGTH.pack(len(head)) + head + zlib.compress(out.getvalue(), 1)


def _unpacked(plain: bytes, hour: str) -> Snapshot:
    """Return what `_packed` packed. Raises SnapshotUnusable for another form."""
    try:
        (length,) = _LENGTH.unpack_from(plain)
        at = _LENGTH.size + length
        head = json.loads(plain[_LENGTH.size : at])
        if head["form"] != FORM:
            raise SnapshotUnusable(reason=f"格式 {head['form']}")
        groups: dict[str, dict[str, NDArray[Any]]] = {"state": {}, "tables": {}, "marks": {}}
        with np.load(io.BytesIO(zlib.decompress(plain[at:])), allow_pickle=False) as arrays:
            for full in arrays.files:
                group, name = full.split(".", 1)
                groups[group][name] = arrays[full]
        position = Position(int(head["block"]), bytes.fromhex(head["nonce"]), hour)
        return Snapshot(position, int(head["version"]), **groups)
    except _NOT_OURS as error:
        raise SnapshotUnusable(reason=type(error).__name__) from None
