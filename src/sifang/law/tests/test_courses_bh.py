"""Random courses through the tables B, H, I: nobody is stuck, each course can still come to its end."""

from collections import deque
from random import Random
from typing import Any

import pytest

from sifang.law.procedure import Kind, Procedure, Step
from sifang.law.procedures import editions_of
from sifang.law.tests.walk import Walk

TABLES = [
    one
    for name in ("handover", "intake", "exit_control", "team", "plan", "category", "held", "minor", "ending")
    for one in editions_of(name)
]
COURSES = 200
LONG = 12
DEPTH = 5


def case(chance: Random) -> dict[str, Any]:
    """Facts of a case and of the house, as they may stand."""
    kind = chance.choice(("control", "probation", "parole", "outside_prison"))
    kinds = ("released", "expired", "pardoned", "died", "revoked", "recalled")
    ended = {"ended_on": "2026-11-01", "end_kind": chance.choice(kinds)} if chance.random() < 0.5 else {}
    approved = chance.choice(("prison", "police", "court")) if kind == "outside_prison" else "court"
    return {
        "type": kind, "approved_by": approved, "minor": chance.random() < 0.5, "woman": chance.random() < 0.5,
        "woman_in_team": True, "versed_in_minors": True, "juvenile_sealable": chance.random() < 0.5,
        "decided_elsewhere": chance.random() < 0.5, "exit_exempt": chance.random() < 0.5,
        "late_days": chance.choice((0, 3, 15, 50)), "late_over_month": chance.random() < 0.3,
        "papers": chance.choice(("", "complete", "incomplete")), "effective_on": "2026-10-01",
        "opened_on": "2026-10-05", "term_end": "2026-11-01", "category_changed_on": "2026-11-20", **ended,
    }  # fmt: skip


def outside(table: Procedure, facts: dict[str, Any]) -> dict[str, Any]:
    """Only what the table names: of other proceedings it sees no more."""
    known = {fact.key for fact in table.facts} | {"type"}
    own = {one.key for step in table.steps for one in step.sets} | {"effective_on", "opened_on"}
    return {key: value for key, value in facts.items() if key in known or (key in own and key != "papers")}


def answers(step: Step, chance: Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ask in step.asks:
        match ask.kind:
            case "choice":
                found[ask.key] = chance.choice([value for value, _ in ask.choices])
            case "date":
                found[ask.key] = "2026-11-02"
            case "yesno":
                found[ask.key] = chance.random() < 0.5
            case _:
                found[ask.key] = "x"
    return found


def may(walk: Walk) -> list[Step]:
    return sorted(set(walk.open_rows()), key=walk.procedure.index_of)


def copied(walk: Walk) -> Walk:
    other = Walk(walk.procedure)
    other.state, other.facts = walk.state, dict(walk.facts)
    return other


def can_end(walk: Walk) -> bool:
    """Whether officers and persons alone, without the clock, can still bring it to an end."""
    queue = deque([(walk, 0)])
    seen = set()
    while queue:
        here, depth = queue.popleft()
        if here.state in here.procedure.final:
            return True
        key = (here.state, str(sorted(here.facts.items(), key=str)))
        if depth < DEPTH and key not in seen:
            seen.add(key)
            for step in may(here):
                if step.kind is not Kind.CLOCK:
                    then = copied(here)
                    then.take(step.name, step.actor, **answers(step, Random(1)))
                    queue.append((then, depth + 1))
    return False


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.name)
def test_at_each_point_of_a_random_course_somebody_can_go_on(table: Procedure) -> None:
    chance = Random(7)
    for _ in range(COURSES):
        walk = Walk(table, **outside(table, case(chance)))
        if not table.is_for(walk.facts):
            continue
        for _ in range(chance.randrange(LONG)):
            rows = may(walk)
            if not rows:
                break
            step = chance.choice(rows)
            walk.take(step.name, step.actor, **answers(step, chance))
            if walk.state in table.final:
                break
        if walk.state in table.final or (table.ends_with_case and not walk.expected()):
            continue
        if table.ends_with_case:
            assert any(step.kind is not Kind.CLOCK for step in may(walk)), (walk.state, walk.taken)
        elif table.name == "minor":
            walk.facts["ended_on"] = "2026-11-01"
            assert can_end(walk), (walk.state, walk.taken)
        else:
            assert can_end(walk), (walk.state, walk.taken, walk.facts)
