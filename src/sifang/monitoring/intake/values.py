"""Reading the loosely typed values of HTTP trackers: numbers, instants, "unknown" marks."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sifang.monitoring.intake.fixes import BadFrame, BadValue, Fix, sane

MILLISECONDS_FROM = 1 << 31  # a larger number cannot be seconds before 2038
FULL_PERCENT = 100.0
LONGEST_ID = 60


def device_id(told: str) -> str:
    """Return what a tracker calls itself. Raises BadFrame for what no tracker is called."""
    if not told.isprintable() or len(told) > LONGEST_ID:
        raise BadFrame("device id is too long or not printable")
    return told


def number(fields: Mapping[str, object], *names: str) -> float | None:
    """Return the first of these fields as a number, never −0; None where absent or empty. Raises BadValue."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        try:
            told = float(value) if isinstance(value, str | int | float) else math.nan
        except (ValueError, OverflowError):
            told = math.nan
        if isinstance(value, bool) or not math.isfinite(told):
            raise BadValue(f"{name} {str(value)[:40]!r}")
        return told + 0.0
    return None


def unless_negative(value: float | None) -> float | None:
    """Return None for the −1 by which trackers say "unknown"."""
    return value if value is not None and value >= 0 else None


def unless_zero(value: float | None) -> float | None:
    """Return None for an accuracy of 0 (or less): nobody knows a place exactly."""
    return value if value is not None and value > 0 else None


def percent(value: float | None) -> float | None:
    """Return a battery percentage, None outside 0 to 100."""
    return value if value is not None and 0 <= value <= FULL_PERCENT else None


def instant(value: object) -> int | None:
    """Return Unix seconds of seconds, milliseconds or ISO 8601 (without zone: UTC). Raises BadValue."""
    if value is None or value == "":
        return None
    try:
        told = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        told = None
    if told is not None and math.isfinite(told):
        return int(told / 1000 if abs(told) >= MILLISECONDS_FROM else told)
    try:
        moment = datetime.fromisoformat(str(value).strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadValue(f"time {str(value)[:40]!r}") from None


def placed(fix: Fix) -> Fix:
    """Return the fix, checked; latitude 0 with longitude 0 is no place. Raises BadValue."""
    sane(fix)
    if fix.located and fix.lon is not None and fix.lat is not None and (fix.lon, fix.lat) != (0, 0):
        return fix
    return replace(fix, lon=None, lat=None, located=False)
