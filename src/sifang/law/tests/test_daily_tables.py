"""Reports, health, checks, stops, longer leave: clocks, powers and the order of things (P-REP … P-STOP)."""

from datetime import date

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.procedure import Actor, Kind, NotForType, NotGiven, Step
from sifang.law.procedures.check import CHECK_2020, MEANS
from sifang.law.procedures.contact import CONTACT_2020
from sifang.law.procedures.frequent import FREQUENT_2020
from sifang.law.procedures.leave import LEAVE_2020, POWERS
from sifang.law.procedures.medical import MEDICAL_2020
from sifang.law.procedures.medical import POWERS as EXTENSIONS
from sifang.law.procedures.positioning_rows import GROUNDS
from sifang.law.procedures.prohibition import PROHIBITION_2020
from sifang.law.procedures.report import REPORT_2020
from sifang.law.procedures.stop_breach import STOP_2020
from sifang.law.tests.walk import Walk

PERSON, COUNTY, OFFICE, CLOCK = Actor.PERSON, Actor.COUNTY, Actor.OFFICE, Actor.CLOCK
HIGHER, PROVINCE = Actor.HIGHER, Actor.PROVINCE


def only(walk: Walk, name: str) -> Step:
    (row,) = [step for step in walk.open_rows() if step.name == name]
    return row


# ---- report ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_prohibition", [False, True])
def test_each_report_starts_the_next_month_and_is_one_row(has_prohibition: bool) -> None:
    walk = Walk(REPORT_2020, opened_on="2026-11-02", has_prohibition=has_prohibition)
    asked = {ask.key for ask in only(walk, "file").asks}
    assert ("observance" in asked) is has_prohibition
    assert walk.expected() == {"file", "miss"}
    walk.take("file", PERSON, date(2026, 11, 20))
    row = only(walk, "file")
    assert row.due is not None
    assert (row.due.since, row.due.is_target, row.due.mark) == ("last_report", True, "local")
    assert walk.facts["last_report"] == "2026-11-20"


def test_a_missed_report_is_a_question_that_a_named_officer_settles() -> None:
    walk = Walk(REPORT_2020, opened_on="2026-11-02")
    walk.take("miss", CLOCK, date(2026, 12, 2))
    assert walk.expected() == {"excuse"}
    with pytest.raises(BeyondPower):
        walk.take("confirm_missed", PERSON)
    walk.take("excuse", COUNTY, date(2026, 12, 3), means="…", excuse="住院")
    assert (walk.state, walk.facts.get("times_missed")) == ("running", None)
    walk.take("miss", CLOCK)
    walk.take("confirm_missed", COUNTY)
    assert walk.facts["times_missed"] == 1
    walk.take("miss", CLOCK)
    walk.take("file", PERSON, late_reason="…")
    assert walk.state == "running"


def test_changes_are_told_at_once_in_every_state_and_checked() -> None:
    walk = Walk(REPORT_2020, opened_on="2026-11-02")
    walk.take("report_change", PERSON, date(2026, 11, 3), change="home")
    assert "note_change" in walk.expected()
    walk.take("report_change", PERSON, date(2026, 11, 5), change="work")
    assert walk.facts["change_at"].startswith("2026-11-03")  # a second one does not put the check off
    walk.take("note_change", COUNTY)
    assert "note_change" not in walk.expected()


# ---- medical --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("months", range(1, 25))
def test_exactly_one_authority_for_every_length_of_extension(months: int) -> None:
    open_to = {actor for actor, given in EXTENSIONS if given.holds({"extension_months": months})}
    assert open_to == ({HIGHER} if months < 3 else {PROVINCE})
    for which in ("body", "check"):
        walk = Walk(MEDICAL_2020, type="outside_prison", medical=True, opened_on="2026-11-02")
        walk.take("ask_extension", COUNTY, which=which, extension_months=months)
        for name in ("approve", "refuse"):
            assert {step.actor for step in walk.open_rows() if step.name == name} == open_to


def test_health_every_month_and_the_examination_every_three_on_medical_grounds_only() -> None:
    walk = Walk(MEDICAL_2020, type="outside_prison", medical=True, opened_on="2026-11-02")
    assert walk.expected() == {"report_health", "submit_check", "feed_back"}
    for name, rule in (("report_health", "med.body"), ("submit_check", "med.check")):
        first = only(walk, name).due
        assert first is not None
        assert (first.rule, first.since) == (rule, "opened_on")
        walk.take(name, PERSON)
        later = only(walk, name).due
        assert later is not None
        assert (later.rule, later.since[:5]) == (rule, "last_")
    nursing = Walk(MEDICAL_2020, type="outside_prison", medical=False, opened_on="2026-11-02")
    assert nursing.expected() == {"report_health"}
    with pytest.raises(NotGiven, match="保外就医"):
        nursing.take("submit_check", PERSON)


