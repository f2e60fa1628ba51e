"""A tick of fixes as one encrypted journal block.

`quantise` brings fixes to the precision the journal keeps; admission calls it before the engine sees them,
so that a replay of the journal gives the engine the very same numbers. `encode`/`decode` turn quantised
fixes into compact planes and back without loss; `seal`/`open_sealed` encrypt them under an hourly key.

Precision kept: position 1e-7 degree, altitude 1 m, speed 0.1 km/h, course 0.1 degree, accuracy as float32,
times whole seconds. Plaintext: version byte, then zlib over the columns one after another (little endian);
the device is kept as the last 64 bits of its UUID, because table indexes do not outlive the process. The
digest is not kept: it can be computed again (`identity`). A block holds every input of the engine since the
block before it: first the calls of `Engine.silence` that began a silence, then its fixes (maybe none), then
the engine's clock as it stood. Version 1 (digest, no calls, no clock) stays readable.
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

VERSION = 2
NONCE = 12
_NO_I4 = -(2**31)
_NO_I2 = -(2**15)
_NO_U2 = 2**16 - 1
_HEAD = struct.Struct("<BIqq")  # version, fixes, earliest taken_s, earliest received_s
_CALLS = struct.Struct("<Iqq")  # since version 2: silence calls, asked_s, listening_s
# column of FIX, type on disk, unit kept (None: as it is)
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
_NONE = {"<i4": _NO_I4, "<i2": _NO_I2, "<u2": _NO_U2}
_LIMIT = {"<i4": (_NO_I4 + 1, 2**31 - 1), "<i2": (_NO_I2 + 1, 2**15 - 1), "<u2": (0, 2**16 - 2)}
_ROW_BYTES = 8 + sum(np.dtype(kind).itemsize for _, kind, _ in _PLANES)
_DIGEST_BYTES = 8  # at the end of the rows of version 1
_CALL_BYTES = 16

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
        numbers = ",".join(map(str, self.measures))
        return (
            f"sifang.journal.1|{micros}|{self.key_hour}|{self.measures_version}|{self.fixes}|{numbers}"
        ).encode()


def quantise(fixes: Fixes) -> None:
    """Bring `fixes` to the journal's precision in place; a value beyond its range becomes NaN."""
    for name, kind, unit in _PLANES:
        if unit is not None:
            fixes[name] = _from_disk(_to_disk(fixes[name], kind, unit), kind, unit)


def encode(
    fixes: Fixes,
    device_keys: NDArray[np.uint64],
    silences: Sequence[tuple[int, int]] = (),
    clock: tuple[int, int] = NEVER,
) -> bytes:
    """Return the plaintext of these fixes; `device_keys` gives one stable device key per fix.

    `silences`, `clock`: see `Inputs`. Raises BlockDamaged when times are too far apart for the format.
    """
    taken = int(fixes["taken_s"].min()) if len(fixes) else 0
    received = int(fixes["received_s"].min()) if len(fixes) else 0
    base = {"taken_s": taken, "received_s": received}
    planes = [np.ascontiguousarray(device_keys, "<u8").tobytes()]
    for name, kind, unit in _PLANES:
        column = fixes[name]
        if name in base:
            column = column - base[name]
            if len(column) and int(column.max()) > 2**32 - 1:
                raise BlockDamaged
        planes.append((column.astype(kind) if unit is None else _to_disk(column, kind, unit)).tobytes())
    planes.append(np.array(silences, "<i8").tobytes())
    head = _HEAD.pack(VERSION, len(fixes), taken, received) + _CALLS.pack(len(silences), *clock)
    return head + zlib.compress(b"".join(planes), 1)


def decode(plain: bytes) -> Inputs:
    """Return what a block holds. Raises BlockDamaged."""
    try:
        version, n, taken, received = _HEAD.unpack_from(plain)
        calls, asked, listening = _CALLS.unpack_from(plain, _HEAD.size) if version == VERSION else (0, *NEVER)
        start = _HEAD.size + (_CALLS.size if version == VERSION else 0)
        body = zlib.decompress(plain[start:])
    except (struct.error, zlib.error):
        raise BlockDamaged from None
    row = _ROW_BYTES + (_DIGEST_BYTES if version == 1 else 0)
    if version not in {1, VERSION} or len(body) != n * row + calls * _CALL_BYTES:
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
    pairs = np.frombuffer(body, "<i8", 2 * calls, at).reshape(-1, 2).tolist()
    return Inputs(fixes, keys, tuple((now, since) for now, since in pairs), (asked, listening))


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


def _to_disk(values: NDArray[np.floating], kind: str, unit: float) -> NDArray[np.generic]:
    low, high = _LIMIT[kind]
    with np.errstate(over="ignore"):  # beyond the range of a float is beyond ours too
        scaled = np.rint(values.astype(np.float64) * unit)
    known = (scaled >= low) & (scaled <= high)  # NaN and infinity are not
    return np.where(known, scaled, _NONE[kind]).astype(kind)


def _from_disk(plane: NDArray[np.generic], kind: str, unit: float) -> NDArray[np.float64]:
    values = plane.astype(np.float64) / unit
    values[plane == _NONE[kind]] = np.nan
    return values
