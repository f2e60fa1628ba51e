"""Late fixes: an alarm about the past or a withdrawal, as new facts, once; never a live alarm."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connections, transaction

from sifang.cases.models import Expectation
from sifang.kernel.errors import NotFound
from sifang.monitoring.access import access_alarm_by_id, access_open_alarms
from sifang.monitoring.intake.columns import F_STRAP_KNOWN, F_STRAP_OPEN
from sifang.monitoring.models import Alarm, AlarmReview, EngineState, Incident, LateWork, Signal
from sifang.monitoring.questions import escalation, headline
from sifang.monitoring.replay import Scratch
from sifang.monitoring.services import late
from sifang.monitoring.services.alarms import PAST_WITHIN
from sifang.monitoring.services.handling import close_alarm, handle_alarm, take_alarm
from sifang.monitoring.services.late_work import forget_late
from sifang.monitoring.tests.test_watch_worker import BANNED, ELSEWHERE, House, built, each, house, seen
from sifang.people.access import Purpose, acting, system

__all__ = ["house"]
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
SCRATCH = Scratch()
LATER = timedelta(minutes=40)


@contextmanager
def as_jobs():
    settings, jobs = connections["default"].settings_dict, connections["jobs"].settings_dict
    before = {key: settings[key] for key in ("USER", "PASSWORD")}
    connections["default"].close()
    settings.update({key: jobs[key] for key in before})
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(before)


def judged(house, after=LATER):
    """Run the job, by default long enough after the fixes that nothing is waited for."""
    with as_jobs():
        return late.judge_late(now=datetime.fromtimestamp(house.now, UTC) + after, engine=SCRATCH)


def live(worker, fixes):
    for one in each(fixes):
        assert worker.judge.tick([one])[0].all()


def come(worker, fixes, house):
    """Deliver these fixes now, long after they were taken."""
    fixes["received_s"] = int(house.now)
    live(worker, fixes)


def blind(house, worker, place=BANNED, n=30, every=10):
    """Out, and back, without a network: the fixes that will come late, with live ones around them."""
    live(worker, house.fixes(ELSEWHERE, 20, worker=worker))
    kept = house.fixes(place, n, every=every, worker=worker)
    live(worker, house.fixes(ELSEWHERE, 40, worker=worker))
    return kept


def alarms():
    with seen():
        return list(Alarm.objects.order_by("began_at"))


def reviews():
    with system("compare", using="jobs", continues=True):
        return list(AlarmReview.objects.using("jobs").order_by("at"))


def work():
    with system("compare", using="jobs", continues=True):
        return [one.state for one in LateWork.objects.using("jobs").order_by("created_at")]


def test_a_breach_in_a_blind_spot_becomes_one_question_about_the_past(house):
    worker = house.worker()
    kept = blind(house, worker)
    assert alarms() == []
    come(worker, kept, house)
    assert (alarms(), work(), worker.desk.raised) == ([], ["waiting"], 0)
    assert judged(house).past == 1
    (alarm,) = alarms()
    assert (alarm.kind, alarm.past, alarm.rank, alarm.state) == ("place_entered", True, 3, "open")
    assert abs(alarm.began_at.timestamp() - kept["taken_s"][0]) <= 10
    assert 0 <= alarm.ended_at.timestamp() - kept["taken_s"][-1] <= 300
    assert alarm.probability > 0.95
    assert 2 <= len(alarm.evidence) <= 32
    assert not any("lon" in str(row) or "117" in str(row) for row in alarm.evidence)
    assert work() == ["done"]
    assert judged(house).past == 0
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT kind FROM ledger_pending WHERE kind LIKE '%alarm%'")
        assert cursor.fetchall() == [("past_alarm_raised",)]
    with house.officers(), acting(house.desk["王科"], Purpose.DUTY):
        (expected,) = Expectation.objects.filter(subject_id=alarm.id)
    assert expected.kind == "alarm_handling"
    assert expected.due_at == alarm.raised_at + PAST_WITHIN


def test_the_question_says_that_it_is_about_the_past_and_wakes_nobody(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    with house.officers():
        (alarm,) = access_open_alarms(house.desk["王科"])
    assert headline(alarm).startswith("补传定位显示，张三曾于 ")
    assert "进入示例歌舞厅" in headline(alarm)
    assert escalation(alarm, alarm.raised_at + timedelta(hours=1)) is None


def test_an_open_question_about_the_past_holds_back_no_live_alarm(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    again = house.worker()
    live(again, house.fixes(BANNED, 30, worker=again))
    past, now = alarms()
    assert (past.past, now.past, now.rank, now.state) == (True, False, 1, "open")
    live(again, house.fixes(ELSEWHERE, 60, worker=again))
    assert [one.ended_at is not None for one in alarms()] == [True, True]
    assert alarms()[0].ended_at == past.ended_at


def test_the_person_concerned_and_the_outsider_see_what_they_see_of_any_alarm(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    (alarm,) = alarms()
    with house.officers():
        assert [one.id for one in access_open_alarms(house.desk["王科"])] == [alarm.id]
        with acting(house.desk["王科"], Purpose.VERIFY_ALARM):
            signals = list(Signal.objects.filter(measure=alarm.measure_id).order_by("at"))
        assert [(one.kind, one.phase, one.data["past"]) for one in signals] == [
            ("place", "begin", True),
            ("place", "end", True),
        ]
        assert access_open_alarms(house.desk["周外"]) == []
        with pytest.raises(NotFound):
            access_alarm_by_id(house.desk["周外"], alarm.id)
        with pytest.raises(NotFound):
            access_alarm_by_id(house.desk["吴离"], alarm.id)


def withdrawn(house, worker):
    """Wrong positions raise an alarm; the late fixes between them show that nobody can have jumped so."""
    live(worker, house.fixes(ELSEWHERE, 20, worker=worker))
    wrong = house.fixes(BANNED, 6, every=20, worker=worker)
    kept = np.repeat(wrong, 3)
    kept["lon"], kept["lat"] = ELSEWHERE
    kept["taken_s"] += np.tile([4, 8, 16], 6)
    kept = kept[kept["taken_s"] < wrong["taken_s"][-1]]
    live(worker, wrong)
    house.now += 20
    live(worker, house.fixes(ELSEWHERE, 40, worker=worker))
    return kept


def test_a_live_alarm_that_late_fixes_do_not_support_is_withdrawn_and_stays_with_a_person(house):
    worker = house.worker()
    kept = withdrawn(house, worker)
    (alarm,) = alarms()
    come(worker, kept, house)
    assert judged(house).reviews == 1
    (review,) = reviews()
    assert (review.alarm_id, review.verdict) == (alarm.id, "unsupported")
    assert review.facts["late"] == len(kept)
    assert review.facts["probability"] < 0.95
    assert not any("lon" in str(row) for row in review.facts["evidence"])
    (after,) = alarms()
    assert (after.state, after.ended_at) == ("open", alarm.ended_at)
    assert judged(house).reviews == 0
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_pending WHERE kind = 'alarm_reviewed'")
        assert cursor.fetchone() == (1,)
    with house.officers():
        seen_by = access_alarm_by_id(house.desk["王科"], alarm.id)
        assert [one.verdict for one in seen_by.reviews.all()] == ["unsupported"]
        with acting(house.desk["周外"], Purpose.DUTY):
            assert not AlarmReview.objects.exists()
        officer = house.desk["王科"]
        take_alarm(officer, alarm.id)
        handle_alarm(officer, alarm.id, outcome="within_limits", cause="position_error", text="补传核实")
        close_alarm(officer, alarm.id)


def test_a_killed_job_leaves_nothing_and_the_next_one_everything_once(house, monkeypatch):
    worker = house.worker()
    kept = withdrawn(house, worker)
    come(worker, kept, house)
    come(worker, blind(house, worker), house)
    for name in ("_add", "_ask", "_close", "_keep"):
        with monkeypatch.context() as patch:

            def killed(*_args, **_kwargs):
                raise KeyboardInterrupt

            patch.setattr(late, name, killed)
            with pytest.raises(KeyboardInterrupt):
                judged(house)
        assert ([one.past for one in alarms()], reviews()) == ([False], [])
        assert set(work()) == {"waiting"}
    done = judged(house)
    assert (done.past, done.reviews) == (1, 1)
    for _ in range(2):
        assert judged(house).measures == 0
    assert [one.past for one in alarms()] == [False, True]


def test_late_work_done_again_by_hand_adds_nothing(house):
    worker = house.worker()
    come(worker, withdrawn(house, worker), house)
    come(worker, blind(house, worker), house)
    judged(house)
    with system("compare", using="jobs", continues=True):
        LateWork.objects.using("jobs").update(state="waiting")
    done = judged(house)
    assert (done.measures, done.past, done.reviews) == (1, 0, 0)


def test_a_device_that_is_still_sending_is_waited_for(house):
    worker = house.worker()
    kept = blind(house, worker)
    come(worker, kept[:15].copy(), house)
    assert judged(house, timedelta(seconds=2)).measures == 0
    assert work() == ["waiting"]
    come(worker, kept[15:].copy(), house)
    assert judged(house).past == 1
    (alarm,) = alarms()
    assert abs(alarm.began_at.timestamp() - kept["taken_s"][0]) <= 10


def test_an_episode_that_is_still_on_is_left_to_the_live_fixes(house):
    worker = house.worker()
    live(worker, house.fixes(ELSEWHERE, 20, worker=worker))
    kept = house.fixes(BANNED, 6, worker=worker)
    live(worker, house.fixes(BANNED, 1, worker=worker))
    come(worker, kept, house)
    assert judged(house, timedelta(seconds=70)).past == 0
    assert work() == ["waiting"]
    live(worker, house.fixes(BANNED, 30, worker=worker))
    live(worker, house.fixes(ELSEWHERE, 60, worker=worker))
    assert judged(house).past == 0
    assert work() == ["done"]
    (alarm,) = alarms()
    assert not alarm.past


def test_a_silence_in_which_positions_were_taken_after_all_says_so(house):
    worker = house.worker()
    live(worker, house.fixes(ELSEWHERE, 5, worker=worker))
    since = int(house.now)
    kept = house.fixes(ELSEWHERE, 120, every=10, worker=worker)
    for second in range(since, int(house.now), 10):
        house.now = second
        worker.watch_silence()
    (alarm,) = alarms()
    assert (alarm.kind, alarm.past) == ("silent", False)
    house.now += 10
    live(worker, house.fixes(ELSEWHERE, 3, worker=worker))
    come(worker, kept, house)
    done = judged(house)
    assert (done.past, done.reviews) == (0, 1)
    (review,) = reviews()
    assert (review.alarm_id, review.verdict) == (alarm.id, "explained")
    assert review.facts["fixes"] > 100
    assert review.facts["gap_s"] <= 30
    assert judged(house).reviews == 0


def test_a_strap_opened_in_a_blind_spot_is_asked_about(house):
    worker = house.worker()
    kept = blind(house, worker, place=ELSEWHERE, n=20)
    kept["flags"] |= F_STRAP_KNOWN
    kept["flags"][:5] |= F_STRAP_OPEN
    come(worker, kept, house)
    assert judged(house).past == 1
    (alarm,) = alarms()
    assert (alarm.kind, alarm.past, alarm.began_at.timestamp()) == ("strap", True, kept["taken_s"][0])


def test_a_second_blind_spot_starts_from_the_history_with_the_first_in_it(house):
    worker = house.worker()
    worker.keep_states()
    for _ in range(3):
        come(worker, blind(house, worker), house)
        assert judged(house).past == 1
        house.now += 3600
        worker.keep_states()
    assert [one.past for one in alarms()] == [True] * 3
    with system("compare", using="jobs", continues=True):
        merged = EngineState.objects.using("jobs").filter(merged=True)
        assert merged.count() >= 3
        newest = merged.latest("taken_to")
        first = LateWork.objects.using("jobs").earliest("from_s")
        assert newest.taken_to > first.from_s


def test_what_cannot_be_opened_is_left_to_a_person_and_the_run_goes_on(house, monkeypatch):
    worker = house.worker()
    come(worker, blind(house, worker), house)

    def gone(*_args, **_kwargs):
        raise late.SifangError

    monkeypatch.setattr(late, "track_since", gone)
    assert judged(house).failed == 1
    assert work() == ["failed"]
    with seen():
        assert Incident.objects.filter(kind="server", summary__contains="补传").exists()


def test_a_run_with_work_leaves_its_read_record_and_one_without_none(house):
    def runs():
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT set_config('sifang.system_purpose', 'migration', false)")
            cursor.execute("SELECT count(*) FROM people_readrecord WHERE system_purpose = 'compare'")
            return cursor.fetchone()[0]

    judged(house)
    assert runs() == 0
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    assert runs() == 1


@pytest.mark.parametrize("days", [0.9, 3, 7])
def test_breaches_of_up_to_seven_days_ago_are_found_at_the_second_they_began(desk, tmp_path, days):
    with built(House(desk, tmp_path, timedelta(days=8)), tmp_path) as house:
        worker = house.worker()
        present = house.now
        house.now = present - days * 86400
        live(worker, house.fixes(ELSEWHERE, 20, worker=worker))
        kept = house.fixes(BANNED, 30, worker=worker)
        live(worker, house.fixes(ELSEWHERE, 20, worker=worker))
        house.now = present
        live(worker, house.fixes(ELSEWHERE, 5, worker=worker))
        come(worker, kept, house)
        assert judged(house).past == 1
        (alarm,) = alarms()
        assert alarm.past
        assert abs(alarm.began_at.timestamp() - kept["taken_s"][0]) <= 10


def test_the_watch_cannot_ask_about_the_present_as_past_nor_the_job_ask_live(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    (alarm,) = alarms()
    with seen(), pytest.raises(Exception, match="报警的事实不得改动"):
        Alarm.objects.filter(id=alarm.id).update(past=False)
    with as_jobs(), system("compare", continues=True):
        copy = Alarm.objects.get(id=alarm.id)
        copy.pk, copy.number, copy.past, copy.episode = None, "A-1", False, 1
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            copy.save(force_insert=True)
    with seen():
        copy.past, copy.raised_at = True, copy.began_at + timedelta(minutes=9)
        with pytest.raises(Exception, match="补传定位不得生成实时报警"), transaction.atomic():
            copy.save(force_insert=True)


def test_works_long_done_are_forgotten(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    judged(house)
    with as_jobs():
        assert forget_late(datetime.now(UTC) + timedelta(days=29)) == 0
        assert forget_late(datetime.now(UTC) + timedelta(days=31)) == 1
    assert work() == []


def test_what_the_live_engine_raised_meanwhile_is_compared_once_more(house):
    worker = house.worker()
    come(worker, blind(house, worker), house)
    assert judged(house, timedelta(minutes=2)).past == 1
    assert work() == ["again"]
    assert judged(house, timedelta(minutes=20)).measures == 0
    done = judged(house, timedelta(minutes=33))
    assert (done.measures, done.past, done.reviews) == (1, 0, 0)
    assert work() == ["done"]
