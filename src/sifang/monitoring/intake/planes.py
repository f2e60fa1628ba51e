"""The columns of a tick as whole numbers of as many bits as they need: the inside of a journal block (numba).

A block lives for some hours and holds one fix of each of many persons, so there is little to foretell; what
can be had for nothing is taken: each column is kept as its distance from its least value, without the zero
bits that all of them end in. Ten times quicker than zlib over the same columns and, up to some hundred fixes
of different persons, smaller.

Form of a column: bits a number takes (a byte), unless 0 the zero bits left out (a byte), the least value
(zigzag, seven bits a byte), the numbers, beginning with a byte of their own. `whole` and `number` are the
journal's precision, also for the fixes that the engine sees (`quantise_rows`).
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.np.numpy_support import from_dtype

from sifang.monitoring.intake.columns import FIX

NO_I4, NO_I2, NO_U2 = -(2**31), -(2**15), 2**16 - 1  # "not given"
COLUMNS = 14
_HEAD = 12  # bytes at most
_MOST_BITS = 32
_WORD, _BYTE = 64, 8
_RANGE = 1 << _MOST_BITS
_LON, _LAT, _ALTITUDE, _SPEED, _COURSE = 1e7, 1e7, 1.0, 10.0, 10.0

_FIXES = types.Array(from_dtype(FIX), 1, "C")
_I8, _U1, _F8 = types.int64, types.uint8, types.float64
_BYTES = types.Array(types.uint8, 1, "C", readonly=True)


@njit(_I8(_F8, _F8, _I8, _I8, _I8), cache=True)
def whole(value: Any, unit: Any, low: Any, high: Any, none: Any) -> Any:
    """A value in whole `unit`s; `none` for NaN and for what is beyond `low` and `high`."""
    scaled = np.rint(value * unit)
    if scaled >= low and scaled <= high:
        return np.int64(scaled)
    return none


@njit(_F8(_I8, _F8, _I8), cache=True)
def number(kept: Any, unit: Any, none: Any) -> Any:
    """What `whole` kept, as a value again; NaN for `none`."""
    return np.nan if kept == none else kept / unit


@njit(types.void(_FIXES), cache=True, nogil=True)
def quantise_rows(fixes: Any) -> None:
    """Bring fixes to the journal's precision in place."""
    for i in range(len(fixes)):
        fix = fixes[i]
        lon = whole(fix["lon"], _LON, NO_I4 + 1, 2**31 - 1, NO_I4)
        lat = whole(fix["lat"], _LAT, NO_I4 + 1, 2**31 - 1, NO_I4)
        altitude = whole(fix["altitude_m"], _ALTITUDE, NO_I2 + 1, 2**15 - 1, NO_I2)
        speed = whole(fix["speed_kmh"], _SPEED, 0, NO_U2 - 1, NO_U2)
        course = whole(fix["course_deg"], _COURSE, 0, NO_U2 - 1, NO_U2)
        fix["lon"], fix["lat"] = number(lon, _LON, NO_I4), number(lat, _LAT, NO_I4)
        fix["altitude_m"] = number(altitude, _ALTITUDE, NO_I2)
        fix["speed_kmh"] = number(speed, _SPEED, NO_U2)
        fix["course_deg"] = number(course, _COURSE, NO_U2)


@njit(types.void(_FIXES, _I8[:, ::1]), cache=True, nogil=True)
def _numbers(fixes: Any, columns: Any) -> None:
    for i in range(len(fixes)):
        fix = fixes[i]
        columns[0, i] = fix["measure"]
        columns[1, i] = fix["taken_s"]
        columns[2, i] = fix["received_s"]
        columns[3, i] = whole(fix["lon"], _LON, NO_I4 + 1, 2**31 - 1, NO_I4)
        columns[4, i] = whole(fix["lat"], _LAT, NO_I4 + 1, 2**31 - 1, NO_I4)
        columns[5, i] = np.int64(np.float32(fix["accuracy_m"]).view(np.uint32))
        columns[6, i] = whole(fix["altitude_m"], _ALTITUDE, NO_I2 + 1, 2**15 - 1, NO_I2)
        columns[7, i] = whole(fix["speed_kmh"], _SPEED, 0, NO_U2 - 1, NO_U2)
        columns[8, i] = whole(fix["course_deg"], _COURSE, 0, NO_U2 - 1, NO_U2)
        columns[9, i] = fix["flags"]
        columns[10, i] = fix["battery_pct"]
        columns[11, i] = fix["satellites"]
        columns[12, i] = fix["source"]
        columns[13, i] = fix["verdict"]


@njit(types.UniTuple(_I8, 4)(_I8[::1]), cache=True)  # type: ignore[no-untyped-call]
def _measured(column: Any) -> Any:
    """Least value, most, bits of what lies between, zero bits in which every distance ends."""
    least = most = column[0]
    for i in range(len(column)):
        least, most = min(least, column[i]), max(most, column[i])
    used = np.uint64(0)
    for i in range(len(column)):
        used |= np.uint64(column[i]) - np.uint64(least)
    bits = zeros = 0
    if used:
        while not (used >> np.uint64(zeros)) & np.uint64(1):
            zeros += 1
        while zeros + bits < _WORD and used >> np.uint64(zeros + bits):
            bits += 1
    return least, most, bits, zeros


