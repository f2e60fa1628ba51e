"""A deadline as shape and words: ring expected, half due soon, disc overdue, dotted a target (UI § 4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sifang.kernel.time import SHANGHAI, legal_day

WEEKDAYS = "一二三四五六日"
SOON = timedelta(days=3)
LAST_PART = 0.2


@dataclass(frozen=True)
class Deadline:
    """`look`: overdue, due, expected, target, done; `words` in the list, `title` the full instant."""

    look: str
    words: str
    title: str
    is_strong: bool
    is_target: bool
    is_late: bool


def deadline(due_at: datetime | None, due_kind: str, opened_at: datetime, now: datetime) -> Deadline:
    """Return the clock of one matter; `due_at` is exclusive, so midnight belongs to the day before."""
    if due_at is None:
        return Deadline("expected", "无法定天数", "法律没有规定天数", False, False, False)
    target = due_kind == "target"
    last = (due_at - timedelta(microseconds=1)).astimezone(SHANGHAI)
    whole = (
        f"{last:%Y-%m-%d} {'24:00' if _is_midnight(due_at) else f'{due_at.astimezone(SHANGHAI):%H:%M}'} 前"
    )
    today = legal_day(now)
    if due_at <= now:
        return Deadline(
            "target" if target else "overdue", _late(due_at, now, target), whole, True, target, True
        )
    if last.date() == today:
        words = "今天" if _is_midnight(due_at) else f"今天 {due_at.astimezone(SHANGHAI):%H:%M} 前"
        return Deadline("target" if target else "due", words, whole, not target, target, False)
    words = f"{last:%m-%d} 周{WEEKDAYS[last.weekday()]}"
    if last.year != today.year:
        words = f"{last:%Y-%m-%d}"
    left = due_at - now
    soon = left <= SOON or left <= (due_at - opened_at) * LAST_PART
    look = "target" if target else "due" if soon else "expected"
    return Deadline(look, words, whole, False, target, False)


def _is_midnight(moment: datetime) -> bool:
    local = moment.astimezone(SHANGHAI)
    return local.hour == local.minute == local.second == 0


def _late(due_at: datetime, now: datetime, target: bool) -> str:
    days = (legal_day(now) - legal_day(due_at - timedelta(microseconds=1))).days
    long = f"{days} 天" if days else f"{max(1, int((now - due_at).total_seconds() // 3600))} 小时"
    return f"超过 {long}" if target else f"逾期 {long}"
