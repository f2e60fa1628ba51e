"""The list of persons: what may be asked for, and what each row says, in a fixed number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from sifang.cases.models import Case, Expectation, Proceeding, Stage
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.models import Measure
from sifang.people.access import Wanted
from sifang.people.models import Agency, AgencyKind, Level, Order, OrderType, Person
from sifang.web.shell import Viewer

STANDINGS = (("draft", "待接收"), ("running", "在矫"), ("ended", "已解矫或终止"))
KEYS = ("office", "type", "standing", "measure", "leave", "minor")
AWAY = ("granted", "overdue")


@dataclass(frozen=True)
class Row:
    """One person in a list: state first, then who, under what until when, and what waits."""

    person: Person
    look: str
    state: str
    order: Order | None
    late: int
    is_measured: bool
    is_away: bool


def asked_for(given: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of a request; what is not known is left out."""
    asked = {key: given.get(key, "")[:40] for key in KEYS}
    if asked["type"] not in OrderType.values:
        asked["type"] = ""
    if asked["standing"] not in dict(STANDINGS):
        asked["standing"] = ""
    for key in ("measure", "leave", "minor"):
        asked[key] = "1" if asked[key] == "1" else ""
    return asked


def offices_for(viewer: Viewer) -> list[Agency]:
    """Return the justice offices of the viewer's county (none for an office: it sees its own)."""
    agency = viewer.agency
    if agency is None or agency.kind == AgencyKind.JUSTICE_OFFICE:
        return []
    code = agency.area_code[:4] if agency.level == Level.CITY else agency.area_code
    found = Agency.objects.filter(kind=AgencyKind.JUSTICE_OFFICE, area_code__startswith=code)
    return list(found.order_by("area_code", "name"))


def wanted_of(asked: Mapping[str, str], offices: Iterable[Agency]) -> Wanted:
    """Return what the list is narrowed to; run inside `acting` (measures and leaves are looked up)."""
    office = next((one.id for one in offices if str(one.id) == asked["office"]), None)
    among: frozenset[UUID] | None = None
    if asked["measure"]:
        among = measured()
    if asked["leave"]:
        among = away() if among is None else among & away()
    return Wanted(
        office_id=office,
        type=asked["type"] or None,
        standing=asked["standing"] or None,
        is_minor=True if asked["minor"] else None,
        among=among,
    )


def measured(persons: Iterable[UUID] | None = None) -> frozenset[UUID]:
    """Return who is under a positioning measure now."""
    now = utc_now()
    found = Measure.objects.filter(approved_at__lte=now, ends_at__gt=now)
    found = found.filter(Q(ended_at=None) | Q(ended_at__gt=now))
    found = found if persons is None else found.filter(person_id__in=list(persons))
    return frozenset(found.values_list("person_id", flat=True))


def away(persons: Iterable[UUID] | None = None) -> frozenset[UUID]:
    """Return who is on an approved leave whose first day has come."""
    today = legal_day(utc_now()).isoformat()
    found = Proceeding.objects.filter(procedure="leave", closed_at=None, state__in=AWAY)
    found = found.filter(facts__leaves_on__lte=today)
    found = found if persons is None else found.filter(case__person_id__in=list(persons))
    return frozenset(found.values_list("case__person_id", flat=True))


def rows_of(persons: list[Person]) -> list[Row]:
    """Return the rows of these persons: five queries whatever their number; run inside `acting`."""
    ids = [one.id for one in persons]
    orders: dict[UUID, Order] = {}
    for order in Order.objects.filter(person_id__in=ids).order_by("effective_on", "id"):
        orders[order.person_id] = order
    cases = {one.order_id: one for one in Case.objects.filter(person_id__in=ids)}
    late = dict(
        Expectation.objects.filter(
            case__person_id__in=ids, closed_at=None, due_kind="law", due_at__lte=utc_now()
        )
        .values_list("case__person_id")
        .annotate(n=Count("id"))
    )
    with_measure, on_leave = measured(ids), away(ids)
    found = []
    for one in persons:
        latest = orders.get(one.id)
        case = cases.get(latest.id) if latest else None
        look, state = standing(latest, case, is_away=one.id in on_leave)
        found.append(
            Row(one, look, state, latest, late.get(one.id, 0), one.id in with_measure, one.id in on_leave)
        )
    return found


def standing(order: Order | None, case: Case | None, *, is_away: bool) -> tuple[str, str]:
    """Return shape and word of where the course stands."""
    if order is None:
        return "none", "没有决定"
    today = legal_day(utc_now())
    if order.ended_at is not None or order.term_end < today or (case and case.stage == Stage.ENDED):
        return "done", "已解矫或终止"
    if order.received_on is None or (case and case.stage == Stage.HANDOVER):
        return "expected", "待接收"
    return ("plain", "外出中") if is_away else ("inside", "在矫")
