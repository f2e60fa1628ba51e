"""From a fix to an alarm, with the real database, engine and keys: what is stored, and what never is."""

import time
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
from django.db import OperationalError, connection, connections, transaction

from sifang.cases.models import Expectation
from sifang.kernel.clock import SteadyClock
from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.monitoring.intake import store
from sifang.monitoring.intake.block import Header
from sifang.monitoring.intake.columns import F_LOCATED, F_SOS, FIX, NO_BATTERY, SOURCE_GNSS
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import BlockDamaged, KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.live import LiveState
from sifang.monitoring.intake.store import DatabaseLostError
from sifang.monitoring.intake.track import opened, read_track
from sifang.monitoring.intake.worker import Worker
from sifang.monitoring.models import Alarm, Incident, JournalBlock, RefusedFixes, Signal
from sifang.monitoring.services.clauses import compile_fences
from sifang.monitoring.services.devices import bind_device
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import Purpose, acting, system

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
BANNED, ELSEWHERE = (117.02, 36.66), (117.05, 36.66)


class House:
    """张三 under a measure with a forbidden place; a worker as the watch runs it; a clock to turn."""

    def __init__(self, desk, folder, known_for=timedelta(hours=1)):
        self.desk, self.folder = desk, folder
        self.now = time.time()
        ago = utc_now() - known_for
        self.measure = desk.measure("张三", approved_at=ago - timedelta(hours=1))
        desk.ban("张三", valid_from=ago)
        desk.told(self.measure, at=ago)
        self.device = desk.device(terminal_id="13853100001", carrier="cmcc")
        bind_device(desk["王科"], self.measure, self.device, at=ago)
        compile_fences(desk["王科"], self.measure)
        with desk.city.acting("王科"):
            self.measure.refresh_from_db()

    def worker(self, alive_until=None, clock=None):
        worker = Worker(KeyStore(self.folder / "keys"), clock=clock or (lambda: self.now))
        worker.start(alive_until)
        return worker

    def fixes(self, place, n=1, every=10, terminal="13853100001", worker=None, **columns):
        """`n` fixes up to the present, which moves on by the time they span."""
        some = np.zeros(n, FIX)
        ref = worker.admission.find(terminal)
        some["device"] = -1 if ref is None else ref.index
        start = int(self.now)
        some["taken_s"] = start + every * np.arange(n)
        self.now = float(some["taken_s"][-1] + 1)
        some["received_s"] = some["taken_s"] + 1
        some["lon"], some["lat"] = place
        some["accuracy_m"], some["flags"], some["battery_pct"] = 8, F_LOCATED, NO_BATTERY
        some["source"], some["satellites"] = SOURCE_GNSS, 9
        for name, value in columns.items():
            some[name] = value
        return some


@pytest.fixture
def house(desk, tmp_path):
    with built(House(desk, tmp_path), tmp_path) as house:
        yield house


@contextmanager
def built(house, folder):
    """The house as the watch sees it, the default alias being role watch."""
    provide(IntakeConfig(keys=folder / "keys"))
    settings = connections["default"].settings_dict
    app = {key: settings[key] for key in ("USER", "PASSWORD")}

    @contextmanager
    def officers():
        watch = {key: settings[key] for key in app}
        connections["default"].close()
        settings.update(app)
        yield
        connections["default"].close()
        settings.update(watch)

    house.officers = officers
    with as_role("watch"):
        yield house


@contextmanager
def seen():
    """Look at the database as the watch."""
    with system("watch", continues=True):
        yield


def told(worker, batches):
    return [bool(one.all()) for one in worker.judge.tick(batches)]


def each(fixes):
    return [fixes[k : k + 1] for k in range(len(fixes))]


