"""Signal → alarm → handling → closure: raised by the watch, answered by officers, never rewritten."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, ProgrammingError

from sifang.cases.models import Expectation
from sifang.kernel.errors import BadInput, BeyondPower, NotFound, Refused
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.errors import AlreadyTaken, CauseMissing, NotTaken, NotYetKnown, PauseTooLong
from sifang.monitoring.models import (
    Alarm,
    AlarmAct,
    AlarmCause,
    AlarmKind,
    AlarmOutcome,
    Clause,
    Fence,
    Incident,
    Measure,
)
from sifang.monitoring.questions import escalation, headline, police_request
from sifang.monitoring.services.alarms import (
    Situation,
    end_alarm_episode,
    raise_alarm,
)
from sifang.monitoring.services.handling import (
    close_alarm,
    handle_alarm,
    pause_alarm,
    take_alarm,
    verify_alarm,
)
from sifang.monitoring.services.incidents import close_incident, open_incident, open_incidents
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import Purpose, acting, system

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "watch"])


@pytest.fixture
def tracked(desk):
    """张三 under a measure with a boundary fence, made known an hour ago; the watch may ask."""
    measure = desk.fenced()
    with desk.city.acting("王科"):
        fence = Fence.objects.get(measure=measure)
    return SimpleNamespace(desk=desk, measure=measure, fence=fence)


def raised(tracked, kind=AlarmKind.BOUNDARY_LEFT, *, ago=120, fence=True, **given):
    """Raise an alarm as the watch does: role watch, system purpose watch."""
    episode = int((utc_now() - timedelta(seconds=ago)).timestamp())
    number = tracked.fence.number if fence and kind == AlarmKind.BOUNDARY_LEFT else None
    situation = Situation(
        measure=tracked.measure.number,
        kind=kind,
        episode=given.pop("episode", episode),
        fence=number,
        probability=0.97,
        evidence=[{"taken_s": episode, "distance_m": 240.0, "accuracy_m": 12.0}],
    )
    with as_role("watch"), system("watch"):
        return raise_alarm(situation, **given)


def ended(tracked, kind=AlarmKind.BOUNDARY_LEFT):
    number = tracked.fence.number if kind == AlarmKind.BOUNDARY_LEFT else None
    with as_role("watch"), system("watch"):
        return end_alarm_episode(tracked.measure.number, kind, fence=number)


def again(tracked, alarm):
    with tracked.desk.city.acting("王科"):
        return Alarm.objects.select_related("person__county_agency", "fence", "incident").get(id=alarm.id)


def expected(tracked, alarm):
    with tracked.desk.city.acting("王科"):
        return {e.kind: e.closed_by for e in Expectation.objects.filter(subject_id=alarm.id)}


def test_an_alarm_is_numbered_recorded_and_expects_handling(tracked):
    first = raised(tracked)
    second = raised(tracked, AlarmKind.STRAP)
    day = utc_now().astimezone(SHANGHAI).strftime("%Y%m%d")
    assert (first.number, second.number) == (f"A-{day}-0001", f"A-{day}-0002")
    assert (first.rank, first.clause.kind, first.state) == (1, "boundary", "open")
    assert first.device is not None
    assert set(expected(tracked, first)) == {"alarm_taking", "alarm_handling"}
    assert LedgerPending.objects.filter(kind="alarm_raised").count() == 2
    assert headline(again(tracked, first)) == "张三是否已离开济南市区？"


def test_the_same_episode_raises_nothing_twice(tracked):
    first = raised(tracked)
    assert raised(tracked, episode=first.episode) == first
    assert raised(tracked, ago=30) == first  # nobody answered yet: the same question
    ended(tracked)
    assert again(tracked, first).ended_at is not None
    assert raised(tracked, ago=10) == first
    assert again(tracked, first).ended_at is None


def test_after_the_answer_a_new_episode_is_a_new_question(tracked):
    first = raised(tracked)
    take_alarm(tracked.desk["冯班"], first.id)
    handle_alarm(tracked.desk["冯班"], first.id, outcome=AlarmOutcome.OUTSIDE_RETURNED,
                 cause=AlarmCause.PASSED_THROUGH, text="本人电话称乘车经过，已返回")  # fmt: skip
    assert raised(tracked, ago=10) != first


def test_nothing_is_raised_before_it_was_made_known(desk):
    measure = desk.fenced(told=False)
    with desk.city.acting("王科"):
        fence = Fence.objects.get(measure=measure)
    untold = SimpleNamespace(desk=desk, measure=measure, fence=fence)
    assert raised(untold) is None
    assert raised(untold, AlarmKind.STRAP) is None
    desk.told(measure)
    assert raised(untold, ago=120) is None  # began before the notice
    forged = Alarm(
        number="A-1",
        kind="strap",
        rank=1,
        person=measure.person,
        case=desk.city.cases["张三"],
        measure=measure,
        episode=1,
        began_at=utc_now() - timedelta(minutes=5),
    )
    with as_role("watch"), system("watch"), pytest.raises(IntegrityError, match="告知"):
        forged.save(force_insert=True)
    assert raised(untold, ago=0, episode=int(utc_now().timestamp()) + 1) is not None


def test_a_clause_made_known_later_is_silent_until_then(tracked):
    ban = tracked.desk.ban()
    from sifang.monitoring.services.clauses import compile_fences, make_clause_known

    compile_fences(tracked.desk["王科"], tracked.measure)
    with tracked.desk.city.acting("王科"):
        number = Fence.objects.get(clause=ban).number
    situation = Situation(
        tracked.measure.number, AlarmKind.PLACE_ENTERED, int(utc_now().timestamp()) - 60, number
    )
    with as_role("watch"), system("watch"):
        assert raise_alarm(situation) is None
    make_clause_known(tracked.desk["李所"], ban)
    later = Situation(tracked.measure.number, AlarmKind.PLACE_ENTERED, int(utc_now().timestamp()) + 1, number)
    with as_role("watch"), system("watch"):
        assert raise_alarm(later) is not None


def test_after_the_end_of_the_measure_nothing_is_raised(tracked):
    from sifang.monitoring.services.measures import end_measure

    end_measure(tracked.desk["王科"], tracked.measure, reason="不再需要")
    assert raised(tracked, episode=int(utc_now().timestamp()) + 1) is None
    with tracked.desk.city.acting("王科"):
        assert Measure.objects.get(id=tracked.measure.id).ended_at is not None


def test_from_the_question_to_the_closure(tracked):
    alarm, duty = raised(tracked), tracked.desk["冯班"]
    with pytest.raises(NotTaken):
        verify_alarm(duty, alarm.id, "call")
    take_alarm(duty, alarm.id)
    with pytest.raises(AlreadyTaken, match="冯班"):
        take_alarm(tracked.desk["王科"], alarm.id)
    assert take_alarm(tracked.desk["王科"], alarm.id, over=True).taken_by == tracked.desk["王科"]
    verify_alarm(duty, alarm.id, "call", "本人接听")
    with pytest.raises(CauseMissing):
        close_alarm(duty, alarm.id)
    with pytest.raises(CauseMissing):
        handle_alarm(duty, alarm.id, outcome=AlarmOutcome.OUTSIDE_RETURNED, text="已返回")
    with pytest.raises(BadInput):
        handle_alarm(
            duty, alarm.id, outcome=AlarmOutcome.OUTSIDE_RETURNED, cause=AlarmCause.EMERGENCY, text=" "
        )
    with pytest.raises(BadInput):
        handle_alarm(
            duty, alarm.id, outcome=AlarmOutcome.TECHNICAL, cause=AlarmCause.LEFT_UNAPPROVED, text="甲"
        )
    handle_alarm(duty, alarm.id, outcome=AlarmOutcome.CANNOT_KNOW, text="电话未接通")
    with pytest.raises(NotYetKnown):
        close_alarm(duty, alarm.id)
    handle_alarm(duty, alarm.id, outcome=AlarmOutcome.OUTSIDE_RETURNED, cause=AlarmCause.EMERGENCY,
                 text="送家人急诊，已返回")  # fmt: skip
    close_alarm(duty, alarm.id)
    found = again(tracked, alarm)
    assert (found.state, found.cause) == ("closed", "emergency")
    assert all(expected(tracked, alarm).values())
    with tracked.desk.city.acting("王科"):
        verbs = list(AlarmAct.objects.order_by("at").values_list("verb", flat=True))
    assert verbs == ["take", "take", "call", "handle", "handle", "close"]
    with pytest.raises(Refused):
        verify_alarm(duty, alarm.id, "note", "补记")


def test_who_may_take_an_alarm(tracked):
    alarm = raised(tracked)
    for name, outcome in {
        "赵检": BeyondPower, "郑局": BeyondPower, "周外": NotFound, "吴离": NotFound,
        "孙警": NotFound, "钱法": NotFound, "系管": NotFound,
    }.items():  # fmt: skip
        with pytest.raises(outcome):
            take_alarm(tracked.desk[name], alarm.id)
        with pytest.raises(outcome):
            verify_alarm(tracked.desk[name], alarm.id, "note", "甲")
        assert again(tracked, alarm).taken_by_id is None
    for name in ("冯班", "王科", "李所"):
        assert take_alarm(tracked.desk[name], alarm.id, over=True).taken_by == tracked.desk[name]


def test_an_alarm_and_its_acts_are_not_rewritten(tracked):
    alarm = raised(tracked)
    take_alarm(tracked.desk["冯班"], alarm.id)
    for change in ({"evidence": []}, {"began_at": utc_now()}, {"state": "open"}, {"kind": "sos"}):
        with pytest.raises(IntegrityError), acting(tracked.desk["王科"], Purpose.VERIFY_ALARM):
            Alarm.objects.filter(id=alarm.id).update(**change)
    for change in (
        lambda: AlarmAct.objects.update(text="改"),
        lambda: AlarmAct.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(ProgrammingError, match="permission"), acting(tracked.desk["王科"], Purpose.DUTY):
            change()
    with acting(tracked.desk["赵检"], Purpose.PROCURATE):
        assert Alarm.objects.filter(id=alarm.id).update(paused_until=utc_now()) == 0  # reads only
    assert again(tracked, alarm).state == "taken"


def test_no_act_stands_in_anothers_name(tracked):
    alarm = raised(tracked)
    with pytest.raises(IntegrityError, match="本人名义"), acting(tracked.desk["王科"], Purpose.DUTY):
        AlarmAct.objects.create(alarm=alarm, officer=tracked.desk["冯班"], verb="note", text="代写")


def test_a_pause_needs_reason_end_and_a_second_officer(tracked):
    alarm, soon = raised(tracked), utc_now() + timedelta(hours=1)
    duty, county = tracked.desk["冯班"], tracked.desk["王科"]
    for reason, until, second in (
        ("", soon, county),
        ("设备送修", soon, duty),
        ("设备送修", utc_now() + timedelta(hours=5), county),
        ("设备送修", utc_now() - timedelta(minutes=1), county),
    ):
        with pytest.raises(PauseTooLong):
            pause_alarm(duty, alarm.id, until=until, reason=reason, second=second)
    with pytest.raises(NotFound):
        pause_alarm(duty, alarm.id, until=soon, reason="设备送修", second=tracked.desk["周外"])
    with pytest.raises(BeyondPower):
        pause_alarm(duty, alarm.id, until=soon, reason="设备送修", second=tracked.desk["赵检"])
    pause_alarm(duty, alarm.id, until=soon, reason="设备送修", second=county)
    assert again(tracked, alarm).paused_until == soon


def test_escalation_names_justice_officers_by_the_clock(tracked):
    alarm = again(tracked, raised(tracked))
    at = [escalation(alarm, alarm.raised_at + timedelta(minutes=m)).who for m in (0, 4, 9, 30)]
    assert at == ["备勤值班员", "历下区司法局社区矫正机构", "历下区司法局负责人", "历下区司法局负责人"]
    take_alarm(tracked.desk["冯班"], alarm.id)
    assert escalation(again(tracked, alarm), utc_now()) is None


def test_police_are_asked_only_after_several_means(tracked):
    alarm = raised(tracked)
    assert [police_request(alarm, tried).is_open for tried in ([], ["call"], ["call", "visit"])] == [
        False, False, True,
    ]  # fmt: skip
    assert "社区矫正法30条" in police_request(alarm, []).articles


def test_a_dead_carrier_is_one_incident_and_counts_against_nobody(tracked):
    alone = raised(tracked, AlarmKind.SILENT)
    with as_role("watch"), system("watch"):
        incident = open_incident("carrier", "运营商网络中断", carrier="移动", devices=9,
                                 measures=[tracked.measure.number])  # fmt: skip
        assert open_incident("carrier", "再次", carrier="移动", devices=12) == incident
        assert open_incidents()[0].devices == 12
    assert again(tracked, alone).incident == incident
    ended(tracked, AlarmKind.SILENT)
    with as_role("watch"), system("watch"):
        assert close_incident(Incident.objects.get()) == 0
    found = again(tracked, alone)
    assert (found.state, found.outcome, found.cause) == ("closed", "technical", "carrier_outage")


def test_who_is_still_silent_after_the_incident_is_a_question_again(tracked):
    with as_role("watch"), system("watch"):
        incident = open_incident("server", "本系统中断")
    under = raised(tracked, AlarmKind.SILENT, incident=incident)
    assert expected(tracked, under) == {}
    with as_role("watch"), system("watch"):
        assert close_incident(incident) == 1
    assert set(expected(tracked, under)) == {"alarm_taking", "alarm_handling"}
    assert again(tracked, under).state == "open"


def test_the_clause_of_an_alarm_is_the_fences(tracked):
    alarm = raised(tracked)
    with tracked.desk.city.acting("王科"):
        assert Clause.objects.get(id=alarm.clause_id).area_code == "370100"
