"""What each tab of a person's page shows; only the chosen one is read. Run inside `acting`."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sifang.cases.models import Case, Dispatch, DispatchState, Document
from sifang.cases.options import options
from sifang.law.procedure import Actor
from sifang.people.models import Role
from sifang.web.case_file import (
    MOST,
    SHOWN,
    CaseFile,
    acts_of,
    case_of,
    dispatches_of,
    documents_of,
    papers_of,
    read_case,
)
from sifang.web.person_file import PersonFile
from sifang.web.present import doing, helping, timeline
from sifang.web.present.answers import line, pairs
from sifang.web.shell import Viewer

TABS = (
    ("course", "经过"),
    ("documents", "文书"),
    ("plan", "方案与小组"),
    ("reports", "报告与走访"),
    ("positioning", "定位"),
    ("dispatches", "往来"),
    ("rights", "权利与申诉"),
)
REPORTS = ("report", "medical", "check", "contact", "visitor")
PLANS = ("team", "plan", "category", "minor")


# who comes by an alarm: what binds the person, and where; not the course of his life
BY_ALARM = frozenset({Role.DUTY_OFFICER, Role.SYSTEM_ADMIN})


def tabs_of(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Return the tabs that this viewer may open."""
    if viewer.roles <= BY_ALARM:
        return tuple(one for one in TABS if one[0] == "positioning")
    return TABS


def known_tab(viewer: Viewer, asked: str) -> str:
    """Return the tab asked for, or the viewer's first."""
    tabs = dict(tabs_of(viewer))
    return asked if asked in tabs else next(iter(tabs))


def tab_context(viewer: Viewer, file: PersonFile, tab: str, limit: int) -> dict[str, Any]:
    """Return what the page needs for this tab; `limit`: how many acts (60 at least)."""
    case = case_of(file.person, file.order)
    counts = {}
    mine = tabs_of(viewer)
    if case is not None and len(mine) > 1:
        counts["documents"] = Document.objects.filter(case=case).count()
        counts["dispatches"] = Dispatch.objects.filter(case=case).count()
    tabs = [(key, title, counts.get(key, 0)) for key, title in mine]
    context: dict[str, Any] = {"case": case, "tab": tab, "tabs": tabs}
    return context | SHOW[tab](viewer, file, case, max(limit, SHOWN))


def course(viewer: Viewer, file: PersonFile, case: Case | None, limit: int) -> dict[str, Any]:
    """经过: two equal columns, and what may be done now."""
    found = read_case(case, limit=limit) if case else None
    open_now = options(viewer.officer, case) if case else []
    number = file.person.number
    about = about_runs(found)
    starts = doing.starting(open_now, number)
    waits = doing.waits_of(found.expected if found else ())
    return {
        "found": found,
        "past": timeline.past(file, found),
        "coming": timeline.coming(file, found),
        "urgent": doing.expected_of(open_now, number, about, waits),
        "running": doing.running(open_now, number, about, waits),
        "starts_mine": [group for group in starts if group.mine],
        "starts_others": [group for group in starts if not group.mine],
        "mine": sum(1 for one in open_now if one.may and one.proceeding and not one.waits_for),
        **help_column(found),
    }


def help_column(found: CaseFile | None) -> dict[str, Any]:
    """教育帮扶: needs, activities, education, milestones."""
    return {
        "needs": helping.needs(found),
        "activities": helping.activities(found),
        "lessons": helping.lessons(found),
        "milestones": helping.milestones(found),
        "help_coming": timeline.help_coming(found),
    }


def about_runs(found: CaseFile | None) -> dict[UUID, str]:
    """Return what each proceeding is about: the first act's answers in one line."""
    words: dict[UUID, str] = {}
    for act in (*found.acts, *found.help) if found else ():
        words[act.proceeding_id] = line(act, found.papers.names) if found else ""
    return words


def documents(_viewer: Viewer, _file: PersonFile, case: Case | None, _limit: int) -> dict[str, Any]:
    """文书: what was issued, by which act, under which number."""
    return {"papers": documents_of(case) if case else []}


def plan(_viewer: Viewer, _file: PersonFile, case: Case | None, limit: int) -> dict[str, Any]:
    """方案与小组: what holds now, and how it came about."""
    entries, acts = _entries(case, PLANS, limit)
    latest: dict[str, list[tuple[str, str]]] = {}
    names = papers_of(acts).names if acts else {}
    for act in acts:
        if act.step in {"form", "change", "adopt", "review", "revise", "assign", "keep"}:
            latest.setdefault(act.procedure, pairs(act, names))
    return {"entries": entries, "holds": latest}


