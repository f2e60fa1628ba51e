"""What the engine is told and what it answers: fences, measures, signals. Free of numba, for all rooms."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sifang.kernel.errors import BadInput
from sifang.monitoring.engine.constants import SILENT_AFTER_S

BOUNDARY, PLACE, TIMETABLE, STRAP, BATTERY, SILENT, SOS, STATION = range(1, 9)
BEGIN, END = 1, 2

KIND_NAMES = {
    BOUNDARY: "boundary",
    PLACE: "place",
    TIMETABLE: "timetable",
    STRAP: "strap",
    BATTERY: "battery",
    SILENT: "silent",
    SOS: "sos",
    STATION: "station",
}
FENCE_KINDS = {"boundary": BOUNDARY, "prohibited_place": PLACE, "timetable": TIMETABLE, "station": STATION}
HOURS_OF_WEEK = 168

SIGNAL = np.dtype(
    [
        ("measure", "<i8"),  # Measure.number
        ("fence", "<i8"),  # Fence.number, -1 for signals of the device
        ("kind", "u1"),
        ("phase", "u1"),  # BEGIN or END
        ("episode", "<i8"),  # Unix second of the first fix of the run that made it
        ("at_s", "<i8"),  # Unix second of the fix that decided
        ("distance_m", "<f4"),  # beyond the line on the side that is not allowed: positive; NaN without fence
        ("accuracy_m", "<f4"),
        ("boundary_m", "<f4"),
        ("probability", "<f4"),  # of being beyond the line
    ]
)


class BadFence(BadInput):
    """围栏 {number} 无法使用：{reason}。"""

    code = "bad_fence"


@dataclass(frozen=True)
class FenceSpec:
    """One fence of one measure. Rings: (n, 3) arrays of lon, lat, boundary_m (68 %), even-odd, WGS-84.

    `timetable`: None = always, else 168 characters 0/1 for the hours of the week in Shanghai from Monday
    00:00. `exceptions`: Unix seconds, end exclusive. In force from `from_s` to `to_s` (exclusive). A fence
    with `alarm` false only reminds: its signals are of kind STATION. Raises BadFence.
    """

    number: int
    measure: int
    kind: str
    keeps: str
    rings: list[npt.NDArray[np.float64]]
    timetable: str | None = None
    exceptions: list[tuple[int, int]] = field(default_factory=list)
    from_s: int = 0
    to_s: int = 1 << 62
    alarm: bool = True

    def __post_init__(self) -> None:
        reason = self._wrong()
        if reason:
            raise BadFence(number=self.number, reason=reason)

    def _wrong(self) -> str:
        if self.kind not in FENCE_KINDS:
            return f"种类 {self.kind}"
        if self.keeps not in {"inside", "outside"}:
            return f"应在 {self.keeps}"
        if not self.rings:
            return "没有边界线"
        if self.timetable is not None and (
            len(self.timetable) != HOURS_OF_WEEK or set(self.timetable) - {"0", "1"}
        ):
            return "时间表应为 168 个 0 或 1"
        return ""

    @property
    def signal_kind(self) -> int:
        """The kind its signals carry."""
        return FENCE_KINDS[self.kind] if self.alarm else STATION


@dataclass(frozen=True)
class MeasureSpec:
    """A live measure: fixes taken from `from_s` to `to_s` (exclusive) are looked at.

    `silent_after_s`: how long without a position until the device counts as silent.
    """

    number: int
    from_s: int
    to_s: int
    silent_after_s: int = SILENT_AFTER_S
