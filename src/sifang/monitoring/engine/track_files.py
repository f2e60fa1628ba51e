"""Files for `sifang fence`: a GeoJSON with fences, a CSV with a recorded track. Says what is wrong and where.

Columns are found by their header, in any order: time `t` (Unix seconds, milliseconds or ISO 8601; without a
zone it is UTC), `lon`, `lat`, `accuracy_m` (68 %, may be empty or absent), WGS-84. Names of the usual public
data sets are understood too. A route without time but with `speed_kmh` gets its times from its speeds.
"""

import csv
import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sifang.kernel.errors import BadInput
from sifang.kernel.geometry import distance_m
from sifang.monitoring.engine.specs import FenceSpec

COLUMNS = {
    "t": ("t", "time", "timestamp", "taken_at", "taken_s", "unix_s", "unix_ms", "unixtimemillis"),
    "lon": ("lon", "lng", "longitude", "longitudedegrees", "wls_lon"),
    "lat": ("lat", "latitude", "latitudedegrees", "wls_lat"),
    "accuracy_m": ("accuracy_m", "accuracy", "accuracymeters"),
    "speed_kmh": ("speed_kmh",),
}
MILLISECONDS_FROM = 1e11  # the year 5138 in seconds, 1973 in milliseconds
LATEST_S = 4e9
MOST_BOUNDARY_M = 1e6  # a line known no better than 1,000 km is none
KINDS = {"keep_in": "inside", "keep_out": "outside"}


class BadFile(BadInput):
    """{reason}"""

    code = "bad_file"


@dataclass(frozen=True)
class Row:
    """One row of the track: its number from 0, Unix time, degrees, metres (NaN = not given)."""

    number: int
    t: float
    lon: float
    lat: float
    accuracy_m: float


def read_track(path: Path) -> list[Row]:
    """Return the rows of a CSV in the order of the file. Raises BadFile."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(reason=f"{path}: {_why(error)}") from None
    if not table:
        raise BadFile(reason=f"{path}: empty")
    place = _columns(path, table[0])
    rows: list[Row] = []
    for line, words in enumerate(table[1:], start=2):
        if any(word.strip() for word in words):
            rows.append(_row(path, line, len(rows), place, words))
    return rows if "t" in place else _timed(path, rows, table[1:], place)


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    place = {}
    for column, known in COLUMNS.items():
        found = next((names.index(name) for name in known if name in names), None)
        if found is not None:
            place[column] = found
    if "t" not in place and "speed_kmh" not in place:
        raise BadFile(reason=f"{path}: no column t (time); the header is: {','.join(header)}")
    for column in ("lon", "lat"):
        if column not in place:
            raise BadFile(reason=f"{path}: no column {column}; the header is: {','.join(header)}")
    return place


def _row(path: Path, line: int, number: int, place: dict[str, int], words: list[str]) -> Row:
    def word(column: str) -> str:
        index = place.get(column, len(words))
        return words[index].strip() if index < len(words) else ""

    try:
        lon, lat = float(word("lon")), float(word("lat"))
        accuracy = float(word("accuracy_m") or "nan")
        t = _instant(word("t")) if "t" in place else math.nan
    except ValueError as error:
        raise BadFile(reason=f"{path}: line {line}: {error}") from None
    if not (abs(lon) <= 180.0 and abs(lat) < 89.0):
        raise BadFile(reason=f"{path}: line {line}: no place on earth: {lon} {lat}")
    if accuracy < 0.0 or math.isinf(accuracy):
        raise BadFile(reason=f"{path}: line {line}: accuracy_m {accuracy}")
    return Row(number, t, lon, lat, accuracy)


def _instant(word: str) -> float:
    """Unix seconds of a number or an ISO 8601 time. Raises ValueError."""
    try:
        value = float(word)
    except ValueError:
        moment = datetime.fromisoformat(word)
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    else:
        if abs(value) >= MILLISECONDS_FROM:
            value /= 1000.0
    if not 0.0 <= value <= LATEST_S:
        raise ValueError(f"time {word}")
    return value


def _timed(path: Path, rows: list[Row], table: list[list[str]], place: dict[str, int]) -> list[Row]:
    """Give a route its times: from 0 on, each leg at the speed of its first point."""
    filled = [words for words in table if any(word.strip() for word in words)]
    try:
        speeds = [max(1.0, float(words[place["speed_kmh"]])) / 3.6 for words in filled]
    except (ValueError, IndexError):
        raise BadFile(
            reason=f"{path}: no column t (time), and speed_kmh is not a number everywhere"
        ) from None
    legs = [
        max(1.0, distance_m(a.lon, a.lat, b.lon, b.lat) / speed)
        for (a, b), speed in zip(itertools.pairwise(rows), speeds, strict=False)
    ]
    clock = itertools.accumulate(legs, initial=0.0)
    return [
        Row(r.number, float(round(t)), r.lon, r.lat, r.accuracy_m) for r, t in zip(rows, clock, strict=False)
    ]


@dataclass(frozen=True)
class NamedFence:
    """A fence of the file with the id it has there."""

    id: Any
    keep_in: bool
    spec: FenceSpec


def read_fences(path: Path) -> list[NamedFence]:
    """Return the fences of a GeoJSON Feature, FeatureCollection or polygon. Raises BadFile, BadFence."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise BadFile(reason=f"{path}: {_why(error)}") from None
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        features = document["features"]
    elif kind == "Feature":
        features = [document]
    else:
        features = [{"geometry": document, "properties": {}}]
    if not features:
        raise BadFile(reason=f"{path}: no feature")
    return [_fence(path, number, feature) for number, feature in enumerate(features, start=1)]


