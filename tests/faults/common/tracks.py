"""Scripted lives with seeded breaches: where a device is at each second, and what must become of it.

Pure, and the same for the same numbers. A life is a round: at home (now and then the strap is opened there),
out beyond the line or into a prohibited place, there for five minutes, and back. Speeds are a car's. Times
are Unix seconds of the device's own clock; WGS-84 degrees.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
METRES_PER_DEGREE = 111_195.0
HOME_S, OUT_S, SPEED_MS = 480, 300, 25.0
STRAP_FROM_S, STRAP_TO_S = 120, 240
SETTLED_S = 240  # at home so long, whatever was begun outside has ended for the engine
NOISE_M = 4.0


@dataclass(frozen=True)
class Breach:
    """What was seeded: exactly one alarm of this kind must begin between the two instants."""

    device: int
    kind: str  # boundary_left | place_entered | strap
    from_s: int
    to_s: int


@dataclass(frozen=True)
class Place:
    """Where a device is, how fast, and what its strap says."""

    lon: float
    lat: float
    speed_kmh: float
    strap_open: bool


class Life:
    """One device's rounds from `start_s` on; `offset_s` shifts it into its first round."""

    def __init__(self, device: int, places: tuple[Point, Point, Point], start_s: int, offset_s: int) -> None:
        """Take the home, a place beyond the line and the prohibited place."""
        self.device, self.start_s = device, start_s
        self.home, beyond, banned = places
        self._goals = {"boundary_left": beyond, "place_entered": banned}
        self._begin_s = start_s - offset_s

    def rounds(self) -> Iterator[tuple[int, str, int, bool]]:
        """Yield (begin, kind, seconds of the way out, strap is opened), one after the other, without end."""
        at, k = self._begin_s, 0
        while True:
            kind = "boundary_left" if (k + self.device) % 2 == 0 else "place_entered"
            way_s = math.ceil(metres(self.home, self._goals[kind]) / SPEED_MS)
            yield at, kind, way_s, (k + self.device) % 3 == 0
            at += HOME_S + OUT_S + 2 * way_s
            k += 1

    def _round_of(self, second: int) -> tuple[int, str, int, bool]:
        for found in self.rounds():
            if second < found[0] + HOME_S + OUT_S + 2 * found[2]:
                return found
        raise AssertionError

    def at(self, second: int, chance: random.Random) -> Place:
        """Return where the device is at this second, with a few metres of noise."""
        begin, kind, way_s, opens = self._round_of(second)
        into = second - begin
        goal = self._goals[kind]
        if into < HOME_S:
            share = 0.0
        elif into < HOME_S + way_s:
            share = (into - HOME_S) / way_s
        elif into < HOME_S + way_s + OUT_S:
            share = 1.0
        else:
            share = 1.0 - (into - HOME_S - way_s - OUT_S) / way_s
        lon = self.home[0] + (goal[0] - self.home[0]) * share
        lat = self.home[1] + (goal[1] - self.home[1]) * share
        lon, lat = shifted((lon, lat), chance.gauss(0, NOISE_M), chance.gauss(0, NOISE_M))
        moving = 0.0 < share < 1.0
        strap = opens and STRAP_FROM_S <= into < STRAP_TO_S
        return Place(lon, lat, SPEED_MS * 3.6 if moving else 0.0, strap)

    def is_settled(self, second: int) -> bool:
        """Whether nothing is going on: at home for a while after coming back, or not gone yet."""
        begin, _, _, opens = self._round_of(second)
        into = second - begin
        quiet_from = STRAP_TO_S + SETTLED_S // 2 if opens else SETTLED_S
        return quiet_from <= into < HOME_S

    def breaches(self, until_s: int) -> list[Breach]:
        """Return what was seeded from the start to `until_s` (a moment at which the life is settled)."""
        found = []
        for begin, kind, way_s, opens in self.rounds():
            if begin >= until_s:
                return found
            strap = (begin + STRAP_FROM_S, begin + STRAP_TO_S)
            if opens and strap[1] > self.start_s and strap[0] < until_s:
                found.append(Breach(self.device, "strap", *strap))
            leaves, comes = begin + HOME_S, begin + HOME_S + 2 * way_s + OUT_S
            if leaves < until_s and comes > self.start_s:
                found.append(Breach(self.device, kind, leaves, comes))
        raise AssertionError


def life_of(device: int, told: dict[str, Any], start_s: int, seed: int) -> Life:
    """Return the life of a device of the plan: it leaves for its first breach soon after `start_s`."""
    offset_s = random.Random(f"{seed}/{device}").randrange(300, 460)
    home, beyond, banned = (tuple(told[name]) for name in ("home", "beyond", "banned"))
    return Life(device, (home, beyond, banned), start_s, offset_s)


def shifted(point: Point, east_m: float, north_m: float) -> Point:
    """Return the point so many metres east and north."""
    lon = point[0] + east_m / (METRES_PER_DEGREE * math.cos(math.radians(point[1])))
    return lon, point[1] + north_m / METRES_PER_DEGREE


def metres(a: Point, b: Point) -> float:
    """Return the distance between two points, good to 1 % within a city."""
    x = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(x, b[1] - a[1]) * METRES_PER_DEGREE
