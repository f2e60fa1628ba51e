"""Issues the documents of an act within its transaction; previews stand in `service`.

An act's row names its documents; each gets the next number of its agency, kind and year (no gaps: the counter
row stays locked until the act commits, and a failed act gives its number back), a verification code, its PDF
and the content from which the same PDF can be made again. A document that was issued is never changed.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection

from sifang.cases.actors import agency_of
from sifang.cases.documents.catalogue import DocumentKind, kind_of
from sifang.cases.documents.content import (
    ActFacts,
    Answer,
    Content,
    DocumentFacts,
    OrderFacts,
    Parties,
    PersonFacts,
    content_for,
)
from sifang.cases.documents.render import render
from sifang.cases.documents.wording import number_words, value_words
from sifang.cases.models import Act, Case, Document, Proceeding
from sifang.kernel.errors import NotFound
from sifang.kernel.ids import uuid7
from sifang.kernel.time import legal_day
from sifang.law.procedure import Actor, Ask, Procedure, Step
from sifang.law.procedures import edition
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, AgencyKind, Delegation, Officer

ABOVE = {Actor.HIGHER.value, Actor.PROVINCE.value, Actor.NEW_COUNTY.value}  # they seal what they decide
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without those that look alike
CODE_GROUPS, GROUP_LENGTH = 4, 4

PARTIES = {
    "higher": Actor.HIGHER,
    "province": Actor.PROVINCE,
    "new_county": Actor.NEW_COUNTY,
    "decider": Actor.DECIDER,
    "court": Actor.COURT,
    "custody": Actor.CUSTODY,
    "police": Actor.POLICE,
    "exit_entry": Actor.EXIT_ENTRY,
    "procuratorate": Actor.PROCURATORATE,
}


_WITHHELD: ContextVar[bool] = ContextVar("documents_withheld", default=False)


@contextmanager
def withheld() -> Iterator[None]:
    """Acts inside make no documents: for thousands of simulated courses and the demonstration's past only."""
    token = _WITHHELD.set(True)
    try:
        yield
    finally:
        _WITHHELD.reset(token)


def issue_all(act: Act, row: Step) -> None:
    """Issue what the act's row names: before its recipients are written, with the agencies as they stood."""
    if _WITHHELD.get():
        return
    for kind_id in _kinds_of(row, act):
        issue(act, kind_id)


def issue(act: Act, kind_id: str) -> Document:
    """Issue one document of this act: number, code, PDF. Raises FieldMissing, NoGlyph.

    Only inside the act's transaction; the database refuses it to anybody but the act's officer.
    """
    kind = kind_of(kind_id)
    given = facts_of(act, kind)
    agency = act.agency or act.case.person.county_agency
    content_for(kind_id, given)  # says what is missing before a number is taken
    number = number_words(agency.name, kind.word, act.day.year, _next_number(agency, kind_id, act.day.year))
    code = _code()
    content = content_for(kind_id, replace(given, number=number, verification=code))
    pdf = render(kind_id, content, draft=False)
    return Document.objects.create(
        case_id=act.case_id,
        act=act,
        kind=kind_id,
        title=kind.title,
        number=number,
        mark=kind.mark,
        content=content,
        pdf=pdf,
        sha256=hashlib.sha256(pdf).hexdigest(),
        code=code,
        agency=agency,
        issued_by=act.officer,
    )


def delegation_letter(delegation: Delegation) -> bytes:
    """Return the 委托书 of a delegation; its number is the one under which the county keeps it."""
    answers = (
        Answer("matter", "委托事项", delegation.get_matter_display()),
        Answer("valid_from", "自", value_words(delegation.valid_from)),
        Answer("valid_to", "至", value_words(delegation.valid_to)),
    )
    act = ActFacts(
        step="委托",
        day=legal_day(delegation.at),
        agency=delegation.agency.name,
        officer=delegation.by.name,
        article="社区矫正法9条",
        answers=answers,
    )
    parties = Parties(county=delegation.agency.name, office=delegation.office.name)
    content = content_for("delegation_letter", DocumentFacts(act, parties, number=delegation.document_no))
    return render("delegation_letter", content, draft=False)


def access_document(officer: Officer, document_id: UUID, purpose: Purpose) -> Document:
    """Return a document of a case that this officer sees, or that was sent to the officer's agency.

    Leaves a read record first. Raises NotFound for everybody else.
    """
    with acting(officer, purpose):
        found = Document.objects.filter(id=document_id).first()
        if found is None:
            raise NotFound
        persons = set(Case.objects.filter(id=found.case_id).values_list("person_id", flat=True))
        sent = found.dispatches.values_list("content__person", flat=True)  # recipients need not see the case
        persons |= {UUID(one) for one in sent if one}
        record_read(officer, purpose, "document", persons, object_id=found.id)
        return found