@pytest.mark.parametrize("type_of_order", ["control", "probation", "parole"])
def test_nobody_else_reports_on_health(type_of_order: str) -> None:
    walk = Walk(MEDICAL_2020, type=type_of_order, medical=True, opened_on="2026-11-02")
    assert not walk.expected()
    with pytest.raises(NotForType):
        walk.take("report_health", PERSON)


def test_an_extended_period_is_the_first_one_and_the_months_granted() -> None:
    walk = Walk(MEDICAL_2020, type="outside_prison", medical=True, opened_on="2026-11-02")
    walk.take("submit_check", PERSON, date(2026, 11, 30))
    walk.take("ask_extension", COUNTY, which="check", extension_months=2)
    walk.take("report_health", PERSON)  # reports go on while the application waits
    walk.take("approve", HIGHER)
    assert only(walk, "submit_check").due is not None
    assert walk.judged()["check_on"] == "2027-04-30"
    assert only(walk, "report_health").due is not None
    walk.take("end_extension", COUNTY, date(2026, 12, 20))
    row = only(walk, "submit_check").due
    assert row is not None
    assert (row.rule, walk.facts["last_check"]) == ("med.check", "2026-12-20")


def test_the_procuratorate_is_told_of_each_extension() -> None:
    for step in MEDICAL_2020.steps:
        if step.name == "approve":
            assert any(duty.to is Actor.PROCURATORATE for duty in step.duties)


def test_papers_are_found_missing_only_after_a_talk() -> None:
    walk = Walk(MEDICAL_2020, type="outside_prison", medical=True, opened_on="2026-11-02")
    with pytest.raises(NotGiven):
        walk.take("establish", COUNTY)
    walk.take("talk", COUNTY)
    walk.take("submit_check", PERSON)
    with pytest.raises(NotGiven):
        walk.take("establish", COUNTY)


# ---- check ----------------------------------------------------------------------------------------------


def test_two_different_means_before_a_search() -> None:
    for first, _ in MEANS:
        walk = Walk(CHECK_2020)
        walk.take("no_answer", COUNTY)
        with pytest.raises(NotGiven, match="不同方式"):
            walk.take("hand_to_search", COUNTY)
        walk.take(f"try_{first}", COUNTY)
        with pytest.raises(NotGiven):  # the same means again is no second one
            walk.take(f"try_{first}", COUNTY)
        with pytest.raises(NotGiven):
            walk.take("hand_to_search", COUNTY)
        second = next(key for key, _ in MEANS if key != first)
        walk.take(f"try_{second}", COUNTY)
        walk.take("hand_to_search", COUNTY)
        assert walk.state == "to_search"


def test_no_machine_says_that_somebody_is_lost() -> None:
    assert not [step for step in CHECK_2020.steps if step.kind is Kind.CLOCK or step.actor is CLOCK]


def test_a_visit_asks_how_privacy_is_kept() -> None:
    for step in CHECK_2020.steps:
        if step.name in {"visit", "try_visit", "try_family", "try_committee"}:
            assert any(ask.key == "privacy" and ask.required for ask in step.asks), step.name


# ---- breaches -------------------------------------------------------------------------------------------


def test_a_breach_is_established_only_after_the_person_was_heard() -> None:
    for table in (CONTACT_2020, PROHIBITION_2020):
        walk = Walk(table, has_prohibition=True)
        walk.take("note_breach", COUNTY)
        with pytest.raises(NotGiven, match="听取"):
            walk.take("establish", COUNTY)
        walk.take("hear_person", COUNTY)
        walk.take("establish", COUNTY)
        assert walk.state == "established"


@pytest.mark.parametrize("type_of_order", ["parole", "outside_prison"])
def test_without_an_order_of_the_court_nothing_is_prohibited(type_of_order: str) -> None:
    walk = Walk(PROHIBITION_2020, type=type_of_order, has_prohibition=True)
    assert walk.open_rows() == [step for step in walk.open_rows() if step.kind is Kind.CORRECT]
    with pytest.raises(NotForType):
        walk.take("note_breach", COUNTY)
    with pytest.raises(NotGiven, match="禁止令"):
        Walk(PROHIBITION_2020, has_prohibition=False).take("apply", PERSON)


def test_an_approved_entry_is_told_to_the_court_and_the_procuratorate() -> None:
    (approve,) = [step for step in PROHIBITION_2020.steps if step.name == "approve"]
    assert {duty.to for duty in approve.duties} == {PERSON, Actor.DECIDER, Actor.PROCURATORATE}


