"""How the law counts months and what its day is (PROCEDURES § 1 and § 7): deadlines, caps, sentences.

Days are legal days in Shanghai. Nothing here rolls over a holiday: a cap never does, and the rolling of
deadlines needs a `law.calendar`; `law.due` puts both together.
"""

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from sifang.kernel.errors import SifangError
from sifang.kernel.time import SHANGHAI

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMED = re.compile(r"\d{4}-\d{2}-\d{2}[T ].+")


class BadTime(SifangError):
    """看不懂或算不出的时间：{text}。请写 2026-09-25 或 2026-09-25T16:30:00+08:00。"""

    code: ClassVar[str] = "bad_time"
    status: ClassVar[int] = 400


MONTHS_A_YEAR = 12
ONE_DAY = timedelta(days=1)


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
    return months_later(start, months) - ONE_DAY


def cap_ends_at(start: date, months: int) -> datetime:
    """Return the instant (exclusive, aware, Shanghai midnight) at which a cap in months has ended."""
    return day_begins(cap_last_day(start, months) + ONE_DAY)


def months_back(event: date, months: int) -> date:
    """Return the latest day that is `months` before an event: the same-number day; month-end to month-end.

    The mirror of `deadline_in_months` (刑诉法解释202条1款); a missing day is that month's last day.
    """
    return deadline_in_months(event, -months)


def sentence_end(start: date, *, years: int = 0, months: int = 0) -> date:
    """Return the last day (inclusive) of a sentence or probation term that begins on `start`.

    The day before the same-number day; where that is missing, the day before the month's last day.
    A part in months that starts on a month's last day runs to the day before a month's last day.

    Source: 刑诉法解释202条2款.
    """
    after = months_later(start, years * MONTHS_A_YEAR + months)
    if months and _is_month_end(start):
        after = _month_end(after)
    return after - ONE_DAY


def legal_day(when: date | datetime) -> date:
    """Return the legal day: an instant's date in Shanghai (naive: Shanghai's own), or the day itself."""
    return moment_in_shanghai(when).date() if isinstance(when, datetime) else when


def moment_in_shanghai(when: date | datetime) -> datetime:
    """Return an instant on Shanghai's clock, to the second; a naive one is Shanghai's, a day is its 00:00.

    Raises BadTime where that instant has no date.
    """
    if not isinstance(when, datetime):
        return day_begins(when)
    aware = when if when.tzinfo else when.replace(tzinfo=SHANGHAI)
    try:
        return aware.astimezone(SHANGHAI).replace(microsecond=0)
    except OverflowError as error:
        raise BadTime(text=when.isoformat()) from error


def read_moment(text: str) -> date | datetime:
    """Return what `2026-09-25`, or the same with a time and perhaps a zone, says. Raises BadTime."""
    words = text.strip()
    try:
        if _DATE.fullmatch(words):
            return date.fromisoformat(words)
        if _TIMED.fullmatch(words):
            return moment_in_shanghai(datetime.fromisoformat(words))
    except ValueError:
        pass
    raise BadTime(text=text)


def day_begins(day: date) -> datetime:
    """Return 00:00 of a legal day in Shanghai, aware: 24:00 of the day before."""
    return datetime.combine(day, time(), SHANGHAI)


def _is_month_end(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
