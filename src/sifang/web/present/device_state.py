"""What the device itself reported around a technical question: strap, battery, key, place, in order.

Read from the journal for the alarm's page (positions WGS-84, metres, Unix seconds); nothing is judged here.
"""

from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import (
    F_ASSUMED,
    F_LOCATED,
    F_SOS,
    F_STRAP_KNOWN,
    F_STRAP_OPEN,
    NO_BATTERY,
)
from sifang.monitoring.models.alarms import AlarmKind
from sifang.web.templatetags.figures import at, metres

MOST = 14  # lines of the table; the first, the last and every change come before the rest
STEP_PERCENT = 5  # a battery that fell so far is a change
GAP_S = 600
NO_SATELLITES = 255
M_PER_DEGREE = 111_320.0
PLACES = {1: ("inside", "在范围内"), 2: ("outside", "在范围外"), 3: ("unknown", "无法判断")}


@dataclass(frozen=True)
class Report:
    """One report of the device: `strap` 0 unknown, 1 closed, 2 open; `battery` and accuracy may be None."""

    taken_s: int
    strap: int
    battery: int | None
    satellites: int | None
    sos: bool
    look: str
    word: str
    accuracy_m: float | None
    assumed: bool
    after_gap: bool = False


def reports(track: NDArray[np.void]) -> list[Report]:
    """Return every report of the track (FIX), oldest first."""
    found: list[Report] = []
    for fix in np.sort(track, order="taken_s"):
        flags = int(fix["flags"])
        located = bool(flags & F_LOCATED)
        look, word = PLACES.get(int(fix["verdict"]), ("none", "暂不判断"))
        before = found[-1].taken_s if found else int(fix["taken_s"])
        found.append(
            Report(
                taken_s=int(fix["taken_s"]),
                strap=0 if not flags & F_STRAP_KNOWN else 2 if flags & F_STRAP_OPEN else 1,
                battery=None if int(fix["battery_pct"]) == NO_BATTERY else int(fix["battery_pct"]),
                satellites=None if int(fix["satellites"]) == NO_SATELLITES else int(fix["satellites"]),
                sos=bool(flags & F_SOS),
                look=look if located else "old",
                word=word if located else "没有定位",
                accuracy_m=float(fix["accuracy_m"]) if located and fix["accuracy_m"] > 0 else None,
                assumed=bool(flags & F_ASSUMED),
                after_gap=int(fix["taken_s"]) - before > GAP_S,
            )
        )
    return found


def changes(found: list[Report]) -> list[Report]:
    """Return the first, the last and every report that says something new; newest first, at most MOST."""
    kept: list[Report] = []
    for one in found[:-1]:
        if not kept or one.after_gap or _differs(one, kept[-1]):
            kept.append(one)
    kept += found[-1:]
    return list(reversed(kept[-MOST:]))


def _differs(one: Report, last: Report) -> bool:
    if (one.strap, one.sos, one.look) != (last.strap, last.sos, last.look):
        return True
    if one.battery is None or last.battery is None:
        return one.battery != last.battery
    return abs(one.battery - last.battery) >= STEP_PERCENT


def moved_m(track: NDArray[np.void], since_s: int) -> float | None:
    """Return how far, at most, the located fixes from `since_s` on lie from their first; None below two."""
    here = track[((track["flags"] & F_LOCATED) > 0) & (track["taken_s"] >= since_s)]
    if len(here) < 2:  # noqa: PLR2004 (from one place to another)
        return None
    here = np.sort(here, order="taken_s")
    lon0, lat0 = float(here[0]["lon"]), float(here[0]["lat"])
    east = (here["lon"] - lon0) * M_PER_DEGREE * cos(radians(lat0))
    north = (here["lat"] - lat0) * M_PER_DEGREE
    return max(hypot(float(x), float(y)) for x, y in zip(east, north, strict=True))


def telling(kind: str, track: NDArray[np.void], began_s: int, ended_s: int | None) -> str:
    """Return the technical facts in one or two sentences; what is not known is said so."""
    found = reports(track)
    last = found[-1] if found else None
    start = at(began_s, "%H:%M:%S")
    match kind:
        case AlarmKind.STRAP:
            closed = [one.taken_s for one in found if one.taken_s > began_s and one.strap == 1]
            over_s = closed[0] if closed else ended_s
            words = f"装置 {start} 报告腕扣断开，"
            words += f"{over_s - began_s} 秒后报告闭合。" if over_s is not None else "还没有报告闭合。"
            moved = moved_m(track[track["taken_s"] <= (over_s or ended_s or 2**40)], began_s)
            if moved is not None:
                most = max((one.accuracy_m or 0 for one in found), default=0)
                words += f"其间位置相距不超过 {metres(moved)}，定位误差 ±{metres(most)}。"
            return words
        case AlarmKind.SILENT:
            if last is None:
                return f"{start} 起没有新定位，此前 15 分钟也没有收到。"
            words = f"最后一次收到是 {at(last.taken_s, '%H:%M:%S')}"
            words += f"，当时电量 {last.battery}%" if last.battery is not None else "，当时电量未知"
            return words + {1: "，腕扣闭合。", 2: "，腕扣断开。"}.get(last.strap, "，腕扣状态未知。")
        case AlarmKind.SOS:
            return f"本人 {start} 按下求助键。先联系本人，问清需要什么帮助；求助不是违规。"
        case AlarmKind.LOW_BATTERY:
            known = [one.battery for one in found if one.battery is not None]
            words = f"电量从 {known[0]}% 降到 {known[-1]}%。" if known and known[0] > known[-1] else ""
            return words + "电量低时可能中断定位，属技术状态，不是违规。请联系本人充电。"
        case _:
            return ""


def replay(track: NDArray[np.void]) -> dict[str, Any]:
    """Return the located fixes for the small map: [taken_s, lon, lat, accuracy_m, assumed, verdict]."""
    located = np.sort(track[(track["flags"] & F_LOCATED) > 0], order="taken_s")
    return {
        "fixes": [
            [
                int(fix["taken_s"]),
                round(float(fix["lon"]), 6),
                round(float(fix["lat"]), 6),
                round(float(fix["accuracy_m"]), 1),
                int(bool(fix["flags"] & F_ASSUMED)),
                int(fix["verdict"]),
            ]
            for fix in located
        ],
        "gaps": [],
    }
