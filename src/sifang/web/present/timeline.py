"""The course of a case as one line: what is expected above today, what was done below; nothing left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from sifang.cases.models import Act, Dispatch, DispatchState, Document, Expectation
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Kind
from sifang.law.procedures.need import KINDS
from sifang.web.case_file import CaseFile, Papers
from sifang.web.person_file import PersonFile
from sifang.web.present import course
from sifang.web.present.answers import line, procedure_title, step_of
from sifang.web.present.citations import cited
from sifang.web.present.clocks import Clock, clock_of
from sifang.web.present.today import TITLES

NEEDS = dict(KINDS)
HELPING = frozenset({"need", "activity", "education"})
TO_HELP = frozenset({"ending.summary", "ending.evaluate", "ending.link_resettlement"})
RECEIPTS = {
    DispatchState.EXPECTED: ("overdue", "应送未送"),
    DispatchState.SENT: ("expected", "待签收"),
    DispatchState.ACCEPTED: ("done", "已签收"),
    DispatchState.DISPUTED: ("due", "有异议"),
}


@dataclass(frozen=True)
class Receipt:
    """One recipient of an act with the stage of its receipt in words."""

    to: str
    look: str
    words: str
    title: str


@dataclass(frozen=True)
class Entry:
    """One entry; `shape` act (square) for what was done; `struck`: why it no longer stands."""

    on: date
    title: str
    text: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    shape: str = "act"
    clock: Clock | None = None
    burden: bool = False
    by: str = ""
    reasons: str = ""
    struck: str = ""
    documents: list[Document] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    id: UUID | None = None
    at: datetime | None = None


def past(file: PersonFile, found: CaseFile | None, *, named: bool = True) -> list[Entry]:
    """Return what was done in supervision, newest first; `named` False leaves out officers' names."""
    acts = found.acts if found else []
    entries = entries_of(acts, found.papers, named=named) if found else []
    covered = {act.day for act in acts if act.procedure == "positioning"}
    since = acts[-1].day if found and found.more else None
    for other in course.done(file):
        doubled = other.burden and other.on in covered  # the measure itself and the act that made it
        if not doubled and (since is None or other.on >= since):
            entries.append(_of_measure(other))
    return sorted(entries, key=lambda one: one.on, reverse=True)


def coming(file: PersonFile, found: CaseFile | None) -> list[Entry]:
    """Return what is to come in supervision, farthest first; what is overdue stands nearest to today."""
    wanted = [one for one in (found.expected if found else []) if not is_help(one)]
    entries = [of_expectation(one) for one in wanted if one.subject_kind != "dispatch" or is_late(one)]
    kinds = {one.kind for one in wanted}
    entries += [
        _of_measure(other)
        for other in course.coming(file)
        if not (other.title.startswith("期满") and "ending.release" in kinds)
    ]
    return sorted(entries, key=lambda one: one.on, reverse=True)


def help_coming(found: CaseFile | None) -> list[Entry]:
    """Return what is to come in help: answers to needs, activities, the way out."""
    if found is None:
        return []
    kinds = {
        one.id: NEEDS.get(str(one.facts.get("kind")), "") for one in found.runs if one.procedure == "need"
    }
    entries = []
    for one in found.expected:
        if is_help(one):
            need = kinds.get(one.proceeding_id) if one.proceeding_id else ""
            entry = of_expectation(one)
            title = entry.title.removeprefix("已")  # what is expected is not done yet: 已办成, 办成
            entries.append(replace(entry, title=f"{need}：{title}" if need else title))
    return sorted(entries, key=lambda one: one.on, reverse=True)


def is_help(one: Expectation) -> bool:
    """Whether an expectation belongs to the column of help."""
    return one.kind.split(".")[0] in HELPING or one.kind in TO_HELP


def is_late(one: Expectation) -> bool:
    """Whether its moment has passed."""
    return one.due_at is not None and one.due_at <= utc_now()


