"""Forgery: take a lawful step, undo it, and write it again by hand with one thing changed.

What is written by hand goes through the application's database role in the context of an officer: everything
that a fault of the services, or somebody with their password, could do.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from sifang.cases.acts import Wish, take
from sifang.cases.models import Act, Case, Proceeding
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition
from sifang.people.purposes import Purpose
from sifang.people.services import register_judgment
from tests.personae import City

Fields = dict[str, Any]
WORDS = "已当面核实，情况属实。"


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect the database's refusal under this name; it undoes what was written meanwhile."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    cause = caught.value.__cause__
    diag = getattr(cause, "diag", None)
    name = getattr(diag, "constraint_name", "") or getattr(diag, "message_primary", "") or ""
    assert constraint in name, f"{name}: {cause}"


def untouched(rows: QuerySet[Any], **changes: Any) -> bool:
    """Try to change and to delete these rows; return whether neither does anything (refused or hidden)."""
    done = 0
    for attempt in (lambda: rows.update(**changes), lambda: rows._raw_delete(rows.db)):
        with suppress(DatabaseError), transaction.atomic():
            done += attempt()
    return not done


@dataclass
class Forger:
    """One case, its officers, and a way to write acts past the services."""

    city: City
    case: Case

    def does(self, officer: str, procedure: str, step: str, **more: Any) -> Act:
        """Take the step through the service."""
        own = {key: more.pop(key) for key in ("reasons", "remedy", "proceeding", "at") if key in more}
        own.setdefault("reasons", WORDS)
        return take(self.city[officer], self.case.id, Wish(procedure, step, more, **own))

    def lawful(self, officer: str, procedure: str, step: str, **more: Any) -> Fields:
        """The columns of the act that this step would write; nothing of it remains."""
        with transaction.atomic():
            act = self.does(officer, procedure, step, **more)
            fields = {one.attname: getattr(act, one.attname) for one in Act._meta.concrete_fields}
            transaction.set_rollback(True)
        for key in ("id", "recorded_at"):
            del fields[key]
        return fields

    def writes(self, officer: str, fields: Fields, **changes: Any) -> Act:
        """Write an act by hand as this officer; its proceeding is begun where it does not run yet."""
        who = self.city[officer]
        fields = {**fields, "officer_id": who.id, "agency_id": who.agency_id, **changes}
        with self.city.acting(officer, Purpose.RECEPTION):
            self.begin(
                fields["procedure"], fields["state_before"], fields["proceeding_id"], fields["case_id"]
            )
            return Act.objects.create(**fields)

    def begin(self, procedure: str, state: str, key: UUID, case_id: UUID | None = None, **more: Any) -> None:
        """Begin a proceeding by hand if this one does not exist, inside somebody's context."""
        if not Proceeding.objects.filter(id=key).exists():
            Proceeding.objects.create(
                id=key,
                case_id=case_id or self.case.id,
                procedure=procedure,
                state=state,
                outlives=edition(procedure, legal_day(utc_now())).outlives,
                **more,
            )

    def acting(self, officer: str) -> Any:
        """The context of an officer, for SQL."""
        return self.city.acting(officer, Purpose.DAILY)

    def latest(self, procedure: str) -> Proceeding:
        """The latest proceeding of a procedure, as 王科 sees it."""
        with self.acting("王科"):
            return Proceeding.objects.filter(case=self.case, procedure=procedure).latest("started_at")


def as_row(fields: Fields, step: str, actor: str = "") -> Fields:
    """The same act under another row of its table: the first of this name (and actor)."""
    steps = edition(fields["procedure"], fields["day"]).steps
    at = next(n for n, one in enumerate(steps) if one.name == step and (not actor or one.actor == actor))
    row = steps[at]
    after = fields["state_before"] if row.to == "=" else row.to
    new = {"row": at, "step": step, "actor": row.actor.value, "article": row.article, "state_after": after}
    return {**fields, **new, "remedy": fields["remedy"] or row.remedy}


def stating(fields: Fields, **facts: Any) -> Fields:
    """The same act, stating other facts wherever it names them."""
    changed = dict(fields)
    for part in ("facts", "answers", "after"):
        known = changed[part]
        changed[part] = {**known, **{key: value for key, value in facts.items() if key in known}}
    changed["facts"] = {**changed["facts"], **facts}
    return changed


def on_case(city: City, name: str) -> Forger:
    """The case of one of the personae."""
    return Forger(city, city.cases[name])


def judged(city: City, name: str, *, days_left: int = 200, **person: Any) -> Forger:
    """A judgment in force since three days, entered by the court; nobody has come yet."""
    start = legal_day(utc_now()) - timedelta(days=3)
    kinds = {key: person.pop(key) for key in ("type",) if key in person}
    with city.acting("钱法", Purpose.RECEPTION):
        order = register_judgment(
            city["钱法"],
            city.facts(name, "", **{"office": None, **person}),
            city.paper(
                name,
                document_date=start - timedelta(days=11),
                effective_on=start,
                term_start=start,
                term_end=legal_day(utc_now()) + timedelta(days=days_left),
                **kinds,
            ),
        )
        return Forger(city, Case.objects.get(order=order))


def received(city: City, name: str, **more: Any) -> Forger:
    """The same, received today: team, plan, category, exit control and ending are open."""
    forger = judged(city, name, **more)
    forger.does("王科", "intake", "report")
    forger.does("王科", "intake", "verify_identity", identity_by="居民身份证")
    forger.does("王科", "intake", "receive")
    return forger
