"""WGS-84, GCJ-02 and BD-09: conversions at the edge of the house. Inside, everything is WGS-84.

GCJ-02 is the public formula by which Chinese map services shift positions (550 m at Jinan); BD-09 shifts
GCJ-02 once more. Outside a coarse box around China all three are the same and a position is returned
unchanged. The inverses iterate until exact (far below a millimetre). Degrees, longitude first.
"""

import math
from collections.abc import Callable

from sifang.kernel.errors import BadInput

WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
_A, _EE = 6_378_245.0, 0.00669342162296594323  # Krasovsky 1940, as the public formula has it
_EDGE = 0.05  # degrees: more than any shift, so that a place just inside the box is found again
_STEPS = 30  # the iteration contracts by about 100 each step; 30 is far more than it needs

Place = tuple[float, float]


class UnknownSystem(BadInput):
    """坐标系只能是 wgs84、gcj02 或 bd09，不是 {system}。"""

    code = "unknown_system"


def is_in_box(lon: float, lat: float) -> bool:
    """Whether the shift applies there at all (the box is coarse and holds neighbours too)."""
    return WEST <= lon <= EAST and SOUTH <= lat <= NORTH


def _waves(t: float) -> float:
    return 20.0 * math.sin(6.0 * math.pi * t) + 20.0 * math.sin(2.0 * math.pi * t)


def _shift(lon: float, lat: float) -> Place:
    """The GCJ-02 shift at a WGS-84 place, degrees."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    root = math.sqrt(abs(x))
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    d_lat += 2.0 / 3.0 * _waves(x)
    d_lat += 2.0 / 3.0 * (20.0 * math.sin(pi * y) + 40.0 * math.sin(pi * y / 3.0))
    d_lat += 2.0 / 3.0 * (160.0 * math.sin(pi * y / 12.0) + 320.0 * math.sin(pi * y / 30.0))
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    d_lon += 2.0 / 3.0 * _waves(x)
    d_lon += 2.0 / 3.0 * (20.0 * math.sin(pi * x) + 40.0 * math.sin(pi * x / 3.0))
    d_lon += 2.0 / 3.0 * (150.0 * math.sin(pi * x / 12.0) + 300.0 * math.sin(pi * x / 30.0))
    phi = math.radians(lat)
    m = 1.0 - _EE * math.sin(phi) ** 2
    along = _A * (1.0 - _EE) / (m * math.sqrt(m))
    across = _A / math.sqrt(m) * math.cos(phi)
    return math.degrees(d_lon / across), math.degrees(d_lat / along)


def _bd09_shifted(lon: float, lat: float) -> Place:
    z = math.hypot(lon, lat) + 0.00002 * math.sin(lat * math.pi * 3000.0 / 180.0)
    theta = math.atan2(lat, lon) + 0.000003 * math.cos(lon * math.pi * 3000.0 / 180.0)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def _gcj02_shifted(lon: float, lat: float) -> Place:
    d_lon, d_lat = _shift(lon, lat)
    return lon + d_lon, lat + d_lat


def _undone(forward: Callable[[float, float], Place], lon: float, lat: float) -> Place:
    """Find the place that `forward` brings to (lon, lat), by fixed-point iteration."""
    if not (WEST - _EDGE <= lon <= EAST + _EDGE and SOUTH - _EDGE <= lat <= NORTH + _EDGE):
        return lon, lat
    at_lon, at_lat = lon, lat
    for _ in range(_STEPS):
        got_lon, got_lat = forward(at_lon, at_lat)
        at_lon, at_lat = at_lon - (got_lon - lon), at_lat - (got_lat - lat)
    return (at_lon, at_lat) if is_in_box(at_lon, at_lat) else (lon, lat)


def gcj02_from_wgs84(lon: float, lat: float) -> Place:
    """Shift a WGS-84 place to GCJ-02."""
    return _gcj02_shifted(lon, lat) if is_in_box(lon, lat) else (lon, lat)


def wgs84_from_gcj02(lon_gcj02: float, lat_gcj02: float) -> Place:
    """Undo the GCJ-02 shift."""
    return _undone(_gcj02_shifted, lon_gcj02, lat_gcj02)


def bd09_from_gcj02(lon_gcj02: float, lat_gcj02: float) -> Place:
    """Shift a GCJ-02 place to BD-09."""
    return _bd09_shifted(lon_gcj02, lat_gcj02) if is_in_box(lon_gcj02, lat_gcj02) else (lon_gcj02, lat_gcj02)


def gcj02_from_bd09(lon_bd09: float, lat_bd09: float) -> Place:
    """Undo the BD-09 shift down to GCJ-02."""
    return _undone(_bd09_shifted, lon_bd09, lat_bd09)


def _same(lon: float, lat: float) -> Place:
    return lon, lat


_TO_GCJ02 = {"wgs84": gcj02_from_wgs84, "gcj02": _same, "bd09": gcj02_from_bd09}
_FROM_GCJ02 = {"wgs84": wgs84_from_gcj02, "gcj02": _same, "bd09": bd09_from_gcj02}
SYSTEMS = tuple(_TO_GCJ02)


def converted(source: str, target: str, lon: float, lat: float) -> Place:
    """Convert a place between `wgs84`, `gcj02` and `bd09`. Raises UnknownSystem."""
    for system in (source, target):
        if system not in _TO_GCJ02:
            raise UnknownSystem(system=system)
    if source == target:
        return lon, lat
    return _FROM_GCJ02[target](*_TO_GCJ02[source](lon, lat))
