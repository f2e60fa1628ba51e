"""Persons with their orders: registered by the county, or handed over by who decided, received, ended.

Nobody is on the books without an order (E1; 社区矫正法22条); nobody is supervised under an order that the
county agency has not received.
"""

from datetime import date, datetime, timedelta

from django.db import transaction

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.law.terms import Mismatch
from sifang.law.time import day_begins
from sifang.ledger.services import record
from sifang.people.errors import NotReceivable
from sifang.people.events import OrderEnded, OrderReceived, OrderRegistered
from sifang.people.models import (
    Agency,
    Officer,
    Order,
    Person,
    Role,
    Share,
    ShareMatter,
    TermCheck,
    TermResolution,
    active_roles,
)
from sifang.people.rules import (
    OrderPaper,
    check_paper,
    facts_from_json,
    facts_json,
    paper_digest,
    refuse_mismatch,
    term_mismatches,
)
from sifang.people.services.persons import PersonFacts, columns, make_person
from sifang.people.services.shares import share

SIGHT_AFTER_THE_END = timedelta(days=30)  # our reading: the deciding body confirms the notice of the end


def register_person(
    by: Officer,
    facts: PersonFacts,
    paper: OrderPaper,
    *,
    received_on: date | None = None,
    papers_pending: bool = False,
    resolved: str = "",
) -> Order:
    """Register a person together with the order that puts him or her under correction; return the order.

    Run inside `acting` of an officer of the county agency. `received_on`: legal day, None = today.
    `papers_pending`: the person came without the papers and is received all the same (办法16条). `resolved`:
    the officer's reasons for a term that differs from the computed one. Raises NotFound for another county,
    BeyondPower for a wrong role, TermMismatch while a difference is not settled, what `check_paper` raises.
    """
    need_county_officer(by, facts.county_agency)
    found = _checked(paper, resolved)
    with transaction.atomic():
        person = make_person(facts, paper)
        return _register(
            by,
            person,
            paper,
            found,
            received_on=received_on,
            resolved=resolved,
            papers_pending=papers_pending,
        )


def register_order(
    by: Officer,
    person: Person,
    paper: OrderPaper,
    *,
    received_on: date | None = None,
    papers_pending: bool = False,
    resolved: str = "",
) -> Order:
    """Register a further order against a person already on the books; as `register_person`."""
    need_county_officer(by, person.county_agency)
    found = _checked(paper, resolved)
    with transaction.atomic():
        return _register(
            by,
            person,
            paper,
            found,
            received_on=received_on,
            resolved=resolved,
            papers_pending=papers_pending,
        )


def receive_order(by: Officer, order: Order, *, received_on: date | None = None, resolved: str = "") -> Order:
    """Receive a handed-over order: from now on the person may be supervised (社区矫正法22条).

    Run inside `acting` of an officer of the county agency; None = today. Raises NotFound, BeyondPower,
    TermMismatch while a difference is not settled (`resolved`: the officer's reasons), NotReceivable.
    """
    need_county_officer(by, order.person.county_agency)
    day = received_on or legal_day(utc_now())
    if order.received_on is not None or order.ended_at is not None:
        raise NotReceivable(reason="这份决定已经接收或者已经终止")
    if day < order.document_date:
        raise NotReceivable(reason="接收日早于文书日期")
    paper = paper_of(order)
    found = _checked(paper, resolved)
    with transaction.atomic():
        if found:
            _resolve(by, order, paper, found, resolved)
        order.received_on = day
        order.save(update_fields=["received_on"])
        _note("order_received", order, by, on=day.isoformat())
        publish(OrderReceived(person=order.person_id, order=order.id))
    return order


def complete_papers(by: Officer, order: Order, paper: OrderPaper, *, resolved: str = "") -> Order:
    """Put in what the papers say that were missing when the person was received (办法16条); once.

    Raises NotFound, BeyondPower, NotReceivable when nothing is pending, TermMismatch as `register_person`.
    """
    need_county_officer(by, order.person.county_agency)
    if not order.papers_pending:
        raise NotReceivable(reason="这份决定没有待补的文书")
    found = _checked(paper, resolved)
    with transaction.atomic():
        if found:
            _resolve(by, order, paper, found, resolved)
        for name, value in paper_columns(paper, found).items():
            setattr(order, name, value)
        order.papers_pending = False
        order.save()
        share(by, order.person, paper.decided_by, ShareMatter.DECIDED, article="社区矫正法20条")
        _note("papers_completed", order, by, paper=paper_digest(paper))
    return order


