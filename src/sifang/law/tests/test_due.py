"""When time ends, for every rule: examples counted by hand, and what must hold for all days."""

import contextlib
import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.kernel.time import SHANGHAI
from sifang.law.calendar import YearTable, calendar_in_force
from sifang.law.due import Due, NoLastDay, NotExtendable, due, due_on, target
from sifang.law.rules import UnknownRule, all_rules, rule
from sifang.law.time import BadTime

CHINA = calendar_in_force()
DAYS = st.dates(date(2004, 2, 1), date(2027, 12, 31))
EPOCH = datetime(2004, 2, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=8700)).map(lambda after: EPOCH + after)
RULES = {one.id: one for one in all_rules()}


def named(**wanted):
    return st.sampled_from(
        [one for one in all_rules() if all(getattr(one, key) in value for key, value in wanted.items())]
    )


def days(text: str) -> date:
    return date.fromisoformat(text)


def test_ten_days_that_end_in_the_national_holiday_move_to_the_eighth():
    found = due("handover.docs", date(2026, 9, 25), calendar=CHINA)
    assert (found.counted_from, found.due_on) == (date(2026, 9, 26), date(2026, 10, 8))
    assert found.rolled_from == date(2026, 10, 5)
    assert found.warning is None
    assert (found.article, found.status) == ("社区矫正法20条、刑诉法解释519条", "verified")
    assert [
        word for step in found.steps for word in ("不计入", "第10日为 2026-10-05", "顺延") if word in step
    ] == [
        "不计入",
        "第10日为 2026-10-05",
        "顺延",
    ]


@pytest.mark.parametrize(
    ("name", "start", "counted_from", "last"),
    [
        # natural days; 2026-10-10 is a Saturday that works, so a last day on it stays
        ("report.in", "2026-09-30", "2026-10-01", "2026-10-10"),
        ("held.tell", "2026-10-07", "2026-10-08", "2026-10-10"),
        ("held.tell", "2026-10-08", "2026-10-09", "2026-10-12"),  # Sunday the 11th moves
        ("revoke.rule", "2026-09-01", "2026-09-02", "2026-10-08"),
        # working days: National Day does not count, the 10th does
        ("inv.normal", "2026-09-26", "2026-09-28", "2026-10-15"),
        ("inv.fasttrack", "2026-10-09", "2026-10-10", "2026-10-15"),
        # months: same number; month-end to month-end; a missing day
        ("j.object.zj", "2026-03-12", "2026-03-13", "2026-04-13"),  # the 12th is a Sunday
        ("med.check", "2026-10-20", "2026-10-21", "2027-01-20"),
        ("med.body", "2026-06-30", "2026-07-01", "2026-07-31"),
        ("med.body", "2026-03-31", "2026-04-01", "2026-04-30"),
        ("j.reply.advice", "2025-12-31", "2026-01-01", "2026-02-28"),  # a Saturday that works
        ("med.body", "2024-01-30", "2024-01-31", "2024-02-29"),
        ("med.body", "2024-02-29", "2024-03-01", "2024-04-01"),  # 31 March is a Sunday
        ("med.body", "2024-02-28", "2024-02-29", "2024-03-28"),  # not the last day of a leap February
        # caps in months begin on their own day and never move
        ("ep.max", "2026-10-08", "2026-10-08", "2027-01-07"),
        ("ep.max", "2026-07-02", "2026-07-02", "2026-10-01"),
        ("ep.extend.max", "2026-11-30", "2026-11-30", "2027-02-27"),
        ("freq.valid", "2026-08-31", "2026-08-31", "2027-02-27"),
        ("freq.valid", "2027-08-31", "2027-08-31", "2028-02-28"),
        # a cap in days does not count the day of the arrest, and does not move
        ("arrest.custody", "2026-09-03", "2026-09-04", "2026-10-03"),
        ("ep.review", "2026-09-03", "2026-09-04", "2026-10-03"),
        # minima: the same-number day
        ("praise.min", "2026-04-05", "2026-04-06", "2026-10-05"),
        ("praise.min", "2026-02-28", "2026-03-01", "2026-08-28"),  # not the month's end
        ("log.keep", "2026-08-31", "2026-09-01", "2027-02-28"),
        ("pia.keep", "2024-02-29", "2024-03-01", "2027-02-28"),
        # before an event: never moved; the day before the event is the first one counted back
        ("leave.notice", "2026-10-08", "2026-10-07", "2026-10-05"),
        ("end.prepare", "2026-10-31", "2026-10-30", "2026-10-01"),
        ("move.ahead", "2026-11-01", "2026-10-31", "2026-10-01"),
        ("move.ahead", "2027-03-31", "2027-03-30", "2027-02-28"),
        ("move.ahead", "2028-03-30", "2028-03-29", "2028-02-29"),
    ],
)
def test_counted_by_hand(name, start, counted_from, last):
    found = due(name, days(start), calendar=CHINA)
    assert (found.counted_from, found.due_on, found.due_at) == (days(counted_from), days(last), None)


