"""定位措施: grounds with their proof, what waits for the head, what runs until when, what comes off."""

from collections.abc import Mapping
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
from sifang.law.procedures import edition
from sifang.people.access import Purpose
from sifang.people.finding import knows_by_name
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.present.deadline import Deadline, deadline
from sifang.web.rooms import MEASURES
from sifang.web.shell import Viewer

# in the order of the page: states of the procedure, heading, what an empty list says
LISTS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("waiting", "待县级司法行政部门负责人批准", ("applied", "longer_applied"), "没有待批准的申请"),
    ("told", "已批准，待告知和佩戴", ("approved", "prolonged"), ""),
    ("in_use", "使用中", ("in_use", "in_longer_use"), "现在没有人使用电子定位装置"),
    ("off", "已停止采集，待拆除或者评估", ("expired", "ended"), ""),
    ("grounded", "已指明情形，未申请", ("grounded",), ""),
)


@dataclass(frozen=True)
class Use:
    """One use of a device: ground, proof, term, what comes next."""

    name: str
    number: str
    state: str
    ground: str
    ground_article: str
    proof: bool
    months: str
    since: str
    ends_on: str
    left: int | None
    review: Deadline | None
    next_title: str
    clock: Deadline | None
    article: str
    mark: str
    action: str
    url: str
    why_not: str


@require_safe
@room(MEASURES)
def measures(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The uses by state; only the head of the county justice bureau gets to approve."""
    if viewer.agency is None:
        raise NotFound
    purpose = purposes.of_desk(viewer)
    if viewer.has(Role.JUSTICE_HEAD):
        purpose = Purpose.MEASURE
    states = [state for _, _, some, _ in LISTS for state in some]
    found = access_runs(viewer.officer, purpose, "positioning", states)
    table = edition("positioning", legal_day(found.at))
    rows = {run.id: (run.state, _use(run, found, viewer, table.states)) for run in found.rows}
    lists = [
        (key, title, [use for state, use in rows.values() if state in some], empty)
        for key, title, some, empty in LISTS
    ]
    context = {
        "lists": [one for one in lists if one[2] or one[3]],
        "at": found.at,
        "total": found.total,
        "shown": len(found.rows),
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/measures.html", context)


def _use(run: Proceeding, found: Runs, viewer: Viewer, words: Mapping[str, str]) -> Use:
    facts, person = run.facts, run.case.person
    wanted = found.expected.get(run.id, [])
    review = next((one for one in wanted if one.kind.endswith(".review")), None)
    first = next((one for one in wanted if one is not review), review)
    action, url, why_not = _act(run, first, viewer)
    ends_on = str(facts.get("ends_on") or "")[:10]
    return Use(
        name=person.name if knows_by_name(viewer.officer, person) else person.masked_name,
        number=person.number,
        state=words.get(run.state, run.state),
        ground=str(facts.get("ground_words") or "—"),
        ground_article=str(facts.get("ground_article") or ""),
        proof=bool(facts.get("proof")),
        months=str(facts.get("months") or ""),
        since=str(facts.get("counted_from") or "")[:10],
        ends_on=ends_on,
        left=_left(ends_on, legal_day(found.at)),
        review=deadline(review.due_at, review.due_kind, review.opened_at, found.at) if review else None,
        next_title=first.title if first else "",
        clock=_clock(first, found.at),
        article=first.article if first else "",
        mark=first.mark if first else "",
        action=action,
        url=url,
        why_not=why_not,
    )


def _act(run: Proceeding, wanted: Expectation | None, viewer: Viewer) -> tuple[str, str, str]:
    """Return word and address of the next act, or who owns it."""
    file = f"/persons/{quote(run.case.person.number)}"
    if wanted is None:
        return "查看", file, ""
    if wanted.actor in scope_of(viewer.officer, viewer.roles).actors:
        step = wanted.kind.partition(".")[2]
        word = {
            "approve": "去审批",
            "extend": "去审批",
            "review": "去复核",
            "tell": "去告知",
            "remove": "登记拆除",
        }
        return word.get(step, "去办理"), f"{file}/do/positioning/{step}?proceeding={run.id}", ""
    return "查看", file, f"由{wanted.actor}办理"


def _clock(wanted: Expectation | None, at: datetime) -> Deadline | None:
    return deadline(wanted.due_at, wanted.due_kind, wanted.opened_at, at) if wanted else None


def _left(ends_on: str, today: date) -> int | None:
    try:
        return (date.fromisoformat(ends_on) - today).days
    except ValueError:
        return None
