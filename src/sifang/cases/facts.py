"""The facts that an act is judged on: of the case, of its other proceedings, and computed from the record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sifang.cases.calendars import calendar
from sifang.cases.models import Act, Case, Proceeding
from sifang.law.conditions import Fact, derive
from sifang.law.due import due_on
from sifang.law.procedure import Procedure
from sifang.law.time import deadline_in_months, months_later
from sifang.people.models import AgencyKind, Order, OrderType
from sifang.people.powers import is_delegated

SHORT_BY_LAW = {OrderType.CONTROL, OrderType.PROBATION}
SEALABLE_MONTHS = 60  # 刑事诉讼法286条: sentenced to five years or less


def case_facts(case: Case) -> dict[str, Any]:
    """Return the facts of the case that any table may name; days as ISO text."""
    held = case.proceedings.filter(procedure="held", closed_at=None, facts__held=True).exists()
    return register_facts(case) | {"held": held}


def register_facts(case: Case) -> dict[str, Any]:
    """Return the facts of the case that the register alone gives: those of person, order and decider."""
    order, person = case.order, case.person
    decider = order.decided_by
    facts: dict[str, Any] = {
        "type": order.type,
        "woman": person.sex == "f",
        "minor": person.is_minor,
        "medical": bool((order.term_facts or {}).get("medical")) or person_is_medical(case),
        "approved_by": {AgencyKind.COURT: "court", AgencyKind.POLICE: "police"}.get(
            AgencyKind(decider.kind), "prison"
        ),
        "effective_on": order.effective_on.isoformat(),
        "document_on": order.document_date.isoformat(),
        "term_start": order.term_start.isoformat(),
        "term_end": order.term_end.isoformat(),
        "received_on": order.received_on.isoformat() if order.received_on else None,
        "decided_elsewhere": decider.area_code[:4] != person.county_code[:4],
        "has_prohibition": bool(order.prohibition),
        "prohibition_until": order.prohibition_until.isoformat() if order.prohibition_until else None,
        "papers_pending": order.papers_pending,
    }
    facts["juvenile_sealable"] = person.is_minor and _is_short(order)
    return facts


def person_is_medical(case: Case) -> bool:
    """保外就医: as the paper says; a document number that names it counts until the register has a field."""
    return case.order.type == "outside_prison" and "保外就医" in case.order.document_no


def _is_short(order: Order) -> bool:
    """Five years or less, as the paper says; 管制 and 缓刑 are so by law (刑事诉讼法286条, 刑法72条)."""
    if order.sentence_months is None:
        return order.type in SHORT_BY_LAW
    return order.sentence_months <= SEALABLE_MONTHS


@dataclass(frozen=True)
class About:
    """What is known of a case at one look: its own facts, and the latest proceeding of each procedure."""

    facts: Mapping[str, Any]
    latest: Mapping[str, Proceeding]


def about(case: Case, proceedings: Iterable[Proceeding] | None = None) -> About:
    """Look at a case once, for several judgements; `proceedings`: all of it, in the order they began."""
    rows = case.proceedings.order_by("started_at", "id") if proceedings is None else proceedings
    return About(case_facts(case), {one.procedure: one for one in rows})


def judged(  # noqa: PLR0917 (the question has so many sides)
    procedure: Procedure,
    case: Case,
    proceeding: Proceeding | None,
    answers: Mapping[str, Any],
    day: date,
    known: About | None = None,
) -> dict[str, Any]:
    """Return all facts for a row of this procedure on this legal day, answers included."""
    own = known.facts if known else case_facts(case)
    facts = dict(own) | (dict(proceeding.facts) if proceeding else {}) | dict(answers)
    for fact in procedure.facts:
        if fact.source.startswith("of:"):
            facts[fact.key] = _of_other(case, fact.source, known)
    facts = derive(facts, procedure.facts)
    for fact in _asked(procedure):
        facts[fact.key] = PROVIDERS[fact.source[4:]](fact, case, proceeding, facts, day)
    return facts


def _asked(procedure: Procedure) -> list[Fact]:
    return [fact for fact in procedure.facts if fact.source.startswith("ask:")]


def _of_other(case: Case, source: str, known: About | None) -> Any:
    _, name, key = source.split(":")
    if known is not None:
        return known.latest[name].facts.get(key) if name in known.latest else None
    latest = case.proceedings.filter(procedure=name).order_by("-started_at", "-id").first()
    return latest.facts.get(key) if latest else None


# ---- computed from the record, never typed -----------------------------------------------------------------

Provider = Callable[[Fact, Case, Proceeding | None, Mapping[str, Any], date], Any]


def leave_window(
    _fact: Fact, case: Case, proceeding: Proceeding | None, facts: Mapping[str, Any], _day: date
) -> int:
    """Days away in the fullest two months that touch this leave, this leave included (办法27条, 我方理解)."""
    if not facts.get("leaves_on") or not facts.get("returns_on"):
        return 0
    first, last = _date(facts["leaves_on"]), _date(facts["returns_on"])
    away = set(_days(first, last))
    for other in case.proceedings.filter(procedure="leave", state__in=("granted", "overdue", "closed")):
        if (proceeding is None or other.id != proceeding.id) and other.facts.get("leaves_on"):
            until = other.facts.get("returned_on") or other.facts["returns_on"]
            away |= set(_days(_date(other.facts["leaves_on"]), _date(until)))
    return fullest_window(away, first, last)


def fullest_window(away: set[date], first: date, last: date) -> int:
    """Return the most days of `away` in two months that begin on one of them and touch first … last."""
    most = 0
    for start in away:
        end = months_later(start, 2)
        if start <= last and end > first:
            most = max(most, sum(1 for one in away if start <= one < end))
    return most


def delegated(
    fact: Fact, case: Case, _proceeding: Proceeding | None, _facts: Mapping[str, Any], day: date
) -> bool:
    """Whether the county left the matter (the key says which) to the person's justice office on that day."""
    matter = fact.key.removeprefix("delegated_")
    return case.person.office_id is not None and is_delegated(case.person.office_id, matter, day)


