"""The end: on its day, never early, never blocked; what is sealed, withdrawn and stopped with it."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.procedure import ANY, Actor, Due, NotForType, NotGiven, TooEarly
from sifang.law.procedures.ending import ENDING_2020
from sifang.law.procedures.exit_control import EXIT_CONTROL_2020
from sifang.law.procedures.minor import MINOR_2020
from sifang.law.tests.walk import Walk

COUNTY, PERSON, CLOCK, CUSTODY = Actor.COUNTY, Actor.PERSON, Actor.CLOCK, Actor.CUSTODY
PROCURATORATE, DECIDER, POLICE = Actor.PROCURATORATE, Actor.DECIDER, Actor.POLICE
TYPES = ("control", "probation", "parole", "outside_prison")
NATIONAL_DAY = date(2026, 10, 1)  # a holiday


def ending(**case: Any) -> Walk:
    return Walk(ENDING_2020, **{"term_end": NATIONAL_DAY.isoformat(), **case})


# ---- release ---------------------------------------------------------------------------------------------

PREPARED = (
    ("summary", PERSON, {"summary": "x"}),
    ("evaluate", COUNTY, {"evaluation": "x"}),
    ("link_resettlement", COUNTY, {"needs": "x"}),
)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("done", [some for n in range(4) for some in combinations(PREPARED, n)])
def test_release_waits_for_nothing_but_its_day(kind: str, done: tuple[Any, ...]) -> None:
    walk = ending(type=kind, approved_by="prison" if kind == "outside_prison" else "court")
    for name, actor, answers in done:
        walk.take(name, actor, date(2026, 8, 1), **answers)
    step = walk.take("release", COUNTY, NATIONAL_DAY)
    assert walk.state == "released"
    assert walk.facts["ended_on"] == NATIONAL_DAY.isoformat()
    assert step.closes == (ANY,)
    assert {PERSON, DECIDER, PROCURATORATE, POLICE} <= {duty.to for duty in step.duties}


def test_no_row_of_release_has_a_condition_or_a_question_and_the_day_is_never_counted() -> None:
    for step in ENDING_2020.steps:
        if step.name == "release":
            assert step.given is None
            assert not step.asks
            assert not step.types
            assert not step.reasons
            assert step.due == Due("term_end")  # the day itself: no rule that could roll over a holiday
            assert step.not_before == "term_end"


def test_nobody_is_released_a_day_early_and_it_is_expected_all_the_while() -> None:
    walk = ending()
    assert "release" in walk.expected()
    with pytest.raises(TooEarly, match="2026-10-01 以前"):
        walk.take("release", COUNTY, date(2026, 9, 30))
    with pytest.raises(TooEarly):
        walk.take("announce", COUNTY, date(2026, 9, 30))


def test_only_the_county_releases() -> None:
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        ending().take("release", Actor.OFFICE, NATIONAL_DAY)


def test_the_clock_stops_all_measures_when_nobody_released_and_the_certificate_stays_owed() -> None:
    walk = ending()
    step = walk.take("expire", CLOCK, date(2026, 10, 2))
    assert step.closes == (ANY,)
    assert step.alarm
    assert PROCURATORATE in {duty.to for duty in step.duties}
    assert walk.facts["ended_on"] == NATIONAL_DAY.isoformat()
    assert "release" in walk.expected()
    late = walk.take("release", COUNTY, date(2026, 10, 5))
    assert "release_certificate" in late.documents
    assert walk.facts["ended_on"] == NATIONAL_DAY.isoformat()
    assert walk.facts["released_on"] == "2026-10-05"


@pytest.mark.parametrize(
    ("approved_by", "kind", "owed"),
    [
        ("prison", "outside_prison", True),
        ("police", "outside_prison", True),
        ("court", "outside_prison", False),
        (None, "probation", False),
    ],
)
def test_prison_and_detention_centre_do_their_own_release_papers(
    approved_by: str | None, kind: str, owed: bool
) -> None:
    walk = ending(type=kind, approved_by=approved_by)
    assert ({"write_custody", "discharge"} <= walk.expected()) is owed
    step = walk.take("release", COUNTY, NATIONAL_DAY)
    awaited = [duty for duty in step.duties if duty.awaited]
    assert [duty.by for duty in awaited] == [CUSTODY]
    assert awaited[0].given is not None
    assert awaited[0].given.holds(walk.facts) is owed


def test_a_minors_announcement_is_not_public_and_never_keeps_the_release() -> None:
    walk = ending(minor=True)
    with pytest.raises(NotGiven, match="通知监护人到场"):
        walk.take("announce", COUNTY, NATIONAL_DAY)
    walk.take("call_guardian", COUNTY, NATIONAL_DAY, guardian="x")
    assert "不公开" in walk.take("announce", COUNTY, NATIONAL_DAY).title
    ending(minor=True).take("release", COUNTY, NATIONAL_DAY)


def test_pardon_and_death_end_the_course_before_its_day() -> None:
    walk = ending()
    walk.take("pardon", COUNTY, date(2026, 3, 1), document_no="x", document_on="2026-02-28")
    assert (walk.state, walk.facts["end_kind"]) == ("released", "pardoned")
    walk = ending()
    walk.take("report_death", Actor.GUARDIAN, date(2026, 3, 2), died_on="2026-03-01")
    assert "death" in walk.expected()
    step = walk.take("death", COUNTY, date(2026, 3, 2), died_on="2026-03-01", document_no="x", cause="病故")
    assert {DECIDER, PROCURATORATE, POLICE} == {duty.to for duty in step.duties}
    assert (walk.state, walk.facts["ended_on"]) == ("terminated", "2026-03-01")


@pytest.mark.parametrize("kind", TYPES)
def test_revocation_and_recall_are_for_their_types_alone(kind: str) -> None:
    paper = {"document_no": "x", "document_on": "2026-05-01"}
    for name, types in (("revoke", {"probation", "parole"}), ("recall", {"outside_prison"})):
        walk = ending(type=kind)
        if kind in types:
            walk.take(name, COUNTY, date(2026, 5, 2), **paper)
            assert (walk.state, walk.facts["ended_on"]) == ("terminated", "2026-05-01")
        else:
            with pytest.raises(NotForType):
                walk.take(name, COUNTY, date(2026, 5, 2), **paper)


# ---- exit control ----------------------------------------------------------------------------------------


def exit_control(**case: Any) -> Walk:
    first = {"type": "parole", "opened_on": "2026-01-05", "term_end": NATIONAL_DAY.isoformat()}
    return Walk(EXIT_CONTROL_2020, **{**first, **case})


def test_the_filing_is_withdrawn_on_the_day_of_the_end() -> None:
    walk = exit_control()
    assert "file" in walk.expected()
    filed = walk.take("file", COUNTY, date(2026, 1, 5))
    assert Actor.EXIT_ENTRY in {duty.to for duty in filed.duties}
    assert "withdraw" in walk.expected()
    with pytest.raises(TooEarly):
        walk.take("withdraw", COUNTY, date(2026, 9, 30))
    due = next(step.due for step in walk.open_rows() if step.name == "withdraw")
    assert due == Due("term_end")
    walk.take("withdraw", COUNTY, NATIONAL_DAY)
    assert walk.state == "withdrawn"


def test_it_is_withdrawn_on_an_early_end_too_and_outlives_the_course() -> None:
    walk = exit_control()
    walk.take("file", COUNTY, date(2026, 1, 5))
    walk.facts |= {"ended_on": "2026-03-01", "end_kind": "pardoned"}
    assert next(step.due for step in walk.open_rows() if step.name == "withdraw") == Due("ended_on")
    walk.take("withdraw", COUNTY, date(2026, 3, 1))
    assert EXIT_CONTROL_2020.outlives


@pytest.mark.parametrize("ended", [{}, {"ended_on": "2026-10-01", "end_kind": "expired"}])
def test_an_overdue_withdrawal_alarms_the_procuratorate_once(ended: dict[str, str]) -> None:
    walk = exit_control()
    walk.take("file", COUNTY, date(2026, 1, 5))
    walk.facts |= ended
    step = walk.take("withdraw_late", CLOCK, date(2026, 10, 2))
    assert step.alarm
    assert PROCURATORATE in {duty.to for duty in step.duties}
    with pytest.raises(NotGiven):
        walk.take("withdraw_late", CLOCK, date(2026, 10, 3))
    walk.take("withdraw", COUNTY, date(2026, 10, 3))


@pytest.mark.parametrize("kind", ["revoked", "recalled"])
def test_who_goes_to_prison_is_handed_over_not_set_free_to_travel(kind: str) -> None:
    walk = exit_control()
    walk.take("file", COUNTY, date(2026, 1, 5))
    walk.facts |= {"ended_on": "2026-03-01", "end_kind": kind}
    with pytest.raises(NotGiven):
        walk.take("withdraw", COUNTY, date(2026, 3, 1))
    walk.take("hand_over", COUNTY, date(2026, 3, 1))


def test_whether_probation_is_filed_is_the_countys_configuration_and_marked() -> None:
    walk = exit_control(type="probation", exit_exempt=True)
    with pytest.raises(NotGiven):
        walk.take("file", COUNTY)
    assert walk.take("exempt", COUNTY).mark == "reading"
    assert exit_control(type="probation").take("file", COUNTY).mark == "reading"
    assert exit_control(type="parole", exit_exempt=True).take("file", COUNTY).mark == ""


def test_a_filing_with_a_validity_is_renewed() -> None:
    walk = exit_control()
    walk.take("file", COUNTY, date(2026, 1, 5), valid_until="2026-04-05")
    assert "renew" in walk.expected()
    walk.take("renew", COUNTY, date(2026, 4, 1), valid_until="2026-07-01")
    assert walk.facts["valid_until"] == "2026-07-01"


# ---- minors ----------------------------------------------------------------------------------------------


def minor(**case: Any) -> Walk:
    return Walk(MINOR_2020, **{"minor": True, "opened_on": "2026-01-05", **case})


def test_the_record_is_sealed_on_the_day_of_the_end_where_the_law_says_so() -> None:
    walk = minor(juvenile_sealable=True)
    with pytest.raises(NotGiven, match="矫正结束"):
        walk.take("seal", COUNTY)
    walk.facts["ended_on"] = NATIONAL_DAY.isoformat()
    assert walk.expected() >= {"seal"}
    assert walk.take("seal", COUNTY, NATIONAL_DAY).due == Due("ended_on")
    other = minor(juvenile_sealable=False, ended_on=NATIONAL_DAY.isoformat())
    with pytest.raises(NotGiven, match="封存"):
        other.take("seal", COUNTY)
    other.take("close", COUNTY)
    assert MINOR_2020.outlives


def test_a_guardian_is_urged_before_being_reported() -> None:
    walk = minor()
    with pytest.raises(NotGiven, match="督促"):
        walk.take("report_guardian", COUNTY, refusal="x", department="y")
    assert "guardian_letter" in walk.take("urge", COUNTY, failing="x").documents
    walk.take("report_guardian", COUNTY, refusal="x", department="y")


def test_who_has_not_finished_compulsory_school_is_brought_back() -> None:
    walk = minor()
    assert "check_schooling" in walk.expected()
    walk.take("check_schooling", COUNTY, school_state="unfinished")
    assert "notify_education" in walk.expected()
    walk.take("notify_education", COUNTY)
    walk.take("back_at_school", COUNTY)
    assert "notify_education" not in walk.expected()
    finished = minor()
    finished.take("check_schooling", COUNTY, school_state="finished")
    assert "notify_education" not in finished.expected()


def test_it_exists_for_minors_only() -> None:
    assert MINOR_2020.is_for({"minor": True})
    assert not MINOR_2020.is_for({"minor": False})
