"""Boundary lines in force: the public ones to begin with, an authority's own by one import.

All geometry is WGS-84; whoever imports a line in GCJ-02 is told so and nothing is written.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.db import transaction
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.monitoring import boundaries
from sifang.monitoring.errors import BadLine, ShiftedLine
from sifang.monitoring.models import BoundaryLine, Fence

JINAN_BOX = (116.0, 35.9, 118.1, 37.7)  # west, south, east, north: the city with a margin
LARGEST_BOUNDARY_M = 2_000.0
# GCJ-02 lies 480–600 m east and 0–150 m north of WGS-84 at Jinan (measured, geodata.md § 4)
GCJ_EAST_M, GCJ_NORTH_M = (400.0, 700.0), (-150.0, 300.0)
LEAST_COMMON = 0.5  # of the old area: another place altogether
_DEGREE_M = 111_195.0
RING_CORNERS = 4  # a triangle, closed


@dataclass(frozen=True)
class Imported:
    """What an import did: the new line and how many fences moved to it."""

    line: BoundaryLine
    fences: int
    vertices: int


def line_in_force(area_code: str) -> BoundaryLine:
    """Return the line of an area, made from the public sources the first time. Raises BadLine."""
    line = BoundaryLine.objects.filter(area_code=area_code, replaced_at=None).first()
    if line is not None:
        return line
    try:
        area = boundaries.public_area(area_code)
    except KeyError:
        raise BadLine(reason=f"没有 {area_code} 的界线，请先导入") from None
    geometry = area.geometry()
    with transaction.atomic():
        line, _ = BoundaryLine.objects.get_or_create(
            area_code=area_code,
            replaced_at=None,
            defaults={
                "name": area.name,
                "geometry": geometry,
                "source": boundaries.SOURCE,
                "source_date": boundaries.SOURCE_DATE,
                "boundary_m": area.boundary_m,
                "digest": boundaries.digest_of(geometry),
            },
        )
    return line


def import_line(
    geojson: Mapping[str, Any],
    *,
    area_code: str,
    source: str,
    source_date: date,
    boundary_m: float,
) -> Imported:
    """Replace the line of an area by the authority's own; every fence that uses it moves with it, at once.

    `geojson`: a Polygon or MultiPolygon (bare, a feature, or a collection of one), WGS-84 degrees,
    longitude first. `boundary_m`: how well it is surveyed, 68 %, metres. One transaction: refused or
    whole. Run by the operator of the installation under the system purpose `migration`.
    Raises BadLine, ShiftedLine.
    """
    if not source.strip():
        raise BadLine(reason="须写明来源")
    if source_date > legal_day(utc_now()):
        raise BadLine(reason="来源日期在将来")
    drawn = _polygon(geojson)
    rings = [[[float(x), float(y)] for x, y in ring] for ring in boundaries.rings_of(drawn)]
    geometry = check_rings(rings, boundary_m)
    with transaction.atomic():
        old = line_in_force(area_code)
        _compare(drawn, polygon_of(old.geometry))
        old = BoundaryLine.objects.select_for_update().get(id=old.id)
        if old.replaced_at is not None:
            raise BadLine(reason="界线刚被他人替换，请重试")
        old.replaced_at = utc_now()
        old.save(update_fields=["replaced_at"])
        line = BoundaryLine.objects.create(
            area_code=area_code,
            name=old.name,
            geometry=geometry,
            source=source.strip(),
            source_date=source_date,
            boundary_m=boundary_m,
            digest=boundaries.digest_of(geometry),
        )
        moved = Fence.objects.filter(line=old, closed_at=None).update(
            line=line, source=line.source, source_date=source_date, boundary_m=boundary_m
        )
        record(
            "line_imported",
            {"area": area_code, "line": str(line.id), "replaces": str(old.id), "digest": line.digest},
        )
    return Imported(line=line, fences=moved, vertices=sum(map(len, rings)))


def check_rings(rings: Sequence[Sequence[Sequence[float]]], boundary_m: float) -> dict[str, Any]:
    """Return the geometry to keep, each vertex with its error; raise BadLine when it cannot be a line.

    Closed rings of [lon, lat] or [lon, lat, boundary_m], inside Jinan's box, at most MAX_VERTICES in all.
    """
    if not 0 < boundary_m <= LARGEST_BOUNDARY_M:
        raise BadLine(reason=f"界线误差须大于 0、不超过 {LARGEST_BOUNDARY_M:.0f} m")
    if not rings:
        raise BadLine(reason="没有坐标")
    if sum(map(len, rings)) > boundaries.MAX_VERTICES:
        raise BadLine(reason=f"顶点超过 {boundaries.MAX_VERTICES} 个")
    kept = [[_vertex(v, boundary_m) for v in ring] for ring in rings]
    for ring in kept:
        if len(ring) < RING_CORNERS or ring[0][:2] != ring[-1][:2]:
            raise BadLine(reason="环没有闭合，或少于三个顶点")
        if not Polygon([v[:2] for v in ring]).is_valid:
            raise BadLine(reason="环自相交")
    return {"rings": kept}


def polygon_of(geometry: Mapping[str, Any]) -> BaseGeometry:
    """Return kept geometry as a shapely polygon (even-odd), WGS-84 degrees."""
    shapes = [Polygon([v[:2] for v in ring]) for ring in geometry["rings"]]
    whole: BaseGeometry = shapes[0]
    for ring in shapes[1:]:
        whole = shapely.symmetric_difference(whole, ring)
    return whole


def _vertex(vertex: Sequence[float], boundary_m: float) -> list[float]:
    lon, lat = float(vertex[0]), float(vertex[1])
    west, south, east, north = JINAN_BOX
    if not (west <= lon <= east and south <= lat <= north):  # NaN fails here as well
        raise BadLine(reason=f"坐标 {lon:.5f}, {lat:.5f} 不在济南附近，或经纬度颠倒")
    known = float(vertex[2]) if len(vertex) > 2 else boundary_m  # noqa: PLR2004 (lon, lat, boundary_m)
    if not 0 < known <= LARGEST_BOUNDARY_M:
        raise BadLine(reason="顶点的界线误差不合理")
    return [round(lon, 7), round(lat, 7), round(known, 1)]


def _polygon(geojson: Mapping[str, Any]) -> Polygon | MultiPolygon:
    found: Any = geojson
    if isinstance(found, Mapping) and found.get("type") == "FeatureCollection":
        features = found.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise BadLine(reason="应当只有一个要素")
        found = features[0]
    if isinstance(found, Mapping) and found.get("type") == "Feature":
        found = found.get("geometry")
    if not isinstance(found, Mapping) or found.get("type") not in {"Polygon", "MultiPolygon"}:
        raise BadLine(reason="应当是 Polygon 或 MultiPolygon")
    _check_closed(found)
    try:
        drawn = shape(dict(found))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise BadLine(reason="坐标无法读取") from error
    if drawn.is_empty or not drawn.is_valid:
        raise BadLine(reason=f"多边形不成立（{shapely.is_valid_reason(drawn)}）")
    assert isinstance(drawn, Polygon | MultiPolygon)
    return shapely.force_2d(drawn)


def _check_closed(geometry: Mapping[str, Any]) -> None:
    """Refuse rings that the reader would close silently."""
    try:
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings = [ring for part in parts for ring in part]
        closed = all(len(r) >= RING_CORNERS and list(r[0][:2]) == list(r[-1][:2]) for r in rings)
    except (KeyError, TypeError, IndexError) as error:
        raise BadLine(reason="坐标无法读取") from error
    if not closed:
        raise BadLine(reason="环没有闭合，或少于三个顶点")


def _compare(new: BaseGeometry, old: BaseGeometry) -> None:
    """Refuse a line of another place, and one that lies as GCJ-02 would. Raises BadLine, ShiftedLine."""
    if shapely.intersection(new, old).area < LEAST_COMMON * old.area:
        raise BadLine(reason="与现用界线重合不到一半，像是别处的界线")
    east = (new.centroid.x - old.centroid.x) * _DEGREE_M * math.cos(math.radians(old.centroid.y))
    north = (new.centroid.y - old.centroid.y) * _DEGREE_M
    if GCJ_EAST_M[0] <= east <= GCJ_EAST_M[1] and GCJ_NORTH_M[0] <= north <= GCJ_NORTH_M[1]:
        raise ShiftedLine(shift_m=round(math.hypot(east, north), -1), direction="东", reason="GCJ-02")
