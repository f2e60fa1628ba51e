"""How the oracle counts: its own months, its own working days. Written from PROCEDURES §§ 1, 7 alone.

Days are Shanghai's. An end is the instant at which the time is over: 24:00 of the last day is 00:00 of the
next. The rest days come from the package chinesecalendar, not from the tables of the house.
"""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from chinese_calendar import is_workday

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE = timedelta(days=1)
Ends = tuple[datetime, str]  # when, and whether law or a target of the house says so


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


@cache
def works(day: date) -> bool:
    return bool(is_workday(day))


def month_end(day: date) -> bool:
    return (day + ONE).day == 1


def same_day(day: date, months: int) -> date:
    """The same-number day months on; where it is missing, the last day of that month."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - ONE
    return min(first + timedelta(days=day.day - 1), last)


def in_months(day: date, months: int) -> date:
    """刑诉法解释202条: the same day of the month; from a month's last day to a month's last day."""
    found = same_day(day, months)
    if month_end(day):
        while not month_end(found):
            found += ONE
    return found


def rolled(day: date) -> date:
    """刑事诉讼法105条: a last day on a rest day moves to the first working day after it."""
    while not works(day):
        day += ONE
    return day


def over(day: date) -> datetime:
    return midnight(day + ONE)


def law_days(since: date, n: int) -> Ends:
    return over(rolled(since + timedelta(days=n))), "law"


def law_days_fixed(since: date, n: int) -> Ends:
    """Never moved: what protects the person, and what is counted back from an event."""
    return over(since + timedelta(days=n)), "law"


def law_months(since: date, n: int) -> Ends:
    return over(rolled(in_months(since, n))), "law"


def cap(since: date, months: int) -> date:
    """The last day of a cap in months, which begins on the day itself."""
    return same_day(since, months) - ONE


def that_day(day: date) -> Ends:
    return over(day), "law"


def house_days(since: date, n: int) -> Ends:
    return over(since + timedelta(days=n)), "target"


def house_months(since: date, n: int) -> Ends:
    return over(in_months(since, n)), "target"


def house_workdays(since: date, n: int) -> Ends:
    day = since
    while n:
        day += ONE
        n -= works(day)
    return over(day), "target"


def house_hours(since: date | datetime, n: int) -> Ends:
    """Hours run from the instant, to the second; from a day, from its 00:00."""
    start = since if isinstance(since, datetime) else midnight(since)
    return start.astimezone(SHANGHAI).replace(microsecond=0) + timedelta(hours=n), "target"