def end_order(by: Officer, order: Order, *, on: date | datetime, why: str) -> Order:
    """End an order at the end (24:00) of a legal day, or at an instant (aware); never later than it said.

    Other agencies' sight ends with it unless another order runs; the body that decided keeps its own for
    thirty days. Raises NotFound, BeyondPower, BadInput without a reason.
    """
    need_county_officer(by, order.person.county_agency)
    if not why.strip():
        raise BadInput(reason="终止须写明事由")
    at = on if isinstance(on, datetime) else day_begins(on + timedelta(days=1))
    with transaction.atomic():
        order.ended_at = min(at, order.ended_at or at)
        order.save(update_fields=["ended_at"])
        _end_shares(order.person, order.ended_at)
        _note("order_ended", order, by, at=order.ended_at.isoformat(), why=why.strip())
        publish(OrderEnded(person=order.person_id, order=order.id, why=why.strip()))
    return order


def _end_shares(person: Person, at: datetime) -> None:
    if Order.objects.filter(person=person, ended_at=None, term_end__gte=legal_day(at)).exists():
        return
    for one in Share.objects.filter(person=person, valid_to=None):
        later = SIGHT_AFTER_THE_END if one.matter == ShareMatter.DECIDED else timedelta()
        Share.objects.filter(id=one.id).update(valid_to=max(at + later, one.valid_from))


def paper_of(order: Order) -> OrderPaper:
    """Return what the paper of a registered order says."""
    kept = {name: getattr(order, name) for name in OrderPaper.__dataclass_fields__ if name != "term_facts"}
    facts = facts_from_json(order.term_facts) if order.term_facts else None
    return OrderPaper(**kept, term_facts=facts)


def paper_columns(paper: OrderPaper, found: list[Mismatch]) -> dict[str, object]:
    """Return the columns of `Order` that a paper fills; `found`: where its term differs."""
    check = TermCheck.DIFFERS if found else TermCheck.AGREES
    return columns(paper) | {
        "term_facts": facts_json(paper.term_facts),
        "term_check": check if paper.term_facts else TermCheck.NONE,
    }


def need_county_officer(by: Officer, county: Agency) -> None:
    """社区矫正法22条: the county agency receives and registers; an outsider learns nothing."""
    if by.agency is None or by.agency.area_code != county.area_code:
        raise NotFound
    if by.agency_id != county.id or Role.COUNTY_OFFICER not in active_roles(by, utc_now()):
        raise BeyondPower(owner=county.name, article="社区矫正法22条")


def _checked(paper: OrderPaper, resolved: str) -> list[Mismatch]:
    """Check a paper; return what its officer settled. Raises TermMismatch while it is not settled."""
    check_paper(paper)
    found = term_mismatches(paper)
    if found and not resolved.strip():
        raise refuse_mismatch(paper, found)
    return found


def _register(
    by: Officer,
    person: Person,
    paper: OrderPaper,
    found: list[Mismatch],
    *,
    received_on: date | None,
    resolved: str,
    papers_pending: bool,
) -> Order:
    day = received_on or legal_day(utc_now())
    order = Order.objects.create(
        person=person,
        **paper_columns(paper, found),
        papers_pending=papers_pending,
        received_on=None if found else day,
    )
    if found:
        _resolve(by, order, paper, found, resolved)
        order.received_on = day
        order.save(update_fields=["received_on"])
    share(by, person, paper.decided_by, ShareMatter.DECIDED, article="社区矫正法20条")
    term = [paper.term_start.isoformat(), paper.term_end.isoformat()]
    record(
        "order_registered",
        {
            "person": str(person.id),
            "order": str(order.id),
            "type": order.type,
            "term": term,
            "papers_pending": papers_pending,
        },
    )
    publish(OrderRegistered(person=person.id, order=order.id))
    return order


def _resolve(by: Officer, order: Order, paper: OrderPaper, found: list[Mismatch], reasons: str) -> None:
    """Leave who lets the document's term stand, and why (PROCEDURES § 1)."""
    row = TermResolution.objects.create(
        order=order,
        officer=by,
        agency=order.person.county_agency,
        chosen_start=paper.term_start,
        chosen_end=paper.term_end,
        mismatches=[vars(one) for one in found],
        reasons=reasons.strip(),
        paper_digest=paper_digest(paper),
    )
    _note("term_resolved", order, by, resolution=str(row.id), paper=row.paper_digest)


def _note(kind: str, order: Order, by: Officer, **more: str) -> None:
    record(kind, {"order": str(order.id), "person": str(order.person_id), "by": str(by.id), **more})
