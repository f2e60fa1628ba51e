"""The verbs of people: agencies, officers and their dated roles, persons with their orders."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.errors import BadDelegation
from sifang.people.events import OrderRegistered, RoleEnded, RoleGranted
from sifang.people.models import (
    Agency,
    AgencyKind,
    Level,
    Officer,
    Order,
    Person,
    Role,
    RoleGrant,
    ShareMatter,
    active_roles,
)
from sifang.people.rules import OrderPaper, check_paper
from sifang.people.services.shares import share


def register_agency(
    name: str, kind: AgencyKind, level: Level, area_code: str, *, parent: Agency | None = None
) -> Agency:
    """Put an organ of one of the parties on the list; which kinds exist is data."""
    return Agency.objects.create(name=name, kind=kind, level=level, area_code=area_code, parent=parent)


def register_officer(
    username: str,
    name: str,
    agency: Agency | None,
    *,
    password: str | None = None,
    person: Person | None = None,
    is_demo: bool = False,
) -> Officer:
    """Make a sign-in; without password nobody can use it. It has no power before `grant_role`."""
    officer = Officer(username=username, name=name, agency=agency, person=person, is_demo=is_demo)
    officer.set_password(password)
    officer.save(force_insert=True)
    return officer


def grant_role(
    officer: Officer, role: Role, *, valid_from: datetime, valid_to: datetime | None = None
) -> RoleGrant:
    """Give an officer a role from an instant (inclusive) to another (exclusive; None = until ended).

    Raises BadDelegation. Leaves a ledger row: who could do what at which time must be provable.
    """
    if valid_to is not None and valid_to <= valid_from:
        raise BadDelegation
    with transaction.atomic():
        grant = RoleGrant.objects.create(officer=officer, role=role, valid_from=valid_from, valid_to=valid_to)
        record(
            "role_granted",
            {
                "officer": str(officer.id),
                "role": role.value,
                "from": valid_from.isoformat(),
                "to": valid_to.isoformat() if valid_to else None,
            },
        )
        publish(RoleGranted(officer=officer.id, role=role.value))
    return grant


def end_role(officer: Officer, role: Role, *, at: datetime) -> int:
    """End the running grants of a role at an instant (exclusive); return how many ended."""
    with transaction.atomic():
        running = RoleGrant.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), officer=officer, role=role)
        ended = running.filter(valid_from__lt=at).update(valid_to=at)
        running.filter(valid_from__gte=at).delete()
        record("role_ended", {"officer": str(officer.id), "role": role.value, "at": at.isoformat()})
        publish(RoleEnded(officer=officer.id, role=role.value))
    return ended


def retire_officer(officer: Officer, *, at: datetime) -> None:
    """Take an officer who leaves out of service: no sign-in, no role, no sight of any person."""
    with transaction.atomic():
        for role in active_roles(officer, at):
            end_role(officer, Role(role), at=at)
        officer.is_active = False
        officer.save(update_fields=["is_active"])


@dataclass(frozen=True)
class PersonFacts:
    """Who the person is and where the order is executed; the number is the agency's own."""

    number: str
    name: str
    sex: str
    birth_date: date
    county_agency: Agency
    office: Agency | None = None
    phone: str = ""
    address: str = ""


def register_person(by: Officer, facts: PersonFacts, paper: OrderPaper) -> Order:
    """Register a person together with the order that puts him or her under correction; return the order.

    Nobody is on the books without an order (E1; 社区矫正法22条). Run inside `acting` of an officer of the
    county agency. Raises NotFound for another county, BeyondPower for a wrong role, and what
    `check_paper` raises.
    """
    _need_county_officer(by, facts.county_agency)
    check_paper(paper)
    with transaction.atomic():
        person = Person.objects.create(county_code=facts.county_agency.area_code, **_columns(facts))
        return _register(by, person, paper)


def register_order(by: Officer, person: Person, paper: OrderPaper) -> Order:
    """Register a further order against a person already on the books; as `register_person`."""
    _need_county_officer(by, person.county_agency)
    check_paper(paper)
    with transaction.atomic():
        return _register(by, person, paper)


def _columns(facts: PersonFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__dataclass_fields__}


def _register(by: Officer, person: Person, paper: OrderPaper) -> Order:
    order = Order.objects.create(person=person, **_paper_columns(paper))
    share(by, person, paper.decided_by, ShareMatter.DECIDED, article="社区矫正法20条")
    record(
        "order_registered",
        {
            "person": str(person.id),
            "order": str(order.id),
            "type": order.type,
            "term": [paper.term_start.isoformat(), paper.term_end.isoformat()],
        },
    )
    publish(OrderRegistered(person=person.id, order=order.id))
    return order


def _paper_columns(paper: OrderPaper) -> dict[str, object]:
    return {name: getattr(paper, name) for name in paper.__dataclass_fields__}


def _need_county_officer(by: Officer, county: Agency) -> None:
    """社区矫正法22条: the county agency receives and registers; an outsider learns nothing."""
    if by.agency is None or by.agency.area_code != county.area_code:
        raise NotFound
    if by.agency_id != county.id or Role.COUNTY_OFFICER not in active_roles(by, utc_now()):
        raise BeyondPower(owner=county.name, article="社区矫正法22条")
