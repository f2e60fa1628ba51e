"""What holds for every table of hand-over, reception, the end and special groups (PROCEDURES B, H, I)."""

import re
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from sifang.law.check import problems
from sifang.law.conditions import Condition
from sifang.law.documents import TITLES
from sifang.law.procedure import ANY, SAME, Actor, Kind, Procedure, Step, copy
from sifang.law.procedures import NAMES, all_editions, edition, editions_of
from sifang.law.render import as_markdown, mark_of

OURS = ("handover", "intake", "exit_control", "team", "plan", "category", "held", "minor", "ending")
TABLES = [one for name in OURS for one in editions_of(name)]
tables = pytest.mark.parametrize("table", TABLES, ids=lambda one: one.name)


@tables
def test_a_lawyer_finds_no_problem(table: Procedure) -> None:
    assert list(problems(table)) == []


@tables
def test_each_open_state_has_a_way_on_that_a_person_owns(table: Procedure) -> None:
    for state in set(table.states) - table.final:
        owned = [step for step in table.rows_from(state) if step.kind is not Kind.CLOCK]
        assert owned, state
        leaving = [step for step in owned if table.after(step, state) != state]
        assert leaving or table.ends_with_case, state


@tables
def test_each_row_and_each_recipient_has_a_source_and_a_mark(table: Procedure) -> None:
    for step in table.steps:
        for article, given in ((step.article, step.mark), *((one.article, one.mark) for one in step.duties)):
            assert mark_of(article, given) in {"verified", "excerpt", "recalled", "reading", "local"}
            assert re.search(r"\d+条", article), step.name


@tables
def test_the_database_can_keep_each_row(table: Procedure) -> None:
    assert all(len(state) <= 20 for state in table.states)
    for step in table.steps:
        assert len(step.name) <= 40
        assert len(step.article) <= 60, step.article
        assert len(step.title) <= 80


@pytest.mark.parametrize("table", all_editions(), ids=lambda one: one.name)
def test_each_document_of_each_row_is_known(table: Procedure) -> None:
    for step in table.steps:
        assert set(step.documents) <= set(TITLES), (step.name, step.documents)
        assert {duty.document for duty in step.duties} <= {*TITLES, ""}, step.name


@pytest.mark.parametrize("table", all_editions(), ids=lambda one: one.name)
def test_what_a_row_opens_or_closes_is_a_procedure(table: Procedure) -> None:
    for step in table.steps:
        assert set(step.opens) <= set(NAMES), step.name
        assert set(step.closes) <= {*NAMES, ANY}, step.name
        for name in step.opens:
            edition(name, date(2026, 11, 24))


@tables
def test_no_answer_bears_the_name_of_a_fact_that_its_own_row_lacks(table: Procedure) -> None:
    """Answers are judged together with the facts: such a row could never be taken."""
    for step in table.steps:
        parts = step.given.parts if step.given else ()
        absent = {part.fact.key for part in parts if part.op in {"not", "ne"}}
        assert not absent & {ask.key for ask in step.asks}, step.name


@tables
def test_only_the_clock_is_late_and_never_blocks(table: Procedure) -> None:
    """No condition of an officer's row asks whether something came in time."""
    for step in table.steps:
        if step.kind is not Kind.CLOCK:
            keys = {part.fact.key for part in (step.given or Condition(())).parts}
            assert not {key for key in keys if key.endswith("_late") or key == "late"}, step.name


@tables
def test_each_alarm_of_the_clock_has_somebody_who_sees_it(table: Procedure) -> None:
    for step in table.steps:
        if step.kind is Kind.CLOCK and step.alarm:
            assert Actor.PROCURATORATE in {duty.to for duty in step.duties}, step.name


@tables
def test_the_page_shows_each_row_and_each_note(table: Procedure) -> None:
    page = as_markdown(table)
    assert page.count("\n| ") >= len(table.steps)
    assert all(step.title in page for step in table.steps)
    assert all(note in page for note in table.notes)
    assert table.notes


def test_no_row_of_these_tables_delegates_what_the_law_gives_the_county_alone() -> None:
    delegated = {(table.name, step.name) for table in TABLES for step in table.steps if step.delegable}
    alone = {
        "receive",
        "verify_identity",
        "release",
        "evaluate",
        "assign",
        "change",
        "withdraw",
        "file",
        "seal",
    }
    assert not {name for table, name in delegated if table != "team"} & alone


def test_types_are_gated_as_the_matrix_says() -> None:
    def types(name: str, step: str) -> set[str]:
        rows = [one for table in editions_of(name) for one in table.steps if one.name == step]
        return set().union(*(row.types for row in rows))

    assert types("ending", "revoke") == {"probation", "parole"}
    assert types("ending", "recall") == {"outside_prison"}
    assert types("ending", "discharge") == {"outside_prison"}
    assert types("intake", "report") == {"control", "probation", "parole"}
    assert types("intake", "transfer") == {"outside_prison"}
    assert types("intake", "parole_certificate") == {"parole"}
    assert types("intake", "hand_over_held") == {"control", "probation"}
    month = [
        step
        for table in editions_of("intake")
        for step in table.steps
        if step.name == "assess_month_delay" and "撤销" in step.help and "没有撤销" not in step.help
    ]
    assert {one for step in month for one in step.types} == {"probation", "parole"}


def test_the_check_finds_a_copy_and_a_first_day_that_nobody_gives() -> None:
    first, *rest = TABLES[0].steps
    bad = replace(first, sets=(*first.sets, copy("x", "nobody_gives_this")), not_before="nor_this")
    found = list(problems(replace(TABLES[0], steps=(bad, *rest))))
    assert any("nobody_gives_this" in one for one in found)
    assert any("nor_this" in one for one in found)


def test_no_duty_is_expected_twice() -> None:
    """Rows of one desk that need the same paper: only one of their names is expected at a time."""
    for table in TABLES:
        for one, other in combinations(table.steps, 2):
            if one.name != other.name and one.frm == other.frm and one.due and other.due and one.documents:
                assert one.documents != other.documents, (table.name, one.name, other.name)


def test_a_step_in_the_same_state_is_not_drawn() -> None:
    assert all(f": {step.title}" not in as_markdown(table) for table in TABLES for step in _only_same(table))


def _only_same(table: Procedure) -> list[Step]:
    leaving = {step.title for step in table.steps if step.to != SAME}
    return [step for step in table.steps if step.to == SAME and step.title not in leaving]
