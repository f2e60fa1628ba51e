"""The fixes of one measure in one hour as a few bytes each: the body of a `TrackChunk`.

Lossless for what the journal keeps (`block.py`): device key, measure, both times, position, accuracy with
its assumed mark, altitude, speed, course, flags, battery, satellites, source, verdict. The digest is not
stored: it is recomputed from the content (ADR 0006). The columns become whole numbers of the journal's
precision and go through `coder.py`; a chunk that is not what was written raises BlockDamaged.

Plaintext: head (version, how accuracy is kept, numbers of fixes, device keys and flag words, CRC-32 of all
the rest), the device keys, the flag words, the packed columns. Encrypted under the measure's key, bound to
measure, hour, count and SHA-256 of the plaintext (`Label`).
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from sifang.monitoring.intake.coder import LIMIT, pack, unpack
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.errors import BlockDamaged

VERSION = 1
MOST = 1 << 22  # fixes of one chunk; more is not what a device sends in an hour
_HEAD = struct.Struct("<BBIHHI")
_NONCE = 12
_ACCURACY_BITS, _ACCURACY_TENTHS = 0, 1
_NONE = -(2**31)
_MOST_WORDS = 2**16 - 1
# position in the matrix of columns; 0 device key or its index, 10 flag word or its index
_DEVICE, _TAKEN, _DELAY, _ACCURACY, _FLAGS, _DEVICE_HIGH = 0, 2, 3, 6, 10, 15
_WHOLE = {"measure": 1, "battery_pct": 11, "satellites": 12, "source": 13, "verdict": 14}
_UNITS = {
    "lon": (4, 1e7),
    "lat": (5, 1e7),
    "altitude_m": (7, 1.0),
    "speed_kmh": (8, 10.0),
    "course_deg": (9, 10.0),
}
_COLUMNS = 16
_STEPS = np.zeros(_COLUMNS, np.bool_)
_STEPS[_TAKEN] = True

Fixes = NDArray[np.void]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Label:
    """The row's open columns, bound to the sealed body: a chunk moved or relabelled does not open."""

    measure: int
    hour: datetime
    fixes: int
    sha256: bytes

    def aad(self) -> bytes:
        """Return the bytes that are authenticated with the body."""
        hour = self.hour.astimezone(UTC).strftime("%Y%m%d%H")
        return f"sifang.chunk.1|{self.measure}|{hour}|{self.fixes}|{self.sha256.hex()}".encode()


def encode(fixes: Fixes, device_keys: Keys) -> bytes:
    """Return the plaintext of these quantised fixes. Raises BlockDamaged for times no clock tells."""
    n = len(fixes)
    if n > MOST:
        raise BlockDamaged
    columns = np.zeros((_COLUMNS, n), np.int64)
    keys, words = np.unique(device_keys), np.unique(fixes["flags"])
    if len(keys) <= _MOST_WORDS:
        columns[_DEVICE] = np.searchsorted(keys, device_keys)
    else:
        columns[_DEVICE], columns[_DEVICE_HIGH] = (
            device_keys & np.uint64(2**32 - 1),
            device_keys >> np.uint64(32),
        )
        keys = keys[:0]
    if len(words) <= _MOST_WORDS:
        columns[_FLAGS] = np.searchsorted(words, fixes["flags"])
    else:
        columns[_FLAGS], words = fixes["flags"], words[:0]
    for name, c in _WHOLE.items():
        columns[c] = fixes[name]
    for name, (c, unit) in _UNITS.items():
        scaled = np.rint(fixes[name].astype(np.float64) * unit)
        columns[c] = np.where(np.isnan(scaled), _NONE, scaled)
    columns[_TAKEN] = fixes["taken_s"]
    columns[_DELAY] = fixes["received_s"] - fixes["taken_s"]
    kept_as, columns[_ACCURACY] = _accuracy_numbers(fixes["accuracy_m"])
    if n and max(int(columns.max()), -int(columns.min())) > LIMIT:
        raise BlockDamaged
    body = keys.astype("<u8").tobytes() + words.astype("<u4").tobytes() + (_packed(columns) if n else b"")
    counts = (n, len(keys), len(words))
    crc = zlib.crc32(struct.pack("<BIHH", kept_as, *counts) + body)
    return _HEAD.pack(VERSION, kept_as, *counts, crc) + body


def decode(plain: bytes) -> tuple[Fixes, Keys]:
    """Return fixes (`device` -1, `digest` 0) and their device keys. Raises BlockDamaged."""
    return decode_all([plain])


