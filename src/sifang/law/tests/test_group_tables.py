"""Teams, plans, categories and persons held: who must be in, who sets what, what rests."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.procedure import Actor, Kind, NotGiven
from sifang.law.procedures.category import CATEGORY_2020
from sifang.law.procedures.held import HELD_2020
from sifang.law.procedures.plan import CONTENT, PLAN_2020
from sifang.law.procedures.team import TEAM_2020
from sifang.law.tests.walk import Walk

COUNTY, PERSON, POLICE, COURT, CLOCK = Actor.COUNTY, Actor.PERSON, Actor.POLICE, Actor.COURT, Actor.CLOCK
TEAM = {"members": ["x"], "signed_on": "2026-11-02"}
BASES = {"category_to": "x", "type_basis": "x", "stage": "x", "risk": "x", "conduct": "x"}
HELD = {"measure": "criminal", "decision_day": "2026-11-02", "document_no": "x", "held_at": "y"}


# ---- team ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("woman", "minor", "woman_in_team", "versed"), list(product([True, False], repeat=4))
)
def test_the_members_whom_the_law_demands(
    woman: bool, minor: bool, woman_in_team: bool, versed: bool
) -> None:
    facts = {"woman": woman, "minor": minor, "woman_in_team": woman_in_team, "versed_in_minors": versed}
    lawful = (woman_in_team or not woman) and (versed or not minor)
    for start, name in (("forming", "form"), ("active", "change")):
        walk = Walk(TEAM_2020, **facts)
        walk.state = start
        if lawful:
            assert "team_commitment" in walk.take(name, COUNTY, **TEAM).documents
            assert walk.state == "active"
        else:
            with pytest.raises(NotGiven):
                walk.take(name, COUNTY, **TEAM)


def test_the_refusal_says_only_who_is_missing() -> None:
    with pytest.raises(NotGiven, match="条件不具备：已有小组中的女性成员（社区矫正法25条2款）"):
        Walk(TEAM_2020, woman=True).take("form", COUNTY, **TEAM)
    with pytest.raises(
        NotGiven, match="条件不具备：已有小组中熟悉未成年人身心特点的成员（社区矫正法52条2款）"
    ):
        Walk(TEAM_2020, minor=True).take("form", COUNTY, **TEAM)


# ---- plan ------------------------------------------------------------------------------------------------


def test_the_plan_is_reviewed_after_each_change_of_category() -> None:
    walk = Walk(PLAN_2020, opened_on="2026-11-02")
    walk.take("adopt", COUNTY, **{ask.key: "x" for ask in CONTENT})
    assert "review" not in walk.expected()
    walk.facts["category_changed_on"] = "2026-11-02"
    assert "review" not in walk.expected()
    walk.facts["category_changed_on"] = "2026-11-10"
    assert "review" in walk.expected()
    with pytest.raises(NotGiven):
        walk.take("revise", COUNTY, effect="x", measures_now="y")
    walk.take("review", COUNTY, date(2026, 11, 12), outcome="kept", measures_now="x")
    assert "review" not in walk.expected()


def test_a_minors_plan_says_what_is_for_a_minor() -> None:
    def asked(**case: Any) -> set[str]:
        (row,) = (step for step in Walk(PLAN_2020, **case).open_rows() if step.name == "adopt")
        return {ask.key for ask in row.asks if ask.required}

    assert "for_minor" in asked(minor=True)
    assert "for_minor" not in asked(minor=False)


# ---- category --------------------------------------------------------------------------------------------


def test_no_clock_and_no_score_sets_a_category() -> None:
    for step in CATEGORY_2020.steps:
        assert step.kind is not Kind.CLOCK
        assert step.given is None or {part.fact.key for part in step.given.parts} == {"objected_on"}
    for name in ("assign", "change"):
        (row,) = (step for step in CATEGORY_2020.steps if step.name == name)
        assert row.actor is COUNTY
        assert not row.delegable
        assert row.reasons
        assert row.remedy
        assert PERSON in {duty.to for duty in row.duties}
        assert not next(ask for ask in row.asks if ask.key == "advice_seen").required


def test_a_person_may_object_to_the_category_and_is_answered_with_reasons() -> None:
    walk = Walk(CATEGORY_2020, opened_on="2026-11-02")
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        walk.take("assign", Actor.OFFICE, **BASES)
    walk.take("assign", COUNTY, **BASES)
    walk.take("object", PERSON, objection="x")
    assert "answer" in walk.expected()
    answer = walk.take("answer", COUNTY, outcome="kept")
    assert answer.reasons
    assert "人民检察院" in answer.remedy
    assert "answer" not in walk.expected()
    assert "keep" in walk.expected()


# ---- held ------------------------------------------------------------------------------------------------


def test_the_deciding_body_tells_county_and_procuratorate_and_daily_duties_rest() -> None:
    for name, actor in (("tell", POLICE), ("tell_by_court", COURT)):
        walk = Walk(HELD_2020)
        step = walk.take(name, actor, **HELD)
        assert step.kind is Kind.SUSPEND
        assert {duty.to for duty in step.duties} == {COUNTY, Actor.PROCURATORATE}
        assert not walk.expected()
        assert walk.facts["held"] is True
        resumed = walk.take("resume", COUNTY, date(2026, 11, 20), freed_on="2026-11-20", freed_by="x")
        assert resumed.kind is Kind.RESUME
        assert walk.state == "resumed"
        assert walk.facts["held"] is False


@pytest.mark.parametrize(("measure", "owner"), [("criminal", POLICE), ("judicial", COURT)])
def test_what_the_county_learns_otherwise_is_still_owed_by_who_decided(measure: str, owner: Actor) -> None:
    walk = Walk(HELD_2020)
    walk.take("register", COUNTY, **{**HELD, "measure": measure}, learned="家属来电")
    assert walk.state == "held"
    (owed,) = (step for step in walk.open_rows() if step.name == "tell_later")
    assert owed.actor is owner
    assert owed.due is not None
    assert (owed.due.rule, owed.due.since) == ("held.tell", "decided_on")
    assert walk.facts["decided_on"] == "2026-11-02"
    assert walk.take("tell_late", CLOCK).alarm
    walk.take("tell_later", owner)
    assert "tell_later" not in walk.expected()


def test_a_notice_cannot_be_undone_as_a_mistake_of_the_county() -> None:
    walk = Walk(HELD_2020)
    walk.take("tell", POLICE, **HELD)
    with pytest.raises(NotGiven):
        walk.take("correct", COUNTY)


def test_its_own_clocks_never_rest_and_it_may_run_again() -> None:
    assert not HELD_2020.pauses
    assert HELD_2020.many
