"""Figures with their units, instants in Shanghai, lengths of time: filters and plain functions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import template

from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring.engine.constants import HORIZON_M

register = template.Library()

THIN = "\u2009"
WEEKDAYS = "一二三四五六日"
KM_FROM_M = 1000
SIDES = {"inside": ("界外", "界内"), "outside": ("场所内", "场所外")}  # unlawful, lawful


@register.filter
def percent(value: float | None) -> str:
    """Return whole percent, never rounded up to 100 nor down to 0."""
    if value is None:
        return "—"
    return f"{min(99, max(1, round(value * 100)))}%"


@register.filter
def metres(value: float | None) -> str:
    """Return 240 m, 6.2 km: figure, thin space, unit."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return "—"
    size = abs(value)
    return f"{size / KM_FROM_M:.1f}{THIN}km" if size >= KM_FROM_M else f"{size:.0f}{THIN}m"


@register.filter
def away(distance_m: float | None) -> str:
    """Return a distance to a line: 240 m, or 超过 3 km where the engine measured no farther."""
    if distance_m is not None and abs(distance_m) >= HORIZON_M:
        return f"超过 {HORIZON_M / KM_FROM_M:.0f}{THIN}km"
    return metres(distance_m)


@register.filter
def side(distance_m: float | None, keeps: str = "inside") -> str:
    """Return 界外 240 m or 界内 58 m; of a prohibited place 场所内, 场所外. Positive = the unlawful side."""
    if distance_m is None:
        return "—"
    wrong, right = SIDES[keeps]
    return f"{wrong if distance_m > 0 else right} {away(distance_m)}"


@register.filter
def at(value: datetime | int | None, pattern: str = "%m-%d %H:%M") -> str:
    """Return an instant (aware, or Unix seconds) in Shanghai."""
    if value is None:
        return "—"
    instant = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value
    return instant.astimezone(SHANGHAI).strftime(pattern)


@register.filter
def clock(value: datetime | int | None) -> str:
    """Return the time of day with seconds, in Shanghai."""
    return at(value, "%H:%M:%S")


@register.filter
def day(value: date | datetime | None) -> str:
    """Return 2026-11-23, a legal day in Shanghai."""
    if value is None:
        return "—"
    return (value.astimezone(SHANGHAI) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


@register.filter
def bar_clock(value: datetime) -> str:
    """Return 11月23日 周一 10:42:18."""
    local = value.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 周{WEEKDAYS[local.weekday()]} {local:%H:%M:%S}"


@register.filter
def before(value: datetime | None) -> str:
    """Return the end of a period (exclusive) as its last moment: 11-30 周一 24:00, or 11-30 周一 14:20."""
    if value is None:
        return "—"
    local = value.astimezone(SHANGHAI)
    is_midnight = (local.hour, local.minute) == (0, 0)
    last = local - timedelta(days=1) if is_midnight else local
    return f"{last:%m-%d} 周{WEEKDAYS[last.weekday()]} {'24:00' if is_midnight else f'{local:%H:%M}'}"


@register.filter
def ago(value: datetime | int | None) -> str:
    """Return 32 秒前, 12 分钟前, 3 小时前, 2 天前."""
    if value is None:
        return "从未"
    instant = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value
    return f"{span((utc_now() - instant).total_seconds())}前"


@register.filter
def elapsed(value: datetime | None) -> str:
    """Return the time since `value` as m:ss, from ten minutes on in words."""
    if value is None:
        return ""
    seconds = max(0, int((utc_now() - value).total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02d}" if seconds < 600 else span(seconds)  # noqa: PLR2004


def span(seconds: float) -> str:
    """Return a length of time in its largest fitting unit."""
    for size, word in ((86400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{int(seconds // size)} {word}"
    return f"{max(0, int(seconds))} 秒"


@register.filter
def iso(value: datetime | None) -> str:
    return value.isoformat() if value else ""


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)
