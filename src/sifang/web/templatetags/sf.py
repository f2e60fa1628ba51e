"""Small parts of pages: shapes, icons, law marks, figures with their units, clocks."""

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sifang.kernel.time import SHANGHAI, utc_now
from sifang.web.present.law import LawMark, law_mark
from sifang.web.present.shapes import ICONS, QUARTER, SHAPES

register = template.Library()

THIN = "\u2009"
WEEKDAYS = "一二三四五六日"
KM_FROM_M = 1000


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Return an icon of `ICONS`, decorative: the word stands beside it."""
    extra = f" sf-i--{size}" if size else ""
    body = mark_safe(ICONS[name])  # noqa: S308 (our own constant)
    return format_html('<svg class="sf-i{}" viewBox="0 0 20 20" aria-hidden="true">{}</svg>', extra, body)


@register.simple_tag
def shape(name: str, px: int = 16) -> SafeString:
    """Return the shape of a state; always with its word beside it."""
    body = mark_safe(SHAPES[name])  # noqa: S308 (our own constant)
    return format_html(
        '<svg viewBox="0 0 16 16" width="{}" height="{}" aria-hidden="true">{}</svg>', px, px, body
    )


@register.simple_tag
def state(name: str, word: str, chip: str = "") -> SafeString:
    """Return shape + word + colour of a state."""
    look = {"old": "plain", "note": "plain", "target": "plain"}.get(name, name)
    more = " sf-st--chip" if chip else ""
    return format_html('<span class="sf-st sf-st--{}{}">{}{}</span>', look, more, shape(name), word)


@register.simple_tag
def seal(px: int = 28) -> SafeString:
    """Return the logo: four quarters round an open centre."""
    quarters = "".join(
        f'<path d="{QUARTER}" fill="currentColor" transform="rotate({turn} 10 10)"/>'
        for turn in (0, 90, 180, 270)
    )
    body = mark_safe(quarters + '<circle cx="10" cy="10" r="1.9" fill="currentColor"/>')  # noqa: S308
    return format_html(
        '<svg viewBox="0 0 20 20" width="{}" height="{}" aria-hidden="true">{}</svg>', px, px, body
    )


@register.simple_tag
def proof(word: str = "待见证") -> SafeString:
    """Return the badge of evidence, awaiting every witness: the log of this release has none yet."""
    quarters = "".join(
        f'<path class="q" d="{QUARTER}" transform="rotate({turn} 10 10)"/>' for turn in (0, 90, 180, 270)
    )
    body = mark_safe(quarters)  # noqa: S308 (our own constant)
    return format_html(
        '<span class="sf-proof sf-proof--prov"><svg viewBox="-1 -1 22 22" aria-hidden="true">{}</svg>'
        "{}</span>",
        body,
        word,
    )


@register.simple_tag
def law(article: str, sure: str = "") -> SafeString:
    """Return the law mark of one citation; it says how sure we are of the text (UI § 2)."""
    mark: LawMark = law_mark(article, sure)
    note = format_html("<i>{}</i>", mark.note) if mark.note else ""
    return format_html(
        '<span class="sf-law{}" tabindex="0" title="{}">{}{}</span>',
        f" sf-law--{mark.look}" if mark.look else "",
        mark.gist,
        mark.words,
        note,
    )


@register.simple_tag
def prob(value: float | None, threshold: float = 0.95, look: str = "outside", width: int = 56) -> SafeString:
    """Return a probability bar with the threshold tick, and the figure."""
    if value is None:
        return SafeString("")
    body = format_html(
        '<rect width="{0}" height="8" rx="1" fill="var(--sunken)"/>'
        '<rect width="{1}" height="8" rx="1" fill="var(--{2})"/>'
        '<path d="M{3} -1v10" stroke="var(--ink)" stroke-width="1.5"/>',
        width,
        round(width * value, 1),
        look,
        round(width * threshold, 1),
    )
    return format_html(
        '<span class="sf-prob" title="标准 {}"><svg viewBox="0 0 {} 8" width="{}" height="8"'
        ' aria-hidden="true">{}</svg><span class="sf-num">{}</span></span>',
        percent(threshold),
        width,
        width,
        body,
        percent(value),
    )


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
def side(distance_m: float | None) -> str:
    """Return 界外 240 m or 界内 58 m; outside is positive."""
    if distance_m is None:
        return "—"
    return f"{'界外' if distance_m > 0 else '界内'} {metres(distance_m)}"


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