def entries_of(acts: Iterable[Act], papers: Papers, *, named: bool = True) -> list[Entry]:
    """Return the entries of acts (newest first), with what was taken back struck through."""
    acts = list(acts)
    gone = withdrawn(acts)
    return [_of_act(act, papers, gone, named=named) for act in acts]


def _of_act(act: Act, papers: Papers, gone: dict[UUID, Act], *, named: bool) -> Entry:
    step = step_of(act)
    later = papers.corrected.get(act.id)
    struck = f"{later.day:%m-%d} 已更正：{later.title}" if later else ""
    if not struck and act.id in gone:
        struck = f"{gone[act.id].day:%m-%d} {gone[act.id].title}"
    return Entry(
        on=act.day,
        at=act.at,
        title=act.title,
        text=line(act, papers.names),
        marks=tuple(cited(act.article, act.mark)),
        burden=bool(step and step.burden),
        by=by_whom(act, named=named),
        reasons=act.reasons,
        struck=struck,
        documents=papers.documents.get(act.id, []),
        receipts=[receipt_of(one) for one in papers.sent.get(act.id, [])],
        id=act.id,
    )


def withdrawn(acts: list[Act]) -> dict[UUID, Act]:
    """Return the acts that were taken back, each with the act that did so.

    Who withdraws takes back the last thing he did in this proceeding. An offer of help that was not wanted
    is no such thing: it stands as it was made, and declining it is nothing to strike out.
    """
    found: dict[UUID, Act] = {}
    for place, act in enumerate(acts):
        step = step_of(act)
        if step is None or step.kind is not Kind.WITHDRAW or act.procedure in HELPING:
            continue
        for earlier in acts[place + 1 :]:
            if earlier.proceeding_id == act.proceeding_id and earlier.actor == act.actor:
                found.setdefault(earlier.id, act)
                break
    return found


def by_whom(act: Act, *, named: bool) -> str:
    """Return who did it: agency and officer; for the person's own page the agency alone."""
    if act.officer is None:
        return "期限届满，系统记录"
    who = act.agency.name if act.agency else "本人"
    name = f" {act.officer.name}" if named and act.agency else ""
    return f"{act.actor}；由{who}{name}记录" if act.recorded_for else f"{who}{name}"


def receipt_of(one: Dispatch) -> Receipt:
    """Return the stage of one receipt in words."""
    look, words = RECEIPTS[DispatchState(one.state)]
    to = one.to_agency.name if one.to_agency else one.to_actor
    if one.to_agency is None and one.state == DispatchState.SENT:
        words = "待本人签收" if one.to_actor == "社区矫正对象" else "待答复"
    if one.answered_at is not None:
        words += f" {legal_day(one.answered_at):%m-%d}"
    return Receipt(to, look, words, one.title)


def of_expectation(one: Expectation) -> Entry:
    """Return what is expected: hollow, with its clock, and whose it is."""
    clock = clock_of(one.due_at, one.due_kind, utc_now(), one.opened_at, one.counted)
    title = one.title or TITLES.get(one.kind) or procedure_title(one.kind.split(".")[0])
    if one.kind == "receipt":
        title = f"签收：{title}"
    elif one.kind == "copy":
        title = f"送达：{title}"
    owner = one.owner.name
    who = owner if one.actor in owner or not one.actor else f"{one.actor}（{owner}）"
    return Entry(
        on=clock.on if clock and clock.on else legal_day(one.opened_at),
        title=title,
        text=f"由 {who} 办理" if one.actor != "社区矫正对象" else "由本人办理",
        marks=tuple(cited(one.article, one.mark)),
        shape=clock.look if clock else "expected",
        clock=clock,
        id=one.id,
    )


def _of_measure(one: course.Act) -> Entry:
    entry = Entry(
        on=one.on,
        title=one.title,
        text=one.text,
        marks=tuple((article, "") for article in one.articles),
        shape=one.shape,
        burden=one.burden,
    )
    return replace(entry, clock=Clock(one.shape, one.left, one.on)) if one.left else entry
