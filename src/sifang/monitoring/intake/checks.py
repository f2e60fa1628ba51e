"""The checks of admission as one pass over a tick, compiled; see `admission` for what they mean."""

from typing import Any

import numpy as np
from numba import njit, types
from numba.np.numpy_support import from_dtype

from sifang.monitoring.intake.columns import (
    F_ASSUMED,
    F_LATE,
    F_LOCATED,
    FIX,
    SOURCE_GNSS,
    SOURCE_UNKNOWN,
)
from sifang.monitoring.intake.identity import digest_of_row

WINDOWS = 4  # terms kept per device: in force, to come, just ended
RECENT = 16  # last fixes remembered per device, to absorb what is sent again
FUTURE_S = 120  # more than this ahead of the server = future (DESIGN § 3)
OLDEST_S = 100 * 86400  # no measure lasts longer than three months: older is a broken clock

ACCEPTED, ABSORBED = 0, 1
UNKNOWN_DEVICE, FUTURE, TOO_OLD, BAD_POSITION, NO_MEASURE, MEASURE_ENDED, BEFORE_MEASURE = 2, 3, 4, 5, 6, 7, 8
REASONS = {
    UNKNOWN_DEVICE: "unknown_device",
    FUTURE: "future",
    TOO_OLD: "too_old",
    BAD_POSITION: "bad_position",
    NO_MEASURE: "no_measure",
    MEASURE_ENDED: "measure_ended",
    BEFORE_MEASURE: "before_measure",
}
_FEW_SATELLITES, _NO_SATELLITES = 4, 255


def _bad_position(lon: float, lat: float) -> bool:
    return not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0) or (lon == 0.0 and lat == 0.0)


_bad_position_c = njit(types.boolean(types.float64, types.float64), cache=True)(_bad_position)


def _window(measures: Any, from_s: Any, to_s: Any, taken_s: int, received_s: int) -> tuple[int, int]:
    """Return (reason, measure): the term in force at `received_s` must hold `taken_s` too."""
    any_ended = False
    for k in range(len(measures)):
        if measures[k] < 0:
            continue
        if to_s[k] <= received_s:
            any_ended = True
        if from_s[k] <= received_s < to_s[k]:
            if taken_s < from_s[k]:
                return BEFORE_MEASURE, -1
            if taken_s >= to_s[k]:
                return MEASURE_ENDED, -1
            return ACCEPTED, measures[k]
    return (MEASURE_ENDED if any_ended else NO_MEASURE), -1


_window_c = njit(cache=True)(_window)


def _admit(
    fixes: Any,
    reasons: Any,
    conflicts: Any,
    known: Any,
    win_measure: Any,
    win_from: Any,
    win_to: Any,
    assumed: Any,
    mark_s: Any,
    recent_s: Any,
    recent_digest: Any,
    recent_at: Any,
    k0: Any,
    k1: Any,
) -> None:
    for i in range(len(fixes)):
        d = fixes[i]["device"]
        taken, received = fixes[i]["taken_s"], fixes[i]["received_s"]
        fixes[i]["measure"] = -1
        conflicts[i] = 0
        if d < 0 or d >= len(known) or not known[d]:
            reasons[i] = UNKNOWN_DEVICE
            continue
        if taken > received + FUTURE_S:
            reasons[i] = FUTURE
            continue
        if taken < received - OLDEST_S:
            reasons[i] = TOO_OLD
            continue
        flags = fixes[i]["flags"] & ~np.uint32(F_ASSUMED | F_LATE)  # ours to say
        fixes[i]["flags"] = flags
        if flags & F_LOCATED:
            if _bad_position_c(fixes[i]["lon"], fixes[i]["lat"]):
                reasons[i] = BAD_POSITION
                continue
        else:  # an old position repeated: never move a person on it
            fixes[i]["lon"] = np.nan
            fixes[i]["lat"] = np.nan
        reason, measure = _window_c(win_measure[d], win_from[d], win_to[d], taken, received)
        if reason != ACCEPTED:
            reasons[i] = reason
            continue
        digest = digest_of_row(fixes, i, k0, k1)
        fixes[i]["digest"] = digest
        seen = False
        for k in range(RECENT):
            if recent_s[d, k] == taken:
                if recent_digest[d, k] == digest:
                    seen = True
                else:  # two contents for one second: a sign of a clone
                    conflicts[i] = 1
        if seen:
            reasons[i] = ABSORBED
            conflicts[i] = 0  # said when it came first
            continue
        if taken > mark_s[d]:
            mark_s[d] = taken
        else:
            flags |= np.uint32(F_LATE)
        at = recent_at[d]
        recent_s[d, at] = taken
        recent_digest[d, at] = digest
        recent_at[d] = (at + 1) % RECENT
        accuracy = fixes[i]["accuracy_m"]
        if not (0.0 < accuracy < np.inf):
            source = fixes[i]["source"] if fixes[i]["source"] < len(assumed[d]) else SOURCE_UNKNOWN
            accuracy = assumed[d, source]
            if source in (SOURCE_UNKNOWN, SOURCE_GNSS):
                satellites = fixes[i]["satellites"]
                if satellites < _FEW_SATELLITES:
                    accuracy *= 4
                elif satellites < _FEW_SATELLITES + 2 and satellites != _NO_SATELLITES:
                    accuracy *= 2
            fixes[i]["accuracy_m"] = accuracy
            flags |= np.uint32(F_ASSUMED)
        fixes[i]["flags"] = flags
        fixes[i]["measure"] = measure
        reasons[i] = ACCEPTED


def _remember(fixes: Any, mark_s: Any, recent_s: Any, recent_digest: Any, recent_at: Any) -> None:
    for i in range(len(fixes)):
        d = fixes[i]["device"]
        if d < 0 or d >= len(mark_s):
            continue
        mark_s[d] = max(mark_s[d], fixes[i]["taken_s"])
        at = recent_at[d]
        recent_s[d, at] = fixes[i]["taken_s"]
        recent_digest[d, at] = fixes[i]["digest"]
        recent_at[d] = (at + 1) % RECENT


_FIXES = types.Array(from_dtype(FIX), 1, "C")
_I8, _U1, _B, _F4 = types.int64, types.uint8, types.boolean, types.float32
_MARKS = (_I8[::1], _I8[:, ::1], types.uint64[:, ::1], _U1[::1])
admit_rows = njit(
    types.void(
        _FIXES, _U1[::1], _U1[::1], _B[::1], _I8[:, ::1], _I8[:, ::1], _I8[:, ::1], _F4[:, ::1],
        *_MARKS, types.uint64, types.uint64,
    ),
    cache=True,
    nogil=True,
)(_admit)  # fmt: skip
remember_rows = njit(types.void(_FIXES, *_MARKS), cache=True, nogil=True)(_remember)
