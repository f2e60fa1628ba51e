"""The office: its deadlines by the days of a month, and how many cases each of its parts carries."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.cases.calendars import calendar as days_in_force
from sifang.cases.desks import access_month
from sifang.cases.desks import caseload as loads
from sifang.cases.models import Expectation
from sifang.kernel.errors import NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.people.finding import knows_by_name
from sifang.people.models import Level
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.present.deadline import WEEKDAYS, Deadline, deadline
from sifang.web.present.today import TITLES
from sifang.web.rooms import CALENDAR, CASELOAD
from sifang.web.shell import Viewer

SUNDAY = 6


@dataclass(frozen=True)
class Cell:
    """One day of the grid."""

    on: date
    law: int
    target: int
    is_today: bool
    rests: bool
    works: bool
    is_here: bool
    is_chosen: bool


@dataclass(frozen=True)
class Matter:
    clock: Deadline
    title: str
    counted: str
    name: str
    number: str
    article: str
    mark: str


@require_safe
@room(CALENDAR)
def calendar(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """A month as a grid: what ends on each day by law, what as a target; the rows of the chosen day."""
    if viewer.agency is None:
        raise NotFound
    today = legal_day(utc_now())
    try:
        year, month = (int(part) for part in request.GET.get("month", f"{today:%Y-%m}").split("-"))
        first = date(year, month, 1)
        chosen = date.fromisoformat(day) if (day := request.GET.get("day", "")) else None
    except ValueError as error:
        raise NotFound from error
    if not 2000 <= year <= 2100:  # noqa: PLR2004
        raise NotFound
    last = first.replace(day=monthrange(year, month)[1])
    shown = chosen or (today if first <= today <= last else None)
    purpose = purposes.of_desk(viewer)
    found = access_month(viewer.officer, purpose, first, last, shown)
    start, end = first - timedelta(days=first.weekday()), last + timedelta(days=SUNDAY - last.weekday())
    days = days_in_force()
    cells = [
        Cell(
            on,
            *found.counts.get(on, (0, 0)),
            is_today=on == today,
            rests=not days.is_working_day(on),
            works=on.weekday() > 4 and days.is_working_day(on),  # noqa: PLR2004 (a make-up working day)
            is_here=first <= on <= last,
            is_chosen=on == shown,
        )
        for on in (start + timedelta(days=n) for n in range((end - start).days + 1))
    ]
    context = {
        "weeks": [cells[n : n + 7] for n in range(0, len(cells), 7)],
        "weekdays": WEEKDAYS,
        "first": first,
        "before": first - timedelta(days=1),
        "after": last + timedelta(days=1),
        "chosen": shown,
        "rows": [_matter(one, viewer, found.at) for one in found.rows],
        "warning": days.warning_for(cell.on for cell in cells) or "",
        "total_law": sum(law for law, _ in found.counts.values()),
        "total_target": sum(n for _, n in found.counts.values()),
        "at": found.at,
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/calendar.html", context)


def _matter(one: Expectation, viewer: Viewer, at: datetime) -> Matter:
    person = one.case.person if one.case else None
    known = person is not None and knows_by_name(viewer.officer, person)
    return Matter(
        clock=deadline(one.due_at, one.due_kind, one.opened_at, at),
        title=one.title or TITLES.get(one.kind, one.kind),
        counted=one.counted,
        name=(person.name if known else person.masked_name) if person else "—",
        number=person.number if person else "",
        article=one.article,
        mark=one.mark,
    )


@require_safe
@room(CASELOAD)
def caseload(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Counts for each office (or county, for the city); nobody is named, so nothing is recorded as read."""
    if viewer.agency is None:
        raise NotFound
    rows = loads(viewer.officer, purposes.of_desk(viewer))
    keys = ("register", "waiting", "week", "late", "away", "measured")
    context = {
        "rows": rows,
        "sums": {key: sum(getattr(row, key) for row in rows) for key in keys},
        "of_city": viewer.agency.level in {Level.CITY, Level.PROVINCE},
        "at": utc_now(),
    }
    return render(request, "sifang/caseload.html", context)
