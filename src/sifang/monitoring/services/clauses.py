"""The verbs of clauses and fences: write down what binds the person, compile fences, approve exceptions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sifang.kernel.errors import BadInput
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.law.time import day_begins
from sifang.ledger.services import record
from sifang.monitoring import boundaries, powers
from sifang.monitoring.errors import lawfully
from sifang.monitoring.events import BoundaryAdded
from sifang.monitoring.models import Clause, ClauseException, ClauseKind, Fence, Measure
from sifang.monitoring.services.lines import check_rings, line_in_force
from sifang.monitoring.services.seen import fulfil_if_expected, not_ahead, see_clause, see_measure, see_person
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer, Order

KEEPS = {
    ClauseKind.BOUNDARY: "inside",
    ClauseKind.TIMETABLE: "inside",
    ClauseKind.PROHIBITED_PLACE: "outside",
    ClauseKind.STATION: "outside",
}


@dataclass(frozen=True)
class Place:
    """A place of a clause: rings of [lon, lat] or [lon, lat, boundary_m], closed, WGS-84 degrees.

    `boundary_m`: how well the line is known, 68 %, metres; used where a vertex carries none.
    """

    name: str
    rings: list[list[list[float]]]
    source: str
    source_date: date
    boundary_m: float


def add_clause(
    officer: Officer,
    order: Order,
    kind: ClauseKind,
    *,
    text: str,
    article: str,
    source: str,
    place: Place | None = None,
    timetable: str | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> Clause:
    """Write down one sentence that binds the person, with its source; a boundary clause names the area
    of the person's county by itself (办法26条), the others bring their place.

    `valid_to` (exclusive) defaults to the end of the prohibition or of the term. Raises NotFound,
    BeyondPower, NotLawful (no prohibition for 假释 and 暂予监外执行), BadLine.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        person = see_person(order.person_id)
        powers.need_county_agency(officer, person, "社区矫正法29条")
        columns: dict[str, object] = {}
        if kind == ClauseKind.BOUNDARY:
            columns["area_code"] = boundaries.area_of(person.county_code)
        elif place is not None:
            columns |= {
                "place_name": place.name,
                "place": check_rings(place.rings, place.boundary_m),
                "place_source": place.source,
                "place_source_date": place.source_date,
                "place_boundary_m": place.boundary_m,
                "timetable": timetable,
            }
        clause = Clause.objects.create(
            person=person,
            order=order,
            kind=kind,
            text=text.strip(),
            article=article.strip(),
            source=source.strip(),
            valid_from=valid_from or utc_now(),
            valid_to=valid_to or _last(order, kind),
            **columns,
        )
        record("clause_added", {"clause": str(clause.id), "kind": str(kind), "by": str(officer.id)})
        if kind == ClauseKind.BOUNDARY:
            publish(BoundaryAdded(clause=clause.id))
    return clause


def add_boundary_clause(officer: Officer, order: Order, *, valid_from: datetime | None = None) -> Clause:
    """Write down the rule of law that binds everybody: not to leave the own city or county (27条).

    A leave that stands opens it as well. Raises as `add_clause`.
    """
    area = boundaries.area_of(order.person.county_code)
    if area == boundaries.CITY:
        text = "不得离开济南市区（不含平阴县、商河县）。离开须先获批准。"
    else:
        text = f"不得离开{boundaries.NAMES[area]}。离开须先获批准。"
    return add_clause(
        officer,
        order,
        ClauseKind.BOUNDARY,
        text=text,
        article="社区矫正法27条",
        source=f"社区矫正法27条；决定文书 {order.document_no}",
        valid_from=valid_from,
    )


def make_clause_known(officer: Officer, clause: Clause, *, at: datetime | None = None) -> Clause:
    """Record that the person was told of this clause in writing; before that its fence raises nothing."""
    with acting(officer, Purpose.MEASURE), lawfully():
        found = see_clause(clause.id)
        powers.need_case_officer(officer, found.person, "办法37条")
        found.made_known_at = not_ahead(at)
        found.save(update_fields=["made_known_at"])
        record("clause_told", {"clause": str(found.id), "at": found.made_known_at.isoformat()})
        fulfil_if_expected("clause_told", found.id, found.id)
    return found


def compile_fences(officer: Officer, measure: Measure) -> list[Fence]:
    """Make the fences of every clause of the measure's order that has none under this measure yet.

    A fence without clause, source and error cannot be; the line of a boundary is the one in force.
    Raises NotFound, BeyondPower, NotLawful.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        seen = see_measure(measure.id)
        powers.need_case_officer(officer, seen.person, "社区矫正法29条")
        clauses = Clause.objects.filter(order=seen.order).exclude(valid_to__lte=seen.approved_at)
        compiled = [
            _fence(seen, c) for c in clauses.exclude(fences__measure=seen).order_by("valid_from", "id")
        ]
        for fence in compiled:
            record("fence_compiled", {"fence": str(fence.id), "clause": str(fence.clause_id)})
    return compiled


def approve_exception(
    officer: Officer, clause: Clause, *, starts_at: datetime, ends_at: datetime, document_no: str
) -> ClauseException:
    """Write down that a clause does not bind from … to (exclusive), without an act: for a demonstration.

    In life an act opens it (`services.away`); the database refuses this to everybody but a migration. Raises
    NotFound, NotLawful, BadInput.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        if ends_at <= starts_at:
            raise BadInput(reason="止时须晚于起时")
        exception = ClauseException(
            clause=see_clause(clause.id),
            starts_at=starts_at,
            ends_at=ends_at,
            article="社区矫正法27条",
            document_no=document_no,
            approved_by=officer,
        )
        return open_exception(exception)


def open_exception(exception: ClauseException) -> ClauseException:
    """Keep an exception and say so in the ledger; the fence opens with this row, in this transaction."""
    exception.save(force_insert=True)
    record(
        "exception_approved",
        {
            "exception": str(exception.id),
            "clause": str(exception.clause_id),
            "by": str(exception.approved_by_id),
            "act": str(exception.act_id) if exception.act_id else None,
        },
    )
    return exception


def _last(order: Order, kind: ClauseKind) -> datetime:
    last = order.term_end
    if kind in {ClauseKind.PROHIBITED_PLACE, ClauseKind.TIMETABLE} and order.prohibition_until:
        last = min(last, order.prohibition_until)
    return day_begins(last + timedelta(days=1))


def _fence(measure: Measure, clause: Clause) -> Fence:
    kind = ClauseKind(clause.kind)
    columns: dict[str, object]
    if kind == ClauseKind.BOUNDARY:
        line = line_in_force(clause.area_code)
        columns = {
            "name": line.name,
            "line": line,
            "source": line.source,
            "source_date": line.source_date,
            "boundary_m": line.boundary_m,
        }
    else:
        columns = {
            "name": clause.place_name,
            "geometry": clause.place,
            "source": clause.place_source,
            "source_date": clause.place_source_date,
            "boundary_m": clause.place_boundary_m,
            "timetable": clause.timetable,
        }
    alarm = kind != ClauseKind.STATION
    return Fence.objects.create(measure=measure, clause=clause, keeps=KEEPS[kind], alarm=alarm, **columns)
