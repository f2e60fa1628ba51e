"""How months are counted; limits that protect the person never roll."""

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.law.time import cap_ends_at, cap_last_day, day_begins, deadline_in_months, months_later

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
MONTHS = st.integers(1, 36)


def test_three_months_from_the_eighth_of_october_end_on_the_seventh_of_january():
    assert cap_last_day(date(2026, 10, 8), 3) == date(2027, 1, 7)
    assert cap_ends_at(date(2026, 10, 8), 3).isoformat() == "2027-01-08T00:00:00+08:00"


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 27)),  # no 30 February
        (date(2027, 11, 30), 3, date(2028, 2, 28)),  # leap year
        (date(2026, 2, 28), 3, date(2026, 5, 27)),  # the same number, not the month's end
        (date(2026, 1, 1), 3, date(2026, 3, 31)),
    ],
)
def test_last_day_of_a_cap(start, months, last):
    assert cap_last_day(start, months) == last


@pytest.mark.parametrize(
    ("trigger", "last"),
    [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 4, 15), date(2026, 5, 15)),
    ],
)
def test_deadline_of_one_month(trigger, last):
    assert deadline_in_months(trigger, 1) == last


def test_a_cap_that_ends_in_the_holiday_week_does_not_roll():
    assert cap_last_day(date(2026, 7, 2), 3) == date(2026, 10, 1)  # National Day stays the last day


@given(DAYS, MONTHS)
def test_the_same_number_or_the_months_last_day(day, months):
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(DAYS, MONTHS)
def test_a_cap_is_never_longer_than_the_deadline_of_the_same_months(start, months):
    assert cap_last_day(start, months) < deadline_in_months(start, months)


@given(DAYS, MONTHS)
def test_later_starts_never_end_earlier_and_more_months_never_end_sooner(start, months):
    assert cap_last_day(start + timedelta(days=1), months) >= cap_last_day(start, months)
    assert cap_last_day(start, months + 1) > cap_last_day(start, months)


@given(DAYS)
def test_a_day_begins_at_sixteen_hundred_utc_of_the_day_before(day):
    begins = day_begins(day).astimezone(UTC)
    assert (begins.hour, begins.date()) == (16, day - timedelta(days=1))
