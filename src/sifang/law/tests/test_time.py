"""How months are counted; limits that protect the person never roll."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.kernel.time import SHANGHAI
from sifang.law.time import (
    BadTime,
    cap_ends_at,
    cap_last_day,
    day_begins,
    deadline_in_months,
    legal_day,
    months_back,
    months_later,
    read_moment,
    sentence_end,
)

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


@pytest.mark.parametrize(
    ("start", "years", "months", "last"),
    [
        (date(2026, 3, 1), 1, 0, date(2027, 2, 28)),
        (date(2026, 10, 8), 0, 6, date(2027, 4, 7)),
        (date(2024, 2, 29), 1, 0, date(2025, 2, 27)),  # no 29 February: the day before that month's last day
        (date(2027, 2, 28), 1, 0, date(2028, 2, 27)),  # a term in years keeps the number
        (date(2027, 2, 28), 0, 1, date(2027, 3, 30)),  # a term in months: month-end to month-end, less a day
        (date(2026, 8, 31), 0, 6, date(2027, 2, 27)),
        (date(2026, 8, 30), 0, 6, date(2027, 2, 27)),
        (date(2026, 10, 8), 3, 6, date(2030, 4, 7)),
    ],
)
def test_last_day_of_a_sentence(start, years, months, last):
    assert sentence_end(start, years=years, months=months) == last


@pytest.mark.parametrize(
    ("event", "months", "latest"),
    [
        (date(2026, 11, 1), 1, date(2026, 10, 1)),
        (date(2026, 3, 30), 1, date(2026, 2, 28)),
        (date(2026, 4, 30), 1, date(2026, 3, 31)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
    ],
)
def test_months_back_from_an_event(event, months, latest):
    assert months_back(event, months) == latest


@given(DAYS, MONTHS)
def test_months_forward_from_the_latest_day_reach_the_event_or_a_months_end(event, months):
    again = deadline_in_months(months_back(event, months), months)
    assert again == event or (event.day > 27 and again >= event and again.month == event.month)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-09-25", date(2026, 9, 25)),
        (" 2026-09-25 ", date(2026, 9, 25)),
        ("2026-09-25T17:30", datetime(2026, 9, 25, 17, 30, tzinfo=SHANGHAI)),
        ("2026-09-25 17:30:05", datetime(2026, 9, 25, 17, 30, 5, tzinfo=SHANGHAI)),
        ("2026-09-25T17:30:00Z", datetime(2026, 9, 25, 17, 30, tzinfo=UTC)),
        ("2026-09-25T17:30:00-05:00", datetime(2026, 9, 25, 22, 30, tzinfo=UTC)),
        ("2026-09-25T17:30:05.999+08:00", datetime(2026, 9, 25, 17, 30, 5, tzinfo=SHANGHAI)),
    ],
)
def test_times_that_are_understood(text, when):
    assert read_moment(text) == when


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-02-30",
        "20260925",
        "2026-W39-5",
        "2026-09-25T25:00",
        "2026-09-25T",
        "9999-12-31T23:00Z",
    ],
)
def test_times_that_are_not(text):
    with pytest.raises(BadTime, match="看不懂"):
        read_moment(text)


@given(st.text())
def test_no_words_at_all_crash_the_reader_of_times(text):
    try:
        assert isinstance(read_moment(text), date)
    except BadTime:
        return


def test_the_legal_day_of_an_instant_is_its_date_in_shanghai():
    assert legal_day(datetime(2026, 9, 25, 16, 0, tzinfo=UTC)) == date(2026, 9, 26)
    assert legal_day(date(2026, 9, 25)) == date(2026, 9, 25)
