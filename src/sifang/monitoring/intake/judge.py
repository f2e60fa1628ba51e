"""What the worker thread does with a tick: admission, engine, transaction; and what when it fails.

State and journal agree: the marks of admission and the engine's state of the measures touched are saved
before a tick and put back whenever its transaction did not commit. A tick that fails is tried once more,
then halved until the device that fails alone is found; that device is set aside for a while with a
technical incident, everyone else is acknowledged. When the database is lost in the middle of a tick, the
same tick comes again: what of it was stored, also by a commit that lost its answer, is known by its identity
and not stored again.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sifang.kernel.log import get_logger
from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.checks import ACCEPTED, FUTURE_S, REASONS
from sifang.monitoring.intake.clockwatch import ClockWatch
from sifang.monitoring.intake.columns import FIX, copy_of, rows_at
from sifang.monitoring.intake.frames import RefusedFrames
from sifang.monitoring.intake.refusals import Refusals
from sifang.monitoring.intake.session import Frames
from sifang.monitoring.intake.stages import ADMISSION, ENGINE
from sifang.monitoring.intake.store import DatabaseLostError, Journal, StaleVersionError

log = get_logger("watch")
Fixes = NDArray[np.void]
ASIDE_S = 60.0  # a device set aside is tried again after this
_RELOADS = 5  # measures may change again while we reload


class EngineLike(Protocol):
    """What the worker needs of the engine."""

    def step(self, fixes: Fixes) -> NDArray[np.void]: ...

    def save(self, measures: NDArray[np.int64], most: int) -> Any:
        """Return a copy of the state of these measures and their fences, good for `most` fixes of each."""

    def put_back(self, saved: Any) -> None:
        """Put that state back."""


class Judge:
    """Judges ticks one after another; every method belongs to the worker thread."""

    def __init__(
        self,
        *,
        admission: Admission,
        engine: EngineLike,
        journal: Journal,
        refusals: Refusals,
        reload: Callable[[], None],
        set_aside: Callable[[int, str], None] = lambda _device, _why: None,
        back: Callable[[int], None] = lambda _device: None,
        conflicts: Callable[[list[tuple[int, int]]], None] = lambda _found: None,
        clock: Callable[[], float] = time.time,
        refused_frames: RefusedFrames | None = None,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._admission = admission
        self._refused_frames = refused_frames
        self._engine = engine
        self._journal = journal
        self._refusals = refusals
        self._reload = reload
        self._tell_aside = set_aside
        self._tell_back = back
        self._tell_conflicts = conflicts
        self._clock, self._clock_watch = clock, clock_watch
        self._aside: dict[int, float] = {}
        self._doubt: Fixes | None = None  # what a commit that lost its answer would have stored
        self._stored: list[Fixes] = []  # of the tick at work: stored already when the database was lost
        self.acknowledged = 0
        self.failed_attempts = 0  # each is tried once more, then split by device

    @property
    def aside(self) -> int:
        """How many devices are set aside."""
        return len(self._aside)

    def tick(self, batches: Sequence[Fixes], frames: Sequence[Frames | None] = ()) -> list[NDArray[np.bool_]]:
        """Judge and store these submissions in order; per fix: True = answer it as received.

        `frames`: beside each submission, how to get at the bytes of its rows; asked for refused ones only.
        Raises DatabaseLostError when not all was stored because there is no database: call again later
        with the same batches; what of them is stored by then is not stored again.
        """
        self.settle()
        batches, frames, early = self._without_early(batches, frames)
        fixes = _joined([_in_time_order(batch) for batch in batches])
        if self._refused_frames is not None:
            self._refused_frames.begin_tick(batches, () if self._stored else frames)
        now = self._clock()
        waiting = [device for device, until in self._aside.items() if now < until <= now + ASIDE_S]
        left = np.ones(len(fixes), np.bool_)
        if waiting:
            left &= ~np.isin(fixes["device"], waiting)
        if self._stored:  # of this very tick, before its database was lost
            left &= ~self._among_stored(fixes)
        failed = self._try(fixes if left.all() else fixes[left])
        self._stored.clear()
        held = [*waiting, *failed]
        stored = [
            ~np.isin(batch["device"], held) if held else np.ones(len(batch), np.bool_) for batch in batches
        ]
        if early is not None:
            stored = _put_back(stored, early)
        self.acknowledged += sum(int(one.sum()) for one in stored)
        return stored

    def _without_early(
        self, batches: Sequence[Fixes], frames: Sequence[Frames | None]
    ) -> tuple[Sequence[Fixes], Sequence[Frames | None], list[NDArray[np.bool_]] | None]:
        """Leave out what would be refused as future only because our own clock was, or may be, wrong.

        It is neither refused nor answered: the device sends it again, and then the clock may be right.
        """
        watch = self._clock_watch
        if watch is None:
            return batches, frames, None
        is_doubtful = watch.is_doubtful
        early, now = [], self._clock()
        for batch in batches:
            if is_doubtful:
                watch.heard(batch)
            ahead = batch["taken_s"] > batch["received_s"] + FUTURE_S
            early.append(ahead if is_doubtful else ahead & (batch["taken_s"] <= now + FUTURE_S))
        if not any(one.any() for one in early):
            return batches, frames, None
        left = [batch[~one] for batch, one in zip(batches, early, strict=True)]
        return left, [_rows_left(one, rest) for one, rest in zip(frames, early, strict=False)], early

    def settle(self) -> None:
        """Find out about a commit that lost its answer; what it stored moves marks and state now.

        Raises DatabaseLostError. To be called before anything else is asked of engine or journal.
        """
        there = self._journal.settle()
        doubt, self._doubt = self._doubt, None
        if there and doubt is not None:
            self._admission.remember(doubt, self._admission.keys[doubt["device"]])
            self._engine.step(doubt)
            self._stored.append(doubt)

    def write_silences(self) -> None:
        """Store the silences that wait, without fixes. Raises DatabaseLostError."""
        for _ in range(_RELOADS):
            self.settle()
            try:
                return self._journal.commit_silences(self._admission.version)
            except StaleVersionError:
                self._reload()
        raise StaleVersionError

    def _among_stored(self, fixes: Fixes) -> NDArray[np.bool_]:
        known = {one for part in self._stored for one in self._admission.identities(part)}
        return np.array([one in known for one in self._admission.identities(fixes)], np.bool_)

    def _try(self, fixes: Fixes) -> set[int]:
        """Store `fixes`, halving when they cannot be stored; returns the devices set aside."""
        if not len(fixes):
            return set()
        for attempt in (1, 2):
            try:
                self._attempt(fixes)
            except DatabaseLostError:
                raise
            except Exception as error:  # noqa: BLE001 (edge of a worker: the device is set aside, not dropped)
                why = type(error).__name__
                self.failed_attempts += 1
                log.warning("tick_failed", attempt=attempt, fixes=len(fixes), error=why)
            else:
                for device in [d for d in self._aside if d in fixes["device"]]:
                    del self._aside[device]
                    self._tell_back(device)
                return set()
        devices = np.unique(fixes["device"])
        if len(devices) == 1:
            device = int(devices[0])
            self._aside[device] = self._clock() + ASIDE_S
            log.error("device_set_aside", error=why)
            self._tell_aside(device, why)
            return {device}
        half = np.isin(fixes["device"], devices[: len(devices) // 2])
        return self._try(fixes[half]) | self._try(fixes[~half])

    def _attempt(self, fixes: Fixes) -> None:
        for _ in range(_RELOADS):
            try:
                return self._once(copy_of(fixes))
            except StaleVersionError:
                self._reload()
        raise StaleVersionError

    def _once(self, fixes: Fixes) -> None:
        with ADMISSION:
            marks = self._admission.save(fixes)
        state = None
        try:
            with ADMISSION:
                reasons = self._admission.admit(fixes)
            taken = reasons == ACCEPTED
            accepted = fixes if taken.all() else rows_at(fixes, taken)
            if len(accepted):
                with ENGINE:
                    numbers, each = np.unique(accepted["measure"], return_counts=True)
                    state = self._engine.save(numbers, int(each.max()))
                    signals = self._engine.step(accepted)
                keys = self._admission.keys[accepted["device"]]
                try:
                    self._journal.commit(accepted, keys, signals, self._admission.version)
                except DatabaseLostError:
                    if self._journal.in_doubt:
                        self._doubt = accepted
                    raise
                self._stored.append(accepted)
        except BaseException:
            self._admission.restore(marks)
            if state is not None:
                self._engine.put_back(state)
            raise
        self._follow(fixes, reasons)

    def _follow(self, fixes: Fixes, reasons: NDArray[np.uint8]) -> None:
        """What a stored tick is followed by; nothing here can undo it."""
        try:
            if self._admission.conflicts.any():
                conflicts = fixes[self._admission.conflicts]
                pairs = zip(conflicts["device"].tolist(), conflicts["taken_s"].tolist(), strict=True)
                self._tell_conflicts(sorted(set(pairs)))
            self._count(fixes, reasons)
        except Exception:  # counts and notes; the fixes are stored
            log.exception("tick_not_counted")

    def _count(self, fixes: Fixes, reasons: NDArray[np.uint8]) -> None:
        refused = reasons >= min(REASONS)
        if not refused.any():
            return
        if self._refused_frames is not None:
            self._refused_frames.refused(fixes, reasons, self._clock())
        pairs, counts = np.unique(
            np.stack([fixes["device"][refused], reasons[refused].astype(np.int32)]),
            axis=1,
            return_counts=True,
        )
        now, devices = self._clock(), self._admission.devices
        for (device, reason), n in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            row = devices[device] if 0 <= device < len(devices) else None
            gateway, name = (row.protocol, row.terminal_id) if row else ("", "")
            self._refusals.count(REASONS[reason], gateway, name, now, n)


def _rows_left(frames: Frames | None, left_out: NDArray[np.bool_]) -> Frames | None:
    rows = np.flatnonzero(~left_out)
    return None if frames is None else lambda row: frames(int(rows[row]))


def _put_back(stored: list[NDArray[np.bool_]], early: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Return the flags for whole batches again; what was left out is not stored."""
    whole = []
    for flags, left_out in zip(stored, early, strict=True):
        each = np.zeros(len(left_out), np.bool_)
        each[~left_out] = flags
        whole.append(each)
    return whole


def _joined(batches: Sequence[Fixes]) -> Fixes:
    if len(batches) == 1:
        return batches[0]
    return np.concatenate([np.zeros(0, FIX), *batches])


def _in_time_order(batch: Fixes) -> Fixes:
    taken = batch["taken_s"]
    if len(batch) > 1 and np.any(taken[1:] < taken[:-1]):
        return batch[np.argsort(taken, kind="stable")]
    return batch
