"""The additional items of a location (0x0200): cutting them apart, and what each of them says.

Standard items are typed. Vendor items keep their raw bytes and are typed only where two independent
sources agree (0x54 Wi-Fi, 0x56 battery, 0x61 voltage, 0xF1 ICCID) or where one vendor's document states a
percentage of the battery (0xFB); cells (0x53, 0x5D) of one vendor's document are read where count and length
fit exactly. What the items of a model mean beyond that says its quality card.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.reader import Reader

BATTERY, BATTERY_GPS51, SATELLITES, WIFI, ICCID = 0x56, 0xFB, 0x31, 0x54, 0xF1
MAX_PERCENT = 100
# widths of id and length, tried in this order where the rest must still fit (jt808.md e-7, hazard 4)
WIDTHS = ((1, 1), (2, 1), (2, 2), (1, 4))


@dataclass(frozen=True, slots=True)
class Item:
    """One additional item: its id, how wide the id was on the wire (1 or 2 bytes), its value."""

    id: int
    value: bytes
    id_width: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return {"id", "name", "value", "raw"}; `name` and `value` only where the meaning is known."""
        known: dict[str, Any] = {"id": self.value_id}
        meaning = MEANINGS.get(self.id) if self.id_width == 1 else None
        if meaning is not None:
            name, read = meaning
            try:
                known |= {"name": name, "value": read(Reader(self.value))}
            except BadLength:
                known |= {"name": name}
        return known | {"raw": self.value.hex()}

    @property
    def value_id(self) -> str:
        return f"{self.id:0{2 * self.id_width}x}"


def cut_items(data: bytes) -> tuple[list[Item], bytes]:
    """Return the items and the tail that cannot be cut (empty when everything fits).

    One-byte ids and lengths come first; two-byte ids (their first byte 00) and two- or four-byte lengths
    are taken only where the standard form does not reach the end exactly.
    """
    items, at = _standard(data)
    if at == len(data):
        return items, b""
    path = _exact(data)
    return (path, b"") if path is not None else (items, data[at:])


def _standard(data: bytes) -> tuple[list[Item], int]:
    items: list[Item] = []
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + data[at + 1]
        if end > len(data):
            break
        items.append(Item(data[at], data[at + 2 : end]))
        at = end
    return items, at


def _exact(data: bytes) -> list[Item] | None:
    """Search, without recursion and at most once from each position, for a cut that reaches the end."""
    came_from: dict[int, tuple[int, Item]] = {}
    todo = [0]
    while todo:
        at = todo.pop()
        if at == len(data):
            return _walk_back(came_from, at)
        for id_width, length_width in reversed(WIDTHS):
            head = at + id_width + length_width
            if head > len(data) or (id_width == 2 and data[at] != 0):  # noqa: PLR2004 (a two-byte id)
                continue
            end = head + int.from_bytes(data[at + id_width : head], "big")
            if end <= len(data) and end not in came_from:
                identity = int.from_bytes(data[at : at + id_width], "big")
                came_from[end] = (at, Item(identity, data[head:end], id_width))
                todo.append(end)
    return None


def _walk_back(came_from: dict[int, tuple[int, Item]], at: int) -> list[Item]:
    items: list[Item] = []
    while at:
        at, item = came_from[at]
        items.append(item)
    return items[::-1]


def battery_percent(items: list[Item]) -> int | None:
    """Return the percentage where an item states one (0x56 level + percent, 0xFB), else None."""
    for item in items:
        if item.id_width != 1:
            continue
        if item.id == BATTERY and len(item.value) == 2 and item.value[1] <= MAX_PERCENT:  # noqa: PLR2004
            return item.value[1]
        if item.id == BATTERY_GPS51 and len(item.value) == 4 and item.value[0] <= MAX_PERCENT:  # noqa: PLR2004
            return item.value[0]
    return None


def satellites(items: list[Item]) -> int | None:
    """Return the number of satellites (0x31), None where the item is absent or not one byte."""
    for item in items:
        if item.id == SATELLITES and item.id_width == 1 and len(item.value) == 1:
            return item.value[0]
    return None


def _temperature(reader: Reader) -> int:
    """Sign and magnitude: bit 15 set = below zero, °C."""
    value = reader.u16()
    return -(value & 0x7FFF) if value & 0x8000 else value


def _overspeed(reader: Reader) -> dict[str, Any]:
    kind = reader.u8()
    return {"area_type": kind} | ({"area_id": reader.u32()} if reader.left else {})


def _area(reader: Reader) -> dict[str, Any]:
    return {"area_type": reader.u8(), "area_id": reader.u32(), "direction": reader.u8()}


def _route(reader: Reader) -> dict[str, Any]:
    return {"route_id": reader.u32(), "time_s": reader.u16(), "result": reader.u8()}


def _analog(reader: Reader) -> dict[str, Any]:
    value = reader.u32()
    return {"ad0": value & 0xFFFF, "ad1": value >> 16}


def _wifi(reader: Reader) -> list[dict[str, Any]]:
    return [{"mac": reader.digits(6), "rssi": reader.u8()} for _ in range(reader.u8())]


def _cells(reader: Reader, size: int) -> list[dict[str, Any]]:
    """Count BYTE, then MCC WORD, MNC BYTE, LAC WORD, cell of `size` bytes, RSSI BYTE each."""
    count = reader.u8()
    if reader.left != count * (6 + size):
        raise BadLength(f"{count} cells in {reader.left} bytes")
    return [
        {
            "mcc": reader.u16(),
            "mnc": reader.u8(),
            "lac": reader.u16(),
            "cell": reader.number(size),
            "rssi": reader.u8(),
        }
        for _ in range(count)
    ]


def _battery(reader: Reader) -> dict[str, Any]:
    level = reader.u8()
    return {"level": level} | ({"percent": reader.u8()} if reader.left else {})


def _gps51_battery(reader: Reader) -> dict[str, Any]:
    return {"percent": reader.u8(), "voltage_raw": reader.u16(), "status": reader.u8()}


def _tenth(reader: Reader, size: int) -> float:
    return reader.number(size) / 10


MEANINGS: dict[int, tuple[str, Callable[[Reader], Any]]] = {
    0x01: ("mileage_km", lambda reader: _tenth(reader, 4)),
    0x02: ("fuel_l", lambda reader: _tenth(reader, 2)),
    0x03: ("recorder_speed_kmh", lambda reader: _tenth(reader, 2)),
    0x04: ("alarm_event_id", Reader.u16),
    0x05: ("tyre_pressure", lambda reader: list(reader.rest())),
    0x06: ("temperature_c", _temperature),
    0x11: ("overspeed", _overspeed),
    0x12: ("area_alarm", _area),
    0x13: ("route_time_alarm", _route),
    0x25: ("signals", Reader.u32),
    0x2A: ("io_status", Reader.u16),
    0x2B: ("analog", _analog),
    0x30: ("signal", Reader.u8),
    SATELLITES: ("satellites", Reader.u8),
    0x53: ("cells_2g", lambda reader: _cells(reader, 2)),
    WIFI: ("wifi", _wifi),
    0x5D: ("cells_4g", lambda reader: _cells(reader, 4)),
    BATTERY: ("battery", _battery),
    0x61: ("voltage_v", lambda reader: reader.u16() / 100),
    ICCID: ("iccid", lambda reader: reader.rest().strip(b"\x00").decode("gbk", "replace")),
    BATTERY_GPS51: ("battery_gps51", _gps51_battery),
}
