"""Whether the watch's own clock may be believed, and what devices say about it.

The clock runs steadily through a jump of the machine's (`kernel.clock`). It is in doubt from a jump until the
machine's clock has come back or devices have shown that it is the right one, and after the start until as
many devices agree with it. In doubt a fix that is ahead of us is not answered: it may be we who are wrong,
and what is not answered the device keeps. Nothing is collected while the clock is believed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sifang.kernel.clock import AGREES_S, FEWEST, SteadyClock

Fixes = NDArray[np.void]
HEARD_S = 60.0  # so long what a device told counts
NAME = "clock"  # of the incident


class ClockWatch:
    """Belongs to the worker thread; the clock itself may be shared."""

    def __init__(self, clock: SteadyClock) -> None:
        self.clock = clock
        self._told: dict[int, tuple[int, float]] = {}  # device → newest taken_s, steady time of hearing it
        self._is_proved = False

    @property
    def is_doubtful(self) -> bool:
        """Whether a fix that is ahead of us may be right."""
        return not self._is_proved or self.clock.is_disputed

    def heard(self, fixes: Fixes) -> None:
        """Take what these fixes (FIX) say of the time, as long as somebody has to decide."""
        if not self.is_doubtful:
            return
        now = self.clock()
        known = fixes[fixes["device"] >= 0]
        order = np.argsort(known["taken_s"], kind="stable")
        for device, taken in zip(
            known["device"][order].tolist(), known["taken_s"][order].tolist(), strict=True
        ):
            before = self._told.get(device)
            if before is None or now - before[1] > HEARD_S or taken >= before[0]:
                self._told[device] = (taken, now)

    def judge(self, known: int) -> str | None:
        """Let the devices decide; return what a person must be told of our clock, None when it is right.

        `known`: how many devices are worn under a live measure. Call it about once a second.
        """
        now = self.clock()
        told = {d: taken + now - at for d, (taken, at) in self._told.items() if 0 <= now - at <= HEARD_S}
        if self.clock.is_disputed:
            if not self.clock.witness(told, known):
                return _jumped(self.clock.jump_s)
            self._is_proved = True
        if self._is_proved:
            self._told.clear()
            return None
        enough = len(told) >= max(1, min(FEWEST, known))
        self._is_proved = enough and 2 * sum(abs(one - now) <= AGREES_S for one in told.values()) > len(told)
        ahead = sum(one - now > AGREES_S for one in told.values())
        if enough and 2 * ahead > len(told):
            return "多数装置报告的时间比本机时钟早到：本机时钟可能慢了，超前的定位暂不应答，请核对校时"
        return None


def _jumped(jump_s: float) -> str:
    way = "向前" if jump_s > 0 else "向后"
    return f"本机时钟{way}跳变约 {_words(abs(jump_s))}，本系统按跳变前的时钟继续计时，请核对校时"


def _words(seconds: float) -> str:
    for size, unit in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} 秒"


def can_watch(clock: Any) -> ClockWatch | None:
    """Return the watch of this clock, None for one that cannot be in doubt (a test's)."""
    return ClockWatch(clock) if isinstance(clock, SteadyClock) else None
