#!/usr/bin/env python3
"""Draw the coarse base map (示意) from tools/schematic.toml.

Curves are smoothed, lines of one network are cut where they cross, so that neighbours share a vertex and
the simulator can walk from one line to the next; local roads join every town and make-believe villages, so
that a road vertex lies within a few kilometres of any place in the twelve districts. The same input gives
the same bytes. WGS-84 degrees, five decimals.

    python tools/draw_schematic.py          writes src/sifang/web/mapdata/base_schematic.geojson
    python tools/draw_schematic.py --check  fails when the file there is another one
"""

from __future__ import annotations

import json
import math
import random
import sys
import tomllib
from pathlib import Path

from shapely.geometry import LineString, Point, Polygon
from shapely.strtree import STRtree

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tools/schematic.toml"
TARGET = ROOT / "src/sifang/web/mapdata/base_schematic.geojson"
KX, KY = 89.3, 111.0  # kilometres per degree at 36.6° N
Place = tuple[float, float]
Line = list[Place]


def places(text: str) -> Line:
    """Return the places in "lon lat, lon lat"."""
    pairs = (pair.split() for pair in text.split(","))
    return [(float(lon), float(lat)) for lon, lat in pairs]


def km(a: Place, b: Place) -> float:
    return math.hypot((a[0] - b[0]) * KX, (a[1] - b[1]) * KY)


def rounded(place: Place) -> Place:
    return (round(place[0], 5), round(place[1], 5))


def curve(points: Line, step_km: float) -> Line:
    """Return a smooth line through every one of `points`, a vertex each `step_km` or less."""
    out: Line = []
    for i in range(len(points) - 1):
        p0, p1, p2 = points[max(i - 1, 0)], points[i], points[i + 1]
        p3 = points[min(i + 2, len(points) - 1)]
        span = km(p1, p2)
        m1 = tangent(p0, p1, p2, span)
        m2 = tangent(p1, p2, p3, span)
        n = max(1, math.ceil(span / step_km))
        for k in range(n):
            t = k / n
            h = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2, t**3 - t**2)
            out.append(
                rounded(
                    (
                        h[0] * p1[0] + h[1] * m1[0] + h[2] * p2[0] + h[3] * m2[0],
                        h[0] * p1[1] + h[1] * m1[1] + h[2] * p2[1] + h[3] * m2[1],
                    )
                )
            )
    return [*out, rounded(points[-1])]


def tangent(before: Place, at: Place, after: Place, span: float) -> Place:
    whole = km(before, at) + km(at, after)
    scale = span / whole if whole else 0.0
    return ((after[0] - before[0]) * scale, (after[1] - before[1]) * scale)


def knit(lines: list[Line]) -> None:
    """Insert into each line, in place, the vertices where it crosses or touches another one."""
    shapes = [LineString(line) for line in lines]
    tree = STRtree(shapes)
    cuts: list[set[Place]] = [set() for _ in lines]
    for i, shape in enumerate(shapes):
        for j in tree.query(shape):
            if j <= i:
                continue
            meeting = shape.intersection(shapes[j])
            for part in getattr(meeting, "geoms", [meeting]):
                for x, y in getattr(part, "coords", []):
                    cuts[i].add(rounded((x, y)))
                    cuts[j].add(rounded((x, y)))
    for line, shape, marks in zip(lines, shapes, cuts, strict=True):
        known = set(line)
        at = [(shape.project(Point(p)), p) for p in line] + [
            (shape.project(Point(p)), p) for p in marks if p not in known
        ]
        line[:] = [p for _, p in sorted(at)]


def villages(fixed: list[Place], city: Polygon, rng: random.Random) -> list[Place]:
    """Return make-believe villages: about one in each 4.5 km cell that has no town."""
    found: list[Place] = []
    step_x, step_y = 4.5 / KX, 4.5 / KY
    for row in range(350):
        for column in range(450):
            lon = 116.2 + (column + 0.5 * (row % 2)) * step_x + rng.uniform(-0.3, 0.3) * step_x
            lat = 35.98 + row * step_y + rng.uniform(-0.3, 0.3) * step_y
            if lat > 37.55 or lon > 118.0:  # noqa: PLR2004 (the edge of the sheet)
                break
            here = (lon, lat)
            if city.contains(Point(here)) and all(km(here, other) > 2.9 for other in fixed):  # noqa: PLR2004
                found.append(rounded(here))
    return found


def local_roads(nodes: list[Place], river: LineString, city: Polygon, rng: random.Random) -> list[Line]:
    """Return gently bent roads between neighbours (Gabriel graph) that stay in the city and off the river."""
    roads = []
    for i, a in enumerate(nodes):
        for j in range(i + 1, len(nodes)):
            b = nodes[j]
            length = km(a, b)
            if not 0.2 < length < 11:  # noqa: PLR2004 (kilometres)
                continue
            middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            if any(km(middle, c) < length / 2 - 1e-9 for k, c in enumerate(nodes) if k not in (i, j)):
                continue
            sway = rng.uniform(-0.07, 0.07)
            bend = (middle[0] - (b[1] - a[1]) * sway * KY / KX, middle[1] + (b[0] - a[0]) * sway * KX / KY)
            line = LineString([a, bend, b])
            if line.crosses(river) or not city.contains(line):
                continue
            roads.append(curve([a, bend, b], 0.9))
    return roads


