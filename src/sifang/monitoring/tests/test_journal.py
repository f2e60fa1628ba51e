"""Storage refuses the unlawful: a block built on another version of the measures is not stored."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction

from sifang.kernel.time import utc_now
from sifang.monitoring.models import Device, JournalBlock, MeasuresVersion
from sifang.monitoring.services.measures import end_expired, end_measure
from sifang.monitoring.tests.lawful import Course
from sifang.people.access import Purpose, acting, system

everywhere = pytest.mark.django_db(
    transaction=True, databases=["default", "watch", "reader", "jobs", "owner"]
)


def version():
    return MeasuresVersion.objects.get().version


def block(number, of_version):
    now = utc_now()
    return JournalBlock(
        written_at=now, key_hour="2026112308", measures_version=of_version, fixes=1, taken_from=now,
        taken_to=now, measures=[number], body=b"sealed",
    )  # fmt: skip


def test_every_change_of_what_may_be_collected_raises_the_version(desk):
    seen = [version()]

    def step(act):
        result = act()
        seen.append(version())
        assert seen[-1] > seen[-2]
        return result

    measure = step(desk.fenced)
    device = step(desk.device)
    now = utc_now()
    course = Course(desk.city, "张三")
    step(lambda: course.on_leave(1))
    step(lambda: course.does("王科", "leave", "cancel"))
    step(lambda: Device.objects.filter(id=device.id).update(retired_at=now))
    step(lambda: end_measure(desk["王科"], measure, reason="不再需要"))


def test_a_change_that_is_rolled_back_leaves_the_version(desk):
    before = version()
    with transaction.atomic():
        desk.measure()
        transaction.set_rollback(True)
    assert version() == before


def test_nobody_sets_the_version_by_hand(desk, sql):
    for change in (
        "UPDATE monitoring_measuresversion SET version = 1",
        "DELETE FROM monitoring_measuresversion",
        "INSERT INTO monitoring_measuresversion VALUES (2, 9)",
    ):
        with pytest.raises(DatabaseError, match="permission denied"):
            sql(change)


@everywhere
def test_only_the_watch_writes_blocks_and_only_on_the_version_in_force(desk):
    measure = desk.fenced()
    with system("watch", using="watch"):
        block(measure.number, version()).save(using="watch")
    with pytest.raises(DatabaseError) as stale, system("watch", using="watch"):
        block(measure.number, version() - 1).save(using="watch")
    assert stale.value.__cause__.sqlstate == "SF001"
    with pytest.raises(DatabaseError), transaction.atomic(using="watch"):
        block(measure.number, version()).save(using="watch")  # without its purpose
    with pytest.raises(DatabaseError), acting(desk["王科"], Purpose.MEASURE):
        block(measure.number, version()).save()
    with pytest.raises(DatabaseError), system("migration", using="owner"):
        block(measure.number, version()).save(using="owner")


@everywhere
def test_who_reads_the_journal(desk):
    measure = desk.fenced()
    with system("watch", using="watch"):
        block(measure.number, version()).save(using="watch")

    def seen(context, alias):
        with context:
            return JournalBlock.objects.using(alias).count()

    assert seen(acting(desk["王科"], Purpose.VERIFY_ALARM, using="reader"), "reader") == 1
    assert seen(system("watch", using="watch"), "watch") == 1
    assert seen(acting(desk["王科"], Purpose.VERIFY_ALARM), "default") == 0  # app has no way to positions
    assert seen(acting(desk["孙警"], Purpose.VERIFY_ALARM, using="reader"), "reader") == 0
    assert seen(acting(desk["系管"], Purpose.OPERATE, using="reader"), "reader") == 0
    assert seen(transaction.atomic(using="reader"), "reader") == 0  # no officer, no purpose
    assert seen(system("migration", using="owner"), "owner") == 1  # to count; the keys are elsewhere
    assert seen(transaction.atomic(using="owner"), "owner") == 0
    assert seen(system("reconcile", using="jobs"), "jobs") == 0


@everywhere
def test_a_block_in_flight_holds_a_change_back_and_the_next_block_is_refused(desk):
    """The trigger reads the version FOR SHARE: no block can commit beside a change it did not know."""
    measure = desk.fenced()
    known = version()
    done = threading.Event()

    def end():
        end_measure(desk["王科"], measure, reason="不再需要")
        done.set()
        connection.close()

    with system("watch", using="watch"):
        block(measure.number, known).save(using="watch")
        other = threading.Thread(target=end)
        other.start()
        assert not done.wait(0.5)
    other.join(10)
    assert done.is_set()
    with pytest.raises(DatabaseError, match="日志块"), system("watch", using="watch"):
        block(measure.number, known).save(using="watch")


@everywhere
def test_a_change_of_the_measures_tells_the_watch(desk):
    settings = connections["watch"].get_connection_params()
    import psycopg

    with psycopg.connect(
        **{k: settings[k] for k in ("dbname", "user", "password", "host", "port") if settings.get(k)},
        autocommit=True,
    ) as listener:
        listener.execute("LISTEN sifang_measures")
        desk.measure()
        told = [n.payload for n in listener.notifies(timeout=2, stop_after=1)]
    assert told
    assert int(told[0]) <= version()


@everywhere
def test_a_measure_ends_by_the_clock(desk):
    from sifang.monitoring.tests.conftest import as_role

    start = utc_now() - timedelta(days=2)
    measure = desk.measure(approved_at=start, ends_at=utc_now() + timedelta(seconds=600))
    desk.told(measure)
    desk.worn(measure)
    with as_role("jobs"), system("reconcile"):
        assert end_expired(utc_now()) == 0
        assert end_expired(measure.ends_at) == 1
        assert end_expired(measure.ends_at) == 0
    with desk.city.acting("王科"):
        measure.refresh_from_db()
        assert (measure.ended_at, measure.end_reason) == (measure.ends_at, "期限届满")
        assert measure.bindings.get().unbound_at == measure.ends_at
