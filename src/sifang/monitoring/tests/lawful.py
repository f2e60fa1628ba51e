"""The acts on which a measure stands, taken in short for tests of measures: record, application, approval.

What the law refuses is left out, and the measure is then refused for its own reason. The approval makes no
measure by itself here: these tests make it with the facts that they are about.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction

from sifang.cases.acts import Wish, take
from sifang.cases.documents.issue import withheld
from sifang.cases.models import Act, Case, Proceeding
from sifang.kernel.errors import SifangError
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.effects import CHANGES
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


def _committed() -> None:
    """A test is one transaction: what an act leaves for the rest of its own ends here as with a commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('sifang.act_case', '', true)")


NOTHING = {("positioning", step): lambda _: None for step in ("approve", "end", "remove")}


@contextmanager
def shortly() -> Iterator[None]:
    """Acts without their papers."""
    with withheld():
        yield
    _committed()


def established(officer: Officer, order: Order, ground: Ground) -> Proceeding | None:
    """The record that proves a ground, found or registered by the county agency; None where refused."""
    name, today = NAMES[ground], legal_day(utc_now()).isoformat()
    decision = {"decision_no": "1号", "decided_by": "某机关", "decision_on": today, "facts_found": "查明"}
    steps: list[tuple[str, dict[str, str]]] = [(REGISTERED[name], decision)] if name in REGISTERED else [
        ("note_breach", {"kind": name, "noted": "线索", "seen_on": today}),
        ("hear_person", {"statement": "说明"}),
        ("establish", {"evidence": "证据", "proposal": "意见"}),
    ]  # fmt: skip
    run: UUID | None = None
    try:
        case = _case_of(officer, order)
        with shortly():
            for step, answers in steps:
                act = take(officer, case, Wish("stop_breach", step, answers, reasons="理由", proceeding=run))
                run = act.proceeding_id
    except (DatabaseError, SifangError, ObjectDoesNotExist):
        return None
    return act.proceeding


def approval(agency: Officer, head: Officer, order: Order, proof: Proof, at: datetime) -> Act | None:
    """Application by the agency and approval by the head on this proof; None where refused."""
    if proof.record_id is None:
        return None
    ground = NAMES[Ground(proof.ground)]
    try:
        case = _case_of(agency, order)
        with acting(agency, Purpose.MEASURE):
            record = Act.objects.filter(proceeding=proof.record_id).latest("recorded_at")
        necessary = {"necessity": "必要", "effect": "影响", "months": "3"}
        with transaction.atomic(), shortly(), patch.dict(CHANGES, NOTHING):
            _over(agency, case)
            with acting(agency, Purpose.MEASURE):
                run = Proceeding.objects.create(case_id=case, procedure="positioning", state="draft").id
            proved = {"proof": str(record.id)}
            take(agency, case, Wish("positioning", f"ground_{ground}", proved, proceeding=run, at=at))
            take(agency, case, Wish("positioning", "apply", necessary, proceeding=run, at=at))
            wish = Wish("positioning", "approve", reasons="确有必要", proceeding=run, at=at)
            return take(head, case, wish)
    except (DatabaseError, SifangError, ObjectDoesNotExist):
        return None


def _over(agency: Officer, case: UUID) -> None:
    """What ran before is over, as a second one begins only after the first."""
    with acting(agency, Purpose.MEASURE):
        before = Proceeding.objects.filter(case=case, procedure="positioning", closed_at=None).first()
    if before is not None:
        steps = {"approved": ["end", "remove"], "expired": ["remove"]}.get(before.state, ["drop"])
        for step in steps:
            answers = {"why_ended": "不再需要", "removed_note": "未佩戴"}
            take(agency, case, Wish("positioning", step, answers, proceeding=before.id))


def _case_of(officer: Officer, order: Order) -> UUID:
    with acting(officer, Purpose.MEASURE):
        return Case.objects.get(order=order).id