def test_a_breach_raises_exactly_one_alarm_with_ledger_row_and_expectation(house):
    worker = house.worker()
    for one in each(house.fixes(ELSEWHERE, 5, worker=worker)) + each(house.fixes(BANNED, 30, worker=worker)):
        assert told(worker, [one]) == [True]
    with seen():
        (alarm,) = Alarm.objects.all()
        assert (alarm.kind, alarm.state, alarm.ended_at) == ("place_entered", "open", None)
        assert alarm.probability > 0.95
        assert 2 <= len(alarm.evidence) <= 32
        assert not any("lon" in str(row) or "117.0" in str(row) for row in alarm.evidence)
        assert sorted(Signal.objects.values_list("kind", "phase")) == [("place", "begin")]
        assert JournalBlock.objects.count() == 35
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_pending WHERE kind = 'alarm_raised'")
        assert cursor.fetchone() == (1,)
    with house.officers(), acting(house.desk["王科"], Purpose.DUTY):
        kinds = set(Expectation.objects.filter(subject_id=alarm.id).values_list("kind", flat=True))
    assert "alarm_handling" in kinds
    for one in each(house.fixes(ELSEWHERE, 60, worker=worker)):
        worker.judge.tick([one])
    with seen():
        alarm.refresh_from_db()
        assert alarm.ended_at is not None
        assert Alarm.objects.count() == 1


def test_a_restart_in_the_middle_of_an_episode_raises_no_second_alarm(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(BANNED, 30, worker=worker)])
    again = house.worker()
    assert dict(again.desk.open) == dict(worker.desk.open) != {}
    for name in ("measures", "fences", "nodes", "evaluations"):
        assert again.engine.state()[name].tobytes() == worker.engine.state()[name].tobytes()
    again.judge.tick([house.fixes(BANNED, 30, worker=again)])
    again.judge.tick([house.fixes(ELSEWHERE, 60, worker=again)])
    with seen():
        (alarm,) = Alarm.objects.all()
        assert alarm.ended_at is not None


def test_what_was_acknowledged_before_a_restart_is_absorbed_when_it_is_sent_again(house):
    worker = house.worker()
    fixes = house.fixes(ELSEWHERE, 3, worker=worker)
    worker.judge.tick([fixes.copy()])
    again = house.worker()
    assert told(again, [fixes.copy()]) == [True]
    with seen():
        assert [b.fixes for b in JournalBlock.objects.all()] == [3]


def test_after_the_end_of_the_measure_nothing_is_stored_and_the_refusal_is_counted(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    with house.officers():
        end_measure(house.desk["王科"], house.measure, reason="已无必要")
    house.now = time.time() + 5
    # nobody told the worker: the journal itself refuses, the worker reads again, the fix is refused
    assert told(worker, [house.fixes(ELSEWHERE, worker=worker)]) == [True]
    worker.flush_refusals()
    with seen():
        assert JournalBlock.objects.count() == 1
    (row,) = RefusedFixes.objects.all()
    assert (row.reason, row.gateway, row.count) == ("measure_ended", "jt808", 1)
    assert "1385310" not in row.device_hash
    worker.judge.tick([house.fixes(ELSEWHERE, 4, worker=worker)])
    worker.flush_refusals()
    assert RefusedFixes.objects.get().count == 5


def test_the_end_of_the_measure_ends_the_situation_and_leaves_the_question(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(BANNED, 30, worker=worker)])
    with house.officers():
        end_measure(house.desk["王科"], house.measure, reason="已无必要")
    house.now = max(house.now, time.time()) + 5
    worker.reload()
    worker.watch_silence()
    with seen():
        (alarm,) = Alarm.objects.all()
        assert (alarm.state, alarm.ended_at is None) == ("open", False)
    assert not worker.desk.open


def test_a_device_nobody_wears_leaves_a_count_and_nothing_else(house):
    with house.officers():
        house.desk.device(terminal_id="13800000009")
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 2, terminal="13800000009", worker=worker)])
    worker.judge.tick([house.fixes(ELSEWHERE, 1, terminal="777", worker=worker)])
    worker.flush_refusals()
    with seen():
        assert not JournalBlock.objects.exists()
        assert not Signal.objects.exists()
    assert dict(RefusedFixes.objects.values_list("reason", "count")) == {"no_measure": 2, "unknown_device": 1}


