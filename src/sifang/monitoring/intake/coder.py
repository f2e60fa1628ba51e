"""Integer columns into few bytes: prediction, then an adaptive range coder and raw bits (numba).

Each column is first made small: nothing at all for a constant, otherwise steps of its common divisor. Every
value is foretold from those before it by the one of four predictors that suits the column; the error's
quotient by a running power of two goes through a binary range coder whose probabilities adapt (in noisy
columns: is written as ones and a zero, which is quicker and nearly as small), its low bits are kept raw. Both
sides adapt alike, so nothing but the errors is stored. All kernels stop at the bounds of their buffers: bytes
that are not ours give wrong numbers or a refusal, never a read beyond the end.
Measured against byte planes with zlib, bz2, lzma and zstandard: docs/adr/0007.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Columns = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LIMIT = 1 << 34  # every value of a column lies within ± this
_ESCAPE = 20  # quotients from here on are written whole
_WHOLE_BITS = 40
_LEVELS = _ESCAPE + 1
_SCALES = 3  # quotients of noisier columns are kept as ones and a zero: quicker, nearly as small
_HALF = np.uint64(1 << 14)
_ONE = np.uint64(1 << 15)
_SLOWEST = 40
_TOP = np.uint64(1 << 24)
_RATES = np.array([int(65536 / (k + 1.5)) for k in range(1, _SLOWEST + 1)], np.uint64)
_CONSTANT, _CODED = 0, 1
_STEPS = 2  # bit: differences are coded, not values
_PREDICTORS = 4  # which, from bit 2 on


@njit(cache=True, inline="always")
def _foretold(which: Any, a: Any, b: Any, mean: Any) -> Any:
    """The next value after b, a (the last one); `mean` in 16ths."""
    if which == 0:
        return a
    if which == 1:
        return mean >> 4
    if which == 2:
        return (a + b) >> 1
    return 2 * a - b


@njit(cache=True)
def _zigzag(value: Any) -> Any:
    return 2 * value if value >= 0 else -2 * value - 1


@njit(cache=True)
def _best_predictor(column: Any) -> Any:
    """The predictor whose errors have the fewest digits in all; the first value is 0."""
    best, least = 0, np.int64(1) << 62
    for which in range(_PREDICTORS):
        a = b = mean = digits = np.int64(0)
        for value in column[1:]:
            u = _zigzag(value - _foretold(which, a, b, mean))
            while u > 0:
                u >>= 1
                digits += 1
            mean += (value * 16 - mean) >> 2
            b, a = a, value
        if digits < least:
            best, least = which, digits
    return best


@njit(cache=True, inline="always")
def _scale_of(size: Any) -> Any:
    """The power of two below the running size (16ths) of errors."""
    k = 0
    rest = size >> 5
    while rest > 0:
        rest >>= 1
        k += 1
    return k


@njit(cache=True, inline="always")
def _grown(size: Any, u: Any) -> Any:
    bounded = min(u, (size >> 1) + 8)  # one outlier does not spoil the scale for long
    return size + ((bounded * 16 - size) >> 4)


@njit(cache=True)
def _put_varint(out: Any, at: Any, value: Any) -> Any:
    while value >= 128:
        out[at] = (value & 127) | 128
        at += 1
        value >>= 7
    out[at] = value
    return at + 1


@njit(cache=True)
def _common_step(values: Any, first: Any) -> Any:
    step = np.int64(0)
    for v in values:
        a, b = step, abs(v - first)
        while b:
            a, b = b, a % b
        step = a
        if step == 1:
            break
    return step


@njit(cache=True)
def pack(columns: Any, steps: Any, out: Any) -> Any:
    """Write the columns (int64, within ± LIMIT) into `out`, return the bytes used, -1 when it is too small.

    `steps[c]`: code column c by its differences. Every column must hold the same number of values, ≥ 1.
    """
    count, n = columns.shape
    if len(out) < 64 * count + 64 + 2 * count * n * 12:
        return -1
    at = 0
    raw = np.zeros(count * n * 8 + 16, np.uint8)  # 61 bits at most: an escape and its ones
    raw_at, word, bits = 0, np.uint64(0), 0
    body = np.zeros(count * n * 12 + 64, np.uint8)
    to, low, span, cache, waiting = 0, np.uint64(0), np.uint64(0xFFFFFFFF), np.uint64(0), 1
    chance = np.empty(_SCALES * _LEVELS, np.uint64)
    seen = np.empty(_SCALES * _LEVELS, np.uint64)
    column = np.empty(n, np.int64)
    for c in range(count):
        column[:] = columns[c]
        first = column[0]
        mode = 0
        if steps[c] and n > 1:
            mode = _STEPS
            for i in range(n - 1, 0, -1):
                column[i] -= column[i - 1]
            column[0] = column[1]
        base = column[0]
        step = _common_step(column, base)
        if step == 0:
            out[at] = mode | _CONSTANT
            at = _put_varint(out, at + 1, _zigzag(first))
            if mode == _STEPS:
                at = _put_varint(out, at, _zigzag(base))
            continue
        for i in range(n):
            column[i] = (column[i] - base) // step
        which = _best_predictor(column)
        out[at] = mode | _CODED | (which << 2)
        at = _put_varint(out, at + 1, _zigzag(first))
        if mode == _STEPS:
            at = _put_varint(out, at, _zigzag(base))
        at = _put_varint(out, at, step)
        chance[:] = _HALF
        seen[:] = 0
        a = b = mean = np.int64(0)
        size = np.int64(16)
        for i in range(1, n):
            value = column[i]
            u = _zigzag(value - _foretold(which, a, b, mean))
            mean += (value * 16 - mean) >> 2
            b, a = a, value
            k = _scale_of(size)
            size = _grown(size, u)
            q = min(u >> k, _ESCAPE)
            row = np.uint64(k * _LEVELS)
            for level in range(min(q + 1, _ESCAPE) if k < _SCALES else 0):
                j = row + np.uint64(level)
                p = chance[j]
                bound = (span >> np.uint64(15)) * p
                rate = _RATES[seen[j]]
                if seen[j] < _SLOWEST - 1:
                    seen[j] += np.uint64(1)
                if level < q:
                    low += bound
                    span -= bound
                    chance[j] = max(np.uint64(32), p - ((p * rate) >> np.uint64(16)))
                else:
                    span = bound
                    chance[j] = min(_ONE - np.uint64(32), p + (((_ONE - p) * rate) >> np.uint64(16)))
                while span < _TOP:
                    span = (span << np.uint64(8)) & np.uint64(0xFFFFFFFF)
                    if low < np.uint64(0xFF000000) or low > np.uint64(0xFFFFFFFF):
                        carry = low >> np.uint64(32)
                        while waiting > 0:
                            body[to] = (cache + carry) & np.uint64(255)
                            to += 1
                            waiting -= 1
                            cache = np.uint64(255)
                        cache = (low >> np.uint64(24)) & np.uint64(255)
                    waiting += 1
                    low = (low & np.uint64(0x00FFFFFF)) << np.uint64(8)
            keep = _WHOLE_BITS if q == _ESCAPE else k
            rest = np.uint64(u) & ((np.uint64(1) << np.uint64(keep)) - np.uint64(1))
            if k >= _SCALES:
                rest = (rest << np.uint64(q + 1)) | ((np.uint64(1) << np.uint64(q)) - np.uint64(1))
                keep += q + 1
            while keep > 0:
                take = min(keep, 16)
                word |= (rest & np.uint64((1 << take) - 1)) << np.uint64(bits)
                rest >>= np.uint64(take)
                bits += take
                keep -= take
                while bits >= 8:
                    raw[raw_at] = word & np.uint64(255)
                    raw_at += 1
                    word >>= np.uint64(8)
                    bits -= 8
    for _ in range(5):  # what the range coder still holds
        if low < np.uint64(0xFF000000) or low > np.uint64(0xFFFFFFFF):
            carry = low >> np.uint64(32)
            while waiting > 0:
                body[to] = (cache + carry) & np.uint64(255)
                to += 1
                waiting -= 1
                cache = np.uint64(255)
            cache = (low >> np.uint64(24)) & np.uint64(255)
        waiting += 1
        low = (low & np.uint64(0x00FFFFFF)) << np.uint64(8)
    if bits > 0:
        raw[raw_at] = word & np.uint64(255)
        raw_at += 1
    while to > 0 and body[to - 1] == 0:  # zeros at the end are what a reader finds beyond it
        to -= 1
    at = _put_varint(out, at, raw_at)
    # heads, then raw bits, then the range coder's bytes up to the end
    out[at : at + raw_at] = raw[:raw_at]
    at += raw_at
    if to > 1:
        out[at : at + to - 1] = body[1:to]  # the first byte of a range coder is always 0
        at += to - 1
    return at


@njit(cache=True, inline="always")
def _varint(data: Any, at: Any) -> Any:
    value, shift = np.uint64(0), 0
    while at < len(data) and shift < 63:
        byte = data[at]
        at += 1
        value |= np.uint64(byte & 127) << np.uint64(shift)
        if byte < 128:
            break
        shift += 7
    return np.int64(value), at


@njit(cache=True, inline="always")
def _unzigzag(u: Any) -> Any:
    return u >> 1 if u & 1 == 0 else -((u + 1) >> 1)


@njit(cache=True)
def unpack(data: Any, columns: Any, start: Any, n: Any) -> Any:
    """Fill `columns[:, start : start + n]` (int64) from what `pack` wrote; return whether it was whole."""
    count = len(columns)
    heads = np.zeros((count, 4), np.int64)  # mode, first, base, step
    at = 0
    for c in range(count):
        if at >= len(data):
            return False
        mode = np.int64(data[at])
        heads[c, 0] = mode
        if mode >> 2 >= _PREDICTORS:
            return False
        u, at = _varint(data, at + 1)
        heads[c, 1] = heads[c, 2] = _unzigzag(u)
        if mode & _STEPS:
            u, at = _varint(data, at)
            heads[c, 2] = _unzigzag(u)
        if mode & _CODED:
            heads[c, 3], at = _varint(data, at)
    raw_bytes, at = _varint(data, at)
    if raw_bytes < 0 or raw_bytes > len(data) - at:
        return False
    raw_at, raw_end = at, at + raw_bytes
    word, bits = np.uint64(0), 0
    at = raw_end
    end = len(data)
    span, code = np.uint64(0xFFFFFFFF), np.uint64(0)
    for _ in range(4):
        code = (code << np.uint64(8)) | np.uint64(data[at] if at < end else 0)
        at += 1
    chance = np.empty(_SCALES * _LEVELS, np.uint64)
    seen = np.empty(_SCALES * _LEVELS, np.uint64)
    for c in range(count):
        mode, first, base, step = heads[c, 0], heads[c, 1], heads[c, 2], heads[c, 3]
        column = columns[c, start : start + n]
        if mode & _CODED:
            which = mode >> 2
            chance[:] = _HALF
            seen[:] = 0
            a = b = mean = np.int64(0)
            size = np.int64(16)
            column[0] = base
            for i in range(1, n):
                k = _scale_of(size)
                row = np.uint64(k * _LEVELS)
                q = 0
                while bits < 48:
                    word |= np.uint64(data[raw_at] if raw_at < raw_end else 0) << np.uint64(bits)
                    raw_at += 1
                    bits += 8
                if k >= _SCALES:
                    while q < _ESCAPE and word & np.uint64(1):
                        word >>= np.uint64(1)
                        q += 1
                    word >>= np.uint64(1)
                    bits -= q + 1
                while k < _SCALES and q < _ESCAPE:
                    j = row + np.uint64(q)
                    p = chance[j]
                    bound = (span >> np.uint64(15)) * p
                    rate = _RATES[seen[j]]
                    if seen[j] < _SLOWEST - 1:
                        seen[j] += np.uint64(1)
                    more = code >= bound
                    if more:
                        code -= bound
                        span -= bound
                        chance[j] = max(np.uint64(32), p - ((p * rate) >> np.uint64(16)))
                    else:
                        span = bound
                        chance[j] = min(_ONE - np.uint64(32), p + (((_ONE - p) * rate) >> np.uint64(16)))
                    while span < _TOP:
                        span = (span << np.uint64(8)) & np.uint64(0xFFFFFFFF)
                        code = ((code << np.uint64(8)) | np.uint64(data[at] if at < end else 0)) & np.uint64(
                            0xFFFFFFFF
                        )
                        at += 1
                    if not more:
                        break
                    q += 1
                whole = q == _ESCAPE
                keep = _WHOLE_BITS if whole else k
                rest, got = np.uint64(0), 0
                while got < keep:
                    take = min(keep - got, 16)
                    while bits < take:
                        word |= np.uint64(data[raw_at] if raw_at < raw_end else 0) << np.uint64(bits)
                        raw_at += 1
                        bits += 8
                    rest |= (word & np.uint64((1 << take) - 1)) << np.uint64(got)
                    word >>= np.uint64(take)
                    bits -= take
                    got += take
                u = np.int64(rest) if whole else (np.int64(q) << k) | np.int64(rest)
                size = _grown(size, u)
                value = _foretold(which, a, b, mean) + _unzigzag(u)
                mean += (value * 16 - mean) >> 2
                b, a = a, value
                column[i] = base + value * step
        else:
            column[:] = base
        if mode & _STEPS:
            column[0] = first
            for i in range(1, n):
                column[i] += column[i - 1]
    return True
