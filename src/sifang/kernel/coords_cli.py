"""`sifang coords SRC DST`: lines `lon lat` in, lines `lon lat` with seven decimals out."""

import math
from collections.abc import Sequence
from typing import TextIO

from sifang.kernel.coords import SYSTEMS, converted

USAGE = (
    f"usage: sifang coords SRC DST   (each one of {', '.join(SYSTEMS)}; lines `lon lat` on standard input)\n"
)


def main(argv: Sequence[str], stdin: TextIO, stdout: TextIO) -> int:
    """Convert each line; empty lines are skipped, a bad line answers `error: …` in its place.

    Returns 0, or 1 when a line was bad, or 2 when the arguments are wrong.
    """
    systems = [word.lower() for word in argv]
    if len(systems) != 2 or any(word not in SYSTEMS for word in systems):  # noqa: PLR2004 (SRC and DST)
        stdout.write(USAGE)
        return 2
    bad = 0
    for number, line in enumerate(stdin, start=1):
        if not line.strip():
            continue
        answer = _line(systems[0], systems[1], line)
        if answer is None:
            bad = 1
            answer = f"error: line {number}: two numbers wanted, longitude -180…180 and latitude -90…90"
        stdout.write(answer + "\n")
    return bad


def _line(source: str, target: str, line: str) -> str | None:
    """The converted line, or None when it is not a place."""
    words = line.replace(",", " ").split()
    try:
        lon, lat = (float(word) for word in words)
    except ValueError:
        return None
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180.0 and abs(lat) <= 90.0):  # noqa: PLR2004 (degrees)
        return None
    # adding 0.0 turns -0.0 into 0.0
    return " ".join(f"{round(value, 7) + 0.0:.7f}" for value in converted(source, target, lon, lat))
