"""Deadlines in the words and shapes of pages: remaining time, law or target, never one as the other."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sifang.kernel.time import SHANGHAI, legal_day

SOON = timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """`look`: expected, due, overdue or target (a dashed ring, never red: no legal period passed)."""

    look: str
    words: str
    on: date | None
    counted: str = ""
    is_target: bool = False


def clock_of(
    due_at: datetime | None, kind: str, now: datetime, opened_at: datetime | None = None, counted: str = ""
) -> Clock | None:
    """Return the clock of a deadline (`due_at` exclusive, aware), or None where the law gives no period."""
    if due_at is None:
        return None
    on = legal_day(due_at - INSTANT)
    left = due_at - now
    is_target = kind == "target"
    if left <= timedelta(0):
        words = f"{'超过内部目标' if is_target else '逾期'} {span(-left)}"
        return Clock("target" if is_target else "overdue", words, on, counted, is_target)
    words = at_clock(due_at) if on == legal_day(now) else f"还有 {(on - legal_day(now)).days} 天"
    soon = min(SOON, (due_at - opened_at) / 5) if opened_at else SOON
    look = "target" if is_target else "due" if left <= soon or on == legal_day(now) else "expected"
    return Clock(look, words, on, counted, is_target)


def at_clock(due_at: datetime) -> str:
    """Return 今天 24 时前, or the time of day on which a period of hours ends."""
    local = due_at.astimezone(SHANGHAI)
    return "今天 24 时前" if (local.hour, local.minute) == (0, 0) else f"今天 {local:%H:%M} 前"


def span(length: timedelta) -> str:
    """Return a length of time in whole days or hours."""
    if length >= DAY:
        return f"{length // DAY} 天"
    return f"{length // HOUR} 小时" if length >= HOUR else "不足 1 小时"