def reports(_viewer: Viewer, _file: PersonFile, case: Case | None, limit: int) -> dict[str, Any]:
    """报告与走访: reports, health, checks, contacts, visits."""
    return {"entries": _entries(case, REPORTS, limit)[0]}


def positioning(_viewer: Viewer, _file: PersonFile, case: Case | None, limit: int) -> dict[str, Any]:
    """定位: limits, device, measures and the acts that made them."""
    return {"entries": _entries(case, ("positioning",), limit)[0]}


def _entries(case: Case | None, procedures: tuple[str, ...], limit: int) -> tuple[list[Any], list[Any]]:
    acts = list(acts_of(case, *procedures)[: min(limit, MOST)]) if case else []
    return timeline.entries_of(acts, papers_of(acts)), acts


def dispatches(viewer: Viewer, _file: PersonFile, case: Case | None, limit: int) -> dict[str, Any]:
    """往来: what went to whom, and how far its receipt is."""
    rows = dispatches_of(case, limit) if case else []
    return {"dispatches": [(one, timeline.receipt_of(one), may_answer(viewer, one)) for one in rows]}


def may_answer(viewer: Viewer, one: Dispatch) -> bool:
    """Whether this officer's agency is the one that confirms or disputes; the services decide."""
    if one.state != DispatchState.SENT or viewer.agency is None:
        return False
    return one.to_agency_id == viewer.agency.id


def rights(_viewer: Viewer, _file: PersonFile, case: Case | None, _limit: int) -> dict[str, Any]:
    """权利与申诉: decisions against which something can be done, what the person asked, who read."""
    acts = list(acts_of(case).exclude(remedy="")[:SHOWN]) if case else []
    entries = timeline.entries_of(acts, papers_of(acts))
    return {"decisions": list(zip(entries, (act.remedy for act in acts), strict=True))}


SHOW: dict[str, Callable[[Viewer, PersonFile, Case | None, int], dict[str, Any]]] = {
    "course": course,
    "documents": documents,
    "plan": plan,
    "reports": reports,
    "positioning": positioning,
    "dispatches": dispatches,
    "rights": rights,
}


def paper_context(file: PersonFile) -> dict[str, Any]:
    """Return the file for paper, with a digest over the acts that it lists."""
    case = case_of(file.person, file.order)
    found = read_case(case, limit=MOST) if case else None
    acts = [f"{act.id} {act.at.isoformat()} {act.title}" for act in (found.acts if found else [])]
    digest = hashlib.sha256("\n".join(acts).encode()).hexdigest()
    return {
        "found": found,
        "past": timeline.past(file, found),
        "coming": timeline.coming(file, found),
        "digest": digest[:16],
        **help_column(found),
    }


def own_context(viewer: Viewer, file: PersonFile) -> dict[str, Any]:
    """Return what the person's own page says of the case: to do, help, what may be asked for."""
    case = case_of(file.person, file.order)
    if case is None:
        return {"todo": [], "needs": [], "can": [], "letters": []}
    found = read_case(case)
    own = [one for one in options(viewer.officer, case) if one.may and one.step.actor is Actor.PERSON]
    wanted = [one for one in found.expected if one.actor == Actor.PERSON and one.subject_kind == "proceeding"]
    about = about_runs(found)
    waits = doing.waits_of(wanted)
    ways = {
        (one.proceeding, f"{one.procedure.name}.{one.step.name}"): doing.way_of(one, "", waits) for one in own
    }
    todo = []
    for row in wanted:
        way = ways.get((row.proceeding_id, row.kind))
        todo.append((timeline.of_expectation(row), way.url if way else ""))
    can = [
        (way, about.get(run, "") if run else "")
        for (run, kind), way in ways.items()
        if (run, kind) not in waits
    ]
    letters = [
        one
        for rows in found.papers.sent.values()
        for one in rows
        if one.to_agency_id is None and one.to_actor == Actor.PERSON and one.state == DispatchState.SENT
    ]
    return {
        "todo": todo,
        "needs": helping.needs(found),
        "activities": helping.activities(found),
        "can": [(way, words) for way, words in can if way.may],
        "letters": letters,
    }


__all__ = ["TABS", "known_tab", "own_context", "paper_context", "tab_context"]
