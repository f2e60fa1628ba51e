"""Working days: weekends, published rest days, make-up days; an office's tables; years not yet published."""

import json
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.law.calendar import (
    BadCalendar,
    Calendar,
    YearTable,
    calendar_in_force,
    packaged_tables,
    read_tables,
)

CHINA = calendar_in_force()
SPRING_2027 = {
    "year": 2027,
    "source": "试用安排",
    "rest": ["2027-01-01", "2027-02-05..2027-02-11"],
    "work": ["2027-01-30", "2026-12-27"],
}


@given(st.dates(date(2004, 1, 1), date(2026, 12, 31)))
def test_every_published_day_is_what_the_reference_package_says(day):
    assert CHINA.is_working_day(day) is chinese_calendar.is_workday(day)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # a Saturday that works
        (date(2026, 10, 11), False),
        (date(2026, 9, 20), True),  # a Sunday that works
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
    ],
)
def test_national_day_and_spring_festival_of_2026(day, works):
    assert CHINA.is_working_day(day) is works


def test_the_next_working_day_and_the_tenth():
    assert CHINA.first_working_day(date(2026, 10, 1)) == date(2026, 10, 8)
    assert CHINA.first_working_day(date(2026, 10, 8)) == date(2026, 10, 8)
    assert CHINA.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CHINA.working_days_later(date(2026, 9, 26), 10) == date(2026, 10, 15)


def test_a_year_without_table_counts_its_weekends_and_says_so():
    assert CHINA.is_working_day(date(2027, 2, 8))  # would be Spring Festival, but no table is published
    assert not CHINA.is_working_day(date(2027, 2, 7))  # a Sunday
    assert CHINA.warning_for([date(2026, 12, 31)]) is None
    warning = CHINA.warning_for([date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1)])
    assert warning is not None
    assert "2027年、2028年" in warning


def test_an_office_adds_a_year_and_the_warning_goes(tmp_path):
    (tmp_path / "2027.json").write_text(json.dumps(SPRING_2027), encoding="utf-8")
    calendar = Calendar.load(tmp_path)
    assert not calendar.is_working_day(date(2027, 2, 8))
    assert calendar.is_working_day(date(2027, 1, 30))  # a Saturday
    assert calendar.is_working_day(date(2026, 12, 27))  # the make-up day of New Year
    assert calendar.warning_for([date(2027, 2, 8)]) is None
    assert not calendar.is_working_day(date(2026, 10, 1))  # the packaged years stay


def test_an_offices_year_stands_in_place_of_the_packaged_one():
    own = YearTable.read({"year": 2026, "source": "改", "rest": ["2026-10-01"], "work": []})
    calendar = calendar_in_force((own,))
    assert not calendar.is_working_day(date(2026, 10, 1))
    assert calendar.is_working_day(date(2026, 10, 2))


def test_without_a_folder_the_packaged_years_are_in_force(tmp_path):
    assert Calendar.load() == Calendar.load(tmp_path / "none") == CHINA


def test_the_digest_names_the_tables_and_nothing_else():
    table = YearTable.read(SPRING_2027)
    again = Calendar(tuple(reversed((*packaged_tables(), table))))
    assert again.digest == calendar_in_force((table,)).digest
    assert again == calendar_in_force((table,))
    assert hash(again) == hash(calendar_in_force((table,)))
    assert again.digest != CHINA.digest
    moved = YearTable.read(SPRING_2027 | {"work": []})
    assert calendar_in_force((moved,)).digest != again.digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rest": ["2027-02-30"]}, "看不懂日期"),
        ({"rest": ["2027-02-05..2027-02-01"]}, "看不懂起止"),
        ({"rest": ["2027-02-05..2027-12-01"]}, "看不懂起止"),
        ({"rest": []}, "不得为空"),
        ({"rest": [20270205]}, "须有"),
        ({"rest": None}, "须有"),
        ({"year": "2027"}, "不得为空"),
        ({"source": ""}, "不得为空"),
        ({"work": ["2027-02-06"]}, "既休息又上班"),
        ({"work": ["2027-02-12"]}, "不是周末"),
        ({"rest": ["2028-02-05"]}, "不属于"),
    ],
)
def test_a_wrong_table_is_refused_with_the_reason(tmp_path, change, reason):
    (tmp_path / "2027.json").write_text(json.dumps(SPRING_2027 | change), encoding="utf-8")
    with pytest.raises(BadCalendar, match=reason):
        read_tables(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'[{"year": 2027}]', b'"2027"', b"[1]"])
def test_a_file_that_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(BadCalendar, match=r"bad\.json"):
        read_tables(tmp_path)


def test_two_tables_for_one_year_are_refused(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps([SPRING_2027]), encoding="utf-8")
    with pytest.raises(BadCalendar, match="两份"):
        read_tables(tmp_path)


@given(st.dates(date(1990, 1, 1), date(2060, 12, 31)), st.integers(1, 40))
def test_working_days_are_counted_one_by_one(day, count):
    last = CHINA.working_days_later(day, count)
    between = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    assert sum(map(CHINA.is_working_day, between)) == count
    assert CHINA.is_working_day(last)
