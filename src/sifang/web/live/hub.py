"""One LISTEN connection per web process, many viewers: positions, alarms and measures as they change.

The hub runs in its own thread with its own connection (never one of the pool), keeps the newest positions
and wakes the viewers. A viewer's queue is bounded and drops its oldest entry: a slow browser gets a newer
truth later, never an old one. What a viewer sees of all this is decided by the viewer's own scope.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

import psycopg
from django.db import connections

from sifang.kernel.log import get_logger
from sifang.web.live.state import Newest, Position, position

log = get_logger("web")

CHANNELS = ("sifang_fixes", "sifang_alarms", "sifang_measures")
BEAT_S = 0.4  # positions leave at most so often: received to shown stays within a second
FRESH_S = 10.0  # without a sign of life for so long, what the pages show may be old
QUEUE = 8
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class News:
    """What changed: `kind` is positions, alarms, measures or lost."""

    kind: str
    positions: dict[int, Position] = field(default_factory=dict)


class Viewer:
    """One stream: a bounded queue on the event loop that serves it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.queue: asyncio.Queue[News] = asyncio.Queue(QUEUE)
        self.dropped = 0

    def put(self, news: News) -> None:
        """Add news from the loop's own thread; the oldest is dropped when the queue is full."""
        if self.queue.full():
            self.queue.get_nowait()
            self.dropped += 1
        self.queue.put_nowait(news)


class Hub:
    """Listens once for all viewers of this process."""

    def __init__(self, make_newest: Callable[[], Newest], using: str = "reader") -> None:
        self._make_newest = make_newest
        self._using = using
        self._lock = Lock()
        self._viewers: set[Viewer] = set()
        self._pid = 0
        self._stop = False
        self.newest: Newest | None = None
        self.heard_at = 0.0  # Unix seconds of the last sign of life of the connection

    def ensure(self) -> None:
        """Start listening in this process, once."""
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid, self._stop = os.getpid(), False
            Thread(target=self._run, name="live-hub", daemon=True).start()

    def stop(self) -> None:
        """End the thread within a second or so (tests)."""
        self._stop, self._pid = True, 0

    def join(self, viewer: Viewer) -> None:
        """Let this stream hear what comes."""
        with self._lock:
            self._viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        with self._lock:
            self._viewers.discard(viewer)

    def positions(self) -> dict[int, Position]:
        """Return the newest position of every measure this process has heard of."""
        if self.newest is None:
            return {}
        return {int(fix["measure"]): position(fix) for fix in self.newest.rows()}

    def is_fresh(self, now: float | None = None) -> bool:
        """Whether the connection gave a sign of life in the last ten seconds."""
        return (now or time.time()) - self.heard_at < FRESH_S

    def tell(self, news: News) -> None:
        """Wake every viewer, from any thread."""
        with self._lock:
            viewers = list(self._viewers)
        for viewer in viewers:
            try:
                viewer.loop.call_soon_threadsafe(viewer.put, news)
            except RuntimeError:  # its loop has closed with its server
                self.leave(viewer)

    def _run(self) -> None:
        attempt = 0
        while not self._stop:
            try:
                self._listen()
                attempt = 0
            except Exception as error:  # noqa: BLE001 (the edge of the thread: say so, wait, try again)
                log.warning("live_lost", error=type(error).__name__)
                self.tell(News("lost"))
                if self.is_fresh():
                    attempt = 0
                time.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
                attempt += 1
            finally:
                connections[self._using].close()
                connections.close_all()

    def _listen(self) -> None:
        with psycopg.connect(**_parameters(self._using), autocommit=True) as connection:
            for channel in CHANNELS:
                connection.execute(f"LISTEN {channel}")
            self.newest = newest = self.newest or self._make_newest()
            newest.load_recent()
            connections[self._using].close()
            self.heard_at = time.time()
            self.tell(News("measures"))  # whoever is connected takes a fresh snapshot
            while not self._stop:
                self._beat(connection, newest)

    def _beat(self, connection: "psycopg.Connection[Any]", newest: Newest) -> None:
        """Gather the notifications of a beat, then apply and tell them at once."""
        blocks: list[int] = []
        alarms = measures = False
        for notice in connection.notifies(timeout=BEAT_S):
            if notice.channel == "sifang_fixes":
                blocks.append(int(notice.payload))
            alarms |= notice.channel == "sifang_alarms"
            measures |= notice.channel == "sifang_measures"
        connection.execute("SELECT 1")  # notices a dead server
        self.heard_at = time.time()
        if blocks:
            self._moved(newest, blocks)
        if measures:
            self.tell(News("measures"))
        if alarms:
            self.tell(News("alarms"))

    def _moved(self, newest: Newest, blocks: list[int]) -> None:
        before = {int(fix["measure"]): int(fix["taken_s"]) for fix in newest.rows()}
        try:
            newest.apply_blocks(blocks)
        finally:
            connections[self._using].close()  # gives the pooled connection back
        moved = {
            int(fix["measure"]): position(fix)
            for fix in newest.rows()
            if before.get(int(fix["measure"])) != int(fix["taken_s"])
        }
        if moved:
            self.tell(News("positions", positions=moved))


def _parameters(using: str) -> dict[str, Any]:
    """Return libpq parameters of a Django alias, for a connection outside the pool."""
    given = connections[using].get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return {name: given[name] for name in names if given.get(name)}


def _newest() -> Newest:
    from sifang.monitoring.intake.live import LiveState

    newest: Newest = LiveState()
    return newest


hub = Hub(_newest)
