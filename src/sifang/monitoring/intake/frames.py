"""Bytes of refused frames: kept only for devices under a live measure at that instant (DESIGN § 3).

They wait in memory, bounded, until the worker flushes them, and are then encrypted with the measure's key.
They never reach a log, a job or an exception's message.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.checks import REASONS
from sifang.monitoring.intake.session import Frames

Fixes = NDArray[np.void]
LONGEST = 2048  # bytes kept of one frame
PER_HOUR = 60  # frames kept of one device in an hour
WAITING = 2000  # frames waiting for the database, at most


class RefusedFrames:
    """Takes refused frames from the event loop and from the worker thread; `flush` stores them."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._lock = Lock()
        self._waiting: list[tuple[int, int, str, str, bytes, float]] = []
        self._batches: Sequence[Fixes] = ()
        self._frames: Sequence[Frames | None] = ()

    def keep(self, device: int, reason: str, gateway: str, frame: bytes, now_s: float) -> None:
        """Keep `frame` of the device of this index if it is worn under a live measure now."""
        measure = self.measure_at(device, now_s)
        if measure is None:
            return
        with self._lock:
            if len(self._waiting) < WAITING:
                self._waiting.append((measure, device, reason, gateway, frame, now_s))

    def begin_tick(self, batches: Sequence[Fixes], frames: Sequence[Frames | None]) -> None:
        """Remember where the rows of this tick come from; `frames` may be shorter than `batches`."""
        self._batches, self._frames = batches, frames

    def refused(self, fixes: Fixes, reasons: NDArray[np.uint8], now_s: float) -> None:
        """Keep the bytes of the refused rows of `fixes`, which are all rows of some devices of the tick."""
        if not any(self._frames):
            return
        origin = self._origin(fixes)
        devices = self._admission.devices
        for row in np.flatnonzero(reasons >= min(REASONS)).tolist():
            device = int(fixes["device"][row])
            batch, at = origin[row]
            frames = self._frames[batch] if batch < len(self._frames) else None
            if frames is not None and self.measure_at(device, now_s) is not None:
                gateway = devices[device].protocol
                self.keep(device, REASONS[reasons[row]], gateway, frames(at), now_s)

    def measure_at(self, device: int, at_s: float) -> int | None:
        """Return the number of the measure under which this device is worn at `at_s`, or None."""
        devices = self._admission.devices
        if not 0 <= device < len(devices):
            return None
        row = devices[device]
        known = self._admission.find(row.terminal_id)
        if known is None or known.index != device:  # retired since
            return None
        return next((w.measure for w in row.windows if w.from_s <= at_s < w.to_s), None)

    def _origin(self, fixes: Fixes) -> list[tuple[int, int]]:
        """Return batch and row of each of `fixes`: they keep their order in time within a submission."""
        whole, places = [], []
        for number, batch in enumerate(self._batches):
            order = np.argsort(batch["taken_s"], kind="stable")
            whole.append(batch["device"][order])
            places += [(number, int(row)) for row in order]
        devices = np.concatenate(whole) if whole else np.zeros(0, np.int32)
        here = np.flatnonzero(np.isin(devices, np.unique(fixes["device"])))
        return [places[i] for i in here.tolist()]
