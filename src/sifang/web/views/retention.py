"""管理: how long what is kept, what was deleted; and a person's refused frames, behind a purpose."""

import json
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.access import ReadFrame, access_refused_frames, access_retention
from sifang.monitoring.models import RetentionKind
from sifang.people.access import Purpose, access_person_by_number
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.person_file import need_alarm
from sifang.web.rooms import PERSONS, RETENTION
from sifang.web.shell import Viewer
from sifang.web.views.devices import REASONS
from sifang.web.views.persons import OPENING, TRACK_PURPOSES


@require_safe
@room(RETENTION)
def retention(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The policies, the one in force marked, and the last runs: counts and numbers, no person."""
    policies, runs = access_retention(viewer.officer)
    today, seen, rows = legal_day(utc_now()), set(), []
    for one in policies:
        is_past = one.valid_from <= today
        rows.append((one, "coming" if not is_past else "past" if one.kind in seen else "now"))
        if is_past:
            seen.add(one.kind)
    titles = {kind.value: kind.label.split("（")[0] for kind in RetentionKind}
    done = [
        (run, "，".join(f"{titles.get(kind, kind)} {n}" for kind, n in run.rows.items() if n)) for run in runs
    ]
    return render(request, "sifang/retention.html", {"rows": rows, "runs": done, "at": utc_now()})


@require_http_methods(["GET", "POST"])
@room(None, *(OPENING - {Role.JUSTICE_HEAD}))
def refused(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The purpose prompt (GET); after 记录并查看 (POST) the frames: they may hold positions."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    if viewer.roles <= {Role.DUTY_OFFICER, Role.SYSTEM_ADMIN}:
        need_alarm(viewer, number, Purpose.VERIFY_ALARM)
    allowed = (Purpose.PROCURATE,) if viewer.has(Role.PROSECUTOR) else TRACK_PURPOSES
    asked = request.POST.get("purpose", "")
    purpose = Purpose(asked) if asked in allowed else None
    opening = purpose or purposes.of_person(viewer)
    who = access_person_by_number(viewer.officer, number, opening)
    context: dict[str, Any] = {
        "person": who,
        "purposes": allowed,
        "read": ReadNote(utc_now(), opening.title, opening.article),
    }
    if purpose is None:
        context["error"] = "请选择目的。不选目的不能查看。" if request.method == "POST" else ""
        status = 400 if request.method == "POST" else 200
        return render(request, "sifang/refused.html", context, status=status)
    frames = access_refused_frames(viewer.officer, who, purpose)
    context["shown"] = True
    context["frames"] = [(one, REASONS.get(one.reason, one.reason), *in_words(one)) for one in frames]
    return render(request, "sifang/refused.html", context)


def in_words(frame: ReadFrame) -> tuple[str, str]:
    """Return the bytes as hex (or text, of HTTP) and what the pure decoder says about them."""
    if frame.data is None:
        return "", "密钥已销毁，不能打开"
    if frame.gateway != "jt808":
        return frame.data.decode("utf-8", "replace"), ""
    decode_line = import_module("sifang.gateways.jt808.decoder").decode_line
    text = frame.data.hex()
    try:
        said = decode_line(text)
    except Exception as error:  # noqa: BLE001 (what a stranger's bytes do to a decoder is not this page's end)
        said = {"error": type(error).__name__}
    return text, json.dumps(said, ensure_ascii=False)
