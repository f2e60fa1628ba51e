"""What is expected in a case, from its proceedings as the acts left them: pure, no clock, no database.

Each open row with a due is an expectation, from the act that brought the case there to the act that takes it
away, and a row of the clock has a moment. The reconciler compares this with the table of expectations
(DESIGN § 6). It trusts state and facts of the proceedings, which only an act changes (migration 0006); to
replay the acts themselves is still owed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sifang.law.calendar import Calendar
from sifang.law.conditions import derive
from sifang.law.due import due, target
from sifang.law.procedure import Actor, Due, Kind, Procedure, Step
from sifang.law.render import UNITS, mark_of
from sifang.law.time import day_begins, legal_day

SEEN = 16  # digits of the occasion that tell one time from another


@dataclass(frozen=True)
class Moment:
    """By when: the end as an instant (exclusive), law or target, and how it was counted."""

    ends_at: datetime
    kind: str
    counted: str
    occasion: str


@dataclass(frozen=True)
class Expected:
    """One expectation: of which proceeding, which row, which occasion; owner in the word of the table."""

    proceeding: str
    procedure: str
    step: str
    occasion: str
    actor: Actor
    title: str
    article: str
    mark: str
    moment: Moment

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other one of the case."""
        return self.proceeding, f"{self.procedure}.{self.step}", self.occasion


@dataclass(frozen=True)
class Run:
    """A proceeding as it stands: its state and its facts together with those of the case."""

    id: str
    procedure: Procedure
    state: str
    facts: Mapping[str, Any]
    is_closed: bool = False


def moment(given: Due, facts: Mapping[str, Any], calendar: Calendar, *, held: bool = False) -> Moment | None:
    """Return when a due ends, or None while the fact that starts its clock is missing."""
    since = facts.get(given.since)
    if not since:
        return None
    start = _start(str(since))
    occasion = str(since)[:SEEN]
    if given.rule:
        counted = due(given.rule, start, calendar=calendar, custody=held)
        words = "；".join([*counted.steps, counted.warning or ""]).rstrip("；")
        return Moment(_end(counted.last), "law", words, occasion)
    if given.n:
        last = target(given.n, given.unit, start, calendar)  # type: ignore[arg-type]
        first = legal_day(start)
        words = f"内部目标：{first} 起 {given.n} {UNITS[given.unit]}"
        return Moment(_end(last), "target", words, occasion)
    return Moment(_end(start), "law", "当日，至24时", occasion)


def _start(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _end(last: date | datetime) -> datetime:
    return last if isinstance(last, datetime) else day_begins(last + timedelta(days=1))


def open_rows(run: Run) -> Iterator[Step]:
    """Yield the rows that are open in a proceeding as it stands."""
    if not run.is_closed:
        for step in run.procedure.rows_from(run.state):
            if step.is_open(run.facts) or _form_decides(run, step):
                yield step


def _form_decides(run: Run, step: Step) -> bool:
    """Whether all that the row lacks is what the house computes from its own form (a woman in the team).

    Such a row is expected like any other: who must fill in the form has not done so yet.
    """
    if not step.asks or step.given is None or not step.is_for(run.facts):
        return False
    computed = {fact.key for fact in run.procedure.facts if fact.source.startswith("ask:")}
    unknown = computed - run.facts.keys()
    return all(part.holds(run.facts) or part.fact.key in unknown for part in step.given.parts)


def expected_of(run: Run, calendar: Calendar) -> Iterator[Expected]:
    """Yield what is expected in one proceeding as it stands."""
    held = bool(run.facts.get("held"))
    if held and run.procedure.pauses:
        return
    seen = set()
    for step in open_rows(run):
        if step.due is None or step.kind is Kind.CLOCK or step.name in seen:
            continue
        when = moment(step.due, run.facts, calendar, held=held)
        if when is None:
            continue
        seen.add(step.name)
        yield Expected(
            proceeding=run.id,
            procedure=run.procedure.name,
            step=step.name,
            occasion=when.occasion,
            actor=step.actor,
            title=step.title,
            article=step.article,
            mark=mark_of(step.article, step.due.mark or step.mark)
            if step.due.n
            else mark_of(step.article, step.mark),
            moment=when,
        )


def clock_rows(run: Run, calendar: Calendar) -> Iterator[tuple[datetime, Step]]:
    """Yield what the clock will do in one proceeding as it stands, with the instant of each."""
    held = bool(run.facts.get("held"))
    if held and run.procedure.pauses:
        return
    for step in open_rows(run):
        if step.kind is Kind.CLOCK and step.due is not None:
            when = moment(step.due, run.facts, calendar, held=held)
            if when is not None:
                yield when.ends_at, step


def complete(run: Run, case: Mapping[str, Any], others: Mapping[str, Run]) -> Run:
    """Return a run with the facts of the case and of other proceedings that its table names.

    `others`: the latest run of each procedure in the case. Providers ("ask:") are not recomputed: the rows
    that need them carry no clock of their own that depends on them.
    """
    facts = dict(case) | dict(run.facts)
    for fact in run.procedure.facts:
        if fact.source.startswith("of:"):
            _, name, key = fact.source.split(":")
            facts[fact.key] = others[name].facts.get(key) if name in others else None
    return Run(run.id, run.procedure, run.state, derive(facts, run.procedure.facts), run.is_closed)