def small_grid(centre: Place, rng: random.Random) -> list[Line]:
    """Return six streets of a district seat, 0.8 km apart, slightly turned."""
    turn, gap, half = rng.uniform(-0.15, 0.15), 0.8, 1.5
    lines = []
    for offset in (-gap, 0.0, gap):
        for across in (False, True):
            ends = []
            for end in (-half, half):
                x, y = (end, offset) if across else (offset, end)
                xr, yr = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
                ends.append((centre[0] + xr / KX, centre[1] + yr / KY))
            middle = ((ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2)
            lines.append(curve([ends[0], centre if offset == 0 else middle, ends[1]], 0.5))
    return lines


def feature(
    layer: str, name: str, geometry: dict[str, object], network: str | None, **more: object
) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"layer": layer, "name": name, "network": network, **more},
        "geometry": geometry,
    }


def line_feature(layer: str, name: str, line: Line, network: str | None, **more: object) -> dict[str, object]:
    return feature(layer, name, {"type": "LineString", "coordinates": line}, network, **more)


def point_features(layer: str, table: dict[str, str], **more: object) -> list[dict[str, object]]:
    return [
        feature(layer, name, {"type": "Point", "coordinates": places(text)[0]}, None, **more)
        for name, text in table.items()
    ]


def draw() -> str:
    source = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    rng = random.Random(370100)
    city = Polygon(places(source["city"]["outline"])).buffer(0.012)  # a good kilometre wider
    rivers = {name: curve(places(text), 1.2) for name, text in source["rivers"].items()}
    yellow = LineString(rivers["黄河"])

    named: list[tuple[str, str, Line]] = []
    named += [(name, "trunk", curve(places(text), 1.0)) for name, text in source["trunk"].items()]
    named += [(name, "local", curve(places(text), 0.5)) for name, text in source["streets"].items()]
    seats = {name: places(text)[0] for name, text in source["seats"].items()}
    urban = {"历下区", "市中区", "槐荫区", "天桥区", "历城区"}
    for name, centre in seats.items():
        if name not in urban:
            named += [("", "local", line) for line in small_grid(centre, rng)]
    towns = [places(text)[0] for rank in source["towns"].values() for text in rank.values()]
    fixed = [*seats.values(), *towns]
    nodes = [*fixed, *villages(fixed, city, rng)]
    named += [("", "local", line) for line in local_roads(nodes, yellow, city, rng)]
    for text in [*source["stations"].values(), *source["airports"].values()]:
        named += [("", "local", line) for line in approach(places(text)[0], [n[2] for n in named])]
    knit([line for _, _, line in named])
    named = joined(named)

    rails = {name: curve(places(text), 1.0) for name, text in source["rail"].items()}
    knit(list(rails.values()))

    features = [line_feature("river", name, line, None) for name, line in rivers.items()]
    features += [line_feature("road", name, line, "road", **{"class": kind}) for name, kind, line in named]
    features += [line_feature("rail", name, line, "rail") for name, line in rails.items()]
    features += point_features("station", source["stations"])
    features += point_features("airport", source["airports"])
    features += point_features("seat", source["seats"])
    for rank, table in source["towns"].items():
        features += point_features("town", table, rank=int(rank))
    features += point_features("outside_name", source["outside"])
    head = {
        "type": "FeatureCollection",
        "name": "base_schematic",
        "note": "示意：凭一般地理常识手工绘制，误差可达数公里；不得用于围栏、距离或任何决定。WGS-84。",
    }
    rows = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return json.dumps(head, ensure_ascii=False)[:-1] + ',"features":[\n' + rows + "\n]}\n"


def approach(place: Place, roads: list[Line]) -> list[Line]:
    """Return the street from `place` to the nearest vertex of any road, unless a road begins there."""
    best = min((vertex for road in roads for vertex in road), key=lambda vertex: km(place, vertex))
    return [] if best == rounded(place) else [curve([place, best], 0.5)]


def joined(named: list[tuple[str, str, Line]]) -> list[tuple[str, str, Line]]:
    """Return `named` with short links so that every piece hangs on the main net."""
    while True:
        group: dict[Place, Place] = {}

        def root(p: Place, group: dict[Place, Place] = group) -> Place:
            while group.setdefault(p, p) != p:
                group[p] = group[group[p]]
                p = group[p]
            return p

        for _, _, line in named:
            for vertex in line[1:]:
                group[root(vertex)] = root(line[0])
        parts: dict[Place, set[Place]] = {}
        for vertex in list(group):
            parts.setdefault(root(vertex), set()).add(vertex)
        ordered = sorted(parts.values(), key=lambda part: (-len(part), min(part)))
        if len(ordered) == 1:
            return named
        main, lost = ordered[0], min(ordered[1:], key=min)
        a, b = min(((p, q) for p in lost for q in main), key=lambda pair: (km(*pair), pair))
        named = [*named, ("", "local", curve([a, b], 0.9))]


def main() -> int:
    text = draw()
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("base_schematic.geojson is stale: run python tools/draw_schematic.py", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
