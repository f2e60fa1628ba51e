"""Regions in a terminal's own memory: 0x8600 circle, 0x8602 rectangle, 0x8604 polygon, 0x8606 route.

Sifang keeps its fences itself; these messages are read and written so that a device's own reminder can be
set. Coordinates are degrees as on the wire (unsigned; attribute bits 6 and 7 are south and west [R]).
Times are BCD YYMMDDhhmmss in GMT+8, kept as twelve digits. The 2019 edition adds night speed and name.
"""

from collections.abc import Callable
from typing import Any

from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.reader import Reader, counted, dword, word

Body = dict[str, Any]
HAS_TIMES, HAS_SPEED = 1, 2
MICRO = 1_000_000


def _degrees(raw: int) -> float:
    return raw / MICRO


def _micro(degrees: float) -> bytes:
    return dword(round(degrees * MICRO))


def _read_times(reader: Reader, attribute: int) -> Body:
    if not attribute & HAS_TIMES:
        return {}
    return {"start": reader.digits(6), "end": reader.digits(6)}


def _write_times(item: Body) -> bytes:
    if not item["attribute"] & HAS_TIMES:
        return b""
    return bytes.fromhex(item["start"]) + bytes.fromhex(item["end"])


def _read_speed(reader: Reader, attribute: int) -> Body:
    if not attribute & HAS_SPEED:
        return {}
    return {"max_speed_kmh": reader.u16(), "duration_s": reader.u8()}


def _write_speed(item: Body) -> bytes:
    if not item["attribute"] & HAS_SPEED:
        return b""
    return word(item["max_speed_kmh"]) + bytes([item["duration_s"]])


def _read_night(reader: Reader, attribute: int) -> Body:
    if not (reader.is_2019 and attribute & HAS_SPEED):
        return {}
    return {"night_speed_kmh": reader.u16()}


def _write_night(item: Body, layout: str) -> bytes:
    if layout != "2019" or not item["attribute"] & HAS_SPEED:
        return b""
    return word(item.get("night_speed_kmh", 0))


def _read_name(reader: Reader) -> Body:
    return {"name": reader.counted_text(2)} if reader.is_2019 else {}


def _write_name(item: Body, layout: str) -> bytes:
    return counted(item.get("name", ""), 2) if layout == "2019" else b""


def _read_area(reader: Reader, corners: tuple[str, ...], radius: bool) -> Body:
    item: Body = {"id": reader.u32(), "attribute": reader.u16()}
    item |= {name: _degrees(reader.u32()) for name in corners}
    if radius:
        item["radius_m"] = reader.u32()
    attribute = item["attribute"]
    item |= _read_times(reader, attribute) | _read_speed(reader, attribute)
    return item | _read_night(reader, attribute) | _read_name(reader)


def _write_area(item: Body, layout: str, corners: tuple[str, ...], radius: bool) -> bytes:
    body = dword(item["id"]) + word(item["attribute"])
    body += b"".join(_micro(item[name]) for name in corners)
    if radius:
        body += dword(item["radius_m"])
    return (
        body
        + _write_times(item)
        + _write_speed(item)
        + _write_night(item, layout)
        + _write_name(item, layout)
    )


CIRCLE = ("lat", "lon")
RECTANGLE = ("lat_upper_left", "lon_upper_left", "lat_lower_right", "lon_lower_right")


def _read_areas(reader: Reader, corners: tuple[str, ...], radius: bool) -> Body:
    action, count = reader.u8(), reader.u8()
    return {"action": action, "regions": [_read_area(reader, corners, radius) for _ in range(count)]}


def _write_areas(body: Body, layout: str, corners: tuple[str, ...], radius: bool) -> bytes:
    regions = body["regions"]
    start = bytes([body["action"], len(regions)])
    return start + b"".join(_write_area(item, layout, corners, radius) for item in regions)


def read_circles(reader: Reader) -> Body:
    """0x8600."""
    return _read_areas(reader, CIRCLE, radius=True)


def write_circles(body: Body, layout: str) -> bytes:
    """0x8600."""
    return _write_areas(body, layout, CIRCLE, radius=True)


def read_rectangles(reader: Reader) -> Body:
    """0x8602."""
    return _read_areas(reader, RECTANGLE, radius=False)


