"""What time it is for the jobs: no measure ends early or late because the machine's clock was set.

The watch hears many devices and so knows best whether a clock has jumped; it writes its time beside the boot
clock's, which cannot be set. While it has done so lately its clock is ours, else our own steady one.
"""

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sifang.kernel.clock import SteadyClock
from sifang.ops.guardian import read_json

LATELY_S = 60.0
_own = SteadyClock()


def steady_now() -> datetime:
    """Return the present, aware UTC."""
    told = of_the_watch(read_json(_status()), time.clock_gettime(time.CLOCK_BOOTTIME))
    return datetime.fromtimestamp(_own() if told is None else told, UTC)


def of_the_watch(status: dict[str, Any], run_s: float) -> float | None:
    """Return the present by the watch's clock, Unix seconds; None when it said nothing in the last minute."""
    told = status.get("clock")
    if not isinstance(told, dict) or not 0 <= run_s - float(told.get("run_s", 0.0)) <= LATELY_S:
        return None
    return float(told["now_s"]) + run_s - float(told["run_s"])


@cache
def _status() -> Path:
    from sifang.ops import settings

    return settings.read().data / "run" / "watch.json"
