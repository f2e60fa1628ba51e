"""What the deciding body enters before the person comes: person, order and place (社区矫正法20条)."""

from dataclasses import replace
from datetime import date

from django.db import connection, transaction

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.people.errors import NotReceivable
from sifang.people.events import JudgmentEntered
from sifang.people.models import (
    Agency,
    AgencyKind,
    Level,
    Numbering,
    Officer,
    Order,
    Person,
    Role,
    active_roles,
)
from sifang.people.rules import OrderPaper, check_paper, paper_digest, term_mismatches
from sifang.people.services.orders import need_county_officer, paper_columns
from sifang.people.services.persons import PersonFacts, make_person

ENTERS = {
    AgencyKind.COURT: Role.JUDGE,
    AgencyKind.PRISON: Role.CUSTODY_OFFICER,
    AgencyKind.POLICE: Role.POLICE_OFFICER,
}
PROVINCES = {"37": "鲁"}  # by the first two digits of the area code; others show the digits


def register_judgment(by: Officer, facts: PersonFacts, paper: OrderPaper) -> Order:
    """Enter a person and the order that this officer's body decided, for the county named as the place.

    Run inside `acting`. `facts.county_agency` is the place of execution; `facts.number` may be empty: the
    person gets a provisional one. The order stays a draft, and nobody is supervised, until the county
    receives it. A term that differs from the computed one is kept as such: the county cannot receive it
    before a named officer settles it. Raises BeyondPower, NoStanding, BadInput, NotReceivable.
    """
    body = _need_body(by, paper)
    check_paper(paper)
    place = facts.county_agency
    if place.kind != AgencyKind.JUSTICE_BUREAU or place.level != Level.COUNTY:
        raise NotReceivable(reason="执行地须是县级社区矫正机构")
    number = facts.number or _provisional(body, legal_day(utc_now()))
    with transaction.atomic():
        told = replace(facts, number=number, office=None)  # the county gives the office at reception
        person = make_person(told, paper, entered_by=body)
        found = term_mismatches(paper)
        order = Order.objects.create(person=person, entered_by=body, **paper_columns(paper, found))
        record(
            "judgment_entered",
            {
                "person": str(person.id),
                "order": str(order.id),
                "body": str(body.id),
                "place": str(place.id),
                "paper": paper_digest(paper),
                "by": str(by.id),
            },
        )
        publish(JudgmentEntered(person=person.id, order=order.id))
    return order


def correct_judgment(by: Officer, order: Order, paper: OrderPaper) -> Order:
    """Correct what the body entered, while the county has not received it. Raises as `register_judgment`."""
    _need_body(by, paper)
    if order.entered_by_id != by.agency_id:
        raise NotFound
    if order.received_on is not None:
        raise NotReceivable(reason="县区已经接收，须另出文书更正")
    check_paper(paper)
    with transaction.atomic():
        for name, value in paper_columns(paper, term_mismatches(paper)).items():
            setattr(order, name, value)
        order.save()
        record("judgment_corrected", {"order": str(order.id), "paper": paper_digest(paper), "by": str(by.id)})
    return order


def number_person(by: Officer, person: Person, *, number: str = "", office: Agency | None = None) -> Person:
    """Give a handed-over person the county's number (empty: the next one) and the justice office.

    Run inside `acting` of an officer of the county agency, at reception. Raises NotFound, BeyondPower.
    """
    need_county_officer(by, person.county_agency)
    with transaction.atomic():
        person.number = number or next_number(person.county_agency, legal_day(utc_now()))
        if office is not None:
            person.office = office
        person.save(update_fields=["number", "office"])
        record("person_numbered", {"person": str(person.id), "by": str(by.id)})
    return person


def next_number(county: Agency, day: date) -> str:
    """Return the county's next free number of that year, e.g. 历下-2026-0420."""
    place = county.name.removesuffix("司法局").rstrip("区县市")
    prefix = f"{place}-{day.year}-"
    while True:
        number = f"{prefix}{_next(prefix):04d}"
        if not Person.objects.filter(number=number).exists():
            return number


def _provisional(body: Agency, day: date) -> str:
    province = PROVINCES.get(body.area_code[:2], body.area_code[:2])
    prefix = f"{province}{body.area_code[2:6]}-{day.year}-交"
    return f"{prefix}{_next(prefix):04d}"


def _next(prefix: str) -> int:
    """Take the next number under a prefix; two transactions never get the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Numbering._meta.db_table} AS n (prefix, last) VALUES (%s, 1)"  # noqa: S608, SLF001
            " ON CONFLICT (prefix) DO UPDATE SET last = n.last + 1 RETURNING last",
            [prefix],
        )
        return int(cursor.fetchone()[0])


def _need_body(by: Officer, paper: OrderPaper) -> Agency:
    """社区矫正法20条: the body that decided hands over, through an officer of its own."""
    body = by.agency
    if body is None or ENTERS.get(AgencyKind(body.kind)) not in active_roles(by, utc_now()):
        raise BeyondPower(owner="社区矫正决定机关", article="社区矫正法20条")
    if paper.decided_by.id != body.id:
        raise BeyondPower(owner=paper.decided_by.name, article="社区矫正法20条")
    return body
