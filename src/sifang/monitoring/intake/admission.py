"""Who may send, when, and what: the table of devices and the checks every fix passes.

Accepted: a fix of a known device worn under a live measure, taken and received within it, sane, not seen
before. Late: as good, but not newer than the device's high-water mark; journalled, not evaluated live.
Absorbed: the very fix was taken before; answered, not stored again. Refused: stored nowhere, answered as
received, counted. The order of the reasons is the order of the checks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.block import quantise
from sifang.monitoring.intake.checks import (
    ABSORBED,
    ACCEPTED,
    RECENT,
    UNKNOWN_DEVICE,
    WINDOWS,
    admit_rows,
    remember_rows,
)
from sifang.monitoring.intake.columns import F_LOCATED, SOURCE_CELL, SOURCE_GNSS, SOURCE_WIFI, numbers_in
from sifang.monitoring.intake.errors import SnapshotUnusable
from sifang.monitoring.intake.identity import KEY_BYTES, fill_digests, key_words
from sifang.monitoring.intake.session import DeviceRef

Fixes = NDArray[np.void]

# 68 % radius where neither the device nor its quality card gives one; shown as "assumed"
ASSUMED_M = {"gnss": 15.0, "wifi": 60.0, "cell": 500.0}
_MARKS = ("mark_s", "recent_s", "recent_digest", "recent_at")
_BASES = (("gnss", SOURCE_GNSS), ("wifi", SOURCE_WIFI), ("cell", SOURCE_CELL))


@dataclass(frozen=True)
class Window:
    """A device worn under a measure; Unix seconds, `from_s` inclusive, `to_s` exclusive."""

    measure: int
    from_s: int
    to_s: int


@dataclass(frozen=True)
class DeviceRow:
    """One registered device as the database has it, with the windows that still matter."""

    id: UUID
    terminal_id: str
    protocol: str
    auth_code_hash: bytes | None = None
    imei: str = ""
    iccid: str = ""
    carrier: str = ""
    quality: Mapping[str, object] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Marks:
    """What `Admission.save` remembered of some devices, to be put back when their tick fails."""

    devices: NDArray[np.int64]
    mark_s: NDArray[np.int64]
    recent_s: NDArray[np.int64]
    recent_digest: NDArray[np.uint64]
    recent_at: NDArray[np.uint8]


class Admission:
    """The table and the marks. Rows are indexed by device; an index lives as long as the process.

    `load` and `admit` belong to the worker thread; `find` and `devices` may be called from the event loop.
    """

    def __init__(self, digest_key: bytes = bytes(KEY_BYTES)) -> None:
        """`digest_key`: the installation's KeyStore.named("digests"); the default is for tests alone."""
        self._digest_key, self._key_words = digest_key, key_words(digest_key)
        self._index: dict[UUID, int] = {}
        self._refs: dict[str, DeviceRef] = {}
        self._by_index: list[DeviceRow] = []
        self.version = 0
        self.conflicts = np.zeros(0, np.bool_)
        self.keys = np.zeros(0, np.uint64)
        self._grow(64)

    @property
    def devices(self) -> Sequence[DeviceRow]:
        """Every device known in this process, by index (also those retired since)."""
        return self._by_index

    def find(self, terminal_id: str) -> DeviceRef | None:
        """Return the device of this terminal id, leading zeros ignored, or None."""
        return self._refs.get(terminal_id.lstrip("0"))

    def load(self, rows: Iterable[DeviceRow], version: int, now_s: int) -> None:
        """Take over the devices as of measures version `version`; a device not named is forgotten."""
        rows = list(rows)
        for row in rows:
            if row.id not in self._index:
                self._index[row.id] = len(self._by_index)
                self._by_index.append(row)
            self._by_index[self._index[row.id]] = row
        if len(self._by_index) > len(self._mark_s):
            self._grow(2 * len(self._by_index))
        self._known[:] = False
        refs = {}
        for row in rows:
            index = self._index[row.id]
            self._set_row(index, row)
            live = [w.measure for w in row.windows if w.from_s <= now_s < w.to_s]
            refs[row.terminal_id.lstrip("0")] = DeviceRef(
                index=index,
                terminal_id=row.terminal_id,
                protocol=row.protocol,
                auth_code_hash=row.auth_code_hash,
                imei=row.imei,
                iccid=row.iccid,
                carrier=row.carrier,
                measure=live[0] if live else None,
                quality=row.quality,
            )
        self._refs = refs  # one assignment: the event loop sees the old table or the new one
        self.version = version

    def live_measures(self, now_s: int) -> dict[int, int]:
        """Return measure number → device index of what is worn at `now_s`."""
        return {
            w.measure: self._index[row.id]
            for row in self._by_index
            if self._known[self._index[row.id]]
            for w in row.windows
            if w.from_s <= now_s < w.to_s
        }

    def admit(self, fixes: Fixes) -> NDArray[np.uint8]:
        """Return one reason per fix (checks.ACCEPTED, ABSORBED or a refusal).

        `conflicts` then says which of the accepted contradict another of the same device and second.
        Fills measure, digest, the flags that are ours, and the accuracy where the device gave none.

        `received_s` must be set. Accepted fixes are at the journal's precision afterwards and move the
        device's high-water mark. Fixes of one device are judged in the order given.
        """
        quantise(fixes)
        reasons, conflicts = np.empty(len(fixes), np.uint8), np.empty(len(fixes), np.uint8)
        admit_rows(
            fixes, reasons, conflicts, self._known, self._win_measure, self._win_from, self._win_to,
            self._assumed, self._mark_s, self._recent_s, self._recent_digest, self._recent_at,
            *self._key_words,
        )  # fmt: skip
        self.conflicts = conflicts.view(np.bool_)
        return reasons

    def remember(self, fixes: Fixes, device_keys: NDArray[np.uint64]) -> None:
        """Move the marks by journalled fixes (restart); sets `digest` and `device`, -1 for one not here."""
        fill_digests(fixes, self._digest_key)
        by_key = {int(key): i for i, key in enumerate(self.keys[: len(self._by_index)])}
        fixes["device"] = [by_key.get(int(key), -1) for key in device_keys]
        remember_rows(fixes, self._mark_s, self._recent_s, self._recent_digest, self._recent_at)

    def identities(self, fixes: Fixes) -> list[tuple[int, int, int]]:
        """Return (device, taken_s, digest) of each fix as a gateway or the journal gives it."""
        own = fixes.copy()
        quantise(own)
        lost = (own["flags"] & F_LOCATED) == 0
        own["lon"][lost] = own["lat"][lost] = np.nan  # as admission does
        fill_digests(own, self._digest_key)
        return list(zip(*(own[name].tolist() for name in ("device", "taken_s", "digest")), strict=True))

    def marks(self) -> dict[str, NDArray[Any]]:
        """Return copies of all marks, by device key (a snapshot keeps them)."""
        n = len(self._by_index)
        found = {name: getattr(self, f"_{name}")[:n] for name in _MARKS}
        return {"keys": self.keys[:n].copy()} | {name: array.copy() for name, array in found.items()}

    def take_marks(self, marks: Mapping[str, NDArray[Any]]) -> None:
        """Take over marks that `marks` gave, for the devices known here. Raises SnapshotUnusable."""
        for name in _MARKS:
            here, there = getattr(self, f"_{name}"), marks.get(name)
            if there is None or (there.dtype, there.shape[1:]) != (here.dtype, here.shape[1:]):
                raise SnapshotUnusable(reason=f"没有 {name}")
        keys = self.keys[: len(self._by_index)]
        _, old, new = np.intersect1d(marks["keys"], keys, return_indices=True)
        for name in _MARKS:
            getattr(self, f"_{name}")[new] = marks[name][old]

    def forget_marks(self) -> None:
        """Remember nothing of any device."""
        for name in _MARKS:
            getattr(self, f"_{name}")[:] = 0

    def save(self, fixes: Fixes) -> Marks:
        """Remember the marks of the devices in `fixes`."""
        found = numbers_in(fixes["device"])
        d = found[(found >= 0) & (found < len(self._mark_s))].astype(np.int64)
        return Marks(
            d, self._mark_s[d], self._recent_s[d], self._recent_digest[d], self._recent_at[d]
        )  # fancy indexing copies

    def restore(self, marks: Marks) -> None:
        """Put the marks back as they were at `save`."""
        self._mark_s[marks.devices] = marks.mark_s
        self._recent_s[marks.devices] = marks.recent_s
        self._recent_digest[marks.devices] = marks.recent_digest
        self._recent_at[marks.devices] = marks.recent_at

    def _set_row(self, index: int, row: DeviceRow) -> None:
        self._known[index] = True
        self.keys[index] = row.id.int & (2**64 - 1)
        # the last windows matter: the one in force, one to come, those just ended
        windows = sorted(row.windows, key=lambda w: w.to_s)[-WINDOWS:]
        self._win_measure[index] = -1
        for k, window in enumerate(windows):
            self._win_measure[index, k] = window.measure
            self._win_from[index, k] = window.from_s
            self._win_to[index, k] = window.to_s
        card = row.quality.get("accuracy_m")
        given = card if isinstance(card, Mapping) else {}
        for name, source in _BASES:
            value = given.get(name)
            good = isinstance(value, int | float) and value > 0
            self._assumed[index, source] = value if good else ASSUMED_M[name]
        self._assumed[index, 0] = self._assumed[index, SOURCE_GNSS]

    def _grow(self, capacity: int) -> None:
        def wider(name: str, shape: tuple[int, ...], dtype: str, fill: int) -> None:
            new = np.full((capacity, *shape), fill, dtype)
            old = getattr(self, name, None)
            if old is not None:
                new[: len(old)] = old
            setattr(self, name, new)

        wider("_known", (), "?", 0)
        wider("keys", (), "<u8", 0)
        wider("_win_measure", (WINDOWS,), "<i8", -1)
        wider("_win_from", (WINDOWS,), "<i8", 0)
        wider("_win_to", (WINDOWS,), "<i8", 0)
        wider("_assumed", (4,), "<f4", 0)
        wider("_mark_s", (), "<i8", 0)
        wider("_recent_s", (RECENT,), "<i8", 0)
        wider("_recent_digest", (RECENT,), "<u8", 0)
        wider("_recent_at", (), "u1", 0)

    _known: NDArray[np.bool_]
    _win_measure: NDArray[np.int64]
    _win_from: NDArray[np.int64]
    _win_to: NDArray[np.int64]
    _assumed: NDArray[np.float32]
    _mark_s: NDArray[np.int64]
    _recent_s: NDArray[np.int64]
    _recent_digest: NDArray[np.uint64]
    _recent_at: NDArray[np.uint8]


__all__ = ["ABSORBED", "ACCEPTED", "UNKNOWN_DEVICE", "Admission", "DeviceRow", "Marks", "Window"]
