"""The decoder of OsmAnd requests: a request in, a device and its fixes out; pure, only `BadFrame`.

Two forms. Query (or form body): id, lat, lon, timestamp (seconds, milliseconds or ISO 8601), speed in
knots, bearing, altitude in m, accuracy in m, batt in percent. JSON body of newer clients: device_id and
location.coords with speed in m/s, −1 for unknown, battery.level from 0 to 1. `hdop` is no accuracy and is
not read as one.
"""

import json
from collections.abc import Mapping
from typing import Any

from sifang.monitoring.intake.fixes import BadFrame, Fix
from sifang.monitoring.intake.http_request import Request, request_of_line
from sifang.monitoring.intake.told import Told
from sifang.monitoring.intake.values import (
    device_id,
    instant,
    number,
    percent,
    placed,
    unless_negative,
    unless_zero,
)

KMH_PER_KNOT = 1.852
KMH_PER_MS = 3.6
FALSE = frozenset({"false", "0"})


def decode_request(request: Request) -> Told:
    """Return what the request tells. Raises BadFrame (no device, half a position), BadValue."""
    body = request.body.strip()
    fields = request.query()
    if body.startswith((b"{", b"[")):
        return _json(body, fields)
    device = fields.get("id") or fields.get("deviceid")
    if not device:
        raise BadFrame("no device id")
    return _query(device_id(device), fields)


def _query(device: str, fields: dict[str, str]) -> Told:
    if "location" in fields and "lat" not in fields:
        lat, _, lon = fields["location"].partition(",")
        fields = fields | {"lat": lat, "lon": lon}
    lat_deg, lon_deg = number(fields, "lat"), number(fields, "lon")
    if lat_deg is None and lon_deg is None:
        return Told(device, [])
    if lat_deg is None or lon_deg is None:
        raise BadFrame("half a position")
    speed = unless_negative(number(fields, "speed"))
    fix = Fix(
        taken_s=instant(fields.get("timestamp")),
        lon=lon_deg,
        lat=lat_deg,
        located=fields.get("valid", "").lower() not in FALSE,
        speed_kmh=None if speed is None else round(speed * KMH_PER_KNOT, 6),
        course_deg=unless_negative(number(fields, "bearing", "heading")),
        altitude_m=number(fields, "altitude"),
        accuracy_m=unless_zero(number(fields, "accuracy")),
        battery_percent=percent(number(fields, "batt")),
    )
    return Told(device, [placed(fix)], sos=fields.get("alarm", "").lower() == "sos")


def _json(body: bytes, fields: Mapping[str, str]) -> Told:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("body is not JSON") from None
    if not isinstance(told, dict):
        raise BadFrame("body is not a JSON object")
    device = told.get("device_id") or fields.get("id") or fields.get("deviceid")
    if not isinstance(device, str | int) or isinstance(device, bool):
        raise BadFrame("no device id")
    locations = told.get("location")
    found = locations if isinstance(locations, list) else [] if locations is None else [locations]
    fixes = [_location(one) for one in found]
    return Told(device_id(str(device)), [one for one in fixes if one is not None])


def _location(location: Any) -> Fix | None:
    if not isinstance(location, dict):
        raise BadFrame("location is not an object")
    coords = location.get("coords")
    if coords is None:
        return None
    if not isinstance(coords, dict):
        raise BadFrame("coords is not an object")
    lat, lon = number(coords, "latitude"), number(coords, "longitude")
    if lat is None and lon is None:
        return None
    if lat is None or lon is None:
        raise BadFrame("half a position")
    battery = location.get("battery")
    level = number(battery, "level") if isinstance(battery, dict) else None
    speed = unless_negative(number(coords, "speed"))
    fix = Fix(
        taken_s=instant(location.get("timestamp")),
        lon=lon,
        lat=lat,
        located=True,
        speed_kmh=None if speed is None else round(speed * KMH_PER_MS, 6),
        course_deg=unless_negative(number(coords, "heading")),
        altitude_m=number(coords, "altitude"),
        accuracy_m=unless_zero(number(coords, "accuracy")),
        battery_percent=None if level is None else percent(round(level * 100, 6)),
    )
    return placed(fix)


def decode_line(line: str) -> dict[str, Any]:
    """Return what `sifang decode osmand` prints for one line; never raises."""
    try:
        return decode_request(request_of_line(line)).as_json()
    except BadFrame as error:
        return error.as_json() | {"status": error.status}
