"""`sifang fence FENCE.geojson TRACK.csv --json`: what the engine says about a recorded track.

The track is put in order of time; the first row of each second counts, further ones are duplicates. Each
fence answers its intervals (`state` is relative to the polygon, for keep_out too; an interval ends where the
next begins, the last at the last fix) and its alarms with the rows that made them. `--fixes` adds the
evaluation of each fix. Exit code 0, or 2 with one line of error.
"""

import json
import sys
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from sifang.kernel.errors import SifangError
from sifang.monitoring.engine.constants import EVIDENCE_KEPT
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import BEGIN, MeasureSpec
from sifang.monitoring.engine.track_files import NamedFence, Row, read_fences, read_track
from sifang.monitoring.intake.columns import (
    F_LOCATED,
    FIX,
    NO_BATTERY,
    SOURCE_GNSS,
    VERDICT_INSIDE,
    VERDICT_OUTSIDE,
)

USAGE = "usage: sifang fence FENCE.geojson TRACK.csv [--json] [--fixes]"
FOREVER = 1 << 40


def main(argv: Sequence[str], stdout: TextIO = sys.stdout, stderr: TextIO = sys.stderr) -> int:
    """Answer about one track; 0, or 2 when a file or word is wrong."""
    words = [word for word in argv if not word.startswith("--")]
    options = {word for word in argv if word.startswith("--")}
    if len(words) != 2 or options - {"--json", "--fixes"}:
        stderr.write(USAGE + "\n")
        return 2
    try:
        answer = evaluated(
            read_fences(Path(words[0])), read_track(Path(words[1])), fixes="--fixes" in options
        )
    except SifangError as error:
        stderr.write(f"error: {' '.join(str(error).split())}\n")  # a quoted header may hold line ends
        return 2
    if "--json" in options:
        stdout.write(json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        stdout.write(_in_words(answer))
    return 0


def evaluated(fences: list[NamedFence], rows: list[Row], *, fixes: bool = False) -> dict[str, Any]:
    """Run the engine over the rows and return the answer as plain data. Raises BadFence."""
    engine = Engine()
    engine.load([MeasureSpec(1, 0, FOREVER)], [fence.spec for fence in fences])
    used = _in_order(rows)
    array = _array(used)
    signals, evaluations = [], {fence.spec.number: list[dict[str, Any]]() for fence in fences}
    for start in range(0, len(used), EVIDENCE_KEPT):
        part = array[start : start + EVIDENCE_KEPT]
        signals.append(engine.step(part))
        for number, kept in evaluations.items():
            kept.extend(engine.evidence(number)[-len(part) :])
    said = np.concatenate(signals) if signals else engine.step(array)
    return {
        "fixes": len({(row.t, row.lon, row.lat, row.accuracy_m) for row in _plain(rows)}),
        "fences": [
            _answer(fence, used, evaluations[fence.spec.number], said, fixes=fixes) for fence in fences
        ],
    }


def _plain(rows: list[Row]) -> list[Row]:
    """Rows in which a missing accuracy equals another missing one."""
    return [Row(r.number, r.t, r.lon, r.lat, r.accuracy_m if r.accuracy_m > 0.0 else -1.0) for r in rows]


def _in_order(rows: list[Row]) -> list[Row]:
    """By time, one row a second."""
    by_second: dict[int, Row] = {}
    for row in sorted(rows, key=lambda row: (row.t, row.number)):
        by_second.setdefault(int(row.t), row)
    return list(by_second.values())


def _array(rows: list[Row]) -> Any:
    array = np.zeros(len(rows), FIX)
    array["measure"], array["flags"], array["source"] = 1, F_LOCATED, SOURCE_GNSS
    array["battery_pct"] = NO_BATTERY
    for name in ("lon", "lat", "accuracy_m"):
        array[name] = [getattr(row, name) for row in rows]
    array["taken_s"] = array["received_s"] = [int(row.t) for row in rows]
    return array


def _answer(
    fence: NamedFence, rows: list[Row], evaluations: list[dict[str, Any]], said: Any, *, fixes: bool
) -> dict[str, Any]:
    states = [_state(fence, evaluation["verdict"]) for evaluation in evaluations]
    answer = {
        "id": fence.id,
        "intervals": _intervals(rows, states),
        "alarms": _alarms(rows, said[said["fence"] == fence.spec.number]),
    }
    if fixes:
        answer["fixes"] = [
            {"row": row.number, "t": _time(row.t), "state": state}
            | {name: e[name] for name in ("distance_m", "accuracy_m", "assumed", "boundary_m", "probability")}
            for row, state, e in zip(rows, states, evaluations, strict=True)
        ]
    return answer


def _state(fence: NamedFence, verdict: int) -> str:
    """Relative to the polygon: the lawful side of a keep_out is outside."""
    if verdict == VERDICT_INSIDE:
        return "inside" if fence.keep_in else "outside"
    if verdict == VERDICT_OUTSIDE:
        return "outside" if fence.keep_in else "inside"
    return "unknown"


def _intervals(rows: list[Row], states: list[str]) -> list[dict[str, str]]:
    begins = [i for i, state in enumerate(states) if i == 0 or state != states[i - 1]]
    ends = [*begins[1:], len(rows) - 1]
    return [
        {"from": _time(rows[begin].t), "to": _time(rows[end].t), "state": states[begin]}
        for begin, end in zip(begins, ends, strict=False)
    ]


def _alarms(rows: list[Row], signals: Any) -> list[dict[str, Any]]:
    """`rows` in order of time, one a second."""
    seconds = [int(row.t) for row in rows]
    found: list[dict[str, Any]] = []
    for signal in signals:
        decided = bisect_left(seconds, int(signal["at_s"]))
        if signal["phase"] == BEGIN:
            first = bisect_left(seconds, int(signal["episode"]))
            found.append(
                {
                    "raised_at": _time(rows[decided].t),
                    "cleared_at": None,
                    "probability": round(float(signal["probability"]), 4),
                    "evidence": [row.number for row in rows[first : decided + 1]],
                }
            )
        else:
            found[-1]["cleared_at"] = _time(rows[decided].t)
    return found


def _time(t: float) -> str:
    """ISO 8601 with Z; fractions of a second only where the track has them."""
    whole = round(t, 3) == int(t)
    moment = datetime.fromtimestamp(int(t) if whole else t, UTC)
    return moment.isoformat(timespec="seconds" if whole else "milliseconds").replace("+00:00", "Z")


def _in_words(answer: dict[str, Any]) -> str:
    lines = [f"{answer['fixes']} fixes"]
    for fence in answer["fences"]:
        lines.append(f"fence {fence['id']}: {len(fence['alarms'])} alarm(s)")
        lines += [f"  {one['from']} … {one['to']}  {one['state']}" for one in fence["intervals"]]
        lines += [
            f"  alarm {one['raised_at']} … {one['cleared_at'] or 'open'}  P={one['probability']}"
            f"  rows {one['evidence'][0]}…{one['evidence'][-1]}"
            for one in fence["alarms"]
        ]
    return "\n".join(lines) + "\n"