def test_forty_eight_hours_run_through_the_holiday_to_the_second():
    asked = datetime(2026, 9, 30, 17, 30, 5, 999, tzinfo=SHANGHAI)
    found = due("arrest.decide", asked, calendar=CHINA)
    assert found.due_at is not None
    assert found.due_at.isoformat() == "2026-10-02T17:30:05+08:00"
    assert (found.counted_from, found.due_on) == (date(2026, 9, 30), date(2026, 10, 2))
    assert found.rolled_from is None
    assert due("arrest.decide", asked.astimezone(UTC), calendar=CHINA) == found
    assert due("arrest.decide", asked.replace(tzinfo=None), calendar=CHINA) == found


def test_hours_from_a_bare_day_begin_at_midnight_and_say_so():
    found = due("arrest.decide", date(2026, 9, 30), calendar=CHINA)
    assert found.due_at is not None
    assert found.due_at.isoformat() == "2026-10-02T00:00:00+08:00"
    assert found.steps[0] == "没有给出时刻，按当日零时起算"


def test_the_legal_day_is_shanghais():
    late = datetime(2026, 9, 25, 16, 0, tzinfo=UTC)  # midnight of the 26th in Shanghai
    assert due("held.tell", late, calendar=CHINA).counted_from == date(2026, 9, 27)
    just_before = late - timedelta(seconds=1)
    assert due("held.tell", just_before, calendar=CHINA).counted_from == date(2026, 9, 26)


def test_in_custody_the_court_has_no_longer_than_thirty_days():
    free = due("revoke.rule", date(2026, 9, 1), calendar=CHINA)
    held = due("revoke.rule", date(2026, 9, 1), calendar=CHINA, custody=True)
    assert (free.due_on, free.rolled_from) == (date(2026, 10, 8), date(2026, 10, 1))
    assert (held.due_on, held.rolled_from) == (date(2026, 10, 1), None)
    assert any("在押" in step for step in held.steps)


@given(named(roll_if_custody=[True]), DAYS)
def test_custody_changes_nothing_for_other_rules(row, start):
    assert due(row, start, calendar=CHINA, custody=True) == due(row, start, calendar=CHINA)


def test_only_revocation_and_recall_do_not_roll_in_custody():
    assert [one.id for one in all_rules() if not one.roll_if_custody] == ["revoke.rule", "recall.rule"]


def test_spring_festival_of_a_year_without_table_warns_and_does_not_fail():
    found = due("handover.notice", date(2027, 2, 3), calendar=CHINA)
    assert found.due_on == date(2027, 2, 8)
    assert found.warning is not None
    assert "2027年" in found.warning
    table = YearTable.read({"year": 2027, "source": "试用", "rest": ["2027-02-05..2027-02-11"]})
    with_table = due("handover.notice", date(2027, 2, 3), calendar=calendar_in_force((table,)))
    assert (with_table.due_on, with_table.warning) == (date(2027, 2, 12), None)


@pytest.mark.parametrize("name", ["inv.normal", "inv.fasttrack"])
def test_working_days_that_reach_into_such_a_year_warn(name):
    found = due(name, date(2026, 12, 30), calendar=CHINA)
    assert found.warning is not None
    assert "2027年" in found.warning


@given(named(roll=[False]), st.dates(date(2027, 1, 1), date(2040, 1, 1)))
def test_what_never_looks_at_rest_days_needs_no_table(row, start):
    assert due(row, start, calendar=CHINA).warning is None


def test_an_opinion_on_commutation_may_take_ten_days_more():
    assert due("commute.j.opinion", date(2026, 3, 2), calendar=CHINA).due_on == date(2026, 3, 12)
    longer = due("commute.j.opinion", date(2026, 3, 2), calendar=CHINA, extend=10)
    assert longer.due_on == date(2026, 3, 23)  # the 22nd is a Sunday
    with pytest.raises(NotExtendable):
        due("commute.j.opinion", date(2026, 3, 2), calendar=CHINA, extend=11)
    with pytest.raises(NotExtendable):
        due("commute.rule", date(2026, 3, 2), calendar=CHINA, extend=1)


