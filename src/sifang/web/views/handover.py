"""衔接: the reception desk. What did not come is as visible as what came."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.cases.desks import PAGE, access_handover
from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.present.handover import line
from sifang.web.rooms import HANDOVER
from sifang.web.shell import Viewer

MOST = 1_000_000
ENTERS = (Role.JUDGE, Role.CUSTODY_OFFICER, Role.COUNTY_OFFICER)


@require_safe
@room(HANDOVER)
def handover(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Cases in hand-over with three clocks each; head counts; the way to enter a judgment."""
    if viewer.agency is None:
        raise NotFound
    asked = request.GET.get("from", "0")
    start = min(int(asked), MOST) if asked.isdecimal() else 0
    purpose = purposes.of_desk(viewer)
    desk = access_handover(viewer.officer, purpose, start=start)
    lines = [line(one, viewer.officer, desk.at) for one in desk.rows]
    if start == 0:
        lines.sort(key=lambda one: not one.is_late)
    context = {
        "desk": desk,
        "lines": lines,
        "late": sum(one.is_late for one in lines),
        "shown": start + len(lines),
        "more": start + PAGE if start + PAGE < desk.total else None,
        "enters": viewer.has(*ENTERS),
        "own_orders": desk.heads is None,
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/handover.html", context)
