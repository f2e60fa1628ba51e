"""How a bench says what it found: rows, and one JSON line. Form and fields: README.md beside this."""

import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self


def command() -> str:
    """Return how this bench was called, in words that work in any clone."""
    return " ".join(["python", f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median and, in brackets, least and most of the rounds."""
    middle, least, most = (
        round(value, digits) if digits > 0 else int(round(value, digits))
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle:,} [{least:,} … {most:,}]"


def row(
    what: str,
    figure: float | str | None,
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
    detail: str = "",
) -> dict[str, Any]:
    """Return one row. The goal is `least` or `most`, both inclusive; with neither it is only reported."""
    figure = getattr(figure, "item", lambda: figure)()  # of numpy
    bounds = [("≥", least), ("≤", most)]
    goal = " ".join(f"{sign} {bound:,}" for sign, bound in bounds if bound is not None)
    met = None
    if goal:
        met = isinstance(figure, int | float)
        met = met and (least is None or figure >= least) and (most is None or figure <= most)
    return {
        "what": what, "figure": figure, "unit": unit, "goal": goal or None, "met": met, "detail": detail,
        "command": command(),
    }  # fmt: skip


def say(bench: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print the JSON line of this bench."""
    print(json.dumps({"bench": bench, "rows": list(rows)}, ensure_ascii=False), flush=True)


def backend_cpu_s(pid: int) -> float:
    """Return the processor seconds (user and system) that a process of this machine has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Clock:
    """Wall and processor seconds of a stretch of work, of this process and of `pids`; use with `with`."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self.wall_s = self.cpu_s = 0.0

    def _cpu(self) -> float:
        return time.process_time() + sum(backend_cpu_s(pid) for pid in self._pids)

    def __enter__(self) -> Self:
        self._wall, self._begun = time.perf_counter(), self._cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.perf_counter() - self._wall
        self.cpu_s = max(1e-9, self._cpu() - self._begun)
