"""The verbs of a case: open it, expect something, fulfil what was expected, see what is overdue."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from sifang.cases.errors import AlreadyOpen, NothingExpected
from sifang.cases.events import CaseOpened, ExpectationFulfilled, ExpectationOpened
from sifang.cases.models import Case, Expectation, Stage
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.models import Agency, Order


def open_case(order: Order, *, stage: Stage = Stage.SUPERVISED) -> Case:
    """Open the course of an order (社区矫正法22条); one order has one case. Raises AlreadyOpen."""
    with transaction.atomic():
        if Case.objects.filter(order=order).exists():
            raise AlreadyOpen
        case = Case.objects.create(person_id=order.person_id, order=order, stage=stage)
        record("case_opened", {"case": str(case.id), "order": str(order.id)})
        publish(CaseOpened(case=case.id, order=order.id))
    return case


def expect(
    kind: str,
    *,
    owner: Agency,
    subject_kind: str,
    subject_id: UUID,
    article: str,
    due_at: datetime | None,
    due_kind: str,
    case: Case | None = None,
) -> Expectation:
    """Say that `owner` ought to do `kind` about a subject; the same expectation stands only once.

    `due_at`: aware, exclusive (24:00 of a last day = 00:00 of the next); None where the law gives no
    period. `due_kind`: "law" for a legal period, "target" for a house target, never mixed up on pages.
    """
    with transaction.atomic():
        expectation, opened = Expectation.objects.get_or_create(
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            defaults={
                "owner": owner,
                "article": article,
                "due_at": due_at,
                "due_kind": due_kind,
                "case": case,
            },
        )
        if opened:
            publish(ExpectationOpened(expectation=expectation.id, kind=kind))
    return expectation


def fulfil(kind: str, subject_id: UUID, by: UUID) -> Expectation:
    """Close an expectation by the act or receipt `by`; the first act stands. Raises NothingExpected."""
    with transaction.atomic():
        found = Expectation.objects.select_for_update().filter(kind=kind, subject_id=subject_id).first()
        if found is None:
            raise NothingExpected(kind=kind)
        if found.closed_at is None:
            found.closed_at, found.closed_by = utc_now(), by
            found.save(update_fields=["closed_at", "closed_by"])
            publish(ExpectationFulfilled(expectation=found.id, kind=kind, by=by))
    return found


def overdue(now: datetime) -> QuerySet[Expectation]:
    """Return what should have happened before `now` and has not, longest overdue first.

    Limited by row security to what the officer or system purpose of this transaction sees.
    """
    late = Expectation.objects.filter(closed_at=None, due_at__lte=now)
    return late.select_related("owner").order_by("due_at", "id")
