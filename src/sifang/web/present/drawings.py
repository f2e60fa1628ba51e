"""Drawings of one alarm: the fixes against the line and its band, and the distances with 68 % bars.

Plain SVG from the server, so that the page is whole without script. Distances and verdicts are the
engine's; only their place on paper is made here. WGS-84 in, metres on a plane around the newest fix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from shapely import LineString, MultiLineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from sifang.web.present.alarms import verdict_look
from sifang.web.templatetags.figures import SIDES, at, metres

WIDTH, HEIGHT = 440, 296
EDGE = 34  # pixels kept free around the fixes
LEAST_M = 160.0  # the view is never narrower than this
LABEL_PX = 14  # numbers nearer to each other than this would overlap
M_PER_DEGREE = 111_320.0
BARS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)


@dataclass(frozen=True)
class Spot:
    """One fix of the evidence with its place and its number in the table; metres, Unix seconds."""

    lon: float
    lat: float
    accuracy_m: float
    distance_m: float
    verdict: int
    taken_s: int
    number: int


@dataclass(frozen=True)
class Plane:
    """Metres around a point, and the pixels they fall on."""

    lon0: float
    lat0: float
    cx: float
    cy: float
    px_per_m: float

    def metres(self, lon: float, lat: float) -> tuple[float, float]:
        east = (lon - self.lon0) * M_PER_DEGREE * cos(radians(self.lat0))
        return east, (lat - self.lat0) * M_PER_DEGREE

    def px(self, lon: float, lat: float) -> tuple[float, float]:
        """Return x, y in the drawing."""
        east, north = self.metres(lon, lat)
        return (
            round(WIDTH / 2 + (east - self.cx) * self.px_per_m, 1),
            round(HEIGHT / 2 - (north - self.cy) * self.px_per_m, 1),
        )


def plane_of(spots: Sequence[Spot]) -> Plane:
    """Return the plane in which all fixes fit, and as much of their distance to the line as there is."""
    last = spots[-1]
    flat = Plane(last.lon, last.lat, 0, 0, 1)
    points = [flat.metres(s.lon, s.lat) for s in spots]
    east, north = [p[0] for p in points], [p[1] for p in points]
    reach = max(abs(last.distance_m), 40.0)
    cx, cy = (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
    wide = max(max(east) - min(east), LEAST_M, reach * 2.2)
    high = max(max(north) - min(north), LEAST_M * HEIGHT / WIDTH, reach * 2.2)
    scale = min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high)
    return Plane(last.lon, last.lat, cx, cy, scale)


def inset(
    spots: Sequence[Spot],
    rings: Sequence[Sequence[Sequence[float]]],
    boundary_m: float,
    name: str,
    keeps: str,
) -> SafeString:
    """Return the map inset: allowed side lighter, the line in its band, fixes with their circles."""
    plane = plane_of(spots)
    here = name + (" 应当在内" if keeps == "inside" else " 不得进入")
    body = format_html(
        '{}<rect width="{}" height="{}" fill="var(--paper)"/>{}{}{}<text class="lbl" x="12" y="22">{}</text>'
        '<text class="lbl" x="12" y="{}" font-size="11">界线误差 ±{}；示意，以勘定界线为准</text>{}',
        SafeString(HATCH),
        WIDTH,
        HEIGHT,
        line(rings, plane, boundary_m, keeps),
        trail(spots, plane),
        circles(spots, plane),
        here,
        HEIGHT - 12,
        metres(boundary_m),
        scale_bar(plane),
    )
    return svg(
        WIDTH, HEIGHT, f"{len(spots)} 个定位和{name}的界线；浅带是界线误差 ±{metres(boundary_m)}", body
    )


def line(
    rings: Sequence[Sequence[Sequence[float]]], plane: Plane, boundary_m: float, keeps: str
) -> SafeString:
    """Return the allowed side, the band of ±boundary_m to scale, and the line, cut to the view."""
    view = box(-60, -60, WIDTH + 60, HEIGHT + 60)
    shape: BaseGeometry = Polygon()
    edge: BaseGeometry = LineString()
    for ring in rings:
        points = [plane.px(vertex[0], vertex[1]) for vertex in ring]
        if len(points) > 3:  # noqa: PLR2004 (a closed triangle)
            shape = shape.symmetric_difference(Polygon(points).buffer(0))
            edge = edge.union(LineString(points).intersection(view))
    allowed = shape if keeps == "inside" else view.difference(shape)
    band = max(1.0, round(2 * boundary_m * plane.px_per_m, 1))
    d_line = path_of(edge)
    return format_html(
        '<path class="land land--on" d="{}"/><path class="fence-band" stroke-width="{}" d="{}"/>'
        '<path class="fence" d="{}"/>',
        path_of(allowed.intersection(view)),
        band,
        d_line,
        d_line,
    )


def path_of(shape: BaseGeometry) -> str:
    """Return the SVG path of lines and polygons."""
    if isinstance(shape, Polygon):
        return "".join(ring_path(ring.coords, "Z") for ring in (shape.exterior, *shape.interiors) if ring)
    if isinstance(shape, LineString):
        return ring_path(shape.coords, "")
    if isinstance(shape, MultiPolygon | MultiLineString) or hasattr(shape, "geoms"):
        return "".join(path_of(part) for part in shape.geoms)
    return ""


def ring_path(coords: Any, end: str) -> str:
    points = [f"{x:.1f} {y:.1f}" for x, y in coords]
    return f"M{'L'.join(points)}{end}" if points else ""


def trail(spots: Sequence[Spot], plane: Plane) -> SafeString:
    d = "L".join("{} {}".format(*plane.px(s.lon, s.lat)) for s in spots)
    return format_html('<path d="M{}" fill="none" stroke="var(--ink-3)" stroke-dasharray="3 3"/>', d)


def circles(spots: Sequence[Spot], plane: Plane) -> SafeString:
    """Return each fix: its 68 % circle to scale, its mark, its number."""
    drawn: list[SafeString] = []
    labels: list[tuple[float, float]] = []
    for spot in reversed(spots):
        x, y = plane.px(spot.lon, spot.lat)
        free = all(abs(x - a) > LABEL_PX or abs(y - b) > LABEL_PX for a, b in labels)
        if free:
            labels.append((x, y))
        drawn.append(one(spot, plane, free))
    return format_html_join("", "{}", ((mark,) for mark in reversed(drawn)))


def one(spot: Spot, plane: Plane, labelled: bool) -> SafeString:
    x, y = plane.px(spot.lon, spot.lat)
    state, _ = verdict_look(spot.verdict)
    kind = {"inside": "in", "outside": "out", "unknown": "unk"}[state]
    radius = max(4.0, round(spot.accuracy_m * plane.px_per_m, 1))
    if state == "outside":
        mark = format_html(
            '<path class="m-out" transform="translate({} {})" d="M7 0 14 13H0Z"/>', x - 7, y - 7
        )
    elif state == "inside":
        mark = format_html('<circle class="m-in" cx="{}" cy="{}" r="3.5"/>', x, y)
    else:
        mark = format_html('<circle cx="{}" cy="{}" r="3" fill="var(--unknown)"/>', x, y)
    word = (
        format_html('<text class="lbl" x="{}" y="{}" font-size="11">{}</text>', x + 12, y + 4, spot.number)
        if labelled
        else ""
    )
    return format_html('<circle class="acc-{}" cx="{}" cy="{}" r="{}"/>{}{}', kind, x, y, radius, mark, word)


def scale_bar(plane: Plane) -> SafeString:
    length = next((m for m in BARS_M if m * plane.px_per_m >= 50), BARS_M[-1])  # noqa: PLR2004 (px)
    wide = round(length * plane.px_per_m, 1)
    x = WIDTH - 14 - wide
    return format_html(
        '<path d="M{} 284h{}M{} 281v6M{} 281v6" stroke="var(--ink-2)" fill="none"/>'
        '<text x="{}" y="276" text-anchor="middle" font-size="11">{}</text>',
        x,
        wide,
        x,
        x + wide,
        x + wide / 2,
        metres(length),
    )


CHART_W, CHART_H, TOP, BOTTOM = 372, 184, 14, 160


def chart(rows: Sequence[dict[str, Any]], name: str, keeps: str = "inside") -> SafeString:
    """Return distances over time: bars of 68 %, the line at zero in its own band, unlawful downwards."""
    wrong, right = SIDES[keeps]
    band = float(rows[-1].get("boundary_m") or 0)
    most = max(
        [abs(float(r["distance_m"])) + float(r.get("accuracy_m") or 0) for r in rows] + [band * 1.2, 20.0]
    )
    middle = (TOP + BOTTOM) / 2
    scale = (BOTTOM - TOP) / 2 / most
    start, end = rows[0]["taken_s"], rows[-1]["taken_s"]
    every = max(1, len(rows) // 6)

    def x_of(row: dict[str, Any]) -> float:
        return 44 + round(300 * float(row["taken_s"] - start) / max(1.0, float(end - start)), 1)

    def bar(index: int, row: dict[str, Any]) -> SafeString:
        x, y = x_of(row), middle + float(row["distance_m"]) * scale
        half = max(2.0, float(row.get("accuracy_m") or 0) * scale)
        state, _ = verdict_look(row.get("verdict"))
        kind = {"inside": "in", "outside": "out", "unknown": "unk"}[state]
        shown = (len(rows) - 1 - index) % every == 0
        word = (
            format_html(
                '<text x="{}" y="176" text-anchor="middle" font-size="11">{}</text>',
                x,
                at(row["taken_s"], "%M:%S"),
            )
            if shown
            else ""
        )
        return format_html(
            '<path d="M{0} {1}V{2}" class="eb eb--{3}"/>'
            '<circle cx="{0}" cy="{4}" r="3.2" class="ed--{3}"/>{5}',
            x,
            round(y - half, 1),
            round(y + half, 1),
            kind,
            round(y, 1),
            word,
        )

    body = format_html(
        '<rect x="30" y="{}" width="330" height="{}" fill="var(--border-line)" fill-opacity=".13"/>'
        '<path d="M30 {}H360" class="fence"/>'
        '<text x="360" y="{}" text-anchor="end" font-size="11">{} ±{}</text>'
        '<text x="2" y="12" font-size="11">{}</text><text x="2" y="160" font-size="11">{}</text>{}',
        round(middle - band * scale, 1),
        round(2 * band * scale, 1),
        middle,
        round(middle - 5, 1),
        name,
        metres(band),
        right,
        wrong,
        format_html_join("", "{}", ((bar(i, row),) for i, row in enumerate(rows))),
    )
    return svg(CHART_W, CHART_H, "到界线的距离和误差范围；同样的数字在下面的表里", body)


HATCH = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><path class="sf-hatch-line" d="M0 0V5"/></pattern></defs>'
)


def svg(width: int, height: int, label: str, body: SafeString) -> SafeString:
    """Return the drawing with its name."""
    return format_html(
        '<svg class="sf-map" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img"'
        ' aria-label="{2}">{3}</svg>',
        width,
        height,
        label,
        body,
    )
