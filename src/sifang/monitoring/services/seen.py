"""What every verb does first: see the thing as this officer sees it, and refuse moments yet to come."""

from datetime import datetime
from uuid import UUID

from sifang.cases.models import Expectation
from sifang.cases.services import fulfil
from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.monitoring.errors import NoSuchMoment
from sifang.monitoring.models import Clause, Measure
from sifang.people.models import Person


def not_ahead(at: datetime | None) -> datetime:
    """Return `at`, or now when it is None. Raises NoSuchMoment for a moment yet to come."""
    now = utc_now()
    if at is not None and at > now:
        raise NoSuchMoment
    return at or now


def see_person(person_id: UUID) -> Person:
    """Return the person as row security shows him or her. Raises NotFound."""
    seen = Person.objects.select_related("county_agency", "office").filter(id=person_id).first()
    if seen is None:
        raise NotFound
    return seen


def see_measure(measure_id: UUID) -> Measure:
    """Return the measure as row security shows it. Raises NotFound."""
    seen = Measure.objects.select_related("person__county_agency", "order").filter(id=measure_id).first()
    if seen is None:
        raise NotFound
    return seen


def see_clause(clause_id: UUID) -> Clause:
    """Return the clause as row security shows it. Raises NotFound."""
    seen = Clause.objects.select_related("person__county_agency", "order").filter(id=clause_id).first()
    if seen is None:
        raise NotFound
    return seen


def fulfil_if_expected(kind: str, subject_id: UUID, by: UUID) -> None:
    """Close an expectation if it stands open; an act that nobody expected is no error."""
    if Expectation.objects.filter(kind=kind, subject_id=subject_id, closed_at=None).exists():
        fulfil(kind, subject_id, by)
