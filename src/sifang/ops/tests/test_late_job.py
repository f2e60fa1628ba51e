"""The clock looks for late fixes every ten seconds, and wakes the engine only when some wait."""

from datetime import UTC, datetime, timedelta

import pytest

from sifang.monitoring.models import LateWork
from sifang.monitoring.tests.conftest import desk
from sifang.monitoring.tests.test_late import as_jobs, blind, come, house
from sifang.ops import tasks
from sifang.people.access import system

__all__ = ["desk", "house"]
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def noted(at):
    """Let the waiting work have been noted at this time."""
    with system("compare", using="jobs", continues=True):
        assert LateWork.objects.using("jobs").filter(state="waiting").update(created_at=at) == 1


def test_late_fixes_are_judged_by_the_clock_once(house):
    house.now -= 1800
    worker = house.worker()
    come(worker, blind(house, worker), house)
    noted(datetime.now(UTC) + timedelta(minutes=1))  # ahead, so that no slow machine makes it old
    with as_jobs():
        assert tasks.judge_late(timestamp=70) == {}  # they may still be coming
    noted(datetime.now(UTC) - timedelta(minutes=2))
    with as_jobs():
        assert tasks.judge_late(timestamp=60)["past"] == 1
        assert tasks.judge_late(timestamp=70) == {}
