"""The table of expectations beside the oracle: what differs, in words. Empty is the only good answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sifang.cases.clock import reconcile
from sifang.cases.models import Act, Case, Expectation
from sifang.cases.sync import runs_of
from sifang.law.procedures import edition
from sifang.people.access import system
from tests.courses.oracle import Oracle
from tests.courses.simulate import Course, plain_acts, plain_runs
from tests.courses.world import as_role


def oracle_of(course: Course) -> Oracle:
    """What the oracle makes of a course's plain records."""
    assert course.case_id is not None
    with as_role("jobs"), system("reconcile", continues=True):
        return Oracle.of(course.facts.plain(), plain_runs(course.case_id), plain_acts(course.case_id))


def table_of(case_id: UUID) -> list[Expectation]:
    """The expectations that the procedures of a case opened."""
    with as_role("jobs"), system("reconcile", continues=True):
        return list(Expectation.objects.filter(case_id=case_id, subject_kind="proceeding"))


def key_of(row: Expectation) -> tuple[str, str, datetime, str]:
    return str(row.proceeding_id), row.kind, row.due_at, row.due_kind


def differences(course: Course) -> list[str]:
    """Let the clock catch up with the last act; say where table, reconciler, clock, oracle do not agree."""
    assert course.case_id is not None
    course.run_clock()
    oracle, rows = oracle_of(course), table_of(course.case_id)
    there = {key_of(row) for row in rows if row.closed_at is None}
    found = [f"missing {show(key)}" for key in oracle.open - there]
    found += [f"too much {show(key)}" for key in there - oracle.open]
    found += _closed(oracle, rows)
    found += [
        f"clock sleeps {show((run, step, when, 'clock'))}"
        for run, step, when in oracle.moments()
        if when <= course.clock.at
    ]
    with as_role("jobs"):
        told = reconcile(course.clock.at, cases=[course.case_id])
    found += [f"reconciler misses {one[1]}" for one in told.missing]
    found += [f"reconciler sees too much {one[1]}" for one in told.unfounded]
    return found


def _closed(oracle: Oracle, rows: list[Expectation]) -> list[str]:
    """Each closed row was closed by the act that the oracle names, and none is missing.

    A new start of the same clock that ends at the same instant (after a holiday) closes nothing.
    """
    by: dict[Any, list[str]] = {}
    begun: dict[Any, set[UUID]] = {}
    for row in rows:
        begun.setdefault((key_of(row), row.opened_at), set()).add(row.id)
    for row in rows:
        if row.closed_at is not None and not begun.get((key_of(row), row.closed_at), set()) - {row.id}:
            by.setdefault(key_of(row), []).append(str(row.closed_by))
    return [
        f"closed by {by.get(key)}, oracle {oracle.closed.get(key)} {show(key)}"
        for key in by.keys() | oracle.closed.keys()
        if sorted(by.get(key, [])) != sorted(oracle.closed.get(key, []))
    ]


def unlawful(course: Course) -> list[str]:
    """Say where somebody is away without a decision, is supervised after the end, or is stuck."""
    found = []
    with as_role("jobs"), system("reconcile", continues=True):
        case = Case.objects.select_related("order__decided_by", "person__office").get(id=course.case_id)
        acts = list(Act.objects.filter(case=case))
        runs = runs_of(case, course.today)
    decided = {act.proceeding_id for act in acts if (act.procedure, act.step) == ("leave", "approve")}
    end = course.facts.term_end
    for key, (one, run) in runs.items():
        if one.procedure == "leave" and one.state in {"granted", "overdue", "closed"} and key not in decided:
            found.append(f"away without a decision: {key}")
        if run.is_closed:
            continue
        rows = [row for row in run.procedure.rows_from(run.state) if row.is_for(run.facts)]
        if not any(row.to != run.state for row in rows) and not run.procedure.ends_with_case:
            found.append(f"no exit: {one.procedure} {one.state}")
        if course.today > end and course.clocks and not run.procedure.outlives and case.order.received_on:
            found.append(f"supervised after the end: {one.procedure} {one.state}")
    found += [
        f"burden after the end: {act.procedure}.{act.step}"
        for act in acts
        if act.day > end and edition(act.procedure, act.day).steps[act.row].burden
    ]
    return found


def show(key: Any) -> str:
    run, step, when, kind = key
    return f"{step} until {when.isoformat()} ({kind}, run {run[-6:]})"
