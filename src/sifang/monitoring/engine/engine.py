"""The engine: takes measures and fences, then ticks of fixes, and answers with signals.

All state is in arrays (`state`, `restore`); the same fixes in the same order give the same state, bit for
bit. Thread-safe: one lock around each call, and the kernels run without the interpreter's lock.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sifang.kernel.errors import SifangError
from sifang.monitoring.engine import kernels
from sifang.monitoring.engine.constants import (
    ASSUMED_ACCURACY_M,
    DEFAULT,
    EVIDENCE_KEPT,
    HORIZON_M,
    NODE_Z,
    NODES,
    SERVER_GAP_S,
    Rules,
    rules_record,
)
from sifang.monitoring.engine.layout import EVALUATION, FENCE_STATE, MEASURE_STATE
from sifang.monitoring.engine.specs import BEGIN, SIGNAL, SILENT, FenceSpec, MeasureSpec
from sifang.monitoring.engine.tables import Outlines, Tables
from sifang.monitoring.intake.columns import FIX, NO_BATTERY, rows_at

DEVICE_SIGNALS = 4  # strap, battery, SOS, end of silence: the most one fix can raise besides its fences
STATE_FORM = 2  # raised when the arrays of `state` change their meaning

Array = npt.NDArray[Any]


class StateMismatch(SifangError):
    """引擎快照的版本 {found} 与程序的版本 {wanted} 不符。"""

    code = "state_mismatch"


class NotAFixArray(SifangError):
    """引擎只接受可写的、连续的定位数组。"""

    code = "not_a_fix_array"


class Engine:
    """Evidence, episodes and silence for all persons under measures.

    `capacity` is the room for signals of one kernel call; when it is full the kernel stops before the next
    fix and is called again, so no signal is lost. `keep_outlines`: lines once compiled stay (replays load
    one person after another). Probabilities and rules: README.md in this folder.
    """

    def __init__(self, capacity: int = 4096, rules: Rules = DEFAULT, *, keep_outlines: bool = False) -> None:
        self._out = np.zeros(max(1, capacity), SIGNAL)
        self._rules = rules_record(rules)
        self._lock = threading.Lock()
        self._outlines = Outlines()
        self._keep_outlines = keep_outlines
        self._tables = Tables((), (), self._outlines)
        self._measure_states = np.zeros(0, MEASURE_STATE)
        self._fence_states = np.zeros(0, FENCE_STATE)
        self._nodes = np.zeros((0, NODES))
        self._evaluations = np.zeros((0, EVIDENCE_KEPT), EVALUATION)
        self._asked_s = self._listening_s = -1

    def load(self, measures: Iterable[MeasureSpec], fences: Iterable[FenceSpec]) -> None:
        """Replace all measures and fences at once; those that stay (by number) keep their state.

        Fences of measures not given are left out. On error nothing changes. Raises BadFence.
        """
        with self._lock:
            old, tables = self._tables, Tables(measures, fences, self._outlines)
            if not self._keep_outlines:
                self._outlines.keep_only(tables.places)
            fresh = _fresh(len(tables.measures), len(tables.fences))
            before, after = _same(old.measures["number"], tables.measures["number"])
            fresh["measures"][after] = self._measure_states[before]
            before, after = _same(old.fences["number"], tables.fences["number"])
            fresh["fences"][after] = self._fence_states[before]
            fresh["nodes"][after] = self._nodes[before]
            fresh["evaluations"][after] = self._evaluations[before]
            self._tables = tables
            self._take(fresh)

    def _take(self, arrays: Mapping[str, Array]) -> None:
        self._measure_states, self._fence_states = arrays["measures"], arrays["fences"]
        self._nodes, self._evaluations = arrays["nodes"], arrays["evaluations"]

    def step(self, fixes: Array) -> Array:
        """Evaluate one tick in the order given; fills `verdict`, returns the signals (SIGNAL).

        Left out: unknown measures, fixes outside the measure's term, F_LATE, and what is not newer than the
        measure's newest. Without F_LOCATED only strap, battery and SOS count. Raises NotAFixArray.
        """
        if fixes.dtype != FIX or not fixes.flags.c_contiguous or not fixes.flags.writeable or fixes.ndim != 1:
            raise NotAFixArray
        parts = []
        with self._lock:
            tables = self._tables
            out = self._room(DEVICE_SIGNALS + tables.most)
            first = 0
            while first < len(fixes):
                first, n = kernels.step(
                    fixes, first, tables.measures, self._measure_states, tables.fences, self._fence_states,
                    self._nodes, self._evaluations, tables.timetables, tables.exceptions,
                    *tables.geometry.arrays(), HORIZON_M, NODE_Z, ASSUMED_ACCURACY_M, self._rules, out,
                )  # fmt: skip
                parts.append(out[:n].copy())
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, SIGNAL)

    def _room(self, least: int) -> Array:
        """The array for signals, kept from tick to tick."""
        if len(self._out) < least:
            self._out = np.zeros(least, SIGNAL)
        return self._out

    def silence(self, now_s: int) -> Array:
        """Return the silences that begin: no located fix received for the device's `silent_after_s`.

        Call it about every 10 s. When the last call is longer ago than two minutes (the server itself was
        away, or its clock was wrong), every device gets its full time anew. The end of a silence comes
        from `step`.
        """
        with self._lock:
            measures, states = self._tables.measures, self._measure_states
            if now_s < self._asked_s - SERVER_GAP_S:  # the clock had been ahead: so had what was heard
                states["heard_s"] = np.minimum(states["heard_s"], now_s)
                self._asked_s = -1
            if self._asked_s < 0 or now_s - self._asked_s > SERVER_GAP_S:
                self._listening_s = now_s
            self._asked_s = max(self._asked_s, now_s)
            since = np.maximum(np.maximum(states["heard_s"], self._listening_s), measures["from_s"])
            new = (states["silent"] < 0) & (measures["from_s"] <= now_s) & (now_s < measures["to_s"])
            new &= now_s - since >= measures["silent_after_s"]
            episodes = np.where(states["heard_s"] >= 0, states["heard_s"], since)
            states["silent"][new] = episodes[new]
            out = np.zeros(int(new.sum()), SIGNAL)
            out["measure"], out["fence"], out["kind"], out["phase"] = (
                measures["number"][new],
                -1,
                SILENT,
                BEGIN,
            )
            out["episode"], out["at_s"] = episodes[new], now_s
            for name in ("distance_m", "accuracy_m", "boundary_m", "probability"):
                out[name] = np.nan
            return out

    @property
    def clock(self) -> tuple[int, int]:
        """(asked_s, listening_s): the last call of `silence`, and since when somebody listens; -1 = never.

        State of the process, not of persons: a restart that takes it over counts as the same listening,
        unless more than two minutes lie between.
        """
        return self._asked_s, self._listening_s

    @clock.setter
    def clock(self, asked_and_listening: tuple[int, int]) -> None:
        self._asked_s, self._listening_s = asked_and_listening

    def silent(self) -> dict[int, int]:
        """Return the episode of every measure that is silent now."""
        with self._lock:
            on = np.flatnonzero(self._measure_states["silent"] >= 0)
            numbers = self._tables.measures["number"][on].tolist()
            return dict(zip(numbers, self._measure_states["silent"][on].tolist(), strict=True))

    def tables(self) -> dict[str, Array]:
        """Return the measures and fences loaded, as arrays that nobody changes."""
        return self._tables.arrays()

    def resume(self, tables: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Become the engine that gave `tables` and `state`; `load` then brings what is in force today.

        Raises TablesMismatch, StateMismatch; then nothing has changed.
        """
        found = Tables.of_arrays(tables)
        like = _fresh(0, 0)
        if any(state[name].dtype != array.dtype for name, array in like.items()):
            raise StateMismatch(found="?", wanted=STATE_FORM)
        with self._lock:
            before = self._tables
            self._tables = found
        try:
            self.restore(state)
        except StateMismatch:
            with self._lock:
                self._tables = before
            raise

    def evidence(self, fence_number: int) -> list[dict[str, Any]]:
        """Return the last evaluations of a fence (32 at most), oldest first; empty when it is not known.

        `distance_m` is positive beyond the line (on the side that is not allowed), `verdict` as in
        `columns.py`: 1 on the lawful side, 2 beyond, 3 cannot know.
        """
        with self._lock:
            index = self._tables.fence_at.get(fence_number)
            if index is None:
                return []
            kept = int(self._fence_states["kept"][index])
            ring = self._evaluations[index]
            order = np.arange(max(0, kept - EVIDENCE_KEPT), kept) % EVIDENCE_KEPT
            return [_plain(row) for row in ring[order]]

    def state(self) -> dict[str, Array]:
        """Return copies of all state as arrays, with the numbers they belong to."""
        with self._lock:
            return {
                "form": np.array([STATE_FORM], np.int64),
                "clock": np.array([self._asked_s, self._listening_s], np.int64),
                "measure_numbers": self._tables.measures["number"].copy(),
                "fence_numbers": self._tables.fences["number"].copy(),
                "measures": self._measure_states.copy(),
                "fences": self._fence_states.copy(),
                "nodes": self._nodes.copy(),
                "evaluations": self._evaluations.copy(),
            }

    def save(self, measures: Sequence[int] | Array, most: int = EVIDENCE_KEPT) -> dict[str, Array]:
        """Return a copy of the state of these measures and their fences, for `put_back`.

        `most`: how many fixes of one measure may be stepped before that; the fewer, the less is copied.
        """
        with self._lock:
            tables = self._tables
            numbers = tables.measures["number"]
            at = np.searchsorted(numbers, measures)
            m = at[at < len(numbers)]
            m = m[numbers[m] == np.asarray(measures)[at < len(numbers)]]
            first, each = tables.measures["fence_from"][m], tables.measures["fence_to"][m]
            each = each - first
            f = np.repeat(first - (np.cumsum(each) - each), each) + np.arange(each.sum())
            kept = self._fence_states["kept"][f, None]
            slots = (kept + np.arange(min(most, EVIDENCE_KEPT))) % EVIDENCE_KEPT  # those written next
            return {
                "measure_numbers": numbers[m],
                "fence_numbers": tables.fences["number"][f],
                "measures": rows_at(self._measure_states, m),
                "fences": rows_at(self._fence_states, f),
                "nodes": self._nodes.take(f, axis=0),
                "slots": slots,
                "evaluations": rows_at(self._evaluations, f[:, None] * EVIDENCE_KEPT + slots),
            }  # every one a copy

    def put_back(self, saved: Mapping[str, Array]) -> None:
        """Undo what happened since `save` to those measures that are still loaded (a tick that failed)."""
        with self._lock:
            before, after = _same(saved["measure_numbers"], self._tables.measures["number"])
            self._measure_states[after] = saved["measures"][before]
            before, after = _same(saved["fence_numbers"], self._tables.fences["number"])
            self._fence_states[after] = saved["fences"][before]
            self._nodes[after] = saved["nodes"][before]
            if "slots" in saved:
                self._evaluations[after[:, None], saved["slots"][before]] = saved["evaluations"][before]
            else:
                self._evaluations[after] = saved["evaluations"][before]

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take state saved by `state` for the measures and fences loaded now; others start clean.

        Raises StateMismatch.
        """
        found = int(state["form"][0])
        if found != STATE_FORM or state["nodes"].shape[1:] != (NODES,):
            raise StateMismatch(found=found, wanted=STATE_FORM)
        with self._lock:
            fresh = _fresh(len(self._tables.measures), len(self._tables.fences))
            before, after = _same(state["measure_numbers"], self._tables.measures["number"])
            fresh["measures"][after] = state["measures"][before]
            before, after = _same(state["fence_numbers"], self._tables.fences["number"])
            for name in ("fences", "nodes", "evaluations"):
                fresh[name][after] = state[name][before]
            self._take(fresh)
            self._asked_s, self._listening_s = (int(value) for value in state["clock"])


def _fresh(measures: int, fences: int) -> dict[str, Array]:
    """State in which nothing has been seen: every side equally likely."""
    measure_states = np.zeros(measures, MEASURE_STATE)
    for name in MEASURE_STATE.names or ():
        measure_states[name] = -1
    measure_states["battery_pct"] = NO_BATTERY
    fence_states = np.zeros(fences, FENCE_STATE)
    for name in ("last_s", "run_s", "episode", "lawful_s", "run_last_s", "before_s", "bound_s"):
        fence_states[name] = -1
    fence_states["probability"] = 0.5
    return {
        "measures": measure_states,
        "fences": fence_states,
        "nodes": np.full((fences, NODES), 0.5),
        "evaluations": np.zeros((fences, EVIDENCE_KEPT), EVALUATION),
    }


def _same(old: Array, new: Array) -> tuple[Array, Array]:
    """Places in `old` and in `new` of the numbers that are in both."""
    _, before, after = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    return before, after


def _plain(row: Any) -> dict[str, Any]:
    return {
        "taken_s": int(row["taken_s"]),
        "distance_m": round(float(row["distance_m"]), 2),
        "accuracy_m": round(float(row["accuracy_m"]), 2),
        "assumed": bool(row["assumed"]),
        "boundary_m": round(float(row["boundary_m"]), 2),
        "probability": round(float(row["probability"]), 6),
        "verdict": int(row["verdict"]),
    }


def warm_up() -> None:
    """Run every kernel once. Importing this module has compiled them already; call before a port opens."""
    ring = np.array([[117.0, 36.6, 10.0], [117.1, 36.6, 10.0], [117.05, 36.7, 10.0]])
    engine = Engine()
    engine.load([MeasureSpec(1, 0, 1 << 40)], [FenceSpec(1, 1, "boundary", "inside", [ring])])
    fixes = np.zeros(2, FIX)
    fixes["measure"], fixes["taken_s"], fixes["flags"] = 1, (1, 2), 1
    fixes["lon"], fixes["lat"], fixes["accuracy_m"] = 117.05, 36.65, 10.0
    engine.step(fixes)
    engine.silence(10)
