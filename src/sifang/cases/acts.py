"""The way of an act: one row of one edition, judged on facts, written with all it causes, all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from sifang.cases import facts as known_facts
from sifang.cases.actors import WRITTEN_DOWN, actors_of, may_write_down, with_delegation
from sifang.cases.answers import read_answers
from sifang.cases.calendars import calendar
from sifang.cases.documents.issue import issue_all
from sifang.cases.errors import CourseEnded, NotFromFuture, ReasonsMissing
from sifang.cases.events import ActDone
from sifang.cases.lawful import lawfully
from sifang.cases.models import Act, Case, Proceeding
from sifang.cases.outbox import write_dispatches
from sifang.cases.sync import sync
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import SHANGHAI, legal_day, utc_now
from sifang.law.conditions import derive
from sifang.law.procedure import Actor, Procedure, Set, Step, opened_by
from sifang.law.procedures import edition
from sifang.law.render import mark_of
from sifang.ledger.services import record
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer

PURPOSES = {
    "handover": Purpose.RECEPTION,
    "intake": Purpose.RECEPTION,
    "positioning": Purpose.MEASURE,
}


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do: the step of a procedure with the answers of its form.

    `proceeding`: which one; None begins a new one (or takes the only one that runs). `at`: when it was done,
    aware, not ahead of now; None is now.
    """

    procedure: str
    step: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    reasons: str = ""
    remedy: str = ""
    proceeding: UUID | None = None
    at: datetime | None = None
    corrects: UUID | None = None


def purpose_of(procedure: str, officer: Officer) -> Purpose:
    """Return the purpose under which an act of this procedure sees the person."""
    if officer.person_id is not None:
        return Purpose.OWN
    return PURPOSES.get(procedure, Purpose.DAILY)


def take(officer: Officer, case_id: UUID, wish: Wish) -> Act:
    """Take one step of a procedure as this officer; return its decision record.

    Raises NotFound for outsiders, BeyondPower naming the owner of the power, NoSuchStep, NotForType,
    NotGiven, TooEarly, BadAnswers, ReasonsMissing, CourseEnded, NotFromFuture. Nothing is half-written.
    """
    with acting(officer, purpose_of(wish.procedure, officer)), lawfully():
        case = locked(case_id)
        return perform(officer, case, wish)


COURSES = 7_104  # the class of advisory locks that belongs to cases
WHOLE = ("person__county_agency__parent", "person__office", "order__decided_by", "order__person")


def locked(case_id: UUID) -> Case:
    """Return the case, with its acts one after the other until this transaction ends. Raises NotFound.

    Not by a lock on its row: who sees a case merely by a share (a court, the new county) or as the own file
    may not change that row, and PostgreSQL hides from FOR UPDATE what one may not update.
    """
    if not Case.objects.filter(id=case_id).exists():
        raise NotFound
    lock_course(case_id)
    return reread(case_id)


