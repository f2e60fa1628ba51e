"""What the ticks have done, for the operator: counts, times, and how old the oldest unanswered byte is.

Kept on the event loop by the Ticker; a few additions a tick, nothing a fix. No device, no person.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from sifang.monitoring.intake.stages import cpu_by_stage

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RECENT = 1000  # ticks behind the percentiles of `sifang status`


class Histogram:
    """Observed seconds in fixed buckets, in the way Prometheus wants them (upper bounds inclusive)."""

    def __init__(self, bounds: Sequence[float] = BOUNDS_S) -> None:
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self._sum = 0.0

    def add(self, seconds: float, n: int = 1) -> None:
        """Note that `n` things took `seconds` each."""
        self._counts[bisect_left(self.bounds, seconds)] += n
        self._sum += seconds * n

    def report(self) -> dict[str, Any]:
        """Return bounds, counts per bucket (the last one is above every bound) and the sum."""
        return {"bounds": self.bounds, "counts": list(self._counts), "sum": round(self._sum, 6)}


class TickFigures:
    """Told by the Ticker of each submission and of the end of each tick, in the same order.

    What a gateway holds back until the tick counts from the arrival of its first bytes. `lost`: ticks of
    which nothing was stored; `retried`: ticks tried once more because there was no database.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._open: deque[tuple[float, int]] = deque()  # submissions without an answer: when, how many
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._recent_lag: deque[float] = deque(maxlen=RECENT)
        self._arrived_at: float | None = None
        self.ticks = self.lost = self.retried = 0
        self.received = self.answered = self.turned_away = 0
        self.tick_s, self.lag_s = Histogram(), Histogram()

    def arrived(self) -> None:
        """The first bytes that gateways hold back until the tick have come."""
        self._arrived_at = self._clock()

    def gathered(self) -> None:
        """Gateways have handed over all that they held back."""
        self._arrived_at = None

    def took(self, fixes: int) -> None:
        """A submission waits for a tick."""
        self.received += fixes
        self._open.append((self._clock() if self._arrived_at is None else self._arrived_at, fixes))

    def judged(self, seconds: float) -> None:
        """A tick was judged and committed in so many seconds of the worker."""
        self.ticks += 1
        self.tick_s.add(seconds)
        self._recent.append(seconds)

    def answers(self, submissions: int, *, stored: bool) -> None:
        """The oldest `submissions` are answered (or given back unanswered: not stored)."""
        now = self._clock()
        for _ in range(min(submissions, len(self._open))):
            since, fixes = self._open.popleft()
            if stored:
                self.answered += fixes
                self.lag_s.add(now - since, fixes)
                self._recent_lag.append(now - since)
        self.lost += not stored

    @property
    def waiting(self) -> int:
        """Fixes taken from devices whose fate is not known yet."""
        return sum(fixes for _, fixes in self._open)

    @property
    def oldest_unacknowledged_s(self) -> float:
        """Age of the oldest bytes without an answer, 0 when none wait."""
        since = self._open[0][0] if self._open else self._arrived_at
        return 0.0 if since is None else self._clock() - since

    def report(self) -> dict[str, Any]:
        """Return everything for the status file."""
        return {
            "received": self.received,
            "answered": self.answered,
            "turned_away": self.turned_away,
            "waiting": self.waiting,
            "oldest_unacknowledged_s": round(self.oldest_unacknowledged_s, 3),
            "ticks": self.ticks,
            "ticks_lost": self.lost,
            "ticks_retried": self.retried,
            "tick_ms": percentiles(self._recent),
            "lag_ms": percentiles(self._recent_lag),
            "tick_seconds": self.tick_s.report(),
            "lag_seconds": self.lag_s.report(),
            "cpu_by_stage": cpu_by_stage(),
        }


def percentiles(seconds: Sequence[float] | deque[float]) -> dict[str, float]:
    """Return median and 99th percentile in milliseconds; empty when there is nothing."""
    if not seconds:
        return {}
    inorder = sorted(seconds)
    return {
        name: round(1000 * inorder[min(int(len(inorder) * part), len(inorder) - 1)], 2)
        for name, part in (("p50", 0.5), ("p99", 0.99))
    }
