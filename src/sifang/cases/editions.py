"""Publish the editions of procedures into the database, so that it can judge acts by itself."""

from typing import Any

from django.db import transaction

from sifang.cases.errors import EditionChanged
from sifang.cases.models import Edition, EditionRow
from sifang.law.procedure import ANY, SAME, Procedure, Step
from sifang.law.procedures import all_editions
from sifang.ledger.services import record


def publish_editions(*, using: str = "default") -> int:
    """Write every edition that the database does not have yet; return how many. Run as role owner.

    Raises EditionChanged when a published edition is no longer what it was: a new law makes a new edition.
    """
    known = {(one.name, one.edition): one.digest for one in Edition.objects.using(using).all()}
    fresh = []
    for procedure in all_editions():
        digest = known.get((procedure.name, procedure.edition))
        if digest is None:
            fresh.append(procedure)
        elif digest != procedure.digest():
            raise EditionChanged(name=procedure.title, edition=procedure.edition)
        else:
            _complete(procedure, using)
    with transaction.atomic(using=using):
        for procedure in fresh:
            _publish(procedure, using)
    return len(fresh)


def _publish(procedure: Procedure, using: str) -> None:
    kept = Edition.objects.using(using).create(
        name=procedure.name,
        edition=procedure.edition,
        valid_to=procedure.valid_to,
        digest=procedure.digest(),
        start=procedure.start,
        **_judging(procedure),
    )
    rows = [_row(kept, procedure, number, step) for number, step in enumerate(procedure.steps)]
    EditionRow.objects.using(using).bulk_create(rows)
    record(
        "edition_published",
        {"name": procedure.name, "edition": procedure.edition.isoformat(), "digest": kept.digest},
        using=using,
    )


def _row(kept: Edition, procedure: Procedure, number: int, step: Step) -> EditionRow:
    return EditionRow(
        edition=kept,
        number=number,
        name=step.name,
        actor=step.actor.value,
        frm=step.frm,
        to=step.to,
        article=step.article,
        types=list(step.types),
        given=step.given.as_data() if step.given else [],
        delegable=step.delegable,
        reasons=step.reasons,
        remedy=bool(step.remedy),
        burden=step.burden,
        is_final=step.to != SAME and step.to in procedure.final,
        closes=["*" if name == ANY else name for name in step.closes],
        not_before=step.not_before,
        **_causing(step),
    )


def _judging(procedure: Procedure) -> dict[str, Any]:
    """What the database needs to recompute the facts of an act and to let a proceeding begin."""
    sources = [[fact.key, fact.source] for fact in procedure.facts if fact.source]
    return {"sources": sources, "many": procedure.many, "outlives": procedure.outlives}


def _causing(step: Step) -> dict[str, Any]:
    """What a row asks, leaves behind and opens."""
    return {
        "asks": [ask.key for ask in step.asks],
        "sets": [[one.key, one.how, one.value] for one in step.sets],
        "opens": list(step.opens),
    }


def _complete(procedure: Procedure, using: str) -> None:
    """Give an edition that was published before these columns existed what it lacks; its digest agrees."""
    kept = Edition.objects.using(using).filter(name=procedure.name, edition=procedure.edition, sources=None)
    if not kept.update(**_judging(procedure)):
        return
    rows = EditionRow.objects.using(using).filter(
        edition__name=procedure.name, edition__edition=procedure.edition
    )
    for number, step in enumerate(procedure.steps):
        rows.filter(number=number).update(**_causing(step))
