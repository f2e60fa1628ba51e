"""`/api/live`: one viewer's stream of server-sent events, within the viewer's own scope.

Holds no database connection while it waits: scope and queue are read in short pieces of work that give
their connection back. The session and the roles are looked at again every minute.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.people.models import Officer, active_roles
from sifang.web.gate import SignInNeeded
from sifang.web.live import scope
from sifang.web.live.hub import BEAT_S, News, Viewer, hub
from sifang.web.live.state import Position
from sifang.web.rooms import COMMAND
from sifang.web.shell import Viewer as Desk
from sifang.web.shell import viewer_of
from sifang.web.views.errors import error_response

STATUS_S = 5.0
CHECK_S = 60.0
FRESH_S = 600

T = TypeVar("T")


@dataclass
class Sight:
    """What one viewer may see now; refreshed when measures change."""

    desk: Desk
    nameless: bool
    session: str = ""
    numbers: frozenset[int] = field(default_factory=frozenset)


async def live(request: HttpRequest) -> HttpResponseBase:
    """Answer with the stream, or refuse like every page of the room."""
    desk = await sync_to_async(viewer_of)(request)
    if desk is None:
        return await sync_to_async(error_response)(request, SignInNeeded())
    if not desk.roles & COMMAND.roles:
        return await sync_to_async(error_response)(request, NotFound())
    await sync_to_async(connections.close_all)()  # the request's own thread gives its connection back
    hub.ensure()
    sight = Sight(desk, nameless="wall" in request.GET, session=request.session.session_key or "")
    response = StreamingHttpResponse(events(sight), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def events(sight: Sight) -> AsyncIterator[bytes]:
    """Yield the snapshot, then what changes: positions, alarms, status; a comment keeps the line open."""
    viewer = Viewer(asyncio.get_running_loop())
    hub.join(viewer)
    try:
        for piece in await snapshot(sight):
            yield piece
        told = checked = time.monotonic()
        looking: asyncio.Task[scope.Seen] | None = None
        while True:
            news = await heard(viewer)
            for piece in await answer(sight, news):
                yield piece
            now = time.monotonic()
            if now - told >= STATUS_S:
                told = now
                yield status(sight)
            if now - checked >= CHECK_S:
                checked = now
                if not await aside(lambda: still_admitted(sight)):
                    yield event("bye", {"code": "sign_in_needed"})
                    return
                # scope as of now, a long look recorded anew; beside the stream, positions do not wait
                looking = looking or asyncio.create_task(aside(lambda: scope.look(sight.desk)))
            if looking is not None and looking.done():
                for piece in shown(sight, looking.result()):
                    yield piece
                looking = None
    finally:
        hub.leave(viewer)


async def heard(viewer: Viewer) -> News | None:
    """Wait for news at most until the next status is due."""
    try:
        return await asyncio.wait_for(viewer.queue.get(), STATUS_S)
    except TimeoutError:
        return None


async def snapshot(sight: Sight) -> list[bytes]:
    """Read scope and queue anew and return everything there is to show."""
    return shown(sight, await aside(lambda: scope.look(sight.desk)))


def shown(sight: Sight, seen: scope.Seen) -> list[bytes]:
    """Return everything there is to show of this scope, as of now."""
    sight.numbers = seen.numbers
    rows = [row for number, row in hub.positions().items() if number in sight.numbers]
    return [positions(rows), alarms(sight, seen), status(sight)]


async def answer(sight: Sight, news: News | None) -> list[bytes]:
    """Return the events that this news means for this viewer."""
    if news is None:
        return [b": still here\n\n"]
    if news.kind == "positions":
        mine = [row for number, row in news.positions.items() if number in sight.numbers]
        return [positions(mine)] if mine else []
    if news.kind == "lost":
        return [event("lost", {"t": utc_now().isoformat()})]
    return await snapshot(sight)


def positions(rows: list[Position]) -> bytes:
    return event("positions", {"t": utc_now().isoformat(), "rows": rows})


def alarms(sight: Sight, seen: scope.Seen) -> bytes:
    cards = [card.without_name() if sight.nameless else card.as_json() for card in seen.cards]
    return event("alarms", {"rows": cards})


def status(sight: Sight) -> bytes:
    """Say how fresh it all is, so that silence of the system is seen."""
    now = time.time()
    mine = [row for number, row in hub.positions().items() if number in sight.numbers]
    newest = max((int(row[6] or 0) for row in mine), default=0)
    fresh = sum(now - int(row[6] or 0) < FRESH_S for row in mine)
    lag = round(now - newest, 1) if newest else None
    listening = hub.is_fresh(now)
    return event(
        "status",
        {
            "t": utc_now().isoformat(),
            "lag_s": lag,
            "tracked": len(sight.numbers),
            "fresh": fresh,
            "listening": listening,
            "beat_s": BEAT_S,
        },
    )


def event(name: str, data: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def still_admitted(sight: Sight) -> bool:
    """Whether the session stands, the account is active and of the same agency, with a role of this room."""
    known = sight.desk.officer
    fresh = Officer.objects.filter(pk=known.pk, is_active=True).first()
    if (
        fresh is None
        or fresh.agency_id != known.agency_id
        or not active_roles(fresh, utc_now()) & COMMAND.roles
    ):
        return False
    return SessionStore(sight.session).exists(sight.session)


async def aside(work: Callable[[], T]) -> T:
    """Run a short piece of database work in a worker thread and give its connections back."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)
