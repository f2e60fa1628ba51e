"""The dead-man's probe inside the watch: an empty transaction on the way that every fix goes.

Whoever asks, asks for the next one: at most one is under way, and one begins at most each second, so that
asking costs the ticks nothing. It invents no person and no device.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from sifang.kernel.log import get_logger

log = get_logger("watch")
EVERY_S = 1.0
Said = Callable[[bool], None]


class InWorker(Protocol):
    """What the probe needs of the Ticker."""

    async def in_worker(self, job: Callable[[], object]) -> object: ...


class Probe:
    """Gathers who asks, commits once in the worker thread, answers all. On the event loop."""

    def __init__(self, ticker: InWorker, commit: Callable[[], object], every_s: float = EVERY_S) -> None:
        self._ticker, self._commit, self._every_s = ticker, commit, every_s
        self._asked: list[Said] = []
        self._running: asyncio.Task[None] | None = None

    def ask(self, answer: Said) -> None:
        """`answer(True)` after a commit that began after this call, `answer(False)` when it failed."""
        self._asked.append(answer)
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, []
            try:
                await self._ticker.in_worker(self._commit)
                committed = True
            except Exception as error:  # noqa: BLE001 (whatever it is: the way does not work)
                log.warning("probe_failed", error=type(error).__name__)
                committed = False
            for answer in asked:
                answer(committed)
            await asyncio.sleep(self._every_s)
        self._running = None
