"""How the law counts months (PROCEDURES § 1 and § 7): deadlines, and caps that protect the person.

Days are legal days in Shanghai. Nothing here rolls over a holiday: a cap never does, and the rolling of
deadlines needs the State Council's table of the year, which comes with the procedures.
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from sifang.kernel.time import SHANGHAI

MONTHS_A_YEAR = 12


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later; a missing day is that month's last day (刑诉法解释202条1款)."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def deadline_in_months(trigger: date, months: int) -> date:
    """Return the last day of a period in months: the same-number day; from a month's end to a month's end.

    Source: 刑诉法解释202条1款.
    """
    if _is_month_end(trigger):
        return _month_end(months_later(trigger.replace(day=1), months))
    return months_later(trigger, months)


def cap_last_day(start: date, months: int) -> date:
    """Return the last day (inclusive, until 24:00) of a cap in months that begins on `start`.

    The day before the same-number day: approved 10-08 for three months, last day 01-07; where the day is
    missing, the day before the last day of that month (as sentences: 刑诉法解释202条2款). From a month's
    last day we keep the same number, the earlier and for the person milder reading. Never rolls over a
    holiday (我方理解, PROCEDURES § 1).
    """
    return months_later(start, months) - timedelta(days=1)


def cap_ends_at(start: date, months: int) -> datetime:
    """Return the instant (exclusive, aware, Shanghai midnight) at which a cap in months has ended."""
    return day_begins(cap_last_day(start, months) + timedelta(days=1))


def day_begins(day: date) -> datetime:
    """Return 00:00 of a legal day in Shanghai, aware: 24:00 of the day before."""
    return datetime.combine(day, time(), SHANGHAI)


def _is_month_end(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