def test_a_row_that_cannot_be_stored_sets_its_device_aside_with_an_incident(house, monkeypatch):
    worker = house.worker()
    record, broken = worker.desk.record, []

    def poisoned(fixes, signals):
        if not broken:
            connection.cursor().execute("SELECT 1/0")
        record(fixes, signals)

    monkeypatch.setattr(worker.desk, "record", poisoned)
    monkeypatch.setattr(worker.desk, "is_idle", lambda *_: False)
    before = worker.engine.state()
    assert told(worker, [house.fixes(ELSEWHERE, worker=worker)]) == [False]
    assert worker.engine.state()["fences"].tobytes() == before["fences"].tobytes()
    with seen():
        assert not JournalBlock.objects.exists()
    (incident,) = Incident.objects.all()
    assert (incident.kind, incident.devices, incident.ended_at) == ("device", 1, None)
    assert "1385310" not in incident.summary
    broken.append("repaired")
    house.now += 61
    assert told(worker, [house.fixes(ELSEWHERE, worker=worker)]) == [True]
    incident.refresh_from_db()
    assert incident.ended_at is not None


def test_a_lost_connection_stores_nothing_and_the_same_tick_is_stored_once_later(house):
    worker = house.worker()
    fixes = house.fixes(ELSEWHERE, worker=worker)
    pid = connection.connection.info.backend_pid
    connections["watch"].cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(DatabaseLostError):
        worker.judge.tick([fixes.copy()])
    assert told(worker, [fixes.copy()]) == [True]
    with seen():
        assert [b.fixes for b in JournalBlock.objects.all()] == [1]


@pytest.mark.parametrize(
    "trouble", ["53100", "53200", "58030", "57P03"]
)  # disk full, no memory, I/O, not now
def test_the_servers_own_trouble_holds_everybody_and_sets_nobody_aside(house, monkeypatch, trouble):
    worker = house.worker()
    fixes = house.fixes(ELSEWHERE, worker=worker)
    record = worker.desk.record
    failing = [True]

    def full(*arguments):
        if failing:
            statement = f"DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '{trouble}'; END $$"
            connection.cursor().execute(statement)
        return record(*arguments)

    monkeypatch.setattr(worker.desk, "record", full)
    monkeypatch.setattr(worker.desk, "is_idle", lambda *_: False)
    with pytest.raises(DatabaseLostError):
        worker.judge.tick([fixes.copy()])
    failing.clear()
    assert worker.judge.aside == 0
    assert told(worker, [fixes.copy()]) == [True]
    with seen():
        assert [b.fixes for b in JournalBlock.objects.all()] == [1]
        assert not Incident.objects.exists()


def test_a_commit_whose_answer_was_lost_is_found_again(house, monkeypatch):
    worker = house.worker()
    fixes = house.fixes(BANNED, 30, worker=worker)
    wrapper = type(connections["default"])
    committed = wrapper._commit

    def lost(self):
        committed(self)
        if self.alias == "default" and not lost.done:
            lost.done = True
            self.connection.close()
            raise OperationalError("server closed the connection unexpectedly")

    lost.done = False
    monkeypatch.setattr(wrapper, "_commit", lost)
    with pytest.raises(DatabaseLostError):
        worker.judge.tick([fixes.copy()])
    assert told(worker, [fixes.copy()]) == [True]
    with seen():
        assert JournalBlock.objects.count() == 1
        assert Alarm.objects.count() == 1
    assert len(worker.desk.open) == 1


def test_a_tick_of_one_statement_whose_answer_was_lost_is_found_again(house, monkeypatch):
    worker = house.worker()
    fixes = house.fixes(ELSEWHERE, worker=worker)
    insert = store.insert_block
    lost = []

    def answer_lost(using, row):
        if lost:
            return insert(using, row)
        lost.append(insert(using, row))
        connections[using].connection.close()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(store, "insert_block", answer_lost)
    with pytest.raises(DatabaseLostError):
        worker.judge.tick([fixes.copy()])
    assert worker.journal.in_doubt
    assert told(worker, [fixes.copy()]) == [True]
    with seen():
        assert [b.id for b in JournalBlock.objects.all()] == lost


def test_a_session_that_lost_its_client_writes_nothing_after_the_doubt_is_settled(house):
    worker = house.worker()
    other = connections["watch"]
    with other.cursor() as cursor:
        cursor.execute("SELECT 1")  # idle: as if the statement were still on its way to it
    worker.journal._in_doubt = store._Doubt(store.Position(0, b"n" * 12, "2026112300"), 0, pid_of(other))
    assert worker.journal.settle() is False
    with pytest.raises(OperationalError), other.cursor() as cursor:
        cursor.execute("SELECT 1")
    other.close()


