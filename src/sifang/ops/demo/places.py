"""Where the demonstration puts homes, work places and prohibited places: inside the right district.

WGS-84 degrees, longitude first; distances on a local plane, good to 1 %. Nothing here is a real address.
"""

import json
import math
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from sifang.monitoring import boundaries

LonLat = tuple[float, float]
METRES_A_DEGREE = 111_195.0
INNER_DEGREES = 0.024  # homes stay about 2 km inside their area, so that ordinary life does not breach
BEYOND_M = 1_800.0  # how far the simulator goes past the line
CORNERS = 32
CLEAR_OF_PLACE_M = 900.0


def net_file() -> Path:
    """Return the drawn net on which simulated persons move."""
    return Path(str(files("sifang.web"))) / "mapdata" / "base_schematic.geojson"


@cache
def seats() -> list[LonLat]:
    """Return the district and township seats of the base map: homes gather around them."""
    features = json.loads(net_file().read_text(encoding="utf-8"))["features"]
    return [
        (float(one["geometry"]["coordinates"][0]), float(one["geometry"]["coordinates"][1]))
        for one in features
        if one["properties"].get("layer") == "seat"
    ]


@cache
def district(county_code: str) -> BaseGeometry:
    """Return the polygon of a district or county."""
    return boundaries.districts()[county_code][1]


@cache
def area(code: str) -> BaseGeometry:
    """Return the polygon of an area of P-LEAVE-5 as the boundary line draws it."""
    shapes = [shapely.Polygon(ring[:, :2]) for ring in boundaries.public_area(code).rings]
    whole: BaseGeometry = shapes[0]
    for shape in shapes[1:]:
        whole = shapely.symmetric_difference(whole, shape)
    return whole


@cache
def _homes_within(county_code: str) -> BaseGeometry:
    inner = shapely.intersection(
        area(boundaries.area_of(county_code)).buffer(-INNER_DEGREES), district(county_code).buffer(-0.004)
    )
    shapely.prepare(inner)
    return inner


@cache
def _near_seats(county_code: str) -> list[LonLat]:
    within = _homes_within(county_code)
    found = [seat for seat in seats() if within.contains(Point(seat))]
    centre = within.representative_point()
    return found or [(centre.x, centre.y)]


def shifted(point: LonLat, east_m: float, north_m: float) -> LonLat:
    """Return the point so many metres east and north."""
    lat = point[1] + north_m / METRES_A_DEGREE
    lon = point[0] + east_m / (METRES_A_DEGREE * math.cos(math.radians(point[1])))
    return round(lon, 6), round(lat, 6)


def metres(a: LonLat, b: LonLat) -> float:
    """Return the distance between two points."""
    x = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(x, b[1] - a[1]) * METRES_A_DEGREE


def somewhere(county_code: str, chance: random.Random, spread_m: float = 1_600) -> LonLat:
    """Return a place in this district, near one of its seats and well inside the area."""
    within, around = _homes_within(county_code), _near_seats(county_code)
    for _ in range(200):
        point = shifted(chance.choice(around), chance.gauss(0, spread_m), chance.gauss(0, spread_m))
        if within.contains(Point(point)):
            return point
    return around[0]


def apart(county_code: str, others: list[LonLat], chance: random.Random) -> LonLat:
    """Return a place in the district that keeps away from the others (home, work)."""
    for _ in range(200):
        point = somewhere(county_code, chance, 2_500)
        if all(metres(point, other) > CLEAR_OF_PLACE_M for other in others):
            return point
    return shifted(others[0], 2 * CLEAR_OF_PLACE_M, 0)


def circle(centre: LonLat, radius_m: float) -> list[list[float]]:
    """Return a closed ring of [lon, lat] around a centre."""
    turns = [2 * math.pi * k / CORNERS for k in range(CORNERS)]
    ring = [list(shifted(centre, radius_m * math.cos(t), radius_m * math.sin(t))) for t in turns]
    return [*ring, ring[0]]


@dataclass(frozen=True)
class Crossing:
    """A point of the line that is nearest to a home, how far it is, and how well the line is known there."""

    at: LonLat
    distance_m: float
    boundary_m: float
    leads_out: bool


def crossing(home: LonLat, area_code: str) -> Crossing:
    """Return where the way out of the own area is shortest."""
    known = boundaries.public_area(area_code)
    vertices = [tuple(vertex) for ring in known.rings for vertex in ring.tolist()]
    near = nearest_points(area(area_code).boundary, Point(home))[0]
    at: LonLat = (round(near.x, 6), round(near.y, 6))
    distance = metres(home, at)
    share = 1 + BEYOND_M / max(distance, 1.0)
    far = (home[0] + (at[0] - home[0]) * share, home[1] + (at[1] - home[1]) * share)
    outside = float(shapely.distance(area(area_code), Point(far))) * METRES_A_DEGREE
    way_back = LineString([at, far])
    stays_out = shapely.intersection(way_back, area(area_code)).length * METRES_A_DEGREE < 100
    closest = min(vertices, key=lambda v: metres((v[0], v[1]), at))
    return Crossing(at, distance, float(closest[2]), leads_out=bool(outside > 1_000 and stays_out))


def rings_of_area(area_code: str) -> list[list[list[float]]]:
    """Return the area's rings as [lon, lat], thinned to 30 m: the simulator keeps ordinary life inside."""
    thin = area(area_code).simplify(0.0003)
    return [[[round(x, 5), round(y, 5)] for x, y in ring] for ring in boundaries.rings_of(thin)]
