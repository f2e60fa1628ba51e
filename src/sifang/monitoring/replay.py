"""A person's history run again with the late fixes in their place, and its episodes compared.

Pure but for the engine; no clock, no database. What is the same episode: same kind and fence, and the two
times touch within `TOUCH_S`. Late evidence may move the beginning or the end of an episode, join two or
part one; only where nothing touches is something new, or no longer there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import (
    BEGIN,
    BOUNDARY,
    KIND_NAMES,
    PLACE,
    SOS,
    STRAP,
    TIMETABLE,
    FenceSpec,
    MeasureSpec,
)
from sifang.monitoring.intake.columns import F_LATE, F_LOCATED

TOUCH_S = 120  # two episodes nearer than the shortest breach (DESIGN § 9) are one question
HOUR_S = 3600
# what a late fix can prove: evidence about a line, and what the device itself reported
KINDS = {
    BOUNDARY: "boundary_left",
    PLACE: "place_entered",
    TIMETABLE: "off_timetable",
    STRAP: "strap",
    SOS: "sos",
}
SIGNALS = {KIND_NAMES[code]: alarm for code, alarm in KINDS.items()}  # name of the signal → of the alarm
_OF_DEVICE = {STRAP: "strap", SOS: "sos"}

Fixes = NDArray[np.void]
State = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Episode:
    """One situation: `fence` -1 for the device's own; `to_s` None while it is on; `decided_s`: the fix
    that made it known (the beginning itself where that is not known).
    """

    kind: str
    fence: int
    from_s: int
    to_s: int | None
    decided_s: int
    probability: float | None = None

    def touches(self, other: "Episode") -> bool:
        """Whether both are about the same: see the module's words."""
        if (self.kind, self.fence) != (other.kind, other.fence):
            return False
        after = other.to_s is not None and self.from_s > other.to_s + TOUCH_S
        before = self.to_s is not None and other.from_s > self.to_s + TOUCH_S
        return not after and not before


def met(episode: Episode, others: Iterable[Episode]) -> bool:
    """Whether one of the others touches this episode."""
    return any(episode.touches(other) for other in others)


class Raised(NamedTuple):
    """An alarm on the record: its episode, whether it was withdrawn before, whether late fixes raised it."""

    episode: Episode
    is_withdrawn: bool = False
    is_past: bool = False


@dataclass(frozen=True)
class Findings:
    """What a replay says against the record. `asked`: episodes nobody knew; `lost`, `again`: places in the
    alarms given whose ground is gone, or is there again; `undecided`: something is still on, judge again.
    """

    asked: list[Episode]
    lost: list[int]
    again: list[int]
    undecided: bool


def compared(
    recorded: Sequence[Episode],
    alarms: Sequence[Raised],
    before: Sequence[Episode],
    after: Sequence[Episode],
    *,
    patient: bool,
) -> Findings:
    """Compare the episodes with the late fixes (`after`) with the record and with those without (`before`).

    `recorded`: every episode that was told, by signal or alarm. A live alarm is lost only if the history
    without these late fixes had it: it must be they that took its ground away. One about the past rests on
    late fixes alone. While a difference concerns an episode that is still on, a
    `patient` comparison leaves it open: the next live fixes begin or end it, too.
    """
    asked: list[Episode] = []
    lost, again, undecided = [], [], False
    for episode in after:
        if met(episode, [*recorded, *asked]):
            continue
        if patient and episode.to_s is None:
            undecided = True
        else:
            asked.append(episode)
    for at, alarm in enumerate(alarms):
        stands = met(alarm.episode, after)
        ground = [one for one in before if one.touches(alarm.episode)]
        if stands and alarm.is_withdrawn:
            again.append(at)
        if stands or alarm.is_withdrawn or not (ground or alarm.is_past):
            continue
        if patient and any(one.to_s is None for one in ground):
            undecided = True
        else:
            lost.append(at)
    return Findings(asked, lost, again, undecided)


def in_order(fixes: Fixes) -> Fixes:
    """Return a copy by the time taken, as if nothing had been late; of one second the live fix first."""
    late = fixes["flags"] & F_LATE
    found = fixes[np.lexsort((fixes["received_s"], late, fixes["taken_s"]))].copy()
    found["flags"] &= ~np.uint32(F_LATE)
    return found


