"""What certain acts change in the register: reception, change of place, the end; within the act."""

from collections.abc import Callable
from uuid import UUID

from sifang.cases.acts import begin
from sifang.cases.events import ActDone
from sifang.cases.models import Act, Case, Stage
from sifang.cases.services import open_case
from sifang.cases.sync import sync
from sifang.kernel.errors import BadInput
from sifang.kernel.events import within
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition
from sifang.people.events import JudgmentEntered
from sifang.people.models import Agency, Officer, Order, ShareMatter
from sifang.people.services import end_order, move_person, number_person, receive_order, share

AT_OPENING = ("handover", "intake")


@within(JudgmentEntered)
def open_the_course(event: JudgmentEntered) -> None:
    """The deciding body entered a judgment in force: its duties and the person's begin to run."""
    order = Order.objects.select_related("person", "decided_by").get(id=event.order)
    start_course(open_case(order, stage=Stage.HANDOVER))


def start_course(case: Case) -> None:
    """Begin the two tracks of hand-over and reception, and expect what the law demands of each."""
    now = utc_now()
    day = legal_day(now)
    for name in AT_OPENING:
        begin(case, edition(name, day), {}, at=now)
    sync(case, by=case.id, at=now)


@within(ActDone)
def change_the_register(event: ActDone) -> None:
    """Carry an act into the register of persons and orders."""
    change = CHANGES.get((event.procedure, event.step))
    if change is not None:
        act = Act.objects.select_related(
            "officer__agency",
            "proceeding__other_agency",
            "case__person__county_agency",
            "case__person__office",
            "case__order__decided_by",
            "case__order__person__county_agency",
        ).get(id=event.act)
        change(act)


def _receive(act: Act) -> None:
    """社区矫正法22条: from now on the person is under correction here."""
    assert act.officer is not None
    if act.case.order.received_on is None:
        receive_order(act.officer, act.case.order, received_on=act.day, resolved=act.reasons)
    _number(act, act.officer)
    Case.objects.filter(id=act.case_id).update(stage=Stage.SUPERVISED)


def _number(act: Act, by: Officer) -> None:
    """Give who was handed over the county's own number, and the justice office that the county named."""
    person = act.case.person
    named = act.answers.get("office")
    office = Agency.objects.filter(id=UUID(named)).first() if named else None
    if office is not None and office.parent_id != person.county_agency_id:
        raise BadInput(reason="司法所不属于执行地")
    if person.entered_by_id is not None or office is not None:
        number = "" if person.entered_by_id is not None else person.number
        number_person(by, person, number=number, office=office)


def _invite(act: Act) -> None:
    """The new county sees the person for as long as the change of place is examined (办法30条)."""
    other = act.proceeding.other_agency
    assert act.officer is not None
    if other is not None:
        share(act.officer, act.case.person, other, ShareMatter.MOVE, article="办法30条")


def _move(act: Act) -> None:
    """办法31条: with the registration by the new county the responsibility passes, in this instant."""
    assert act.officer is not None
    assert act.proceeding.other_agency is not None
    office = act.after.get("office")
    move_person(
        act.officer,
        act.case.person,
        act.proceeding.other_agency,
        Agency.objects.filter(id=UUID(office)).first() if office else None,
    )


def _end(act: Act) -> None:
    """社区矫正法44条, 45条: duties, measures and the sight of others end; nothing waits for a receipt."""
    assert act.officer is not None
    order = act.case.order
    if order.ended_at is None:
        on = min(act.day, order.term_end) if act.step == "release" else act.at
        end_order(act.officer, order, on=on, why=act.title)
    Case.objects.filter(id=act.case_id).update(stage=Stage.ENDED, closed_at=act.at)


CHANGES: dict[tuple[str, str], Callable[[Act], None]] = {
    ("intake", "receive"): _receive,
    ("intake", "end_before_reception"): _end,
    ("move", "ask"): _invite,
    ("move", "register"): _move,
    ("ending", "release"): _end,
    ("ending", "pardon"): _end,
    ("ending", "revoke"): _end,
    ("ending", "recall"): _end,
    ("ending", "death"): _end,
}
