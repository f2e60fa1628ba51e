"""使用电子定位装置 as its acts say: approved, told, fitted, extended, ended (社区矫正法29条, P-EP, E3).

The measure, its proof and its fences come from the act and from nothing else; the months and the last day are
those of the act. What is expected of it stands in the table of P-EP alone.
"""

from datetime import date, datetime, timedelta

from sifang.cases.errors import BadAnswers
from sifang.cases.models import Act
from sifang.law.time import day_begins
from sifang.monitoring.models import Binding, Clause, ClauseKind, Device, Ground, Measure, Proof
from sifang.monitoring.services.clauses import add_boundary_clause, compile_fences
from sifang.monitoring.services.devices import bind_device
from sifang.monitoring.services.measures import (
    approve_measure,
    end_measure,
    expire,
    extend_measure,
    make_known,
    record_proof,
)

GROUNDS = {
    "order_breach": Ground.PROHIBITION_BREACHED,
    "absence": Ground.LEFT_WITHOUT_APPROVAL,
    "report_refusal": Ground.REFUSES_TO_REPORT,
    "penalty": Ground.PENALISED,
    "intended": Ground.REVOCATION_INTENDED,
}
LONGEST_SUMMARY, LONGEST_NUMBER, LONGEST_REASON = 400, 80, 200


def approved(act: Act) -> None:
    """The head approved: the proof is the linked record, the term runs from this act."""
    assert act.officer is not None
    approve_measure(
        act.officer,
        act.case.order,
        _proof(act),
        reasons=act.reasons,
        approved_at=act.at,
        ends_at=_ends(act),
        act=act,
    )
    bound = Clause.objects.filter(order=act.case.order_id, kind=ClauseKind.BOUNDARY)
    if not bound.exclude(valid_to__lte=act.at).exists():
        add_boundary_clause(act.officer, act.case.order)


def extended(act: Act) -> None:
    """The head approved a further term after the assessment; it is a measure of its own, told anew."""
    assert act.officer is not None
    extend_measure(
        act.officer,
        _latest(act),
        assessment=str(act.after["assessment"]),
        reasons=act.reasons,
        approved_at=act.at,
        ends_at=_ends(act),
        act=act,
    )


def told(act: Act) -> None:
    """办法37条: term, demands, consequences and each clause were made known."""
    assert act.officer is not None
    measure = make_known(act.officer, _latest(act), at=act.at)
    compile_fences(act.officer, measure)


def fitted(act: Act) -> None:
    """The device named by its number is put on. Raises BadAnswers, NotLawful."""
    assert act.officer is not None
    measure = _latest(act)
    compile_fences(act.officer, measure)  # with what was written down and told since
    bind_device(act.officer, measure, _device(act), at=act.at)


def replaced(act: Act) -> None:
    """Another device; the term stays as it is."""
    device = _device(act)
    _take_off(act)
    assert act.officer is not None
    bind_device(act.officer, _latest(act), device, at=act.at)


def ended(act: Act) -> None:
    """Not needed any longer: over at once, the device comes off, nothing is waited for."""
    assert act.officer is not None
    end_measure(act.officer, _latest(act), reason=str(act.answers["why_ended"])[:LONGEST_REASON], at=act.at)


def expired(act: Act) -> None:
    """The clock: nothing is collected any more since the last instant of the term."""
    expire(_latest(act))


def removed(act: Act) -> None:
    """What is still bound comes off with the record of the removal."""
    _take_off(act)


def course_over(act: Act) -> None:
    """The clock ended the course at the last day: no measure goes on."""
    for measure in act.case.order.measures.filter(ended_at=None, ends_at__lte=act.at):
        expire(measure)


def _take_off(act: Act) -> None:
    worn = Binding.objects.filter(measure__act__proceeding=act.proceeding_id, unbound_at=None)
    for binding in worn:
        binding.unbound_at = max(act.at, binding.bound_at)
        binding.save(update_fields=["unbound_at"])


def _latest(act: Act) -> Measure:
    return Measure.objects.filter(act__proceeding=act.proceeding_id).latest("approved_at")


def _ends(act: Act) -> datetime:
    """24:00 of the last day that the act grants, never later than the term (E2)."""
    last = min(date.fromisoformat(act.after["ends_on"]), act.case.order.term_end)
    return day_begins(last + timedelta(days=1))


def _proof(act: Act) -> Proof:
    """The record that was chosen, as a proof; one proceeding proves once, going on is an extension."""
    assert act.officer is not None
    found = Act.objects.select_related("proceeding").get(id=act.after["proof"])
    known = Proof.objects.filter(record=found.proceeding_id).first()
    if known is not None:
        return known
    facts = found.proceeding.facts
    issued = found.proceeding.acts.filter(documents__isnull=False).order_by("-at")
    number = facts.get("decision_no") or issued.values_list("documents__number", flat=True).first()
    words = facts.get("facts_found") or facts.get("evidence") or act.after.get("ground_words") or found.title
    day = facts.get("decision_on") or facts.get("established_on") or found.day.isoformat()
    return record_proof(
        act.officer,
        act.case.person,
        GROUNDS[str(act.after["ground"])],
        document_no=str(number or f"行为记录 {found.id}")[:LONGEST_NUMBER],
        document_date=date.fromisoformat(str(day)[:10]),
        summary=str(words)[:LONGEST_SUMMARY],
        established=found.proceeding,
    )


def _device(act: Act) -> Device:
    """The registered device of this number; leading zeros do not count. Raises BadAnswers."""
    number = str(act.answers["device"]).strip()
    found = Device.objects.filter(terminal_id=number.lstrip("0")).first()
    if found is None:
        words = f"没有登记编号为 {number} 的装置；只能使用已登记的专门设备，手机不是电子定位装置（办法37条）"
        raise BadAnswers(words=words, errors={"device": words})
    return found
