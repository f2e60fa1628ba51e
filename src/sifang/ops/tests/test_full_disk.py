"""A full disk of logs, keys and status: what runs goes on, and is told as soon as there is room."""

import errno

import pytest

from sifang.ops import runtime, secret_files, supervisor
from sifang.ops.settings import read


@pytest.fixture
def house(tmp_path):
    (tmp_path / "run").mkdir()
    return supervisor.Supervisor(read({"SIFANG_DATA": str(tmp_path)}))


def test_the_supervisor_lives_through_a_full_disk_and_tells_afterwards(house, monkeypatch):
    told = []

    def write(_data, state):
        if not told:
            told.append(None)
            raise OSError(errno.ENOSPC, "no room")
        told.append(state)

    monkeypatch.setattr(supervisor, "write_state", write)
    house._write_state()
    assert told == [None]
    house._tend()  # nothing has changed since, but it was not told
    assert told[1]["processes"] == []
    house._tend()
    assert len(told) == 2


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    runtime.write_state(tmp_path, {"is_ready": True})

    def full(_handle):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(secret_files.os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        runtime.write_state(tmp_path, {"is_ready": False})
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["state.json"]
    assert runtime.read_state(tmp_path) == {"is_ready": True}
