"""How well the engine detects breaches: seeded person-days with a known truth, on a line with a known error.

    python bench/detection.py [--persons 400] [--seed 1]

A breach = true place beyond the true line by at least 50 m for at least 120 s. Alarms on nearer or shorter
excursions are a row of their own: neither true nor false. An alarm without any excursion is false. The
satellite noise is correlated over 20 to 120 s, worse in street canyons for a while, with gross outliers of
some twenty seconds; devices misstate their accuracy. The simulation shares no code with the engine.
"""

# ruff: noqa: ANN001, ANN201, ANN202 (arrays everywhere)

import argparse
from dataclasses import asdict, dataclass, field

import numpy as np

from sifang.monitoring.engine.constants import DEFAULT, Rules
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import BEGIN, END, FenceSpec, MeasureSpec
from sifang.monitoring.intake.columns import F_LOCATED, FIX, NO_BATTERY, SOURCE_GNSS

DAY_S = 86_400
START_S = 1_774_800_000
LON, LAT = 117.0, 36.65
EAST_M, NORTH_M = 89_440.0, 110_980.0  # metres per degree there, rounded: the truth lives in this plane


@dataclass
class Found:
    """Counts of one run."""

    persons: int = 0
    person_days: float = 0.0
    breaches: int = 0
    detected: int = 0
    alarms: int = 0
    true: int = 0
    neutral: int = 0
    false: int = 0
    excursions_neutral: int = 0
    delay_s: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.detected / max(1, self.breaches)

    @property
    def precision(self) -> float:
        return self.true / max(1, self.true + self.false)

    def row(self) -> dict[str, float]:
        """The figures that are published."""
        delays = np.array(self.delay_s or [np.nan])
        counts = {k: v for k, v in asdict(self).items() if k != "delay_s"}
        return counts | {
            "recall": round(self.recall, 4),
            "precision": round(self.precision, 4),
            "alarms_per_person_day": round(self.alarms / self.person_days, 4),
            "false_per_person_day": round(self.false / self.person_days, 4),
            "delay_after_120_s_median": round(float(np.median(delays)), 1),
            "delay_after_120_s_p95": round(float(np.percentile(delays, 95)), 1),
        }


def _path(stops, speeds):
    """Truth each second from stops (start second, x, y): the way to each begins at its start."""
    t = np.arange(DAY_S, dtype=float)
    times, xs, ys = [0.0], [stops[0][1]], [stops[0][2]]
    for (start, x, y), speed in zip(stops[1:], speeds, strict=True):
        begin = max(start, times[-1] + 1.0)
        times += [begin, begin + max(1.0, np.hypot(x - xs[-1], y - ys[-1]) / speed)]
        xs += [xs[-1], x]
        ys += [ys[-1], y]
    return np.interp(t, times, xs), np.interp(t, times, ys)


def truth(rng):
    """One day: home, work, walks near the line, one breach, at times a lesser excursion; x > 0 beyond."""
    home_x = -rng.choice(
        [rng.uniform(30, 200), rng.uniform(200, 2_000), rng.uniform(2_000, 15_000)], p=[0.1, 0.4, 0.5]
    )
    home_y = rng.uniform(-3_000, 3_000)
    stops, speeds = [(0.0, home_x, home_y)], []

    def go(start, x, speed):
        stops.append((start, x, stops[-1][2] + rng.normal(0, 200)))
        speeds.append(speed)

    go(8 * 3600, -rng.uniform(300, 10_000), rng.uniform(3, 15))
    clock = 11 * 3600.0
    for _ in range(2):  # walks along the line, inside
        go(clock, -rng.uniform(5, 60), rng.uniform(1, 12))
        clock += rng.uniform(600, 3_600)
    if rng.random() < 0.5:  # near or short: neutral
        far = abs(stops[-1][1])
        near = rng.random() < 0.5
        go(clock, rng.uniform(5, 45) if near else rng.uniform(60, 300), 5.0)
        clock += far / 5.0 + (rng.uniform(100, 900) if near else rng.uniform(10, 60))
        go(clock, -rng.uniform(60, 300), 5.0)
        clock += 900
    speed = rng.uniform(1.2, 15)
    depth = 50.0 + rng.exponential(150.0)
    held = 120.0 + rng.exponential(600.0)
    reach = (abs(stops[-1][1]) + depth) / speed
    go(clock + 1_200, depth + 0.5, speed)
    go(clock + 1_200 + reach + held, -rng.uniform(50, 1_000), speed)
    go(clock + 1_200 + reach + held + 3_600, home_x, 8.0)
    return _path(stops, speeds)


