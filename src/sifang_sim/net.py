"""The street and rail net on which simulated persons move: the same coarse lines that the map draws.

WGS-84 degrees, longitude first; distances in metres on a local plane, good to 1 % over a city. The net is
digitised by hand and marked 示意: it is for calm and orientation, no fence and no decision may read it.
"""

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
METRES_PER_DEGREE = 111_320.0


def metres(a: Point, b: Point) -> float:
    """Return the distance between two points."""
    x = (b[0] - a[0]) * METRES_PER_DEGREE * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(x, (b[1] - a[1]) * METRES_PER_DEGREE)


def between(a: Point, b: Point, share: float) -> Point:
    """Return the point at `share` (0…1) of the way from `a` to `b`."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def offset(point: Point, east_m: float, north_m: float) -> Point:
    """Return the point so many metres east and north."""
    lat = point[1] + north_m / METRES_PER_DEGREE
    return point[0] + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))), lat


Edges = npt.NDArray[np.float64]


def closed(rings: Iterable[Sequence[Sequence[float]]]) -> Edges:
    """Return the edges of rings as rows x1, y1, x2, y2."""
    return np.array([(*a[:2], *b[:2]) for ring in rings for a, b in pairwise(ring)], dtype=np.float64)


def inside(point: Point, edges: Edges) -> bool:
    """Whether the point lies inside the rings by the even-odd rule."""
    x1, y1, x2, y2 = edges.T
    spans = (y1 > point[1]) != (y2 > point[1])
    crosses = x1[spans] + (x2[spans] - x1[spans]) * (point[1] - y1[spans]) / (y2[spans] - y1[spans])
    return bool(np.count_nonzero(point[0] < crosses) % 2)


class Net:
    """A graph of roads and rails: shortest ways by time."""

    def __init__(self, edges: Iterable[tuple[Point, Point, float]]) -> None:
        """Take edges with their speed in m/s; both directions."""
        self._ways: dict[Point, list[tuple[Point, float]]] = defaultdict(list)
        for a, b, speed in edges:
            seconds = metres(a, b) / speed
            self._ways[a].append((b, seconds))
            self._ways[b].append((a, seconds))
        self.nodes = list(self._ways)
        self._places = np.array(self.nodes, dtype=np.float64).reshape(-1, 2)

    def _far(self, point: Point) -> npt.NDArray[np.float64]:
        """Metres from the point to every node."""
        east = (self._places[:, 0] - point[0]) * math.cos(math.radians(point[1]))
        metres_away: npt.NDArray[np.float64] = (
            np.hypot(east, self._places[:, 1] - point[1]) * METRES_PER_DEGREE
        )
        return metres_away

    @classmethod
    def from_geojson(cls, path: Path) -> "Net":
        """Read the lines with a `network` (road, rail) from the base map file."""
        speeds = {"road": 11.0, "rail": 25.0}
        edges = []
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            speed = speeds.get(feature["properties"].get("network") or "")
            geometry = feature["geometry"]
            if speed is None or geometry["type"] not in {"LineString", "MultiLineString"}:
                continue
            single = geometry["type"] == "LineString"
            for line in [geometry["coordinates"]] if single else geometry["coordinates"]:
                points = [(round(p[0], 6), round(p[1], 6)) for p in line]
                edges += [(a, b, speed) for a, b in pairwise(points) if a != b]
        return cls(edges)

    def near(self, point: Point, within_m: float) -> list[Point]:
        """Return the nodes within so many metres, nearest first."""
        far = self._far(point)
        return [self.nodes[i] for i in np.argsort(far) if far[i] <= within_m]

    def way(self, start: Point, goal: Point) -> list[Point]:
        """Return the quickest way from door to door; a straight line where the net has none."""
        if not self.nodes:
            return [start, goal]
        first = self.nodes[int(np.argmin(self._far(start)))]
        last = self.nodes[int(np.argmin(self._far(goal)))]
        if metres(start, goal) <= metres(start, first) + metres(goal, last):
            return [start, goal]
        best, came, queue = {first: 0.0}, {}, [(0.0, first)]
        while queue:
            spent, here = heapq.heappop(queue)
            if here == last:
                break
            if spent > best[here]:
                continue
            for there, seconds in self._ways[here]:
                if spent + seconds < best.get(there, math.inf):
                    best[there], came[there] = spent + seconds, here
                    heapq.heappush(queue, (spent + seconds, there))
        if last not in best:
            return [start, goal]
        steps = [last]
        while steps[-1] != first:
            steps.append(came[steps[-1]])
        return [start, *reversed(steps), goal]
