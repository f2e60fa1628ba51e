"""When the watch's state goes to disk: every ten seconds, and at once when its tables change.

The arrays are copied in the worker thread between two ticks and written by a thread of their own. When
tables change, the worker waits for the file: no block may be judged by new tables before a snapshot holds
them, or a restart could not judge the blocks between in the same way. A disk that is full costs a line in
the log and the speed of the next start, nothing else.
"""

import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import hour_of
from sifang.monitoring.intake.snapshot import Snapshot, SnapshotFolder
from sifang.monitoring.intake.store import Journal

log = get_logger("watch")
IDLE_S = 60.0  # without new blocks the clock alone is worth a file this often
Kept = tuple[int, Mapping[str, NDArray[Any]]]


class Watched(Protocol):
    """Whose state is kept."""

    engine: Engine
    admission: Admission
    journal: Journal


class Snapshots:
    """Writes snapshots of `of`; every method belongs to the worker thread. Without a folder: nothing."""

    def __init__(self, of: Watched, folder: SnapshotFolder | None) -> None:
        self._of, self.folder = of, folder
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._writing: Future[None] | None = None
        self._last = (-1, 0.0)
        self.failed = 0

    def keep(self) -> None:
        """Copy the state; another thread writes it. Left out while the one before is being written."""
        block, at = self._last
        now = time.monotonic()
        if self._writing is not None and not self._writing.done():
            return
        if block == self._of.journal.position.block and now - at < IDLE_S:
            return
        copy = self._copy()
        if copy is not None:
            self._last = copy.position.block, now
            self._writing = self._writer.submit(self._write, copy)

    def keep_now(self) -> None:
        """Write the state and wait for it (tables changed; an orderly end)."""
        copy = self._copy()
        if copy is None:
            return
        if self._writing is not None:
            self._writing.result()
        self._last = copy.position.block, time.monotonic()
        self._write(copy)

    def digest(self) -> str:
        """Return SHA-256 over the state, marks in the order of device keys: equal states, equal digests.

        Without the engine's `asked_s`: when this process last asked for silences is told to nobody.
        """
        total = hashlib.sha256()
        state = self._of.engine.state()
        state["clock"][0] = 0
        marks = self._of.admission.marks()
        order = np.argsort(marks["keys"])
        for name, array in sorted(state.items()):
            total.update(name.encode() + array.tobytes())
        for name, array in sorted(marks.items()):
            total.update(name.encode() + array[order].tobytes())
        return total.hexdigest()

    def _copy(self) -> Snapshot | None:
        """The state as of the journal's last block; None when it holds what no block does yet."""
        of = self._of
        if self.folder is None or of.journal.in_doubt or of.journal.silences:
            return None
        position = of.journal.position
        if not position.hour:
            position = replace(position, hour=hour_of(utc_now()))
        return Snapshot(
            position, of.admission.version, of.engine.state(), of.engine.tables(), of.admission.marks()
        )

    def _write(self, snapshot: Snapshot) -> None:
        if self.folder is None:
            return
        try:
            self.folder.write(snapshot)
        except (OSError, KeyMissing) as error:
            self.failed += 1
            self._last = (-1, 0.0)  # the next call tries again
            log.warning("snapshot_not_written", error=type(error).__name__)


def same_tables(one: Kept, other: Kept) -> bool:
    """Whether version and every array are the same."""
    return one[0] == other[0] and all(
        array.shape == other[1][name].shape and array.tobytes() == other[1][name].tobytes()
        for name, array in one[1].items()
    )
