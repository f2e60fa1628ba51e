"""How a decoded fix becomes a row of the columns of `monitoring.intake.columns`."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import (
    F_LOCATED,
    F_REPLAYED,
    FIX,
    NO_BATTERY,
    SOURCE_UNKNOWN,
)
from sifang.monitoring.intake.fixes import Fix

NO_SATELLITES = 255
FULL = 100
_NAN = float("nan")


def row_of(
    fix: Fix,
    *,
    device: int,
    received_s: int,
    flags: int = 0,
    source: int = SOURCE_UNKNOWN,
) -> tuple[object, ...]:
    """Return one row; `flags` are added to what the fix itself says. NaN where nothing was given.

    A fix without a time of its own counts as taken when received.
    """
    own = (F_LOCATED if fix.located else 0) | (F_REPLAYED if fix.replayed else 0)
    battery = NO_BATTERY if fix.battery_percent is None else min(round(fix.battery_percent), FULL)
    satellites = NO_SATELLITES if fix.satellites is None else min(fix.satellites, NO_SATELLITES)
    return (
        device,
        -1,
        received_s if fix.taken_s is None else fix.taken_s,
        received_s,
        *map(_number, (fix.lon, fix.lat, fix.accuracy_m, fix.altitude_m, fix.speed_kmh, fix.course_deg)),
        own | flags,
        battery,
        satellites,
        source,
        0,
        0,
    )


def _number(value: float | None) -> float:
    return _NAN if value is None else value


def columns_of(rows: Iterable[tuple[object, ...]]) -> NDArray[np.void]:
    """Return rows as FIX columns."""
    return np.array(list(rows), dtype=FIX)