def test_a_stop_that_fails_calls_the_police_and_is_checked_afterwards() -> None:
    walk = Walk(STOP_2020)
    walk.take("stop", COUNTY)
    called = walk.take("call_police", COUNTY)
    assert any(duty.to is Actor.POLICE for duty in called.duties)
    walk.take("attend", Actor.POLICE)
    walk.take("to_check", COUNTY)
    walk.take("hear_person", COUNTY)
    walk.take("clear", COUNTY)
    assert walk.state == "cleared"


def test_each_ground_of_positioning_has_a_record_that_can_prove_it() -> None:
    kinds = {
        key for step in STOP_2020.steps for ask in step.asks if ask.key == "kind" for key, _ in ask.choices
    }
    kinds |= {str(one.value) for step in STOP_2020.steps for one in step.sets if one.key == "kind"}
    assert kinds >= {one[0] for one in GROUNDS}
    for name, types in (("register_penalty", ("parole",)), ("register_intended", ("control",))):
        for type_of_order in types:
            with pytest.raises(NotForType):
                Walk(STOP_2020, type=type_of_order).take(name, COUNTY)


def test_what_was_noticed_afterwards_is_checked_like_what_was_stopped() -> None:
    walk = Walk(STOP_2020)
    walk.take("note_breach", COUNTY, kind="absence")
    walk.take("hear_person", COUNTY)
    walk.take("establish", COUNTY)
    assert (walk.state, walk.facts["kind"]) == ("established", "absence")


# ---- frequent -------------------------------------------------------------------------------------------


def test_a_frequent_permission_lasts_six_months_and_is_then_asked_for_again() -> None:
    walk = Walk(FREQUENT_2020)
    walk.take("apply", PERSON)
    walk.take("approve", COUNTY)
    walk.take("report_trip", PERSON)
    walk.take("report_trip", PERSON)
    assert walk.facts["trips"] == 2
    (expire,) = [step for step in walk.open_rows() if step.kind is Kind.CLOCK]
    assert expire.due is not None
    assert (expire.due.rule, expire.due.since) == ("freq.valid", "approved_on")
    walk.take("expire", CLOCK)
    assert walk.state == "expired"


# ---- longer leave ---------------------------------------------------------------------------------------


def granted(days: int = 3, *, delegated: bool = True) -> Walk:
    walk = Walk(LEAVE_2020, delegated_leave=delegated, window_days=days)
    walk.take("apply", PERSON, leaves_on="2026-12-01", returns_on=f"2026-12-{days:02}")
    walk.take("approve", OFFICE if days <= 7 and delegated else COUNTY)
    return walk


@pytest.mark.parametrize("delegated", [True, False])
def test_exactly_one_authority_for_every_longer_leave(delegated: bool) -> None:
    for last in range(4, 32):
        for window in (last, 30, 31, 40):
            walk = granted(delegated=delegated)
            walk.take("apply_longer", PERSON, returns_on=f"2026-12-{last:02}")
            walk.facts["window_days"] = max(window, last)
            facts = walk.judged()
            wanted = [actor for actor, _, given in POWERS if given.holds(facts)]
            for name in ("approve", "refuse"):
                assert [s.actor for s in walk.open_rows() if s.name == name] == wanted
            assert len(wanted) == 1


def test_until_the_new_decision_the_first_one_stands() -> None:
    walk = granted()
    walk.take("apply_longer", PERSON, returns_on="2026-12-12")
    due = {step.name: step.due.since for step in walk.open_rows() if step.due}
    assert due["lapse"] == due["confirm_return"] == due["approve"] == "granted_until"
    assert walk.facts["granted_until"] == "2026-12-03"
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        walk.take("approve", OFFICE)  # twelve days are beyond the office's power
    walk.facts["window_days"] = 12
    walk.take("approve", COUNTY)
    assert walk.facts["granted_until"] == "2026-12-12"


@pytest.mark.parametrize(
    ("name", "actor"), [("refuse", COUNTY), ("withdraw_longer", PERSON), ("lapse", CLOCK)]
)
def test_a_longer_leave_that_is_not_granted_leaves_the_first_one(name: str, actor: Actor) -> None:
    walk = granted()
    walk.take("apply_longer", PERSON, returns_on="2026-12-12")
    walk.facts["window_days"] = 12
    walk.take(name, actor)
    assert walk.facts["returns_on"] == walk.facts["granted_until"] == "2026-12-03"


def test_without_an_application_a_granted_leave_is_not_decided_again() -> None:
    with pytest.raises(NotGiven):
        granted().take("approve", COUNTY)


def test_the_agency_of_the_destination_may_help() -> None:
    walk = granted()
    asked = walk.take("ask_destination", COUNTY, helper="…", report_there=True)
    assert {duty.to for duty in asked.duties} == {Actor.HELPER, PERSON}
    walk.take("report_there", PERSON, there="arrived")
    walk.take("destination_answers", COUNTY, helped="…")
    assert walk.state == "granted"
