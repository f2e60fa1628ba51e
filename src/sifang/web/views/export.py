"""导出（法庭用）: one person's track as a file; purpose, document, reason, and the record before it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from sifang.kernel.errors import BadInput, BeyondPower, NotFound, SifangError
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring import powers
from sifang.monitoring.access_export import LONGEST_EXPORT, PERSONS_A_DAY, Wish, purposes_of
from sifang.people.access import Purpose, access_person_by_number
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.download import track_file
from sifang.web.gate import room
from sifang.web.person_file import need_alarm
from sifang.web.rooms import PERSONS
from sifang.web.shell import Viewer
from sifang.web.views.persons import OPENING, instant

FORMS = (
    ("csv", "CSV", "表格软件可直接打开；每行一条定位"),
    ("gpx", "GPX 1.1", "地图软件可直接打开"),
    ("json", "JSON", "供程序读取"),
)


@require_http_methods(["GET", "POST"])
@room(None, *OPENING)
def export(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The form (GET); after 记录并导出 (POST) the file, or the form with what is missing."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    if viewer.roles <= {Role.DUTY_OFFICER, Role.SYSTEM_ADMIN}:
        need_alarm(viewer, number, Purpose.VERIFY_ALARM)
    opening = purposes.of_person(viewer)
    who = access_person_by_number(viewer.officer, number, opening)
    powers.need_exporter(viewer.officer, who)
    allowed = purposes_of(viewer.roles)
    context: dict[str, Any] = {
        "person": who,
        "purposes": allowed,
        "forms": FORMS,
        "given": request.POST or first_asked(request),
        "days": LONGEST_EXPORT.days,
        "persons_a_day": PERSONS_A_DAY,
        "read": ReadNote(utc_now(), opening.title, opening.article),
    }
    if request.method == "GET":
        return render(request, "sifang/track_export.html", context)
    try:
        return track_file(request, viewer, who, wish_of(request, allowed))
    except (NotFound, BeyondPower):
        raise
    except SifangError as error:
        context["error"] = str(error)
        return render(request, "sifang/track_export.html", context, status=error.status)


def first_asked(request: HttpRequest) -> dict[str, str]:
    """The span the page of the track showed, or the last day; nothing else is chosen beforehand."""
    now = utc_now().astimezone(SHANGHAI)
    given = {"from": request.GET.get("from", "")[:16], "to": request.GET.get("to", "")[:16]}
    if not all(given.values()):
        given = {"from": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}", "to": f"{now:%Y-%m-%dT%H:%M}"}
    return given


def wish_of(request: HttpRequest, allowed: tuple[Purpose, ...]) -> Wish:
    """Return what the form asks for. Raises BadInput with the words for the page."""
    given = request.POST
    if given.get("purpose", "") not in allowed:
        raise BadInput(reason="请选择目的。不选目的不能导出轨迹。")
    if not given.get("form"):
        raise BadInput(reason="请选择格式。")
    try:
        frm, to = instant(given.get("from", "")), instant(given.get("to", ""))
    except ValueError:
        raise BadInput(reason="请填写起止时间。") from None
    document, reason = given.get("document", "")[:80], given.get("reason", "")[:400]
    return Wish(Purpose(given["purpose"]), frm, to, document, reason, given["form"])
