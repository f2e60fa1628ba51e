"""The event loop's side: fixes gather for a tick, the worker judges them, then the devices are answered.

A gateway that keeps bytes back until the tick (`each_tick`) says when the first ones come (`wake`); it is
asked for them every 20 ms, also while a commit is running, so that bounds and pressure count what has come.
While a tick is being committed the next one grows (group commit). When too much is waiting, gateways are
asked to stop reading; what still comes above the hard bound is not acknowledged, so the device keeps it.
Without a database everything waits unacknowledged and the same tick is tried again with back-off.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sifang.kernel.log import get_logger
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.figures import TickFigures
from sifang.monitoring.intake.judge import Judge
from sifang.monitoring.intake.session import Answer, DeviceRef, Frames
from sifang.monitoring.intake.store import DatabaseLostError

log = get_logger("watch")
T = TypeVar("T")
TICK_S, QUICK_S = 0.020, 0.005  # between two ticks; after a quiet moment
CROWDED, CALM, FULL = 50_000, 20_000, 100_000  # fixes waiting: stop reading, go on, refuse to take
TICK_FIXES = 20_000  # at most so many in one transaction
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)  # a longer one was most of the outage after a kill of the database


class Submission(NamedTuple):
    """Fixes of one gateway, who answers for them, and their bytes."""

    fixes: NDArray[np.void]
    answer: Answer
    frames: Frames | None


class Ticker:
    """Gathers, hands over, answers. All methods run on the event loop; the worker is one thread.

    For the operator: `figures` (received, answered, waiting, age of the oldest bytes without an answer,
    times of ticks, lost and retried ones), `lost_since` (no database since; None: there is one).
    """

    def __init__(
        self, judge: Judge, worker: ThreadPoolExecutor, clock: Callable[[], float] = time.time
    ) -> None:
        self._judge = judge
        self._worker = worker
        self._clock = clock
        self._waiting: list[Submission] = []
        self._fixes_waiting = 0
        self._gathers: list[Callable[[], None]] = []
        self._is_woken = False  # gateways hold bytes back until the tick
        self._is_gathering = False
        self._running: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_start = self._last_beat = 0.0
        self._listeners: list[Callable[[bool], None]] = []
        self._crowded = False
        self._closing = False
        self.figures = TickFigures()
        self.lost_since: float | None = None
        self.on_database: Callable[[float], None] = lambda _since: None

    def each_tick(self, gather: Callable[[], None]) -> None:
        """Call `gather` at each tick: it submits what its gateway has held back."""
        self._gathers.append(gather)

    def wake(self) -> None:
        """A gateway holds bytes back: a tick comes soon."""
        if not self._is_woken:
            self._is_woken = True
            self.figures.arrived()
            self._arm()

    def submit(self, fixes: NDArray[np.void], answer: Answer, frames: Frames | None = None) -> None:
        """Take fixes (FIX) for the next tick; `answer` is called when their fate is known."""
        if self._closing or self._fixes_waiting + len(fixes) > FULL:
            self.figures.turned_away += len(fixes)
            answer(None)
            return
        if fixes.dtype != FIX:
            raise TypeError(fixes.dtype)
        fixes["received_s"] = int(self._clock())
        self._waiting.append(Submission(fixes, answer, frames))
        self._fixes_waiting += len(fixes)
        self.figures.took(len(fixes))
        if self._fixes_waiting > CROWDED:
            self._press(True)
        self._arm()

    def watch_pressure(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(True)` when gateways should stop reading, `listener(False)` to go on."""
        self._listeners.append(listener)

    async def in_worker(self, job: Callable[..., T], *args: Any) -> T:
        """Run a job between two ticks, in the worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job, *args)

    async def close(self, timeout_s: float = 10.0) -> None:
        """Stop the reading, finish what is waiting if the database lets us; the rest stays unacknowledged."""
        self._press(True)
        await asyncio.sleep(2 * TICK_S)  # what gateways have gathered already
        deadline = time.monotonic() + timeout_s
        while (self._waiting or self._running) and time.monotonic() < deadline:  # noqa: ASYNC110 (shutdown only)
            await asyncio.sleep(0.01)
        self._closing = True
        if self._running:
            self._running.cancel()
        for one in self._waiting:
            one.answer(None)
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()

    def _arm(self) -> None:
        """See to it that a tick comes: 20 ms after the last one, after a quiet moment sooner."""
        if self._timer or self._is_gathering or (not self._is_woken and (self._running or not self._waiting)):
            return
        loop = asyncio.get_running_loop()
        idle = loop.time() - (self._last_beat if self._running else self._last_start)
        self._timer = loop.call_later(QUICK_S if idle > TICK_S else TICK_S - idle, self._beat)

    def _beat(self) -> None:
        """Take what gateways hold back, and start the worker unless it is at work."""
        self._timer = None
        self._last_beat = asyncio.get_running_loop().time()
        self._is_woken, self._is_gathering = False, True
        for gather in self._gathers:
            try:
                gather()
            except Exception:  # one gateway's trouble is not the others'
                log.exception("gather_failed")
        self.figures.gathered()
        self._is_gathering = False
        if self._waiting and not self._running:
            self._start()
        self._arm()  # what has come meanwhile

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_start = loop.time()
        size, taken = 0, 0
        while taken < len(self._waiting) and (
            not taken or size + len(self._waiting[taken].fixes) <= TICK_FIXES
        ):
            size += len(self._waiting[taken].fixes)
            taken += 1
        tick, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self._running = loop.create_task(self._run(tick, size))

    async def _run(self, tick: list[Submission], size: int) -> None:
        stored: list[NDArray[np.bool_]] | None = None
        try:
            stored = await self._judged([one.fixes for one in tick], [one.frames for one in tick])
        except Exception:  # the edge of the worker: nobody is acknowledged, the city goes on
            log.exception("tick_lost", fixes=size)
        finally:
            self._running = None
            self._fixes_waiting -= size
            self.figures.answers(len(tick), stored=stored is not None)
            if self._crowded and self._fixes_waiting < CALM:
                self._press(False)
            for k, one in enumerate(tick):
                _say(one.answer, stored[k] if stored is not None and stored[k].any() else None)
            if not self._closing:
                self._go_on()

    def _go_on(self) -> None:
        """After a tick: at once when it was long and more has been handed over, else in its time."""
        if self._waiting and asyncio.get_running_loop().time() - self._last_start >= TICK_S:
            if self._timer:
                self._timer.cancel()
            self._beat()
        else:
            self._arm()

    async def _judged(
        self, batches: list[NDArray[np.void]], frames: list[Frames | None]
    ) -> list[NDArray[np.bool_]]:
        for attempt in range(1_000_000_000):
            began = time.monotonic()
            try:
                flags = await self.in_worker(self._judge.tick, batches, frames)
            except DatabaseLostError:
                self.figures.retried += 1
                if self.lost_since is None:
                    self.lost_since = self._clock()
                    log.warning("database_lost")
                    self._press(True)
                await asyncio.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            else:
                self.figures.judged(time.monotonic() - began)
                if self.lost_since is not None:
                    since, self.lost_since = self.lost_since, None
                    log.info("database_back", lost_s=round(self._clock() - since, 1))
                    self.on_database(since)
                    self._press(self._fixes_waiting > CROWDED)
                return flags
        raise AssertionError

    @property
    def is_crowded(self) -> bool:
        """Whether gateways are asked not to read."""
        return self._crowded

    def _press(self, crowded: bool) -> None:
        if crowded != self._crowded:
            self._crowded = crowded
            for listener in self._listeners:
                listener(crowded)


def _say(answer: Answer, received: NDArray[np.bool_] | None) -> None:
    try:
        answer(received)
    except Exception:  # one broken connection must not keep the others from their answer
        log.exception("answer_failed")


__all__ = ["DeviceRef", "Ticker"]
