"""The only way to persons: an officer, a purpose, a recorded read; a refusal looks like absence.

`acting` and `system` put who and why into the transaction, row-level security decides what is seen
(migration 0002), `record_read` leaves its row before anything is returned.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction

from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.people.errors import WrongRole
from sifang.people.finding import COUNTED, Wanted, knows_by_name, listed
from sifang.people.models import Officer, Person, ReadRecord, Role, active_roles
from sifang.people.purposes import Purpose, SystemPurpose

__all__ = [
    "Page",
    "Purpose",
    "Reading",
    "Wanted",
    "access_own_person",
    "access_person_by_number",
    "access_persons",
    "access_readers_of",
    "acting",
    "record_read",
    "system",
]

CONTEXT = ("sifang.officer", "sifang.agency", "sifang.purpose", "sifang.system_purpose")
ROLE_ORDER = tuple(Role.values)


@contextmanager
def acting(officer: Officer, purpose: Purpose, *, using: str = "default") -> Iterator[None]:
    """Run a transaction as this officer, for this purpose; nested use is allowed and restores the outer.

    Inside `system` the system purpose stays: a migration may do an officer's acts in the officer's name.
    Raises NotFound when the officer is not active, not of that agency or has no role in force.
    """
    values = (str(officer.id), str(officer.agency_id or ""), purpose.value, None)
    with transaction.atomic(using=using), _context(values, using):
        if not _holds("sifang_officer() IS NOT NULL", using):
            raise NotFound
        yield


@contextmanager
def system(purpose: str, *, using: str = "default", continues: bool = False) -> Iterator[None]:
    """Run a transaction under a named system purpose; it leaves one read record.

    `continues`: this transaction belongs to a run that has left its record already (the watch's ticks).
    Raises WrongRole when the purpose does not belong to the database role of this connection.
    """
    name = SystemPurpose(purpose).value
    with transaction.atomic(using=using), _context(("", "", "", name), using):
        if not _holds("sifang_system(sifang_context('system_purpose'))", using):
            raise WrongRole(purpose=name)
        if not continues:
            ReadRecord.objects.using(using).create(system_purpose=name, purpose=name, what="system_run")
        yield


@contextmanager
def _context(values: Sequence[str | None], using: str) -> Iterator[None]:
    """Set the four context settings (None: leave as it is) and put the outer ones back afterwards.

    On an exception the savepoint's rollback puts them back; on success we do (a released savepoint
    keeps what was set inside it).
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT " + ", ".join("current_setting(%s, true)" for _ in CONTEXT), CONTEXT)
        before = [value or "" for value in cursor.fetchone()]
    _set([new if new is not None else old for new, old in zip(values, before, strict=True)], using)
    yield
    if not connections[using].needs_rollback:
        _set(before, using)


def _set(values: Sequence[str], using: str) -> None:
    pairs = [item for pair in zip(CONTEXT, values, strict=True) for item in pair]
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT " + ", ".join("set_config(%s, %s, true)" for _ in CONTEXT), pairs)


def _holds(condition: str, using: str) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {condition}")
        return bool(cursor.fetchone()[0])


def record_read(
    officer: Officer,
    purpose: Purpose,
    what: str,
    person_ids: Iterable[UUID],
    *,
    object_id: UUID | None = None,
    span: tuple[datetime, datetime] | None = None,
) -> ReadRecord:
    """Leave who reads what about whom, when and why; call it before showing, inside `acting`.

    `what`: person, list, track, alarm, live_map … `span`: the stretch of time a track covers, aware,
    from inclusive, to exclusive.
    """
    start, end = span or (None, None)
    return ReadRecord.objects.create(
        officer=officer,
        agency_id=officer.agency_id,
        role=_main_role(officer),
        purpose=purpose.value,
        article=purpose.article,
        what=what,
        object_id=object_id,
        person_ids=list(person_ids),
        span_from=start,
        span_to=end,
    )


def _main_role(officer: Officer) -> str:
    held = active_roles(officer, utc_now())
    return next((role for role in ROLE_ORDER if role in held), "")


