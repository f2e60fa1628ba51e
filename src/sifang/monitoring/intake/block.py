"""A tick of fixes as one encrypted journal block.

`quantise` brings fixes to the precision the journal keeps; admission calls it before the engine sees them,
so that a replay of the journal gives the engine the very same numbers. `encode`/`decode` turn quantised
fixes into compact planes and back without loss; `seal`/`open_sealed` encrypt them under an hourly key.

Precision kept: position 1e-7 degree, altitude 1 m, speed 0.1 km/h, course 0.1 degree, accuracy as float32,
times whole seconds. Plaintext: version byte, clock and calls, device keys, the columns (`planes`); the device
is kept as the last 64 bits of its UUID, because table indexes do not outlive the process. The digest is not
kept: it can be computed again (`identity`). A block holds every input of the engine since the block before:
first the calls of `Engine.silence` that began a silence, then its fixes (maybe none), then the engine's clock
as it stood. Versions 1 (digest, no calls, no clock) and 2, both with zlib over the columns as little-endian
arrays, stay readable.
Sealed body: 12-byte nonce, AES-256-GCM ciphertext with tag; the header of the row is bound as AAD.
"""

import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.errors import BlockDamaged
from sifang.monitoring.intake.planes import (
    COLUMNS,
    NO_I2,
    NO_I4,
    NO_U2,
    pack_rows,
    quantise_rows,
    room,
    unpack_rows,
)

VERSION = 3
NONCE = 12
_START = struct.Struct("<BI")  # version, fixes
_HEAD = struct.Struct("<BIqq")  # before version 3; then earliest taken_s, earliest received_s
_CALLS = struct.Struct("<Iqq")  # since version 2: silence calls, asked_s, listening_s
# before version 3: column of FIX, type on disk, unit kept (None: as it is)
_PLANES: tuple[tuple[str, str, float | None], ...] = (
    ("measure", "<i4", None),
    ("taken_s", "<u4", None),
    ("received_s", "<u4", None),
    ("lon", "<i4", 1e7),
    ("lat", "<i4", 1e7),
    ("accuracy_m", "<f4", None),
    ("altitude_m", "<i2", 1.0),
    ("speed_kmh", "<u2", 10.0),
    ("course_deg", "<u2", 10.0),
    ("flags", "<u4", None),
    ("battery_pct", "u1", None),
    ("satellites", "u1", None),
    ("source", "u1", None),
    ("verdict", "u1", None),
)
_NONE = {"<i4": NO_I4, "<i2": NO_I2, "<u2": NO_U2}
_ROW_BYTES = 8 + sum(np.dtype(kind).itemsize for _, kind, _ in _PLANES)
_DIGEST_BYTES = 8  # at the end of the rows of version 1
_CALL_BYTES = 16
_SECOND = 2

Fixes = NDArray[np.void]
NEVER = (-1, -1)


@dataclass(frozen=True)
class Inputs:
    """What a block gives the engine, in this order: `silences`, `fixes`, `clock`.

    `silences`: (now_s, listening_s) of each call that began a silence. `clock`: the engine's (asked_s,
    listening_s) when the block was written, None in blocks of version 1. `device` of the fixes is -1,
    `digest` 0.
    """

    fixes: Fixes
    device_keys: NDArray[np.uint64]
    silences: tuple[tuple[int, int], ...] = ()
    clock: tuple[int, int] | None = None