def _fence(path: Path, number: int, feature: Any) -> NamedFence:
    def bad(what: str) -> BadFile:
        return BadFile(reason=f"{path}: feature {number}: {what}")

    if not isinstance(feature, dict):
        raise bad("not an object")
    given = feature.get("properties") or {}
    if not isinstance(given, dict):
        raise bad("properties is not an object")
    name = given.get("id", feature.get("id", number))
    kind = given.get("kind") or {"outside": "keep_out"}.get(str(given.get("keeps")), "keep_in")
    if not isinstance(kind, str) or kind not in KINDS:
        raise bad(f"kind is {kind!r}, not keep_in or keep_out")
    boundary_m = 0.0 if given.get("boundary_m") is None else given["boundary_m"]
    if (
        isinstance(boundary_m, bool)
        or not isinstance(boundary_m, int | float)
        or not 0.0 <= boundary_m <= MOST_BOUNDARY_M
    ):
        raise bad(f"boundary_m is {boundary_m!r}, not metres")
    timetable = given.get("timetable")
    if timetable is not None and not isinstance(timetable, str):
        raise bad("timetable is not 168 characters 0/1")
    rings = [_ring(bad, ring, float(boundary_m)) for ring in _rings(bad, feature.get("geometry"))]
    purpose = "boundary" if kind == "keep_in" else "prohibited_place"
    if timetable is not None and kind == "keep_in":
        purpose = "timetable"
    spec = FenceSpec(number, 1, purpose, KINDS[kind], rings, timetable=timetable)
    return NamedFence(name, kind == "keep_in", spec)


def _rings(bad: Any, geometry: Any) -> Iterable[Any]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    shape = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(shape, list) or not shape:
        raise bad("the geometry is not a Polygon or MultiPolygon")
    polygons = [shape] if kind == "Polygon" else shape
    if any(not isinstance(polygon, list) or not polygon for polygon in polygons):
        raise bad("a polygon without rings")
    return itertools.chain.from_iterable(polygons)


def _ring(bad: Any, ring: Any, boundary_m: float) -> Any:
    try:
        points = np.array([[float(point[0]), float(point[1]), boundary_m] for point in ring])
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        raise bad("a ring with something that is not a place") from None
    if len(points) < 3 or not np.isfinite(points).all():
        raise bad("a ring with fewer than three places")
    return points


def _no_number(word: str) -> None:
    """NaN and Infinity are no JSON. Raises ValueError."""
    raise ValueError(word)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"not readable: {error}"
