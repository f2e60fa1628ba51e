"""What will follow from a row, in words, before it is taken: state, recipients, documents, clocks, power."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sifang.cases.actors import actors_of, agency_of, with_delegation
from sifang.cases.calendars import calendar
from sifang.cases.documents.issue import shown
from sifang.cases.documents.wording import value_words
from sifang.cases.expected import Moment, moment
from sifang.cases.models import Case, Proceeding
from sifang.kernel.time import legal_day, utc_now
from sifang.law.conditions import Condition, Part
from sifang.law.documents import TITLES
from sifang.law.procedure import ANY, Actor, Duty, Kind, Procedure, Step, opened_by
from sifang.law.procedures import edition
from sifang.law.render import mark_of
from sifang.people.models import Officer

COMPUTED = ("days:", "cap:", "months:", "ask:", "later:")


@dataclass(frozen=True)
class Line:
    """One thing that follows: icon, words, the article with its mark, by when and how counted."""

    icon: str
    words: str
    article: str = ""
    mark: str = ""
    by: Moment | None = None


@dataclass(frozen=True)
class Power:
    """One authority that can own this step, and whether the facts make it the owner."""

    owner: str
    condition: str
    article: str
    mark: str
    holds: bool
    mine: bool


def follows(
    procedure: Procedure, step: Step, case: Case, run: Proceeding | None, facts: Mapping[str, Any]
) -> list[Line]:
    """Return what the act will bring about, the person and the recipients first."""
    state = run.state if run else procedure.start
    found = [_told(duty, case, run, facts) for duty in step.duties if _may_hold(duty.given, facts)]
    found += [Line("book", f"作成《{TITLES.get(one, one)}》，编号后不能更改") for one in step.documents]
    found += [
        Line("right", f"随之开始：{opened.title}")
        for opened in opened_by(step, facts, lambda name: edition(name, legal_day(utc_now())))
    ]
    if step.closes:
        ended = (
            "本案其他各项程序"
            if ANY in step.closes
            else "、".join(edition(name, legal_day(utc_now())).title for name in step.closes)
        )
        found.append(Line("right", f"随之结束：{ended}"))
    after = procedure.after(step, state)
    if after != state:
        found.append(
            Line(
                "right", f"「{procedure.title}」由“{procedure.states[state]}”变为“{procedure.states[after]}”"
            )
        )
        found += list(_next(procedure, after, case, run, _afterwards(step, facts)))
    return found


def _told(duty: Duty, case: Case, run: Proceeding | None, facts: Mapping[str, Any]) -> Line:
    to = _name(duty.to, case, run)
    words = f"{duty.title}：{to}"
    if duty.awaited and duty.by is not None:
        words = f"等待{_name(duty.by, case, run)}向{to}{duty.title}"
    if duty.given is not None and not duty.given.holds(facts):
        words += f"（{duty.given}时）"
    by = moment(duty.due, facts, calendar()) if duty.due else None
    return Line("mail", words, duty.article, mark_of(duty.article, duty.mark), by)


def _name(actor: Actor, case: Case, run: Proceeding | None) -> str:
    found = agency_of(actor, case, run)
    if found is not None:
        return found.name + ("负责人" if actor is Actor.HEAD else "")
    return {Actor.PERSON: "本人", Actor.CLOCK: "期限届满"}.get(actor, actor.value)


def _may_hold(given: Condition | None, facts: Mapping[str, Any]) -> bool:
    """Whether a condition holds, or hangs on what is not known yet."""
    return given is None or given.holds(facts) or any(part.fact.key not in facts for part in given.parts)


def _next(
    procedure: Procedure, state: str, case: Case, run: Proceeding | None, facts: Mapping[str, Any]
) -> Iterator[Line]:
    """What is expected then: rows with a period, one line a step; who owns it where the facts say so."""
    rows: dict[str, list[Step]] = {}
    for step in procedure.rows_from(state):
        if step.due and step.kind is not Kind.CLOCK and step.is_for(facts) and _may_open(step.given, facts):
            rows.setdefault(step.name, []).append(step)
    for same in rows.values():
        one = next((step for step in same if _decided(step.given, facts)), None)
        if one is None:
            words = f"接着应办：{same[0].title}（由谁决定，按填写的内容计算）"
            yield Line("clock", words, same[0].article, mark_of(same[0].article, same[0].mark))
            continue
        by = moment(one.due, facts, calendar()) if one.due else None
        words = f"接着应办：{one.title}（{_name(one.actor, case, run)}）"
        yield Line("clock", words, one.article, mark_of(one.article, one.mark), by)


def _afterwards(step: Step, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as the row leaves them, were it taken today."""
    today = legal_day(utc_now()).isoformat()
    found = dict(facts)
    for one in step.sets:
        match one.how:
            case "is":
                found[one.key] = one.value
            case "day" | "now":
                found[one.key] = today
            case "copy" if facts.get(str(one.value)):
                found[one.key] = facts[str(one.value)]
            case _:
                pass
    return found


def _part_decided(part: Part, facts: Mapping[str, Any]) -> bool:
    """Whether the facts decide a comparison; what must be there or missing is decided by its absence."""
    return part.op in {"has", "not"} or part.fact.key in facts


def _decided(given: Condition | None, facts: Mapping[str, Any]) -> bool:
    return given is None or all(_part_decided(part, facts) for part in given.parts)


def _may_open(given: Condition | None, facts: Mapping[str, Any]) -> bool:
    """Whether nothing that is known speaks against a row."""
    return given is None or all(part.holds(facts) or not _part_decided(part, facts) for part in given.parts)


def powers(  # noqa: PLR0917 (a power has so many sides)
    officer: Officer,
    procedure: Procedure,
    step: Step,
    case: Case,
    run: Proceeding | None,
    facts: Mapping[str, Any],
) -> list[Power]:
    """Return the authorities among which the facts choose; empty where only one could ever own the step."""
    state = run.state if run else procedure.start
    same = [one for one in procedure.rows_from(state) if one.name == step.name and one.is_for(facts)]
    if len({one.actor for one in same}) < 2:  # noqa: PLR2004
        return []
    actors = actors_of(officer, case, run)
    today = legal_day(utc_now())
    return [
        Power(
            owner=_name(one.actor, case, run),
            condition=str(one.given or ""),
            article=one.article,
            mark=mark_of(one.article, one.mark),
            holds=_decided(one.given, facts) and one.is_open(facts),
            mine=one.actor in with_delegation(actors, one, case, today),
        )
        for one in same
    ]


def computed(procedure: Procedure, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that nobody types: sums, terms, who was delegated what; words and value."""
    found = []
    for fact in procedure.facts:
        value = facts.get(fact.key)
        if not fact.source.startswith(COMPUTED) or value in (None, "", 0, False):
            continue
        found.append((fact.words, f"{value_words(value)}{(' ' + fact.unit) if fact.unit else ''}"))
    return found


def known_so_far(procedure: Procedure, step: Step, run: Proceeding | None) -> list[tuple[str, str]]:
    """Return what the proceeding knows from earlier answers, in the words of the forms."""
    if run is None:
        return []
    seen, found = {ask.key for ask in step.asks}, []
    for ask in (ask for one in procedure.steps for ask in one.asks):
        value = run.facts.get(ask.key)
        if ask.key not in seen and value not in (None, "", []):
            found.append((ask.words, shown(ask, value)))
        seen.add(ask.key)
    return found