def test_days_on_the_road_do_not_count():
    near = due("report.in", date(2026, 3, 2), calendar=CHINA)
    far = due("report.in", date(2026, 3, 2), calendar=CHINA, travel=2)
    assert (near.due_on, far.due_on) == (date(2026, 3, 12), date(2026, 3, 16))  # the 14th is a Saturday
    assert far.rolled_from == date(2026, 3, 14)
    for name in ("ep.max", "leave.notice", "arrest.decide", "inv.normal", "warn.over"):
        with pytest.raises(NotExtendable):
            due(name, date(2026, 3, 2), calendar=CHINA, travel=1)


def test_a_document_posted_on_the_last_day_is_in_time():
    found = due("report.in", date(2026, 3, 2), calendar=CHINA)
    assert found.is_kept_by(datetime(2026, 3, 12, 23, 59, 59, tzinfo=SHANGHAI))
    assert not found.is_kept_by(datetime(2026, 3, 12, 16, 0, tzinfo=UTC))  # midnight in Shanghai
    hours = due("arrest.decide", datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), calendar=CHINA)
    assert hours.is_kept_by(datetime(2026, 3, 4, 9, 0, tzinfo=SHANGHAI))
    assert not hours.is_kept_by(datetime(2026, 3, 4, 9, 0, 1, tzinfo=SHANGHAI))
    least = due("praise.min", date(2026, 3, 2), calendar=CHINA)
    assert [least.is_kept_by(date(2026, 9, day)) for day in (1, 2, 3)] == [False, True, True]
    with pytest.raises(NoLastDay):
        due("warn.over", date(2026, 3, 2), calendar=CHINA).is_kept_by(date(2026, 3, 2))


@given(named(kind=["threshold", "count"]), DAYS)
def test_thresholds_and_counts_have_a_sentence_and_no_day(row, start):
    found = due(row, start, calendar=CHINA)
    assert (found.counted_from, found.due_on, found.due_at, found.rolled_from) == (None,) * 4
    assert str(row.n) in found.steps[0]
    with pytest.raises(NoLastDay):
        due_on(row.id, start, CHINA)


@given(named(kind=["deadline", "cap", "minimum"]), DAYS)
def test_every_dated_rule_has_both_ends_in_order(row, start):
    found = due(row, start, calendar=CHINA)
    assert found.due_on is not None
    assert found.counted_from is not None
    if row.before:
        assert found.due_on <= found.counted_from < start
    else:
        assert start <= found.counted_from <= found.due_on
    assert found.steps
    assert found.status in {"verified", "recalled", "our_reading"}


@given(named(kind=["deadline"], before=[False], unit=["day", "month"]), DAYS)
def test_a_deadline_moves_only_from_a_rest_day_and_only_to_the_next_working_day(row, start):
    found = due(row, start, calendar=CHINA)
    assert found.counted_from == start + timedelta(days=1)
    if row.roll:
        assert CHINA.is_working_day(found.due_on)
    if found.rolled_from:
        assert row.roll
        skipped = (found.due_on - found.rolled_from).days
        assert not any(CHINA.is_working_day(found.rolled_from + timedelta(days=n)) for n in range(skipped))
    plain = found.rolled_from or found.due_on
    if row.unit == "day":
        assert plain == start + timedelta(days=row.n)
    else:
        assert (plain.year * 12 + plain.month) - (start.year * 12 + start.month) == row.n


@given(named(kind=["cap", "minimum"]), DAYS)
def test_limits_that_protect_the_person_never_move(row, start):
    found = due(row, start, calendar=CHINA)
    assert found.rolled_from is None
    assert found.warning is None
    empty = due(row, start, calendar=dataclasses.replace(CHINA, tables=()))
    assert empty == found


@given(named(before=[True]), DAYS)
def test_counted_back_from_an_event_nothing_moves(row, start):
    found = due(row, start, calendar=CHINA)
    assert (found.rolled_from, found.warning) == (None, None)
    assert found.counted_from == start - timedelta(days=1)
    if row.unit == "day":
        assert found.due_on == start - timedelta(days=row.n)
    else:
        assert found.due_on < start


