"""A clock that does not jump: duties, terms and the order of fixes must not follow a clock that was set.

The machine's wall clock may be set by hand, by a broken time source or after a pause. `SteadyClock` runs by
the kernel's boot clock and follows the wall clock only in small steps (as time daemons slew it); a jump is
kept in `jump_s` for whoever tells a person, and is taken over only when `adopt` is called. Where many devices
report their own time, `witness` lets them decide which of the two clocks is right.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

FOLLOWED_S = 2.0  # a difference between two looks that is slewing, not a jump
AGREES_S = 120.0  # a device's clock this near speaks for a clock (admission's own tolerance)
FEWEST = 3  # devices that may decide, unless fewer exist


def _boot_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps


class SteadyClock:
    """Callable: the present in Unix seconds. One per process; threads may share it."""

    def __init__(self, wall: Callable[[], float] = time.time, run: Callable[[], float] = _boot_s) -> None:
        self._wall, self._run = wall, run
        self._anchor = (wall(), run())
        self.jump_s = 0.0

    def __call__(self) -> float:
        """Return the present, Unix seconds."""
        wall, run = self._wall(), self._run()
        steady = self._anchor[0] + run - self._anchor[1]
        if abs(wall - steady) <= FOLLOWED_S:
            self._anchor, self.jump_s = (wall, run), 0.0
            return wall
        self.jump_s = wall - steady
        return steady

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return datetime.fromtimestamp(self(), UTC)

    @property
    def is_disputed(self) -> bool:
        """Whether the wall clock has jumped away from this one and neither has been proved right."""
        self()
        return self.jump_s != 0.0

    def adopt(self) -> None:
        """Take the wall clock as the right one from now on."""
        self._anchor, self.jump_s = (self._wall(), self._run()), 0.0

    def witness(self, told_s: Mapping[int, float], known: int) -> bool:
        """Let devices decide a dispute; return whether the wall clock was adopted.

        `told_s`: the newest time each device told (Unix seconds), heard within the last minute. `known`: how
        many devices there are. The wall clock wins when at least three (or all, where there are fewer) were
        heard, and more than half of them agree with it and not with this clock.
        """
        steady = self()
        if not self.jump_s or len(told_s) < max(1, min(FEWEST, known)):
            return False
        wall = steady + self.jump_s
        for_wall = sum(abs(one - wall) <= AGREES_S < abs(one - steady) for one in told_s.values())
        if 2 * for_wall <= len(told_s):
            return False
        self.adopt()
        return True
