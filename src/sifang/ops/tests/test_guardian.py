"""The supervisor's side: says what the guard found, kills only the named watch, watches the guard."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sifang.ops import guardian
from sifang.ops.children import Child
from sifang.ops.guardian import Guardian, beat_of, tell
from sifang.ops.settings import read
from sifang.ops.status import path_figures, path_in_words


class Sleeper(Child):
    """A process that does nothing, under the name of a service."""

    def __init__(self, name):
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        super().__init__(name, lambda: subprocess.Popen(sleep, start_new_session=True), lambda: True)
        self.tend()
        self.tend()


@pytest.fixture
def children():
    found = [Sleeper("watch"), Sleeper("guard")]
    yield found
    for child in found:
        child.end_group()
        while not child.has_ended():
            time.sleep(0.01)


@pytest.fixture
def house(tmp_path, children, monkeypatch):
    monkeypatch.setattr(guardian, "LOOK_S", 0.0)
    (tmp_path / "run").mkdir()

    class House:
        watch, guard = children
        file = tmp_path / "run" / "guard.json"
        data = tmp_path
        eye = Guardian(tmp_path)

        def says(self, **found):
            tell(self.file, {"pid": self.guard.pid, "line": "", "kill": None} | found)
            self.eye.look(children)

    return House()


def test_a_stuck_path_and_its_end_are_each_said_once(house, capsys):
    line = "定位接收停滞，自 14:20 起：接收程序没有反应"
    for told in (line, line + "；检验报文没有得到回答", "", ""):
        house.says(line=told)
    assert capsys.readouterr().err == f"{line}\n定位接收恢复。\n"


def test_what_an_earlier_guard_left_is_not_said(house, capsys):
    house.says(line="定位接收停滞", pid=1, kill=house.watch.pid)
    assert capsys.readouterr().err == ""
    assert not house.watch.has_ended()


@pytest.mark.parametrize(("victim", "ends"), [("watch", True), ("guard", False), ("nobody", False)])
def test_only_the_watch_of_that_number_is_killed_stopped_or_not(house, victim, ends):
    os.kill(house.watch.pid, signal.SIGSTOP)
    number = {"watch": house.watch.pid, "guard": house.guard.pid, "nobody": house.watch.pid + 100_000}[victim]
    house.says(line="x", kill=number)
    house.watch._process.wait(5) if ends else time.sleep(0.1)
    assert house.watch.has_ended() is ends
    assert not house.guard.has_ended()


def test_a_guard_that_does_not_rewrite_its_file_is_ended(house, monkeypatch, children):
    house.says()
    monkeypatch.setattr(guardian, "SILENT_S", -1.0)
    house.eye.look(children)
    house.guard._process.wait(5)
    assert house.guard.has_ended()
    assert not house.watch.has_ended()


def test_on_a_full_disk_the_time_of_the_file_still_tells_that_one_lives(tmp_path, monkeypatch):
    file = tmp_path / "watch.json"
    tell(file, {"n": 1})
    os.utime(file, (1, 1))
    before = beat_of(file)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    tell(file, {"n": 2})
    assert beat_of(file) != before
    monkeypatch.undo()
    assert json.loads(file.read_text()) == {"n": 1}


def full(*_given, **_more):
    raise OSError(28, "No space left on device")


def test_status_says_stuck_in_words_and_a_silent_guard_too(house):
    settings = read({"SIFANG_DATA": str(house.data)})
    assert path_figures(settings)["stuck"]  # no guard has spoken at all
    now = "2026-11-23T06:20:00+00:00"
    recent = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    house.says(alive_at=recent, stuck=True, since=now, reasons=["loop"], backlog={})
    found = path_figures(settings)
    assert (found["stuck"], found["reasons"]) == (True, ["loop"])
    assert path_in_words(found)[0] == "接收：停滞，自 14:20 起（接收程序没有反应）"
    house.says(alive_at=recent, stuck=False, since=None, reasons=[], backlog={})
    tell(house.data / "run" / "watch.json", {"refused": {"no_measure": 2}, "connections": {"signed_in": 3}})
    words = path_in_words(path_figures(settings))
    assert words[0] == "接收：正常，3 台装置在线"
    assert "  拒收 没有生效的定位措施 2" in words
    house.says(alive_at=now, stuck=False, reasons=[])
    assert path_figures(settings)["reasons"] == ["guard"]
