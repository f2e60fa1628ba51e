"""The base of the map: districts of the national data, and our own coarse drawing, marked as such."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from sifang.monitoring.boundaries import district_outlines

SCHEMATIC = Path(__file__).parent / "mapdata" / "base_schematic.geojson"


@cache
def base() -> tuple[bytes, bytes, str]:
    """Return the base as GeoJSON (WGS-84), the same gzipped, and its tag. No person in it."""
    drawn: dict[str, Any] = orjson.loads(SCHEMATIC.read_bytes())
    districts = district_outlines()["features"]
    for feature in districts:
        feature["properties"]["layer"] = feature["properties"]["level"]
    plain = orjson.dumps(
        {
            "type": "FeatureCollection",
            "note": "示意，界线以勘定为准",
            "features": [*districts, *drawn["features"]],
        }
    )
    return plain, gzip.compress(plain, 6, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:16]}"'


def answer(request: HttpRequest) -> HttpResponse:
    """Answer with the base, or 304 when the browser has it."""
    plain, packed, tag = base()
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(packed, content_type="application/geo+json")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(plain, content_type="application/geo+json")
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
