"""What a gateway's decoder hands on: a decoded fix, and the one error a decoder may raise.

Standard library only, so that decoders and `sifang decode` start at once. How a fix becomes a row of
columns is said in `monitoring.intake.rows`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError

MAX_SPEED_KMH = 1000.0
MAX_LATITUDE, MAX_LONGITUDE, MAX_COURSE = 90.0, 180.0, 360.0
MAX_ALTITUDE_M = 100_000.0
MAX_ACCURACY_M = 10_000_000.0
FIRST_SECOND, LAST_SECOND = 0, 4102444800  # 1970 to 2100: nothing outside can be the time of a fix


class BadFrame(SifangError):
    """报文不可用：{detail}"""

    code: ClassVar[str] = "bad_frame"
    status: ClassVar[int] = 400

    def __init__(self, detail: str, **data: object) -> None:
        self.detail = detail
        super().__init__(detail=detail, **data)

    def as_json(self) -> dict[str, Any]:
        """Return {"error": code, "detail": …}."""
        return {"error": self.code, "detail": self.detail}


class BadValue(BadFrame):
    """数值不可能：{detail}"""

    code = "bad_value"


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as a device told it. WGS-84 degrees; `taken_s` Unix seconds UTC, None where not told.

    `lon` and `lat` are None unless `located`. `accuracy_m` holds the true place with 68 %; None where the
    device gave none. `alarm_flags`, `status_flags`: the protocol's own words, None where it has none.
    """

    taken_s: int | None
    lon: float | None = None
    lat: float | None = None
    located: bool = False
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    accuracy_m: float | None = None
    satellites: int | None = None
    battery_percent: float | None = None
    alarm_flags: int | None = None
    status_flags: int | None = None
    replayed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the fix in the form that `sifang decode` prints."""
        return {
            "lon": self.lon,
            "lat": self.lat,
            "taken_at": None if self.taken_s is None else iso(self.taken_s),
            "speed_kmh": self.speed_kmh,
            "course_deg": self.course_deg,
            "altitude_m": self.altitude_m,
            "located": self.located,
            "accuracy_m": self.accuracy_m,
            "satellites": self.satellites,
            "battery_percent": self.battery_percent,
            "alarm_flags": self.alarm_flags,
            "status_flags": self.status_flags,
        }


def iso(seconds: int) -> str:
    """Return Unix seconds as ISO 8601 with Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sane(fix: Fix) -> Fix:
    """Return the fix itself. Raises BadValue when a value in it cannot be (NaN included)."""
    if fix.lat is not None and not abs(fix.lat) <= MAX_LATITUDE:
        raise BadValue(f"latitude {fix.lat}")
    if fix.lon is not None and not abs(fix.lon) <= MAX_LONGITUDE:
        raise BadValue(f"longitude {fix.lon}")
    if fix.speed_kmh is not None and not 0 <= fix.speed_kmh <= MAX_SPEED_KMH:
        raise BadValue(f"speed {fix.speed_kmh} km/h")
    if fix.course_deg is not None and not 0 <= fix.course_deg <= MAX_COURSE:
        raise BadValue(f"course {fix.course_deg} degrees")
    if fix.altitude_m is not None and not abs(fix.altitude_m) <= MAX_ALTITUDE_M:
        raise BadValue(f"altitude {fix.altitude_m} m")
    if fix.accuracy_m is not None and not 0 < fix.accuracy_m <= MAX_ACCURACY_M:
        raise BadValue(f"accuracy {fix.accuracy_m} m")
    if fix.taken_s is not None and not FIRST_SECOND <= fix.taken_s < LAST_SECOND:
        raise BadValue(f"time {fix.taken_s}")
    return fix
