"""A course that began elsewhere goes on here: its running procedures begin on the day of taking over.

Hand-over and intake are not played again and no act is invented: what the earlier house did stands in
TakenOver as it was told. The clocks of this house run from the day it took over, so that nothing is overdue
because of the file's age; only what hangs on the term itself (the preparation of release) keeps its day.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sifang.cases.events import ExpectationOpened
from sifang.cases.facts import case_facts
from sifang.cases.models import Case, Expectation, Proceeding, TakenOver
from sifang.cases.services import open_case
from sifang.cases.sync import expect_first
from sifang.kernel.errors import BeyondPower
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition
from sifang.law.procedures.intake import OPENS
from sifang.ledger.services import record
from sifang.people.models import Officer, Order


def take_over_course(
    by: Officer,
    order: Order,
    *,
    source: str,
    sha256: str,
    told: Mapping[str, Any],
) -> TakenOver:
    """Open the case of a received order and begin what reception would have opened, as of today.

    Run inside `acting` of an officer of the county agency. `source`: "register" or "archive"; `sha256`: of
    the file; `told`: what the file says of the time before, kept word for word. Raises AlreadyOpen,
    BeyondPower.
    """
    if by.agency is None or by.agency_id != order.person.county_agency_id:
        raise BeyondPower(owner=order.person.county_agency.name, article="社区矫正法22条")
    now = utc_now()
    case = open_case(order)
    case.order, case.person = order, order.person
    taken = TakenOver.objects.create(
        case=case,
        officer=by,
        agency=by.agency,
        on=legal_day(now),
        source=source,
        sha256=sha256,
        told=dict(told),
    )
    begun = _begin_running(case, now)
    rows = Expectation.objects.bulk_create(expect_first(case, begun, at=now))
    Case.objects.filter(id=case.id).update(wake_at=case.wake_at)
    for one in rows:
        publish(ExpectationOpened(expectation=one.id, kind=one.kind))
    _note(taken, case.id)
    return taken


def _begin_running(case: Case, now: datetime) -> list[Proceeding]:
    day = legal_day(now)
    facts = case_facts(case)
    found = [edition(name, day) for name in OPENS]
    return Proceeding.objects.bulk_create(
        Proceeding(
            case=case,
            procedure=one.name,
            state=one.start,
            facts={"opened_on": day.isoformat()},
            opening={"opened_on": day.isoformat()},
            outlives=one.outlives,
            started_at=now,
        )
        for one in found
        if one.is_for(facts)
    )


def _note(taken: TakenOver, case_id: UUID) -> None:
    record(
        "course_taken_over",
        {
            "case": str(case_id),
            "by": str(taken.officer_id),
            "on": taken.on.isoformat(),
            "source": taken.source,
            "sha256": taken.sha256,
        },
    )
