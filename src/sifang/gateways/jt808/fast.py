"""Locations of a whole tick decoded at once by a compiled kernel.

It knows the ordinary form only: 28 bytes, items with one-byte ids and lengths that fit exactly, values that
can be. Whatever else comes is left to the pure decoder, which stays the reference: a test compares the two
on all samples and on random bodies. The kernel stops at the capacity of its columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.columns import location_row
from sifang.gateways.jt808.messages.location import FIXED_PART, read_location
from sifang.monitoring.intake.columns import (
    F_LOCATED,
    F_LOW_BATTERY,
    F_REPLAYED,
    F_SOS,
    F_STRAP_KNOWN,
    F_STRAP_OPEN,
    FIX,
    NO_BATTERY,
    SOURCE_GNSS,
)
from sifang.monitoring.intake.fixes import BadFrame
from sifang.monitoring.intake.rows import NO_SATELLITES

CAPACITY = 4096  # bodies in one call of the kernel
MASKS = np.dtype([("strap", "<u4"), ("sos", "<u4"), ("low_battery", "<u4"), ("strap_status", "<u4")])
_SECONDS_OF_GMT8 = 8 * 3600

_bytes_t = nb.types.Array(nb.u1, 1, "C", readonly=True)
_rows_t = nb.types.Array(nb.from_dtype(FIX), 1, "C")
_masks_t = nb.types.Array(nb.from_dtype(MASKS), 1, "C")
_flags_t = nb.types.Array(nb.u1, 1, "C")
_places_t = nb.types.Array(nb.i8, 1, "C")


@nb.njit(nb.i8(_bytes_t, nb.i8, nb.i8), cache=True, nogil=True)
def _number(data: NDArray[np.uint8], at: int, size: int) -> int:
    value = 0
    for place in range(at, at + size):
        value = value << 8 | data[place]
    return value


@nb.njit(nb.i8(_bytes_t, nb.i8), cache=True, nogil=True)
def _two_digits(data: NDArray[np.uint8], at: int) -> int:
    """Return a BCD byte, or 100 where it is none."""
    high, low = data[at] >> 4, data[at] & 15
    return 100 if high > 9 or low > 9 else high * 10 + low  # noqa: PLR2004 (decimal digits)


@nb.njit(nb.i8(_bytes_t, nb.i8), cache=True, nogil=True)
def _unix_seconds(data: NDArray[np.uint8], at: int) -> int:
    """Return the Unix seconds of BCD YYMMDDhhmmss in GMT+8, or −1 for an impossible time."""
    year, month, day = _two_digits(data, at), _two_digits(data, at + 1), _two_digits(data, at + 2)
    hour, minute, second = _two_digits(data, at + 3), _two_digits(data, at + 4), _two_digits(data, at + 5)
    if year > 99 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 (the calendar)
        return -1
    longest = 30 + (month + month // 8) % 2
    if month == 2:  # noqa: PLR2004 (February; 2000 is a leap year)
        longest = 29 if year % 4 == 0 else 28
    if day < 1 or day > longest:
        return -1
    # days since 1970-01-01 of the civil date, counting years from March
    shifted = 2000 + year - (1 if month <= 2 else 0)  # noqa: PLR2004 (January and February)
    era_day = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400
    days = era_day + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468
    return days * 86400 + hour * 3600 + minute * 60 + second - _SECONDS_OF_GMT8


@nb.njit(nb.b1(_bytes_t, nb.i8, nb.i8, _rows_t, nb.i8), cache=True, nogil=True)
def _read_items(data: NDArray[np.uint8], at: int, end: int, rows: NDArray[np.void], row: int) -> bool:
    """Fill battery and satellites; False where the items do not fit the ordinary form exactly."""
    battery, satellites = NO_BATTERY, NO_SATELLITES
    has_satellites = False
    while at < end:
        if at + 2 > end or at + 2 + data[at + 1] > end:
            return False
        identity, length, value = data[at], data[at + 1], at + 2
        if identity == 0x31 and length == 1 and not has_satellites:  # noqa: PLR2004
            satellites, has_satellites = nb.i8(data[value]), True
        elif battery == NO_BATTERY and identity == 0x56 and length == 2 and data[value + 1] <= 100:  # noqa: PLR2004
            battery = nb.i8(data[value + 1])
        elif battery == NO_BATTERY and identity == 0xFB and length == 4 and data[value] <= 100:  # noqa: PLR2004
            battery = nb.i8(data[value])
        at = value + length
    rows[row].battery_pct = battery
    rows[row].satellites = satellites
    return True


@nb.njit(nb.b1(_bytes_t, nb.i8, nb.i8, _rows_t, nb.i8, _masks_t), cache=True, nogil=True)
def _read_one(  # noqa: PLR0917 (a compiled kernel takes its columns by position)
    data: NDArray[np.uint8],
    at: int,
    end: int,
    rows: NDArray[np.void],
    row: int,
    masks: NDArray[np.void],
) -> bool:
    """Fill one row; False where the pure decoder must look."""
    if end - at < FIXED_PART:
        return False
    alarm, status = _number(data, at, 4), _number(data, at + 4, 4)
    lat, lon = _number(data, at + 8, 4), _number(data, at + 12, 4)
    speed, course = _number(data, at + 18, 2), _number(data, at + 20, 2)
    taken = _unix_seconds(data, at + 22)
    if lat > 90_000_000 or lon > 180_000_000 or speed > 10_000 or course > 360 or taken < 0:  # noqa: PLR2004 (sane())
        return False
    if not _read_items(data, at + FIXED_PART, end, rows, row):
        return False
    located = status & 2 and not status & 32 and (lat or lon)
    flags = nb.u4(rows[row].flags)
    if located:
        flags |= F_LOCATED
    if alarm & masks[row].sos:
        flags |= F_SOS
    if alarm & masks[row].low_battery:
        flags |= F_LOW_BATTERY
    if masks[row].strap or masks[row].strap_status:
        flags |= F_STRAP_KNOWN
        if alarm & masks[row].strap or status & masks[row].strap_status:
            flags |= F_STRAP_OPEN
    rows[row].flags = flags
    rows[row].taken_s = taken
    rows[row].lat = ((-(lat / 1e6) if status & 4 else lat / 1e6) + 0.0) if located else np.nan
    rows[row].lon = ((-(lon / 1e6) if status & 8 else lon / 1e6) + 0.0) if located else np.nan
    rows[row].altitude_m = _number(data, at + 16, 2)
    rows[row].speed_kmh = speed / 10
    rows[row].course_deg = course
    rows[row].source = SOURCE_GNSS if located and status & (15 << 18) else 0
    return True


@nb.njit(nb.void(_bytes_t, _places_t, _rows_t, _masks_t, _flags_t), cache=True, nogil=True)
def _read_all(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    rows: NDArray[np.void],
    masks: NDArray[np.void],
    done: NDArray[np.uint8],
) -> None:
    """Fill the rows of bodies that lie one behind the other; body i ends before `ends[i]`."""
    at = 0
    for row in range(min(len(ends), len(rows), len(masks), len(done))):
        end = ends[row]
        if end > len(data) or end < at:
            return
        done[row] = 1 if _read_one(data, at, end, rows, row, masks) else 0
        at = end


@dataclass(frozen=True, slots=True)
class Told:
    """One location's body, and who told it."""

    body: bytes
    device: int
    card: Card
    replayed: bool = False


