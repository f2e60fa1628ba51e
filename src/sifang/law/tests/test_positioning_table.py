"""Electronic positioning: five grounds, one approver, a term that cannot be passed (E3, P-EP)."""

from datetime import date

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.calendar import calendar_in_force
from sifang.law.due import due
from sifang.law.procedure import Actor, Kind, NoSuchStep, NotForType, NotGiven
from sifang.law.procedures.positioning import POSITIONING_2020 as TABLE
from sifang.law.procedures.positioning_rows import GROUNDS, PERIODS
from sifang.law.tests.walk import Walk, reachable

COUNTY, HEAD, CLOCK, PERSON = Actor.COUNTY, Actor.HEAD, Actor.CLOCK, Actor.PERSON
USING = {state for period in PERIODS for state in period[:2]}
TYPE_GATES = {
    "order_breach": {"control", "probation"},
    "absence": {"control", "probation", "parole", "outside_prison"},
    "report_refusal": {"control", "probation", "parole", "outside_prison"},
    "penalty": {"control", "probation", "outside_prison"},
    "intended": {"probation", "parole", "outside_prison"},
}


def applied(months: str = "2", **case: object) -> Walk:
    walk = Walk(TABLE, **{"proven": True, "has_prohibition": True, **case})
    walk.take("ground_absence", COUNTY, proof="record-1")
    walk.take("apply", COUNTY, necessity="…", effect="…", months=months)
    return walk


def in_use(months: str = "2", on: date = date(2026, 10, 8)) -> Walk:
    walk = applied(months)
    walk.take("approve", HEAD, on)
    walk.take("tell", COUNTY, on)
    walk.take("fit", COUNTY, on, device="1", device_record="…")
    return walk


def expiry(walk: Walk) -> date:
    """The last day of use, as the one clock row that is open says it."""
    (row,) = [step for step in walk.open_rows() if step.name == "expire"]
    assert row.due is not None
    facts = walk.judged()
    since = date.fromisoformat(facts[row.due.since][:10])
    last = due(row.due.rule, since, calendar=calendar_in_force()).due_on if row.due.rule else since
    assert last is not None
    return last


@pytest.mark.parametrize("type_of_order", ["control", "probation", "parole", "outside_prison"])
@pytest.mark.parametrize("ground", TYPE_GATES)
def test_each_ground_exists_for_the_types_it_can_concern(ground: str, type_of_order: str) -> None:
    walk = Walk(TABLE, type=type_of_order, has_prohibition=True)
    if type_of_order in TYPE_GATES[ground]:
        walk.take(f"ground_{ground}", COUNTY, proof="record-1")
        assert walk.facts["ground"] == ground
    else:
        with pytest.raises(NotForType, match="社区矫正法29条1款"):
            walk.take(f"ground_{ground}", COUNTY, proof="record-1")


def test_there_are_five_grounds_and_each_asks_for_its_record() -> None:
    assert [one[0] for one in GROUNDS] == list(TYPE_GATES)
    for step in TABLE.steps:
        if step.frm == "draft":
            (ask,) = step.asks
            assert (ask.kind, ask.required) == ("record", True)


def test_a_breach_of_an_order_needs_an_order() -> None:
    with pytest.raises(NotGiven, match="禁止令"):
        Walk(TABLE, has_prohibition=False).take("ground_order_breach", COUNTY, proof="record-1")


def test_without_the_linked_record_nobody_applies_approves_or_extends() -> None:
    walk = Walk(TABLE, proven=False)
    walk.take("ground_absence", COUNTY, proof="no such record")
    with pytest.raises(NotGiven, match="关联记录"):
        walk.take("apply", COUNTY, months="1")
    for name, state in (("approve", "applied"), ("extend", "longer_applied")):
        walk.state = state
        with pytest.raises(NotGiven, match="关联记录"):
            walk.take(name, HEAD, months="1")


@pytest.mark.parametrize("actor", [one for one in Actor if one is not HEAD])
def test_nobody_but_the_head_approves_or_extends(actor: Actor) -> None:
    walk = applied()
    with pytest.raises(BeyondPower, match=r"县级司法行政部门负责人（社区矫正法29条1款）"):
        walk.take("approve", actor)
    walk.state = "longer_applied"
    with pytest.raises(BeyondPower, match=r"县级司法行政部门负责人（社区矫正法29条2款）"):
        walk.take("extend", actor)


def test_without_the_head_no_device_is_ever_used() -> None:
    without = [step for step in TABLE.steps if step.actor is not HEAD]
    assert not reachable(TABLE, without) & USING
    assert reachable(TABLE, TABLE.steps) >= USING


