"""What time it is for the jobs."""

import json
import time
from datetime import UTC, datetime

import pytest

from sifang.ops import moment


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"clock": {"now_s": 1000.0, "run_s": 70.0}}, 1030.0),
        ({"clock": {"now_s": 1000.0, "run_s": 30.0}}, None),  # too long ago
        ({"clock": {"now_s": 1000.0, "run_s": 500.0}}, None),  # of a machine that was started anew
        ({"clock": None}, None),
        ({}, None),
    ],
)
def test_the_watchs_clock_counts_while_it_is_fresh(told, expected):
    assert moment.of_the_watch(told, 100.0) == expected


def test_jobs_follow_the_watch_not_the_machines_clock(tmp_path, monkeypatch):
    file = tmp_path / "watch.json"
    monkeypatch.setattr(moment, "_status", lambda: file)
    assert abs((moment.steady_now() - datetime.now(UTC)).total_seconds()) < 5  # nothing written yet
    run_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    file.write_text(json.dumps({"clock": {"now_s": 1_000_000.0, "run_s": run_s}}))
    assert 0 <= moment.steady_now().timestamp() - 1_000_000.0 < 60
