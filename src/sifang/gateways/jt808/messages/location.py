"""Locations: 0x0200, its answer 0x0201, and the batch 0x0704.

A location is kept as sent; `fix()` says what it means: hemisphere bits applied, no −0, `lon` and `lat` only
where the device says that the position is real, now, and not encrypted (status bit 5). Latitude 0 with
longitude 0 is no place. Alarm bits 15–17 are vendor ground: their meaning is the model's quality card.
"""

from dataclasses import dataclass
from typing import Any

from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.messages import items as extra
from sifang.gateways.jt808.reader import Reader, bcd_time
from sifang.monitoring.intake.fixes import BadFrame, BadValue, Fix, sane

FIXED_PART = 28
S_LOCATED, S_SOUTH, S_WEST, S_ENCRYPTED = 1 << 1, 1 << 2, 1 << 3, 1 << 5
S_SATELLITES = 0b1111 << 18  # GPS, BeiDou, GLONASS, Galileo used
MICRO = 1e6
BLIND_SPOT = 1


@dataclass(frozen=True, slots=True)
class Location:
    """One location as sent. `body` is what is hashed to know it again; `replayed`: blind-spot replay."""

    body: bytes
    alarm_flags: int
    status_flags: int
    lat_raw: int
    lon_raw: int
    altitude_m: int
    speed_raw: int
    course_deg: int
    time: bytes
    items: list[extra.Item]
    tail: bytes
    replayed: bool = False

    @property
    def located(self) -> bool:
        """Whether the position is a real one: located, not encrypted, not (0, 0)."""
        flags = self.status_flags
        return bool(flags & S_LOCATED) and not flags & S_ENCRYPTED and (self.lat_raw, self.lon_raw) != (0, 0)

    def fix(self) -> Fix:
        """Return the fix. Raises BadValue when a value cannot be, whether located or not."""
        lat = -(self.lat_raw / MICRO) if self.status_flags & S_SOUTH else self.lat_raw / MICRO
        lon = -(self.lon_raw / MICRO) if self.status_flags & S_WEST else self.lon_raw / MICRO
        sane(Fix(taken_s=0, lon=lon, lat=lat))
        located = self.located
        return sane(
            Fix(
                taken_s=bcd_time(self.time),
                lon=lon + 0.0 if located else None,
                lat=lat + 0.0 if located else None,
                located=located,
                speed_kmh=self.speed_raw / 10,
                course_deg=self.course_deg,
                altitude_m=self.altitude_m,
                satellites=extra.satellites(self.items),
                battery_percent=extra.battery_percent(self.items),
                alarm_flags=self.alarm_flags,
                status_flags=self.status_flags,
                replayed=self.replayed,
            )
        )

    def extras(self) -> dict[str, Any]:
        """Return the additional items for a message's body."""
        found: dict[str, Any] = {"items": [item.as_json() for item in self.items]}
        return found | ({"items_tail": self.tail.hex()} if self.tail else {})


def read_location(body: bytes, *, replayed: bool = False) -> Location:
    """Return the location of a 0x0200 body. Raises BadLength below 28 bytes."""
    if len(body) < FIXED_PART:
        raise BadLength(f"location of {len(body)} bytes")
    reader = Reader(body)
    alarm, status, lat, lon = reader.u32(), reader.u32(), reader.u32(), reader.u32()
    altitude, speed, course = reader.u16(), reader.u16(), reader.u16()
    time = reader.take(6)
    found, tail = extra.cut_items(reader.rest())
    return Location(
        body, alarm, status, lat, lon, altitude, speed, course, time, found, tail, replayed=replayed
    )


def iccid_of(body: bytes) -> str:
    """Return the twenty digits of the ICCID that a location carries (0xF1), or an empty string."""
    for item in read_location(body).items:
        if item.id == extra.ICCID and item.id_width == 1:
            return item.value.decode("latin-1").strip("\x00")
    return ""


def fix_or_error(location: Location | BadFrame) -> dict[str, Any]:
    """Return the JSON of the fix, or of what is wrong with it."""
    if isinstance(location, BadFrame):
        return location.as_json()
    try:
        return location.fix().as_json()
    except BadValue as error:
        return error.as_json()


def read_batch(reader: Reader) -> tuple[dict[str, Any], list[Location | BadFrame]]:
    """Return body and locations of 0x0704: count WORD, type BYTE, items of length WORD + location.

    A bad item stands as its error between good ones; what is missing of the announced count, and what no
    longer can be cut, is one error at the end.
    """
    count, kind = reader.u16(), reader.u8()
    locations: list[Location | BadFrame] = []
    while reader.left and len(locations) < count:
        try:
            length = reader.u16()
            data = reader.take(length)
        except BadLength as error:  # nothing more can be cut
            locations.append(error)
            break
        try:
            locations.append(read_location(data, replayed=kind == BLIND_SPOT))
        except BadLength as error:
            locations.append(error)
    if len(locations) < count:
        locations.append(BadLength(f"{len(locations)} of {count} items present"))
    body = {
        "count": count,
        "type": kind,
        "batch": [one.extras() if isinstance(one, Location) else one.as_json() for one in locations],
    }
    return body | ({"rest": reader.rest().hex()} if reader.left else {}), locations
