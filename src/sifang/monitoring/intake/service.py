"""The intake as gateways see it, put together: admission, tick, refusals, links."""

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.frames import RefusedFrames
from sifang.monitoring.intake.probe import Probe
from sifang.monitoring.intake.refusals import Refusals
from sifang.monitoring.intake.session import Answer, DeviceRef, Frames
from sifang.monitoring.intake.tick import Ticker


class WatchIntake:
    """Implements `session.Intake`. All calls on the event loop."""

    def __init__(
        self,
        admission: Admission,
        ticker: Ticker,
        refusals: Refusals,
        on_sim: Callable[[DeviceRef, bool], None] = lambda _device, _is_registered: None,
        *,
        frames: RefusedFrames | None = None,
        commit: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._admission = admission
        self._ticker = ticker
        self._refusals = refusals
        self._frames = frames
        self._on_sim, self._clock = on_sim, clock
        self._probe = Probe(ticker, commit)
        self.links: Counter[str] = Counter()

    def find_device(self, terminal_id: str) -> DeviceRef | None:
        """Return the registered device of this terminal id, or None."""
        return self._admission.find(terminal_id)

    def submit(self, fixes: NDArray[np.void], answer: Answer, frames: Frames | None = None) -> None:
        """Take FIX rows for the next tick."""
        self._ticker.submit(fixes, answer, frames)

    def refuse(self, reason: str, gateway: str, device: str, n: int = 1, frame: bytes | None = None) -> None:
        """Count what a gateway refused; keep its bytes where they may be kept."""
        now = self._clock()
        self._refusals.count(reason, gateway, device, now, n)
        if (
            frame is not None
            and self._frames is not None
            and (known := self._admission.find(device)) is not None
        ):
            self._frames.keep(known.index, reason, gateway, frame, now)

    def link_event(self, device: DeviceRef, what: str, **facts: object) -> None:
        """Count what happens to connections; which SIM a device came with is told on."""
        del facts  # no numbers of SIM or device leave the gateway
        self.links[what] += 1
        if what in {"sim_changed", "sim_confirmed"}:
            self._on_sim(device, what == "sim_confirmed")

    def watch_pressure(self, listener: Callable[[bool], None]) -> None:
        """Pass on when to stop reading."""
        self._ticker.watch_pressure(listener)

    def probe(self, answer: Callable[[bool], None]) -> None:
        """Send an empty transaction through the worker thread."""
        self._probe.ask(answer)

    def each_tick(self, gather: Callable[[], None]) -> None:
        """Pass on who holds bytes back until the tick."""
        self._ticker.each_tick(gather)

    def wake(self) -> None:
        """Pass on that bytes have come."""
        self._ticker.wake()
