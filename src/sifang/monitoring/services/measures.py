"""The verbs of a measure 电子定位措施: prove, approve, make known, extend, end (社区矫正法29条, P-EP-1 … 7).

The database holds the limits (migration 0003); here stand the powers, the record and the expectations.
"""

from datetime import date, datetime, timedelta

from django.db.models import Q

from sifang.cases.models import Act, Case, Proceeding
from sifang.cases.services import expect
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day
from sifang.law.time import cap_ends_at, day_begins
from sifang.ledger.services import record
from sifang.monitoring import powers
from sifang.monitoring.errors import lawfully
from sifang.monitoring.events import MeasureApproved, MeasureEnded
from sifang.monitoring.models import Binding, Clause, Ground, Measure, Proof
from sifang.monitoring.services.seen import fulfil_if_expected, not_ahead, see_measure, see_person
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer, Order, Person

MAX_MONTHS = 3  # 社区矫正法29条2款
TELL_WITHIN = timedelta(hours=24)  # 内部目标
REVIEW_AFTER = timedelta(days=30)  # 我方理解, P-EP-6
WITH_ORDER = "矫正期限终止"  # as the database writes it (migration 0003)


def record_proof(
    officer: Officer,
    person: Person,
    ground: Ground,
    *,
    document_no: str,
    document_date: date,
    summary: str,
    established: Proceeding | None = None,
) -> Proof:
    """Record the document that proves a ground; by the county agency (29条1款). Raises BeyondPower.

    `established`: the proceeding of this case that found or registered it; one is one proof, once.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        seen = see_person(person.id)
        powers.need_county_agency(officer, seen, "社区矫正法29条")
        proof = Proof.objects.create(
            person=seen,
            ground=ground,
            document_no=document_no,
            document_date=document_date,
            summary=summary,
            record=established,
        )
        record("proof_recorded", {"proof": str(proof.id), "ground": int(ground), "by": str(officer.id)})
    return proof


def approve_measure(
    approver: Officer,
    order: Order,
    proof: Proof,
    *,
    reasons: str,
    months: int = MAX_MONTHS,
    ends_at: datetime | None = None,
    approved_at: datetime | None = None,
    act: Act | None = None,
) -> Measure:
    """Approve electronic positioning on a proved ground, in force from the approval; return the measure.

    `ends_at` (exclusive): default is the cap of `months`, or the end of the order's term if earlier.
    `approved_at` defaults to now and may not lie ahead. `act`: the decision it stands on
    (positioning.approve); the database refuses a measure without (only a demonstration is seeded so).
    Raises NotFound for outsiders, BeyondPower for anybody but the head of the person's county justice bureau,
    NotLawful, NoSuchMoment.
    """
    with acting(approver, Purpose.MEASURE), lawfully():
        person = see_person(order.person_id)
        powers.need_head_of_county(approver, person)
        start = not_ahead(approved_at)
        measure = Measure.objects.create(
            person=person,
            order=order,
            ground=proof.ground,
            proof=proof,
            approver=approver,
            reasons=reasons.strip(),
            approved_at=start,
            ends_at=ends_at or _default_end(order, start, months),
            act=act,
        )
        _approved(measure)
    return measure


def extend_measure(
    approver: Officer,
    measure: Measure,
    *,
    assessment: str,
    reasons: str,
    months: int = MAX_MONTHS,
    ends_at: datetime | None = None,
    approved_at: datetime | None = None,
    act: Act | None = None,
) -> Measure:
    """Approve a further term after the old one has ended and its necessity was assessed (29条2款).

    The new measure is made known anew before it raises an alarm. `act`: positioning.extend.
    Raises as `approve_measure`.
    """
    with acting(approver, Purpose.MEASURE), lawfully():
        old = see_measure(measure.id)
        powers.need_head_of_county(approver, old.person)
        start = not_ahead(approved_at)
        longer = Measure.objects.create(
            person=old.person,
            order=old.order,
            ground=old.ground,
            proof=old.proof,
            extends=old,
            assessment=assessment.strip(),
            approver=approver,
            reasons=reasons.strip(),
            approved_at=start,
            ends_at=ends_at or _default_end(old.order, start, months),
            act=act,
        )
        _approved(longer)
    return longer


def make_known(officer: Officer, measure: Measure, *, at: datetime | None = None) -> Measure:
    """Record that the person was told in writing: term, demands, consequences, and each clause (办法37条).

    Only from then on may a device be worn and a fence raise an alarm. Raises BeyondPower, NotLawful.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        found = see_measure(measure.id)
        powers.need_case_officer(officer, found.person, "办法37条")
        found.told_at = not_ahead(at)
        found.save(update_fields=["told_at"])
        untold = Clause.objects.filter(order=found.order, made_known_at=None)
        untold.update(made_known_at=found.told_at)
        record(
            "measure_told",
            {"measure": str(found.id), "at": found.told_at.isoformat(), "by": str(officer.id)},
        )
        fulfil_if_expected("measure_told", found.id, found.id)
    return found


