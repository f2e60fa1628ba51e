"""Who is handed what: recorded before it is shown; 周外 and 吴离 learn nothing, not even absence."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection, connections, transaction

from sifang.kernel.config import provide
from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.monitoring.access import (
    access_alarm_by_id,
    access_clauses_of,
    access_devices,
    access_live_measures,
    access_measures_of,
    access_open_alarms,
    access_refused_counts,
    access_track,
)
from sifang.monitoring.errors import TrackTooLong
from sifang.monitoring.intake.block import Header, encode, seal
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore, hour_of
from sifang.monitoring.models import AlarmKind, JournalBlock, MeasuresVersion, RefusedFixes
from sifang.monitoring.services.alarms import Situation, raise_alarm
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import Purpose, system
from sifang.people.models import ReadRecord

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "watch", "reader"])


@pytest.fixture
def scene(desk, tmp_path):
    """张三 tracked, one alarm open, two fixes in the journal."""
    measure = desk.fenced()
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(Situation(measure.number, AlarmKind.STRAP, int(utc_now().timestamp()) - 60))
    provide(IntakeConfig(keys=tmp_path / "keys"))
    fixes = np.zeros(2, FIX)
    now = int(utc_now().timestamp())
    fixes["measure"], fixes["taken_s"] = measure.number, [now - 90, now - 30]
    fixes["lon"], fixes["lat"], fixes["accuracy_m"] = 117.02, 36.66, 8.0
    store(tmp_path, measure.number, fixes)
    return SimpleNamespace(
        desk=desk, measure=measure, alarm=alarm, person=desk.city.persons["张三"], fixes=fixes
    )


def store(folder, number, fixes):
    written = utc_now()
    hour, version = hour_of(written), MeasuresVersion.objects.get().version
    header = Header(written, hour, version, len(fixes), (number,))
    body = seal(encode(fixes, np.zeros(len(fixes), np.uint64)), KeyStore(folder / "keys").key(hour), header)
    with system("watch", using="watch"):
        JournalBlock.objects.using("watch").create(
            written_at=written, key_hour=hour, measures_version=version, fixes=len(fixes), measures=[number],
            taken_from=written - timedelta(seconds=90), taken_to=written - timedelta(seconds=30), body=body,
        )  # fmt: skip


def records(scene, what):
    with scene.desk.city.acting("王科"):
        return list(ReadRecord.objects.filter(what=what).order_by("at"))


def day(back=1):
    now = utc_now()
    return now - timedelta(hours=24 * back), now - timedelta(hours=24 * (back - 1)) + timedelta(seconds=0)


LISTS = {
    "alarms": lambda s, who: access_open_alarms(who),
    "live": lambda s, who: access_live_measures(who).measures,
}
OBJECTS = {
    "alarm": lambda s, who: access_alarm_by_id(who, s.alarm.id),
    "measures": lambda s, who: access_measures_of(who, s.person),
    "clauses": lambda s, who: access_clauses_of(who, s.person),
    "track": lambda s, who: access_track(who, s.person, Purpose.VERIFY_ALARM, *day()),
}


def test_officers_of_the_case_are_handed_what_they_ask_for(scene):
    for who in map(scene.desk.__getitem__, ("冯班", "王科", "李所", "赵检")):
        assert all(len(ask(scene, who)) == 1 for ask in LISTS.values())
        for name, ask in OBJECTS.items():
            assert ask(scene, who) is not None, (name, who.name)


def test_outsiders_and_officers_who_left_learn_nothing(scene):
    outside, gone, police = (scene.desk[name] for name in ("周外", "吴离", "孙警"))
    for ask in LISTS.values():
        assert ask(scene, outside) == []
        assert ask(scene, police) == []
        with pytest.raises(NotFound):
            ask(scene, gone)
    for ask in OBJECTS.values():
        for who in (outside, gone, police):
            with pytest.raises(NotFound) as refusal:
                ask(scene, who)
            assert refusal.value.data == {}
    with pytest.raises(NotFound):
        access_alarm_by_id(scene.desk["王科"], uuid4())  # absence looks the same


def test_the_person_sees_the_own_limits_but_not_the_officers_desk(scene):
    own = scene.desk["张三"]
    assert len(OBJECTS["clauses"](scene, own)) == len(OBJECTS["measures"](scene, own)) == 1
    for ask in (*LISTS.values(), OBJECTS["alarm"], OBJECTS["track"]):
        with pytest.raises(NotFound):
            ask(scene, own)


def test_each_read_is_recorded_with_its_purpose(scene):
    access_alarm_by_id(scene.desk["冯班"], scene.alarm.id)
    (record,) = records(scene, "alarm")
    assert (record.officer, record.object_id, record.person_ids) == (
        scene.desk["冯班"], scene.alarm.id, [scene.person.id],
    )  # fmt: skip


def test_the_live_map_is_recorded_in_batches_and_again_when_somebody_new_comes(scene):
    for _ in range(3):
        access_live_measures(scene.desk["冯班"])
    assert len(records(scene, "live_map")) == 1
    scene.desk.told(scene.desk.measure("小陈"))
    assert len(access_live_measures(scene.desk["冯班"]).measures) == 2
    assert len(records(scene, "live_map")) == 2


def test_a_track_is_recorded_before_it_is_read_and_holds_what_was_stored(scene):
    frm, to = day()
    track = access_track(scene.desk["王科"], scene.person, Purpose.VERIFY_ALARM, frm, to)
    assert track["taken_s"].tolist() == scene.fixes["taken_s"].tolist()
    assert track["lon"].tolist() == pytest.approx([117.02, 117.02])
    (record,) = records(scene, "track")
    assert (record.span_from, record.span_to, record.purpose) == (frm, to, "verify_alarm")


def test_no_record_no_track(scene, monkeypatch):
    def broken(*_args, **_more):
        message = "the record could not be written"
        raise RuntimeError(message)

    monkeypatch.setattr("sifang.monitoring.access.record_read", broken)
    monkeypatch.setattr("sifang.monitoring.access.read_track", lambda *_: pytest.fail("read without record"))
    with pytest.raises(RuntimeError):
        access_track(scene.desk["王科"], scene.person, Purpose.VERIFY_ALARM, *day())


def test_a_track_is_at_most_a_day(scene):
    frm, to = day()
    for span in ((frm - timedelta(seconds=1), to), (to, frm), (to, to)):
        with pytest.raises(TrackTooLong):
            access_track(scene.desk["王科"], scene.person, Purpose.VERIFY_ALARM, *span)
    assert records(scene, "track") == []


def test_the_head_of_the_bureau_has_no_track(scene):
    with pytest.raises(NotFound):
        access_track(scene.desk["郑局"], scene.person, Purpose.MEASURE, *day())


def test_refused_counts_are_for_operators_and_hold_no_person(scene):
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    RefusedFixes.objects.create(hour=hour, reason="no_measure", gateway="jt808", device_hash="a1", count=3)
    since = hour - timedelta(hours=1)
    (row,) = access_refused_counts(scene.desk["系管"], since=since)
    assert (row.reason, row.count, row.device_hash) == ("no_measure", 3, "a1")
    for name in ("吴离", "孙警", "钱法", "赵检", "张三"):
        with pytest.raises(NotFound):
            access_refused_counts(scene.desk[name], since=since)


def test_the_operator_sees_devices_but_not_who_wears_them(scene):
    for officer, worn in (("系管", 0), ("王科", 1), ("周外", 0)):
        devices = access_devices(scene.desk[officer])
        assert sum(len(d.bindings.all()) for d in devices) == worn, officer
        assert len(devices) == 1
    for name in ("吴离", "孙警", "张三"):
        with pytest.raises(NotFound):
            access_devices(scene.desk[name])


TABLES = ["measure", "proof", "clause", "fence", "binding", "alarm", "alarmact", "signal", "clauseexception"]


def test_without_officer_or_purpose_person_tables_show_nothing(scene):
    for table in TABLES:
        for alias in ("default", "watch", "reader"):
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM monitoring_{table}")
                assert cursor.fetchone() == (0,), (table, alias)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = %s",
                [f"monitoring_{table}"],
            )
            assert cursor.fetchone() == (True,), table
