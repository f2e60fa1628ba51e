"""The column of help, in equal rank with supervision: needs, activities, education; no points, no blame."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sifang.cases.models import Act, Expectation, Proceeding
from sifang.kernel.time import utc_now
from sifang.web.case_file import CaseFile
from sifang.web.present.answers import line, shortened, state_words
from sifang.web.present.citations import cited
from sifang.web.present.clocks import Clock, clock_of
from sifang.web.present.timeline import NEEDS, Entry, entries_of

LAWS = {
    "work": "社区矫正法37条",
    "skills": "社区矫正法37条",
    "school": "社区矫正法37条",
    "mind": "社区矫正法40条",
}
MILESTONES = {
    ("need", "finish"),
    ("need", "milestone"),
    ("need", "answer"),
    ("activity", "record"),
    ("plan", "adopt"),
    ("plan", "revise"),
    ("team", "form"),
}


@dataclass(frozen=True)
class Need:
    """One need as a row: state and clock, what, who answers and how, by which article."""

    look: str
    state: str
    clock: Clock | None
    title: str
    words: str
    who: str
    answer: str
    article: str


@dataclass(frozen=True)
class Activity:
    """One activity: what and when, consent and fitness in words."""

    on: str
    what: str
    state: str
    consent: str
    fitness: str


def needs(found: CaseFile | None) -> list[Need]:
    """Return the needs of a case, those that wait for somebody first."""
    if found is None:
        return []
    clocks = {one.proceeding_id: one for one in reversed(found.expected)}
    rows = [one for one in found.runs if one.procedure == "need"]
    made = [(one.closed_at is not None, _need(one, clocks.get(one.id))) for one in rows]
    return [need for _, need in sorted(made, key=lambda pair: pair[0])]


def _need(run: Proceeding, waits: Expectation | None) -> Need:
    facts, clock = run.facts, None
    if waits is not None:
        clock = clock_of(waits.due_at, waits.due_kind, utc_now(), waits.opened_at, waits.counted)
    look = {"done": "done", "answered": "inside"}.get(run.state, "expected")
    return Need(
        look=look,
        state=state_words("need", run.state),
        clock=clock,
        title=NEEDS.get(str(facts.get("kind")), "帮扶需求"),
        words=f"{short_day(facts.get('raised_on'))}{shortened(str(facts.get('words') or ''))}",
        who=str(facts.get("helper") or ("本机构直接提供" if facts.get("help") else "")),
        answer=_answer(run.state, facts),
        article=LAWS.get(str(facts.get("kind")), "社区矫正法43条"),
    )


def _answer(state: str, facts: dict[str, Any]) -> str:
    if state == "declined":
        return "不需要，可以随时改变主意；不计入考核"
    if state == "unmet":
        return "已书面说明；可以随时再次提出"
    for key, on, words in (
        ("result", "done_on", "办成"),
        ("milestone", "milestone_on", "进展"),
        ("answer", "answered_on", "答复"),
        ("help", "offered_on", "提供"),
        ("asked", "referred_on", "转介"),
    ):
        if facts.get(key):
            return f"{short_day(facts.get(on))}{words}：{shortened(str(facts[key]))}"
    return ""


def short_day(value: object) -> str:
    """Return 11-23 and a space, or nothing."""
    text = str(value or "")[:10]
    try:
        return f"{date.fromisoformat(text):%m-%d} "
    except ValueError:
        return ""


def activities(found: CaseFile | None) -> list[Activity]:
    """Return the activities of a case, the latest first."""
    return [_activity(one) for one in found.runs if one.procedure == "activity"] if found else []


def _activity(run: Proceeding) -> Activity:
    facts = run.facts
    consent = f"{short_day(facts.get('consented_on'))}本人自愿" if facts.get("consented_on") else "等本人决定"
    if run.state in {"declined", "withdrawn"}:
        consent = "本人不参加，没有任何后果"
    health = {"yes": "身体能够参加", "no": "身体不便参加"}.get(str(facts.get("healthy")), "")
    fit = {"yes": "已确认力所能及", "no": "不适宜，不安排"}.get(str(facts.get("fit")), "")
    return Activity(
        on=str(facts.get("held_on") or "")[:10],
        what="，".join(str(facts[key]) for key in ("what", "where") if facts.get(key)),
        state=state_words("activity", run.state),
        consent=consent,
        fitness="，".join(words for words in (health, fit) if words),
    )


def lessons(found: CaseFile | None) -> list[tuple[Act, str, list[tuple[str, str]]]]:
    """Return the latest acts of education with their line of facts and citations."""
    if found is None:
        return []
    acts = [act for act in found.help if act.procedure == "education"][:6]
    return [(act, line(act, found.papers.names), cited(act.article, act.mark)) for act in acts]


def milestones(found: CaseFile | None, *, named: bool = True) -> list[Entry]:
    """Return what was reached, newest first."""
    if found is None:
        return []
    acts = [act for act in (*found.help, *found.acts) if (act.procedure, act.step) in MILESTONES]
    acts.sort(key=lambda act: act.at, reverse=True)
    return entries_of(acts[:20], found.papers, named=named)
