"""The compiled decoder: a tick of bytes to rows and to answers; nothing allocated, nothing beyond a bound.

It knows the ordinary form only: message 0x0200 of the terminal that has signed in on its connection, whole,
not encrypted, items with one-byte ids and lengths that fit exactly, values that can be. Whatever else comes
is left to the pure decoder, which stays the reference: tests compare the two on samples and random streams.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.frame import (
    DELIMITER,
    ENCRYPTION_BITS,
    ESCAPE,
    HEADER_2013,
    HEADER_2019,
    LENGTH_BITS,
    MAX_FRAME,
    SUBPACKAGED,
    VERSION_2019,
)
from sifang.gateways.jt808.messages.location import FIXED_PART
from sifang.monitoring.intake.columns import (
    F_LOCATED,
    F_LOW_BATTERY,
    F_SOS,
    F_STRAP_KNOWN,
    F_STRAP_OPEN,
    FIX,
    NO_BATTERY,
    SOURCE_GNSS,
)
from sifang.monitoring.intake.rows import NO_SATELLITES

# what the kernels know of one connection; `open`: its terminal has signed in and calls itself as `head` says
SLOT = np.dtype(
    [
        ("open", "u1"),
        ("between", "u1"),  # the last delimiter opens a frame
        ("has_iccid", "u1"),  # a location that names a SIM is looked at closely
        ("head_size", "u1"),
        ("device", "<i4"),
        ("strap", "<u4"),  # masks of the quality card
        ("sos", "<u4"),
        ("low_battery", "<u4"),
        ("strap_status", "<u4"),
        ("serial", "<i8"),  # of our next message
    ]
)
HEAD = 16  # room for the bytes of an answer before its serial: 10 (2013) or 15 (2019)
MARK = np.dtype([("group", "<i4"), ("serial", "<i4"), ("start", "<i8"), ("end", "<i8")])
GROUP = np.dtype(
    [("done", "u1"), ("between", "u1"), ("first", "<i8"), ("end", "<i8"), ("tail", "<i8"), ("slot", "<i8")]
)
SMALLEST = HEADER_2013 + FIXED_PART + 2  # bytes of a frame with its checksum and one delimiter
LONGEST_ANSWER = 2 + 2 * (15 + 2 + 5 + 1)
_SECONDS_OF_GMT8 = 8 * 3600
_ACCEPTED = 0

bytes_t = nb.types.Array(nb.u1, 1, "C", readonly=True)
room_t = nb.types.Array(nb.u1, 1, "C")
rows_t = nb.types.Array(nb.from_dtype(FIX), 1, "C")
places_t = nb.types.Array(nb.i8, 1, "C")
slots_t = nb.types.Array(nb.from_dtype(SLOT), 1, "C")
marks_t = nb.types.Array(nb.from_dtype(MARK), 1, "C")
groups_t = nb.types.Array(nb.from_dtype(GROUP), 1, "C")
heads_t = nb.types.Array(nb.u1, 2, "C")


@nb.njit(nb.i8(bytes_t, nb.i8, nb.i8), cache=True, nogil=True)
def _number(data: NDArray[np.uint8], at: int, size: int) -> int:
    value = 0
    for place in range(at, at + size):
        value = value << 8 | data[place]
    return value


@nb.njit(nb.i8(bytes_t, nb.i8), cache=True, nogil=True)
def _two_digits(data: NDArray[np.uint8], at: int) -> int:
    """Return a BCD byte, or 100 where it is none."""
    high, low = data[at] >> 4, data[at] & 15
    return 100 if high > 9 or low > 9 else high * 10 + low  # noqa: PLR2004 (decimal digits)


@nb.njit(nb.i8(bytes_t, nb.i8), cache=True, nogil=True)
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


@nb.njit(nb.b1(bytes_t, nb.i8, nb.i8, rows_t, nb.i8), cache=True, nogil=True)
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


@nb.njit(nb.b1(bytes_t, nb.i8, nb.i8, rows_t, nb.i8, nb.u4, nb.u4, nb.u4, nb.u4), cache=True, nogil=True)
def read_location_row(  # noqa: PLR0917 (a compiled kernel takes its columns by position)
    data: NDArray[np.uint8],
    at: int,
    end: int,
    rows: NDArray[np.void],
    row: int,
    strap: int,
    sos: int,
    low_battery: int,
    strap_status: int,
) -> bool:
    """Fill one row from the body between `at` and `end`; False where the pure decoder must look."""
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
    if alarm & sos:
        flags |= F_SOS
    if alarm & low_battery:
        flags |= F_LOW_BATTERY
    if strap or strap_status:
        flags |= F_STRAP_KNOWN
        if alarm & strap or status & strap_status:
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


@nb.njit(nb.b1(bytes_t, nb.i8, nb.i8), cache=True, nogil=True)
def _names_a_sim(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether the bytes of item 0xF1 of twenty digits stand anywhere in a body."""
    for place in range(at, end - 1):  # noqa: SIM110 (compiled)
        if data[place] == 0xF1 and data[place + 1] == 0x14:  # noqa: PLR2004 (id and length)
            return True
    return False


