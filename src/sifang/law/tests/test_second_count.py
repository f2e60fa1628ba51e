"""A second count of every rule: from the block of PROCEDURES § 7 and the reference package, by other code.

Nothing of `sifang.law` counts here; only the answers are compared.
"""

import random
from datetime import date, timedelta

import chinese_calendar
import pytest

from sifang.law.calendar import calendar_in_force
from sifang.law.due import due
from sifang.law.tests.test_rules import rows_of

ONE = timedelta(days=1)
SAMPLES = 3000


def works(day: date) -> bool:
    published = 2004 <= day.year <= 2026
    return chinese_calendar.is_workday(day) if published else day.weekday() < 5


def last_of(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - ONE).day


def moved(day: date, months: int, *, keeps_month_ends: bool) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = last_of(year, month + 1)
    at_the_end = keeps_month_ends and day.day == last_of(day.year, day.month)
    return date(year, month + 1, last if at_the_end else min(day.day, last))


def workdays(start: date, count: int) -> tuple[date, date]:
    found: list[date] = []
    day = start
    while len(found) < count:
        day += ONE
        if works(day):
            found.append(day)
    return found[0], found[-1]


def second_count(row: dict[str, str], start: date, *, custody: bool) -> tuple[date | None, date | None]:
    n, unit = int(row["n"]), row.get("unit")
    if row["kind"] in ("threshold", "count"):
        return None, None
    if unit == "hour":
        return start, start + timedelta(hours=n)
    if unit == "workday":
        return workdays(start, n)
    return by_the_calendar(row, start, n, custody=custody)


def by_the_calendar(row: dict[str, str], start: date, n: int, *, custody: bool) -> tuple[date, date]:
    unit, kind = row["unit"], row["kind"]
    if "before" in row:
        back = start - n * ONE if unit == "day" else moved(start, -n, keeps_month_ends=True)
        return start - ONE, back
    if kind == "cap" and unit == "month":
        return start, moved(start, n, keeps_month_ends=False) - ONE
    if kind == "minimum":
        return start + ONE, moved(start, n * (12 if unit == "year" else 1), keeps_month_ends=False)
    last = start + n * ONE if unit == "day" else moved(start, n, keeps_month_ends=True)
    stays = custody and row.get("roll_if_custody") == "false"
    while row.get("roll") == "true" and not stays and not works(last):
        last += ONE
    return start + ONE, last


@pytest.fixture(scope="module")
def rows(shared):
    return rows_of((shared / "law" / "PROCEDURES.md").read_text(encoding="utf-8"))


def test_both_counts_agree(rows):
    dice = random.Random(20261124)
    calendar = calendar_in_force()
    for turn in range(SAMPLES):
        name = list(rows)[turn % len(rows)]
        start, custody = date(2004, 3, 1) + timedelta(days=dice.randrange(8600)), dice.random() < 0.3
        answer = due(name, start, calendar=calendar, custody=custody)
        wanted = second_count(rows[name], start, custody=custody)
        assert (answer.counted_from, answer.due_on) == wanted, (name, start, custody)


def test_a_period_one_day_off_is_seen(rows):
    calendar = calendar_in_force()
    wrong = rows["handover.docs"] | {"n": "11"}
    starts = [date(2026, 3, 2) + timedelta(days=n) for n in range(14)]
    answers = {due("handover.docs", start, calendar=calendar).due_on for start in starts}
    assert answers != {second_count(wrong, start, custody=False)[1] for start in starts}
