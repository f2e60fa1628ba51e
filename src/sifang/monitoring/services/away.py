"""Approved absence and entry: the act that grants opens the fence, the act that ends closes it (E5).

A leave opens the clauses of the boundary from 00:00 of the day of leaving to 24:00 of the day of return; one
that is lengthened adds a further span. 经常性跨市、县活动 opens them for its whole validity, because a
fence knows no list of towns (我方理解: the places are checked by people). An approved entry opens the
clauses of the place that it names.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sifang.cases.calendars import calendar
from sifang.cases.models import Act, Case
from sifang.law.due import due_on
from sifang.law.time import day_begins
from sifang.ledger.services import record
from sifang.monitoring.models import Clause, ClauseException, ClauseKind
from sifang.monitoring.services.clauses import open_exception

ONE_DAY = timedelta(days=1)
STANDING = ("granted", "overdue", "active")  # states in which an absence stands, or stood until its end


def leave_granted(act: Act) -> None:
    """社区矫正法27条: the boundary does not bind on the days granted; a second decision lengthens it."""
    starts, ends = _leave_span(act)
    _open(act, _bound(act.case, starts, ends), starts, ends)


def frequent_granted(act: Act) -> None:
    """办法29条: open for the six months of the approval."""
    starts, ends = _frequent_span(act)
    _open(act, _bound(act.case, starts, ends), starts, ends)


def entry_granted(act: Act) -> None:
    """办法39条: the place named may be entered on the days granted; other places stay closed."""
    starts, ends = day_begins(_day(act, "enters_on")), day_begins(_day(act, "leaves_on") + ONE_DAY)
    where = str(act.after["where"])
    places = Clause.objects.filter(order=act.case.order_id, kind=ClauseKind.PROHIBITED_PLACE)
    named = [one for one in places if one.place_name in where or where in one.place_name]
    _open(act, named, starts, ends)


def returned(act: Act) -> None:
    """The leave is over with the day on which the person came back, at the latest with this confirmation."""
    closed(act, at=min(act.at, day_begins(_day(act, "returned_on") + ONE_DAY)))


def closed(act: Act, *, at: datetime | None = None) -> None:
    """What the proceeding of this act had opened is closed from now on."""
    moment = at or act.at
    running = ClauseException.objects.filter(
        act__proceeding=act.proceeding_id, closed_at=None, ends_at__gt=moment
    )
    ids = [str(one) for one in running.values_list("id", flat=True)]
    running.update(closed_at=moment, closed_by=act)
    for one in ids:
        record("exception_closed", {"exception": one, "at": moment.isoformat(), "act": str(act.id)})


def carry_over(clause: Clause) -> None:
    """A clause written while somebody is lawfully away does not bind until that leave is over."""
    runs = ("leave", "frequent")
    granted = Act.objects.filter(
        case__order=clause.order_id,
        procedure__in=runs,
        step="approve",
        proceeding__state__in=STANDING,
        proceeding__closed_at=None,
    )
    for act in granted.select_related("officer", "case", "proceeding").order_by("at", "id"):
        if ClauseException.objects.filter(act=act, closed_at__isnull=False).exists():
            continue  # called back
        if act.proceeding.facts.get("ordered_back"):
            continue
        starts, ends = _leave_span(act) if act.procedure == "leave" else _frequent_span(act)
        if ends > clause.valid_from:
            _open(act, [clause], starts, ends)


def _leave_span(act: Act) -> tuple[datetime, datetime]:
    """From … to (exclusive) of one decision; a longer leave goes on where the last decision ended."""
    ends = day_begins(_day(act, "granted_until") + ONE_DAY)
    if act.state_before == "applied":
        return day_begins(_day(act, "leaves_on")), ends
    if act.facts.get("ordered_back"):
        return max(act.at, day_begins(_day(act, "leaves_on"))), ends
    before = date.fromisoformat(str(act.facts["granted_until"])[:10])
    return day_begins(before + ONE_DAY), ends


def _frequent_span(act: Act) -> tuple[datetime, datetime]:
    last = due_on("freq.valid", _day(act, "approved_on"), calendar())
    return act.at, day_begins(date(last.year, last.month, last.day) + ONE_DAY)


def _bound(case: Case, starts: datetime, ends: datetime) -> list[Clause]:
    found = Clause.objects.filter(order=case.order_id, kind=ClauseKind.BOUNDARY, valid_from__lt=ends)
    return list(found.exclude(valid_to__lte=starts))


def _open(act: Act, clauses: Iterable[Clause], starts: datetime, ends: datetime) -> None:
    assert act.officer is not None
    number = act.documents.values_list("number", flat=True).first() or f"行为记录 {act.id}"
    for clause in clauses if ends > starts else ():
        open_exception(
            ClauseException(
                clause=clause,
                starts_at=starts,
                ends_at=ends,
                document_no=number,
                article=act.article,
                approved_by=act.officer,
                act=act,
            )
        )


def _day(act: Act, key: str) -> date:
    return date.fromisoformat(str(act.after[key])[:10])