@dataclass(frozen=True)
class Run:
    """What a replay gave: its episodes, and the state at each hour it passed and at its end."""

    episodes: list[Episode]
    states: list[dict[str, NDArray[Any]]]


class Scratch:
    """An engine of its own for replays; keeps compiled lines from one person to the next."""

    def __init__(self) -> None:
        self._engine = Engine(keep_outlines=True)
        self._number = -1
        self._clean: State = {}
        self._kinds: dict[int, int] = {}

    def load(self, measure: MeasureSpec, fences: Sequence[FenceSpec]) -> None:
        """Take this measure with its fences; nothing is known of it yet."""
        self._engine.load([], [])
        self._engine.load([measure], fences)
        self._number = measure.number
        self._clean = self.fresh()
        self._kinds = {fence.number: fence.signal_kind for fence in fences}

    def run(self, start: State, fixes: Fixes) -> Run:
        """Step through `fixes` (in order) from `start`."""
        self._begin(start)
        signals, states = [], []
        hours = fixes["taken_s"] // HOUR_S
        cuts = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist(), len(fixes)]
        for first, last in pairwise(cuts):
            signals.append(self._engine.step(fixes[first:last].copy()))
            states.append(self._engine.save([self._number]))
        return Run(self._episodes(start, signals), states)

    def fresh(self) -> dict[str, NDArray[Any]]:
        """Return the state in which nothing was seen; to be called right after `load`."""
        return self._engine.save([self._number])

    def evidence(self, start: State, fixes: Fixes, fence: int, until_s: int) -> list[dict[str, Any]]:
        """Return the last evaluations of a fence at the fix taken at `until_s`, or the last before."""
        self._begin(start)
        self._engine.step(fixes[fixes["taken_s"] <= until_s].copy())
        return self._engine.evidence(fence)

    def _begin(self, start: State) -> None:
        self._engine.put_back(self._clean)  # a fence that the start does not know begins clean
        self._engine.put_back(start)

    def _episodes(self, start: State, signals: Sequence[NDArray[np.void]]) -> list[Episode]:
        running = {(one.kind, one.fence): one for one in self._on(start)}
        found: list[Episode] = []
        for signal in np.concatenate(signals) if signals else ():
            kind = KINDS.get(int(signal["kind"]))
            if kind is None:
                continue
            key, at = (kind, int(signal["fence"])), int(signal["at_s"])
            if int(signal["phase"]) == BEGIN:
                given = float(signal["probability"])
                probability = round(given, 4) if np.isfinite(given) else None
                running[key] = Episode(*key, int(signal["episode"]), None, at, probability)
            elif key in running:
                begun = running.pop(key)
                found.append(Episode(*key, begun.from_s, at, begun.decided_s, begun.probability))
        return sorted([*found, *running.values()], key=lambda one: (one.from_s, one.kind, one.fence))

    def _on(self, state: State) -> list[Episode]:
        """The episodes that were on already."""
        found = []
        for number, row in zip(state["fence_numbers"].tolist(), state["fences"], strict=True):
            kind, since = KINDS.get(self._kinds.get(number, 0)), int(row["episode"])
            if kind is not None and since >= 0:
                found.append(Episode(kind, number, since, None, since, round(float(row["probability"]), 4)))
        for row in state["measures"]:
            for code, name in _OF_DEVICE.items():
                if int(row[name]) >= 0:
                    found.append(Episode(KINDS[code], -1, int(row[name]), None, int(row[name])))
        return found


def explained(fixes: Fixes, late: NDArray[np.bool_], from_s: int, to_s: int) -> dict[str, int] | None:
    """Return what late positions say about a silence, or None when none was taken in it.

    Counts and seconds only; `gap_s`: the longest stretch of it that still has no position.
    """
    inside = (fixes["taken_s"] > from_s) & (fixes["taken_s"] <= to_s) & ((fixes["flags"] & F_LOCATED) > 0)
    came = fixes["taken_s"][inside & late]
    if not len(came):
        return None
    known = np.concatenate([[from_s], np.sort(fixes["taken_s"][inside]), [to_s]])
    return {
        "fixes": len(came),
        "first_s": int(came.min()),
        "last_s": int(came.max()),
        "gap_s": int(np.diff(known).max()),
    }
