"""Keep the table of expectations equal to what the acts say (DESIGN § 6)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sifang.cases.actors import desk_of
from sifang.cases.calendars import calendar
from sifang.cases.events import ExpectationFulfilled, ExpectationOpened
from sifang.cases.expected import Expected, Run, clock_rows, complete, expected_of
from sifang.cases.facts import case_facts
from sifang.cases.models import Case, Dispatch, DispatchState, Expectation, Proceeding
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition

AGAIN = "#"
RECEIPT_WITHIN = timedelta(hours=48)  # 内部目标


def runs_of(case: Case, day: date | None = None) -> dict[UUID, tuple[Proceeding, Run]]:
    """Return the proceedings of a case with their tables of a day, and the facts that lie outside them."""
    begun = case.proceedings.select_related("other_agency").order_by("started_at", "id")
    return runs_among(case, begun, day or legal_day(utc_now()))


def runs_among(case: Case, begun: Iterable[Proceeding], on: date) -> dict[UUID, tuple[Proceeding, Run]]:
    """Return the same of proceedings at hand, oldest first."""
    found = {}
    latest: dict[str, Run] = {}
    for one in begun:
        run = Run(
            str(one.id),
            edition(one.procedure, on),
            one.state,
            one.facts,
            one.closed_at is not None,
        )
        found[one.id] = (one, run)
        latest[one.procedure] = run
    about = case_facts(case)
    return {key: (one, complete(run, about, latest)) for key, (one, run) in found.items()}


def wanted(runs: dict[UUID, tuple[Proceeding, Run]]) -> Iterable[tuple[Proceeding, Expected]]:
    """Yield what is expected in these proceedings as they stand."""
    days = calendar()
    for one, run in runs.values():
        for expected in expected_of(run, days):
            yield one, expected


def sync(case: Case, *, by: UUID, at: datetime) -> None:
    """Open what is expected from now on and close what the act `by` did away with; set the clock's alarm."""
    runs = runs_of(case, legal_day(at))
    now = {one.key: (proceeding, one) for proceeding, one in wanted(runs)}
    there = {
        (str(row.subject_id), row.kind, base_of(row.occasion)): row
        for row in Expectation.objects.filter(case=case, subject_kind="proceeding", closed_at=None)
    }
    for key in there.keys() - now.keys():
        _close(there[key], by, at)
    for key in now.keys() - there.keys():
        _open(case, *now[key], at=at)
    for key in now.keys() & there.keys():
        _hand_over(case, there[key], *now[key])
    case.wake_at = next_wake(runs)
    Case.objects.filter(id=case.id).update(wake_at=case.wake_at)


def base_of(occasion: str) -> str:
    """Return the occasion without the number of its repetition."""
    return occasion.partition(AGAIN)[0]


def next_wake(runs: dict[UUID, tuple[Proceeding, Run]]) -> datetime | None:
    """Return the next instant at which the clock has something to do in these proceedings."""
    days = calendar()
    return min((when for _, run in runs.values() for when, _ in clock_rows(run, days)), default=None)


def expect_first(case: Case, begun: Iterable[Proceeding], *, at: datetime) -> list[Expectation]:
    """Return, unsaved, what these proceedings expect as they begin; set the case's alarm (unsaved too).

    For many cases at once, none of which has had an expectation; `sync` is for all others.
    """
    runs = runs_among(case, begun, legal_day(at))
    case.wake_at = next_wake(runs)
    return [Expectation(**_fields(case, proceeding, one, at=at)) for proceeding, one in wanted(runs)]


def _open(case: Case, proceeding: Proceeding, one: Expected, *, at: datetime) -> None:
    fields = _fields(case, proceeding, one, at=at)
    before = Expectation.objects.filter(
        kind=fields["kind"],
        subject_kind="proceeding",
        subject_id=proceeding.id,
        occasion__startswith=one.occasion,
    ).count()  # expected once already, done, and now again from the same day on
    if before:
        fields["occasion"] = f"{one.occasion}{AGAIN}{before + 1}"
    row = Expectation.objects.create(**fields)
    publish(ExpectationOpened(expectation=row.id, kind=row.kind))


def _fields(case: Case, proceeding: Proceeding, one: Expected, *, at: datetime) -> dict[str, Any]:
    return {
        "kind": f"{one.procedure}.{one.step}",
        "subject_kind": "proceeding",
        "subject_id": proceeding.id,
        "occasion": one.occasion,
        "case": case,
        "proceeding": proceeding,
        "owner": desk_of(one.actor, case, proceeding),
        "actor": one.actor.value,
        "title": one.title,
        "due_at": one.moment.ends_at,
        "due_kind": one.moment.kind,
        "article": one.article,
        "mark": one.mark,
        "counted": one.moment.counted,
        "opened_at": at,
    }


def _hand_over(case: Case, row: Expectation, proceeding: Proceeding, one: Expected) -> None:
    """What was expected of the old agency is expected of the one that is responsible now (办法31条)."""
    owner = desk_of(one.actor, case, proceeding)
    if owner.id != row.owner_id:
        row.owner = owner
        row.save(update_fields=["owner"])


def _close(row: Expectation, by: UUID, at: datetime) -> None:
    row.closed_at, row.closed_by = max(at, row.opened_at), by
    row.save(update_fields=["closed_at", "closed_by"])
    publish(ExpectationFulfilled(expectation=row.id, kind=row.kind, by=by))


def expect_receipt(sent: Dispatch, case: Case) -> None:
    """Expect the recipient's receipt (a target), or that an awaited copy is sent."""
    awaited = sent.state == DispatchState.EXPECTED
    owner = sent.to_agency or case.person.office or case.person.county_agency
    due_at = sent.due_at if awaited else (sent.sent_at or sent.created_at) + RECEIPT_WITHIN
    Expectation.objects.create(
        kind="copy" if awaited else "receipt",
        case=case,
        owner=(sent.from_agency or owner) if awaited else owner,
        actor=sent.to_actor,
        title=sent.title,
        subject_kind="dispatch",
        subject_id=sent.id,
        due_at=due_at,
        due_kind=(sent.due_kind or "target") if awaited else "target",
        article=sent.article,
        mark=sent.mark,
        counted="" if awaited else "内部目标：48 小时内签收",
        opened_at=sent.sent_at or sent.created_at,
    )


def close_receipt(sent: Dispatch) -> None:
    """Close what was expected of this dispatch, by its receipt."""
    for row in Expectation.objects.filter(subject_kind="dispatch", subject_id=sent.id, closed_at=None):
        _close(row, sent.id, sent.answered_at or utc_now())


__all__ = ["close_receipt", "expect_receipt", "next_wake", "runs_of", "sync", "wanted"]
