"""Bytes of refused frames: kept encrypted for devices under a live measure, read with purpose and record."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connections, transaction

from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.monitoring.access import access_refused_frames
from sifang.monitoring.intake.frames import LONGEST, PER_HOUR
from sifang.monitoring.models import RefusedFixes, RefusedFrame
from sifang.monitoring.services.devices import unbind_device
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.tests.conftest import as_role
from sifang.monitoring.tests.test_watch_worker import ELSEWHERE, house, seen  # noqa: F401 (a fixture)
from sifang.people.access import Purpose, system
from sifang.people.models import ReadRecord

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
FRAME = bytes.fromhex("7e0200") + b"CANARY-117.0213456" + b"\x7e"


def kept():
    with seen():
        return list(RefusedFrame.objects.order_by("received_at"))


def refuse(worker, house, frame=FRAME, n=1, terminal="13853100001"):  # noqa: F811
    ref = worker.admission.find(terminal)
    for _ in range(n):
        worker.frames.keep(ref.index, "bad_checksum", "jt808", frame, house.now)
    worker.flush_refusals()


def test_a_fix_refused_in_a_tick_leaves_its_frame_encrypted_and_its_count(house):  # noqa: F811
    worker = house.worker()
    fixes = house.fixes(ELSEWHERE, 3, worker=worker)
    fixes["taken_s"][1] += 9000  # far ahead of the server
    worker.judge.tick([fixes], [lambda row: FRAME + bytes([row])])
    worker.flush_refusals()
    (row,) = kept()
    assert (row.reason, row.gateway, row.size) == ("future", "jt808", len(FRAME) + 1)
    assert b"CANARY" not in bytes(row.body)
    with seen():
        assert RefusedFixes.objects.get().count == 1
    with house.officers():
        (read,) = access_refused_frames(house.desk["王科"], house.desk.city.persons["张三"], Purpose.REVIEW)
    assert read.data == FRAME + b"\x01"
    assert (read.terminal_id, read.reason) == ("13853100001", "future")


def test_the_read_is_recorded_before_and_outsiders_learn_nothing(house):  # noqa: F811
    worker = house.worker()
    refuse(worker, house)
    person = house.desk.city.persons["张三"]
    with house.officers():
        for who in ("周外", "吴离", "孙警", "张三"):
            with pytest.raises(NotFound):
                access_refused_frames(house.desk[who], person, Purpose.REVIEW)
        for who in ("王科", "李所", "赵检", "冯班"):
            assert len(access_refused_frames(house.desk[who], person, Purpose.REVIEW)) == 1
        with house.desk.city.acting("王科"):
            found = ReadRecord.objects.filter(what="refused_frames")
            assert {one.officer.name for one in found} == {"王科", "李所", "赵检", "冯班"}


@pytest.mark.parametrize("role", ["jobs", "owner", "default"])
def test_only_the_reader_and_the_watch_see_the_table(house, role):  # noqa: F811
    worker = house.worker()
    refuse(worker, house)
    place = house.officers() if role == "default" else as_role(role)
    with place, connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM monitoring_refusedframe")
        assert cursor.fetchone() == (0,)


def test_nothing_is_kept_once_the_measure_has_ended_even_before_the_watch_hears_of_it(house):  # noqa: F811
    worker = house.worker()
    with house.officers():
        end_measure(house.desk["王科"], house.measure, reason="无需继续使用")
    house.now = utc_now().timestamp() + 1
    refuse(worker, house)  # the worker still holds the old table
    assert kept() == []


def test_the_database_refuses_the_frame_of_a_device_that_is_not_worn(house):  # noqa: F811
    house.worker()
    with house.officers(), house.desk.city.acting("王科"):
        binding = house.measure.bindings.get()
    with house.officers():
        unbind_device(house.desk["王科"], binding)
    row = {
        "measure": house.measure, "device": house.device, "reason": "future", "gateway": "jt808", "size": 1,
        "body": b"x",
    }  # fmt: skip
    for at in (utc_now(), house.measure.approved_at - timedelta(minutes=1)):
        with pytest.raises(IntegrityError), seen(), transaction.atomic():
            RefusedFrame.objects.create(received_at=at, **row)
    with seen():
        RefusedFrame.objects.create(received_at=binding.bound_at + timedelta(seconds=1), **row)


def test_a_flood_of_refused_frames_keeps_only_so_many_and_only_so_long(house):  # noqa: F811
    refuse(house.worker(), house, bytes(9000), n=PER_HOUR + 40)
    rows = kept()
    assert len(rows) == PER_HOUR
    assert {row.size for row in rows} == {9000}
    assert all(len(bytes(row.body)) <= LONGEST + 28 for row in rows)
    refuse(house.worker(), house, n=3)  # a watch that was started anew does not begin at zero
    assert len(kept()) == PER_HOUR


def test_a_frame_that_was_moved_to_another_row_does_not_open(house):  # noqa: F811
    refuse(house.worker(), house)
    (row,) = kept()
    with system("watch", continues=True):
        RefusedFrame.objects.create(
            measure=row.measure, device=row.device, received_at=row.received_at + timedelta(seconds=1),
            reason=row.reason, gateway=row.gateway, size=row.size, body=bytes(row.body),
        )  # fmt: skip
    with house.officers():
        person = house.desk.city.persons["张三"]
        read = access_refused_frames(house.desk["王科"], person, Purpose.REVIEW)
    assert [one.data for one in read] == [None, FRAME]


def test_frames_of_a_database_that_is_away_wait(house, monkeypatch):  # noqa: F811
    worker = house.worker()
    house.now = float(np.floor(house.now))
    with monkeypatch.context() as patch:
        patch.setattr("sifang.monitoring.intake.frames._store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            refuse(worker, house)
    worker.flush_refusals()
    assert [row.received_at for row in kept()] == [datetime.fromtimestamp(house.now, UTC)]
