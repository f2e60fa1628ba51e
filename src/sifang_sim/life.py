"""Where a simulated person truly is at each second: home, work, ways between, walks; and seeded breaches.

All movement of ordinary life stays `MARGIN_M` inside the person's own area, so that each breach in the
truth file was seeded on purpose. Times are Unix seconds; days and hours are those of Shanghai (GMT+8).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from sifang_sim.net import Net, Point, between, closed, inside, metres, offset

MARGIN_M = 1_500.0
DAY_S, HOUR_S, CHINA_S = 86_400, 3_600, 8 * 3_600
WALK, DRIVE = 1.3, 10.0  # m/s


class Area:
    """The rings of an area that persons may not leave; remembers which squares of 100 m lie well inside."""

    def __init__(self, rings: Sequence[Sequence[Sequence[float]]]) -> None:
        self._rings = closed(rings)
        self._known: dict[tuple[int, int], bool] = {}

    def holds(self, point: Point) -> bool:
        """Whether the point lies inside, at least `MARGIN_M` from the line in each main direction."""
        square = round(point[0] * 1000), round(point[1] * 1000)
        if square not in self._known:
            centre = square[0] / 1000, square[1] / 1000
            around = ((0, 0), (MARGIN_M, 0), (-MARGIN_M, 0), (0, MARGIN_M), (0, -MARGIN_M))
            self._known[square] = all(inside(offset(centre, *step), self._rings) for step in around)
        return self._known[square]


@dataclass(frozen=True)
class Places:
    """The places of one person; `area` are the rings of the area the person may not leave."""

    home: Point
    work: Point
    area: "Area | None" = None
    shunned: Sequence[tuple[Point, float]] = ()  # prohibited places: centre, radius in metres
    curfew: bool = False

    def allows(self, point: Point) -> bool:
        """Whether ordinary life may pass here: well inside the area, well away from prohibited places."""
        if any(metres(point, centre) < radius + 300 for centre, radius in self.shunned):
            return False
        return self.area is None or self.area.holds(point)


@dataclass(frozen=True)
class Leg:
    """Part of a life between two instants: along `path` at even speed; one point = staying."""

    from_s: float
    to_s: float
    path: tuple[Point, ...]

    @cached_property
    def lengths(self) -> list[float]:
        """Metres of each piece of the path."""
        return [metres(a, b) for a, b in pairwise(self.path)]

    def at(self, second: float) -> tuple[Point, float, int]:
        """Return place, speed in km/h and course in degrees."""
        if len(self.path) == 1:
            return self.path[0], 0.0, 0
        total = sum(self.lengths) or 1.0
        gone = total * min(max((second - self.from_s) / (self.to_s - self.from_s), 0.0), 1.0)
        speed = total / (self.to_s - self.from_s) * 3.6
        for (a, b), length in zip(pairwise(self.path), self.lengths, strict=True):
            if gone <= length and length > 0:
                course = math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360
                return between(a, b, gone / length), speed, int(course)
            gone -= length
        return self.path[-1], speed, 0


class Life:
    """One person's movement, made as time goes on. Ask with growing seconds."""

    def __init__(self, places: Places, net: Net, chance: random.Random, start_s: float) -> None:
        self._places, self._net, self._chance = places, net, chance
        self._roams = chance.random() < 0.4
        self._here = self._due_place(start_s)
        self._haunts = self._find_haunts()
        self._leg = Leg(start_s - 1, start_s + chance.uniform(0, 120), (self._here,))
        self._planned: list[Leg] = []

    def at(self, second: float) -> tuple[Point, float, int]:
        """Return place, speed in km/h and course in degrees at this second."""
        while second >= self._leg.to_s:
            self._leg = self._planned.pop(0) if self._planned else self._next(self._leg.to_s)
            self._here = self._leg.path[-1]
        return self._leg.at(second)

    def trip(self, start_s: float, *legs: Leg) -> None:
        """Cut ordinary life at `start_s` and do these legs instead (a seeded breach)."""
        self._leg = Leg(min(self._leg.from_s, start_s - 1), start_s, (self.at(start_s)[0],))
        self._planned = list(legs)

    def _find_haunts(self) -> list[Point]:
        near = self._net.near(self._places.home, 9_000)
        self._chance.shuffle(near)
        return [p for p in near[:60] if self._places.allows(p)][:8]

    def _due_place(self, second: float) -> Point:
        """Where the person's week says they should be: work on weekdays 8:30 to 17:30, home otherwise."""
        local = second + CHINA_S
        hour, weekday = (local % DAY_S) / HOUR_S, int(local // DAY_S + 3) % 7
        return self._places.work if weekday < 5 and 8.5 <= hour < 17.5 else self._places.home

    def _must_be_home(self, second: float) -> bool:
        hour = ((second + CHINA_S) % DAY_S) / HOUR_S
        return self._places.curfew and (hour >= 20.5 or hour < 6.25)

    def _next(self, now: float) -> Leg:
        if self._must_be_home(now):
            goal, roams = self._places.home, False
        else:
            goal, roams = self._due_place(now), self._roams and bool(self._haunts)
        if roams and self._chance.random() < 0.7:
            return self._travel(now, self._chance.choice([*self._haunts, goal]))
        if not roams and metres(self._here, goal) > 400:
            return self._travel(now, goal)
        if not roams and not self._places.curfew and self._chance.random() < 0.35:
            return self._walk(now, goal)
        rest = self._chance.uniform(60, 420) if roams else self._chance.uniform(300, 1_200)
        return Leg(now, now + rest, (self._here,))

    def _walk(self, now: float, around: Point) -> Leg:
        """A few steps in the neighbourhood."""
        far, turn = self._chance.uniform(50, 250), self._chance.uniform(0, math.tau)
        goal = offset(around, far * math.cos(turn), far * math.sin(turn))
        if not self._places.allows(goal):
            goal = around
        return Leg(now, now + metres(self._here, goal) / WALK + 60, (self._here, goal))

    def _travel(self, now: float, goal: Point) -> Leg:
        path = self._net.way(self._here, goal)
        length = sum(metres(a, b) for a, b in pairwise(path))
        samples = [between(a, b, k / 6) for a, b in pairwise(path) for k in range(6)]
        lawful = all(self._places.allows(p) for p in samples if metres(p, self._here) > 200)
        if not lawful and goal != self._places.home:
            return Leg(now, now + 600, (self._here,))
        return Leg(now, now + length / (DRIVE if length > 1_200 else WALK) + 1, tuple(path))


def crossing(
    here: Point, line_at: Point, cross_s: float, speed: float = 12.0
) -> tuple[float, tuple[Leg, ...]]:
    """Legs that pass `line_at` at `cross_s`, go 1.8 km beyond, stay 15 minutes and come back.

    Return the second at which the trip starts, and the legs.
    """
    far = metres(here, line_at) or 1.0
    beyond = between(here, line_at, 1 + 1_800 / far)
    approach = between(here, line_at, max(0.0, 1 - 6_000 / far))
    start = cross_s - metres(approach, line_at) / speed
    turn = cross_s + metres(line_at, beyond) / speed
    back = turn + 900 + metres(beyond, here) / 20
    return start, (
        Leg(start, turn, (approach, line_at, beyond)),
        Leg(turn, turn + 900, (beyond,)),
        Leg(turn + 900, back, (beyond, line_at, here)),
    )


def visit(here: Point, place: Point, arrive_s: float, stay_s: float = 600) -> tuple[float, tuple[Leg, ...]]:
    """Legs that stand in `place` from `arrive_s` on and come back. Return start and legs."""
    start = arrive_s - 90
    nearby = between(here, place, max(0.0, 1 - 900 / (metres(here, place) or 1.0)))
    back = arrive_s + stay_s + metres(here, place) / DRIVE + 60
    return start, (
        Leg(start, arrive_s, (nearby, place)),
        Leg(arrive_s, arrive_s + stay_s, (place,)),
        Leg(arrive_s + stay_s, back, (place, here)),
    )
