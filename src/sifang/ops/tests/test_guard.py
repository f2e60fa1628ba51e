"""The guard's loop: what it tells, that it asks for a kill until done, what it knows of processes."""

import json
import os

import pytest

from sifang.ops import guard as guard_module
from sifang.ops.deadman import Finding
from sifang.ops.guard import Guard, newest_age, process_figures
from sifang.ops.metrics import render
from sifang.ops.runtime import started_ticks, write_state
from sifang.ops.settings import read
from sifang.ops.tests.test_metrics import parse


class Told:
    """A judgement given by the test."""

    def __init__(self):
        self.findings = []

    def look(self, _sight):
        return self.findings.pop(0)


@pytest.fixture
def guard(tmp_path):
    (tmp_path / "run").mkdir()
    me = {"name": "watch", "pid": os.getpid(), "ticks": started_ticks(os.getpid()), "state": "running"}
    write_state(tmp_path, {"processes": [me | {"restarts": 2}]})
    found = Guard(read({"SIFANG_DATA": str(tmp_path)}))
    found._deadman = Told()
    return found


def looks(guard, *findings):
    """What the file says after each look."""
    guard._deadman.findings = list(findings)
    for _ in findings:
        guard.look()
        yield json.loads((guard.settings.data / "run" / "guard.json").read_text())


def test_a_kill_stands_in_the_file_until_the_watch_is_another(guard):
    stuck = ("loop",)
    asked = looks(
        guard, Finding(stuck, 1.0), Finding(stuck, 1.0, os.getpid()), Finding(stuck, 1.0), Finding()
    )
    assert [one["kill"] for one in asked] == [None, os.getpid(), os.getpid(), None]
    list(looks(guard, Finding(stuck, 1.0, os.getpid())))
    write_state(guard.settings.data, {"processes": []})
    assert next(looks(guard, Finding(stuck, 1.0)))["kill"] is None


def test_the_beginning_does_not_waver_while_it_lasts(guard, monkeypatch):
    said = list(looks(guard, Finding(("loop",), 1.0)))
    monkeypatch.setattr(guard_module.time, "time", lambda: 4_000_000_000.0)
    said += looks(guard, Finding(("loop", "probe"), 1.0))
    assert said[0]["since"] == said[1]["since"]
    assert said[1]["line"].endswith("接收程序没有反应；检验报文没有得到回答")


def test_jobs_that_do_not_begin_are_told(guard):
    guard._backlog = {"oldest_job_s": 121.0, "jobs_waiting": 3}
    assert next(looks(guard, Finding()))["jobs_stuck"]
    assert parse(render(guard.facts()))["sifang_jobs_stuck", None] == 1
    guard._backlog = {"oldest_job_s": 2.0, "jobs_waiting": 3}
    assert not next(looks(guard, Finding()))["jobs_stuck"]


def test_a_status_of_another_process_is_not_the_watch_s(guard):
    file = guard.settings.data / "run" / "watch.json"
    for pid, known in ((os.getpid(), True), (1, False)):
        file.write_text(json.dumps({"pid": pid, "state": "running", "tracked": 3}), "utf-8")
        assert bool(guard._sight().status) is known
    file.write_text("{", "utf-8")
    assert guard._sight().status == {}


def test_memory_and_processor_time_of_a_process_and_none_of_a_dead_one():
    mine = process_figures({"name": "web", "pid": os.getpid(), "ticks": started_ticks(os.getpid())})
    assert mine["resident_memory_bytes"] > 1_000_000
    assert mine["cpu_seconds_total"] > 0
    assert process_figures({"name": "web", "pid": os.getpid(), "ticks": -1})["up"] == 0


def test_the_newest_file_counts(tmp_path):
    assert newest_age(tmp_path / "none") is None
    assert newest_age(tmp_path) is None
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", (1, 1))
    (tmp_path / "b").touch()
    assert newest_age(tmp_path) < 60
