"""Start: marks and engine as they would be if nothing had stopped.

From the newest snapshot that opens and belongs to this journal: the engine resumes with the tables it had,
takes the blocks written since, in their order (silences, fixes, clock), then the tables of today. The result
equals the uninterrupted run's, bit for bit, because a block holds every input of the engine and the worker
writes a snapshot whenever tables change, before the first block judged by them.

Without a snapshot: the journal alone. Replayed are the blocks written in the last `REPLAY` of the journal;
for measures with an alarm still open from before, also their own fixes since that episode began; for those
not heard in that time, the marks of their last block. Silences are then counted anew. Signals of a replay
are dropped: what they called for was committed with the very block.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.log import get_logger
from sifang.monitoring.engine.engine import Engine, StateMismatch
from sifang.monitoring.engine.tables import TablesMismatch
from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.block import NONCE, Inputs
from sifang.monitoring.intake.errors import KeyMissing, SnapshotUnusable
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.snapshot import Position, Snapshot, SnapshotFolder
from sifang.monitoring.intake.store import as_watch
from sifang.monitoring.intake.track import COLUMNS, opened_inputs
from sifang.monitoring.specs import Specs
from sifang.people.access import system

log = get_logger("watch")
REPLAY = timedelta(hours=1)
LONGEST = timedelta(days=2)
BEFORE_EPISODE = timedelta(minutes=15)
_AT_ONCE = 1000  # blocks read, and fixes of blocks stepped, together; the engine goes by fixes, not by blocks
_VERSION = 3  # place of measures_version in a row of id and COLUMNS

Fixes = NDArray[np.void]
Row = Sequence[Any]


@dataclass
class Restart:
    """Rebuilds `engine` and `admission` (with today's devices) from files and journal; used once."""

    engine: Engine
    admission: Admission
    keys: KeyStore
    specs: Specs
    blocks: "Blocks"
    position: Position = field(default_factory=Position)
    replayed: int = 0

    def run(
        self, snapshots: SnapshotFolder | None, now: datetime, open_since: dict[int, datetime] | None = None
    ) -> None:
        """Set `position` to the journal's last block and `replayed` to how many fixes were stepped.

        `open_since`: for each measure with an open alarm, when its earliest open episode began. Waits for
        the last transaction of a watch that is gone.
        """
        self.admission.forget_marks()  # of a start that did not come to its end
        self.engine.load((), ())
        with self.blocks.alone():
            snapshot = next(filter(self._resume, snapshots.usable()), None) if snapshots else None
            if snapshot is not None:
                self.position = snapshot.position
                rows = self.blocks.rows(after=snapshot.position.block)
                self._through(rows, version=snapshot.version)
                self.engine.load(self.specs.measures, self.specs.fences)
            else:
                self.engine.load(self.specs.measures, self.specs.fences)
                self._from_journal(now, open_since or {})
                self.engine.clock = (-1, -1)

    def _resume(self, snapshot: Snapshot) -> bool:
        """Begin from this snapshot, if it is one of this journal and this program."""
        position = snapshot.position
        if position.block and self.blocks.nonce_of(position.block) != position.nonce:
            log.warning("snapshot_of_another_journal", block=position.block)
            return False
        try:
            self.engine.resume(snapshot.tables, snapshot.state)
            self.admission.take_marks(snapshot.marks)
        except (StateMismatch, TablesMismatch, SnapshotUnusable, KeyError) as error:
            log.warning("snapshot_of_another_program", error=type(error).__name__)
            return False
        return True

    def _from_journal(self, now: datetime, open_since: dict[int, datetime]) -> None:
        last = self.blocks.last_written_at()
        start = min(now, last or now) - REPLAY
        older = {m: since for m, since in open_since.items() if since - BEFORE_EPISODE < start}
        if older:
            first = max(min(older.values()) - BEFORE_EPISODE, now - LONGEST)
            rows = self.blocks.rows(
                "written_at >= %s AND written_at < %s AND measures && %s::bigint[]",
                [first, start, list(older)],
            )
            self._through(rows, only=list(older))
        self._marks_of_old(start)
        self._through(self.blocks.rows("written_at >= %s", [start]))

    def _marks_of_old(self, start: datetime) -> None:
        """What a device not heard since `start` sent last: sent again, it must not count as new."""
        live = [spec.number for spec in self.specs.measures]
        for row in self.blocks.rows("id = ANY(%s)", [self.blocks.last_of(live, start)]):
            inputs = self._opened(row)
            if inputs is not None:
                self.admission.remember(inputs.fixes, inputs.device_keys)

    def _through(
        self,
        rows: Iterator[Row],
        *,
        version: int | None = None,
        only: Sequence[int] | None = None,
    ) -> None:
        """Give the engine what the blocks hold. `version`: of its tables; then silences and clock count."""
        part: list[tuple[Fixes, NDArray[np.uint64]]] = []
        for row in rows:
            self.position = Position(row[0], bytes(row[-1][:NONCE]), row[2])
            inputs = self._opened(row)
            if inputs is None:
                continue
            if version is not None and row[_VERSION] != version:
                part = self._step(part)  # a snapshot between is missing: today's tables are nearest
                version = row[_VERSION]
                self.engine.load(self.specs.measures, self.specs.fences)
            if version is not None and inputs.silences:
                part = self._step(part)
                for now_s, listening_s in inputs.silences:
                    self.engine.clock = (now_s, listening_s)
                    self.engine.silence(now_s)
            if version is not None and inputs.clock is not None:
                self.engine.clock = inputs.clock
            fixes, device_keys = inputs.fixes, inputs.device_keys
            if only is not None:
                kept = np.isin(fixes["measure"], only)
                fixes, device_keys = fixes[kept], device_keys[kept]
            part.append((fixes, device_keys))
            if len(part) >= _AT_ONCE:
                part = self._step(part)
        self._step(part)

    def _step(self, part: list[tuple[Fixes, NDArray[np.uint64]]]) -> list[tuple[Fixes, NDArray[np.uint64]]]:
        if part:
            fixes = np.concatenate([one for one, _ in part])
            self.admission.remember(fixes, np.concatenate([keys for _, keys in part]))
            self.engine.step(fixes)
            self.replayed += len(fixes)
        return []

    def _opened(self, row: Row) -> Inputs | None:
        """Return what a block holds; None when its hour was compacted and its key destroyed meanwhile."""
        try:
            return opened_inputs(row[1:], self.keys)
        except KeyMissing:
            log.warning("block_without_key", block=row[0], hour=row[2])
            return None


class Blocks:
    """The journal's rows, under the system purpose `watch`."""

    def __init__(self, using: str = "default") -> None:
        self._using = using

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Read in one transaction, when the last one of a watch that is gone has ended."""
        with system("watch", using=self._using, continues=True):
            with connections[self._using].cursor() as cursor:
                as_watch(cursor, alone=True)
            yield

    def nonce_of(self, block: int) -> bytes | None:
        """Return the nonce of this block, None when it is not there."""
        found = self._all(
            "SELECT substring(body FROM 1 FOR %s) FROM monitoring_journalblock WHERE id = %s", [NONCE, block]
        )
        return bytes(found[0][0]) if found else None

    def last_written_at(self) -> datetime | None:
        """Return when the last block was written."""
        when: datetime | None = self._all("SELECT max(written_at) FROM monitoring_journalblock", [])[0][0]
        return when

    def last_of(self, measures: Sequence[int], start: datetime) -> list[int]:
        """Return the last block of each of these measures that has none since `start`."""
        found = self._all(
            "SELECT array_agg(DISTINCT b.id) FROM unnest(%s::bigint[]) AS m(number)"
            " CROSS JOIN LATERAL (SELECT id FROM monitoring_journalblock"
            " WHERE measures @> ARRAY[m.number] AND written_at < %s ORDER BY id DESC LIMIT 1) b"
            " WHERE NOT EXISTS (SELECT 1 FROM monitoring_journalblock"
            " WHERE measures @> ARRAY[m.number] AND written_at >= %s)",
            [list(measures), start, start],
        )
        return found[0][0] or []

    def rows(self, condition: str = "TRUE", params: Sequence[Any] = (), after: int = 0) -> Iterator[Row]:
        """Yield id and COLUMNS of the blocks after `after` that meet a condition, by id."""
        last = after
        while True:  # by id within a fixed set of blocks: nobody else writes while the watch starts
            rows = self._all(
                f"SELECT id, {COLUMNS} FROM monitoring_journalblock"  # noqa: S608 (constants)
                f" WHERE {condition} AND id > %s ORDER BY id LIMIT %s",
                [*params, last, _AT_ONCE],
            )
            if not rows:
                return
            last = rows[-1][0]
            yield from rows

    def _all(self, query: str, params: Sequence[Any]) -> list[Any]:
        with connections[self._using].cursor() as cursor:
            cursor.execute(query, params)
            return list(cursor.fetchall())
