"""One alarm: the question, why it is asked, the law, what to do, in that order; and its acts."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sifang.kernel.errors import BadInput, SifangError
from sifang.kernel.time import utc_now
from sifang.monitoring.models.alarms import AlarmCause, AlarmOutcome
from sifang.people.models import Officer
from sifang.web import acts
from sifang.web.alarm_file import AlarmFile, open_alarm
from sifang.web.gate import room
from sifang.web.present import alarms as words
from sifang.web.present.alarm_page import page_of
from sifang.web.rooms import COMMAND, HANDLERS
from sifang.web.shell import Viewer


@require_safe
@room(COMMAND)
def alarm(request: HttpRequest, viewer: Viewer, alarm_id: UUID) -> HttpResponseBase:
    """The page; reading it is recorded before it is shown."""
    return show(request, viewer, open_alarm(viewer, alarm_id))


def show(
    request: HttpRequest,
    viewer: Viewer,
    file: AlarmFile,
    *,
    errors: dict[str, str] | None = None,
    form: str = "",
    status: int = 200,
) -> HttpResponseBase:
    context = {
        "file": file,
        "alarm": file.alarm,
        "page": page_of(file),
        "may_handle": bool(viewer.roles & HANDLERS),
        "mine": file.alarm.taken_by_id == viewer.officer.pk,
        "outcomes": AlarmOutcome.choices,
        "causes": AlarmCause.choices,
        "errors": errors or {},
        "open_form": form or request.GET.get("form", ""),
        "given": request.POST,
        "pauses": ((30, "30 分钟"), (60, "1 小时"), (120, "2 小时"), (240, "4 小时")),
        "words": words,
    }
    return render(request, "sifang/alarm.html", context, status=status)


@require_POST
@room(COMMAND)
def act(request: HttpRequest, viewer: Viewer, alarm_id: UUID, verb: str) -> HttpResponseBase:
    """Do one act and come back to the page, focus on what comes next; refusals stand above their field."""
    errors = missing(verb, request)
    if errors:
        return show(request, viewer, open_alarm(viewer, alarm_id), errors=errors, form=verb, status=400)
    try:
        said = do(viewer.officer, alarm_id, verb, request)
    except BadInput as error:
        file = open_alarm(viewer, alarm_id)
        return show(request, viewer, file, errors={"form": str(error)}, form=verb, status=error.status)
    except SifangError as error:
        if error.status != 409:  # noqa: PLR2004 (a refusal of this act; powers have their own page)
            raise
        file = open_alarm(viewer, alarm_id)
        return show(request, viewer, file, errors={"form": str(error)}, form=verb, status=409)
    messages.success(request, said, extra_tags="good")
    closed = verb == "close" and request.POST.get("outcome") != AlarmOutcome.CANNOT_KNOW
    return redirect("/command" if closed else f"/alarms/{alarm_id}#next")


WORDS_MISSING = {
    "over": "请写明为什么由您接过，如交接班。",
    "note": "请写下要记录的内容。",
    "pause": "请写明暂停的理由。",
    "close": "请写明核实的事实，本人会看到。",
}


def missing(verb: str, request: HttpRequest) -> dict[str, str]:
    """Return what the form lacks, by field in its order, in words that say what to do."""
    given = request.POST
    errors = {}
    if verb == "close":
        outcome = given.get("outcome", "")
        if outcome not in AlarmOutcome.values:
            errors["outcome"] = "请选择核实结果。"
        if outcome != AlarmOutcome.CANNOT_KNOW and given.get("cause", "") not in AlarmCause.values:
            errors["cause"] = "请选择原因。关闭报警必须有原因。"
    if verb == "pause" and not given.get("minutes", "").isdecimal():
        errors["minutes"] = "请选择暂停到什么时候。"
    if verb in WORDS_MISSING and not given.get("text", "").strip():
        errors["text"] = WORDS_MISSING[verb]
    if verb == "pause" and not (given.get("second", "").strip() and given.get("password", "")):
        errors["second"] = "请第二名工作人员输入登录名和口令。"
    return errors


def do(officer: Officer, alarm_id: UUID, verb: str, request: HttpRequest) -> str:
    """Call the service of this verb; return what the live region says."""
    text = request.POST.get("text", "").strip()[:500]
    if verb == "take":
        acts.take(officer, alarm_id)
        return "已接手。请核实。"
    if verb == "over":
        acts.take_over(officer, alarm_id, text)
        return "已接过。请继续核实。"
    if verb in ("call", "video", "visit", "note"):
        acts.verify(officer, alarm_id, verb, text)
        return {
            "call": "已记录：电话核实。",
            "video": "已记录：视频核实。",
            "visit": "已记录：派员到场。",
        }.get(verb, "已记录。")
    if verb == "close":
        return acts.finish(officer, alarm_id, request.POST["outcome"], request.POST.get("cause", ""), text)
    until = utc_now() + timedelta(minutes=min(int(request.POST["minutes"]), 240))
    wish = acts.Pause(until, text, request.POST["second"].strip(), request.POST["password"][:200])
    acts.pause(request, officer, alarm_id, wish)
    return "已暂停提醒。到时自动恢复。"