@pytest.mark.parametrize("months", ["0", "4", "12", ""])
def test_more_than_three_months_cannot_be_approved(months: str) -> None:
    with pytest.raises(NotGiven, match="使用期限"):
        applied(months).take("approve", HEAD)


def test_the_person_is_told_before_the_device_is_put_on() -> None:
    walk = applied()
    walk.take("approve", HEAD)
    with pytest.raises(NotGiven, match="告知"):
        walk.take("fit", COUNTY)
    told = walk.take("tell_unsigned", COUNTY, witnesses=["甲", "乙"])
    assert any(duty.to is PERSON for duty in told.duties)
    walk.take("fit", COUNTY)
    assert walk.state == "in_use"


@pytest.mark.parametrize(
    ("months", "last"),
    [("1", date(2026, 11, 7)), ("2", date(2026, 12, 7)), ("3", date(2027, 1, 7))],
)
def test_the_use_ends_by_itself_on_the_last_day_counted_from_approval(months: str, last: date) -> None:
    walk = in_use(months)
    assert expiry(walk) == last
    walk.take("expire", CLOCK, last)
    assert walk.state == "expired"


def test_no_use_is_granted_beyond_the_term() -> None:
    walk = in_use("2")
    walk.facts["term_end"] = "2026-11-11"
    assert expiry(walk) == date(2026, 11, 11)


def test_the_cap_never_rolls_over_a_holiday() -> None:
    assert expiry(in_use("3", date(2026, 7, 2))) == date(2026, 10, 1)


def test_the_clock_does_not_rest_while_the_person_is_held() -> None:
    assert TABLE.pauses is False


def test_the_clock_ends_also_what_was_approved_and_never_put_on() -> None:
    walk = applied("1")
    walk.take("approve", HEAD)
    walk.take("expire", CLOCK)
    assert walk.state == "expired"


def test_an_extension_comes_after_expiry_by_the_head_and_counts_from_itself() -> None:
    walk = in_use("1")
    for early in ("apply_longer", "extend"):
        with pytest.raises(NoSuchStep):
            walk.take(early, COUNTY)
    walk.take("expire", CLOCK)
    walk.take("apply_longer", COUNTY, assessment="…", months="3")
    assert not [step for step in walk.open_rows() if step.name == "fit"]
    walk.take("extend", HEAD, date(2026, 11, 10))
    with pytest.raises(NotGiven, match="告知"):
        walk.take("fit", COUNTY)
    walk.take("tell", COUNTY)
    walk.take("fit", COUNTY)
    assert expiry(walk) == date(2027, 2, 9)


def test_a_refused_or_dropped_extension_leads_to_removal() -> None:
    for name, actor in (("refuse_longer", HEAD), ("drop_longer", COUNTY)):
        walk = in_use("1")
        walk.take("expire", CLOCK)
        walk.take("apply_longer", COUNTY, assessment="…", months="3")
        walk.take(name, actor)
        assert walk.expected() == {"remove"}
        walk.take("remove", COUNTY)
        assert walk.state == "removed"


def test_the_agency_ends_at_once_what_is_not_needed_and_waits_for_nobody() -> None:
    for state in USING:
        walk = in_use()
        walk.state = state
        step = walk.take("end", COUNTY, why_ended="…")
        assert (step.given, step.reasons, walk.state) == (None, False, "ended")


def test_need_is_reviewed_every_thirty_days_and_at_each_change() -> None:
    walk = in_use()
    (row,) = [step for step in walk.open_rows() if step.name == "review"]
    assert row.due is not None
    assert (row.due.rule, walk.facts["reviewed_on"]) == ("ep.review", "2026-10-08")
    walk.take("ask_end", PERSON, changed="…")
    (row,) = [step for step in walk.open_rows() if step.name == "review"]
    assert row.due is not None
    assert (row.due.n, row.due.unit, row.due.since) == (24, "hour", "changed_at")
    walk.take("review", COUNTY, date(2026, 10, 20), still_needed="…")
    assert walk.facts["reviewed_on"] == "2026-10-20"
    assert not walk.facts["changed_at"]


def test_the_procuratorate_sees_each_order_extension_and_removal() -> None:
    names = {"approve", "extend", "end", "remove", "expire", "refuse", "refuse_longer"}
    for step in TABLE.steps:
        if step.name in names:
            assert any(duty.to is Actor.PROCURATORATE for duty in step.duties), step.name


def test_no_clock_row_begins_or_prolongs_a_use() -> None:
    for step in TABLE.steps:
        if step.kind is Kind.CLOCK:
            assert step.to == "expired"
