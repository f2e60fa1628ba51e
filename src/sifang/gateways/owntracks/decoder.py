"""The decoder of OwnTracks over HTTP: a request in, a device and its fixes out; pure, only `BadFrame`.

The device is `user/device` of the headers X-Limit-U and X-Limit-D (or the fields u and d), else of the
topic `owntracks/user/device`, else the tracker id `tid`. `location` and `transition` are fixes; every
other message is answered and gives none. Speed is km/h, −1 is unknown, an accuracy of 0 is none.
"""

import json
from collections.abc import Iterable
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

WITH_PLACE = frozenset({"location", "transition"})
TOPIC_PARTS = 3


def decode_request(request: Request) -> Told:
    """Return what the request tells. Raises BadFrame (not OwnTracks, no device), BadValue."""
    try:
        body = json.loads(request.body) if request.body.strip() else {}
    except (ValueError, RecursionError):
        raise BadFrame("body is not JSON") from None
    messages = body if isinstance(body, list) else [body]
    if not all(isinstance(one, dict) for one in messages):
        raise BadFrame("body is not a JSON object or a list of them")
    fixes: list[Fix | BadFrame] = []
    for one in messages:
        try:
            fix = _fix(one)
        except BadFrame as error:
            if not isinstance(body, list):
                raise
            fixes.append(error)
        else:
            fixes += [fix] if fix is not None else []
    device = _device(request, messages)
    if device is None and fixes:
        raise BadFrame("no device: neither headers, topic nor tid")
    return Told(None if device is None else device_id(device), fixes)


def _device(request: Request, messages: Iterable[dict[str, Any]]) -> str | None:
    fields = request.query()
    user = request.headers.get("x-limit-u") or fields.get("u")
    device = request.headers.get("x-limit-d") or fields.get("d")
    if user and device:
        return f"{user}/{device}"
    if device or user:
        return device or user
    for one in messages:
        topic = str(one.get("topic", "")).split("/")
        if len(topic) >= TOPIC_PARTS:
            return f"{topic[1]}/{topic[2]}"
        if isinstance(one.get("tid"), str) and one["tid"]:
            return str(one["tid"])
    return None


def _fix(message: dict[str, Any]) -> Fix | None:
    kind = message.get("_type")
    if not isinstance(kind, str) or kind not in WITH_PLACE:
        return None
    lat, lon = number(message, "lat"), number(message, "lon")
    if lat is None and lon is None:
        return None
    if lat is None or lon is None:
        raise BadFrame("half a position")
    fix = Fix(
        taken_s=instant(message.get("tst", message.get("created_at"))),
        lon=lon,
        lat=lat,
        located=True,
        speed_kmh=unless_negative(number(message, "vel")),
        course_deg=unless_negative(number(message, "cog")),
        altitude_m=number(message, "alt"),
        accuracy_m=unless_zero(number(message, "acc")),
        battery_percent=percent(number(message, "batt")),
    )
    return placed(fix)


def decode_line(line: str) -> dict[str, Any]:
    """Return what `sifang decode owntracks` prints for one line; never raises."""
    try:
        return decode_request(request_of_line(line)).as_json()
    except BadFrame as error:
        return error.as_json() | {"status": error.status}
