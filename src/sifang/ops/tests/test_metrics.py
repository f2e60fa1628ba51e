"""The page of figures is Prometheus text, complete, and holds no person, device or place."""

import re
import urllib.error
import urllib.request

import pytest

from sifang.monitoring.intake.figures import TickFigures
from sifang.ops.deadman import Finding
from sifang.ops.metrics import render
from sifang.ops.metrics_server import serve

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.e+-]+|NaN|[+-]Inf)")
KINDS = {"counter", "gauge", "histogram"}


def parse(text):
    """The samples by name and labels; every line must be lawful, every name announced once, before."""
    assert text.endswith("\n")
    assert "\r" not in text
    kinds, samples, helped = {}, {}, set()
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, about = line.split(" ", 3)
            assert name not in helped
            assert about
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in KINDS
            assert name in helped
            assert name not in kinds
            kinds[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            base = re.sub(r"_(bucket|sum|count)$", "", found[1])
            assert found[1] in kinds or kinds.get(base) == "histogram", line
            assert (found[1], found[2]) not in samples
            samples[found[1], found[2]] = float(found[3])
    return samples


@pytest.fixture
def facts():
    now = [100.0]
    figures = TickFigures(lambda: now[0])
    for seconds in (0.004, 0.012, 7.0):
        figures.took(10)
        now[0] += seconds
        figures.judged(seconds)
        figures.answers(1, stored=True)
    figures.took(5)
    now[0] += 2
    return {
        "finding": Finding(("loop",), 1.0),
        "watch": {
            "acknowledged": 30, "refused": {"no_measure": 2, '张三"\n': 1, "13853100001": 4},
            "links": {"connected": 3},
            "connections": {"signed_in": 3}, "database_lost": False, "path": figures.report(),
            "measures_version": 7, "tracked": 3, "alarms_raised": 1, "last_block": 2**31,
            "failed_attempts": 0,
        },
        "probe_s": 3.25, "database_up": True, "jobs_stuck": False,
        "backlog": {"jobs_waiting": 1, "oldest_job_s": 2.5, "late_waiting": 0},
        "counts": {"open": 1, "acknowledged": 30},
        "processes": [{"name": "watch", "up": 1.0, "restarts_total": 2, "resident_memory_bytes": 123}],
    }  # fmt: skip


def test_the_page_parses_and_says_what_the_issue_asks(facts):
    samples = parse(render(facts))
    assert samples["sifang_path_stuck", None] == 1
    assert samples["sifang_path_stuck_reason", 'reason="loop"'] == 1
    assert samples["sifang_refused_total", 'reason="no_measure"'] == 2
    assert samples["sifang_oldest_unacknowledged_seconds", None] == 2
    assert samples["sifang_fixes_waiting", None] == 5
    assert samples["sifang_lag_seconds_count", None] == 30
    assert samples["sifang_tick_seconds_count", None] == 3
    assert samples["sifang_tick_seconds_bucket", 'le="0.005"'] == 1
    assert samples["sifang_tick_seconds_bucket", 'le="+Inf"'] == 3
    assert samples["sifang_journal_last_block", None] == 2**31
    assert samples["sifang_process_resident_memory_bytes", 'process="watch"'] == 123


def test_buckets_only_grow(facts):
    samples = parse(render(facts))
    buckets = [n for (name, _), n in samples.items() if name == "sifang_lag_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == samples["sifang_lag_seconds_count", None]


def test_nobody_s_text_becomes_a_label(facts):
    text = render(facts)
    assert "张三" not in text
    assert "13853100001" not in text
    assert parse(text)["sifang_refused_total", 'reason="other"'] == 5
    labels = {pair.split("=")[0] for _, found in parse(text) if found for pair in found.split(",")}
    assert labels <= {"reason", "state", "event", "process", "le"}


def test_without_a_watch_the_page_still_says_that_it_is_gone():
    samples = parse(render({"finding": Finding(("no_watch",), 0.0)}))
    assert samples["sifang_watch_up", None] == 0
    assert samples["sifang_path_stuck", None] == 1


def test_it_is_served_on_the_loopback_address_only(facts):
    server = serve(0, lambda: facts)
    try:
        host, port = server.server_address[:2]
        assert host == "127.0.0.1"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert parse(answer.read().decode())
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
    finally:
        server.shutdown()
        server.server_close()
