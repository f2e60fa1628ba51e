"""A course through the services: every actor, clock, recipient and refusal of the main ways."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.errors import BadAnswers, CourseEnded, NotFromFuture, ReasonsMissing
from sifang.cases.models import Act, Case, Dispatch, Expectation, Proceeding, Stage
from sifang.cases.outbox import confirm
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import Delegation
from sifang.people.purposes import Purpose
from sifang.people.services import register_judgment
from tests.personae import City


@dataclass
class Desk:
    """One case and the officers who work on it."""

    city: City
    case: Case

    def does(self, officer: str, procedure: str, step: str, **more: Any) -> Act:
        names = {"reasons", "remedy", "proceeding", "at"}
        known = {key: value for key, value in more.items() if key in names}
        answers = {key: value for key, value in more.items() if key not in names}
        return take(self.city[officer], self.case.id, Wish(procedure, step, answers, **known))

    def open(self) -> set[str]:
        with self.city.acting("王科"):
            return set(
                Expectation.objects.filter(case=self.case, closed_at=None).values_list("kind", flat=True)
            )

    def stage(self) -> str:
        with self.city.acting("王科"):
            return Case.objects.get(id=self.case.id).stage

    def state(self, procedure: str) -> str:
        with self.city.acting("王科"):
            return Proceeding.objects.filter(case=self.case, procedure=procedure).latest("started_at").state


@pytest.fixture
def handed_over(city: City) -> Desk:
    """A judgment that took effect four days ago, entered by the court; the person has not come yet."""
    effective = legal_day(utc_now()) - timedelta(days=4)
    facts = city.facts("罗某", "", office=None)
    paper = city.paper(
        "罗某",
        document_date=effective - timedelta(days=10),
        effective_on=effective,
        term_start=effective,
        term_end=effective + timedelta(days=364),
    )
    with city.acting("钱法", Purpose.RECEPTION):
        order = register_judgment(city["钱法"], facts, paper)
        return Desk(city, Case.objects.get(order=order))


def test_a_judgment_in_force_expects_notice_papers_and_the_person(handed_over: Desk) -> None:
    assert {"handover.notify", "intake.report"} <= handed_over.open()
    assert handed_over.case.stage == Stage.HANDOVER


def test_an_outsider_learns_nothing_of_the_case(handed_over: Desk) -> None:
    with pytest.raises(NotFound):
        handed_over.does("周外", "intake", "verify_identity", identity_by="身份证")


def _leave(desk: Desk, days: int, start: date | None = None, by: str = "李所") -> Act:
    first = start or legal_day(utc_now()) + timedelta(days=5)
    return desk.does(
        by,
        "leave",
        "apply",
        purpose="medical",
        destination="北京市",
        leaves_on=first.isoformat(),
        returns_on=(first + timedelta(days=days - 1)).isoformat(),
        proof="门诊预约单",
    )


@pytest.fixture
def desk(city: City) -> Desk:
    """张三, supervised in 历下; 趵突泉 has no delegation."""
    return Desk(city, city.cases["张三"])


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [("王科", "granted"), ("李所", BeyondPower), ("周外", NotFound), ("市科", BeyondPower)],
)
def test_who_may_grant_ten_days(desk: Desk, officer: str, outcome: Any) -> None:
    applied = _leave(desk, 10)
    if isinstance(outcome, str):
        act = desk.does(officer, "leave", "approve", proceeding=applied.proceeding_id)
        assert act.state_after == outcome
        assert act.facts["days"] == act.facts["window_days"] == 10
    else:
        with pytest.raises(outcome):
            desk.does(officer, "leave", "approve", proceeding=applied.proceeding_id)


def test_seven_days_belong_to_the_office_only_with_a_delegation(desk: Desk) -> None:
    applied = _leave(desk, 7)
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        desk.does("李所", "leave", "approve", proceeding=applied.proceeding_id)
    city = desk.city
    with city.acting("王科"):
        Delegation.objects.create(
            agency=city.agencies["历下区司法局"],
            office=city.agencies["趵突泉司法所"],
            matter="leave",
            document_no="历下司委〔2026〕1号",
            valid_from=legal_day(utc_now()) - timedelta(days=9),
            by=city["王科"],
        )
    with pytest.raises(BeyondPower, match="司法所"):
        desk.does("王科", "leave", "approve", proceeding=applied.proceeding_id)
    act = desk.does("李所", "leave", "approve", proceeding=applied.proceeding_id)
    with city.acting("王科"):
        to = set(Dispatch.objects.filter(act=act).values_list("to_actor", flat=True))
    assert {"社区矫正对象", "县级社区矫正机构"} <= to


def test_thirty_days_in_two_months_go_to_the_city(desk: Desk) -> None:
    today = legal_day(utc_now())
    first = _leave(desk, 28, today + timedelta(days=3))
    desk.does("王科", "leave", "approve", proceeding=first.proceeding_id)
    second = _leave(desk, 4, today + timedelta(days=40))
    with pytest.raises(BeyondPower, match="上一级社区矫正机构"):
        desk.does("王科", "leave", "approve", proceeding=second.proceeding_id)
    assert desk.does("市科", "leave", "approve", proceeding=second.proceeding_id).facts["window_days"] == 32


def test_the_receipt_of_the_recipient_closes_the_duty(desk: Desk) -> None:
    applied = _leave(desk, 10)
    act = desk.does("王科", "leave", "approve", proceeding=applied.proceeding_id)
    with desk.city.acting("赵检", Purpose.PROCURATE):
        sent = Dispatch.objects.select_related("document").get(act=act, to_actor="人民检察院")
        assert sent.document is not None
        assert bytes(sent.document.pdf).startswith(b"%PDF")
    with pytest.raises(NotFound):
        confirm(desk.city["周外"], sent.id)
    assert confirm(desk.city["赵检"], sent.id).state == "accepted"
    with desk.city.acting("王科"):
        assert Expectation.objects.get(subject_id=sent.id).closed_by == sent.id


def test_a_hand_over_to_the_day_of_reception(handed_over: Desk) -> None:
    desk = handed_over
    with pytest.raises(BeyondPower, match="社区矫正决定机关"):
        desk.does("王科", "handover", "notify")
    desk.does("钱法", "handover", "notify")
    assert "handover.notify" not in desk.open()
    served = desk.does("钱法", "handover", "serve", papers_list="判决书、执行通知书、起诉书副本")
    with desk.city.acting("赵检", Purpose.PROCURATE):
        assert Dispatch.objects.filter(act=served, to_agency=desk.city["赵检"].agency).exists()
    today = legal_day(utc_now()).isoformat()
    desk.does("王科", "handover", "accept_papers", papers_came_on=today, papers_list="齐全")
    assert "handover.receipt" in desk.open()
    desk.does("王科", "handover", "receipt")
    desk.does("王科", "intake", "report")
    desk.does("王科", "intake", "verify_identity", identity_by="居民身份证")
    with pytest.raises(BeyondPower):
        desk.does("郑局", "intake", "receive")
    desk.does("王科", "intake", "receive")
    assert desk.stage() == Stage.SUPERVISED
    assert {"team.form", "exit_control.file", "ending.release"} <= desk.open()
    with desk.city.acting("王科"):
        assert Case.objects.get(id=desk.case.id).order.received_on == legal_day(utc_now())


def test_release_on_the_day_of_the_end_stops_everything(city: City) -> None:
    today = legal_day(utc_now())
    start = today - timedelta(days=200)
    with city.acting("钱法", Purpose.RECEPTION):
        order = register_judgment(
            city["钱法"],
            city.facts("尤某", "", office=None),
            city.paper("尤某", document_date=start, effective_on=start, term_start=start, term_end=today),
        )
        desk = Desk(city, Case.objects.get(order=order))
    desk.does("王科", "intake", "report")
    desk.does("王科", "intake", "verify_identity", identity_by="居民身份证")
    desk.does("王科", "intake", "receive")
    with pytest.raises(BeyondPower):
        desk.does("郑局", "ending", "release")
    desk.does("王科", "ending", "release")
    assert desk.stage() == Stage.ENDED
    left = {kind.partition(".")[0] for kind in desk.open() if kind not in {"receipt", "copy"}}
    assert left <= {"exit_control", "minor", "ending"}, left
    assert "exit_control.withdraw" in desk.open() or desk.state("exit_control") == "pending"
    with pytest.raises(CourseEnded):
        _leave(desk, 3, by="王科")


def test_the_person_applies_on_the_own_account_and_signs_for_the_answer(desk: Desk) -> None:
    today = legal_day(utc_now())
    applied = desk.does(
        "张三",
        "leave",
        "apply",
        purpose="family",
        destination="泰安市",
        leaves_on=(today + timedelta(days=5)).isoformat(),
        returns_on=(today + timedelta(days=6)).isoformat(),
        proof="母亲住院通知",
    )
    assert (applied.actor, applied.recorded_for) == ("社区矫正对象", False)
    with pytest.raises(BeyondPower):
        desk.does("张三", "leave", "approve", proceeding=applied.proceeding_id)
    act = desk.does("王科", "leave", "approve", proceeding=applied.proceeding_id)
    with desk.city.acting("张三", Purpose.OWN):
        told = Dispatch.objects.get(act=act, to_actor="社区矫正对象")
    assert confirm(desk.city["张三"], told.id).state == "accepted"


def test_a_refusal_without_reasons_is_not_saved(desk: Desk) -> None:
    applied = _leave(desk, 10)
    with pytest.raises(ReasonsMissing):
        desk.does("王科", "leave", "refuse", proceeding=applied.proceeding_id)
    assert desk.state("leave") == "applied"
    refused = desk.does("王科", "leave", "refuse", proceeding=applied.proceeding_id, reasons="行程与宣告冲突")
    assert "申诉" in refused.remedy


def test_bad_answers_are_all_named_at_once_and_nothing_is_kept(desk: Desk) -> None:
    with pytest.raises(BadAnswers) as caught:
        desk.does("李所", "leave", "apply", purpose="holiday", leaves_on="明天", returns_on="2026-13-01")
    assert set(caught.value.data["errors"]) == {"purpose", "destination", "leaves_on", "returns_on", "proof"}
    with desk.city.acting("王科"):
        assert not Proceeding.objects.filter(case=desk.case).exists()


def test_nobody_acts_in_advance(desk: Desk) -> None:
    with pytest.raises(NotFromFuture):
        desk.does("王科", "need", "raise", kind="work", words="求职", at=utc_now() + timedelta(hours=1))


def test_what_is_expected_again_from_the_same_day_is_expected_again(desk: Desk) -> None:
    raised = desk.does("王科", "need", "raise", kind="work", words="求职")
    run = raised.proceeding_id
    desk.does("王科", "need", "consent", proceeding=run, agreed_content="转人社局")
    desk.does("王科", "need", "refer", proceeding=run, helper="人社局", asked="岗位")
    assert "need.offer" not in desk.open()
    desk.does(
        "王科",
        "need",
        "cannot",
        proceeding=run,
        answered_by="人社局",
        answer="暂无岗位",
        reasons="本季无岗位",
    )
    assert "need.offer" in desk.open()


def test_a_womans_team_is_expected_before_its_form_names_a_woman(city: City) -> None:
    """Who must fill in the form has not done so yet: the duty stands all the same (社区矫正法25条2款)."""
    from sifang.cases.expected import Run, expected_of
    from sifang.law.calendar import Calendar
    from sifang.law.procedures import edition

    facts = {"type": "probation", "woman": True, "minor": False, "opened_on": "2026-03-02"}
    run = Run("1", edition("team", legal_day(utc_now())), "forming", facts)
    assert [one.step for one in expected_of(run, Calendar.load())] == ["form"]
    resting = Run("1", run.procedure, "forming", facts | {"held": True})
    assert list(expected_of(resting, Calendar.load())) == []


def test_who_was_a_minor_and_for_how_long_stands_in_the_register(city: City) -> None:
    """Under eighteen is the register's word, and over five years nothing is sealed (刑事诉讼法286条)."""
    from sifang.cases.facts import case_facts

    with city.acting("王科"):
        case = Case.objects.select_related("person", "order__decided_by").get(id=city.cases["小陈"].id)
        assert case_facts(case)["minor"]
        assert case_facts(case)["juvenile_sealable"]
        case.order.sentence_months = 61
        assert not case_facts(case)["juvenile_sealable"]
        case.order.sentence_months, case.order.type = None, "parole"
        assert not case_facts(case)["juvenile_sealable"]
