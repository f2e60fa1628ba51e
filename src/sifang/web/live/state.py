"""The hub's copy of the newest positions, one per web process, for pages and streams alike."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import F_ASSUMED, F_STRAP_KNOWN, F_STRAP_OPEN, NO_BATTERY

Fixes = NDArray[np.void]
Position = list[float | int | None]
"""[measure, lon, lat, accuracy_m, assumed 0/1, verdict 0–3, taken_s, battery|null, strap 0/1/2]"""


class Newest(Protocol):
    """What `monitoring.intake.live.LiveState` offers."""

    def load_recent(self, minutes: int = 15) -> None: ...
    def apply_blocks(self, blocks: Iterable[int]) -> None: ...
    def rows(self, measures: Iterable[int] | None = None) -> Fixes: ...
    def forget(self, measures: Iterable[int]) -> None: ...


def position(fix: np.void) -> Position:
    """Return one fix (FIX) as a row of the stream; WGS-84, metres, Unix seconds."""
    flags = int(fix["flags"])
    accuracy = float(fix["accuracy_m"])
    strap = 0 if not flags & F_STRAP_KNOWN else 2 if flags & F_STRAP_OPEN else 1
    battery = int(fix["battery_pct"])
    return [
        int(fix["measure"]),
        round(float(fix["lon"]), 6),
        round(float(fix["lat"]), 6),
        None if np.isnan(accuracy) else round(accuracy, 1),
        int(bool(flags & F_ASSUMED)),
        int(fix["verdict"]),
        int(fix["taken_s"]),
        None if battery == NO_BATTERY else battery,
        strap,
    ]
