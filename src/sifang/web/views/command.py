"""指挥: the live map and its table, the queue of questions beside it, and the wall."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.web.gate import room
from sifang.web.present.board import board_for
from sifang.web.rooms import COMMAND
from sifang.web.shell import Viewer


@require_safe
@room(COMMAND)
def command(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The room: map or table (`#table`), counts, queue."""
    return render(request, "sifang/command.html", {"board": board_for(viewer.officer)})


@require_safe
@room(COMMAND)
def queue(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The queue alone, for a page that has heard of a change."""
    return render(request, "sifang/parts/queue.html", {"board": board_for(viewer.officer)})


@require_safe
@room(COMMAND)
def table(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The table's rows alone."""
    return render(request, "sifang/parts/rows.html", {"board": board_for(viewer.officer)})


@require_safe
@room(COMMAND)
def wall(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The wall: dark, pseudonyms, no name, no address; what needs a person."""
    return render(request, "sifang/wall.html", {"board": board_for(viewer.officer)})


@require_safe
@room(COMMAND)
def wall_parts(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The wall's changing columns alone."""
    return render(request, "sifang/parts/wall_parts.html", {"board": board_for(viewer.officer)})