def decode_all(plains: Sequence[bytes]) -> tuple[Fixes, Keys]:
    """Return the fixes of several chunks one after another, and their device keys. Raises BlockDamaged.

    Much faster than one after another: what is done per column is done once for all.
    """
    heads = [_head(plain) for plain in plains]
    total = sum(n for _, n, _, _ in heads)
    columns = np.zeros((_COLUMNS, total), np.int64)
    keys, tenths = np.empty(total, np.uint64), np.zeros(total, np.bool_)
    at = 0
    for plain, (kept_as, n, device_keys, words) in zip(plains, heads, strict=True):
        if n == 0:
            continue
        begins = _HEAD.size + 8 * device_keys + 4 * words
        if not unpack(np.frombuffer(plain, np.uint8, -1, begins), columns, at, n):
            raise BlockDamaged
        part = slice(at, at + n)
        found = np.frombuffer(plain, "<u8", device_keys, _HEAD.size)
        _put_keys(columns[:, part], keys[part], found)
        if words == 1:
            columns[_FLAGS, part] = np.frombuffer(plain, "<u4", 1, _HEAD.size + 8 * device_keys)[0]
        elif words:
            of_index = np.frombuffer(plain, "<u4", words, _HEAD.size + 8 * device_keys)
            columns[_FLAGS, part] = of_index[_within(columns[_FLAGS, part], words)]
        tenths[part] = kept_as == _ACCURACY_TENTHS
        at += n
    return _fixes_of(columns, tenths), keys


def seal(plain: bytes, key: bytes, label: Label) -> bytes:
    """Return nonce and ciphertext of `plain` under `key`, bound to `label`."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, label.aad())


def open_sealed(body: bytes, key: bytes, label: Label) -> bytes:
    """Return the plaintext. Raises BlockDamaged when body, key or label is not the one sealed."""
    try:
        return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], label.aad())
    except (InvalidTag, ValueError):
        raise BlockDamaged from None


def sha256_of(plain: bytes) -> bytes:
    """Return the SHA-256 that the row keeps of a plaintext."""
    return hashlib.sha256(plain).digest()


def _head(plain: bytes) -> tuple[int, int, int, int]:
    try:
        version, kept_as, n, keys, words, crc = _HEAD.unpack_from(plain)
    except struct.error:
        raise BlockDamaged from None
    body = memoryview(plain)[_HEAD.size :]
    whole = zlib.crc32(body, zlib.crc32(struct.pack("<BIHH", kept_as, n, keys, words))) == crc
    if version != VERSION or not whole or n > MOST or len(body) < 8 * keys + 4 * words:
        raise BlockDamaged
    return kept_as, n, keys, words


def _packed(columns: NDArray[np.int64]) -> bytes:
    room = np.empty(64 * _COLUMNS + 64 + 24 * columns.size, np.uint8)
    used = pack(columns, _STEPS, room)
    return room[:used].tobytes()


def _put_keys(columns: NDArray[np.int64], into: Keys, found: Keys) -> None:
    if len(found) == 1:
        into[:] = found[0]
    elif len(found):
        into[:] = found[_within(columns[_DEVICE], len(found))]
    else:
        into[:] = columns[_DEVICE].astype(np.uint64) | (
            columns[_DEVICE_HIGH].astype(np.uint64) << np.uint64(32)
        )


def _within(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    if index.min() < 0 or index.max() >= size:
        raise BlockDamaged
    return index


def _accuracy_numbers(accuracy: NDArray[np.float32]) -> tuple[int, NDArray[np.int64]]:
    """Return tenths of a metre where they say it all (devices tell tenths or whole metres), else the bits."""
    bits = accuracy.view(np.uint32)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(accuracy.astype(np.float64) * 10)
        good = np.abs(scaled) < -_NONE
        numbers = np.where(good, scaled, _NONE).astype(np.int64)
    if np.array_equal(_from_tenths(numbers).view(np.uint32), bits):
        return _ACCURACY_TENTHS, numbers
    return _ACCURACY_BITS, bits.astype(np.int64)


def _from_tenths(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    found = (numbers / 10.0).astype(np.float32)
    found[numbers == _NONE] = np.nan
    return found


def _fixes_of(columns: NDArray[np.int64], tenths: NDArray[np.bool_]) -> Fixes:
    fixes = np.zeros(columns.shape[1], FIX)
    fixes["device"] = -1
    fixes["flags"] = columns[_FLAGS]
    fixes["taken_s"] = columns[_TAKEN]
    fixes["received_s"] = columns[_TAKEN] + columns[_DELAY]
    for name, c in _WHOLE.items():
        fixes[name] = columns[c]
    for name, (c, unit) in _UNITS.items():
        values = columns[c] / unit
        values[columns[c] == _NONE] = np.nan
        fixes[name] = values
    numbers = columns[_ACCURACY]
    fixes["accuracy_m"] = _from_tenths(numbers)
    if not tenths.all():
        bits = (numbers & (2**32 - 1)).astype(np.uint32).view(np.float32)
        fixes["accuracy_m"] = np.where(tenths, fixes["accuracy_m"], bits)
    return fixes