@dataclass(frozen=True)
class Page:
    """Some persons of a longer list, and how many there are in all (`is_capped`: at least so many).

    Outside the own county and office a minor's row carries a mask instead of the name (社区矫正法54条).
    """

    rows: list[Person]
    total: int
    is_capped: bool = False


def access_persons(
    officer: Officer,
    purpose: Purpose,
    *,
    query: str = "",
    wanted: Wanted | None = None,
    limit: int = 50,
    offset: int = 0,
    after: str = "",
) -> Page:
    """Return the persons this officer sees, by number; `query` finds as `finding.matching` says.

    `after`: the last number of the page before (quicker than `offset` in long lists). Only rows shown are
    recorded as read; the total is counted up to 10 000.
    """
    with acting(officer, purpose):
        found = listed(officer, query, wanted)
        total = found.order_by()[: COUNTED + 1].count()
        if after:
            found = found.filter(number__gt=after)
        shown = found.select_related("office", "county_agency").order_by("number")
        rows = [_masked(officer, one) for one in shown[offset : offset + limit]]
        record_read(officer, purpose, "list", [person.id for person in rows])
    return Page(rows=rows, total=min(total, COUNTED), is_capped=total > COUNTED)


def _masked(officer: Officer, person: Person) -> Person:
    """The row as this officer's list shows it; never to be saved."""
    if not knows_by_name(officer, person):
        person.name = person.masked_name
        person.pinyin = person.initials = person.id_number = person.phone = person.address = ""
    return person


def access_person_by_number(officer: Officer, number: str, purpose: Purpose) -> Person:
    """Return one person. Raises NotFound for an outsider exactly as for absence."""
    with acting(officer, purpose):
        person = (
            Person.objects.select_related("office", "county_agency")
            .prefetch_related("orders__decided_by")
            .filter(number=number)
            .first()
        )
        if person is None:
            raise NotFound
        record_read(officer, purpose, "person", [person.id], object_id=person.id)
    return person


def access_own_person(officer: Officer) -> Person:
    """Return the file of the supervised person who signed in (个人信息保护法45条). Raises NotFound."""
    if officer.person_id is None:
        raise NotFound
    with acting(officer, Purpose.OWN):
        person = (
            Person.objects.select_related("office", "county_agency")
            .prefetch_related("orders__decided_by")
            .filter(id=officer.person_id)
            .first()
        )
        if person is None:
            raise NotFound
        record_read(officer, Purpose.OWN, "person", [person.id], object_id=person.id)
    return person


@dataclass(frozen=True)
class Reading:
    """One read of a person's data, in the words of pages; `name` is None for the person's own page."""

    at: datetime
    agency: str
    role: str
    purpose: str
    article: str
    what: str
    name: str | None
    span: tuple[datetime, datetime] | None


def access_readers_of(officer: Officer, person: Person, *, limit: int = 100) -> list[Reading]:
    """Return who read this person's data, newest first. Raises NotFound for an outsider.

    The person sees agency, role, time and purpose; officers see the name as well (UI.md).
    """
    own = officer.person_id is not None and officer.person_id == person.id
    purpose = Purpose.OWN if own else Purpose.DAILY
    with acting(officer, purpose):
        if not Person.objects.filter(id=person.id).exists():
            raise NotFound
        record_read(officer, purpose, "readers", [person.id], object_id=person.id)
        rows = ReadRecord.objects.filter(person_ids__contains=[person.id]).select_related("officer", "agency")
        return [_reading(row, named=not own) for row in rows.order_by("-at")[:limit]]


def _reading(row: ReadRecord, *, named: bool) -> Reading:
    known = row.purpose in set(Purpose)
    span = (row.span_from, row.span_to) if row.span_from and row.span_to else None
    return Reading(
        at=row.at,
        agency=row.agency.name if row.agency else "",
        role=Role(row.role).label if row.role else "",
        purpose=Purpose(row.purpose).title if known else row.purpose,
        article=row.article,
        what=row.what,
        name=row.officer.name if named and row.officer else None,
        span=span,
    )
