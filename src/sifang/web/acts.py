"""The acts on alarms as pages and API call them; the services decide, check and record."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from sifang.kernel.errors import BadInput, NotFound
from sifang.monitoring.models.alarms import AlarmCause, AlarmOutcome
from sifang.monitoring.services import handling
from sifang.people.models import Officer
from sifang.web.signin.backend import OfficerBackend
from sifang.web.signin.flow import count_failure, is_locked


def take(officer: Officer, alarm_id: UUID) -> None:
    """接手."""
    handling.take_alarm(officer, alarm_id)


def take_over(officer: Officer, alarm_id: UUID, reason: str) -> None:
    """接过 an alarm that a colleague has, with the reason, which the course shows."""
    handling.take_alarm(officer, alarm_id, over=True, reason=reason)


def verify(officer: Officer, alarm_id: UUID, verb: str, text: str) -> None:
    """Record one way of verifying: call, video, visit, note."""
    handling.verify_alarm(officer, alarm_id, verb, text)


def finish(officer: Officer, alarm_id: UUID, outcome: str, cause: str, text: str) -> str:
    """Record outcome, cause and facts, then close; 无法判断 keeps the question open. Says what happened."""
    answer = AlarmOutcome(outcome)
    handling.handle_alarm(
        officer, alarm_id, outcome=answer, cause=AlarmCause(cause) if cause else None, text=text
    )
    if answer == AlarmOutcome.CANNOT_KNOW:
        return "已记录：无法判断，继续核实。报警没有关闭。"
    handling.close_alarm(officer, alarm_id)
    return "已填写结果并关闭。"


def pause(request: HttpRequest, officer: Officer, alarm_id: UUID, wish: "Pause") -> None:
    """Pause reminders until an end, with a reason; a second officer confirms with the own password."""
    username = wish.second[:40]
    colleague = None
    if not is_locked(request, username):
        colleague = OfficerBackend().authenticate(request, username, wish.password)
    if colleague is None or colleague.pk == officer.pk:
        count_failure(request, username)
        raise BadInput(reason="第二名工作人员的登录名或口令不对，或是您自己。没有暂停。")
    try:
        handling.pause_alarm(officer, alarm_id, until=wish.until, reason=wish.reason, second=colleague)
    except NotFound as outsider:
        raise BadInput(reason="第二名工作人员无权处理这条报警。没有暂停。") from outsider


@dataclass(frozen=True)
class Pause:
    """What the form of a pause says; `until` aware."""

    until: datetime
    reason: str
    second: str
    password: str