@nb.njit(nb.i8(bytes_t, nb.i8, slots_t, heads_t, nb.i8, rows_t, nb.i8), cache=True, nogil=True)
def _read_frame(  # noqa: PLR0911, PLR0917 (each thing that is not ordinary)
    frame: NDArray[np.uint8],
    size: int,
    table: NDArray[np.void],
    heads: NDArray[np.uint8],
    slot: int,
    rows: NDArray[np.void],
    row: int,
) -> int:
    """Fill one row from a verified frame (with its checksum); return its serial, −1 if it is not ordinary."""
    end = size - 1
    if end < HEADER_2013 + FIXED_PART or frame[0] != 2 or frame[1] != 0:  # noqa: PLR2004 (0x0200)
        return -1
    attributes = _number(frame, 2, 2)
    if attributes & (ENCRYPTION_BITS | SUBPACKAGED):
        return -1
    body, start = attributes & LENGTH_BITS, HEADER_2013
    if attributes & VERSION_2019 and end != HEADER_2013 + body:
        start = HEADER_2019
    before_serial = start - 2
    if end != start + body or table[slot].head_size != before_serial:
        return -1
    for place in range(4 if start == HEADER_2013 else 5, before_serial):  # the terminal's number
        if frame[place] != heads[slot, place]:
            return -1
    if table[slot].has_iccid and _names_a_sim(frame, start, end):
        return -1
    rows[row].device, rows[row].measure = table[slot].device, -1
    rows[row].accuracy_m, rows[row].flags, rows[row].verdict, rows[row].digest = np.nan, 0, 0, 0
    one = table[slot]
    if not read_location_row(
        frame, start, end, rows, row, one.strap, one.sos, one.low_battery, one.strap_status
    ):
        return -1
    return _number(frame, before_serial, 2)


@nb.njit(
    nb.b1(bytes_t, nb.i8, nb.i8, nb.i8, slots_t, heads_t, room_t, rows_t, marks_t, groups_t),
    cache=True,
    nogil=True,
)
def _read_group(  # noqa: C901, PLR0912, PLR0917 (one pass over the bytes)
    data: NDArray[np.uint8],
    at: int,
    end: int,
    group: int,
    table: NDArray[np.void],
    heads: NDArray[np.uint8],
    frame: NDArray[np.uint8],
    rows: NDArray[np.void],
    marks: NDArray[np.void],
    groups: NDArray[np.void],
) -> bool:
    """Read the bytes of one connection; False at the first thing that is not ordinary."""
    slot, row = groups[group].slot, groups[group].end
    between = table[slot].between
    start, size, folded = at, 0, 0
    place = at
    while place < end:
        byte = data[place]
        if byte == DELIMITER:
            if place == start:
                between = 1
            else:
                if folded or place - start > MAX_FRAME or row >= len(rows) or row >= len(marks):
                    return False
                serial = _read_frame(frame, size, table, heads, slot, rows, row)
                if serial < 0:
                    return False
                marks[row].group, marks[row].serial = group, serial
                marks[row].start, marks[row].end = start, place
                row += 1
                between = 0
            start, size, folded = place + 1, 0, 0
        else:
            if byte == ESCAPE:
                place += 1
                if place == end:
                    break
                if data[place] == 1:
                    byte = nb.u1(0x7D)
                elif data[place] == 2:  # noqa: PLR2004 (the two escapes)
                    byte = nb.u1(0x7E)
                else:
                    return False
            if size >= len(frame):
                return False
            frame[size] = byte
            size += 1
            folded ^= byte
        place += 1
    if end - start > MAX_FRAME:
        return False
    groups[group].end, groups[group].tail, groups[group].between = row, start, between
    return True


