"""The engine against the rules written a second time, on random histories."""

from dataclasses import fields, replace

import numpy as np
import pytest

from sifang.kernel.geometry import moved
from sifang.monitoring.engine.constants import DEFAULT
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import KIND_NAMES, FenceSpec, MeasureSpec
from sifang.monitoring.intake import columns
from sifang.monitoring.tests import reference_engine as reference

START = 1_774_756_800  # Sunday 2026-03-29 12:00 in Shanghai
KINDS = ["boundary", "boundary", "boundary", "prohibited_place", "timetable", "station"]


def outline(rng, size_m, boundary_m):
    """A star-shaped ring, open or closed, its line worse known on one side; at times with a hole."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 40)))
    radii = size_m * rng.uniform(0.6, 1.4, len(angles))
    ring = [[*moved(117.0, 36.65, r * np.cos(a), r * np.sin(a)), boundary_m * (1 + (a > 3))]
            for a, r in zip(angles, radii, strict=True)]  # fmt: skip
    rings = [np.array(ring + ring[:1] if rng.random() < 0.5 else ring)]
    if rng.random() < 0.3:
        hole = np.array(ring)
        hole[:, :2] = (hole[:, :2] - [117.0, 36.65]) * 0.3 + [117.0, 36.65]
        rings.append(hole)
    return rings


def fence(rng, number, measure, span):
    kind = KINDS[rng.integers(len(KINDS))]
    keeps = "outside" if kind in {"prohibited_place", "station"} else "inside"
    table = None
    if kind == "timetable" or rng.random() < 0.1:
        table = "".join(rng.choice(["0", "1"], 168, p=[0.4, 0.6]))
    exceptions = [(START + int(a), START + int(a) + int(rng.integers(1, 900)))
                  for a in rng.integers(0, span, rng.integers(0, 3))]  # fmt: skip
    return {
        "number": number, "measure": measure, "kind": kind, "keeps": keeps,
        "rings": outline(rng, rng.choice([150.0, 800.0, 2_000.0]), rng.choice([0.0, 10.0, 10.0, 83.0])),
        "timetable": table, "exceptions": exceptions,
        "from_s": START + int(rng.integers(-900, 900)),
        "to_s": START + int(rng.integers(span // 2, 2 * span)),
        "alarm": bool(rng.random() < 0.9),
    }  # fmt: skip


def wander(rng, n, every, width):
    """Straight legs of `every` fixes between random turns."""
    turns = np.arange(0, n + every, every)
    return np.interp(np.arange(n), turns, rng.uniform(-width, width, len(turns)))


def history(rng, measure, n, near=None):
    """Walks about the fences, or along a line close by, with noise, jumps, outliers, gaps and every flag."""
    every = rng.choice([1, 10, 30, 60])
    t = START + np.cumsum(np.where(rng.random(n) < 0.02, rng.integers(0, 2_000, n), every))
    lon, lat = near or (117.0, 36.65)
    leg = wander(rng, n, 40, 90.0 if near else 2_200.0)
    bend = wander(rng, n, 60, 90.0 if near else 900.0)
    noise = rng.normal(0, rng.choice([2, 8, 40]), (2, n))
    wrong = (rng.random(n) < 0.02) * rng.exponential(2_000, n)
    fixes = np.zeros(n, columns.FIX)
    for i in range(n):
        fixes["lon"][i], fixes["lat"][i] = moved(
            lon, lat, leg[i] + noise[0, i] + wrong[i], bend[i] + noise[1, i]
        )
    fixes["measure"], fixes["taken_s"] = measure, t
    fixes["received_s"] = t + rng.integers(0, 200, n)
    fixes["accuracy_m"] = rng.choice(
        [np.nan, 0.0, 3.0, 8.0, 25.0, 120.0], n, p=[0.05, 0.05, 0.2, 0.5, 0.15, 0.05]
    )
    fixes["source"] = rng.integers(0, 4, n)
    fixes["battery_pct"] = np.where(rng.random(n) < 0.3, 255, np.clip(60 - np.arange(n) % 80, 0, 100))
    flags = np.full(n, columns.F_LOCATED | columns.F_STRAP_KNOWN)
    for flag, share in [(columns.F_STRAP_OPEN, 0.02), (columns.F_SOS, 0.01), (columns.F_LOW_BATTERY, 0.02),
                        (columns.F_LATE, 0.02)]:  # fmt: skip
        flags |= np.where(rng.random(n) < share, flag, 0)
    flags &= ~np.where(rng.random(n) < 0.04, columns.F_LOCATED, 0)
    flags &= ~np.where(rng.random(n) < 0.3, columns.F_STRAP_KNOWN, 0)
    fixes["flags"] = flags
    swapped = np.flatnonzero(rng.random(n - 1) < 0.01)  # out of order: the older one is not newer any more
    fixes[swapped], fixes[swapped + 1] = fixes[swapped + 1].copy(), fixes[swapped].copy()
    return fixes


class World:
    """The same persons, fences and fixes for both engines."""

    def __init__(self, seed, persons=3, n=300):
        rng = np.random.default_rng([seed, 20])
        span = n * 20
        self.fences = [
            fence(rng, 100 * m + k, m, span) for m in range(1, persons + 1) for k in range(rng.integers(1, 5))
        ]
        self.measures = [
            (
                m,
                START + int(rng.integers(-500, 300)),
                START + int(rng.integers(span // 2, 3 * span)),
                int(rng.choice([40, 150, 600])),
            )
            for m in range(1, persons + 1)
        ]
        parts = [history(rng, m, n, self.corner(rng, m) if m % 2 else None) for m in range(persons + 1)]
        whole = np.concatenate(parts)
        self.fixes = whole[np.argsort(np.tile(np.arange(n), persons + 1), kind="stable")]

    def corner(self, rng, measure):
        """A place on the line of one of that measure's fences."""
        own = [f for f in self.fences if f["measure"] == measure]
        ring = own[rng.integers(len(own))]["rings"][0]
        return tuple(ring[rng.integers(len(ring)), :2].tolist())

    def ticks(self, size=31):
        """Ticks of fixes, each with the seconds at which silence is asked after it."""
        clock = START
        for i in range(0, len(self.fixes), size):
            tick = self.fixes[i : i + size].copy()
            now = int(tick["received_s"].max())
            yield tick, range(clock, now, 50)
            clock = max(clock, now)

    def by_engine(self, **changes):
        engine = Engine(capacity=9, rules=replace(DEFAULT, **changes))
        engine.load([MeasureSpec(*m) for m in self.measures], [FenceSpec(**f) for f in self.fences])
        said, verdicts = [], []
        for tick, clock in self.ticks():
            said += [
                (int(s["measure"]), int(s["fence"]), KIND_NAMES[int(s["kind"])],
                 ("begin", "end")[s["phase"] - 1], int(s["episode"]), int(s["at_s"]))
                for s in (*engine.step(tick), *(s for now in clock for s in engine.silence(now)))
            ]  # fmt: skip
            verdicts += tick["verdict"].tolist()
        return said, verdicts

    def by_reference(self):
        fences = [
            reference.Fence(
                **{k: v for k, v in f.items() if k not in {"measure", "rings"}},
                rings=[r.tolist() for r in f["rings"]],
            )
            for f in self.fences
        ]
        persons = [
            reference.Person(
                *m, [f for f, spec in zip(fences, self.fences, strict=True) if spec["measure"] == m[0]]
            )
            for m in self.measures
        ]
        engine = reference.Reference(persons)
        said, verdicts = [], []
        for tick, clock in self.ticks():
            signals, judged = engine.step(
                [dict(zip(tick.dtype.names, row.tolist(), strict=True)) for row in tick]
            )
            said += signals + [s for now in clock for s in engine.silence(now)]
            verdicts += judged
        return said, verdicts


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_give_identical_signals_and_verdicts(seed):
    world = World(seed)
    (said, verdicts), (expected, judged) = world.by_engine(), world.by_reference()
    assert said == expected
    assert verdicts == judged


@pytest.fixture(scope="module")
def worlds():
    chosen = [World(seed) for seed in range(100, 124)]
    return [(world, world.by_reference()) for world in chosen]


def test_the_histories_contain_every_kind_of_signal_and_verdict(worlds):
    kinds = {(s[2], s[3]) for _, (said, _) in worlds for s in said}
    assert kinds == {(kind, phase) for kind in KIND_NAMES.values() for phase in ("begin", "end")}
    assert {v for _, (_, verdicts) in worlds for v in verdicts} == {0, 1, 2, 3}


@pytest.mark.parametrize("name", [field.name for field in fields(DEFAULT)])
def test_changing_any_constant_of_the_kernel_is_noticed(worlds, name):
    factor = {"p_begin": 0.8, "crossing_s": 0.5, "depth_clip_m": 0.4, "min_fixes": 2.0}.get(name, 1.25)
    changed = {name: factor * getattr(DEFAULT, name)}
    assert any(world.by_engine(**changed) != expected for world, expected in worlds)