# ---- from the records to plain facts ---------------------------------------------------------------------


def facts_of(act: Act, kind: DocumentKind) -> DocumentFacts:
    """Return what a document of this act is made from."""
    case, person, order = act.case, act.case.person, act.case.order
    return DocumentFacts(
        act=ActFacts(
            step=act.title,
            day=act.day,
            agency=(act.agency or person.county_agency).name,
            officer=act.officer.name if act.officer else "",
            article=act.article,
            answers=tuple(_answers(act)),
            facts=act.after,
            reasons=act.reasons,
            remedy=act.remedy,
            sealed_by=act.agency.name if act.agency and act.actor in ABOVE else "",
        ),
        parties=_parties(case, act.proceeding, {*kind.to, *kind.copies, kind.seal}),
        person=PersonFacts(
            name=person.name,
            sex=person.sex,
            born=person.birth_date,
            number=person.number,
            address=person.address,
            phone=person.phone,
            minor=person.is_minor,
        ),
        order=OrderFacts(
            type=order.type,
            decided_by=order.decided_by.name,
            document_no=order.document_no,
            document_date=order.document_date,
            effective_on=order.effective_on,
            term_start=order.term_start,
            term_end=order.term_end,
            prohibition=order.prohibition,
            prohibition_until=order.prohibition_until,
        ),
    )


def _row(act: Act) -> tuple[Procedure, Step]:
    procedure = edition(act.procedure, act.day)
    return procedure, procedure.steps[act.row]


def _kinds_of(row: Step, act: Act) -> list[str]:
    """The documents of the row, then those that go only to a recipient, each once."""
    facts = act.facts | act.after
    sent = [
        duty.document
        for duty in row.duties
        if duty.document and not duty.awaited and (duty.given is None or duty.given.holds(facts))
    ]
    return list(dict.fromkeys([*row.documents, *sent]))


def _answers(act: Act) -> Iterator[Answer]:
    """What this act and, before it, its proceeding answered, in the words of the forms."""
    procedure, row = _row(act)
    own = {ask.key for ask in row.asks}
    seen = set()
    for ask in (*row.asks, *(ask for step in procedure.steps for ask in step.asks)):
        value = act.answers.get(ask.key) if ask.key in own else act.facts.get(ask.key)
        if ask.key in seen or value in (None, ""):
            continue
        seen.add(ask.key)
        yield Answer(ask.key, ask.words, shown(ask, value), own=ask.key in own)


def shown(ask: Ask, value: Any) -> str:
    """Return an answer as printed: choices in their words, agencies and records by their names."""
    match ask.kind:
        case "choice":
            return dict(ask.choices).get(str(value), str(value))
        case "agency":
            found = Agency.objects.filter(id=value).first()
            return found.name if found else ""
        case "record":
            record = Act.objects.filter(id=value).first()
            return f"{value_words(record.day)}{record.title}" if record else ""
        case _:
            return value_words(value)


def _parties(case: Case, proceeding: Proceeding, wanted: set[str]) -> Parties:
    """The agencies that the document names; the person's own county and office always."""
    person = case.person
    names = {
        key: _name(agency_of(actor, case, proceeding))
        for key, actor in PARTIES.items()
        if key in wanted - {"county", "office"}
    }
    county = person.county_agency
    bureau = county if county.kind == AgencyKind.JUSTICE_BUREAU else county.parent
    return Parties(
        **names,
        county=county.name,
        office=_name(person.office),
        bureau=_name(bureau),
        guardian=value_words(proceeding.facts.get("guardian")),
    )


def _name(agency: Agency | None) -> str:
    return agency.name if agency else ""


def _next_number(agency: Agency, kind_id: str, year: int) -> int:
    """Count one on; the row stays locked until the transaction ends, so that no number is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_documentcounter (id, agency_id, kind, year, last) VALUES (%s, %s, %s, %s, 1) "
            "ON CONFLICT (agency_id, kind, year) DO UPDATE SET last = cases_documentcounter.last + 1 "
            "RETURNING last",
            [uuid7(), agency.id, kind_id, year],
        )
        row = cursor.fetchone()
    return int(row[0])


def _code() -> str:
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_GROUPS * GROUP_LENGTH))
    return "-".join(letters[place : place + GROUP_LENGTH] for place in range(0, len(letters), GROUP_LENGTH))


def rendered_again(document: Document) -> bytes:
    """Return the PDF made anew from the kept content: the same bytes, as long as the layouts are the same."""
    content: Mapping[str, Any] | Content = document.content
    return render(document.kind, content, draft=False)