@nb.njit(nb.b1(places_t, room_t), cache=True, nogil=True)
def all_differ(slots: NDArray[np.int64], seen: NDArray[np.uint8]) -> bool:
    """Whether no slot stands there twice; `seen` has a place for each slot, all 0 before and after."""
    noted = 0
    for slot in slots:
        if not 0 <= slot < len(seen) or seen[slot]:
            break
        seen[slot] = 1
        noted += 1
    for place in range(noted):
        seen[slots[place]] = 0
    return noted == len(slots)


@nb.njit(
    nb.i8(bytes_t, places_t, slots_t, heads_t, room_t, rows_t, marks_t, groups_t), cache=True, nogil=True
)
def read_tick(  # noqa: PLR0917
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    table: NDArray[np.void],
    heads: NDArray[np.uint8],
    frame: NDArray[np.uint8],
    rows: NDArray[np.void],
    marks: NDArray[np.void],
    groups: NDArray[np.void],
) -> int:
    """Read a tick: the bytes of `groups[g]` (a connection's slot) end before `ends[g]`; returns the rows.

    A group is `done` when all of it was ordinary: its rows are those from `first` to `end`, its unfinished
    bytes begin at `tail`. Of the others no row is left.
    """
    at, row = 0, 0
    for group in range(min(len(ends), len(groups))):
        end = ends[group]
        if end > len(data) or end < at:
            return row
        slot = groups[group].slot
        groups[group].first, groups[group].end = row, row
        is_known = 0 <= slot < len(table) and slot < len(heads) and table[slot].open
        if is_known and _read_group(data, at, end, group, table, heads, frame, rows, marks, groups):
            groups[group].done = 1
            row = groups[group].end
        at = end
    return row


@nb.njit(nb.i8(room_t, nb.i8, nb.i8), cache=True, nogil=True)
def _put(out: NDArray[np.uint8], at: int, byte: int) -> int:
    """Write one byte, escaped where it must be; the caller has seen to the room."""
    if byte == DELIMITER or byte == ESCAPE:  # noqa: PLR1714, SIM109 (compiled)
        out[at], out[at + 1] = ESCAPE, (2 if byte == DELIMITER else 1)
        return at + 2
    out[at] = byte
    return at + 1


@nb.njit(nb.i8(room_t, nb.i8, slots_t, heads_t, nb.i8, nb.i8), cache=True, nogil=True)
def _write_answer(  # noqa: PLR0917
    out: NDArray[np.uint8],
    at: int,
    table: NDArray[np.void],
    heads: NDArray[np.uint8],
    slot: int,
    answered: int,
) -> int:
    """Write one 0x8001 to a location of serial `answered`, result 0; takes our next serial."""
    out[at] = DELIMITER
    at += 1
    folded = 0
    for place in range(min(table[slot].head_size, heads.shape[1])):
        folded ^= heads[slot, place]
        at = _put(out, at, heads[slot, place])
    serial = table[slot].serial
    table[slot].serial = (serial + 1) & 0xFFFF
    for byte in (serial >> 8, serial & 255, answered >> 8, answered & 255, 2, 0, _ACCEPTED):
        folded ^= byte
        at = _put(out, at, byte)
    at = _put(out, at, folded)
    out[at] = DELIMITER
    return at + 1


@nb.njit(nb.i8(groups_t, marks_t, room_t, slots_t, heads_t, room_t, places_t), cache=True, nogil=True)
def write_answers(  # noqa: PLR0917
    groups: NDArray[np.void],
    marks: NDArray[np.void],
    received: NDArray[np.uint8],
    table: NDArray[np.void],
    heads: NDArray[np.uint8],
    out: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> int:
    """Write the answers of a tick, one behind the other; those to group g end before `ends[g]`.

    Rows whose `received` is 0 are not answered. Returns the bytes written; stops where `out` is full.
    """
    at = 0
    for group in range(min(len(groups), len(ends))):
        slot = groups[group].slot
        if 0 <= slot < len(table) and slot < len(heads):
            for row in range(groups[group].first, min(groups[group].end, len(marks), len(received))):
                if received[row] and at + LONGEST_ANSWER <= len(out):
                    at = _write_answer(out, at, table, heads, slot, marks[row].serial)
        ends[group] = at
    return at
