"""Whose late fixes wait to be judged. Apart from `late`, so that a look at an empty queue loads no engine."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from sifang.monitoring.models import LateWork
from sifang.people.access import system

OPEN = ("waiting", "again")  # not judged yet; judged, and to be looked at once more
AT_ONCE = 500  # measures in one run
SETTLE = timedelta(seconds=8)  # a device that is still sending its backlog is waited for
KEPT = timedelta(days=30)  # works done; longer than the states, which they say are true or not


def due_measures(now: datetime) -> list[UUID]:
    """Return the measures with late fixes to be judged at `now`, longest waiting first."""
    with system("compare", continues=True):
        waiting = LateWork.objects.filter(state__in=OPEN, created_at__lte=now - SETTLE)
        due = waiting.filter(Q(not_before=None) | Q(not_before__lte=now)).order_by("created_at")
        found = due.values_list("measure_id", flat=True)[: 4 * AT_ONCE]
        return list(dict.fromkeys(found))[:AT_ONCE]


def forget_late(now: datetime) -> int:
    """Delete works that were done long ago; returns how many."""
    with system("compare", continues=True):
        return LateWork.objects.filter(state="done", done_at__lt=now - KEPT).delete()[0]
