"""The engine's tables: measures, fences, timetables and outlines as the kernels read them.

Built from specs by a load, never changed, swapped as one. A snapshot keeps them as they are, so that what
was judged by them can be judged by them again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sifang.kernel.errors import SifangError
from sifang.monitoring.engine import outlines
from sifang.monitoring.engine.layout import FENCE, MEASURE
from sifang.monitoring.engine.specs import HOURS_OF_WEEK, STATION, BadFence, FenceSpec, MeasureSpec

Array = npt.NDArray[Any]


class TablesMismatch(SifangError):
    """围栏表的格式与程序不符。"""

    code = "tables_mismatch"


class Tables:
    """What `load` built: immutable for the kernels, swapped as one."""

    measures: Array
    fences: Array
    timetables: Array
    exceptions: Array
    geometry: outlines.Packed

    def __init__(
        self, measures: Iterable[MeasureSpec], fences: Iterable[FenceSpec], known: "Outlines"
    ) -> None:
        by_number = sorted(measures, key=lambda spec: spec.number)
        at = {spec.number: index for index, spec in enumerate(by_number)}
        kept = sorted((spec for spec in fences if spec.measure in at), key=lambda s: (s.measure, s.number))
        self.measures = np.zeros(len(by_number), MEASURE)
        self.fences = np.zeros(len(kept), FENCE)
        if len({spec.number for spec in kept}) != len(kept) or len(at) != len(by_number):
            raise BadFence(number=-1, reason="编号重复")
        weeks: dict[str, int] = {}
        spans: list[tuple[int, int]] = []
        places: dict[bytes, int] = {}
        keys: dict[int, bytes] = {}  # a line shared by many fences is one object: hashed once
        used: list[outlines.Outline] = []
        for index, spec in enumerate(kept):
            key = keys.get(id(spec.rings)) or keys.setdefault(id(spec.rings), known.key(spec))
            if key not in places:
                places[key] = len(used)
                used.append(known.compiled[key])
            week = -1 if spec.timetable is None else weeks.setdefault(spec.timetable, len(weeks))
            first = len(spans)
            spans.extend(sorted(spec.exceptions))
            self.fences[index] = (
                spec.number, places[key], spec.signal_kind, spec.keeps == "inside",
                spec.signal_kind != STATION, week, first, len(spans), spec.from_s, spec.to_s,
            )  # fmt: skip
        starts = np.searchsorted([at[spec.measure] for spec in kept], np.arange(len(by_number) + 1))
        for index, measure in enumerate(by_number):
            self.measures[index] = (
                measure.number, starts[index], starts[index + 1], measure.silent_after_s, measure.from_s,
                measure.to_s,
            )  # fmt: skip
        self.timetables = np.zeros((len(weeks), HOURS_OF_WEEK), np.uint8)
        for text, row in weeks.items():
            self.timetables[row] = np.frombuffer(text.encode(), np.uint8) - ord("0")
        self.exceptions = np.array(spans, np.int64).reshape(-1, 2)
        self.geometry = outlines.packed(used)
        self.places = frozenset(places)
        self.index()

    def index(self) -> None:
        """Derive what is looked up by number."""
        self.fence_at = {int(number): index for index, number in enumerate(self.fences["number"])}
        self.most = int((self.measures["fence_to"] - self.measures["fence_from"]).max(initial=0))

    def arrays(self) -> dict[str, Array]:
        """Return all of it as arrays (no copies: nobody changes them)."""
        flat = {name: getattr(self, name) for name in ("measures", "fences", "timetables", "exceptions")}
        return flat | {f"geometry_{i}": array for i, array in enumerate(self.geometry.arrays())}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return what `arrays` gave. Raises TablesMismatch when another program wrote them."""
        empty = cls((), (), Outlines()).arrays()
        if any(
            name not in arrays or arrays[name].dtype != like.dtype or arrays[name].ndim != like.ndim
            for name, like in empty.items()
        ):
            raise TablesMismatch
        found = cls.__new__(cls)
        found.measures, found.fences = arrays["measures"], arrays["fences"]
        found.timetables, found.exceptions = arrays["timetables"], arrays["exceptions"]
        found.geometry = outlines.Packed(*(arrays[f"geometry_{i}"] for i in range(7)))
        found.places = frozenset()
        found.index()
        return found


class Outlines:
    """Outlines compiled so far; those no fence uses any more are forgotten after the next load."""

    def __init__(self) -> None:
        self.compiled: dict[bytes, outlines.Outline] = {}

    def key(self, spec: FenceSpec) -> bytes:
        key = outlines.digest(spec.rings)
        if key not in self.compiled:
            self.compiled[key] = outlines.compiled(spec.rings, spec.number)
        return key

    def keep_only(self, keys: Iterable[bytes]) -> None:
        self.compiled = {key: self.compiled[key] for key in keys}
