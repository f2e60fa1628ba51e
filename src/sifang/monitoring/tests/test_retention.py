"""Retention: dated policies, hourly deletion, and the key that goes with the last thing kept."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.access import access_retention
from sifang.monitoring.errors import RetentionUnlawful
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.models import (
    RefusedFrame,
    RetentionKind,
    RetentionPolicy,
    RetentionRun,
)
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.services.retention import days_in_force, in_force, retain, set_retention
from sifang.monitoring.tests.conftest import as_role
from sifang.monitoring.tests.test_watch_worker import House
from sifang.people.access import system
from sifang.people.models import Role
from sifang.people.services import grant_role, register_officer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
GIVEN = {"article": "个人信息保护法19条", "reason": "本市做法"}
DAY = timedelta(days=1)


@pytest.fixture
def keeper(desk):
    officer = register_officer("anquan", "安全", desk.city.agencies["济南市司法局"])
    grant_role(officer, Role.SECURITY_ADMIN, valid_from=utc_now() - 9 * DAY)
    return officer


@pytest.fixture
def kept(desk, tmp_path):
    """张三's measure with a frame and a state under its key; the keys."""
    house = House(desk, tmp_path)
    keys = KeyStore(tmp_path / "keys")
    number = house.measure.number
    keys.measure_key(number)
    with as_role("watch"), system("watch"):
        now = utc_now()
        keep_state(house, now)
        RefusedFrame.objects.create(
            measure=house.measure, device=house.device, received_at=now, reason="future", gateway="jt808",
            size=1, body=b"f",
        )  # fmt: skip
    house.keys, house.number = keys, number
    return house


def keep_state(house, at):
    with connections["default"].cursor() as cursor:  # the watch may add one, not read it back
        cursor.execute(
            "INSERT INTO monitoring_enginestate (measure_id, hour, merged, taken_to, body, written_at)"
            " VALUES (%s, %s, false, 0, 's', %s)",
            [house.measure.id, at, at],
        )


def keep_chunk(house, at):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_trackchunk"
            " (measure_number, hour, taken_from, taken_to, fixes, sha256, body)"
            " VALUES (%s, %s, %s, %s, 1, 's', 'b')",
            [house.number, at, at, at],
        )


def run(kept, after):
    with as_role("jobs"):
        return retain(utc_now() + after, keys=kept.keys)


def test_each_thing_is_deleted_when_its_own_term_is_over_and_not_before(kept):
    assert run(kept, 7 * DAY - timedelta(minutes=5)).rows == {
        "track": 0,
        "refused_frame": 0,
        "engine_state": 0,
    }
    assert run(kept, 7 * DAY).rows == {"track": 0, "refused_frame": 1, "engine_state": 1}
    assert kept.keys.measures() == [kept.number]  # the measure is still in force


def test_the_key_of_a_measure_goes_with_the_last_thing_kept_under_it(kept):
    end_measure(kept.desk["王科"], kept.measure, reason="无需继续使用")
    assert run(kept, 179 * DAY).keys == []
    done = run(kept, 180 * DAY)
    assert done.keys == [kept.number]
    with pytest.raises(KeyMissing):
        kept.keys.load_measure(kept.number)
    assert KeyStore(kept.folder / "keys").is_destroyed(f"m{kept.number}")
    assert run(kept, 181 * DAY).keys == []
    last = RetentionRun.objects.order_by("-at").first()
    assert (last.keys, last.policies["track"]) == ([kept.number], 180)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_pending WHERE kind = 'retention_run'")
        assert cursor.fetchone() == (2,)


def test_a_key_outlives_its_measure_while_anything_is_left_under_it(kept):
    end_measure(kept.desk["王科"], kept.measure, reason="无需继续使用")
    with as_role("watch"), system("watch"):
        keep_state(kept, utc_now() + 178 * DAY)
    assert run(kept, 181 * DAY).keys == []
    assert run(kept, 186 * DAY).keys == [kept.number]


def test_a_track_is_kept_through_the_measure_and_half_a_year_and_its_key_with_it(kept):
    with as_role("jobs"), system("compact"):
        keep_chunk(kept, utc_now() - timedelta(minutes=30))
    assert run(kept, 80 * DAY).rows["track"] == 0  # the measure is in force for three months
    end_measure(kept.desk["王科"], kept.measure, reason="无需继续使用")
    done = run(kept, 179 * DAY)
    assert (done.rows["track"], done.keys) == (0, [])
    done = run(kept, 180 * DAY)
    assert (done.rows["track"], done.keys) == (1, [kept.number])


def test_the_job_sees_no_person_and_cannot_change_what_it_may_delete(kept):
    with as_role("jobs"), system("retain"), connections["default"].cursor() as cursor:
        for table in ("people_person", "people_order", "monitoring_alarm", "monitoring_journalblock"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE monitoring_measure SET ended_at = now()")
        assert cursor.rowcount == 0
    with as_role("jobs"), system("reconcile"), connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM monitoring_refusedframe")
        assert cursor.rowcount == 0


def test_a_policy_holds_from_its_day_and_the_newest_wins(keeper):
    today = legal_day(utc_now())
    set_retention(keeper, RetentionKind.TRACK, 90, valid_from=today + 10 * DAY, **GIVEN)
    set_retention(keeper, RetentionKind.TRACK, 60, valid_from=today + 10 * DAY, **GIVEN)
    days = [in_force(RetentionKind.TRACK, today + n * DAY).days for n in (0, 9, 10, 99)]
    assert days == [180, 180, 60, 60]
    assert LedgerPending.objects.filter(kind="retention_decided").count() == 2


def test_a_policy_looks_forward_only_and_no_backup_outlives_what_it_backs_up(keeper):
    today = legal_day(utc_now())
    for kind, days, start in (
        (RetentionKind.TRACK, 90, today - DAY),
        (RetentionKind.TRACK, 0, today),
        (RetentionKind.KEY_BACKUP, 8, today),
        (RetentionKind.REFUSED_FRAME, 6, today),
    ):
        with pytest.raises(RetentionUnlawful):
            set_retention(keeper, kind, days, valid_from=start, **GIVEN)
    assert days_in_force(today)["key_backup"] == min(days_in_force(today).values())


@pytest.mark.parametrize("name", ["王科", "郑局", "周外", "赵检"])
def test_only_the_security_administrator_decides_terms(desk, name):
    with pytest.raises(BeyondPower):
        set_retention(desk[name], RetentionKind.TRACK, 90, valid_from=legal_day(utc_now()), **GIVEN)
    with pytest.raises(NotFound):
        access_retention(desk[name])


def test_the_administrators_read_policies_and_runs(keeper):
    policies, runs = access_retention(keeper)
    assert [one.kind for one in policies] == RetentionKind.values
    assert all(one.article and one.mark == "reading" for one in policies)
    assert runs == []


@pytest.mark.parametrize("role", ["default", "watch", "jobs", "owner"])
def test_a_policy_is_never_changed_or_deleted(desk, role):
    for words in ("UPDATE monitoring_retentionpolicy SET days = 1", "DELETE FROM monitoring_retentionpolicy"):
        with as_role(role), pytest.raises(DatabaseError), transaction.atomic():
            connections["default"].cursor().execute(words)
    assert RetentionPolicy.objects.filter(valid_from=date(2020, 7, 1)).count() == 4
