"""A snapshot is there in full or not at all; what is not ours is passed over, and the journal serves."""

import errno
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from sifang.monitoring.engine.engine import Engine, StateMismatch
from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec
from sifang.monitoring.engine.tables import TablesMismatch
from sifang.monitoring.intake import snapshot as module
from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.errors import KeyMissing, SnapshotUnusable
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.snapshot import Position, Snapshot, SnapshotFolder
from sifang.monitoring.intake.tests.test_engine_undo import RING, fixes
from sifang.monitoring.intake.tests.test_identity import table

HOUR = "2026112308"
AT = Position(2**31 + 7, b"n" * 12, HOUR)


def engine():
    one = Engine()
    specs = [MeasureSpec(m, 0, 1 << 40) for m in (1, 2)], [FenceSpec(10, 1, "boundary", "inside", [RING])]
    one.load(*specs)
    one.step(fixes(1, 1000, 40))
    return one


@pytest.fixture
def kept(tmp_path):
    return SnapshotFolder(tmp_path / "snapshots", KeyStore(tmp_path / "keys"))


def snapshot(position=AT):
    one = engine()
    return Snapshot(position, 3, one.state(), one.tables(), table().marks())


def test_what_was_written_is_read_bit_for_bit_and_nobody_else_may_read_it(kept):
    given = snapshot()
    path = kept.write(given)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    (back,) = kept.usable()
    assert (back.position, back.version) == (AT, 3)
    for group in ("state", "tables", "marks"):
        one, other = getattr(given, group), getattr(back, group)
        assert one.keys() == other.keys()
        for name, array in one.items():
            assert array.dtype == other[name].dtype
            assert array.tobytes() == other[name].tobytes()
    resumed = Engine()
    resumed.resume(back.tables, back.state)
    again, before = fixes(1, 5000, 40), engine()
    assert resumed.step(again.copy()).tobytes() == before.step(again.copy()).tobytes()
    assert resumed.state()["nodes"].tobytes() == before.state()["nodes"].tobytes()


def test_the_newest_two_are_kept_newest_first(kept):
    for block in (5, 9, 9, 12):
        kept.write(snapshot(replace(AT, block=block)))
    assert [one.position.block for one in kept.usable()] == [12, 9]


def test_a_file_with_any_byte_changed_is_passed_over_and_the_older_one_serves(kept):
    kept.write(snapshot(replace(AT, block=1)))
    path = kept.write(snapshot(replace(AT, block=2)))
    whole = path.read_bytes()
    for at in (*range(60), len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert [one.position.block for one in kept.usable()] == [1]
    for cut in (0, 10, 30, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert [one.position.block for one in kept.usable()] == [1]
    path.write_bytes(whole)
    assert [one.position.block for one in kept.usable()] == [2, 1]


def test_under_another_key_or_of_another_form_it_does_not_open(kept, tmp_path, monkeypatch):
    path = kept.write(snapshot())
    with pytest.raises(KeyMissing):
        SnapshotFolder(tmp_path / "snapshots", KeyStore(tmp_path / "none")).read(path)
    other = KeyStore(tmp_path / "other")
    other.key(HOUR)
    with pytest.raises(SnapshotUnusable):
        SnapshotFolder(tmp_path / "snapshots", other).read(path)
    monkeypatch.setattr(module, "FORM", 2)
    with pytest.raises(SnapshotUnusable):
        kept.read(path)


def test_a_position_cannot_be_read_from_the_file(kept):
    one = engine()
    assert (one.state()["measures"]["lon"] > 116.9).any()
    content = kept.write(snapshot()).read_bytes()
    assert one.state()["measures"]["lon"][0].tobytes() not in content


def test_a_full_disk_leaves_the_older_snapshot_and_no_draft(kept, monkeypatch):
    kept.write(snapshot(replace(AT, block=1)))

    def full(_fd):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        kept.write(snapshot(replace(AT, block=2)))
    monkeypatch.undo()
    assert [one.position.block for one in kept.usable()] == [1]
    assert len(list(Path(kept.folder).iterdir())) == 1


def test_state_or_tables_of_another_program_change_nothing():
    one, whole = engine(), snapshot()
    before = one.state()
    with pytest.raises(TablesMismatch):
        one.resume({**whole.tables, "fences": np.zeros(0, [("number", "<i8")])}, whole.state)
    with pytest.raises(StateMismatch):
        one.resume(whole.tables, {**whole.state, "form": np.array([99])})
    with pytest.raises(StateMismatch):
        one.resume(whole.tables, {**whole.state, "measures": np.zeros(0, [("x", "<i8")])})
    assert all(before[name].tobytes() == array.tobytes() for name, array in one.state().items())


def test_marks_are_taken_by_device_wherever_its_row_stands_now():
    old = table()
    moved = Admission()
    window = (Window(5, 0, 1 << 40),)
    rows = [DeviceRow(UUID(int=n), f"{n}", "jt808", windows=window) for n in (9, 7)]
    moved.load(rows, 1, 5)
    old._mark_s[0], old._recent_at[0] = 77, 3
    moved.take_marks(old.marks())
    assert (moved._mark_s[:2].tolist(), moved._recent_at[:2].tolist()) == ([0, 77], [0, 3])
    with pytest.raises(SnapshotUnusable):
        moved.take_marks({"keys": old.marks()["keys"]})
