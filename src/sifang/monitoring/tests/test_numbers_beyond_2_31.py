"""Nothing stops at 2^31 (nor at 2^32): the numbers of measures, fences, blocks and jobs cross it."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connections

from sifang.monitoring.intake.compact import compact_due
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import read_track
from sifang.monitoring.models import Alarm, JournalBlock, Measure, Signal
from sifang.monitoring.services.clauses import compile_fences
from sifang.monitoring.services.devices import bind_device
from sifang.monitoring.tests.test_compact import Yard, assert_same
from sifang.monitoring.tests.test_watch_worker import BANNED, ELSEWHERE, House, built, each, seen, told
from sifang.people.access import Purpose, acting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
OTHERS = {"auth_", "django_", "axes_", "otp_"}  # of libraries: rows of accounts and failed sign-ins


@pytest.fixture(params=[2**31, 2**32], ids=["2^31", "2^32"])
def edge(request, db):
    """Every sequence stands two before the edge; afterwards where it stood."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        ours = [name for (name,) in cursor.fetchall() if not name.startswith(tuple(OTHERS))]
        assert {"monitoring_measure_no", "monitoring_fence_no", "monitoring_journalblock_id_seq"} < set(ours)
        for name in ours:
            cursor.execute("SELECT setval(%s, %s)", [name, request.param - 2])
    yield request.param
    with connections["owner"].cursor() as cursor:
        for name in ours:
            cursor.execute("SELECT setval(%s, 1, false)", [name])


def test_a_fix_becomes_an_alarm_and_a_track_beyond_the_edge(edge, desk, tmp_path):
    house = House(desk, tmp_path)
    ago = house.measure.approved_at + timedelta(hours=1)
    second = desk.measure("卫某", approved_at=house.measure.approved_at)
    desk.told(second, at=ago)
    bind_device(desk["王科"], second, desk.device(terminal_id="13853100002"), at=ago)
    compile_fences(desk["王科"], second)
    with desk.city.acting("王科"):
        numbers = sorted(Measure.objects.values_list("number", flat=True))
    assert numbers == [edge - 1, edge]
    with built(house, tmp_path):
        worker = house.worker()
        both = [house.fixes(ELSEWHERE, worker=worker, terminal=t) for t in ("13853100001", "13853100002")]
        assert told(worker, both) == [True, True]
        for one in each(house.fixes(BANNED, 30, worker=worker)):
            assert told(worker, [one]) == [True]
        with seen():
            blocks = list(JournalBlock.objects.order_by("id"))
            assert blocks[0].measures == numbers
            assert blocks[0].id < edge < blocks[-1].id
            assert [a.kind for a in Alarm.objects.all()] == ["place_entered"]
            assert Signal.objects.count() == 1
        state = worker.engine.state()
        again = house.worker()  # a restart finds its way across the edge
        for name, array in again.engine.state().items():
            assert np.array_equal(array, state[name], equal_nan=array.dtype.kind == "f") or name == "clock"
        with seen():
            assert Alarm.objects.count() == 1
    with acting(desk["王科"], Purpose.VERIFY_ALARM, using="reader"):
        begun = blocks[0].taken_from
        assert (
            len(read_track(numbers, begun.replace(microsecond=0), blocks[-1].taken_to.replace(year=2099)))
            == 32
        )


def test_hours_are_compacted_beyond_the_edge(edge, desk, tmp_path):
    from sifang.kernel.config import provide
    from sifang.monitoring.intake.config import IntakeConfig

    provide(IntakeConfig(keys=tmp_path / "keys"))
    yard = Yard(desk, tmp_path)
    assert yard.numbers == [edge - 1, edge]
    written = yard.a_day()
    done = compact_due(yard.now, using="jobs", keys=KeyStore(tmp_path / "keys"))
    assert [one.stored for one in done] == [120, 120, 120]
    assert_same(yard.track(), written)