@given(named(unit=["workday"]), DAYS)
def test_working_days_begin_and_end_on_working_days(row, start):
    found = due(row, start, calendar=CHINA)
    assert found.rolled_from is None
    span = [start + timedelta(days=n) for n in range(1, (found.due_on - start).days + 1)]
    working = [day for day in span if CHINA.is_working_day(day)]
    assert (working[0], working[-1], len(working)) == (found.counted_from, found.due_on, row.n)


@given(MOMENTS, st.integers(-12, 14))
def test_hours_are_hours_in_every_zone(moment, zone):
    there = moment.astimezone(timezone(timedelta(hours=zone)))
    found = due("arrest.decide", there, calendar=CHINA)
    assert found.due_at is not None
    assert found.due_at - moment.replace(microsecond=0) == timedelta(hours=48)
    assert found.due_at.utcoffset() == timedelta(hours=8)


@given(named(kind=["deadline", "cap", "minimum"]), DAYS, st.integers(0, 400))
def test_a_later_trigger_never_ends_earlier(row, start, later):
    first = due(row, start, calendar=CHINA).due_on
    assert due(row, start + timedelta(days=later), calendar=CHINA).due_on >= first


@given(st.sampled_from(all_rules()), MOMENTS)
def test_an_instant_counts_as_its_day(row, moment):
    if row.unit == "hour":
        return
    day = moment.astimezone(SHANGHAI).date()
    assert due(row, moment, calendar=CHINA) == due(row, day, calendar=CHINA)


@pytest.mark.parametrize("one", all_rules(), ids=lambda one: one.id)
@pytest.mark.parametrize("start", [date.min, date.max, datetime.max.replace(tzinfo=UTC)])
def test_at_the_edge_of_time_a_rule_answers_or_refuses_and_never_crashes(one, start):
    with contextlib.suppress(BadTime):
        assert isinstance(due(one, start, calendar=CHINA), Due)


def test_how_well_a_number_is_known_is_said_in_the_answer():
    said = {name: due(name, date(2026, 3, 2), calendar=CHINA) for name in RULES}
    assert said["inv.normal"].status == "recalled"
    assert any("待核" in step for step in said["inv.normal"].steps)
    assert said["med.check"].status == "recalled"
    assert "山西日报" in (said["med.check"].confirmed_by or "")
    assert said["ep.review"].status == "our_reading"
    assert not any("待核" in step for step in said["ep.max"].steps)
    assert any("以文书为准" in step for step in said["j.reply.notice"].steps)


def test_plain_values_for_json():
    found = due("arrest.decide", datetime(2026, 9, 30, 9, 0, tzinfo=SHANGHAI), calendar=CHINA).as_json()
    assert list(found) == [
        "rule", "kind", "n", "unit", "counted_from", "due_on", "due_at", "rolled_from", "article", "status",
        "confirmed_by", "warning", "steps",
    ]  # fmt: skip
    assert found["due_at"] == "2026-10-02T09:00:00+08:00"
    assert found["counted_from"] == "2026-09-30"
    assert isinstance(found["steps"], list)
    assert due("revoke.warnings", date(2026, 1, 1), calendar=CHINA).as_json()["unit"] is None


def test_the_short_form_gives_the_day_or_the_instant():
    assert due_on("move.arrive", date(2026, 10, 8), CHINA) == date(2026, 10, 15)
    assert due_on("revoke.rule", date(2026, 9, 1), CHINA, custody=True) == date(2026, 10, 1)
    asked = datetime(2026, 9, 30, 9, 0, tzinfo=SHANGHAI)
    assert due_on("arrest.decide", asked, CHINA) == asked + timedelta(hours=48)
    with pytest.raises(UnknownRule):
        due_on("no.rule", date(2026, 1, 1), CHINA)
    assert rule("move.arrive") is RULES["move.arrive"]


@pytest.mark.parametrize(
    ("n", "unit", "last"),
    [
        (1, "hour", datetime(2026, 9, 30, 17, 0, tzinfo=SHANGHAI)),
        (24, "hour", datetime(2026, 10, 1, 16, 0, tzinfo=SHANGHAI)),
        (7, "day", date(2026, 10, 7)),  # a target does not move
        (5, "workday", date(2026, 10, 13)),
        (1, "month", date(2026, 10, 31)),
        (1, "year", date(2027, 9, 30)),
    ],
)
def test_a_target_of_the_house_is_counted_simply(n, unit, last):
    assert target(n, unit, datetime(2026, 9, 30, 16, 0, tzinfo=SHANGHAI), CHINA) == last


def test_a_target_beyond_time_is_refused():
    with pytest.raises(BadTime):
        target(10, "day", date.max, CHINA)
