"""Agencies, officers and their dated roles."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from sifang.kernel.events import publish
from sifang.ledger.services import record
from sifang.people.errors import BadDelegation
from sifang.people.events import RoleEnded, RoleGranted
from sifang.people.models import (
    Agency,
    AgencyKind,
    Level,
    Officer,
    Person,
    Role,
    RoleGrant,
    active_roles,
)


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