def write_rectangles(body: Body, layout: str) -> bytes:
    """0x8602."""
    return _write_areas(body, layout, RECTANGLE, radius=False)


def read_polygon(reader: Reader) -> Body:
    """0x8604."""
    body: Body = {"id": reader.u32(), "attribute": reader.u16()}
    attribute = body["attribute"]
    body |= _read_times(reader, attribute) | _read_speed(reader, attribute)
    count = reader.u16()
    if count * 8 > reader.left:
        raise BadLength(f"{count} points do not fit")
    body["points"] = [{"lat": _degrees(reader.u32()), "lon": _degrees(reader.u32())} for _ in range(count)]
    return body | _read_night(reader, attribute) | _read_name(reader)


def write_polygon(body: Body, layout: str) -> bytes:
    """0x8604."""
    points = body["points"]
    data = dword(body["id"]) + word(body["attribute"])
    data += _write_times(body) + _write_speed(body) + word(len(points))
    data += b"".join(_micro(point["lat"]) + _micro(point["lon"]) for point in points)
    return data + _write_night(body, layout) + _write_name(body, layout)


def read_route(reader: Reader) -> Body:
    """0x8606."""
    body: Body = {"id": reader.u32(), "attribute": reader.u16()}
    body |= _read_times(reader, body["attribute"])
    body["turnings"] = [_read_turning(reader) for _ in range(reader.u16())]
    return body | _read_name(reader)


def _read_turning(reader: Reader) -> Body:
    item: Body = {"id": reader.u32(), "segment_id": reader.u32()}
    item |= {"lat": _degrees(reader.u32()), "lon": _degrees(reader.u32()), "width_m": reader.u8()}
    attribute = item["attribute"] = reader.u8()
    if attribute & HAS_TIMES:
        item |= {"longest_s": reader.u16(), "shortest_s": reader.u16()}
    return item | _read_speed(reader, attribute) | _read_night(reader, attribute)


def write_route(body: Body, layout: str) -> bytes:
    """0x8606."""
    data = dword(body["id"]) + word(body["attribute"]) + _write_times(body)
    data += word(len(body["turnings"]))
    for item in body["turnings"]:
        data += dword(item["id"]) + dword(item["segment_id"])
        data += _micro(item["lat"]) + _micro(item["lon"]) + bytes([item["width_m"], item["attribute"]])
        if item["attribute"] & HAS_TIMES:
            data += word(item["longest_s"]) + word(item["shortest_s"])
        data += _write_speed(item) + _write_night(item, layout)
    return data + _write_name(body, layout)


def read_region_ids(reader: Reader) -> Body:
    """0x8601, 0x8603, 0x8605, 0x8607: count BYTE, ids; none = delete all."""
    return {"ids": [reader.u32() for _ in range(reader.u8())]}


def write_region_ids(body: Body, _layout: str) -> bytes:
    """0x8601, 0x8603, 0x8605, 0x8607."""
    return bytes([len(body["ids"])]) + b"".join(dword(one) for one in body["ids"])


def read_region_query(reader: Reader) -> Body:
    """0x8608: type BYTE, count DWORD, ids."""
    kind, count = reader.u8(), reader.u32()
    if count * 4 > reader.left:
        raise BadLength(f"{count} ids do not fit")
    return {"type": kind, "ids": [reader.u32() for _ in range(count)]}


def write_region_query(body: Body, _layout: str) -> bytes:
    """0x8608."""
    ids = b"".join(dword(one) for one in body["ids"])
    return bytes([body["type"]]) + dword(len(body["ids"])) + ids


READ: dict[int, Callable[[Reader], Body]] = {
    0x8600: read_circles,
    0x8601: read_region_ids,
    0x8602: read_rectangles,
    0x8603: read_region_ids,
    0x8604: read_polygon,
    0x8605: read_region_ids,
    0x8606: read_route,
    0x8607: read_region_ids,
    0x8608: read_region_query,
}
WRITE: dict[int, Callable[[Body, str], bytes]] = {
    0x8600: write_circles,
    0x8601: write_region_ids,
    0x8602: write_rectangles,
    0x8603: write_region_ids,
    0x8604: write_polygon,
    0x8605: write_region_ids,
    0x8606: write_route,
    0x8607: write_region_ids,
    0x8608: write_region_query,
}
