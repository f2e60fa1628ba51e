"""Write the lives of the demonstration into the database, in bulk, as the register taken over."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Model

from sifang.cases.expected import Expected
from sifang.cases.models import Act, Case, Dispatch, Expectation, Proceeding
from sifang.law.procedure import Actor
from sifang.ledger.services import record
from sifang.ops.demo.copying import copy_in
from sifang.ops.demo.course import Life
from sifang.people.models import Order, Person, Share, ShareMatter

BATCH = 2_000
SEES_AFTER_END = timedelta(days=30)  # the body that decided, and the county that handed on


def write(lives: list[Life], say: Callable[[str], None]) -> None:
    """Write persons, orders, cases, their courses and what is expected; the acts' digest into the ledger."""
    _bulk(Person, (one.case.person for one in lives))
    _bulk(Order, (one.case.order for one in lives))
    expectations = [row for one in lives for row in _expected(one)]
    _bulk(Case, (one.case for one in lives))
    _bulk(Share, (row for one in lives for row in _shares(one)))
    runs = [run for one in lives for run in one.runs]
    acts = [act for one in lives for act in one.acts]
    say(f"      {len(acts)} 个行为，{len(runs)} 个程序")
    copy_in(Proceeding, runs)  # who was opened by an act points at it: keys are checked at the commit
    copy_in(Act, acts)
    letters = [letter for one in lives for letter in one.letters.sent]
    say(f"      {len(letters)} 件往来，{len(expectations)} 项应办事项")
    copy_in(Dispatch, letters)
    copy_in(Expectation, expectations)
    ids = "\n".join(sorted(str(one.case.id) for one in lives))
    record("register_taken_over", {"persons": len(lives), "digest": hashlib.sha256(ids.encode()).hexdigest()})
    ids = "\n".join(sorted(f"{act.id} {act.edition_digest}" for act in acts))
    record("courses_taken_over", {"acts": len(acts), "digest": hashlib.sha256(ids.encode()).hexdigest()})


def _bulk(model: type[Model], rows: Iterable[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=BATCH)  # noqa: SLF001 (Django's own name)


def _expected(life: Life) -> Iterator[Expectation]:
    since = {act.proceeding_id: act.at for act in life.acts}
    for run, one in life.expected():
        yield _row(life, run, one, since.get(run.id, run.started_at))
    yield from life.letters.expected()


def _row(life: Life, run: Proceeding, one: Expected, since: Any) -> Expectation:
    person, order = life.case.person, life.case.order
    owner = life.world.roster.agency(Actor(one.actor), person, order, run) or person.county_agency
    return Expectation(
        kind=f"{one.procedure}.{one.step}",
        case=life.case,
        proceeding=run,
        owner=owner,
        actor=one.actor.value,
        title=one.title,
        subject_kind="proceeding",
        subject_id=run.id,
        occasion=one.occasion,
        opened_at=since,
        due_at=one.moment.ends_at,
        due_kind=one.moment.kind,
        article=one.article,
        mark=one.mark,
        counted=one.moment.counted,
    )


def _shares(life: Life) -> Iterator[Share]:
    """The body that decided sees its own order; who examines a move sees the person (as the services do)."""
    case = life.case
    person, order = case.person, case.order
    first = life.moves[0][1] if life.moves else person.county_agency
    yield Share(
        person=person,
        agency=order.decided_by,
        matter=ShareMatter.DECIDED,
        article="社区矫正法20条",
        valid_from=case.opened_at,
        valid_to=order.ended_at + SEES_AFTER_END if order.ended_at else None,
        given_by=first,
    )
    arrived = {at for at, _, _ in life.moves}
    for act in life.acts:
        if (act.procedure, act.step) != ("move", "ask"):
            continue
        until = min((at for at in arrived if at > act.at), default=None)
        yield Share(
            person=person,
            agency=act.proceeding.other_agency,
            matter=ShareMatter.MOVE,
            article="办法30条",
            valid_from=act.at,
            valid_to=until or order.ended_at,
            given_by=act.officer.agency if act.officer else person.county_agency,
            by=act.officer,
        )
    for at, old, by in life.moves:
        yield Share(
            person=person,
            agency=old,
            matter=ShareMatter.HANDED_ON,
            article="办法31条",
            valid_from=at,
            valid_to=at + SEES_AFTER_END,
            given_by=person.county_agency,
            by=by,
        )
