"""Seeded tracks for comparing alarms: a city of persons, some of whom clearly break out.

Each person is bound to the line of 370100 (its real vertices) and kept out of two prohibited places. Most
keep well inside; some (`share`) cross the line once, 400 m to 900 m beyond it for minutes, and as many walk
once into the middle of one of their places. Nobody lingers where an honest judge could say either. Two per
cent each in ten minutes are a hundred times what a city has, so that there is something to compare.
Positions carry a correlated satellite error of a few metres, and the accuracy the device would state.
"""
# ruff: noqa: ANN001, ANN201, ANN202 (arrays everywhere)

from dataclasses import dataclass

import numpy as np
import shapely

from sifang.monitoring.boundaries import CITY, public_area

EVERY_S = 10
PLACES_EACH = 2
LINE_M = 10.0  # a surveyed line
EAST_M, NORTH_M = 89_440.0, 110_980.0  # metres per degree here: the truth lives in this plane
SCALE = np.array([EAST_M, NORTH_M])
STEP_M = 160.0  # a car, in ten seconds


@dataclass(frozen=True)
class World:
    """rings: of fence number 0 (the city) and 1… (places), degrees. bound: (person, fence). fixes by tick."""

    rings: list
    bound: np.ndarray
    start_s: int
    lon: np.ndarray  # (steps, persons)
    lat: np.ndarray
    accuracy_m: np.ndarray

    @property
    def persons(self):
        return self.lon.shape[1]

    @property
    def steps(self):
        return self.lon.shape[0]


def made(persons=3_300, steps=60, *, places=200, each=PLACES_EACH, share=0.02, seed=1, start_s=1_774_800_000):
    """Return a World; `each`: a person's prohibited places. A breach needs 60 steps to begin and end."""
    rng = np.random.default_rng(seed)
    ring = public_area(CITY).rings[0][:-1, :2]
    city = shapely.Polygon(ring * SCALE)
    shapely.prepare(city)
    line = city.exterior
    inside = _spread(rng, city, line, 4 * persons + places, least_m=2_500.0)
    middles, homes = inside[:places], inside[places:]
    rings = [ring, *(_place(rng, middle) for middle in middles)]
    own = np.array([rng.choice(places, each, replace=False) for _ in range(persons)])
    clear = np.array([
        np.hypot(*(homes - middles[mine][:, None]).transpose(2, 0, 1)).min(axis=0) > 1_500 for mine in own
    ])  # fmt: skip
    home = homes[[rng.choice(np.flatnonzero(row)) for row in clear]]
    x, y = (np.repeat(home[None, :, k], steps, axis=0) for k in (0, 1))
    walk = np.cumsum(rng.normal(0, 4, (2, steps, persons)), axis=1)
    who = rng.permutation(persons)
    some = max(1, int(share * persons))
    gates = _gates(rng, city, line, some)
    for person, (a, b) in zip(who[:some], gates, strict=True):
        x[:, person], y[:, person] = _excursion(rng, steps, a, b)
    for person in who[some : 2 * some]:
        middle = middles[own[person, 0]]
        angle = rng.uniform(0, 2 * np.pi)
        outside = middle + 900 * np.array([np.cos(angle), np.sin(angle)])
        x[:, person], y[:, person] = _excursion(rng, steps, outside, middle)
        walk[:, :, person] *= 0.2
    sigma = rng.uniform(2, 6, persons)
    error = np.zeros((2, steps, persons))
    draws = rng.normal(size=(2, steps, persons))
    for k in range(steps):  # correlated over half a minute
        error[:, k] = 0.7 * error[:, k - 1] + np.sqrt(1 - 0.7**2) * draws[:, k] if k else draws[:, 0]
    stated = np.maximum(3.0, 1.51 * sigma * np.exp(rng.normal(0, 0.2, (steps, persons)))).astype(np.float32)
    bound = np.array([(p, f) for p in range(persons) for f in (0, *(own[p] + 1))])
    lon, lat = ((value + walk[k] + sigma * error[k]) / SCALE[k] for k, value in enumerate((x, y)))
    return World(rings, bound, start_s, np.round(lon, 7), np.round(lat, 7), stated)


def _spread(rng, city, line, n, least_m):
    """Places in the city at least so far from its line."""
    west, south, east, north = city.bounds
    found = np.zeros((0, 2))
    while len(found) < n:
        some = np.column_stack([rng.uniform(west, east, 4 * n), rng.uniform(south, north, 4 * n)])
        spots = shapely.points(some)
        some = some[shapely.contains(city, spots)]
        found = np.concatenate([found, some[shapely.distance(line, shapely.points(some)) > least_m]])
    return found[:n]


def _place(rng, middle):
    """A prohibited place of 8 to 40 vertices, 250 to 450 m around its middle; degrees."""
    n = rng.integers(8, 41)
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radii = rng.uniform(280, 420) * rng.uniform(0.9, 1.07, n)
    return (middle + np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])) / SCALE


def _gates(rng, city, line, n):
    """Pairs of a place well inside and one well outside, straight across the line."""
    ring = np.asarray(line.coords)
    found = []
    while len(found) < n:
        k = rng.integers(len(ring) - 1)
        a, b = ring[k], ring[k + 1]
        if np.hypot(*(b - a)) < 200:
            continue
        normal = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a))
        middle = (a + b) / 2
        ends = [middle - side * rng.uniform(500, 900) * normal for side in (-1, 1)]
        sides = [bool(shapely.contains_xy(city, *end)) for end in ends]
        if sides[0] == sides[1] or min(line.distance(shapely.Point(end)) for end in ends) < 400:
            continue
        if len(shapely.get_coordinates(shapely.intersection(line, shapely.LineString(ends)))) != 1:
            continue
        found.append((ends[0], ends[1]) if sides[0] else (ends[1], ends[0]))
    return found


def _excursion(rng, steps, a, b):
    """From a to b at a step of some 160 m, there for 24 to 28 fixes, and back."""
    way = max(2, int(np.hypot(*(b - a)) / STEP_M) + 1)
    stay = rng.integers(24, 29)
    leaves = rng.integers(4, max(5, steps - 2 * way - stay - 12))
    moments = [0, leaves, leaves + way, leaves + way + stay, leaves + 2 * way + stay, steps]
    return (np.interp(np.arange(steps), moments, [p[k] for p in (a, a, b, b, a, a)]) for k in (0, 1))