def lock_course(case_id: UUID, *, wait: bool = True) -> bool:
    """Let nobody else act in this case until the transaction ends; return whether it was to be had."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({COURSES}, hashtext(%s))", [str(case_id)])
        return wait or bool(cursor.fetchone()[0])


def reread(case_id: UUID) -> Case:
    """Return the case as the act left it: another county, another office, an order received or ended."""
    return Case.objects.select_related(*WHOLE).get(id=case_id)


def perform(officer: Officer | None, case: Case, wish: Wish) -> Act:
    """Take a step inside a transaction that already sees and locked the case; `officer` None: the clock."""
    at = wish.at or utc_now()
    if at > utc_now():
        raise NotFromFuture
    day = legal_day(at)
    procedure = edition(wish.procedure, day)
    proceeding = _proceeding(case, procedure, wish)
    state = proceeding.state if proceeding else procedure.start
    if case.closed_at is not None and not procedure.outlives:
        raise CourseEnded
    before = known_facts.judged(procedure, case, proceeding, {}, day)
    actors = actors_of(officer, case, proceeding) if officer else frozenset({Actor.CLOCK})
    asked = _form(procedure, state, wish.step, actors, before)
    answers = read_answers(asked, wish.answers, before, case.id) if asked else {}
    preset = applied(presets(asked), before | answers, at) if asked else {}
    judged = known_facts.judged(procedure, case, proceeding, {**preset, **answers}, day)
    row, recorded = choose(procedure, state, wish.step, actors, judged, case, day)
    _need_reasons(row, wish)
    with transaction.atomic():
        if proceeding is None:
            proceeding = begin(case, procedure, {}, at=at)
        act = _write(officer, case, proceeding, procedure, row, wish, judged, answers, at, recorded=recorded)
        _causes(act, case, proceeding, row)
    return act


def _proceeding(case: Case, procedure: Procedure, wish: Wish) -> Proceeding | None:
    running = case.proceedings.select_related("other_agency").filter(procedure=procedure.name)
    if wish.proceeding is not None:
        found = running.filter(id=wish.proceeding).first()
        if found is None:
            raise NotFound
        return found
    if procedure.many:
        return None
    return running.filter(closed_at=None).order_by("-started_at").first() or (
        running.order_by("-started_at").first() if procedure.name not in RENEWABLE else None
    )


RENEWABLE = {"positioning", "move", "held"}  # a new one may begin once the last has ended


def _form(
    procedure: Procedure, state: str, name: str, actors: frozenset[Actor], facts: Mapping[str, Any]
) -> Step | None:
    """The row whose form is read: one that these actors own, open if possible; rows of a name ask alike."""
    rows = [step for step in procedure.rows_from(state) if step.name == name]
    mine = [step for step in rows if step.actor in actors] or rows
    return next((step for step in mine if step.is_open(facts)), mine[0] if mine else None)


def presets(step: Step) -> tuple[Set, ...]:
    """What a row's own condition may ask of what the row itself says (the ground that it claims)."""
    keys = {part.fact.key for part in step.given.parts} if step.given else set()
    return tuple(one for one in step.sets if one.how == "is" and one.key == "ground" and one.key not in keys)


def choose(  # noqa: PLR0917 (the question has so many sides)
    procedure: Procedure,
    state: str,
    name: str,
    actors: frozenset[Actor],
    facts: Mapping[str, Any],
    case: Case,
    day: Any,
) -> tuple[Step, bool]:
    """Return the row and whether an officer only writes down what the person did. Raises as `take`."""
    try:
        return procedure.row(state, name, actors, facts, day), False
    except BeyondPower:
        for step in procedure.rows_from(state):
            if step.name == name and step.is_open(facts):
                if step.actor in with_delegation(actors, step, case, day):
                    return procedure.row(state, name, frozenset({step.actor}), facts, day), False
                if step.actor in WRITTEN_DOWN and may_write_down(actors):
                    return procedure.row(state, name, frozenset({step.actor}), facts, day), True
        raise


def _need_reasons(row: Step, wish: Wish) -> None:
    if row.reasons and not wish.reasons.strip():
        raise ReasonsMissing(step=row.title, article=row.article)


def begin(
    case: Case, procedure: Procedure, facts: Mapping[str, Any], *, at: datetime, by: Act | None = None
) -> Proceeding:
    """Begin a proceeding in its start state."""
    return Proceeding.objects.create(
        case=case,
        procedure=procedure.name,
        state=procedure.start,
        facts=dict(facts),
        opening=dict(facts),
        opened_by=by,
        outlives=procedure.outlives,
        started_at=at,
    )


