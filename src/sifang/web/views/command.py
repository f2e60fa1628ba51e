"""指挥: the live map and its table, the queue of questions beside it, and the wall."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.models import Level
from sifang.web.gate import room
from sifang.web.present.board import board_for
from sifang.web.rooms import COMMAND, HANDLERS
from sifang.web.shell import Viewer

MUTES = ("0", "5", "15", "30")
MUTED = "sound_muted"


@dataclass(frozen=True)
class Mute:
    """This desk's alarm tone rests until an instant (exclusive), for a reason."""

    until: datetime
    reason: str


@require_safe
@room(COMMAND)
def command(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The room: map or table (`#table`, without script `?view=table`), counts, queue."""
    return show(request, viewer)


def show(request: HttpRequest, viewer: Viewer, *, mute_error: str = "") -> HttpResponseBase:
    context = {
        "mute": mute_of(request),
        "mute_error": mute_error,
        "board": board_for(viewer),
        "may_handle": bool(viewer.roles & HANDLERS),
        "focus": focus(viewer),
        "show_table": request.GET.get("view") == "table",
    }
    return render(request, "sifang/command.html", context, status=400 if mute_error else 200)


@require_POST
@room(None, *HANDLERS)
def mute(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Rest the tone of this desk for at most 30 minutes with a reason; 0 minutes lets it sound again."""
    minutes, reason = request.POST.get("minutes", ""), request.POST.get("reason", "").strip()[:120]
    if minutes not in MUTES:
        return show(request, viewer, mute_error="请选择静音多久。")
    if minutes == "0":
        request.session.pop(MUTED, None)
        return redirect("/command")
    if not reason:
        return show(request, viewer, mute_error="请写明静音的理由。")
    now = utc_now()
    until = now + timedelta(minutes=int(minutes))
    with transaction.atomic():
        record(
            "sound_muted",
            {
                "officer": str(viewer.officer.id),
                "from": now.isoformat(),
                "until": until.isoformat(),
                "reason": reason,
            },
        )
    request.session[MUTED] = {"until": until.isoformat(), "reason": reason}
    return redirect("/command")


def mute_of(request: HttpRequest) -> Mute | None:
    """Return the mute of this desk while it lasts."""
    kept = request.session.get(MUTED)
    if not isinstance(kept, dict):
        return None
    until = datetime.fromisoformat(kept["until"])
    return Mute(until, kept["reason"]) if until > utc_now() else None


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
