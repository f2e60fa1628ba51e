"""Change of place: one shared state, two confirmations, never nobody's (P-MOVE, E17)."""

from datetime import date
from itertools import permutations

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.procedure import Actor, NoSuchStep, NotGiven
from sifang.law.procedures.move import MOVE_2020 as TABLE
from sifang.law.tests.walk import Walk, reachable

OLD, NEW, PERSON, OFFICE, HIGHER, CLOCK = (
    Actor.COUNTY,
    Actor.NEW_COUNTY,
    Actor.PERSON,
    Actor.OFFICE,
    Actor.HIGHER,
    Actor.CLOCK,
)
APPLIED, ASKED = date(2026, 11, 2), date(2026, 11, 5)


def asked(**case: object) -> Walk:
    walk = Walk(TABLE, **case)
    walk.take("apply", PERSON, APPLIED, new_agency="b", wanted_on="2026-12-10")
    walk.take("comment", OFFICE, APPLIED, comment="…")
    walk.take("ask", OLD, ASKED)
    return walk


def decided(**case: object) -> Walk:
    walk = asked(**case)
    walk.take("agree", NEW, found="…", opinion="…")
    walk.take("decide", OLD, date(2026, 11, 10), educated=True)
    return walk


def test_the_whole_way_and_who_is_responsible_on_it() -> None:
    walk = decided()
    walk.take("serve", OLD)
    for name, actor in (("hand_over", OLD), ("file_arrives", NEW), ("send_receipt", NEW), ("arrive", NEW)):
        assert "responsible" not in walk.facts
        walk.take(name, actor)
    walk.take("register", NEW)
    assert walk.facts["responsible"] == "new_county"
    walk.take("close", NEW)
    assert walk.state == "moved"


def test_only_two_recorded_confirmations_move_responsibility() -> None:
    """Every order of the lines of the transfer; registration opens exactly when both are there."""
    lines = {"hand_over": OLD, "file_arrives": NEW, "send_receipt": NEW, "arrive": NEW, "serve": OLD}
    for order in permutations(lines):
        walk = decided()
        for name in order:
            try:
                walk.take(name, lines[name])
            except NotGiven:  # a file cannot arrive before it is sent
                break
            both = bool(walk.facts.get("handed_over_on") and walk.facts.get("arrived_on"))
            assert ("register" in {step.name for step in walk.open_rows()}) is both


def test_without_a_row_of_the_new_agency_the_old_one_keeps_the_person() -> None:
    without = [step for step in TABLE.steps if step.actor is not NEW]
    assert not reachable(TABLE, without) & {"received", "moved"}
    takers = {step.actor for step in TABLE.steps for one in step.sets if one.key == "responsible"}
    assert takers == {NEW}


def test_the_old_agency_cannot_register_and_the_new_one_cannot_decide() -> None:
    walk = decided()
    walk.take("hand_over", OLD)
    walk.take("arrive", NEW)
    with pytest.raises(BeyondPower, match=r"新执行地县级社区矫正机构（办法31条2款）"):
        walk.take("register", OLD)
    agreed = asked()
    agreed.take("agree", NEW)
    with pytest.raises(BeyondPower, match=r"县级社区矫正机构（社区矫正法27条2款）"):
        agreed.take("decide", NEW)


def test_each_step_has_its_period() -> None:
    periods = {step.name: (step.due.rule, step.due.since) for step in TABLE.steps if step.due}
    assert periods["ask"] == ("move.ask", "applied_on")
    assert periods["agree"] == periods["decline"] == ("move.answer", "letter_on")
    assert periods["hand_over"] == ("move.file", "decided_on")
    assert periods["send_receipt"] == ("move.receipt", "file_received_on")
    assert periods["not_arrived"] == ("move.arrive", "decision_received_on")
    told = [d for s in TABLE.steps if s.name == "refuse" for d in s.duties if d.to is PERSON]
    assert {(d.due.rule, d.due.since) for d in told if d.due} == {("move.refuse.tell", "decided_on")}


