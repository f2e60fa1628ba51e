"""Bytes of refused frames: kept only for devices under a live measure at that instant (DESIGN § 3).

They wait in memory, bounded, until the worker flushes them every few seconds, and are stored encrypted with
the measure's key. They never reach a log, a job or an exception's message. A flood fills nothing: of one
device 60 frames an hour are kept, of one frame 2,048 bytes; the count of all refusals is kept elsewhere.
What waits when the process dies is lost: it is help for finding a fault, not evidence.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import DatabaseError, connections, transaction
from numpy.typing import NDArray

from sifang.kernel.ids import uuid7
from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.checks import REASONS
from sifang.monitoring.intake.errors import BlockDamaged, KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.session import Frames
from sifang.monitoring.intake.store import as_watch, database_errors

Fixes = NDArray[np.void]
LONGEST = 2048  # bytes kept of one frame
PER_HOUR = 60  # frames kept of one device in an hour
WAITING = 2000  # frames waiting for the database, at most
_NONCE = 12
_INSERT = """
INSERT INTO monitoring_refusedframe (id, measure_id, device_id, received_at, reason, gateway, size, body)
SELECT %(id)s, m.id, %(device)s, %(at)s, %(reason)s, %(gateway)s, %(size)s, %(body)s
  FROM monitoring_measure m
 WHERE m.number = %(measure)s
   AND (SELECT count(*) FROM monitoring_refusedframe f
         WHERE f.device_id = %(device)s AND f.received_at > %(at)s - interval '1 hour') < %(most)s
"""


@dataclass(frozen=True)
class Label:
    """The row's open columns, bound to the sealed bytes. `received_at`: aware UTC; `size`: of the frame."""

    measure: int
    device: UUID
    received_at: datetime
    reason: str
    gateway: str
    size: int

    def aad(self) -> bytes:
        """Return the bytes that are authenticated with the frame."""
        micros = (self.received_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        words = (self.measure, self.device, micros, self.reason, self.gateway, self.size)
        return ("sifang.refused.1|" + "|".join(map(str, words))).encode()


def seal_frame(frame: bytes, key: bytes, label: Label) -> bytes:
    """Return nonce and ciphertext of the frame under the measure's key."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, frame, label.aad())


def open_frame(body: bytes, key: bytes, label: Label) -> bytes:
    """Return the bytes kept of a frame. Raises BlockDamaged when it is not what was sealed."""
    try:
        return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], label.aad())
    except (InvalidTag, ValueError):
        raise BlockDamaged from None


class RefusedFrames:
    """Takes refused frames from the event loop and from the worker thread; `flush` stores them."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._lock = Lock()
        self._waiting: list[tuple[Label, bytes]] = []
        self._kept: dict[tuple[int, int], int] = {}  # (device, hour) → frames
        self._batches: Sequence[Fixes] = ()
        self._frames: Sequence[Frames | None] = ()

    def keep(self, device: int, reason: str, gateway: str, frame: bytes, now_s: float) -> None:
        """Keep `frame` of the device of this index if it is worn under a live measure now."""
        measure = self.measure_at(device, now_s)
        if measure is None:
            return
        at = datetime.fromtimestamp(now_s, UTC)
        row = self._admission.devices[device]
        label = Label(measure, row.id, at, reason[:24], gateway[:12], len(frame))
        hour = (device, int(now_s) // 3600)
        with self._lock:
            if len(self._waiting) < WAITING and self._kept.get(hour, 0) < PER_HOUR:
                self._kept[hour] = self._kept.get(hour, 0) + 1
                self._waiting.append((label, bytes(frame[:LONGEST])))
            if len(self._kept) > 2 * WAITING:
                self._kept = {key: n for key, n in self._kept.items() if key[1] == hour[1]}

    def begin_tick(self, batches: Sequence[Fixes], frames: Sequence[Frames | None]) -> None:
        """Remember where the rows of this tick come from; `frames` may be shorter than `batches`."""
        self._batches, self._frames = batches, frames

    def refused(self, fixes: Fixes, reasons: NDArray[np.uint8], now_s: float) -> None:
        """Keep the bytes of the refused rows of `fixes`, which are all rows of some devices of the tick."""
        if not any(self._frames):
            return
        origin = self._origin(fixes)
        devices = self._admission.devices
        for row in np.flatnonzero(reasons >= min(REASONS)).tolist():
            device = int(fixes["device"][row])
            batch, at = origin[row]
            frames = self._frames[batch] if batch < len(self._frames) else None
            if frames is not None and self.measure_at(device, now_s) is not None:
                self.keep(device, REASONS[reasons[row]], devices[device].protocol, frames(at), now_s)

    def measure_at(self, device: int, at_s: float) -> int | None:
        """Return the number of the measure under which this device is worn at `at_s`, or None."""
        devices = self._admission.devices
        if not 0 <= device < len(devices):
            return None
        row = devices[device]
        known = self._admission.find(row.terminal_id)
        if known is None or known.index != device:  # retired since
            return None
        return next((w.measure for w in row.windows if w.from_s <= at_s < w.to_s), None)

    def flush(self, keys: KeyStore, using: str = "default") -> int:
        """Store what waits, under the system purpose watch; returns the rows. Raises DatabaseLostError.

        What the database refuses (a measure that ended meanwhile), or whose key is gone, is dropped.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return 0
        try:
            with database_errors(using), transaction.atomic(using):
                as_watch(connections[using].cursor())
                return sum(_store(label, frame, keys, using) for label, frame in waiting)
        except BaseException:
            with self._lock:
                self._waiting = (waiting + self._waiting)[:WAITING]
            raise

    def _origin(self, fixes: Fixes) -> list[tuple[int, int]]:
        """Return batch and row of each of `fixes`: they keep their order in time within a submission."""
        whole, places = [], []
        for number, batch in enumerate(self._batches):
            order = np.argsort(batch["taken_s"], kind="stable")
            whole.append(batch["device"][order])
            places += [(number, int(row)) for row in order]
        devices = np.concatenate(whole) if whole else np.zeros(0, np.int32)
        here = np.flatnonzero(np.isin(devices, np.unique(fixes["device"])))
        return [places[i] for i in here.tolist()]


def _store(label: Label, frame: bytes, keys: KeyStore, using: str) -> int:
    try:
        key = keys.measure_key(label.measure)
    except KeyMissing:  # destroyed: nothing may be kept of this measure any more
        return 0
    row: dict[str, Any] = {
        "id": uuid7(),
        "measure": label.measure,
        "device": label.device,
        "at": label.received_at,
        "reason": label.reason,
        "gateway": label.gateway,
        "size": label.size,
        "body": seal_frame(frame, key, label),
        "most": PER_HOUR,
    }
    try:
        with transaction.atomic(using), connections[using].cursor() as cursor:
            cursor.execute(_INSERT, row)
            return int(cursor.rowcount)
    except DatabaseError:
        if connections[using].connection is None or connections[using].connection.broken:
            raise
        return 0
