"""Education, needs and activities: help of equal rank, voluntary where the law says so (P-EDU, E19)."""

from itertools import product

import pytest

from sifang.law.procedure import Actor, NoSuchStep, NotGiven
from sifang.law.procedures.activity import ACTIVITY_2020 as ACTIVITY
from sifang.law.procedures.education import EDUCATION_2020 as EDUCATION
from sifang.law.procedures.need import KINDS
from sifang.law.procedures.need import NEED_2020 as NEED
from sifang.law.tests.walk import Walk

PERSON, COUNTY, HELPER, GUARDIAN = Actor.PERSON, Actor.COUNTY, Actor.HELPER, Actor.GUARDIAN


def offered(hours: int = 3, **case: object) -> Walk:
    walk = Walk(ACTIVITY, **case)
    walk.take("offer", COUNTY, hours=hours, held_on="2026-12-05")
    return walk


def test_nobody_is_booked_without_consent_health_and_strength() -> None:
    keys = ("consented_on", "healthy", "fit", "medical", "pregnant_or_nursing", "minor", "hours")
    values = (("", "2026-11-02"), ("", "no", "yes"), ("", "no", "yes"), (0, 1), (0, 1), (0, 1), (0, 4, 5))
    booked = 0
    for found in product(*values):
        facts = dict(zip(keys, found, strict=True))
        walk = Walk(ACTIVITY, **facts)
        walk.state = "agreed"
        is_open = "book" in {step.name for step in walk.open_rows()}
        assert is_open is (found == ("2026-11-02", "yes", "yes", 0, 0, 0, 4)), facts
        booked += is_open
    assert booked == 1


def test_nobody_is_booked_who_was_only_asked() -> None:
    with pytest.raises(NoSuchStep):
        offered().take("book", COUNTY)


@pytest.mark.parametrize("hours", [0, 5, 8, 24])
def test_more_than_four_hours_cannot_even_be_offered(hours: int) -> None:
    with pytest.raises(NotGiven, match="每次时间"):
        offered(hours)


def test_a_person_may_go_at_any_time_and_nothing_is_counted() -> None:
    walk = offered()
    walk.take("decline", PERSON)
    assert walk.state == "declined"
    for steps in ((), ("assess", "book")):
        walk = offered()
        walk.take("agree", PERSON, healthy="yes")
        for step in steps:
            walk.take(step, COUNTY, fit="yes")
        left = walk.take("withdraw", PERSON)
        assert (walk.state, left.reasons, left.given, left.duties) == ("withdrawn", False, None, ())


def test_a_minor_needs_the_guardian_too() -> None:
    walk = offered(minor=True)
    walk.take("agree", PERSON, healthy="yes")
    walk.take("assess", COUNTY, fit="yes")
    with pytest.raises(NotGiven):
        walk.take("book", COUNTY)
    walk.take("guardian_agree", GUARDIAN)
    walk.take("book", COUNTY)
    walk.take("record", COUNTY)
    assert walk.state == "held"


# ---- needs ----------------------------------------------------------------------------------------------


def test_a_need_goes_its_way_to_an_answer_and_a_result() -> None:
    walk = Walk(NEED)
    walk.take("raise_self", PERSON, kind="work")
    assert walk.expected() == {"offer"}
    with pytest.raises(NotGiven, match="同意"):
        walk.take("refer", COUNTY)
    walk.take("consent", PERSON)
    referred = walk.take("refer", COUNTY, helper="…")
    assert any(duty.to is HELPER for duty in referred.duties)
    assert walk.expected() == {"answer"}
    walk.take("cannot", HELPER)
    assert walk.state == "raised"
    walk.take("refer", COUNTY)
    walk.take("answer", HELPER)
    walk.take("milestone", COUNTY)
    walk.take("milestone", COUNTY)
    walk.take("finish", COUNTY)
    assert (walk.state, walk.facts["milestones"], walk.facts["times_referred"]) == ("done", 2, 2)


def test_declining_help_has_no_consequence() -> None:
    for state in ("raised", "offered", "referred", "answered"):
        walk = Walk(NEED)
        walk.state = state
        step = walk.take("decline", PERSON)
        assert (walk.state, step.duties, step.opens, step.alarm) == ("declined", (), (), False)


def test_every_kind_of_help_in_the_law_can_be_raised() -> None:
    assert {key for key, _ in KINDS} >= {
        "work", "school", "aid", "insurance", "housing", "health", "mind", "legal", "skills"
    }  # fmt: skip


def test_no_clock_of_help_is_shown_as_law() -> None:
    for table in (NEED, EDUCATION):
        assert all(not step.due or step.due.is_target for step in table.steps)


# ---- education ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [True, False])
def test_minors_are_taught_apart(minor: bool) -> None:
    walk = Walk(EDUCATION, minor=minor)
    (row,) = [step for step in walk.open_rows() if step.name == "collective"]
    assert ("未成年人" in row.title) is minor


def test_an_absence_is_asked_about_then_talked_of_before_it_is_established() -> None:
    walk = Walk(EDUCATION)
    walk.take("absent", COUNTY)
    with pytest.raises(NotGiven):
        walk.take("establish", COUNTY)
    walk.take("explain", PERSON)
    walk.take("talk", COUNTY)
    with pytest.raises(NotGiven):  # nothing new since the talk
        walk.take("establish", COUNTY)
    walk.take("absent", COUNTY)
    walk.take("establish", COUNTY)


def test_no_hours_are_demanded() -> None:
    for step in EDUCATION.steps:
        assert not any("hours" in ask.key for ask in step.asks)
