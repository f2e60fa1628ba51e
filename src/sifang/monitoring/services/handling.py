"""What officers do with an alarm: take, verify, handle with outcome and cause, pause, close.

An alarm is a question; a named officer answers it with his own words (E16, E24). Acts are appended and
never changed. Duty, county and township officers act; the procuratorate reads.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sifang.kernel.errors import BadInput, NotFound, Refused
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.monitoring import powers
from sifang.monitoring.errors import (
    AlreadyTaken,
    CauseMissing,
    NotTaken,
    NotYetKnown,
    PauseTooLong,
    lawfully,
)
from sifang.monitoring.events import AlarmClosed
from sifang.monitoring.models import TECHNICAL_CAUSES, Alarm, AlarmAct, AlarmCause, AlarmOutcome
from sifang.monitoring.services.alarms import tell
from sifang.monitoring.services.seen import fulfil_if_expected
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer

VERIFY_VERBS = {"call": "打电话", "video": "视频核实", "visit": "派员到场", "note": "记录"}
LONGEST_PAUSE = timedelta(hours=4)


def take_alarm(officer: Officer, alarm_id: UUID, *, over: bool = False, reason: str = "") -> Alarm:
    """Take an alarm; `over` takes it from the colleague who had it (change of shift), saying the `reason`.

    Raises NotFound for outsiders, BeyondPower for readers, AlreadyTaken, Refused when it is closed.
    """
    with acting(officer, Purpose.VERIFY_ALARM), lawfully():
        alarm = _locked(officer, alarm_id)
        if alarm.taken_by_id == officer.id:
            return alarm
        if alarm.taken_by is not None and not over:
            raise AlreadyTaken(name=alarm.taken_by.name)
        text = f"自{alarm.taken_by.name}处接手。{reason.strip()}" if alarm.taken_by is not None else ""
        act = _act(alarm, officer, "take", text=text)
        alarm.taken_by, alarm.taken_at = officer, act.at
        if alarm.state == "open":
            alarm.state = "taken"
        alarm.save(update_fields=["taken_by", "taken_at", "state"])
        fulfil_if_expected("alarm_taking", alarm.id, act.id)
    return alarm


def verify_alarm(officer: Officer, alarm_id: UUID, verb: str, text: str = "") -> AlarmAct:
    """Append what was tried: call, video, visit or note (办法38条: several means before 失去联系).

    Raises NotFound, BeyondPower, NotTaken, BadInput for another verb or an empty note.
    """
    if verb not in VERIFY_VERBS or (verb == "note" and not text.strip()):
        raise BadInput(reason="请选择核实方式，记录不能为空")
    with acting(officer, Purpose.VERIFY_ALARM), lawfully():
        alarm = _locked(officer, alarm_id)
        _need_taken(alarm, VERIFY_VERBS[verb])
        return _act(alarm, officer, verb, text=text)


def handle_alarm(
    officer: Officer, alarm_id: UUID, *, outcome: AlarmOutcome, cause: AlarmCause | None = None, text: str
) -> Alarm:
    """Write down what the officer found out: outcome, structured cause, and the facts in own words.

    「无法判断」 keeps the question open and needs no cause. Raises NotFound, BeyondPower, NotTaken,
    CauseMissing, BadInput.
    """
    if not text.strip():
        raise BadInput(reason="请写明核实的事实")  # E16: own reasons
    if cause is None and outcome != AlarmOutcome.CANNOT_KNOW:
        raise CauseMissing
    if outcome == AlarmOutcome.TECHNICAL and cause not in TECHNICAL_CAUSES:
        raise BadInput(reason="属技术原因的，请选择技术类原因")
    with acting(officer, Purpose.VERIFY_ALARM), lawfully():
        alarm = _locked(officer, alarm_id)
        _need_taken(alarm, "填写结果")
        _act(alarm, officer, "handle", text=text, outcome=outcome, cause=cause or "")
        alarm.outcome, alarm.cause = outcome, cause or ""
        if outcome != AlarmOutcome.CANNOT_KNOW:
            alarm.state = "handled"
        alarm.save(update_fields=["outcome", "cause", "state"])
    return alarm


def close_alarm(officer: Officer, alarm_id: UUID, *, text: str = "") -> Alarm:
    """Close a handled alarm; its expectation is fulfilled by this act.

    Raises NotFound, BeyondPower, NotTaken, NotYetKnown, CauseMissing.
    """
    with acting(officer, Purpose.VERIFY_ALARM), lawfully():
        alarm = _locked(officer, alarm_id)
        _need_taken(alarm, "关闭")
        if alarm.outcome == AlarmOutcome.CANNOT_KNOW:
            raise NotYetKnown
        if alarm.state != "handled" or not alarm.outcome or not alarm.cause:
            raise CauseMissing
        act = _act(alarm, officer, "close", text=text, outcome=alarm.outcome, cause=alarm.cause)
        alarm.state, alarm.closed_at = "closed", act.at
        alarm.save(update_fields=["state", "closed_at"])
        fulfil_if_expected("alarm_taking", alarm.id, act.id)
        fulfil_if_expected("alarm_handling", alarm.id, act.id)
        publish(AlarmClosed(alarm=alarm.id))
    return alarm


def pause_alarm(
    officer: Officer, alarm_id: UUID, *, until: datetime, reason: str, second: Officer
) -> AlarmAct:
    """Silence the reminder of one alarm until an instant, with reason and a second officer.

    The alarm stays in the queue; only sound and escalation rest. At most four hours. `second` is another
    officer who may handle this alarm and confirms by being named in his own session (web).
    Raises NotFound, BeyondPower, PauseTooLong.
    """
    now = utc_now()
    hours = int(LONGEST_PAUSE.total_seconds() // 3600)
    if not reason.strip() or second.id == officer.id or not now < until <= now + LONGEST_PAUSE:
        raise PauseTooLong(hours=hours)
    with acting(second, Purpose.VERIFY_ALARM):  # row security: the second officer covers this person too
        _locked(second, alarm_id)
    with acting(officer, Purpose.VERIFY_ALARM), lawfully():
        alarm = _locked(officer, alarm_id)
        act = _act(alarm, officer, "pause", text=reason, until=until, second=second)
        alarm.paused_until = until
        alarm.save(update_fields=["paused_until"])
    return act


def _locked(officer: Officer, alarm_id: UUID) -> Alarm:
    """Return the alarm, locked. Raises NotFound for outsiders, BeyondPower for readers, Refused if closed."""
    if not Alarm.objects.filter(id=alarm_id).exists():
        raise NotFound
    powers.need_alarm_officer(officer)
    found = Alarm.objects.select_related("taken_by", "person").select_for_update(of=("self",))
    alarm = found.get(id=alarm_id)
    if alarm.state == "closed":
        raise Refused(reason="这条报警已经关闭")
    return alarm


def _need_taken(alarm: Alarm, verb: str) -> None:
    if alarm.taken_by_id is None:
        raise NotTaken(verb=verb)


def _act(
    alarm: Alarm,
    officer: Officer,
    verb: str,
    *,
    text: str = "",
    outcome: str = "",
    cause: str = "",
    until: datetime | None = None,
    second: Officer | None = None,
) -> AlarmAct:
    act = AlarmAct.objects.create(
        alarm=alarm,
        officer=officer,
        verb=verb,
        text=text.strip(),
        outcome=outcome,
        cause=cause,
        until=until,
        second=second,
    )
    record(
        "alarm_act",
        {
            "act": str(act.id),
            "alarm": str(alarm.id),
            "verb": verb,
            "officer": str(officer.id),
            "outcome": str(outcome),
            "cause": str(cause),
        },
    )
    tell(alarm.id)
    return act