def late_days(
    _fact: Fact, _case: Case, _proceeding: Proceeding | None, facts: Mapping[str, Any], day: date
) -> int:
    """Whole days after the last day for reporting, to the arrival or to today; 0 when in time."""
    return max(0, (_arrival(facts, day) - _last_day_to_report(facts)).days)


def late_over_month(
    _fact: Fact, _case: Case, _proceeding: Proceeding | None, facts: Mapping[str, Any], day: date
) -> bool:
    """Whether the person came later than one month after the last day for reporting (刑诉法解释202条)."""
    return _arrival(facts, day) > deadline_in_months(_last_day_to_report(facts), 1)


def _arrival(facts: Mapping[str, Any], day: date) -> date:
    return _date(facts["arrived_on"]) if facts.get("arrived_on") else day


def _last_day_to_report(facts: Mapping[str, Any]) -> date:
    last = due_on("report.in", _date(facts["effective_on"]), calendar())
    return last if type(last) is date else day_of(last)


def day_of(moment: date) -> date:
    """The calendar day of a day or instant."""
    return date(moment.year, moment.month, moment.day)


def woman_in_team(
    _fact: Fact, _case: Case, _proceeding: Proceeding | None, facts: Mapping[str, Any], _day: date
) -> bool:
    """Whether one of the members named is a woman (社区矫正法25条2款)."""
    return any(one.get("sex") == "f" for one in facts.get("members") or [])


def versed_in_minors(
    _fact: Fact, _case: Case, _proceeding: Proceeding | None, facts: Mapping[str, Any], _day: date
) -> bool:
    """Whether one of the members named is versed in minors (社区矫正法52条2款)."""
    return any(one.get("versed") in (True, "yes", "on", "true") for one in facts.get("members") or [])


def exit_exempt(
    _fact: Fact, _case: Case, _proceeding: Proceeding | None, _facts: Mapping[str, Any], _day: date
) -> bool:
    """Whether counsel confirmed that probationers of this county are not filed: no county has said so."""
    return False


def positioning_proof(
    _fact: Fact, case: Case, _proceeding: Proceeding | None, facts: Mapping[str, Any], _day: date
) -> bool:
    """Whether the record chosen exists in this case and establishes the ground that is claimed (E3)."""
    if not facts.get("proof") or not facts.get("ground"):
        return False
    act = Act.objects.filter(id=facts["proof"], case=case).select_related("proceeding").first()
    if act is None or act.proceeding.state not in {"established", "registered"}:
        return False
    if act.procedure == "prohibition":
        return bool(facts["ground"] == "order_breach")
    return act.procedure == "stop_breach" and act.proceeding.facts.get("kind") == facts["ground"]


PROVIDERS: dict[str, Provider] = {
    "leave_window": leave_window,
    "delegated": delegated,
    "late_days": late_days,
    "late_over_month": late_over_month,
    "woman_in_team": woman_in_team,
    "versed_in_minors": versed_in_minors,
    "exit_exempt": exit_exempt,
    "positioning_proof": positioning_proof,
}


def _date(value: object) -> date:
    return date.fromisoformat(str(value)[:10])


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