@dataclass(frozen=True)
class Header:
    """The row's open columns, bound to the sealed body: a block moved or relabelled does not open."""

    written_at: datetime
    key_hour: str
    measures_version: int
    fixes: int
    measures: tuple[int, ...]

    def aad(self) -> bytes:
        """Return the bytes that are authenticated with the body."""
        micros = (self.written_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        numbers = str(list(self.measures))[1:-1].replace(" ", "")
        return (
            f"sifang.journal.1|{micros}|{self.key_hour}|{self.measures_version}|{self.fixes}|{numbers}"
        ).encode()


def quantise(fixes: Fixes) -> None:
    """Bring `fixes` to the journal's precision in place; a value beyond its range becomes NaN."""
    quantise_rows(fixes)


def encode(
    fixes: Fixes,
    device_keys: NDArray[np.uint64],
    silences: Sequence[tuple[int, int]] = (),
    clock: tuple[int, int] = NEVER,
) -> bytes:
    """Return the plaintext of these fixes; `device_keys` gives one stable device key per fix.

    `silences`, `clock`: see `Inputs`. Raises BlockDamaged when times are too far apart for the format.
    """
    n = len(fixes)
    parts = [_START.pack(VERSION, n), _CALLS.pack(len(silences), *clock), np.array(silences, "<i8").tobytes()]
    if n:
        out = np.empty(room(n), np.uint8)
        used = pack_rows(np.ascontiguousarray(fixes), np.empty((COLUMNS, n), np.int64), out)
        if used < 0:
            raise BlockDamaged
        parts += [np.ascontiguousarray(device_keys, "<u8").tobytes(), out[:used].tobytes()]
    return b"".join(parts)


def decode(plain: bytes) -> Inputs:
    """Return what a block holds. Raises BlockDamaged."""
    if plain[:1] != bytes([VERSION]):
        return _decode_zlib(plain)
    try:
        _, n = _START.unpack_from(plain)
        calls, asked, listening = _CALLS.unpack_from(plain, _START.size)
    except struct.error:
        raise BlockDamaged from None
    at = _START.size + _CALLS.size
    keys_at = at + calls * _CALL_BYTES
    if len(plain) < keys_at + 8 * n or (not n and len(plain) != keys_at):
        raise BlockDamaged
    fixes = np.zeros(n, FIX)
    fixes["device"] = -1
    keys = np.frombuffer(plain, "<u8", n, keys_at).astype(np.uint64)
    if n:
        packed = np.frombuffer(plain, np.uint8, -1, keys_at + 8 * n)
        if unpack_rows(packed, fixes, np.empty((COLUMNS, n), np.int64)) != len(packed):
            raise BlockDamaged
    return Inputs(fixes, keys, _pairs(plain, calls, at), (asked, listening))


def _decode_zlib(plain: bytes) -> Inputs:
    """Versions 1 and 2."""
    try:
        version, n, taken, received = _HEAD.unpack_from(plain)
        calls, asked, listening = _CALLS.unpack_from(plain, _HEAD.size) if version == _SECOND else (0, *NEVER)
        start = _HEAD.size + (_CALLS.size if version == _SECOND else 0)
        body = zlib.decompress(plain[start:])
    except (struct.error, zlib.error):
        raise BlockDamaged from None
    row = _ROW_BYTES + (_DIGEST_BYTES if version == 1 else 0)
    if version not in {1, _SECOND} or len(body) != n * row + calls * _CALL_BYTES:
        raise BlockDamaged
    fixes = np.zeros(n, FIX)
    fixes["device"] = -1
    keys = np.frombuffer(body, "<u8", n).astype(np.uint64)
    at = 8 * n
    for name, kind, unit in _PLANES:
        plane = np.frombuffer(body, kind, n, at)
        at += plane.nbytes
        fixes[name] = plane if unit is None else _from_disk(plane, kind, unit)
    fixes["taken_s"] += taken
    fixes["received_s"] += received
    if version == 1:
        return Inputs(fixes, keys)
    return Inputs(fixes, keys, _pairs(body, calls, at), (asked, listening))


def _pairs(data: bytes, calls: int, at: int) -> tuple[tuple[int, int], ...]:
    pairs = np.frombuffer(data, "<i8", 2 * calls, at).reshape(-1, 2).tolist()
    return tuple((now, since) for now, since in pairs)


def seal(plain: bytes, key: bytes, header: Header) -> bytes:
    """Return nonce and ciphertext of `plain` under `key`, bound to `header`."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, header.aad())


def open_sealed(body: bytes, key: bytes, header: Header) -> bytes:
    """Return the plaintext. Raises BlockDamaged when body, key or header is not the one sealed."""
    try:
        return AESGCM(key).decrypt(body[:NONCE], body[NONCE:], header.aad())
    except (InvalidTag, ValueError):
        raise BlockDamaged from None


def _from_disk(plane: NDArray[np.generic], kind: str, unit: float) -> NDArray[np.float64]:
    values = plane.astype(np.float64) / unit
    values[plane == _NONE[kind]] = np.nan
    return values
