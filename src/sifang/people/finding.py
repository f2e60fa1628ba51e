"""Find persons in a register of hundreds of thousands under row security: prefixes on indexes, nothing else.

The comparisons are plain >= and < on keys in collation C: row security trusts them (leakproof), so an index
is walked before the policies look at the rows that match.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import AgencyKind, Alias, Level, Officer, Order, Person, Share
from sifang.people.names import tidy

COUNTED = 10_000
LOOKED_UP = 1_000
LAST = "\U0010ffff"  # above every letter in collation C
ID_FROM = 6  # so many digits of an identity number are asked for
BY_COVERAGE = {AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE, AgencyKind.PROCURATORATE}


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; None leaves it open.

    `standing`: draft (handed over, not received), running, ended. `type`: a value of OrderType. `lent`: only
    whom another agency shares with the own one; the plain list of a county or office holds its own persons.
    among: only these persons (found elsewhere: under a measure, on leave).
    """

    office_id: UUID | None = None
    county_code: str | None = None
    type: str | None = None
    standing: str | None = None
    is_minor: bool | None = None
    lent: bool = False
    among: frozenset[UUID] | None = None


def listed(officer: Officer, query: str = "", wanted: Wanted | None = None) -> QuerySet[Person]:
    """Return whom this officer sees and asks for; run inside `acting`. An empty query asks for all."""
    asked = wanted or Wanted()
    words = tidy(query)
    found = Person.objects.all()
    agency = officer.agency
    # whom it covers is said outright, beside the policies: only so does an index give them, in order
    if agency is not None:
        lent = Share.objects.filter(agency=agency).values_list("person_id", flat=True)
        if asked.lent or agency.kind not in BY_COVERAGE:
            found = found.filter(id__in=list(lent))
        elif agency.kind == AgencyKind.JUSTICE_OFFICE or agency.level == Level.COUNTY:
            is_office = agency.kind == AgencyKind.JUSTICE_OFFICE
            own = Q(office=agency) if is_office else Q(county_code=agency.area_code)
            found = found.filter(own | Q(id__in=list(lent[:LOOKED_UP])) if words else own)
    if words:
        found = found.filter(matching(officer, words))
    return _narrowed(found, asked)


def matching(officer: Officer, words: str) -> Q:
    """Return the condition on persons that `words` (tidied) may mean; run inside `acting`.

    Chinese: the beginning of a name, alias, number or document, with digits also the end of the last two.
    Letters: the beginning of the pinyin, or of the initials. Digits: the end of a number or document, or at
    least six of an identity number. A minor is found by name only by the own county and office. Documents
    and aliases are looked up first, at most a thousand: so every part of the condition has its index.
    """
    known = _known_by_name(officer)
    back = words[::-1]
    ends = not words.isalpha()
    if not words.isascii():
        found = (known & _begins("name", words)) | _begins("number", words)
        aliases, documents = _begins("name", words), _begins("document_no", words)
        if ends:
            found |= _begins("number_reversed", back)
            documents |= _begins("document_reversed", back)
        return found | Q(id__in=[*_ids_of_aliases(officer, aliases), *_ids_of_orders(documents)])
    if words.isalpha():
        by_sound = _begins("pinyin", words) | _begins("initials", words)
        return (known & by_sound) | Q(id__in=_ids_of_aliases(officer, by_sound))
    found = _begins("number_reversed", back)
    if len(words) >= ID_FROM:
        found |= known & _begins("id_number", words.upper())
    return found | Q(id__in=_ids_of_orders(_begins("document_reversed", back)))


def _ids_of_aliases(officer: Officer, condition: Q) -> list[UUID]:
    found = Alias.objects.filter(condition, _known_by_name(officer, "person__"))
    return list(found.values_list("person_id", flat=True)[:LOOKED_UP])


def _ids_of_orders(condition: Q) -> list[UUID]:
    return list(Order.objects.filter(condition).values_list("person_id", flat=True)[:LOOKED_UP])


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
    if wanted.among is not None:
        found = found.filter(id__in=list(wanted.among))
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
