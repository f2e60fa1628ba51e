"""What makes two fixes of one device and second the same: a keyed 64-bit hash of what the device said.

SipHash-2-4 over the fix at the journal's precision, without what only we add (late, replayed, assumed
accuracy), so a fix sent live and again out of a blind spot has one identity, and any reader of a block or
chunk can compute it again: it is stored nowhere. The key keeps a stranger from making a fix that would be
taken for another one. Why: docs/adr/0006.

Identity of a fix = device key (last 64 bits of the device's UUID), `taken_s`, `digest`.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.np.numpy_support import from_dtype
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import F_ASSUMED, F_LATE, F_REPLAYED, FIX

OURS = F_ASSUMED | F_LATE | F_REPLAYED  # bits of `flags` that say nothing about the fix itself
KEY_BYTES = 16
MESSAGE_BYTES = 25

_NO_I4, _NO_I2, _NO_U2, _NO_F4 = -(2**31), -(2**15), 2**16 - 1, 0xFFFFFFFF  # "not given", as in `block`
_FIXES = types.Array(from_dtype(FIX), 1, "C")
_U8 = types.uint64


@njit(_U8(_U8, _U8), cache=True, inline="always")
def _left(word: Any, bits: Any) -> Any:
    return (word << bits) | (word >> (np.uint64(64) - bits))


@njit(types.UniTuple(_U8, 4)(_U8, _U8, _U8, _U8), cache=True)  # type: ignore[no-untyped-call]
def _round(a: Any, b: Any, c: Any, d: Any) -> Any:
    a += b
    b = _left(b, np.uint64(13)) ^ a
    a = _left(a, np.uint64(32))
    c += d
    d = _left(d, np.uint64(16)) ^ c
    a += d
    d = _left(d, np.uint64(21)) ^ a
    c += b
    b = _left(b, np.uint64(17)) ^ c
    c = _left(c, np.uint64(32))
    return a, b, c, d


@njit(_U8(_U8, _U8, _U8, _U8, _U8, _U8), cache=True)
def siphash_25(k0: Any, k1: Any, m0: Any, m1: Any, m2: Any, last: Any) -> Any:  # noqa: PLR0917 (words)
    """Return SipHash-2-4 of a message of 25 bytes: three little-endian words and one byte."""
    a, b = k0 ^ np.uint64(0x736F6D6570736575), k1 ^ np.uint64(0x646F72616E646F6D)
    c, d = k0 ^ np.uint64(0x6C7967656E657261), k1 ^ np.uint64(0x7465646279746573)
    end = (np.uint64(MESSAGE_BYTES) << np.uint64(56)) | last
    for word in (m0, m1, m2, end):
        d ^= word
        a, b, c, d = _round(a, b, c, d)
        a, b, c, d = _round(a, b, c, d)
        a ^= word
    c ^= np.uint64(0xFF)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


@njit(types.uint64(types.float64, types.float64, types.int64, types.int64), cache=True)
def _whole(value: Any, unit: Any, none: Any, mask: Any) -> Any:
    """A quantised number as the integer of the journal, its low bits."""
    if np.isnan(value):
        return np.uint64(none & mask)
    return np.uint64(np.int64(np.rint(value * unit)) & mask)


@njit(types.uint64(_FIXES, types.int64, _U8, _U8), cache=True)
def digest_of_row(fixes: Any, i: Any, k0: Any, k1: Any) -> Any:
    """Return the digest of one quantised fix."""
    row = fixes[i]
    flags = row["flags"]
    accuracy = np.float32(row["accuracy_m"])
    given = np.uint64(_NO_F4)  # assumed by us is not given by the device
    if not flags & np.uint32(F_ASSUMED) and accuracy > 0 and accuracy < np.inf:
        given = np.uint64(accuracy.view(np.uint32))
    m0 = _whole(row["lon"], 1e7, _NO_I4, 0xFFFFFFFF)
    m0 |= _whole(row["lat"], 1e7, _NO_I4, 0xFFFFFFFF) << np.uint64(32)
    m1 = given | (_whole(row["altitude_m"], 1.0, _NO_I2, 0xFFFF) << np.uint64(32))
    m1 |= _whole(row["speed_kmh"], 10.0, _NO_U2, 0xFFFF) << np.uint64(48)
    m2 = np.uint64(flags & ~np.uint32(OURS))
    m2 |= _whole(row["course_deg"], 10.0, _NO_U2, 0xFFFF) << np.uint64(32)
    m2 |= (np.uint64(row["battery_pct"]) << np.uint64(48)) | (np.uint64(row["satellites"]) << np.uint64(56))
    return siphash_25(k0, k1, m0, m1, m2, np.uint64(row["source"]))


@njit(types.void(_FIXES, _U8, _U8), cache=True, nogil=True)
def _digest_all(fixes: Any, k0: Any, k1: Any) -> None:
    for i in range(len(fixes)):
        fixes[i]["digest"] = digest_of_row(fixes, i, k0, k1)


def key_words(key: bytes) -> tuple[np.uint64, np.uint64]:
    """Return the two words of a key (its first 16 bytes count). Raises ValueError when it is shorter."""
    if len(key) < KEY_BYTES:
        raise ValueError("key of digests is too short")
    return np.uint64(int.from_bytes(key[:8], "little")), np.uint64(int.from_bytes(key[8:16], "little"))


def fill_digests(fixes: NDArray[np.void], key: bytes) -> None:
    """Fill `digest` of quantised fixes (journal, chunk, admitted); `key` = KeyStore.named("digests")."""
    _digest_all(fixes, *key_words(key))
