"""Hand-over and reception: three tracks in every order, and what late, missing and held lead to."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.procedure import Actor, NoSuchStep, NotForType, NotGiven, opened_by
from sifang.law.procedures import edition
from sifang.law.procedures.handover import HANDOVER_2020
from sifang.law.procedures.intake import INTAKE_2020
from sifang.law.tests.walk import Walk

COUNTY, DECIDER, PERSON, CLOCK = Actor.COUNTY, Actor.DECIDER, Actor.PERSON, Actor.CLOCK
CUSTODY, POLICE, PROCURATORATE = Actor.CUSTODY, Actor.POLICE, Actor.PROCURATORATE
LIST = {"papers_list": "判决书、执行通知书"}
CAME = {"papers_came_on": "2026-11-05", **LIST}
OUTSIDE = {"type": "outside_prison", "approved_by": "prison"}


class Course:
    """Both proceedings of one person, joined on the facts that one names of the other."""

    def __init__(self, **case: Any) -> None:
        case = {"effective_on": "2026-11-02", **case}
        self.handover, self.intake = Walk(HANDOVER_2020, **case), Walk(INTAKE_2020, **case)

    def take(self, table: str, name: str, actor: Actor, **answers: Any) -> Any:
        walk = self.handover if table == "handover" else self.intake
        step = walk.take(name, actor, **answers)
        self.intake.facts["papers"] = self.handover.facts.get("papers", "")
        self.handover.facts["arrived_on"] = self.intake.facts.get("arrived_on", "")
        return step

    def notice(self) -> None:
        self.take("handover", "notify", DECIDER)

    def papers(self) -> None:
        self.take("handover", "serve", DECIDER, **LIST)
        self.take("handover", "accept_papers", COUNTY, **CAME)

    def arrival(self) -> None:
        if self.intake.facts["type"] == "outside_prison":
            self.take("intake", "register_transfer", COUNTY)
        else:
            self.take("intake", "report", PERSON)

    def receive(self) -> Any:
        self.take("intake", "verify_identity", COUNTY)
        return self.take("intake", "receive", COUNTY)


TYPES = ("control", "probation", "parole", "outside_prison")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("order", list(permutations(("notice", "papers", "arrival"))))
def test_every_order_of_notice_papers_and_arrival_reaches_reception(
    kind: str, order: tuple[str, ...]
) -> None:
    course = Course(type=kind)
    for track in order:
        getattr(course, track)()
    course.receive()
    assert course.intake.state == "received"
    assert not course.intake.facts.get("received_pending")
    course.take("handover", "receipt", COUNTY)
    left = course.handover.expected() - {"copy_received"}
    assert left == set()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("late", [("notice",), ("papers",), ("notice", "papers"), ("papers", "notice")])
def test_reception_waits_for_the_person_alone(kind: str, late: tuple[str, ...]) -> None:
    course = Course(type=kind)
    for track in ("notice", "papers"):
        if track not in late:
            getattr(course, track)()
    course.arrival()
    course.receive()
    assert course.intake.state == "received"
    assert bool(course.intake.facts.get("received_pending")) == ("papers" in late)
    for track in late:
        getattr(course, track)()
    course.take("handover", "receipt", COUNTY)
    assert course.handover.facts["papers"] == "complete"


def test_papers_that_miss_when_the_person_comes_are_asked_for_with_a_clock() -> None:
    course = Course()
    assert "notify_gap" not in course.handover.expected()
    course.arrival()
    assert "notify_gap" in course.handover.expected()
    told = course.take("handover", "notify_gap", COUNTY)
    assert {duty.to for duty in told.duties} == {DECIDER, PROCURATORATE}
    complete = next(step for step in course.handover.open_rows() if step.name == "complete")
    assert complete.due is not None
    assert (complete.due.rule, complete.due.since) == ("handover.complete", "gap_notified_on")


def test_completion_that_is_again_not_complete_is_asked_for_anew() -> None:
    course = Course()
    course.take("handover", "note_gap", COUNTY, **CAME, gap="执行通知书")
    course.take("handover", "receipt", COUNTY)
    course.take("handover", "notify_gap", COUNTY)
    course.take("handover", "complete", DECIDER, **LIST)
    assert "accept_papers" in course.handover.expected()
    course.take("handover", "note_gap", COUNTY, **CAME, gap="决定书")
    assert {"notify_gap", "receipt"} <= course.handover.expected()
    course.take("handover", "notify_gap", COUNTY)
    course.take("handover", "accept_papers", COUNTY, **CAME)
    assert "complete" not in {step.name for step in course.handover.open_rows()}


def test_partial_papers_do_not_give_the_decider_a_new_period() -> None:
    course = Course()
    course.arrival()
    course.take("handover", "notify_gap", COUNTY)
    course.take("handover", "note_gap", COUNTY, **CAME, gap="执行通知书")
    assert course.handover.facts["gap_notified_on"]
    assert "notify_gap" not in course.handover.expected()


def test_late_is_an_alarm_once_and_the_late_act_is_taken() -> None:
    course = Course()
    late = course.take("handover", "notice_late", CLOCK)
    assert late.alarm
    assert {duty.to for duty in late.duties} == {PROCURATORATE, COUNTY}
    with pytest.raises(NotGiven):
        course.take("handover", "notice_late", CLOCK)
    course.take("handover", "papers_late", CLOCK)
    course.notice()
    course.papers()
    assert course.handover.facts["papers"] == "complete"


def test_copies_are_awaited_from_the_decider_only_when_papers_came_by_post() -> None:
    by_post = Course()
    step = by_post.take("handover", "accept_papers", COUNTY, **CAME)
    before = {"served_on": "", "decided_elsewhere": False}
    owed = [duty for duty in step.duties if duty.given is None or duty.given.holds(before)]
    assert {(duty.to, duty.by, duty.awaited) for duty in owed} == {
        (PROCURATORATE, DECIDER, True),
        (POLICE, DECIDER, True),
    }
    assert not [duty for duty in step.duties if duty.given and duty.given.holds({"served_on": "2026-11-03"})]


def test_papers_from_elsewhere_are_forwarded_by_the_county() -> None:
    here, elsewhere = Course(), Course(decided_elsewhere=True)
    for course in (here, elsewhere):
        course.papers()
    assert "forward" not in here.handover.expected()
    assert "forward" in elsewhere.handover.expected()
    step = elsewhere.take("handover", "forward", COUNTY)
    assert {duty.to for duty in step.duties} == {PROCURATORATE, POLICE}
    assert step.due is not None
    assert step.due.is_target


def test_a_dispute_of_the_place_keeps_nobody_from_reception() -> None:
    course = Course()
    course.take("handover", "dispute", COUNTY)
    course.papers()
    course.arrival()
    course.receive()
    assert course.intake.state == "received"
    with pytest.raises(BeyondPower, match="社区矫正决定机关"):
        course.take("handover", "redirect", COUNTY, new_place="x")
    assert course.take("handover", "redirect", DECIDER, new_place="x").closes == ("intake",)


def test_the_procuratorate_may_object_to_release_from_prison_for_a_month() -> None:
    course = Course(**OUTSIDE)
    course.take("handover", "copy_received", PROCURATORATE)
    course.take("handover", "object", PROCURATORATE, opinion="不当")
    recheck = next(step for step in course.handover.open_rows() if step.name == "recheck")
    assert recheck.due is not None
    assert recheck.due.rule == "zj.recheck"
    course.take("handover", "recheck", DECIDER, recheck_result="维持")
    with pytest.raises(NotGiven):
        course.take("handover", "object", PROCURATORATE, opinion="不当")
    with pytest.raises(NotForType):
        Course().take("handover", "copy_received", PROCURATORATE)


# ---- arrival ---------------------------------------------------------------------------------------------


def test_nobody_is_received_before_the_identity_is_verified() -> None:
    course = Course()
    course.papers()
    with pytest.raises(NotGiven, match="报到或者移送的记录"):
        course.take("intake", "verify_identity", COUNTY)
    course.arrival()
    with pytest.raises(NotGiven, match="条件不具备：已有身份核实记录（"):
        course.take("intake", "receive", COUNTY)


def test_only_the_county_receives() -> None:
    course = Course()
    course.arrival()
    course.take("intake", "verify_identity", COUNTY)
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        course.take("intake", "receive", Actor.OFFICE)


def test_who_did_not_report_is_searched_for_and_received_when_found() -> None:
    course = Course()
    lapse = course.take("intake", "lapse", CLOCK)
    assert {duty.to for duty in lapse.duties} == {COUNTY, PROCURATORATE}
    assert course.intake.state == "missing"
    with pytest.raises(NotGiven, match="查找记录"):
        course.take("intake", "call_police", COUNTY)
    course.take("intake", "search", COUNTY, means="电话、走访")
    assert POLICE in {duty.to for duty in course.take("intake", "call_police", COUNTY).duties}
    course.arrival()
    course.receive()
    assert course.intake.state == "received"


def test_who_reported_in_time_does_not_lapse_while_the_reception_waits() -> None:
    course = Course()
    course.arrival()
    with pytest.raises(NotGiven):
        course.take("intake", "lapse", CLOCK)


def test_officers_go_to_who_cannot_come() -> None:
    course = Course()
    course.take("intake", "lapse", CLOCK)
    course.take("intake", "report_at_home", COUNTY, hardship="行动不便", at_place="家中")
    course.receive()
    with pytest.raises(NotForType, match="暂予监外执行"):
        Course(**OUTSIDE).take("intake", "report_at_home", COUNTY, hardship="x", at_place="y")


@pytest.mark.parametrize(
    ("kind", "days", "over_month", "step", "words"),
    [
        ("probation", 10, False, "assess_short_delay", "训诫"),
        ("probation", 11, False, "assess_long_delay", "警告"),
        ("parole", 40, True, "assess_month_delay", "撤销"),
        ("control", 40, True, "assess_month_delay", "警告"),
    ],
)
def test_the_length_of_the_delay_names_what_is_next(
    kind: str, days: int, over_month: bool, step: str, words: str
) -> None:
    course = Course(type=kind, late_days=days, late_over_month=over_month)
    course.arrival()
    open_rows = [row for row in course.intake.open_rows() if row.name.startswith("assess_")]
    assert [row.name for row in open_rows if row.is_for({"type": kind})] == [step]
    assert words in open_rows[0].help
    course.take("intake", step, COUNTY, good_reason=False, cause="x")
    assert not [row for row in course.intake.open_rows() if row.name.startswith("assess_")]


def test_in_time_nothing_is_assessed() -> None:
    course = Course(late_days=0)
    course.arrival()
    assert not [row for row in course.intake.open_rows() if row.name.startswith("assess_")]


@pytest.mark.parametrize(
    ("approved_by", "held", "owner"),
    [
        ("prison", True, CUSTODY),
        ("police", False, CUSTODY),
        ("court", True, CUSTODY),
        ("court", False, POLICE),
    ],
)
def test_exactly_one_body_must_bring_the_person(approved_by: str, held: bool, owner: Actor) -> None:
    course = Course(type="outside_prison", approved_by=approved_by)
    if held:
        course.take("intake", "note_custody", COUNTY, held_at="看守所")
    rows = [step for step in course.intake.open_rows() if step.name in {"transfer", "note_decision"}]
    assert {step.actor for step in rows} == {owner}
    other = POLICE if owner is CUSTODY else CUSTODY
    with pytest.raises(BeyondPower, match=owner.value):
        course.take("intake", "transfer", other, handed_over="x")
    course.take("intake", "note_decision", owner, decision_came_on="2026-11-03", other_province=False)
    assert "transfer" in course.intake.expected()
    step = course.take("intake", "transfer", owner, handed_over="x")
    assert PROCURATORATE in {duty.to for duty in step.duties}
    course.receive()


def test_an_illegal_transfer_goes_back_and_may_come_again() -> None:
    course = Course(**OUTSIDE)
    course.take("intake", "transfer", CUSTODY, handed_over="x")
    back = course.take("intake", "return_transfer", COUNTY)
    assert back.reasons
    assert PROCURATORATE in {duty.to for duty in back.duties}
    assert course.intake.state == "returned"
    course.take("intake", "transfer", CUSTODY, handed_over="x")
    course.receive()
    with pytest.raises(NotForType):
        Course().take("intake", "return_transfer", COUNTY)


def test_a_person_held_when_sentenced_is_set_free_at_once() -> None:
    course = Course()
    assert "order_release" not in course.intake.expected()
    course.take("intake", "state_custody", DECIDER, held_at="看守所")
    assert {"order_release", "hand_over_held"} <= course.intake.expected()
    assert PROCURATORATE in {duty.to for duty in course.take("intake", "custody_late", CLOCK).duties}
    with pytest.raises(NotGiven):
        course.take("intake", "lapse", CLOCK)  # who is kept in custody is not missing
    course.take("intake", "hand_over_held", CUSTODY)
    assert not {"order_release", "hand_over_held"} & course.intake.expected()
    course.take("intake", "lapse", CLOCK)


# ---- after reception -------------------------------------------------------------------------------------


def received(**case: Any) -> Course:
    course = Course(**case)
    course.papers()
    course.arrival()
    course.receive()
    return course


def test_reception_opens_what_the_person_has_and_nothing_else() -> None:
    step = next(one for one in INTAKE_2020.steps if one.name == "receive")

    def opened(**facts: Any) -> set[str]:
        return {one.name for one in opened_by(step, facts, lambda name: edition(name, date(2026, 11, 24)))}

    always = {"team", "plan", "category", "report", "education", "exit_control", "ending"}
    assert opened(type="probation") == always
    assert opened(type="outside_prison") == always | {"medical"}
    assert opened(type="probation", minor=True) == always | {"minor"}


def test_the_announcement_follows_the_file() -> None:
    course = received()
    with pytest.raises(NotGiven, match="已有社区矫正档案"):
        course.take("intake", "announce", COUNTY, attended=[])
    course.take("intake", "open_file", COUNTY)
    course.take("intake", "announce", COUNTY, attended=[])
    assert course.intake.state == "announced"


def test_a_minor_is_announced_to_in_private_with_the_guardian_called() -> None:
    course = received(minor=True)
    course.take("intake", "open_file", COUNTY)
    with pytest.raises(NotGiven, match=r"条件不具备：已有通知监护人到场的记录（或者不能通知的原因）（"):
        course.take("intake", "announce", COUNTY, attended=[])
    course.take("intake", "call_guardian", COUNTY, guardian="x", called_by="y")
    assert "不公开" in course.take("intake", "announce", COUNTY, attended=[]).title


def test_who_refuses_to_sign_is_announced_to_before_two_witnesses() -> None:
    course = received()
    course.take("intake", "open_file", COUNTY)
    step = course.take("intake", "announce_unsigned", COUNTY, attended=[], witnesses=["a", "b"])
    assert "witnesses" in {ask.key for ask in step.asks if ask.required}


def test_a_death_before_reception_ends_the_course() -> None:
    course = Course()
    course.take("intake", "lapse", CLOCK)
    course.take("intake", "end_before_reception", COUNTY, ground="死亡", document_no="x")
    assert course.intake.state == "ended"
    with pytest.raises(NoSuchStep):
        course.take("intake", "report", PERSON)
