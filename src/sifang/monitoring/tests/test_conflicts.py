"""Two contents for one second: noted once, one question about the device, shown to those it concerns."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from sifang.kernel.time import utc_now
from sifang.monitoring.access import access_live_measures
from sifang.monitoring.models import Alarm, DeviceConflict, Incident
from sifang.monitoring.services.conflicts import answer_clone, note_conflicts
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import Purpose, acting, system

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def worn(desk):
    measure = desk.measure("张三", approved_at=utc_now() - timedelta(hours=2))
    desk.told(measure)
    return desk.worn(measure, desk.device(terminal_id="13853100777"))


def noted(*found):
    with as_role("watch"), system("watch", continues=True):
        return note_conflicts(found)


def test_many_conflicts_of_a_device_are_one_question_and_no_alarm(worn):
    now = utc_now()
    (asked,) = noted((worn.id, now), (worn.id, now - timedelta(seconds=1)))
    (again,) = noted((worn.id, now - timedelta(seconds=9)))
    assert (asked.id, asked.kind, asked.device_id) == (again.id, "clone", worn.id)
    assert "0777" in asked.summary
    assert worn.terminal_id not in asked.summary
    assert noted((worn.id, now)) == []  # known already
    with as_role("watch"), system("watch", continues=True):
        assert DeviceConflict.objects.count() == 3
        assert Alarm.objects.count() == 0


def test_a_question_that_was_answered_is_asked_again_only_for_a_new_conflict(worn):
    now = utc_now()
    (asked,) = noted((worn.id, now))
    with as_role("watch"), system("watch", continues=True):
        answer_clone(asked, "已核对，装置完好")
    assert noted((worn.id, now)) == []
    (new,) = noted((worn.id, now + timedelta(seconds=1)))
    assert new.id != asked.id


@pytest.mark.parametrize(("officer", "sees"), [("王科", True), ("周外", False)])
def test_the_question_is_shown_where_the_person_is_seen(desk, worn, officer, sees):
    noted((worn.id, utc_now()))
    lives = access_live_measures(desk[officer])
    assert [one.kind for one in lives.incidents] == (["clone"] if sees else [])
    with acting(desk[officer], Purpose.DUTY):
        assert DeviceConflict.objects.exists() is sees


def test_nobody_changes_a_conflict_or_asks_two_questions_about_one_device(worn):
    (asked,) = noted((worn.id, utc_now()))
    with as_role("watch"), system("watch", continues=True):
        assert DeviceConflict.objects.update(noticed_at=utc_now()) == 0
        assert DeviceConflict.objects.all().delete()[0] == 0
        with pytest.raises(IntegrityError), transaction.atomic():
            Incident.objects.create(kind="clone", device=worn, summary="x", began_at=utc_now())
        with pytest.raises(IntegrityError), transaction.atomic():
            Incident.objects.create(kind="clone", summary="x", began_at=utc_now())
        assert DeviceConflict.objects.count() == 1
    with system("migration", using="owner"), pytest.raises(DatabaseError), transaction.atomic("owner"):
        DeviceConflict.objects.using("owner").update(noticed_at=utc_now())
    assert asked.ended_at is None
