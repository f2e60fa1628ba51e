"""What a lawyer must not find in a table: dead ends, unreachable states, overlapping powers, no source."""

from collections.abc import Iterator, Mapping
from itertools import combinations, product

from sifang.law.articles import UnknownArticle, article, citations
from sifang.law.conditions import Condition, Fact, Value
from sifang.law.procedure import ANY, Actor, Duty, Kind, Procedure, Step
from sifang.law.rules import UnknownRule, rule

MOST_SAMPLES = 4096


def problems(procedure: Procedure) -> Iterator[str]:
    """Yield each problem in words; an edition with a problem is not published."""
    yield from _states(procedure)
    yield from _sources(procedure)
    yield from _overlaps(procedure)
    yield from _facts(procedure)
    yield from _deadlines(procedure)


def _states(procedure: Procedure) -> Iterator[str]:
    reached, frontier = {procedure.start}, [procedure.start]
    while frontier:
        here = frontier.pop()
        for step in procedure.rows_from(here):
            there = procedure.after(step, here)
            if there not in procedure.states:
                yield f"step {step.name} names an unknown state {there}"
            elif there not in reached:
                reached.add(there)
                frontier.append(there)
    for state in procedure.states:
        if state not in reached:
            yield f"state {state} is never reached"
        yield from _exits(procedure, state)
    for step in procedure.steps:
        if step.frm not in (ANY, *procedure.states):
            yield f"step {step.name} leaves an unknown state {step.frm}"


def _exits(procedure: Procedure, state: str) -> Iterator[str]:
    """A final state has no way out, every other one has one."""
    if state in procedure.final:
        if any(step.frm == state for step in procedure.steps):
            yield f"state {state} is final and has a way out"
    elif not procedure.ends_with_case and all(
        procedure.after(step, state) == state for step in procedure.rows_from(state)
    ):
        yield f"state {state} is a dead end"


def _sources(procedure: Procedure) -> Iterator[str]:
    for step in procedure.steps:
        yield from _source(f"step {step.name}", step.article)
        for duty in step.duties:
            yield from _source(f"duty {duty.title} of {step.name}", duty.article)
        if step.kind is Kind.CLOCK and (step.actor is not Actor.CLOCK or step.due is None):
            yield f"step {step.name} is the clock's and has no owner clock or no moment"
        if step.actor is Actor.CLOCK and step.kind is not Kind.CLOCK:
            yield f"step {step.name} belongs to the clock and is not marked so"
        if step.reasons and not step.remedy and step.burden:
            yield f"step {step.name} burdens the person and shows no remedy"


def _source(where: str, words: str) -> Iterator[str]:
    if not words.strip():
        yield f"{where} cites no source"
        return
    found = list(citations(words))
    if not found:
        yield f"{where} cites no article: {words}"
    for law, number in found:
        try:
            article(f"{law}{number}条")
        except UnknownArticle:
            yield f"{where} cites an article that the index lacks: {law}{number}条"


def _facts(procedure: Procedure) -> Iterator[str]:
    """Each fact that a condition, deadline or duty asks for must come from somewhere."""
    known = {fact.key for fact in procedure.facts}
    known |= {ask.key for step in procedure.steps for ask in step.asks}
    known |= {one.key for step in procedure.steps for one in step.sets}
    for step in procedure.steps:
        for one in step.sets:
            if one.how == "copy" and one.value not in known:
                yield f"step {step.name}: {one.key} is copied from a fact nobody gives: {one.value}"
        for name, key in _needed(step):
            if key not in known:
                yield f"step {step.name}: {name} asks for a fact nobody gives: {key}"


def _needed(step: Step) -> Iterator[tuple[str, str]]:
    parts = list(step.given.parts) if step.given else []
    dues = [step.due] if step.due else []
    for duty in step.duties:
        parts += list(duty.given.parts) if duty.given else []
        dues += [duty.due] if duty.due else []
    if step.not_before:
        yield "its first day", step.not_before
    yield from (("a condition", part.fact.key) for part in parts)
    yield from (("a deadline", due.since) for due in dues)


def _deadlines(procedure: Procedure) -> Iterator[str]:
    """Each deadline is counted by a rule that exists and has a last day; targets name no rule."""
    for step in procedure.steps:
        for due in (step.due, *(duty.due for duty in step.duties)):
            if due is None or not due.rule:
                continue
            try:
                kind = rule(due.rule).kind
            except UnknownRule:
                yield f"step {step.name} counts by a rule that nobody knows: {due.rule}"
                continue
            if kind in {"threshold", "count"}:
                yield f"step {step.name} counts by {due.rule}, which has no last day"


def _overlaps(procedure: Procedure) -> Iterator[str]:
    """Two rows of one name from one state that different authorities could apply to the same facts."""
    for one, other in combinations(procedure.steps, 2):
        if one.name != other.name or one.actor is other.actor or not _meet(one, other):
            continue
        if set(one.types or ()) and set(other.types or ()) and not set(one.types) & set(other.types):
            continue
        both = _together(one, other)
        if both is not None:
            yield f"step {one.name} belongs to both {one.actor} and {other.actor} when {both or 'always'}"


def _meet(one: Step, other: Step) -> bool:
    return one.frm == other.frm or ANY in (one.frm, other.frm)


def _together(one: Step, other: Step) -> dict[str, Value] | None:
    """Return facts for which both rows are open, or None."""
    for facts in samples(one.given, other.given):
        if (one.given is None or one.given.holds(facts)) and (
            other.given is None or other.given.holds(facts)
        ):
            return dict(facts)
    return None


def samples(*conditions: Condition | None) -> Iterator[Mapping[str, Value]]:
    """Yield facts at and beside each bound of the conditions, so that each combination is met."""
    values: dict[Fact, set[Value]] = {}
    for condition in conditions:
        for part in condition.parts if condition else ():
            here = values.setdefault(part.fact, set())
            match part.op:
                case "le" | "gt":
                    here |= {int(part.value), int(part.value) + 1, 0}
                case "eq" | "ne":
                    here |= {part.value, ""}
                case _:
                    here |= {True, False}
    facts = list(values)
    ordered = [sorted(values[fact], key=str) for fact in facts]
    for index, combination in enumerate(product(*ordered)):
        if index >= MOST_SAMPLES:
            return
        yield {fact.key: value for fact, value in zip(facts, combination, strict=True)}


def duties_of(procedure: Procedure) -> Iterator[tuple[Step, Duty]]:
    """Yield every recipient that a row names."""
    for step in procedure.steps:
        for duty in step.duties:
            yield step, duty