def end_measure(officer: Officer, measure: Measure, *, reason: str, at: datetime | None = None) -> Measure:
    """Lift a measure that is no longer needed; collection stops and the device comes off (29条2款).

    By the county agency or its head. Waits for nothing and nobody. Raises BeyondPower, NotLawful.
    """
    with acting(officer, Purpose.MEASURE), lawfully():
        found = see_measure(measure.id)
        powers.need_county_agency(officer, found.person, "社区矫正法29条")
        _end(found, not_ahead(at), reason, by=str(officer.id))
    return found


def end_expired(now: datetime) -> int:
    """Write down the end of every measure whose term is over; return how many. Run under a system purpose.

    Collection has stopped already: admission and the engine read `ends_at` (E2, E3).
    """
    over = Measure.objects.filter(ended_at=None, ends_at__lte=now).select_related("order")
    ended = 0
    for measure in over.select_for_update(of=("self",), skip_locked=True):
        _end(measure, measure.ends_at, "期限届满", by="clock")
        ended += 1
    loose = Binding.objects.filter(unbound_at=None, measure__ended_at__lte=now)
    for binding in loose.select_related("measure"):
        assert binding.measure.ended_at is not None
        binding.unbound_at = max(binding.measure.ended_at, binding.bound_at)
        binding.save(update_fields=["unbound_at"])
    return ended


def live(now: datetime) -> Q:
    """Return the condition for measures in force at `now`: end exclusive, order not ended."""
    return Q(approved_at__lte=now, ends_at__gt=now) & (Q(ended_at=None) | Q(ended_at__gt=now))


def _approved(measure: Measure) -> None:
    record(
        "measure_approved",
        {
            "measure": str(measure.id),
            "order": str(measure.order_id),
            "ground": measure.ground,
            "proof": str(measure.proof_id),
            "approver": str(measure.approver_id),
            "extends": str(measure.extends_id) if measure.extends_id else None,
            "from": measure.approved_at.isoformat(),
            "to": measure.ends_at.isoformat(),
            "act": str(measure.act_id) if measure.act_id else None,
        },
    )
    if measure.act_id is None:  # otherwise the table of P-EP says what is expected, and once is enough
        _expect_as_before_tables(measure)
    publish(MeasureApproved(measure=measure.id))


def _expect_as_before_tables(measure: Measure) -> None:
    case = Case.objects.filter(order=measure.order).first()
    expect(
        "measure_told",
        owner=measure.person.county_agency,
        subject_kind="measure",
        subject_id=measure.id,
        article="办法37条",
        due_at=measure.approved_at + TELL_WITHIN,
        due_kind="target",
        case=case,
    )
    expect(
        "measure_review",
        owner=measure.person.county_agency,
        subject_kind="measure",
        subject_id=measure.id,
        article="社区矫正法29条",
        due_at=min(measure.approved_at + REVIEW_AFTER, measure.ends_at),
        due_kind="target",
        case=case,
    )


def end_with_order(order: Order) -> int:
    """Write down the end of the measures that the order's end has ended (E2); return how many.

    The database has ended them in the same statement as the order, and refuses anything else.
    """
    ended = order.measures.filter(ended_at=order.ended_at, end_reason=WITH_ORDER)
    for measure in ended:
        _note_end(measure, by="order")
    return len(ended)


def expire(measure: Measure) -> None:
    """The clock ends a measure at the end of its term; nothing to do where it has ended already."""
    if measure.ended_at is None:
        _end(measure, measure.ends_at, "期限届满", by="clock")


def _end(measure: Measure, at: datetime, reason: str, *, by: str) -> None:
    measure.ended_at = min(at, measure.ends_at)
    measure.end_reason = reason
    measure.save(update_fields=["ended_at", "end_reason"])
    _note_end(measure, by=by)


def _note_end(measure: Measure, *, by: str) -> None:
    """The device comes off, what was expected of the measure is over, and the ledger keeps the end."""
    assert measure.ended_at is not None
    for binding in measure.bindings.filter(unbound_at=None):
        binding.unbound_at = max(measure.ended_at, binding.bound_at)
        binding.save(update_fields=["unbound_at"])
    record("measure_ended", {"measure": str(measure.id), "at": measure.ended_at.isoformat(), "by": by})
    for kind in ("measure_told", "measure_review"):
        fulfil_if_expected(kind, measure.id, measure.id)
    publish(MeasureEnded(measure=measure.id))


def _default_end(order: Order, start: datetime, months: int) -> datetime:
    term = day_begins(order.term_end + timedelta(days=1))
    return min(cap_ends_at(legal_day(start), months), term)
