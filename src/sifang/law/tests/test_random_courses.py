"""Random courses through the tables: conditions and facts together never leave anybody stuck."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sifang.law.conditions import Fact
from sifang.law.procedure import TYPE_WORDS, Ask, Kind, Procedure, Step
from sifang.law.procedures import editions_of
from sifang.law.tests.test_tables_cd import TABLES
from sifang.law.tests.walk import Walk

COURSES, LONGEST, ROADS = 150, 25, 40
FIRST = date(2026, 11, 2)
RUNNING = [table for table in TABLES if table.ends_with_case]
ENDING = [table for table in TABLES if not table.ends_with_case]


def answer(ask: Ask, dice: random.Random) -> Any:
    match ask.kind:
        case "choice":
            return dice.choice(ask.choices)[0]
        case "number":
            return dice.randint(1, 6)
        case "yesno":
            return dice.random() < 0.5
        case "date":
            return (FIRST + timedelta(dice.randint(0, 40))).isoformat()
        case _:
            return "…"


def begun(table: Procedure, dice: random.Random) -> Walk:
    case = {
        "type": dice.choice(list(TYPE_WORDS)),
        "approved_by": dice.choice(["court", "prison", "police"]),
        **{
            key: dice.random() < 0.5 for key in ("minor", "medical", "pregnant_or_nursing", "delegated_leave")
        },
        "has_prohibition": True,
        "proven": True,
        "opened_on": FIRST.isoformat(),
        "window_days": dice.choice([1, 20, 31]),
    }
    if table.name == "prohibition":
        case["type"] = dice.choice(["control", "probation"])
    if table.name == "medical":
        case["type"] = "outside_prison"
    return Walk(table, **case)


def open_now(walk: Walk, answers: dict[str, dict[str, Any]]) -> list[Step]:
    """Rows that are open with the answers given."""
    return [
        step
        for step in walk.procedure.rows_from(walk.state)
        if step.kind is not Kind.CORRECT and step.is_open(walk.judged(**answers.get(step.name, {})))
    ]


def go_on(walk: Walk, dice: random.Random, *, people_only: bool = False, inside: bool = False) -> bool:
    """Take one open row at random; False when there is none. `inside`: none that ends the course."""
    answers = {
        step.name: {ask.key: answer(ask, dice) for ask in step.asks}
        for step in walk.procedure.rows_from(walk.state)
    }
    rows = [one for one in open_now(walk, answers) if not people_only or one.kind is not Kind.CLOCK]
    if inside:
        rows = [one for one in rows if one.to not in walk.procedure.final]
    if not rows:
        return False
    step = dice.choice(rows)
    walk.take(step.name, step.actor, FIRST, **answers[step.name])
    return True


def ends(walk: Walk, dice: random.Random) -> bool:
    """Whether people alone can bring this course to an end."""
    for _ in range(ROADS):
        road = Walk(walk.procedure, **walk.facts)
        road.state = walk.state
        for _ in range(LONGEST * 2):
            if road.state in road.procedure.final:
                return True
            if not go_on(road, dice, people_only=True):
                break
    return False


@pytest.mark.parametrize("table", ENDING, ids=lambda one: one.name)
def test_from_wherever_chance_leads_people_can_reach_an_end(table: Procedure) -> None:
    dice = random.Random(table.name)
    seen = {table.start}
    for _ in range(COURSES):
        walk = begun(table, dice)
        for _ in range(dice.randint(1, LONGEST)):
            if not go_on(walk, dice, inside=True):
                break
            seen.add(walk.state)
        assert ends(walk, dice), (walk.state, walk.taken, walk.facts)
    assert seen == set(table.states) - table.final


@pytest.mark.parametrize("table", RUNNING, ids=lambda one: one.name)
def test_what_runs_to_the_end_of_the_term_never_forgets_the_next_report(table: Procedure) -> None:
    dice = random.Random(table.name)
    wanted = {"report": {"file", "excuse"}, "medical": {"report_health"}, "education": set()}[table.name]
    for _ in range(COURSES):
        walk = begun(table, dice)
        for _ in range(LONGEST):
            assert go_on(walk, dice)
            assert not wanted or walk.expected() & wanted, (walk.state, walk.taken)


def test_the_dice_see_a_condition_that_nobody_can_meet() -> None:
    (table,) = editions_of("frequent")
    never = Fact("never", "谁也不给的事实").known()
    exits = {"approve", "refuse", "withdraw"}
    locked = replace(
        table, steps=tuple(replace(one, given=never) if one.name in exits else one for one in table.steps)
    )
    for one, finds_an_end in ((table, True), (locked, False)):
        walk = Walk(one)
        walk.state = "applied"
        assert ends(walk, random.Random(1)) is finds_an_end
