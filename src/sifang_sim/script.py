"""What is seeded on purpose: breaches, opened straps, flat batteries, calls for help, an outage.

Each seeded event is written to the truth file as one JSON line (device, kind, from, to; Unix seconds), so
that alarms can be scored against what truly happened.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sifang_sim.device import Wristband
from sifang_sim.life import crossing, visit
from sifang_sim.net import Point


class Truth:
    """The truth file; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, device: str, kind: str, from_s: float, to_s: float) -> None:
        """Append one seeded event."""
        if self._path:
            row = {"device": device, "kind": kind, "from": round(from_s), "to": round(to_s)}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


class Director:
    """Starts the scripted events of each device relative to the start of the simulation."""

    def __init__(self, truth: Truth, later: Callable[[float, Callable[[], None]], object]) -> None:
        """`later(delay_s, call)` runs a call after so many seconds."""
        self._truth, self._later = truth, later

    def begin(self, band: Wristband, plan: dict[str, Any], now: float, chance: random.Random) -> None:
        """Arrange what the device's `script` asks for."""
        script = plan.get("script")
        ready = getattr(self, f"_{script}", None) if script else None
        if ready:
            ready(band, plan, now, chance)

    def _boundary(self, band: Wristband, plan: dict[str, Any], now: float, chance: random.Random) -> None:
        if not plan.get("boundary_hint"):
            return
        hint = plan["boundary_hint"]
        cross = now - chance.uniform(40, 80)
        start, legs = crossing(_point(plan["home"]), _point(hint), cross)
        band.life.trip(start, *legs)
        self._truth.write(band.who.terminal_id, "boundary", cross, legs[1].to_s)

    def _place(self, band: Wristband, plan: dict[str, Any], now: float, chance: random.Random) -> None:
        if not plan.get("places"):
            return
        place = plan["places"][0]
        arrive = now + chance.uniform(-60, -20)
        start, legs = visit(_point(plan["home"]), (place["lon"], place["lat"]), arrive)
        band.life.trip(start, *legs)
        self._truth.write(band.who.terminal_id, "place", arrive, legs[1].to_s)

    def _strap(self, band: Wristband, _plan: dict[str, Any], now: float, chance: random.Random) -> None:
        at, lasts = chance.uniform(12, 25), chance.uniform(40, 120)
        self._later(at, lambda: setattr(band.state, "strap_open", True))
        self._later(at + lasts, lambda: setattr(band.state, "strap_open", False))
        self._truth.write(band.who.terminal_id, "strap", now + at, now + at + lasts)

    def _sos(self, band: Wristband, _plan: dict[str, Any], now: float, chance: random.Random) -> None:
        at = chance.uniform(25, 40)
        self._later(at, lambda: setattr(band.state, "sos", True))
        self._later(at + 30, lambda: setattr(band.state, "sos", False))
        self._truth.write(band.who.terminal_id, "sos", now + at, now + at + 30)

    def _battery(self, band: Wristband, _plan: dict[str, Any], now: float, chance: random.Random) -> None:
        band.state.battery_pct = 15.4 + chance.random() * 0.4
        band.state.drain_per_hour = 60
        self._later(600, lambda: setattr(band.state, "drain_per_hour", -200))
        self._later(2_000, lambda: setattr(band.state, "drain_per_hour", 1.2))
        self._truth.write(band.who.terminal_id, "battery", now, now + 600)

    def _silent(self, band: Wristband, _plan: dict[str, Any], now: float, chance: random.Random) -> None:
        at, lasts = chance.uniform(20, 40), 1_500.0
        band.state.dead = True
        self._later(at, lambda: setattr(band.state, "unreachable_until", now + at + lasts))
        self._truth.write(band.who.terminal_id, "silent", now + at, now + at + lasts)

    def _outage(self, band: Wristband, _plan: dict[str, Any], now: float, _chance: random.Random) -> None:
        at, lasts = 60.0, 1_200.0
        self._later(at, lambda: setattr(band.state, "unreachable_until", now + at + lasts))
        self._truth.write(band.who.terminal_id, "outage", now + at, now + at + lasts)


def _point(pair: list[float]) -> Point:
    return float(pair[0]), float(pair[1])