def noise(rng, times, network):
    """Error in metres (n, 2), and the accuracy the device states."""
    n = len(times)
    gaps = np.diff(times, prepend=times[0] - 1e6)
    correlation = rng.uniform(300, 1_200) if network else rng.uniform(20, 120)
    keep = np.exp(-gaps / correlation)
    base = rng.uniform(25, 60) if network else rng.uniform(2, 8)
    scale = np.full(n, base)
    for _ in range(rng.integers(0, 6)):  # street canyons
        at = rng.integers(n)
        scale[at : at + rng.integers(5, 60)] *= 1.0 if network else rng.uniform(1.5, 3.0)
    error = np.zeros((n, 2))
    value = np.zeros(2)
    draws = rng.normal(size=(n, 2))
    for i in range(n):
        value = keep[i] * value + np.sqrt(1.0 - keep[i] ** 2) * draws[i]
        error[i] = value * scale[i]
    stated = 1.51 * scale * np.exp(rng.normal(-0.1, 0.25, n))
    for _ in range(rng.poisson(24)):  # gross outliers, stated as good ones: 20 s on average, at least one fix
        begin = rng.uniform(times[0], times[-1])
        at, last = np.searchsorted(times, [begin, begin + rng.exponential(20)])
        turn, far = rng.uniform(0, 2 * np.pi), 50 + rng.exponential(300)
        error[at : max(at + 1, last)] += far * np.array([np.cos(turn), np.sin(turn)])
    return error, np.maximum(stated, 3.0)


def spans(mask):
    """(first, last + 1) of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


def score(found, x, signals):
    """Compare one person's alarms with the truth."""
    excursions = spans(x > 0)
    breaches = []
    for start, stop in excursions:
        runs = [(a, b) for a, b in spans(x[start:stop] >= 50) if b - a >= 120]
        if runs:
            breaches.append((start, stop, start + runs[0][0] + 120))
    found.breaches += len(breaches)
    found.excursions_neutral += len(excursions) - len(breaches)
    episodes = [
        (s["episode"] - START_S, s["at_s"] - START_S, ends.get(s["episode"], np.inf) - START_S)
        for ends in [{s["episode"]: s["at_s"] for s in signals if s["phase"] == END}]
        for s in signals
        if s["phase"] == BEGIN
    ]
    found.alarms += len(episodes)
    for start, stop, exists in breaches:  # found by an alarm raised for it, or one still open when it began
        at = [at for _, at, end in episodes if end >= start and at <= stop + 180]
        found.detected += bool(at)
        found.delay_s += [max(0, min(at) - exists)] if at else []
    for first, at, end in episodes:
        if any(first < stop and end >= start for start, stop, _ in breaches):
            found.true += 1
        elif x[max(0, int(first) - 5) : int(at) + 1].max() > 0:
            found.neutral += 1
        else:
            found.false += 1


def run(seed=1, persons=400, boundary_m=10.0, network=False, rules: Rules = DEFAULT) -> Found:
    """Simulate that many person-days and score the engine."""
    found = Found(persons=persons, person_days=float(persons))
    half_lat = 30_000 / NORTH_M
    for person in range(persons):
        rng = np.random.default_rng([seed, person])
        x, y = truth(rng)
        known_x = x + rng.normal(0, boundary_m)  # the known line lies elsewhere than the true one
        every = rng.choice([10, 30, 60])
        times = np.arange(rng.integers(every), DAY_S, every)
        error, stated = noise(rng, times.astype(float), network)
        fixes = np.zeros(len(times), FIX)
        fixes["measure"], fixes["flags"], fixes["source"] = 1, F_LOCATED, SOURCE_GNSS
        fixes["taken_s"] = fixes["received_s"] = START_S + times
        fixes["lon"] = LON + (known_x[times] + error[:, 0]) / EAST_M
        fixes["lat"] = LAT + (y[times] + error[:, 1]) / NORTH_M
        fixes["accuracy_m"], fixes["battery_pct"] = stated, NO_BATTERY
        ring = np.array(
            [
                [LON - 1.0, LAT - half_lat, boundary_m],
                [LON, LAT - half_lat, boundary_m],
                [LON, LAT + half_lat, boundary_m],
                [LON - 1.0, LAT + half_lat, boundary_m],
            ]
        )
        engine = Engine(rules=rules)
        engine.load([MeasureSpec(1, 0, 1 << 40)], [FenceSpec(1, 1, "boundary", "inside", [ring])])
        score(found, x, engine.step(fixes))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    from report import row, say  # here: the suite imports `run` without bench/ on its path

    rows = []
    for title, settings in {
        "satellites, surveyed line (boundary_m 10)": {},
        "satellites, today's public line (boundary_m 83)": {"boundary_m": 83.0},
        "network positions only (boundary_m 10)": {"network": True},
    }.items():
        found = run(given.seed, given.persons, **settings).row()
        goals = ({"least": 0.9}, {"least": 0.99}) if not settings else ({}, {})
        delay = f"delay after the 120 s median {found['delay_after_120_s_median']} s"
        delay += f", p95 {found['delay_after_120_s_p95']} s"
        alarms, false = (found[f"{name}_per_person_day"] for name in ("alarms", "false"))
        rows += [
            row(f"precision, {title}", found["precision"], "", **goals[0], detail=f"of {found['alarms']}"),
            row(
                f"recall, {title}", found["recall"], "", **goals[1],
                detail=f"{found['breaches']} breaches; {delay}",
            ),
            row(
                f"false alarms per tracked person-day, {title}", false, "",
                detail=f"{alarms} alarms of all kinds; one seeded breach a day: more than life has",
            ),
        ]  # fmt: skip
    say("detection", rows)


if __name__ == "__main__":
    main()
