"""What the clock does in cases, and the daily comparison of what is expected with how the cases stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from sifang.cases.acts import Wish, lock_course, perform, reread
from sifang.cases.calendars import calendar
from sifang.cases.expected import clock_rows
from sifang.cases.models import Case, Expectation
from sifang.cases.sync import base_of, runs_of, wanted
from sifang.kernel.errors import SifangError
from sifang.kernel.log import get_logger
from sifang.kernel.time import legal_day
from sifang.people.access import system

log = get_logger("cases")
MOST_AT_ONCE = 500
MOST_STEPS = 20  # of one case at one waking


def run_clock(now: datetime, *, using: str = "default", at_most: int = MOST_AT_ONCE) -> int:
    """Take the clock's steps that are due by `now`; return how many. Run as role jobs.

    Each case in its own transaction: one that fails is logged and keeps nobody waiting.
    """
    with system("reconcile", using=using):
        due = list(
            Case.objects.filter(wake_at__lte=now).order_by("wake_at").values_list("id", flat=True)[:at_most]
        )
    return sum(_wake(case_id, now, using) for case_id in due)


def _wake(case_id: UUID, now: datetime, using: str) -> int:
    done = 0
    try:
        with system("reconcile", using=using, continues=True):
            case = reread(case_id) if lock_course(case_id, wait=False) else None
            while case is not None and done < MOST_STEPS and _step(case, now):
                done += 1
                case = reread(case_id)
    except SifangError:
        log.exception("clock_failed", case=str(case_id))
        _postpone(case_id, now, using)
    return done


def _postpone(case_id: UUID, now: datetime, using: str) -> None:
    """Look again in an hour; the reconciler says what is missing."""
    with system("reconcile", using=using, continues=True):
        Case.objects.filter(id=case_id).update(wake_at=now + timedelta(hours=1))


def _step(case: Case, now: datetime) -> bool:
    """Take the earliest due step of the clock; return whether there was one."""
    found = []
    for key, (_, run) in runs_of(case, legal_day(now)).items():
        found += [(when, key, run.procedure.name, step.name) for when, step in clock_rows(run, calendar())]
    ready = sorted(one for one in found if one[0] <= now)
    if not ready:
        Case.objects.filter(id=case.id).update(wake_at=min((one[0] for one in found), default=None))
        return False
    when, proceeding, procedure, name = ready[0]
    perform(None, case, Wish(procedure, name, proceeding=proceeding, at=max(when, case.opened_at)))
    return True


@dataclass
class Differences:
    """What the table of expectations and the acts do not agree on; both empty is the normal state."""

    missing: list[tuple[UUID, str]] = field(default_factory=list)
    unfounded: list[tuple[UUID, str]] = field(default_factory=list)
    cases: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether everything agrees."""
        return not self.missing and not self.unfounded


def reconcile(now: datetime, *, cases: Iterable[UUID] | None = None, using: str = "default") -> Differences:
    """Recompute what is expected from the proceedings of every open case and compare it with the table.

    It changes nothing: a difference is a fault of the house or an interference, and somebody must see it.
    """
    found = Differences()
    with system("reconcile", using=using):
        ids = list(cases) if cases is not None else _open_cases()
    for start in range(0, len(ids), MOST_AT_ONCE):
        with system("reconcile", using=using, continues=True), transaction.atomic(using=using):
            for case in Case.objects.filter(id__in=ids[start : start + MOST_AT_ONCE]).select_related(
                "person__county_agency__parent", "person__office", "order__decided_by"
            ):
                _compare(case, now, found)
    if not found.is_empty:
        log.error(
            "expectations_differ", **Counter(missing=len(found.missing), unfounded=len(found.unfounded))
        )
    return found


def _open_cases() -> list[UUID]:
    running = Case.objects.filter(proceedings__closed_at=None).distinct()
    return list(running.values_list("id", flat=True))


def _compare(case: Case, now: datetime, found: Differences) -> None:
    found.cases += 1
    runs = runs_of(case, legal_day(now))
    should = {one.key for _, one in wanted(runs)}
    rows = Expectation.objects.filter(case=case, subject_kind="proceeding", closed_at=None)
    there = {(str(row.subject_id), row.kind, base_of(row.occasion)) for row in rows}
    found.missing += [(case.id, f"{kind} {occasion}") for _, kind, occasion in should - there]
    found.unfounded += [(case.id, f"{kind} {occasion}") for _, kind, occasion in there - should]