@njit(_I8(_I8, _U1[::1], _I8), cache=True)
def _put_varint(value: Any, out: Any, at: Any) -> Any:
    left = np.uint64(2 * value if value >= 0 else -2 * value - 1)
    while left >= np.uint64(128):
        out[at] = (left & np.uint64(127)) | np.uint64(128)
        at += 1
        left >>= np.uint64(7)
    out[at] = left
    return at + 1


@njit(types.UniTuple(_I8, 2)(_BYTES, _I8), cache=True)  # type: ignore[no-untyped-call]
def _varint(data: Any, at: Any) -> Any:
    """The value and the byte after it; -1 for the byte when there is none."""
    left, shift = np.uint64(0), 0
    while at < len(data) and shift < _WORD:
        byte = np.uint64(data[at])
        at += 1
        left |= (byte & np.uint64(127)) << np.uint64(shift)
        shift += 7
        if byte < np.uint64(128):
            value = np.int64(left >> np.uint64(1))
            return (-value - 1 if left & np.uint64(1) else value), at
    return 0, -1


@njit(_I8(_FIXES, _I8[:, ::1], _U1[::1]), cache=True, nogil=True)
def pack_rows(fixes: Any, columns: Any, out: Any) -> Any:
    """Write the columns of fixes, at least one, into `out`; return the bytes used.

    Returns -1 when times are too far apart for the format. `columns`: room for (COLUMNS, fixes) numbers;
    `out`: room for `room(fixes)` bytes.
    """
    _numbers(fixes, columns)
    at = 0
    for c in range(COLUMNS):
        column = columns[c]
        least, most, bits, zeros = _measured(column)
        if most - least >= _RANGE or most - least < 0:
            return -1
        out[at] = bits
        at += 1
        if bits:
            out[at] = zeros
            at += 1
        at = _put_varint(least, out, at)
        word, held = np.uint64(0), 0
        for i in range(len(fixes) if bits else 0):
            word |= (np.uint64(column[i] - least) >> np.uint64(zeros)) << np.uint64(held)
            held += bits
            while held >= _BYTE:
                out[at] = word & np.uint64(255)
                at += 1
                word >>= np.uint64(8)
                held -= 8
        if held:
            out[at] = word & np.uint64(255)
            at += 1
    return at


def room(fixes: int) -> int:
    """Return the bytes that `pack_rows` may need."""
    return COLUMNS * (_HEAD + 1 + 4 * fixes)


@njit(_I8(_BYTES, _I8[:, ::1]), cache=True, nogil=True)
def _unpack(data: Any, columns: Any) -> Any:
    at: Any = 0
    n = columns.shape[1]
    for c in range(COLUMNS):
        if at + 2 > len(data):
            return -1
        bits: Any = np.int64(data[at])
        zeros: Any = np.int64(data[at + 1]) if bits else np.int64(0)
        least, at = _varint(data, at + (2 if bits else 1))
        if at < 0 or bits + zeros > _MOST_BITS or at + (n * bits + 7) // 8 > len(data):
            return -1
        mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
        word, held = np.uint64(0), 0
        for i in range(n):
            while held < bits:
                word |= np.uint64(data[at]) << np.uint64(held)
                at += 1
                held += 8
            columns[c, i] = least + np.int64((word & mask) << np.uint64(zeros))
            word >>= np.uint64(bits)
            held -= bits
    return at


@njit(_I8(_BYTES, _FIXES, _I8[:, ::1]), cache=True, nogil=True)
def unpack_rows(data: Any, fixes: Any, columns: Any) -> Any:
    """Fill fixes from what `pack_rows` wrote; return the bytes read, -1 when it is not that."""
    at = _unpack(data, columns)
    for i in range(len(fixes) if at >= 0 else 0):
        fix = fixes[i]
        fix["measure"], fix["taken_s"], fix["received_s"] = columns[0, i], columns[1, i], columns[2, i]
        fix["lon"] = number(columns[3, i], _LON, NO_I4)
        fix["lat"] = number(columns[4, i], _LAT, NO_I4)
        fix["accuracy_m"] = np.uint32(columns[5, i]).view(np.float32)
        fix["altitude_m"] = number(columns[6, i], _ALTITUDE, NO_I2)
        fix["speed_kmh"] = number(columns[7, i], _SPEED, NO_U2)
        fix["course_deg"] = number(columns[8, i], _COURSE, NO_U2)
        fix["flags"] = columns[9, i]
        fix["battery_pct"], fix["satellites"] = columns[10, i], columns[11, i]
        fix["source"], fix["verdict"] = columns[12, i], columns[13, i]
    return at