def columns_of_bodies(
    told: Sequence[Told], received_s: int
) -> tuple[NDArray[np.void], NDArray[np.bool_], list[tuple[int, BadFrame]]]:
    """Return the rows of all bodies, which of them are good, and what is wrong with the others."""
    rows = np.zeros(len(told), FIX)
    good = np.ones(len(told), np.bool_)
    wrong: list[tuple[int, BadFrame]] = []
    for start in range(0, len(told), CAPACITY):
        part = told[start : start + CAPACITY]
        done = _kernel(part, rows[start : start + CAPACITY], received_s)
        for number in np.flatnonzero(done == 0).tolist():
            one = part[number]
            try:
                location = read_location(one.body, replayed=one.replayed)
                rows[start + number] = location_row(location, one.card, one.device, received_s)
            except BadFrame as error:
                good[start + number] = False
                wrong.append((start + number, error))
    return rows, good, wrong


def _kernel(part: Sequence[Told], rows: NDArray[np.void], received_s: int) -> NDArray[np.uint8]:
    rows["device"] = [one.device for one in part]
    rows["measure"] = -1
    rows["received_s"] = received_s
    rows["accuracy_m"] = np.nan
    rows["flags"] = [F_REPLAYED if one.replayed else 0 for one in part]
    cards = [(c.strap, c.sos, c.low_battery, c.strap_status) for c in (one.card for one in part)]
    done = np.zeros(len(part), np.uint8)
    _read_all(
        np.frombuffer(b"".join(one.body for one in part), np.uint8),
        np.cumsum([len(one.body) for one in part], dtype=np.int64),
        rows,
        np.array(cards, MASKS),
        done,
    )
    return done
