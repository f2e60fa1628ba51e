"""今日: what an officer ought to do, each matter with its clock and its article. It cannot be ticked off."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.cases.desk import access_today, scope_of, views_of
from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.present.today import page_of
from sifang.web.rail import keep
from sifang.web.rooms import TODAY
from sifang.web.shell import Viewer


@require_safe
@room(TODAY)
def today(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The list of one view (mine, person, agency, watch) in groups, and the cards beside it."""
    if viewer.agency is None:
        raise NotFound
    purpose = purposes.of_desk(viewer)
    offered = views_of(scope_of(viewer.officer, viewer.roles))
    view = request.GET.get("view", offered[0])
    if view not in offered:
        raise NotFound
    try:
        found = access_today(
            viewer.officer, purpose, viewer.roles, view=view, after=request.GET.get("after", "")
        )
    except ValueError as error:
        raise NotFound from error
    page = page_of(found, viewer.officer, view)
    if view == "mine":
        keep(viewer.officer.id, page.late + page.due_today)
    context = {
        "page": page,
        "more": urlencode({"view": view, "after": found.after}) if found.after else "",
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/today.html", context)
