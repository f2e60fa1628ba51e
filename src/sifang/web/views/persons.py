"""对象: the file of one person, the track behind the purpose prompt, and the person's own page."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from sifang.kernel.errors import BadInput, NotFound
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring.access import LONGEST_TRACK, access_track
from sifang.monitoring.access_export import was_erased
from sifang.monitoring.intake.columns import F_ASSUMED, F_LOCATED
from sifang.monitoring.models import Fence
from sifang.people.access import Purpose, access_person_by_number, acting
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.person_file import PersonFile, need_alarm, open_own, open_person
from sifang.web.person_tabs import known_tab, own_context, paper_context, tab_context
from sifang.web.present import course
from sifang.web.present.fences import collection
from sifang.web.rooms import ME, PERSONS
from sifang.web.shell import Viewer

GAP_S = 600
TRACK_PURPOSES = (Purpose.VERIFY_ALARM, Purpose.REVIEW, Purpose.OBJECTION)
OPENING = PERSONS.roles | {Role.DUTY_OFFICER}


@require_safe
@room(None, *OPENING)
def person(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The file: the course of the case in tabs, each read only when it is opened, and who read it."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    tab = known_tab(viewer, request.GET.get("tab", ""))
    asked = request.GET.get("acts", "")
    with acting(viewer.officer, purposes.of_person(viewer)):  # one transaction: reads and their records
        file = of_order(open_person(viewer, number), request.GET.get("order", ""))
        context = person_context(viewer, file)
        context["given_order"] = request.GET.get("order", "")[:36] if context["others"] else ""
        context |= tab_context(viewer, file, tab, int(asked) if asked.isdecimal() else 0)
    return render(request, "sifang/person.html", context)


def of_order(file: PersonFile, asked: str) -> PersonFile:
    """Return the file under an earlier decision about the same person, where one is asked for."""
    earlier = next((one for one in file.person.orders.all() if str(one.id) == asked), None)
    return replace(file, order=earlier) if earlier else file


@require_safe
@room(None, *OPENING)
def printed(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The file on paper: everything that the page says, marks as words, no buttons."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    with acting(viewer.officer, purposes.of_person(viewer)):
        file = open_person(viewer, number)
        context = person_context(viewer, file)
        context |= paper_context(file)
    return render(request, "sifang/person_print.html", context)


def person_context(viewer: Viewer, file: PersonFile) -> dict[str, Any]:
    now = utc_now().astimezone(SHANGHAI)
    return {
        "file": file,
        "person": file.person,
        "order": file.order,
        "others": [one for one in file.person.orders.all() if file.order and one.id != file.order.id],
        "term_bar": course.term_bar(file),
        "term_words": course.term_words(file.order) if file.order else "",
        "today": now.date(),
        "days_left": (file.order.term_end - now.date()).days if file.order else None,
        "may_track": bool(viewer.roles & (OPENING - {Role.JUSTICE_HEAD})),
    }


@require_http_methods(["GET", "POST"])
@room(None, *(OPENING - {Role.JUSTICE_HEAD}))
def track(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The purpose prompt (GET); after 记录并查看 (POST) the replay. At most 24 hours, no preselection."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    if viewer.roles <= {Role.DUTY_OFFICER, Role.SYSTEM_ADMIN}:
        need_alarm(viewer, number, Purpose.VERIFY_ALARM)
    asked = request.POST.get("purpose", "")
    allowed = (Purpose.PROCURATE,) if viewer.has(Role.PROSECUTOR) else TRACK_PURPOSES
    purpose = Purpose(asked) if asked in allowed else None
    opening = purpose or purposes.of_person(viewer)
    who = access_person_by_number(viewer.officer, number, opening)
    context: dict[str, Any] = {"person": who, "purposes": allowed, "given": request.POST, "error": ""}
    context |= {"read": ReadNote(utc_now(), opening.title, opening.article), "may_export": may_export(viewer)}
    if request.method == "GET":
        now = utc_now().astimezone(SHANGHAI)
        context["track_from"] = (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
        context["track_to"] = now.strftime("%Y-%m-%dT%H:%M")
        return render(request, "sifang/track_prompt.html", context)
    context |= {"track_from": request.POST.get("from", ""), "track_to": request.POST.get("to", "")}
    try:
        frm, to = instant(request.POST.get("from", "")), instant(request.POST.get("to", ""))
    except ValueError:
        context["error"] = "请填写起止时间。"
        return render(request, "sifang/track_prompt.html", context, status=400)
    if purpose is None:
        context["error"] = "请选择目的。不选目的不能查看轨迹。"
    elif not frm < to <= frm + LONGEST_TRACK:
        context["error"] = "一次最多查看 24 小时，且起时须早于止时。"
    if context["error"] or purpose is None:
        return render(request, "sifang/track_prompt.html", context, status=400)
    return replay(request, viewer, context | {"purpose": purpose, "frm": frm, "to": to})


def replay(request: HttpRequest, viewer: Viewer, context: dict[str, Any]) -> HttpResponseBase:
    """Show the fixes of the span; the read was recorded and committed before the journal was opened."""
    who, purpose, frm, to = context["person"], context["purpose"], context["frm"], context["to"]
    fixes = access_track(viewer.officer, who, purpose, frm, to)
    located = fixes[(fixes["flags"] & F_LOCATED) > 0]
    rows = [
        [
            int(fix["taken_s"]),
            round(float(fix["lon"]), 6),
            round(float(fix["lat"]), 6),
            round(float(fix["accuracy_m"]), 1),
            int(bool(fix["flags"] & F_ASSUMED)),
            int(fix["verdict"]),
        ]
        for fix in located
    ]
    with acting(viewer.officer, purpose):
        fences = Fence.objects.select_related("clause", "line", "measure").filter(measure__person=who)
        lines = collection([one for one in fences if one.closed_at is None or one.closed_at > frm])
    data = {"fixes": rows, "gaps": gaps(rows, int(frm.timestamp()), int(to.timestamp())), "fences": lines}
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(data)
    context |= {"data": data, "rows": list(reversed(rows))[:500], "count": len(rows)}
    context |= {"may_export": may_export(viewer), "local_from": at_minute(frm), "local_to": at_minute(to)}
    context["erased"] = not rows and was_erased(viewer.officer, who, purpose, frm, to)
    context["read"] = ReadNote(utc_now(), purpose.title, purpose.article)
    return render(request, "sifang/track.html", context)


def may_export(viewer: Viewer) -> bool:
    """Whether the page offers the file; the services decide."""
    return viewer.has(Role.COUNTY_OFFICER, Role.JUSTICE_HEAD, Role.PROSECUTOR)


def at_minute(moment: datetime) -> str:
    """An instant as a form's field has it, in Shanghai time."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def gaps(rows: list[list[Any]], start: int, end: int) -> list[list[int]]:
    """Return the stretches of more than ten minutes without a fix, Unix seconds."""
    marks = [start, *(row[0] for row in rows), end]
    return [[a, b] for a, b in pairwise(marks) if b - a > GAP_S]


def instant(text: str) -> datetime:
    """Return an instant written in Shanghai time (2026-11-23T10:42). Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise BadInput(reason="时间按北京时间填写。")
    return moment.replace(tzinfo=SHANGHAI)


@require_safe
@room(ME)
def me(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """我的事项: what binds me, until when, who looked; no officer's name."""
    if viewer.officer.person_id is None:
        raise NotFound
    with acting(viewer.officer, Purpose.OWN):
        file = open_own(viewer)
        context = person_context(viewer, file)
        context |= own_context(viewer, file)
    return render(request, "sifang/me.html", context)
