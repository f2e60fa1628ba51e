"""外出: applications with the authority that the table computed, who is away, who is not back."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.cases.desk import scope_of
from sifang.cases.desks import Runs, access_runs
from sifang.cases.models import Expectation, Proceeding
from sifang.kernel.errors import NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures.leave import REASONS
from sifang.people.finding import knows_by_name
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.present.deadline import Deadline, deadline
from sifang.web.rooms import LEAVE
from sifang.web.shell import Viewer

STATES = ("applied", "granted", "overdue")


@dataclass(frozen=True)
class Away:
    """One leave: who, where, which days, what comes next and whose it is."""

    name: str
    number: str
    office: str
    where: str
    why: str
    leaves_on: str
    returns_on: str
    days: int
    window: int | None
    authority: str
    clock: Deadline | None
    article: str
    mark: str
    action: str
    url: str


@require_safe
@room(LEAVE)
def leave(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Four lists: waiting for a decision, not back in time, away now, granted and still here."""
    if viewer.agency is None:
        raise NotFound
    purpose = purposes.of_desk(viewer)
    found = access_runs(viewer.officer, purpose, "leave", STATES)
    today = legal_day(found.at).isoformat()
    lists: dict[str, list[Away]] = {"waiting": [], "overdue": [], "away": [], "coming": []}
    for run in found.rows:
        lists[_list_of(run, today)].append(_away(run, found, viewer))
    for rows in lists.values():
        rows.sort(key=lambda one: (one.returns_on, one.leaves_on))
    context = {
        **lists,
        "at": found.at,
        "total": found.total,
        "shown": len(found.rows),
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/leave.html", context)


def _list_of(run: Proceeding, today: str) -> str:
    if run.state == "applied" or run.facts.get("longer_asked_on"):
        return "waiting"
    if run.state == "overdue":
        return "overdue"
    return "away" if str(run.facts.get("leaves_on", "")) <= today else "coming"


def _away(run: Proceeding, found: Runs, viewer: Viewer) -> Away:
    facts, person = run.facts, run.case.person
    wanted = next(iter(found.expected.get(run.id, [])), None)
    action, url = _act(run, wanted, found, viewer)
    return Away(
        name=person.name if knows_by_name(viewer.officer, person) else person.masked_name,
        number=person.number,
        office=person.office.name if person.office else "—",
        where=str(facts.get("destination") or ""),
        why=dict(REASONS).get(str(facts.get("purpose")), str(facts.get("purpose") or "")),
        leaves_on=str(facts.get("leaves_on") or "")[:10],
        returns_on=str(facts.get("returns_on") or "")[:10],
        days=_days(facts.get("leaves_on"), facts.get("returns_on")),
        window=facts.get("window_days"),
        authority=_authority(wanted, run),
        clock=_clock(wanted, found.at),
        article=wanted.article if wanted else "",
        mark=wanted.mark if wanted else "",
        action=action,
        url=url,
    )


def _authority(wanted: Expectation | None, run: Proceeding) -> str:
    """Whose decision or act comes next, as the table computed it."""
    if wanted is None:
        return ""
    person = run.case.person
    named = {
        "司法所": person.office.name if person.office else "司法所",
        "县级社区矫正机构": person.county_agency.name,
    }
    return named.get(wanted.actor, wanted.actor)


def _act(run: Proceeding, wanted: Expectation | None, found: Runs, viewer: Viewer) -> tuple[str, str]:
    file = f"/persons/{quote(run.case.person.number)}"
    scope = scope_of(viewer.officer, viewer.roles)
    if wanted is None or not (wanted.actor in scope.actors or wanted.kind in found.left):
        return "查看", file
    word = {"approve": "去决定", "confirm_return": "销假", "order_back": "责令返回"}
    step = wanted.kind.partition(".")[2]
    return word.get(step, "去办理"), f"{file}/do/leave/{step}?proceeding={run.id}"


def _clock(wanted: Expectation | None, at: datetime) -> Deadline | None:
    return deadline(wanted.due_at, wanted.due_kind, wanted.opened_at, at) if wanted else None


def _days(first: object, last: object) -> int:
    try:
        return (date.fromisoformat(str(last)[:10]) - date.fromisoformat(str(first)[:10])).days + 1
    except ValueError:
        return 0
