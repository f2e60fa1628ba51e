"""Signal → alarm: ask the officer on duty a question, once per episode (DESIGN § 9).

Called by the watch inside its tick's transaction, under the system purpose `watch`. Nothing here decides
anything about a person; what an officer does with the question stands in `handling`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from sifang.cases.models import Case
from sifang.cases.services import expect
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.monitoring.events import AlarmRaised
from sifang.monitoring.models import Alarm, AlarmKind, Binding, Fence, Incident, Measure

FIRST_CLASS = frozenset({AlarmKind.BOUNDARY_LEFT, AlarmKind.PLACE_ENTERED, AlarmKind.STRAP, AlarmKind.SOS})
TAKE_WITHIN = timedelta(minutes=3)  # 内部目标
HANDLE_WITHIN = timedelta(minutes=30)  # 内部目标
LIVE_WITHIN = {"alarm_taking": TAKE_WITHIN, "alarm_handling": HANDLE_WITHIN}
PAST_WITHIN = timedelta(hours=24)  # 内部目标: a question about the past wakes nobody
PAST_RANK = 3
EVIDENCE_KEPT = 32


@dataclass(frozen=True)
class Situation:
    """What the engine saw begin. `episode`: Unix second of its beginning; `evidence`: the fixes that made
    it, as Engine.evidence gives them, without coordinates; `facts`: small technical facts (battery_pct …).
    """

    measure: int
    kind: AlarmKind
    episode: int
    fence: int | None = None
    probability: float | None = None
    evidence: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] | None = None


def raise_alarm(
    situation: Situation, *, incident: Incident | None = None, now: datetime | None = None
) -> Alarm | None:
    """Raise the alarm of an episode; return it, or the one that asks this already, or None.

    None: the measure or the clause was not made known before the episode, the fence only reminds, or the
    measure, the clause or the fence had ended. The same episode raises nothing twice; a new episode of a
    question that nobody has answered yet belongs to that question. Under an open incident the alarm
    belongs to the incident: it is one technical question, counts against nobody and asks no officer.
    """
    moment = now or utc_now()
    began_at = datetime.fromtimestamp(situation.episode, UTC)
    with transaction.atomic():
        subject = _subject(situation, began_at)
        if subject is None:
            return None
        measure, fence = subject
        asked = _asked_already(measure, fence, situation)
        if asked is not None:
            return asked
        return _new(measure, fence, situation, incident=incident, began_at=began_at, now=moment)


def raise_past_alarm(situation: Situation, *, until: datetime, now: datetime) -> Alarm | None:
    """Ask about the past: an episode that late fixes have shown. Returns the alarm, or None as `raise_alarm`.

    Never live: third rank, no sound, no escalation; it expects handling all the same. `until`: the end of
    the episode as far as it is known. To be called by the late job once per episode.
    """
    began_at = datetime.fromtimestamp(situation.episode, UTC)
    with transaction.atomic():
        subject = _subject(situation, began_at)
        if subject is None:
            return None
        measure, fence = subject
        same = Alarm.objects.filter(measure=measure, kind=situation.kind, fence=fence)
        if same.filter(episode=situation.episode).exists():
            return None
        return _new(
            measure,
            fence,
            situation,
            incident=None,
            began_at=began_at,
            now=now,
            past_until=max(until, began_at),
        )


def end_alarm_episode(
    measure: int, kind: AlarmKind, *, fence: int | None = None, at: datetime | None = None
) -> Alarm | None:
    """Write down that the situation of the newest unended alarm is over; the question stays open.

    Returns the alarm, or None when there was none.
    """
    with transaction.atomic():
        running = Alarm.objects.filter(measure__number=measure, kind=kind, ended_at=None, past=False)
        running = running.filter(fence__number=fence) if fence is not None else running.filter(fence=None)
        alarm = running.order_by("-began_at").first()
        if alarm is None:
            return None
        alarm.ended_at = max(at or utc_now(), alarm.began_at)
        alarm.save(update_fields=["ended_at"])
        tell(alarm.id)
    return alarm


def tell(alarm_id: UUID) -> None:
    """Tell the live pages, when this transaction commits, that an alarm changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('sifang_alarms', %s)", [str(alarm_id)])


