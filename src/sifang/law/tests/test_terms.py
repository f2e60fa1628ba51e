"""Terms computed per type and compared with what the document states."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.law.articles import article
from sifang.law.terms import (
    KINDS,
    MissingFact,
    Sentence,
    TermFacts,
    UnknownKind,
    compare,
    months_and_days,
    term_of,
)

DAY = date(2026, 10, 8)
STARTS = st.dates(date(2004, 1, 1), date(2060, 12, 31))


def test_control_takes_two_days_off_for_each_day_held():
    term = term_of("control", TermFacts(DAY, Sentence(years=1), days_held=45))
    assert (term.start, term.end) == (DAY, date(2027, 10, 7) - timedelta(days=90))
    assert term.end == date(2027, 7, 9)
    assert any("折抵" in step for step in term.steps)
    assert compare(term, DAY, date(2027, 7, 9)) == []


def test_probation_runs_from_the_final_judgment_and_time_held_takes_nothing_off():
    facts = TermFacts(DAY, Sentence(years=1, months=6), days_held=45, sentence=Sentence(years=1))
    assert term_of("probation", facts).end == date(2028, 4, 7)
    assert compare(term_of("probation", facts), DAY, date(2028, 4, 7)) == []


def test_parole_runs_to_the_end_of_the_sentence_and_ten_years_from_life():
    assert term_of("parole", TermFacts(DAY, sentence_ends_on=date(2029, 1, 31))).end == date(2029, 1, 31)
    assert term_of("parole", TermFacts(DAY, is_life=True)).end == date(2036, 10, 7)


def test_days_the_court_excludes_move_the_end_of_a_sentence_served_outside():
    facts = TermFacts(
        DAY,
        sentence_ends_on=date(2028, 5, 31),
        not_counted=((date(2027, 1, 1), date(2027, 1, 10)), (date(2027, 1, 10), date(2027, 1, 12))),
    )
    assert term_of("outside_prison", facts).end == date(2028, 6, 12)  # twelve days, the 10th once


def test_a_decision_for_a_shorter_time_ends_earlier_and_says_that_the_sentence_goes_on():
    facts = TermFacts(DAY, sentence_ends_on=date(2028, 5, 31), decided_until=date(2027, 4, 7))
    term = term_of("outside_prison", facts)
    assert term.end == date(2027, 4, 7)
    assert any("不等于刑满" in step for step in term.steps)


@pytest.mark.parametrize(
    ("starts_on", "length", "last"),
    [
        (date(2026, 1, 31), Sentence(months=3), date(2026, 4, 29)),  # month-end to month-end, less a day
        (date(2025, 11, 30), Sentence(months=3), date(2026, 2, 27)),
        (date(2024, 2, 29), Sentence(years=1), date(2025, 2, 27)),
        (date(2026, 2, 28), Sentence(years=2), date(2028, 2, 27)),
        (date(2026, 3, 1), Sentence(years=2), date(2028, 2, 29)),
    ],
)
def test_month_ends_and_leap_years(starts_on, length, last):
    assert term_of("control", TermFacts(starts_on, length)).end == last


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (DAY, date(2027, 10, 8), [("end", "文书所写止日比计算的晚1日")]),
        (DAY, date(2027, 10, 6), [("end", "文书所写止日比计算的早1日")]),
        (date(2026, 10, 9), date(2027, 10, 7), [("start", "文书所写起日比计算的晚1日")]),
        (date(2026, 9, 8), date(2027, 9, 7), [("start", "早30日"), ("end", "早30日")]),
    ],
)
def test_a_mismatch_says_what_and_by_how_many_days(start, end, told):
    found = compare(term_of("probation", TermFacts(DAY, Sentence(years=1))), start, end)
    assert [one.what for one in found] == [what for what, _ in told]
    assert all(words in one.words for one, (_, words) in zip(found, told, strict=True))
    assert {one.article for one in found} == {"刑法73条、刑诉法解释202条"}


@pytest.mark.parametrize(
    ("kind", "facts", "is_allowed"),
    [
        ("control", TermFacts(DAY, Sentence(months=3)), True),
        ("control", TermFacts(DAY, Sentence(months=2)), False),
        ("control", TermFacts(DAY, Sentence(years=2)), True),
        ("control", TermFacts(DAY, Sentence(years=2, months=1)), False),
        ("control", TermFacts(DAY, Sentence(years=3), several_crimes=True), True),
        ("control", TermFacts(DAY, Sentence(months=3), days_held=60), False),  # nothing is left
        ("probation", TermFacts(DAY, Sentence(months=2), is_detention=True), True),
        ("probation", TermFacts(DAY, Sentence(months=1), is_detention=True), False),
        ("probation", TermFacts(DAY, Sentence(years=1, months=1), is_detention=True), False),
        ("probation", TermFacts(DAY, Sentence(years=5), sentence=Sentence(years=3)), True),
        ("probation", TermFacts(DAY, Sentence(years=2), sentence=Sentence(years=3)), False),
        ("probation", TermFacts(DAY, Sentence(months=11), sentence=Sentence(months=6)), False),
        ("probation", TermFacts(DAY, Sentence(years=5, months=1)), False),
        ("parole", TermFacts(DAY, sentence_ends_on=DAY), True),
        ("parole", TermFacts(DAY, sentence_ends_on=DAY - timedelta(days=1)), False),
        ("outside_prison", TermFacts(DAY, sentence_ends_on=DAY - timedelta(days=1)), False),
    ],
)
def test_a_length_that_the_law_does_not_allow_blocks_even_where_the_days_agree(kind, facts, is_allowed):
    term = term_of(kind, facts)
    assert (compare(term, term.start, term.end) == []) is is_allowed


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("control", "期限的长度"),
        ("probation", "期限的长度"),
        ("parole", "刑期届满之日"),
        ("outside_prison", "刑期届满之日"),
    ],
)
def test_without_the_fact_it_needs_nothing_is_computed(kind, fact):
    with pytest.raises(MissingFact, match=fact):
        term_of(kind, TermFacts(DAY))


def test_there_are_four_kinds():
    assert set(KINDS) == {"control", "probation", "parole", "outside_prison"}
    with pytest.raises(UnknownKind):
        term_of("house_arrest", TermFacts(DAY))


def stepwise_end(start: date, years: int, months: int) -> date:
    """The day before the same-number day, found by walking the days: no code of the house."""
    year, month = start.year + years, start.month + months
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    tomorrow = start + timedelta(days=1)
    wanted = 31 if months and tomorrow.day == 1 else start.day
    day = date(year, month, 1)
    while day.day < wanted and (day + timedelta(days=1)).month == month:
        day += timedelta(days=1)
    return day - timedelta(days=1)


def test_five_thousand_terms_agree_with_a_count_of_their_own():
    dice = random.Random(20261124)
    for _ in range(5000):
        start = date(2004, 1, 1) + timedelta(days=dice.randrange(15_000))
        kind = dice.choice(list(KINDS))
        length = Sentence(dice.randrange(1, 5), dice.randrange(12))
        held = dice.randrange(100)
        last = start + timedelta(days=dice.randrange(4000))
        lost = dice.randrange(60)
        is_life = kind == "parole" and dice.random() < 0.1
        facts = TermFacts(
            start,
            length,
            days_held=held,
            sentence_ends_on=last,
            is_life=is_life,
            not_counted=((start, start + timedelta(days=lost - 1)),) if lost else (),
        )
        wanted = {
            "control": stepwise_end(start, length.years, length.months) - timedelta(days=2 * held),
            "probation": stepwise_end(start, length.years, length.months),
            "parole": stepwise_end(start, 10, 0) if is_life else last,
            "outside_prison": last + timedelta(days=lost),
        }[kind]
        term = term_of(kind, facts)
        assert (term.start, term.end) == (start, wanted), (kind, facts)
        # the last day is supervised until midnight, the next day is free
        assert term.covers(term.end) or term.end < start
        assert not term.covers(term.end + timedelta(days=1))
        assert term.ends_at.date() == term.end + timedelta(days=1)


@given(STARTS, st.sampled_from(["control", "probation"]), st.integers(0, 4), st.integers(1, 11))
def test_a_term_cites_articles_of_the_index_and_gives_reasons(start, kind, years, months):
    term = term_of(kind, TermFacts(start, Sentence(years, months)))
    assert term.steps
    assert [article(one).citation for one in term.articles] == list(term.articles)


@given(STARTS, st.integers(0, 2000))
def test_months_and_days_add_up_to_the_term(start, length):
    from sifang.law.time import months_later

    end = start + timedelta(days=length)
    months, left = months_and_days(start, end)
    assert months_later(start, months) + timedelta(days=left) == end + timedelta(days=1)
    assert 0 <= left < 31


def test_an_empty_term_has_no_months():
    assert months_and_days(DAY, DAY - timedelta(days=1)) == (0, 0)
    assert months_and_days(DAY, DAY) == (0, 1)
    assert months_and_days(DAY, date(2027, 10, 7)) == (12, 0)
