"""Every number of the evidence rules, each with its reason. The rules themselves: README.md beside this file.

The numbers travel to the compiled kernels as one record (`RULES`), so a change here needs no recompilation
and no stale machine code can hold an old value. Measured choices: docs/adr/0003-evidence-of-a-breach.md.
"""

import math
from dataclasses import astuple, dataclass, fields
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

HORIZON_M = 3_000.0
"""Distances to a line are exact up to here and clipped beyond; the side is always exact. Three kilometres
hold the 68 % radius of nearly every network position."""

RADIUS_PER_SIGMA = math.sqrt(-2.0 * math.log(1.0 - 0.68))
"""A circle of this many sigmas holds 68 % of a round two-dimensional normal error (1.5096)."""

NODES = 10
"""How many equally probable values stand for the error shared by all fixes. With ten, the outermost is the
95 % quantile: 0.95 is reached when nine are certain and the tenth is likelier than not, that is at the
1.645 sigma of the exact integral."""

NODE_Z: npt.NDArray[np.float64] = np.array(
    [NormalDist().inv_cdf((k + 0.5) / NODES) for k in range(NODES)], dtype=np.float64
)

EVIDENCE_KEPT = 32
"""Evaluations kept per fence for the alarm page."""

SERVER_GAP_S = 120
"""When nobody asked the engine for this long, the silence is ours: each device gets its full time anew."""

SILENT_AFTER_S = 600
"""Silence of a device whose own interval is not known: ten minutes."""

ASSUMED_ACCURACY_M: npt.NDArray[np.float64] = np.array([30.0, 15.0, 60.0, 500.0], dtype=np.float64)
"""68 % radius assumed by source (unknown, satellites, Wi-Fi, cell) where nobody gave one.
Satellites: 17.5 m median in a street canyon, 1.4–2.5 m in the open (geodata.md § 3). Network: 31–65 m with
Wi-Fi, hundreds with cells alone."""


@dataclass(frozen=True)
class Rules:
    """The numbers the step kernel works with."""

    radius_per_sigma: float = RADIUS_PER_SIGMA
    accuracy_floor_m: float = 5.0
    """No claim below this is believed: phones claim 3.5 m and miss it (geodata.md § 3)."""
    shared_part: float = 0.5
    """Share of a position error's variance that does not change from fix to fix (multipath of a place, the
    same cell again): repetition cannot prove more than this leaves."""
    outlier: float = 0.05
    """Share of fixes that say nothing about the place (gross outliers); bounds what one fix can prove."""
    correlation_s: float = 20.0
    """Errors nearer in time than this are largely the same error; a fix after Δt counts 1 − exp(−Δt/τ).
    With 20 s a prohibited place is proved entered after 40 s of fixes each 10 s or denser (60 s with 30)."""
    sojourn_s: float = 540.0
    """Forgetting: a person's side may change; the old belief fades to even with this time constant."""
    max_speed_ms: float = 100.0
    """A jump faster than this (360 km/h; trains here do 300–350) makes the fix count as an outlier."""
    p_begin: float = 0.95
    p_end: float = 0.05
    end_dwell_s: float = 60.0
    """An episode ends only when the lawful side has been certain this long: no flapping along the line."""
    min_fixes: float = 2.0
    """One fix alone raises nothing."""
    depth_m: float = 25.0
    """A boundary or timetable alarm needs the run's damped mean this far beyond the line: half of the 50 m
    that define a breach. Whoever stands a few metres beyond or before it raises nothing."""
    depth_clip_m: float = 100.0
    """One fix enters that mean with this much at most, so that a gross outlier cannot carry it."""
    depth_s: float = 60.0
    """Time constant of that mean."""
    crossing_s: float = 60.0
    """The crossing lies between the last fix before the run and its first; at most this much of that gap
    counts towards the time beyond the line."""
    boundary_dwell_s: float = 100.0
    """A breach is 120 s beyond the line. Twenty seconds less, because fixes see its ends late and early: a
    device that reports once a minute has only two fixes in it. Measured with 60, 90, 100, 120 (ADR 0003)."""
    place_dwell_s: float = 30.0
    """Shorter and without a depth: a prohibited place may be small. Also for stations."""
    timetable_dwell_s: float = 100.0
    battery_low_pct: float = 15.0
    battery_well_pct: float = 25.0
    strap_closed_s: float = 60.0
    """An opened strap counts as closed again after this long without a report of it being open."""
    sos_over_s: float = 300.0
    """Presses within five minutes are one call for help."""


DEFAULT = Rules()

RULES_DTYPE = np.dtype([(field.name, "<f8") for field in fields(Rules)])


def rules_record(rules: Rules) -> npt.NDArray[np.void]:
    """Return the one-element array in which the kernels take their rules."""
    return np.array([astuple(rules)], dtype=RULES_DTYPE)
