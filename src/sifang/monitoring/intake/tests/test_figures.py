"""Figures of the ticks: what waits, how old the oldest is, how long it all took."""

import pytest

from sifang.monitoring.intake.figures import Histogram, TickFigures


@pytest.fixture
def clock():
    return [50.0]


@pytest.fixture
def figures(clock):
    return TickFigures(lambda: clock[0])


def test_the_oldest_unanswered_ages_until_it_is_answered(clock, figures):
    figures.took(3)
    clock[0] += 2
    figures.took(4)
    assert (figures.waiting, figures.oldest_unacknowledged_s) == (7, 2.0)
    figures.answers(1, stored=True)
    assert (figures.waiting, figures.oldest_unacknowledged_s) == (4, 0.0)
    clock[0] += 31
    assert figures.oldest_unacknowledged_s == 31.0
    figures.answers(1, stored=False)
    assert (figures.answered, figures.lost, figures.oldest_unacknowledged_s) == (3, 1, 0.0)


def test_lag_is_counted_per_fix_and_ticks_per_tick(clock, figures):
    figures.took(100)
    clock[0] += 0.03
    figures.judged(0.02)
    figures.answers(1, stored=True)
    report = figures.report()
    assert sum(report["lag_seconds"]["counts"]) == 100
    assert sum(report["tick_seconds"]["counts"]) == 1
    assert report["tick_ms"] == {"p50": 20.0, "p99": 20.0}


def test_a_bound_belongs_to_its_bucket():
    found = Histogram((0.1, 1.0))
    for seconds in (0.1, 0.5, 1.0, 3.0):
        found.add(seconds)
    assert found.report() == {"bounds": (0.1, 1.0), "counts": [1, 2, 1], "sum": 4.6}