def pid_of(wrapper):
    return wrapper.connection.info.backend_pid


@pytest.mark.parametrize("lost", [True, False])
def test_a_statement_that_the_server_refused_is_not_in_doubt(house, monkeypatch, lost):
    worker = house.worker()
    refused = "DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$"
    statement = "SELECT pg_terminate_backend(pg_backend_pid())" if lost else refused
    monkeypatch.setattr(
        store, "insert_block", lambda using, _: connections[using].cursor().execute(statement)
    )
    with pytest.raises(DatabaseLostError):
        worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    assert worker.journal.in_doubt == lost


def test_the_lock_of_a_tick_is_the_one_that_settling_waits_for(house):
    with transaction.atomic("watch"):
        connections["watch"].cursor().execute(
            "SELECT monitoring_write_block(now(), '2026112300', version, 0, now(), now(), '{}', '')"
            " FROM monitoring_measuresversion"
        )
        with connections["watch"].cursor() as cursor:
            cursor.execute(
                "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = %s"
                " AND pid = pg_backend_pid()",
                [store.WRITING],
            )
            assert cursor.fetchall() == [("ShareLock",)]
        transaction.set_rollback(True, "watch")


def test_one_silent_device_becomes_a_question_and_its_return_ends_it(house):
    worker = house.worker()
    worker.watch_silence()
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    for _ in range(80):
        house.now += 10
        worker.watch_silence()
    with seen():
        (alarm,) = Alarm.objects.all()
        assert (alarm.kind, alarm.ended_at) == ("silent", None)
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    worker.watch_silence()
    with seen():
        alarm.refresh_from_db()
        assert alarm.ended_at is not None
        assert sorted(Signal.objects.values_list("kind", "phase")) == [("silent", "begin"), ("silent", "end")]


def test_a_dead_carrier_is_one_incident_until_its_devices_return(house, monkeypatch):
    worker = house.worker()
    monkeypatch.setattr("sifang.monitoring.intake.silence.MANY", 1)
    worker.watch_silence()
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    for _ in range(80):
        house.now += 10
        worker.watch_silence()
    (incident,) = Incident.objects.all()
    assert (incident.kind, incident.carrier, incident.devices, incident.ended_at) == (
        "carrier",
        "cmcc",
        1,
        None,
    )
    with seen():
        assert not Alarm.objects.exists()
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    worker.watch_silence()
    incident.refresh_from_db()
    assert incident.ended_at is not None


def test_another_sim_is_a_technical_incident_without_a_number(house):
    worker = house.worker()
    index = worker.admission.find("13853100001").index
    worker.sim_changed(index)
    worker.sim_changed(index)
    (incident,) = Incident.objects.all()
    assert incident.kind == "device"
    assert "1385310" not in incident.summary
    worker.sim_confirmed(index + 1)
    incident.refresh_from_db()
    assert incident.ended_at is None
    worker.sim_confirmed(index)
    incident.refresh_from_db()
    assert incident.ended_at is not None


def test_our_own_outage_is_an_incident_and_no_question_about_anybody(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, worker=worker)])
    worker.watch_silence()
    gone = worker.now
    house.now += 1800
    again = house.worker(alive_until=gone)
    for _ in range(30):
        house.now += 10
        again.watch_silence()
    (incident,) = Incident.objects.all()
    assert (incident.kind, incident.began_at) == ("server", gone)
    assert incident.ended_at is not None
    with seen():
        assert not Alarm.objects.exists()


def test_a_call_for_help_is_an_alarm_even_without_a_position(house):
    worker = house.worker()
    worker.judge.tick([house.fixes((np.nan, np.nan), worker=worker, flags=F_SOS)])
    with seen():
        assert [a.kind for a in Alarm.objects.all()] == ["sos"]


def test_what_is_acknowledged_can_be_counted_without_seeing_a_position(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 4, worker=worker)])
    cursor = connections["jobs"].cursor()
    cursor.execute("SELECT sifang_counts()->>'acknowledged'")
    assert cursor.fetchone() == ("4",)
    cursor.execute("SELECT count(*) FROM monitoring_journalblock")
    assert cursor.fetchone() == (0,)


