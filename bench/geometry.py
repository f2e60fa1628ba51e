"""Sides beside GEOS, distances beside a geodesic library, on the public lines of Jinan.

    python bench/geometry.py [--points 1000000] [--geodesics 10000]

Half of the places lie within some 200 m of a line, the others anywhere about it. The side must agree with
GEOS at every place. Distances: at `--geodesics` places the shortest geodesic (geographiclib, WGS-84) to the
edges that can be nearest. An edge is the straight line in longitude and latitude, so the reference looks for
the nearest point *along that line*: the square of the geodesic distance is nearly a parabola there, and two
steps of parabolas densify the edge to far below a millimetre. The reference shares nothing with the engine's
plane.
"""
# ruff: noqa: ANN001, ANN201, ANN202 (arrays everywhere)

import argparse

import numpy as np
import shapely
from geographiclib.geodesic import Geodesic
from report import row, say

from sifang.monitoring.boundaries import CITY, COUNTIES, public_area
from sifang.monitoring.engine import kernels, outlines
from sifang.monitoring.engine.constants import HORIZON_M

EAST_M, NORTH_M = 89_440.0, 110_980.0  # metres per degree here, for choosing places and candidates only
AT_ONCE = 500_000
STEP_M = 20.0  # half width of the first parabola
NEAR_M = 300.0


def places(rng, edges, n, spread_m):
    """Half within about 200 m of the line (or spread over `spread_m`), half anywhere about it."""
    which, along = rng.integers(len(edges), size=n), rng.random(n)
    lons = edges[which, 0] + along * (edges[which, 2] - edges[which, 0]) + rng.normal(0, spread_m, n) / EAST_M
    lats = (
        edges[which, 1] + along * (edges[which, 3] - edges[which, 1]) + rng.normal(0, spread_m, n) / NORTH_M
    )
    half = n // 2
    for values, columns in ((lons, (0, 2)), (lats, (1, 3))):
        values[:half] = rng.uniform(edges[:, columns].min() - 0.06, edges[:, columns].max() + 0.06, half)
    return lons, lats


def asked(packed, lons, lats):
    """What the engine's own kernel says: signed metres, outside positive."""
    out, boundary = np.zeros(len(lons)), np.zeros(len(lons))
    which = np.zeros(len(lons), np.int32)
    kernels.signed_distances(*packed.arrays(), HORIZON_M, which, lons, lats, out, boundary)
    return out


def sides(points):
    """Places compared and places on another side than GEOS says."""
    compared = wrong = near = 0
    rng = np.random.default_rng(2026)
    codes = (CITY, *COUNTIES)
    for code in codes:
        rings = list(public_area(code).rings)
        polygon = shapely.Polygon(rings[0][:, :2], [ring[:, :2] for ring in rings[1:]])
        shapely.prepare(polygon)
        packed = outlines.packed([outlines.compiled(rings)])
        edges = outlines.edges_of(rings)
        left = points // len(codes) + 1
        while left > 0:
            n = min(left, AT_ONCE)
            lons, lats = places(rng, edges, n, 80.0)
            distances = asked(packed, lons, lats)
            wrong += int(((distances < 0) != shapely.contains_xy(polygon, lons, lats)).sum())
            near += int((np.abs(distances) <= 200).sum())
            compared, left = compared + n, left - n
    return compared, wrong, near


def shortest_geodesic(lon, lat, edges):
    """Metres of the shortest geodesic to any of these edges."""
    inverse = Geodesic.WGS84.Inverse
    best = np.inf
    for west, south, east, north, *_ in edges:

        def square(t, west=west, south=south, east=east, north=north):
            x, y = west + t * (east - west), south + t * (north - south)
            return inverse(lat, lon, y, x, Geodesic.DISTANCE)["s12"] ** 2

        ax, ay = (west - lon) * EAST_M, (south - lat) * NORTH_M
        dx, dy = (east - west) * EAST_M, (north - south) * NORTH_M
        length = np.hypot(dx, dy)
        t = min(1.0, max(0.0, -(ax * dx + ay * dy) / length**2))
        for step in (STEP_M / length, 1.0 / length):
            a, b, c = square(t - step), square(t), square(t + step)
            t = min(1.0, max(0.0, t + 0.5 * step * (a - c) / (a - 2.0 * b + c)))
        best = min(best, square(t))
    return float(np.sqrt(best))


def distances(n):
    """(engine, geodesic) metres at n places: two thirds up to 300 m, the others up to the horizon."""
    rng = np.random.default_rng(7)
    pairs = []
    rings = list(public_area(CITY).rings)
    packed, edges = outlines.packed([outlines.compiled(rings)]), outlines.edges_of(rings)
    scale = np.array([EAST_M, NORTH_M])
    lines = shapely.linestrings(np.stack([edges[:, :2] * scale, edges[:, 2:4] * scale], axis=1))
    tree = shapely.STRtree(lines)
    for count, spread_m in ((2 * n // 3, 130.0), (n - 2 * n // 3, 1_100.0)):
        lons, lats = (values[count:] for values in places(rng, edges, 2 * count, spread_m))
        found = np.abs(asked(packed, lons, lats))
        spots = shapely.points(np.column_stack([lons, lats]) * scale)
        _, rough = tree.query_nearest(spots, return_distance=True, all_matches=False)
        which, candidates = tree.query(spots, predicate="dwithin", distance=1.03 * rough + 0.5)
        order = np.argsort(which, kind="stable")
        which, candidates = which[order], candidates[order]
        starts = np.searchsorted(which, np.arange(count + 1))
        for i in range(count):
            mine = edges[candidates[starts[i] : starts[i + 1]]]
            pairs.append((found[i], shortest_geodesic(lons[i], lats[i], mine)))
    return np.array(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--geodesics", type=int, default=10_000)
    given = parser.parse_args()
    compared, wrong, near = sides(given.points)
    pairs = distances(given.geodesics)
    errors = np.abs(pairs[:, 0] - pairs[:, 1])
    is_near, is_beyond = pairs[:, 1] <= NEAR_M, pairs[:, 1] > HORIZON_M
    middle = ~is_near & ~is_beyond
    near_cm, far_pc = 100 * errors[is_near], 100 * errors[middle] / pairs[middle, 1]
    clipped = bool((pairs[is_beyond, 0] == HORIZON_M).all())
    far_words = (
        "; farther away the answer is the horizon, on the exact side" if clipped else "; FARTHER OFF WRONG"
    )
    far_words = (
        f"{middle.sum():,} places up to {HORIZON_M:,.0f} m; at most {errors[middle].max():.3f} m{far_words}"
    )
    rows = [
        row(
            "places on another side than GEOS says", wrong, "", most=0,
            detail=f"of {compared:,} places, {near:,} within 200 m of a line; 3 public outlines",
        ),
        row(
            "largest error of a distance up to 300 m against geographiclib", round(near_cm.max(), 3), "cm",
            most=1.0, detail=f"{is_near.sum():,} places, median {np.median(near_cm):.4f} cm",
        ),
        row(
            "largest relative error of a distance beyond 300 m", round(far_pc.max(), 4), "%",
            most=0.1, detail=far_words,
        ),
    ]  # fmt: skip
    say("geometry", rows)


if __name__ == "__main__":
    main()
