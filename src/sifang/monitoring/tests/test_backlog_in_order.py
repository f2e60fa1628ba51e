"""A device sends its blind spot oldest first: what was hours ago is asked as past, what is on now as live."""

import numpy as np
import pytest

from sifang.monitoring.models import Alarm, Signal
from sifang.monitoring.tests.test_watch_worker import BANNED, ELSEWHERE, each, house, seen

__all__ = ["house"]
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def arrive(worker, house, *parts):
    """These fixes come now, oldest first, one a tick."""
    fixes = np.concatenate(parts)
    fixes["received_s"] = int(house.now)
    for one in each(fixes):
        assert worker.judge.tick([one])[0].all()


def begun(house, worker):
    """Half an hour ago: elsewhere, then in the forbidden place; the present is half an hour later."""
    before, breach = house.fixes(ELSEWHERE, 5, worker=worker), house.fixes(BANNED, 30, worker=worker)
    house.now += 1800
    return before, breach


def alarms():
    with seen():
        return list(Alarm.objects.order_by("raised_at"))


def test_a_breach_of_hours_ago_that_is_over_is_one_question_about_the_past(house):
    worker = house.worker()
    before, breach = house.fixes(ELSEWHERE, 5, worker=worker), house.fixes(BANNED, 30, worker=worker)
    after = house.fixes(ELSEWHERE, 60, worker=worker)
    house.now += 1800
    arrive(worker, house, before, breach, after)
    (alarm,) = alarms()
    assert (alarm.past, alarm.rank, alarm.kind) == (True, 3, "place_entered")
    assert abs(alarm.began_at.timestamp() - breach["taken_s"][0]) <= 10
    assert alarm.ended_at.timestamp() >= breach["taken_s"][-1]
    assert 2 <= len(alarm.evidence) <= 32
    assert not worker.desk.running
    for one in each(house.fixes(ELSEWHERE, 5, worker=worker)):
        worker.judge.tick([one])
    worker.watch_silence()
    assert len(alarms()) == 1


def test_a_breach_that_is_still_on_is_one_live_alarm_as_soon_as_fixes_of_now_show_it(house):
    worker = house.worker()
    arrive(worker, house, *begun(house, worker))
    assert alarms() == []
    assert len(worker.desk.running) == 1
    for one in each(house.fixes(BANNED, 3, worker=worker)):
        worker.judge.tick([one])
    (alarm,) = alarms()
    assert (alarm.past, alarm.rank, alarm.ended_at) == (False, 1, None)
    for one in each(house.fixes(ELSEWHERE, 60, worker=worker)):
        worker.judge.tick([one])
    (alarm,) = alarms()
    assert alarm.ended_at is not None


def test_who_is_back_when_fixes_of_now_come_is_asked_about_the_past_alone(house):
    worker = house.worker()
    arrive(worker, house, *begun(house, worker))
    for one in each(house.fixes(ELSEWHERE, 60, worker=worker)):
        worker.judge.tick([one])
    (alarm,) = alarms()
    assert alarm.past


@pytest.mark.parametrize("restart", [False, True])
def test_a_restart_forgets_nothing_that_is_held(house, restart):
    worker = house.worker()
    arrive(worker, house, *begun(house, worker))
    if restart:
        worker = house.worker()
        assert len(worker.desk.running) == 1
    for one in each(house.fixes(BANNED, 3, worker=worker)):
        worker.judge.tick([one])
    (alarm,) = alarms()
    assert not alarm.past
    assert not list(worker.desk._held)
    if restart:
        assert not list(house.worker().desk._held)


@pytest.mark.parametrize("restart", [False, True])
def test_nothing_more_comes_then_the_past_is_asked_and_what_comes_later_is_live(house, restart):
    worker = house.worker()
    arrive(worker, house, *begun(house, worker))
    worker.watch_silence()
    assert alarms() == []
    house.now += 601
    worker.watch_silence()
    (alarm,) = alarms()
    assert (alarm.past, alarm.facts["still_on"]) == (True, True)
    worker.watch_silence()
    if restart:
        worker = house.worker()
    for one in each(house.fixes(BANNED, 5, worker=worker)):
        worker.judge.tick([one])
    past, live = alarms()
    assert (past.id, live.past) == (alarm.id, False)
    assert live.began_at > past.ended_at


def test_a_battery_that_was_low_hours_ago_is_asked_about_by_nobody(house):
    worker = house.worker()
    low = house.fixes(ELSEWHERE, 5, worker=worker, battery_pct=3)
    full = house.fixes(ELSEWHERE, 5, worker=worker, battery_pct=90)
    house.now += 1800
    arrive(worker, house, low)
    assert len(worker.desk.running) == 1
    arrive(worker, house, full)
    assert not worker.desk.running
    assert alarms() == []


def test_a_tick_that_fails_holds_nothing(house, monkeypatch):
    worker = house.worker()
    before, breach = begun(house, worker)
    arrive(worker, house, before)
    breach["received_s"] = int(house.now)

    def failing(*_):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(worker.desk._held, "heard", failing)
        assert not worker.judge.tick([breach.copy()])[0].any()
    assert not worker.desk.running
    with seen():
        assert not Signal.objects.exists()