def expect_handling(alarm: Alarm, now: datetime, within: Mapping[str, timedelta] = LIVE_WITHIN) -> None:
    """Open the expectations of a question: to be taken, and to be handled (targets of the house)."""
    for kind, period in within.items():
        expect(
            kind,
            owner=alarm.person.county_agency,
            subject_kind="alarm",
            subject_id=alarm.id,
            article="社区矫正法29条",
            due_at=now + period,
            due_kind="target",
            case=alarm.case,
        )


def _subject(situation: Situation, began_at: datetime) -> tuple[Measure, Fence | None] | None:
    """Return measure and fence if they may be asked about, as of the episode's beginning."""
    found = Measure.objects.select_related("person__county_agency").filter(number=situation.measure)
    measure = found.first()
    if measure is None or not _may_ask(measure, began_at):
        return None
    if situation.fence is None:
        return measure, None
    fence = Fence.objects.select_related("clause").filter(number=situation.fence).first()
    return (measure, fence) if fence is not None and _may_ask_about(fence, measure, began_at) else None


def _may_ask(measure: Measure, began_at: datetime) -> bool:
    """办法37条: not before the person was told; 社区矫正法29条: not after the end."""
    if measure.told_at is None or began_at < measure.told_at:
        return False
    return began_at < min(measure.ends_at, measure.ended_at or measure.ends_at)


def _may_ask_about(fence: Fence, measure: Measure, began_at: datetime) -> bool:
    known, ends = fence.clause.made_known_at, (fence.closed_at, fence.clause.valid_to)
    if any(end is not None and began_at >= end for end in ends):
        return False
    return fence.measure_id == measure.id and fence.alarm and known is not None and began_at >= known


def _asked_already(measure: Measure, fence: Fence | None, situation: Situation) -> Alarm | None:
    same = Alarm.objects.filter(measure=measure, kind=situation.kind, fence=fence)
    found = same.filter(episode=situation.episode).first()
    if found is not None:
        return found
    waiting = same.filter(state__in=["open", "taken"], past=False).order_by("-began_at").first()
    if waiting is not None and waiting.ended_at is not None:
        waiting.ended_at = None  # it is on again; the signals keep both episodes
        waiting.save(update_fields=["ended_at"])
        tell(waiting.id)
    return waiting


def _new(
    measure: Measure,
    fence: Fence | None,
    situation: Situation,
    *,
    incident: Incident | None,
    began_at: datetime,
    now: datetime,
    past_until: datetime | None = None,
) -> Alarm:
    past = past_until is not None
    worn = Binding.objects.filter(measure=measure).order_by("-bound_at")
    device = (worn.filter(bound_at__lte=began_at) if past else worn.filter(unbound_at=None)).first()
    alarm = Alarm.objects.create(
        number=_number(now),
        kind=situation.kind,
        rank=PAST_RANK if past else 1 if situation.kind in FIRST_CLASS else 2,
        past=past,
        ended_at=past_until,
        person=measure.person,
        case=Case.objects.get(order_id=measure.order_id),
        measure=measure,
        device_id=device.device_id if device else None,
        fence=fence,
        clause=fence.clause if fence else None,
        incident=incident,
        episode=situation.episode,
        began_at=began_at,
        raised_at=now,
        probability=situation.probability,
        evidence=[dict(row) for row in situation.evidence][-EVIDENCE_KEPT:],
        facts=dict(situation.facts or {}),
    )
    record(
        "past_alarm_raised" if past else "alarm_raised",
        {
            "alarm": str(alarm.id),
            "kind": str(alarm.kind),
            "measure": str(measure.id),
            "episode": alarm.episode,
        },
    )
    if past:
        expect_handling(alarm, now, {"alarm_handling": PAST_WITHIN})
    elif incident is None:
        expect_handling(alarm, now)
    publish(AlarmRaised(alarm=alarm.id))
    tell(alarm.id)
    return alarm


def _number(now: datetime) -> str:
    """Return A-YYYYMMDD-NNNN, counted per legal day; the row's lock keeps two from being equal."""
    day = legal_day(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_alarmcounter VALUES (%s, 1)"
            " ON CONFLICT (day) DO UPDATE SET last = monitoring_alarmcounter.last + 1 RETURNING last",
            [day],
        )
        return f"A-{day:%Y%m%d}-{cursor.fetchone()[0]:04d}"
