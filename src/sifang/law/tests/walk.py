"""A course on paper: takes the rows of one table as the house does, without a database or a clock."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sifang.law.conditions import derive, number
from sifang.law.procedure import Actor, Procedure, Set, Step


class Walk:
    """One proceeding: facts, state, and the steps taken. `case`: facts of the case and of the house."""

    def __init__(self, procedure: Procedure, **case: Any) -> None:
        self.procedure = procedure
        self.state = procedure.start
        self.facts: dict[str, Any] = {"type": "probation", **case}
        self.taken: list[str] = []

    def judged(self, **answers: Any) -> dict[str, Any]:
        """Return the facts as a row is judged: with the answers and what follows from them."""
        return derive(self.facts | answers, self.procedure.facts)

    def take(self, name: str, actor: Actor, on: date = date(2026, 11, 2), **answers: Any) -> Step:
        """Take a step; raises what the reader raises."""
        facts = self.judged(**answers)
        step = self.procedure.row(self.state, name, {actor}, facts, on)
        for one in step.sets:
            facts[one.key] = _left(one, facts, on)
        self.state = self.procedure.after(step, self.state)
        self.facts = facts
        self.taken.append(name)
        return step

    def open_rows(self) -> list[Step]:
        """Return the rows that anybody could take now."""
        facts = self.judged()
        return [step for step in self.procedure.rows_from(self.state) if step.is_open(facts)]

    def expected(self) -> set[str]:
        """Return the names of the steps that are expected now."""
        return {step.name for step in self.open_rows() if step.due and self.facts.get(step.due.since)}


def _left(one: Set, facts: dict[str, Any], on: date) -> Any:
    match one.how:
        case "is":
            return one.value
        case "day":
            return on.isoformat()
        case "now":
            return f"{on.isoformat()}T09:00:00+08:00"
        case "plus":
            return number(facts.get(one.key)) + number(one.value)
        case _:
            return facts.get(str(one.value))


def reachable(procedure: Procedure, rows: Iterable[Step]) -> set[str]:
    """Return the states that these rows reach, conditions left aside."""
    rows = list(rows)
    found, frontier = {procedure.start}, [procedure.start]
    while frontier:
        here = frontier.pop()
        for step in rows:
            if step.frm in (here, "*"):
                there = procedure.after(step, here)
                if there not in found:
                    found.add(there)
                    frontier.append(there)
    return found
