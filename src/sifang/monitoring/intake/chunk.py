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
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numba import njit
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
    fixes, device_keys = np.zeros(total, FIX), np.empty(total, np.uint64)
    at = 0
    for plain, (kept_as, n, keys, words) in zip(plains, heads, strict=True):
        if n == 0:
            continue
        flags_at = _HEAD.size + 8 * keys
        of_key = np.frombuffer(plain, "<u8", keys, _HEAD.size)
        of_flags = np.frombuffer(plain, "<u4", words, flags_at)
        packed = np.frombuffer(plain, np.uint8, -1, flags_at + 4 * words)
        if not unpack(packed, columns, at, n) or not _fill(
            columns, at, n, kept_as, of_key, of_flags, fixes, device_keys
        ):
            raise BlockDamaged
        at += n
    return fixes, device_keys


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


@njit(cache=True)
def _known(number: Any, unit: Any) -> Any:
    return np.nan if number == _NONE else number / unit


@njit(cache=True)
def _fill(  # noqa: PLR0917 (numba takes them by place)
    columns: Any, at: Any, n: Any, kept_as: Any, of_key: Any, of_flags: Any, fixes: Any, device_keys: Any
) -> Any:
    """Turn whole numbers into fixes and device keys; return whether every index was within its list."""
    for i in range(at, at + n):
        key, word = columns[_DEVICE, i], columns[_FLAGS, i]
        if len(of_key):
            if key < 0 or key >= len(of_key):
                return False
            device_keys[i] = of_key[key]
        else:
            device_keys[i] = np.uint64(key) | (np.uint64(columns[_DEVICE_HIGH, i]) << np.uint64(32))
        if len(of_flags):
            if word < 0 or word >= len(of_flags):
                return False
            word = np.int64(of_flags[word])
        fix = fixes[i]
        fix["device"] = -1
        fix["flags"] = word
        fix["measure"] = columns[1, i]
        fix["taken_s"] = columns[_TAKEN, i]
        fix["received_s"] = columns[_TAKEN, i] + columns[_DELAY, i]
        fix["lon"] = _known(columns[4, i], 1e7)
        fix["lat"] = _known(columns[5, i], 1e7)
        if kept_as == _ACCURACY_TENTHS:
            fix["accuracy_m"] = _known(columns[_ACCURACY, i], 10.0)
        else:
            fix["accuracy_m"] = np.uint32(columns[_ACCURACY, i]).view(np.float32)
        fix["altitude_m"] = _known(columns[7, i], 1.0)
        fix["speed_kmh"] = _known(columns[8, i], 10.0)
        fix["course_deg"] = _known(columns[9, i], 10.0)
        fix["battery_pct"] = columns[11, i]
        fix["satellites"] = columns[12, i]
        fix["source"] = columns[13, i]
        fix["verdict"] = columns[14, i]
    return True
