"""The fused engine step beside the obvious way: one prepared shapely polygon, one fix at a time.

    python bench/engine.py [--rounds 7] [--fixes 200000]

One run, alternating rounds, the same fixes; figures are fixes per CPU-second and the ratio of medians. The
shapely loop answers inside or outside, and in its second form the distance to the line (in degrees); the
engine gives exact distance in metres, evidence and episodes.
The second case puts half of the fixes within some 200 m of the line.
"""
# ruff: noqa: ANN001, ANN201 (arrays everywhere)

import argparse
import statistics
import time

import numpy as np
import shapely
from report import row, say, spread

from sifang.monitoring.engine.engine import Engine, warm_up
from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec
from sifang.monitoring.intake.columns import F_LOCATED, FIX, NO_BATTERY, SOURCE_GNSS

PERSONS, TICK = 3_300, 330
LON, LAT, EAST_M, NORTH_M = 117.0, 36.65, 89_440.0, 110_980.0


def outline(rng, n=2_000):
    """A ring of about the size and roughness of a city's outline."""
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radii = 55_000 * (1 + 0.2 * np.sin(5 * angles) + 0.02 * rng.normal(size=n))
    return np.column_stack(
        [LON + radii * np.cos(angles) / EAST_M, LAT + radii * np.sin(angles) / NORTH_M, np.full(n, 83.0)]
    )


def made(rng, ring, n, near):
    fixes = np.zeros(n, FIX)
    order = np.arange(n)
    fixes["measure"] = order % PERSONS
    fixes["taken_s"] = fixes["received_s"] = 1_774_800_000 + 10 * (order // PERSONS)
    fixes["flags"], fixes["accuracy_m"], fixes["battery_pct"] = F_LOCATED, 8.0, NO_BATTERY
    fixes["source"] = SOURCE_GNSS
    # each person keeps to one place, some of them beside the line
    home = np.column_stack(
        [rng.normal(LON, 25_000 / EAST_M, PERSONS), rng.normal(LAT, 25_000 / NORTH_M, PERSONS)]
    )
    beside = rng.random(PERSONS) < near
    home[beside] = ring[rng.integers(len(ring), size=beside.sum()), :2]
    fixes["lon"] = home[fixes["measure"], 0] + rng.normal(0, 100 / EAST_M, n)
    fixes["lat"] = home[fixes["measure"], 1] + rng.normal(0, 100 / NORTH_M, n)
    return fixes


def by_engine(ring, fixes):
    engine = Engine()
    engine.load(
        [MeasureSpec(m, 0, 1 << 40) for m in range(PERSONS)],
        [FenceSpec(m, m, "boundary", "inside", [ring]) for m in range(PERSONS)],
    )
    begun = time.process_time()
    for start in range(0, len(fixes), TICK):
        engine.step(fixes[start : start + TICK])
    return time.process_time() - begun


def by_shapely(ring, fixes, *, accuracy_aware):
    polygon = shapely.Polygon(ring[:, :2])
    line = polygon.exterior
    shapely.prepare(polygon)
    shapely.prepare(line)
    places = fixes[["lon", "lat"]].tolist()
    begun = time.process_time()
    for lon, lat in places:
        place = shapely.Point(lon, lat)
        polygon.contains(place)
        if accuracy_aware:
            line.distance(place)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fixes", type=int, default=200_000)
    given = parser.parse_args()
    warm_up()
    rng = np.random.default_rng(1)
    ring = outline(rng)
    rows = []
    for title, near in (("all over the city", 0.0), ("half within about 200 m of the line", 0.5)):
        fixes = made(rng, ring, given.fixes, near)
        few = fixes[: given.fixes // 20]
        ours, theirs, aware = [], [], []
        for _ in range(given.rounds):
            ours.append(len(fixes) / by_engine(ring, fixes.copy()))
            theirs.append(len(few) / by_shapely(ring, few, accuracy_aware=False))
            aware.append(len(few) / by_shapely(ring, few, accuracy_aware=True))
        mine = statistics.median(ours)
        detail = (
            f"engine {spread(ours, -3)}, loop {spread(theirs, -2)} fixes per CPU-second; {len(ring)} vertices"
        )
        rows += [
            row(
                f"engine step ÷ prepared shapely loop, side only; {title}",
                round(mine / statistics.median(theirs), 1), "×", detail=detail,
            ),
            row(
                f"engine step ÷ the same with distance to the line; {title}",
                round(mine / statistics.median(aware), 1), "×",
                detail=f"loop with distance {spread(aware, -2)} fixes per CPU-second",
            ),
        ]  # fmt: skip
    say("engine", rows)


if __name__ == "__main__":
    main()