def _write(  # noqa: PLR0917 (a decision record has so many sides)
    officer: Officer | None,
    case: Case,
    proceeding: Proceeding,
    procedure: Procedure,
    row: Step,
    wish: Wish,
    judged: Mapping[str, Any],
    answers: Mapping[str, Any],
    at: datetime,
    *,
    recorded: bool,
) -> Act:
    after = facts_after(procedure, proceeding, row, judged, answers, at)
    act = Act.objects.create(
        case=case,
        proceeding=proceeding,
        procedure=procedure.name,
        step=row.name,
        row=procedure.index_of(row),
        edition=procedure.edition,
        edition_digest=procedure.digest(),
        title=row.title,
        article=row.article,
        mark=mark_of(row.article, row.mark),
        actor=row.actor.value,
        officer=officer,
        agency_id=officer.agency_id if officer else None,
        recorded_for=recorded,
        at=at,
        day=legal_day(at),
        state_before=proceeding.state,
        state_after=procedure.after(row, proceeding.state),
        facts=dict(judged),
        answers=dict(answers),
        after=after,
        reasons=wish.reasons.strip(),
        remedy=(wish.remedy.strip() or row.remedy),
        calendar_digest=calendar().digest,
        corrects_id=wish.corrects,
    )
    if "new_agency" in answers and proceeding.other_agency_id is None:
        proceeding.other_agency_id = UUID(answers["new_agency"])
        Proceeding.objects.filter(id=proceeding.id).update(other_agency=proceeding.other_agency_id)
    other = proceeding.other_agency_id
    proceeding.refresh_from_db()
    proceeding.other_agency_id = other
    record(
        "act",
        {
            "act": str(act.id),
            "case": str(case.id),
            "procedure": act.procedure,
            "edition": act.edition.isoformat(),
            "digest": act.edition_digest,
            "step": act.step,
            "row": act.row,
            "by": str(officer.id) if officer else "clock",
            "at": at.isoformat(),
            "from": act.state_before,
            "to": act.state_after,
        },
    )
    return act


def facts_after(  # noqa: PLR0917
    procedure: Procedure,
    proceeding: Proceeding,
    row: Step,
    judged: Mapping[str, Any],
    answers: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    """The facts of the proceeding afterwards: what it knew, the answers, what the row sets, what follows."""
    after = dict(proceeding.facts) | dict(answers)
    after |= {
        fact.key: judged[fact.key] for fact in procedure.facts if _is_kept(fact.source, fact.key, judged)
    }
    after |= applied(row.sets, {**judged, **after}, at)
    return derive(after, tuple(fact for fact in procedure.facts if fact.source != "case"))


def _is_kept(source: str, key: str, judged: Mapping[str, Any]) -> bool:
    return key in judged and source.startswith(("days:", "cap:", "months:", "ask:"))


def applied(sets: tuple[Set, ...], facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in sets:
        match one.how:
            case "is":
                found[one.key] = one.value
            case "day":
                found[one.key] = legal_day(at).isoformat()
            case "now":
                found[one.key] = at.astimezone(SHANGHAI).isoformat()
            case "plus":
                found[one.key] = int(facts.get(one.key) or 0) + int(one.value)
            case _:
                found[one.key] = facts.get(str(one.value))
    return found


def _causes(act: Act, case: Case, proceeding: Proceeding, row: Step) -> None:
    """What an act brings about in its own transaction: proceedings, papers, recipients, expectations."""
    day = act.day
    for opened in opened_by(row, act.facts, lambda name: edition(name, day)):
        if opened.many or not case.proceedings.filter(procedure=opened.name, closed_at=None).exists():
            begin(case, opened, handed_on(opened, act.after, act.day), at=act.at, by=act)
    issue_all(act, row)  # with the agencies as they stood when it was decided, as the recipients
    write_dispatches(act, case, proceeding, row)
    publish(ActDone(act=act.id, case=case.id, procedure=act.procedure, step=act.step))
    sync(reread(case.id), by=act.id, at=act.at)


def handed_on(opened: Procedure, after: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return the opener's facts that the new table names, and the day on which it was opened."""
    facts = {key: after[key] for key in _named(opened.name, opened.edition) if key in after}
    return facts | {"opened_on": day.isoformat()}


@cache
def _named(name: str, on: date) -> tuple[str, ...]:
    """The keys of facts that a table names and that are not facts of the case itself."""
    opened = edition(name, on)
    named = {fact.key for fact in opened.facts if fact.source in ("", "case")}
    for step in opened.steps:
        named |= {part.fact.key for part in step.given.parts} if step.given else set()
        named |= {step.due.since} if step.due else set()
    return tuple(sorted(named - {fact.key for fact in opened.facts if fact.source == "case"}))