def test_the_journal_is_encrypted_and_reads_back_what_was_sent(house):
    worker = house.worker()
    sent = house.fixes(ELSEWHERE, 4, worker=worker)
    worker.judge.tick([sent.copy()])
    with seen():
        row = JournalBlock.objects.values_list(
            "written_at", "key_hour", "measures_version", "fixes", "measures", "body"
        ).get()
    assert sent["lon"][0].tobytes() not in bytes(row[-1])
    assert np.int32(sent["lon"][0] * 1e7).tobytes() not in bytes(row[-1])
    with pytest.raises(BlockDamaged):
        opened((*row[:3], row[3] + 1, *row[4:]), KeyStore(house.folder / "keys"))
    assert Header(row[0], row[1], row[2], row[3], tuple(row[4])).aad()
    frm, to = utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1)
    number = house.measure.number
    with acting(house.desk["王科"], Purpose.VERIFY_ALARM, using="reader"):
        track = read_track([number], frm, to)
        assert len(read_track([number + 1], frm, to)) == 0
        assert len(read_track([number], frm, frm)) == 0
    assert np.array_equal(track["taken_s"], sent["taken_s"])
    assert np.allclose(track["lon"], sent["lon"], atol=1e-7)
    assert (track["measure"] == number).all()
    # without officer or purpose row security shows nothing, even to role reader
    assert len(read_track([number], frm, to)) == 0
    KeyStore(house.folder / "keys").destroy(row[1])
    with acting(house.desk["王科"], Purpose.VERIFY_ALARM, using="reader"), pytest.raises(KeyMissing):
        read_track([number], frm, to)


def test_the_live_map_sees_the_newest_fix_and_leaves_one_record_a_run(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 3, worker=worker, battery_pct=55)])
    live = LiveState()
    live.load_recent(15)
    (row,) = live.rows()
    assert (row["measure"], row["battery_pct"]) == (house.measure.number, 55)
    moved = house.fixes(BANNED, worker=worker)
    worker.judge.tick([moved])
    live.apply_block(worker.journal.position.block)
    (row,) = live.rows()
    assert row["taken_s"] == moved["taken_s"][0]
    assert row["battery_pct"] == 55
    assert len(live.rows([house.measure.number + 1])) == 0
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('sifang.system_purpose', 'migration', false)")
        cursor.execute("SELECT count(*) FROM people_readrecord WHERE system_purpose = 'live'")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM people_readrecord WHERE system_purpose = 'watch'")
        assert cursor.fetchone() == (1,)


def test_a_low_battery_is_an_alarm_that_says_how_low(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 2, worker=worker, battery_pct=[12, 9])])
    with seen():
        (alarm,) = Alarm.objects.all()
    assert (alarm.kind, alarm.facts) == ("low_battery", {"battery_pct": 9})


def test_outsiders_see_neither_the_alarm_nor_the_track(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(BANNED, 30, worker=worker)])
    with house.officers():
        for officer, found in (("王科", 1), ("周外", 0)):
            with acting(house.desk[officer], Purpose.DUTY):
                assert Alarm.objects.count() == found


def test_a_clock_that_jumps_is_one_incident_and_neither_ends_a_measure_nor_makes_anyone_silent(house):
    jump_s, began_s = [0.0], house.now
    clock = SteadyClock(lambda: house.now + jump_s[0], lambda: 50.0 + house.now - began_s)
    worker = house.worker(clock=clock)
    for jump in (0.0, 90 * 86_400.0, -3600.0, 3600.0, 0.0):
        jump_s[0] = jump
        worker.reload()
        for one in each(house.fixes(ELSEWHERE, 3, worker=worker)):
            assert told(worker, [one]) == [True]
        worker.watch_clock()
        worker.watch_silence()
        with seen():
            running = list(Incident.objects.filter(ended_at=None).values_list("kind", "carrier"))
        assert running == ([("server", "clock")] if jump else [])
    for one in each(house.fixes(BANNED, 30, worker=worker)):
        assert told(worker, [one]) == [True]
    with seen():
        assert Incident.objects.count() == 1
        assert [alarm.kind for alarm in Alarm.objects.all()] == ["place_entered"]
        assert JournalBlock.objects.count() == 45
    assert not worker.refusals.total
    worker.close()