def test_the_letter_counts_from_its_day_and_by_post_from_its_receipt_once() -> None:
    walk = asked()
    assert walk.facts["letter_on"] == "2026-11-05"
    walk.take("letter_by_post", NEW, letter_on="2026-11-07")
    assert walk.facts["letter_on"] == "2026-11-07"
    with pytest.raises(NotGiven):
        walk.take("letter_by_post", NEW, letter_on="2026-11-20")


@pytest.mark.parametrize("step", ["decline", None])
def test_a_dispute_goes_up_and_comes_back_decided(step: str | None) -> None:
    for settle, state in (("settle_for", "agreed"), ("settle_against", "declined")):
        walk = asked()
        if step:
            walk.take(step, NEW, found="…", opinion="…")
        walk.take("dispute", OLD, objection="…")
        with pytest.raises(BeyondPower, match="上一级社区矫正机构"):
            walk.take(settle, OLD)
        walk.take(settle, HIGHER)
        assert walk.state == state


def test_who_does_not_arrive_is_told_of_at_once_and_searched_by_the_old_agency() -> None:
    walk = decided()
    walk.take("serve", OLD)
    walk.take("not_arrived", CLOCK)
    assert walk.expected() >= {"tell_missing", "search"}
    with pytest.raises(BeyondPower, match=r"新执行地"):
        walk.take("tell_missing", OLD)
    with pytest.raises(BeyondPower):
        walk.take("search", NEW)
    walk.take("tell_missing", NEW)
    walk.take("search", OLD, search_means="…")
    walk.take("arrive", NEW, late_reason="…")
    assert walk.state == "decided"
    walk.take("hand_over", OLD)
    walk.take("register", NEW)


def test_who_has_arrived_is_not_missing() -> None:
    walk = decided()
    walk.take("serve", OLD)
    walk.take("arrive", NEW)
    with pytest.raises(NotGiven):
        walk.take("not_arrived", CLOCK)


def test_after_a_revoked_decision_the_old_agency_goes_on() -> None:
    walk = decided()
    walk.take("revoke", OLD)
    assert walk.state == "revoked"
    arrived = decided()
    arrived.take("arrive", NEW)
    with pytest.raises(NotGiven):
        arrived.take("revoke", OLD)


def test_copies_go_to_the_decider_to_both_procuratorates_and_both_police() -> None:
    decide = next(step for step in TABLE.steps if step.name == "decide")
    assert {duty.to for duty in decide.duties} >= {
        Actor.DECIDER, NEW, Actor.PROCURATORATE, Actor.POLICE, PERSON
    }  # fmt: skip
    for step in TABLE.steps:
        if step.name == "send_receipt":
            forwarded = {(duty.to, duty.by) for duty in step.duties}
            assert forwarded >= {(Actor.PROCURATORATE, NEW), (Actor.POLICE, NEW)}


@pytest.mark.parametrize("approved_by", ["prison", "police"])
def test_prison_and_police_hand_over_too_before_the_move_is_done(approved_by: str) -> None:
    walk = decided(type="outside_prison", approved_by=approved_by)
    decide = next(step for step in TABLE.steps if step.name == "decide")
    awaited = [d for d in decide.duties if d.awaited and d.given and d.given.holds(walk.facts)]
    assert len(awaited) == 1
    for name, actor in (("hand_over", OLD), ("file_arrives", NEW), ("send_receipt", NEW), ("arrive", NEW)):
        walk.take(name, actor)
    walk.take("register", NEW)
    with pytest.raises(NotGiven, match="通报"):
        walk.take("close", NEW)
    walk.take("bodies_inform", Actor.CUSTODY, holder="…", holder_on="2026-11-20")
    walk.take("close", NEW)
    assert walk.state == "moved"


def test_what_a_court_decided_needs_no_hand_over_by_a_prison() -> None:
    walk = decided(type="outside_prison", approved_by="court")
    with pytest.raises(NotGiven):
        walk.take("bodies_inform", Actor.CUSTODY)


def test_a_person_may_withdraw_until_the_decision_and_not_after() -> None:
    walk = asked()
    walk.take("withdraw", PERSON)
    assert walk.state == "withdrawn"
    with pytest.raises(NoSuchStep):
        decided().take("withdraw", PERSON)
