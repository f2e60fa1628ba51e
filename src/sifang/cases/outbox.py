"""What an act says to whom: a row for each recipient that the table names, and the receipts that close it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from sifang.cases.actors import agency_of, near
from sifang.cases.calendars import calendar
from sifang.cases.errors import NotYourDispatch, ReasonsMissing
from sifang.cases.events import DispatchAnswered
from sifang.cases.expected import moment
from sifang.cases.lawful import lawfully
from sifang.cases.models import Act, Case, Dispatch, DispatchState, Document, Proceeding
from sifang.cases.sync import close_receipt, expect_receipt
from sifang.kernel.errors import NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.law.procedure import Actor, Duty, Step
from sifang.law.render import mark_of
from sifang.ledger.services import record
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, Officer

LISTED = 200


def write_dispatches(act: Act, case: Case, proceeding: Proceeding, row: Step) -> list[Dispatch]:
    """Write the row of each recipient that this step names, into the act's transaction."""
    facts = act.facts | act.after
    documents = {one.kind: one for one in act.documents.all()}
    made = []
    for duty in row.duties:
        if duty.given is None or duty.given.holds(facts):
            made += _write(act, case, proceeding, duty, documents)
    return made


def _write(
    act: Act, case: Case, proceeding: Proceeding, duty: Duty, documents: dict[str, Document]
) -> list[Dispatch]:
    facts = act.facts | act.after
    sender = _sender(act, case, proceeding, duty)
    to = _recipient(case, proceeding, duty, sender)
    if to is not None and sender is not None and to.id == sender.id and not duty.awaited:
        return []  # an agency tells itself nothing
    when = moment(duty.due, facts, calendar()) if duty.due else None
    chosen = documents.get(duty.document) or next(iter(documents.values()), None)
    sent = Dispatch.objects.create(
        act=act,
        case=case,
        from_agency=sender,
        to_agency=to,
        to_actor=duty.to.value,
        title=duty.title,
        article=duty.article,
        mark=mark_of(duty.article, duty.mark),
        content=content(act, case),
        document=chosen,
        due_at=when.ends_at if when else None,
        due_kind=when.kind if when else "",
        state=DispatchState.EXPECTED if duty.awaited else DispatchState.SENT,
        sent_at=None if duty.awaited else act.at,
    )
    expect_receipt(sent, case)
    return [sent]


def _sender(act: Act, case: Case, proceeding: Proceeding, duty: Duty) -> Agency | None:
    if duty.by is not None:
        return agency_of(duty.by, case, proceeding)
    if act.agency_id is not None and not act.recorded_for:
        return act.agency
    return agency_of(Actor(act.actor), case, proceeding) or case.person.county_agency


def _recipient(case: Case, proceeding: Proceeding, duty: Duty, sender: Agency | None) -> Agency | None:
    """The agency meant; letters of the new county go to the procuratorate and police of its own county."""
    if duty.to in {Actor.PERSON, Actor.GUARDIAN, Actor.HELPER}:
        return None
    if duty.by is Actor.NEW_COUNTY or (sender and sender.id == proceeding.other_agency_id):
        return near(duty.to, sender) or agency_of(duty.to, case, proceeding)
    return agency_of(duty.to, case, proceeding)


def content(act: Act, case: Case) -> dict[str, Any]:
    """The least that a recipient needs: who, which order, what was done, when, by which article.

    `person`: the key under which a read of this row is recorded, also by who does not see the case.
    """
    person, order = case.person, case.order
    return {
        "person": str(person.id),
        "number": person.number,
        "name": person.name,
        "type": order.get_type_display(),
        "term": [order.term_start.isoformat(), order.term_end.isoformat()],
        "document_no": order.document_no,
        "act": act.title,
        "article": act.article,
        "day": act.day.isoformat(),
    }


def access_dispatch(officer: Officer, dispatch_id: UUID, purpose: Purpose) -> Dispatch:
    """Return what was sent, to sender, recipient, and who sees the case; leaves a read record first.

    Raises NotFound for everybody else.
    """
    with acting(officer, purpose):
        found = _whole().filter(id=dispatch_id).first()
        if found is None:
            raise NotFound
        record_read(officer, purpose, "dispatch", _persons([found]), object_id=found.id)
    return found


def access_inbox(officer: Officer, purpose: Purpose, *, answered: bool = False) -> list[Dispatch]:
    """Return what was sent to this officer's agency, newest first, or what it answered already.

    At most 200; the persons named are recorded as listed.
    """
    with acting(officer, purpose):
        state = [DispatchState.ACCEPTED] if answered else [DispatchState.SENT, DispatchState.DISPUTED]
        rows = _whole().filter(to_agency=officer.agency_id, state__in=state).order_by("-sent_at", "-id")
        found = list(rows[:LISTED])
        record_read(officer, purpose, "dispatches", _persons(found))
    return found


def _whole() -> QuerySet[Dispatch]:
    return Dispatch.objects.select_related("from_agency", "to_agency", "answered_by")


def _persons(rows: list[Dispatch]) -> list[UUID]:
    return sorted({UUID(row.content["person"]) for row in rows if row.content.get("person")})


def confirm(officer: Officer, dispatch_id: UUID, *, accept: bool = True, words: str = "") -> Dispatch:
    """Confirm or dispute what was sent to the officer's agency; the receipt closes the duty.

    Where the recipient is the person, it records that he or she was told (by the person, or by an officer of
    the case). Raises NotFound, NotYourDispatch, ReasonsMissing (a dispute says why).
    """
    if not accept and not words.strip():
        raise ReasonsMissing(step="提出异议", article="办法16条")
    with acting(officer, Purpose.OWN if officer.person_id else Purpose.DAILY), lawfully():
        found = Dispatch.objects.select_for_update(of=("self",)).filter(id=dispatch_id).first()
        if found is None:
            raise NotFound
        if found.to_agency_id not in (None, officer.agency_id):
            raise NotYourDispatch
        found.state = DispatchState.ACCEPTED if accept else DispatchState.DISPUTED
        found.answered_at, found.answered_by, found.words = utc_now(), officer, words.strip()
        found.save(update_fields=["state", "answered_at", "answered_by", "words"])
        record(
            "receipt",
            {"dispatch": str(found.id), "by": str(officer.id), "accepted": accept},
        )
        if accept:
            close_receipt(found)
        publish(DispatchAnswered(dispatch=found.id, accepted=accept))
    return found


def send_awaited(officer: Officer, dispatch_id: UUID, *, at: datetime | None = None) -> Dispatch:
    """Send the copy that this officer's agency owes (an awaited row). Raises NotFound, NotYourDispatch."""
    with acting(officer, Purpose.DAILY), lawfully():
        found = Dispatch.objects.select_for_update(of=("self",)).filter(id=dispatch_id).first()
        if found is None:
            raise NotFound
        if found.from_agency_id != officer.agency_id:
            raise NotYourDispatch
        found.state, found.sent_at = DispatchState.SENT, at or utc_now()
        found.save(update_fields=["state", "sent_at"])
        record("sent", {"dispatch": str(found.id), "by": str(officer.id)})
    return found
