"""A whole installation whose watch hangs: it is said everywhere within 60 s, and taken back by itself."""

import json
import os
import signal
import time
import urllib.request

import psycopg
import pytest

from sifang.ops.tests.test_metrics import parse
from sifang.ops.tests.test_supervisor import superuser_url

pytestmark = pytest.mark.slow
SPOKEN_S = 60


def guard_of(installation):
    return json.loads((installation.data / "run" / "guard.json").read_text())


def figures(installation):
    url = f"http://127.0.0.1:{installation.env['SIFANG_METRICS_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return parse(answer.read().decode())


def incidents(installation):
    with psycopg.connect(superuser_url(installation)) as connection:
        return connection.execute(
            "SELECT kind, ended_at IS NULL, summary FROM monitoring_incident"
        ).fetchall()


def probed(installation):
    """The guard's own frame came back: gateway, event loop, worker and commit work, without any device."""
    found = guard_of(installation)
    return found["probe_s"] is not None and found["probe_s"] < 10 and not found["stuck"]


def test_a_stopped_watch_is_said_everywhere_within_a_minute_and_its_end_too(installation):
    installation.start()
    installation.until(lambda: probed(installation), 60)
    assert not installation.status()["watch"]["stuck"]
    watch = installation.pid("watch")
    os.kill(watch, signal.SIGSTOP)
    stopped = time.time()
    try:
        installation.until(lambda: "定位接收停滞" in installation.said(), SPOKEN_S)
        installation.until(lambda: incidents(installation), SPOKEN_S - (time.time() - stopped))
        status = installation.status()["watch"]
        assert status["stuck"]
        assert "loop" in status["reasons"]
        assert "停滞" in installation.run("status").stdout
        assert figures(installation)["sifang_path_stuck", None] == 1
        assert time.time() - stopped < SPOKEN_S
        assert [(kind, is_open) for kind, is_open, _ in incidents(installation)] == [("server", True)]
    finally:
        os.kill(watch, signal.SIGCONT)
    installation.until(lambda: "定位接收恢复" in installation.said(), 60)
    installation.until(lambda: not any(is_open for _, is_open, _ in incidents(installation)), 60)
    assert installation.pid("watch") == watch  # it was not hanging long enough to be killed
    samples = figures(installation)
    assert samples["sifang_path_stuck", None] == 0
    assert samples["sifang_process_up", 'process="watch"'] == 1
    assert samples["sifang_fixes_received_total", None] == 0  # probes are no fixes
    assert installation.said().count("停滞") == 1
