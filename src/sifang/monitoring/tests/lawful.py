"""The acts on which a measure stands, written in short for tests of measures: record, application, approval.

Each is an insert by the right officer that the database checks like any other; whatever it refuses is left
out, and the measure is then refused for its own reason.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection

from sifang.cases.acts import Wish, take
from sifang.cases.models import Act, Case, Proceeding
from sifang.kernel.errors import SifangError
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Actor
from sifang.law.procedures import edition
from sifang.monitoring.models import Ground, Proof
from sifang.monitoring.services.positioning import GROUNDS
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer, Order
from tests.personae import City

NAMES = {ground: name for name, ground in GROUNDS.items()}
REGISTERED = {
    "report_refusal": "register_warning",
    "penalty": "register_penalty",
    "intended": "register_intended",
}


@dataclass
class Course:
    """The acts of one case, taken through the services as the pages take them."""

    city: City
    person: str
    runs: dict[str, UUID] = field(default_factory=dict)

    def does(self, officer: str, procedure: str, step: str, **more: Any) -> Act:
        """Take a step of the proceeding that this course last began (`new`: begin another)."""
        known = {key: more.pop(key) for key in ("reasons", "at") if key in more}
        run = None if more.pop("new", False) else self.runs.get(procedure)
        wish = Wish(procedure, step, more, proceeding=run, **known)
        act = take(self.city[officer], self.city.cases[self.person].id, wish)
        self.runs[procedure] = act.proceeding_id
        return act

    def apply_for_leave(self, days: int, *, in_days: int = 0) -> Act:
        """The person applies on paper to be away for so many days."""
        first = legal_day(utc_now()) + timedelta(days=in_days)
        return self.does(
            "王科", "leave", "apply", new=True, purpose="medical", destination="北京市",
            leaves_on=first.isoformat(), returns_on=(first + timedelta(days=days - 1)).isoformat(),
            proof="门诊预约单",
        )  # fmt: skip

    def on_leave(self, days: int, *, in_days: int = 0, by: str = "王科") -> Act:
        """The leave is applied for and approved."""
        self.apply_for_leave(days, in_days=in_days)
        return self.does(by, "leave", "approve")


def written(  # noqa: PLR0917 (an act has so many sides)
    officer: Officer, run: Proceeding, step: str, facts: dict[str, Any], at: datetime, actor: Actor
) -> Act:
    """Write one act by the row of this name, and return it."""
    procedure = edition(run.procedure, legal_day(at))
    run.refresh_from_db()
    row = next(one for one in procedure.rows_from(run.state) if one.name == step)
    return Act.objects.create(
        case_id=run.case_id, proceeding=run, procedure=run.procedure, step=step, row=procedure.index_of(row),
        edition=procedure.edition, edition_digest=procedure.digest(), title=row.title, article=row.article,
        mark="", actor=actor.value, officer=officer, agency_id=officer.agency_id, at=at, day=legal_day(at),
        state_before=run.state, state_after=procedure.after(row, run.state), facts=facts, after=facts,
        reasons="理由", remedy="救济途径",
    )  # fmt: skip


def _committed() -> None:
    """A test is one transaction: what an act leaves for the rest of its own ends here as with a commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('sifang.act_case', '', true)")


def established(officer: Officer, order: Order, ground: Ground) -> Proceeding | None:
    """The record that proves a ground, found or registered by the county agency; None where refused."""
    name, at = NAMES[ground], utc_now()
    facts = {"type": order.type, "kind": name}
    steps = [REGISTERED[name]] if name in REGISTERED else ["note_breach", "hear_person", "establish"]
    try:
        with acting(officer, Purpose.MEASURE):
            run = Proceeding.objects.create(
                case=Case.objects.get(order=order), procedure="stop_breach", state="draft"
            )
            for step in steps:
                heard = None if step == "hear_person" else "2026-01-01"
                written(officer, run, step, facts | {"heard_on": heard}, at, Actor.COUNTY)
    except (DatabaseError, SifangError, ObjectDoesNotExist):
        return None
    _committed()
    return run


def approval(agency: Officer, head: Officer, order: Order, proof: Proof, at: datetime) -> Act | None:
    """Application by the agency and approval by the head on this proof; None where refused."""
    if proof.record_id is None:
        return None
    try:
        with acting(agency, Purpose.MEASURE):
            record = Act.objects.filter(proceeding=proof.record_id).latest("recorded_at")
            facts = {
                "type": order.type, "ground": NAMES[Ground(proof.ground)], "proof": str(record.id),
                "months": "3",
                "proven": True, "has_prohibition": bool(order.prohibition),
            }  # fmt: skip
            run = Proceeding.objects.create(case_id=record.case_id, procedure="positioning", state="draft")
            for step in (f"ground_{facts['ground']}", "apply"):
                written(agency, run, step, facts, at, Actor.COUNTY)
        with acting(head, Purpose.MEASURE):
            act = written(head, run, "approve", facts, at, Actor.HEAD)
    except (DatabaseError, SifangError, ObjectDoesNotExist):
        return None
    _committed()
    return act
