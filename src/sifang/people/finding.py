"""Find persons in a register of hundreds of thousands under row security: prefixes on indexes, nothing else.

The comparisons are plain >= and < on keys in collation C: row security trusts them (leakproof), so an index
is walked before the policies look at the rows that match.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import AgencyKind, Alias, Officer, Order, Person, Share
from sifang.people.names import tidy

COUNTED = 10_000
LAST = "\U0010ffff"  # above every letter in collation C
ID_FROM = 6  # so many digits of an identity number are asked for
BY_COVERAGE = {AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE, AgencyKind.PROCURATORATE}


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; None leaves it open.

    `standing`: draft (handed over, not received), running, ended. `type`: a value of OrderType.
    """

    office_id: UUID | None = None
    county_code: str | None = None
    type: str | None = None
    standing: str | None = None
    is_minor: bool | None = None


def listed(officer: Officer, query: str = "", wanted: Wanted | None = None) -> QuerySet[Person]:
    """Return whom this officer sees and asks for; run inside `acting`. An empty query asks for all."""
    found = Person.objects.all()
    agency = officer.agency
    if agency is not None and agency.kind not in BY_COVERAGE:  # sees by shares alone: begin with them
        found = found.filter(id__in=Share.objects.filter(agency=agency).values("person_id"))
    words = tidy(query)
    if words:
        found = found.filter(id__in=matching(officer, words))
    return _narrowed(found, wanted or Wanted())


def matching(officer: Officer, words: str) -> QuerySet[Any]:
    """Return the ids of whom `words` (tidied) may mean.

    Chinese: the beginning of a name, alias, number or document, with digits also the end of the last two.
    Letters: the beginning of the pinyin, or of the initials. Digits: the end of a number or document, or at
    least six of an identity number. A minor is found by name only by the own county and office.
    """
    named = Person.objects.filter(_known_by_name(officer))
    family = Alias.objects.filter(_known_by_name(officer, "person__"))
    back = words[::-1]
    numbers = [
        Person.objects.filter(_begins("number_reversed", back)).values("id"),
        Order.objects.filter(_begins("document_reversed", back)).values("person_id"),
    ]
    found: list[QuerySet[Any]]
    if not words.isascii():
        found = [
            named.filter(_begins("name", words)).values("id"),
            family.filter(_begins("name", words)).values("person_id"),
            Person.objects.filter(_begins("number", words)).values("id"),
            Order.objects.filter(_begins("document_no", words)).values("person_id"),
            *(numbers if any(one.isdigit() for one in words) else ()),
        ]
    elif words.isalpha():
        found = [named.filter(_begins(key, words)).values("id") for key in ("pinyin", "initials")]
        found += [family.filter(_begins(key, words)).values("person_id") for key in ("pinyin", "initials")]
    else:
        found = list(numbers)
        if len(words) >= ID_FROM:
            found.append(named.filter(_begins("id_number", words.upper())).values("id"))
    first, *others = found
    return first.union(*others)


def knows_by_name(officer: Officer, person: Person) -> bool:
    """Whether lists show this officer the name: always, but for minors only to the own county and office."""
    own = {person.county_agency_id, person.office_id}
    return not person.is_minor or officer.agency_id in own or officer.person_id == person.id


def _known_by_name(officer: Officer, of: str = "") -> Q:
    own = Q(**{f"{of}county_agency_id": officer.agency_id}) | Q(**{f"{of}office_id": officer.agency_id})
    return Q(**{f"{of}is_minor": False}) | (own if officer.agency_id else Q())


def _begins(key: str, words: str) -> Q:
    return Q(**{f"{key}__gte": words, f"{key}__lt": words + LAST})


def _narrowed(found: QuerySet[Person], wanted: Wanted) -> QuerySet[Person]:
    if wanted.office_id is not None:
        found = found.filter(office_id=wanted.office_id)
    if wanted.county_code is not None:
        found = found.filter(county_code=wanted.county_code)
    if wanted.is_minor is not None:
        found = found.filter(is_minor=wanted.is_minor)
    orders = Order.objects.filter(person_id=OuterRef("id"))
    if wanted.type is not None:
        found = found.filter(Exists(orders.filter(type=wanted.type)))
    runs = Q(ended_at=None, received_on__isnull=False, term_end__gte=legal_day(utc_now()))
    if wanted.standing == "running":
        found = found.filter(Exists(orders.filter(runs)))
    elif wanted.standing == "ended":
        found = found.filter(Exists(orders.filter(received_on__isnull=False)), ~Exists(orders.filter(runs)))
    elif wanted.standing == "draft":
        found = found.filter(id__in=Order.objects.filter(received_on=None, ended_at=None).values("person_id"))
    return found
