"""What includes its number and what does not; where a threshold begins."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.law.bounds import NoBound, UnknownWord, applies, applies_between, holds
from sifang.law.rules import all_rules


@pytest.mark.parametrize(
    ("word", "below", "at", "above"),
    [
        ("以上", False, True, True),
        ("内", True, True, False),
        ("以下", True, False, False),  # 三个月以下 excludes three: the district decides, not the province
        ("超过", False, False, True),
    ],
)
def test_the_words_of_the_measures(word, below, at, above):
    said = [holds(word, 3, measured, "办法24条") for measured in (2, 3, 4)]
    assert said == [below, at, above]


def test_the_criminal_law_includes_the_number_in_yixia():
    assert holds("以下", 24, 24, "刑法38条")  # 三个月以上二年以下
    assert not holds("以下", 3, 3, "办法24条")
    assert holds("以上", 3, 3, "刑法38条")
    assert not holds("不满", 3, 3, "刑法38条")


def test_a_text_that_does_not_say_is_left_to_a_person():
    with pytest.raises(UnknownWord, match="社区矫正法没有说明“以下”"):
        holds("以下", 3, 3, "社区矫正法29条")
    with pytest.raises(UnknownWord):
        holds("左右", 3, 3, "办法24条")


@pytest.mark.parametrize(
    ("name", "last_within", "fits_within"),
    [
        ("leave.office.max", 7, True),
        ("leave.county.max", 30, True),
        ("leave.rolling", 30, True),
        ("admonish.max", 10, True),
        ("warn.over", 10, False),
    ],
)
def test_days_up_to_a_threshold_and_one_more(name, last_within, fits_within):
    assert applies(name, last_within) is fits_within
    assert applies(name, last_within + 1) is not fits_within


@pytest.mark.parametrize("name", ["revoke.warnings", "recall.warnings"])
def test_two_warnings_are_two(name):
    assert [applies(name, times) for times in (0, 1, 2, 3)] == [False, False, True, True]


@given(st.integers(0, 400))
def test_late_is_admonished_or_warned_and_never_both(days):
    assert applies("admonish.max", days) is not applies("warn.over", days)


@pytest.mark.parametrize(
    ("since", "last_within"),
    [
        (date(2026, 9, 1), date(2026, 10, 1)),  # a rest day: nothing moves
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
    ],
)
def test_more_than_a_month_begins_after_the_same_number_day(since, last_within):
    assert not applies_between("revoke.absent", since, last_within)
    assert applies_between("revoke.absent", since, date.fromordinal(last_within.toordinal() + 1))


def test_days_between_count_without_the_first():
    assert not applies_between("warn.over", date(2026, 9, 1), date(2026, 9, 11))
    assert applies_between("warn.over", date(2026, 9, 1), date(2026, 9, 12))


def test_a_deadline_is_no_bound():
    for one in all_rules():
        if one.kind not in {"threshold", "count"}:
            with pytest.raises(NoBound):
                applies(one, 1)
