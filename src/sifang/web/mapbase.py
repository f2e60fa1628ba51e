"""The base of the map: districts of the national data, and our own coarse drawing, marked as such."""

import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from sifang.kernel.config import need
from sifang.kernel.errors import NotFound
from sifang.monitoring.boundaries import district_outlines
from sifang.web.config import PagesConfig

RANGE = re.compile(r"bytes=(\d+)-(\d+)")
MOST_BYTES = 8 * 1024 * 1024  # of one answer; a map asks for kilobytes
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


def archive(request: HttpRequest) -> HttpResponse:
    """Answer with the asked bytes of the configured PMTiles file. Raises NotFound where there is none.

    Only by range (first and last byte inclusive), as the map asks; 416 for anything else.
    """
    name = need(PagesConfig).basemap.file
    if not name or not Path(name).is_file():
        raise NotFound
    size = Path(name).stat().st_size
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    first, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, -1)
    if not first <= last < first + MOST_BYTES:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with Path(name).open("rb") as file:
        file.seek(first)
        body = file.read(last - first + 1)
    response = HttpResponse(body, status=206, content_type="application/octet-stream")
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
