"""The river of the day: today's alarms along 24 hours, for the wall."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sifang.kernel.time import SHANGHAI
from sifang.monitoring.models import Alarm

LEFT, WIDTH = 20, 1800  # drawing units of 00:00 and of 24 hours


def river(alarms: Iterable[Alarm], now: datetime) -> SafeString:
    """Return an SVG: ticks each hour, a mark per alarm (▲ untaken, ○ in work, ● done), a line for now."""
    ticks = format_html_join(
        "",
        '<path d="M{0} 8V66" class="tick{1}"/>{2}',
        (
            (
                x := LEFT + WIDTH * hour // 24,
                " tick--6" if hour % 6 == 0 else "",
                format_html('<text x="{}" y="88" text-anchor="middle">{}</text>', x, f"{hour:02d}")
                if hour % 2 == 0
                else "",
            )
            for hour in range(25)
        ),
    )
    marks = format_html_join("", "{}", ((mark(alarm),) for alarm in alarms))
    at = x_of(now)
    body = format_html(
        '{}<rect class="future" x="{}" y="8" width="{}" height="58"/>{}<path d="M{} 0V66" class="now"/>'
        '<text x="{}" y="26" class="nowt">现在 {}</text>',
        ticks,
        at,
        LEFT + WIDTH - at,
        marks,
        at,
        at + 8,
        now.astimezone(SHANGHAI).strftime("%H:%M"),
    )
    return format_html(
        '<svg class="river" viewBox="0 0 1840 96" preserveAspectRatio="none" role="img"'
        ' aria-label="今日报警时间带">{}</svg>',
        body,
    )


def mark(alarm: Alarm) -> SafeString:
    x = x_of(alarm.raised_at)
    if alarm.state == "open" and not alarm.past:
        return format_html('<path class="m-out" d="M{} 30l9 16h-18Z"/>', x)
    look = "done" if alarm.state == "closed" else "open"
    return format_html('<g class="rv--{}"><circle cx="{}" cy="38" r="7"/></g>', look, x)


def x_of(instant: datetime) -> int:
    """Return where an instant of today stands."""
    local = instant.astimezone(SHANGHAI)
    return LEFT + WIDTH * (local.hour * 60 + local.minute) // (24 * 60)
