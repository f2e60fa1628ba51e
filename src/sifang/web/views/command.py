"""指挥: the live map and its table, the queue of questions beside it, and the wall."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.people.models import Level
from sifang.web.gate import room
from sifang.web.present.board import board_for
from sifang.web.rooms import COMMAND, HANDLERS
from sifang.web.shell import Viewer


@require_safe
@room(COMMAND)
def command(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The room: map or table (`#table`, without script `?view=table`), counts, queue."""
    context = {
        "board": board_for(viewer),
        "may_handle": bool(viewer.roles & HANDLERS),
        "focus": focus(viewer),
        "show_table": request.GET.get("view") == "table",
    }
    return render(request, "sifang/command.html", context)


@require_safe
@room(COMMAND)
def queue(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The queue alone, for a page that has heard of a change."""
    context = {"board": board_for(viewer), "may_handle": bool(viewer.roles & HANDLERS)}
    return render(request, "sifang/parts/queue.html", context)


@require_safe
@room(COMMAND)
def table(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The table's rows alone."""
    return render(request, "sifang/parts/rows.html", {"board": board_for(viewer)})


@require_safe
@room(COMMAND)
def wall(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The wall: dark, pseudonyms, no name, no address; what needs a person."""
    return render(request, "sifang/wall.html", {"board": board_for(viewer), "focus": focus(viewer)})


@require_safe
@room(COMMAND)
def wall_part(request: HttpRequest, viewer: Viewer, part: str) -> HttpResponseBase:
    """One changing column of the wall: left, right or river."""
    return render(request, f"sifang/parts/wall_{part}.html", {"board": board_for(viewer)})


def focus(viewer: Viewer) -> str:
    """Return the county the map opens on; empty for an agency of the whole city."""
    agency = viewer.agency
    return "" if agency is None or agency.level in (Level.CITY, Level.PROVINCE) else agency.area_code
