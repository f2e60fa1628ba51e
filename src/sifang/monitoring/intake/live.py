"""The newest fix of every tracked person, for the live map: one copy per web process.

The hub that pushes the map to all signed-in officers is no officer: it reads the journal through alias
`reader` under the system purpose `live`, which leaves one read record per run. Whom an officer then sees
is decided where his stream is made, by his own scope.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.config import need
from sifang.kernel.time import utc_now
from sifang.monitoring.intake.columns import (
    F_LATE,
    F_LOCATED,
    F_STRAP_KNOWN,
    F_STRAP_OPEN,
    FIX,
    NO_BATTERY,
)
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import COLUMNS, opened
from sifang.people.access import system
from sifang.people.purposes import SystemPurpose

Fixes = NDArray[np.void]
_STRAP = np.uint32(F_STRAP_KNOWN | F_STRAP_OPEN)


class LiveState:
    """The newest fix per measure number. Thread-safe; call from a thread, never from the event loop."""

    def __init__(self, using: str = "reader", keys: KeyStore | None = None) -> None:
        self._using = using
        self._keys = keys or KeyStore(need(IntakeConfig).keys)
        self._lock = Lock()
        self._newest: dict[int, np.void] = {}
        self._recorded = False
        self.last_written_at: datetime | None = None

    def load_recent(self, minutes: int = 15) -> None:
        """Take the blocks written in the last `minutes`; leaves the read record of this run."""
        since = utc_now() - timedelta(minutes=minutes)
        self._apply("written_at >= %s", [since])

    def apply_block(self, block: int) -> None:
        """Take the block that `NOTIFY sifang_fixes` named."""
        self.apply_blocks([block])

    def apply_blocks(self, blocks: Iterable[int]) -> None:
        """Take several blocks in one read."""
        self._apply("id = ANY(%s)", [list(blocks)])

    def rows(self, measures: Iterable[int] | None = None) -> Fixes:
        """Return the newest located fix (FIX) of each measure, or of those named.

        Battery and strap are the newest known, also from fixes without position.
        """
        with self._lock:
            wanted = self._newest if measures is None else {m: 0 for m in measures if m in self._newest}
            found = [self._newest[m] for m in sorted(wanted)]
        return np.array(found, FIX) if found else np.zeros(0, FIX)

    def forget(self, measures: Iterable[int]) -> None:
        """Drop measures that have ended: the map shows nobody beyond the term."""
        with self._lock:
            for measure in measures:
                self._newest.pop(measure, None)

    def _apply(self, condition: str, params: Sequence[Any]) -> None:
        with (
            system(SystemPurpose.LIVE, using=self._using, continues=self._recorded),
            connections[self._using].cursor() as cursor,
        ):
            cursor.execute(
                f"SELECT {COLUMNS} FROM monitoring_journalblock WHERE {condition} ORDER BY id",  # noqa: S608
                params,
            )
            rows = cursor.fetchall()
        self._recorded = True
        for row in rows:
            fixes, _ = opened(row, self._keys)
            with self._lock:
                self.last_written_at = row[0]
                for fix in fixes:
                    self._take(fix)

    def _take(self, fix: np.void) -> None:
        flags, measure = fix["flags"], int(fix["measure"])
        if flags & F_LATE:
            return
        before = self._newest.get(measure)
        if flags & F_LOCATED and (before is None or fix["taken_s"] >= before["taken_s"]):
            now = fix.copy()
            if before is not None:
                if now["battery_pct"] == NO_BATTERY:
                    now["battery_pct"] = before["battery_pct"]
                if not flags & F_STRAP_KNOWN:
                    now["flags"] = flags | (before["flags"] & _STRAP)
            self._newest[measure] = now
        elif before is not None:
            if fix["battery_pct"] != NO_BATTERY:
                before["battery_pct"] = fix["battery_pct"]
            if flags & F_STRAP_KNOWN:
                before["flags"] = (before["flags"] & ~_STRAP) | (flags & _STRAP)
