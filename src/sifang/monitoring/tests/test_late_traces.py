"""What the watch leaves for the late job: engine states by the hour, and work for late fixes."""

import zlib

import numpy as np
import pytest
from django.db import connections

from sifang.monitoring.intake.columns import F_LATE, F_LOCATED
from sifang.monitoring.intake.errors import BlockDamaged
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.states import open_sealed, packed, unpacked
from sifang.monitoring.models import Alarm, EngineState, LateWork
from sifang.monitoring.tests.test_watch_worker import BANNED, ELSEWHERE, House, each, house, seen
from sifang.people.access import Purpose, acting, system

__all__ = ["House", "house"]
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def states():
    with system("compare", using="jobs", continues=True):
        return list(EngineState.objects.using("jobs").order_by("hour"))


def works():
    with system("compare", using="jobs", continues=True):
        return list(LateWork.objects.using("jobs").order_by("created_at"))


def test_each_measure_leaves_its_state_once_an_hour_under_its_own_key(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(BANNED, 30, worker=worker)])
    assert worker.keep_states() == 1
    assert worker.keep_states() == 0  # nothing more this hour
    house.now += 3600
    assert worker.keep_states() == 1
    first, second = states()
    number = house.measure.number
    assert (first.measure_id, first.merged, first.taken_to) == (house.measure.id, False, second.taken_to)
    key = KeyStore(house.folder / "keys").load_measure(number)
    plain = open_sealed(bytes(second.body), key, number, second.taken_to)
    found, live = unpacked(plain), worker.engine.save([number])
    for name in ("measure_numbers", "fence_numbers", "measures", "nodes"):
        assert np.array_equal(found[name], live[name]), name
    for name in set(live["fences"].dtype.names) - {"kept"}:
        assert np.array_equal(found["fences"][name], live["fences"][name]), name
    with pytest.raises(BlockDamaged):
        open_sealed(bytes(second.body), key, number + 1, second.taken_to)


def test_a_state_of_another_form_is_no_state(house):
    worker = house.worker()
    plain = packed(worker.engine.save([house.measure.number]))
    assert unpacked(plain) is not None
    assert unpacked(zlib.compress(zlib.decompress(plain).replace(b'"form": 1', b'"form": 9'))) is None


def test_late_fixes_leave_one_work_in_the_transaction_of_their_tick(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 5, worker=worker)])
    late = house.fixes(BANNED, 4, worker=worker)
    newer = house.fixes(ELSEWHERE, 1, worker=worker)
    worker.judge.tick([newer])
    assert works() == []
    for one in each(late):
        one["received_s"] = newer["received_s"][0] + 1
        worker.judge.tick([one])
    (work,) = works()
    assert (work.from_s, work.state) == (int(late["taken_s"][0]), "waiting")
    assert work.measure_id == house.measure.id
    with seen():
        assert not Alarm.objects.exists()


def test_a_work_the_job_holds_does_not_keep_the_tick_waiting(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 5, worker=worker)])
    late = house.fixes(BANNED, 2, worker=worker)
    worker.judge.tick([house.fixes(ELSEWHERE, 1, worker=worker)])
    worker.judge.tick([late[:1].copy()])
    with system("compare", using="jobs", continues=True):
        list(LateWork.objects.using("jobs").select_for_update())
        with connections["default"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        assert worker.judge.tick([late[1:].copy()])[0].all()
    assert len(works()) == 2


def test_nobody_but_the_job_reads_a_state_or_a_work(house):
    worker = house.worker()
    worker.judge.tick([house.fixes(ELSEWHERE, 5, worker=worker)])
    late = house.fixes(BANNED, 1, worker=worker, flags=F_LOCATED | F_LATE)
    worker.judge.tick([house.fixes(ELSEWHERE, 1, worker=worker)])
    worker.judge.tick([late])
    worker.keep_states()
    assert len(states()) == len(works()) == 1
    with seen():
        assert not EngineState.objects.exists()
    with house.officers():
        for name in ("王科", "周外", "赵检"):
            with acting(house.desk[name], Purpose.VERIFY_ALARM):
                assert not EngineState.objects.exists()
                assert not LateWork.objects.exists()
    for purpose in ("reconcile", "deliver"):
        with system(purpose, using="jobs", continues=True):
            assert not EngineState.objects.using("jobs").exists()
