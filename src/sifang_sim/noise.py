"""Errors of positions, correlated in time as real receivers' errors are, with gross outliers."""

import math
import random

from sifang_sim.net import Point, offset

RAYLEIGH_68 = 1.5096  # radius that holds 68 % of a round Gaussian, in standard deviations


class Noise:
    """A first-order Gauss-Markov error in east and north, plus rare gross outliers.

    `accuracy_m` is the radius that holds the true place with 68 % probability; `memory_s` the time in
    which the error is forgotten to 1/e; outliers come in short runs (street canyons, reflections).
    """

    def __init__(self, chance: random.Random, accuracy_m: float = 8.0, memory_s: float = 90.0) -> None:
        self._chance = chance
        self._sigma = accuracy_m / RAYLEIGH_68
        self._memory_s = memory_s
        self._east = chance.gauss(0, self._sigma)
        self._north = chance.gauss(0, self._sigma)
        self._last_s: int | None = None
        self._gross_until = -1
        self._gross = (0.0, 0.0)

    def apply(self, true: Point, at_s: int) -> tuple[Point, int]:
        """Return the reported place and the number of satellites at this second."""
        step = 10 if self._last_s is None else max(at_s - self._last_s, 1)
        self._last_s = at_s
        keep = math.exp(-step / self._memory_s)
        fresh = self._sigma * math.sqrt(1 - keep * keep)
        self._east = keep * self._east + self._chance.gauss(0, fresh)
        self._north = keep * self._north + self._chance.gauss(0, fresh)
        if at_s > self._gross_until and self._chance.random() < step / 14_400:  # about six in a day
            turn, far = self._chance.uniform(0, math.tau), self._chance.uniform(60, 400)
            self._gross, self._gross_until = (far * math.cos(turn), far * math.sin(turn)), at_s + 20
        if at_s <= self._gross_until:
            return offset(true, self._east + self._gross[0], self._north + self._gross[1]), 5
        return offset(true, self._east, self._north), self._chance.randint(9, 18)
