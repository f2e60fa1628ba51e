"""Plausible hours of a tracked person: rest and movement, noise, jitter, every attribute varying."""

import numpy as np

from sifang.monitoring.intake.block import quantise
from sifang.monitoring.intake.columns import (
    F_ASSUMED,
    F_LATE,
    F_LOCATED,
    F_STRAP_KNOWN,
    FIX,
    SOURCE_GNSS,
    SOURCE_WIFI,
)

BEGIN = 1_795_420_800  # 2026-11-23 08:00 UTC


def _noise(dice, n, size, tie):
    """Errors correlated in time: each keeps `tie` of the one before."""
    out, last = np.empty(n), dice.normal(0, size)
    steps = dice.normal(0, size * np.sqrt(1 - tie * tie), n)
    for i in range(n):
        last = tie * last + steps[i]
        out[i] = last
    return out


def _moving(dice, n, busy):
    moving, at, goes = np.zeros(n, bool), 0, dice.random() < busy
    while at < n:
        length = int(dice.exponential(60 if goes else 60 * (1 - busy) / busy)) + 5
        moving[at : at + length] = goes
        at, goes = at + length, not goes
    return moving


def an_hour(
    seed, *, fixes=360, begin=BEGIN, every=10, measure=77, device_key=0x1234_5678_9ABC_DEF0, busy=1 / 3
):
    """`fixes` quantised fixes of one device from `begin`, and their device keys; JT/T 808 units.

    `busy`: share of the time the person is on the way.
    """
    dice, n = np.random.default_rng(seed), fixes
    some = np.zeros(n, FIX)
    moving = _moving(dice, n, busy)
    speed = np.where(moving, np.clip(20 + 8 * np.cumsum(dice.normal(0, 0.3, n)), 1, 60), 0)
    heading = np.cumsum(dice.normal(0, 0.15, n))
    x = np.cumsum(speed / 3.6 * every * np.sin(heading)) + _noise(dice, n, 4, 0.9)
    y = np.cumsum(speed / 3.6 * every * np.cos(heading)) + _noise(dice, n, 4, 0.9)
    wifi = dice.random(n) < 0.02
    some["device"], some["measure"] = -1, measure
    some["taken_s"] = begin + every * np.arange(n) + (dice.random(n) < 0.15)
    some["received_s"] = (
        some["taken_s"] + 1 + (dice.random(n) < 0.3) + (dice.random(n) < 0.05) * dice.integers(0, 5, n)
    )
    some["lon"] = np.rint((117.02 + x / 89_000) * 1e6) / 1e6
    some["lat"] = np.rint((36.66 + y / 111_000) * 1e6) / 1e6
    some["satellites"] = np.clip(np.rint(11 + _noise(dice, n, 1.5, 0.95)), 4, 24)
    hdop = np.clip(np.rint(12 + _noise(dice, n, 3, 0.9)), 5, 99)  # tenths, as receivers tell it
    some["accuracy_m"] = hdop / 2  # times 5 m
    some["accuracy_m"][wifi] = 60
    some["altitude_m"] = np.rint(30 + _noise(dice, n, 4, 0.95))
    some["speed_kmh"] = (
        np.rint(np.where(moving, np.clip(speed + dice.normal(0, 0.5, n), 0, 200), 0) * 10) / 10
    )
    course = np.rint(np.degrees(heading) + dice.normal(0, 2, n)) % 360
    held = np.maximum.accumulate(np.where(moving, np.arange(n), 0))
    some["course_deg"] = course[held] if n else course
    some["flags"] = F_LOCATED | F_STRAP_KNOWN
    some["flags"][wifi] |= F_ASSUMED
    some["flags"][dice.random(n) < 0.005] |= F_LATE
    some["source"] = np.where(wifi, SOURCE_WIFI, SOURCE_GNSS)
    some["battery_pct"] = np.rint(90 - 4 * np.arange(n) / 360) % 100
    some["verdict"] = np.where(dice.random(n) < 0.01, 3, 1)
    quantise(some)
    return some, np.full(n, device_key, np.uint64)
