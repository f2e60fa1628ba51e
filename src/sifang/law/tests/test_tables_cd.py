"""What holds for every table of daily supervision, help and positioning (PROCEDURES C and D)."""

import re

import pytest

from sifang.law.check import problems
from sifang.law.conditions import Condition
from sifang.law.documents import TITLES
from sifang.law.procedure import TYPE_WORDS, Actor, Kind, Procedure, Step
from sifang.law.procedures import all_editions, editions_of
from sifang.law.rules import rule
from sifang.law.tests.walk import reachable

NAMES = (
    "report", "medical", "check", "contact", "visitor", "prohibition", "stop_breach", "leave", "frequent",
    "move", "education", "need", "activity", "positioning",
)  # fmt: skip
TABLES = [one for name in NAMES for one in editions_of(name)]
MATTERS = {"leave", "daily", "announce", "plan", "team", "visit", "help"}
REFUSALS = ("refuse", "decline", "cannot", "settle_against", "explain_unmet")

tables = pytest.mark.parametrize("table", TABLES, ids=lambda one: one.name)


def rows() -> list[tuple[Procedure, Step]]:
    return [(table, step) for table in TABLES for step in table.steps]


@tables
def test_a_lawyer_finds_no_problem(table: Procedure) -> None:
    assert list(problems(table)) == []


@tables
def test_each_refusal_and_each_decided_burden_has_reasons_and_remedy(table: Procedure) -> None:
    for step in table.steps:
        refuses = step.name.startswith(REFUSALS) and step.actor not in (Actor.PERSON, Actor.CLOCK)
        told = any(duty.to is Actor.PERSON for duty in step.duties)
        if refuses or (step.burden and told):
            assert step.reasons, step.name
            assert step.remedy, step.name


@tables
def test_each_open_state_has_a_way_to_an_end(table: Procedure) -> None:
    if table.ends_with_case:
        return
    for state in table.states:
        found, frontier = {state}, [state]
        while frontier:
            here = frontier.pop()
            for step in table.rows_from(here):
                there = table.after(step, here)
                if there not in found:
                    found.add(there)
                    frontier.append(there)
        assert found & table.final, state


@tables
def test_nobody_waits_for_the_clock_alone(table: Procedure) -> None:
    """In each open state somebody has a row: no case hangs on a machine only."""
    for state in table.states:
        if state not in table.final:
            assert any(step.kind is not Kind.CLOCK for step in table.rows_from(state)), state


@tables
def test_what_the_rows_name_exists(table: Procedure) -> None:
    for step in table.steps:
        assert set(step.documents) <= set(TITLES), step.name
        assert {duty.document for duty in step.duties} <= {*TITLES, ""}, step.name
        assert step.delegable in {"", *MATTERS}, step.name
        assert len(step.article) <= 60, step.name
        assert len(step.name) <= 40, step.name
        for due in (step.due, *(duty.due for duty in step.duties)):
            if due is not None and due.rule:
                rule(due.rule)
    assert all(len(state) <= 20 for state in table.states)


@tables
def test_words_for_people_are_chinese(table: Procedure) -> None:
    words = [table.title, *table.states.values(), *table.notes]
    words += [text for step in table.steps for text in (step.title, *(ask.words for ask in step.asks))]
    for text in words:
        assert re.search(r"[\u4e00-\u9fff]", text), text


def test_a_target_is_never_dressed_as_law() -> None:
    for table, step in rows():
        for due in (step.due, *(duty.due for duty in step.duties)):
            if due is not None and due.is_target:
                assert due.mark in {"local", "reading", "recalled"}, (table.name, step.name)


def test_only_the_county_says_no_to_contact_visits_and_entry() -> None:
    for name in ("contact", "visitor", "prohibition", "frequent"):
        (table,) = editions_of(name)
        for step in table.steps:
            if step.name in {"approve", "refuse"}:
                assert step.actor is Actor.COUNTY
                assert not step.delegable


def test_nobody_but_the_county_penalises_or_establishes() -> None:
    for table, step in rows():
        if step.name in {"establish", "confirm_missed"}:
            assert step.actor is Actor.COUNTY
            assert not step.delegable, table.name


def test_no_row_of_these_tables_is_a_penalty() -> None:
    """训诫, 警告, proposals belong to tables of their own; here facts are found."""
    for _, step in rows():
        assert not re.search(r"^(给予)?(训诫|警告)|^提请", step.title)


def test_the_check_of_refusals_sees_what_it_is_for() -> None:
    (table,) = editions_of("contact")
    refusals = [step for step in table.steps if step.name.startswith(REFUSALS)]
    assert refusals
    assert reachable(table, table.steps) == set(table.states)


def test_a_person_may_always_take_back_an_application() -> None:
    for name in ("contact", "visitor", "prohibition", "leave", "frequent", "move"):
        (table,) = editions_of(name)
        assert any(
            step.name == "withdraw" and step.frm == "applied" and step.actor is Actor.PERSON
            for step in table.steps
        ), name


def test_what_runs_once_for_each_matter_is_not_opened_in_advance() -> None:
    """An application, a check, a breach begins with itself: nothing empty lies about in the case."""
    many = {table.name for table in all_editions() if table.many}
    for table in all_editions():
        for step in table.steps:
            assert not many & set(step.opens), (table.name, step.name)


def test_what_runs_by_itself_is_opened_at_reception() -> None:
    opened = {name for table in all_editions() for step in table.steps for name in step.opens}
    assert {"report", "medical", "education"} <= opened
    (medical,), (prohibition,) = editions_of("medical"), editions_of("prohibition")
    assert [kind for kind in TYPE_WORDS if medical.is_for({"type": kind})] == ["outside_prison"]
    assert prohibition.is_for({"has_prohibition": True})
    assert not prohibition.is_for({})


def test_conditions_and_words_come_from_one_value() -> None:
    for _, step in rows():
        if isinstance(step.given, Condition) and step.given.parts:
            assert str(step.given)


CASE_FACTS = {
    "type", "minor", "woman", "medical", "pregnant_or_nursing", "approved_by", "effective_on", "document_on",
    "term_start", "term_end", "received_on", "decided_elsewhere", "has_prohibition", "prohibition_until",
    "papers_pending", "held", "juvenile_sealable",
}  # fmt: skip


@tables
def test_nobody_types_what_the_house_knows(table: Procedure) -> None:
    """Facts of the case and computed facts are never an answer or an effect of a row (E9 in small)."""
    given = CASE_FACTS | {fact.key for fact in table.facts if fact.source}
    written = {ask.key for step in table.steps for ask in step.asks}
    written |= {one.key for step in table.steps for one in step.sets}
    assert not given & written


@tables
def test_no_row_forbids_what_it_asks(table: Procedure) -> None:
    """Answers are judged with the facts: a row that needs a fact to be missing cannot ask for it."""
    for step in table.steps:
        asked = {ask.key for ask in step.asks}
        assert len(asked) == len(step.asks), step.name
        missing = {part.fact.key for part in step.given.parts if part.op == "not"} if step.given else set()
        assert not asked & missing, step.name
