"""Finished hours of the journal become chunks by measure; then the key of the hour is destroyed.

One transaction an hour: open every block, put its fixes into the chunks of their measures (merging what is
there), read the chunks back and compare them fix by fix with what the blocks held, delete the blocks, write
down the hash chain of the sealed blocks. Before its commit the journal is what counts, after it the chunks;
nobody ever sees both or neither. The key goes after the commit, and after every tick that was in its
transaction then; what was interrupted in between is picked up by the next run. An hour that cannot be opened
is set aside with a technical incident; the others go on.

Runs as role jobs under the system purpose `compact`, one read record a run. Nothing here waits for the watch
or lets it wait: it writes new rows only, deleted are rows that are hours old.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.config import need
from sifang.kernel.log import get_logger
from sifang.ledger.services import record
from sifang.monitoring.intake.chunkstore import Chunked, ChunkStore
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import BlockDamaged, ChunksDiffer, KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.store import WRITING
from sifang.monitoring.intake.track import COLUMNS, opened
from sifang.monitoring.models import Incident
from sifang.people.access import system
from sifang.people.purposes import SystemPurpose

log = get_logger("jobs")
LAG = timedelta(hours=2)  # after the end of an hour; what restarts and late devices need stays in the journal
AGAIN = timedelta(hours=6)  # an hour that failed is tried again after this
PATIENCE_S = 3.0  # so long a tick in its transaction is waited for
_AT_ONCE = 500
_MOST_IN_MEMORY = 2_000_000  # fixes of one slice of measures, about 150 MB
_LOCK = 0x51FA_0003  # one compaction at a time, whoever starts it
_HOUR = timedelta(hours=1)
_CONFLICTS = "sifang.monitoring.services.conflicts"

Fixes = NDArray[np.void]
Keys = NDArray[np.uint64]


@dataclass
class HourDone:
    """What became of an hour: fixes = stored + absorbed + dropped."""

    hour: str
    blocks: int = 0
    fixes: int = 0
    stored: int = 0
    absorbed: int = 0
    dropped: int = 0
    chunks: int = 0
    conflicts: list[tuple[int, int]] = field(default_factory=list)


def compact_due(
    now: datetime,
    *,
    using: str = "default",
    keys: KeyStore | None = None,
    lag: timedelta = LAG,
    step: Callable[[str], None] = lambda _name: None,
) -> list[HourDone]:
    """Compact every hour that is due at `now` (aware), destroy the keys of compacted hours; return them.

    `step` is told each step before it is taken (the tests stop there).
    """
    run = _Run(using, keys or KeyStore(need(IntakeConfig).keys), now, step)
    done: list[HourDone] = []
    for hour in run.due(lag):
        try:
            found = run.compact(hour)
        except (KeyMissing, BlockDamaged, ChunksDiffer) as error:
            run.fail(hour, str(error))
            continue
        if found is None:
            return done
        done.append(found)
        run.destroy_keys()
    run.destroy_keys()
    return done


class _Run:
    """One run of the job: its first transaction leaves the read record, the others continue it."""

    def __init__(self, using: str, keys: KeyStore, now: datetime, step: Callable[[str], None]) -> None:
        self._using, self._keys, self._now, self._step = using, keys, now, step
        self._recorded = False

    def due(self, lag: timedelta) -> list[str]:
        """Return the finished hours that still have blocks, oldest first.

        Counted back from the newest block, if that is older than the clock: what a watch that is down will
        need at its start stays in the journal.
        """
        hours: list[str] = []
        with system(SystemPurpose.COMPACT, using=self._using, continues=True), self._cursor() as cursor:
            cursor.execute("SELECT max(written_at) FROM monitoring_journalblock")
            (newest,) = cursor.fetchone()
            if newest is None:
                return []
            before = min(self._now, newest) - lag
            after = datetime(1970, 1, 1, tzinfo=UTC)
            while True:
                cursor.execute(
                    "SELECT written_at FROM monitoring_journalblock"
                    " WHERE written_at >= %s AND written_at < %s ORDER BY written_at LIMIT 1",
                    [after, before],
                )
                row = cursor.fetchone()
                if row is None:
                    break
                start = row[0].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
                after = start + _HOUR
                if after <= before:
                    hours.append(_name(start))
            cursor.execute(
                "SELECT hour FROM monitoring_journalhour WHERE state = 'failed' AND tried_at > %s",
                [self._now - AGAIN],
            )
            resting = {hour for (hour,) in cursor.fetchall()}
        return [hour for hour in hours if hour not in resting]

    def compact(self, hour: str) -> HourDone | None:
        """Compact one hour in one transaction; None when another run is at it."""
        with self._as_compact():
            with self._cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
                if not cursor.fetchone()[0]:
                    return None
            done, head, ids = self._chunks_of(hour)
            if not ids:
                return None
            self._step("delete")
            self._delete(ids)
            self._write_down(done, head, ids)
            self._note(done.conflicts)
            self._step("commit")
        log.info("hour_compacted", hour=hour, blocks=done.blocks, fixes=done.fixes, stored=done.stored)
        return done

    def _chunks_of(self, hour: str) -> tuple[HourDone, bytes, list[int]]:
        start = _start(hour)
        with self._cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(fixes), 0) FROM monitoring_journalblock"
                " WHERE written_at >= %s AND written_at < %s",
                [start, start + _HOUR],
            )
            slices = 1 + int(cursor.fetchone()[0]) // _MOST_IN_MEMORY
        done, ids, head = HourDone(hour), [], self._head_before(hour)
        store = ChunkStore(self._using, self._keys, int(start.timestamp()))
        for part in range(slices):
            self._step("open")
            fixes_of, keys_of = [np.zeros(0, FIX)], [np.zeros(0, np.uint64)]
            for block, sealed, row in self._blocks(start):
                if row[1] != hour:
                    raise BlockDamaged
                fixes, device_keys = opened(row, self._keys)
                if part == 0:
                    ids.append(block)
                    done.fixes += len(fixes)
                    head = chained(head, block, sealed)
                if slices > 1:
                    mine = fixes["measure"] % slices == part
                    fixes, device_keys = fixes[mine], device_keys[mine]
                fixes_of.append(fixes)
                keys_of.append(device_keys)
            self._step("store")
            _add(done, store.take(np.concatenate(fixes_of), np.concatenate(keys_of)))
            self._step("verified")
        done.blocks = len(ids)
        if done.fixes != done.stored + done.absorbed + done.dropped:
            raise ChunksDiffer(hour=hour)
        return done, head, ids

    def _blocks(self, start: datetime) -> Iterator[tuple[int, bytes, Sequence[Any]]]:
        with connections[self._using].chunked_cursor() as cursor:
            cursor.execute(
                f"SELECT id, {COLUMNS} FROM monitoring_journalblock"  # noqa: S608 (constants)
                " WHERE written_at >= %s AND written_at < %s ORDER BY id",
                [start, start + _HOUR],
            )
            while rows := cursor.fetchmany(_AT_ONCE):
                for block, *row in rows:
                    yield block, bytes(row[-1]), row

    def _head_before(self, hour: str) -> bytes:
        """The chain goes on where an hour that was compacted already got more blocks (a clock set back)."""
        with self._cursor() as cursor:
            cursor.execute("SELECT head FROM monitoring_journalhour WHERE hour = %s", [hour])
            row = cursor.fetchone()
        return bytes(row[0]) if row and row[0] is not None else first_head(hour)

    def _delete(self, ids: list[int]) -> None:
        gone = 0
        with self._cursor() as cursor:
            for at in range(0, len(ids), 10_000):
                cursor.execute(
                    "DELETE FROM monitoring_journalblock WHERE id = ANY (%s)", [ids[at : at + 10_000]]
                )
                gone += cursor.rowcount
        if gone != len(ids):
            raise ChunksDiffer(hour="")

    def _write_down(self, done: HourDone, head: bytes, ids: list[int]) -> None:
        self._step("write_down")
        counts = [done.blocks, done.fixes, done.stored, done.absorbed, done.dropped, done.chunks]
        with self._cursor() as cursor:
            cursor.execute(
                "INSERT INTO monitoring_journalhour AS h (hour, state, reason, first_block, last_block,"
                " blocks, fixes, stored, absorbed, dropped, chunks, head, tried_at, compacted_at)"
                " VALUES (%s, 'compacted', '', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (hour) DO UPDATE SET state = 'compacted', reason = '',"
                " first_block = coalesce(h.first_block, excluded.first_block),"
                " last_block = excluded.last_block, blocks = h.blocks + excluded.blocks,"
                " fixes = h.fixes + excluded.fixes, stored = h.stored + excluded.stored,"
                " absorbed = h.absorbed + excluded.absorbed, dropped = h.dropped + excluded.dropped,"
                " chunks = h.chunks + excluded.chunks, head = excluded.head,"
                " tried_at = excluded.tried_at, compacted_at = excluded.compacted_at",
                [done.hour, ids[0], ids[-1], *counts, head, self._now, self._now],
            )
        facts = {"hour": done.hour, "blocks": done.blocks, "fixes": done.fixes, "head": head.hex()}
        record("journal_hour_compacted", facts, using=self._using)

    def destroy_keys(self) -> None:
        """Destroy the keys of compacted hours that have no block left, and write it down."""
        with system(SystemPurpose.COMPACT, using=self._using, continues=True), self._cursor() as cursor:
            cursor.execute(
                "SELECT hour FROM monitoring_journalhour"
                " WHERE state = 'compacted' AND key_destroyed_at IS NULL ORDER BY hour"
            )
            hours = [hour for (hour,) in cursor.fetchall()]
        if not hours or not self._nobody_writes():
            return
        with system(SystemPurpose.COMPACT, using=self._using, continues=True):
            hours = [hour for hour in hours if not self._has_blocks(hour)]
        for hour in hours:
            self._step("destroy")
            self._keys.destroy(hour)
            self._step("destroyed")
            with system(SystemPurpose.COMPACT, using=self._using, continues=True), self._cursor() as cursor:
                cursor.execute(
                    "UPDATE monitoring_journalhour SET key_destroyed_at = %s"
                    " WHERE hour = %s AND key_destroyed_at IS NULL",
                    [self._now, hour],
                )
                record("journal_key_destroyed", {"hour": hour}, using=self._using)

    def _nobody_writes(self) -> bool:
        """Whether every tick begun before now has ended: then a late block of a compacted hour is seen.

        Ticks begun later are refused such an hour by the function that writes them. One that hangs keeps
        the keys for the next run; the watch waits for nothing here but one statement.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with (
                system(SystemPurpose.COMPACT, using=self._using, continues=True),
                self._cursor() as cursor,
            ):
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [WRITING])
                if cursor.fetchone()[0]:
                    return True
            if time.monotonic() > deadline:
                log.warning("keys_wait_for_a_tick")
                return False
            time.sleep(0.01)

    def _has_blocks(self, hour: str) -> bool:
        with self._cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM monitoring_journalblock"
                " WHERE written_at >= %s AND written_at < %s)",
                [_start(hour), _start(hour) + _HOUR],
            )
            return bool(cursor.fetchone()[0])

    def fail(self, hour: str, reason: str) -> None:
        """Set an hour aside; a human sees a technical incident, once."""
        log.error("hour_not_compacted", hour=hour, reason=reason)
        with self._as_compact(), self._cursor() as cursor:
            cursor.execute("SELECT state FROM monitoring_journalhour WHERE hour = %s", [hour])
            known = cursor.fetchone()
            if known is None:
                cursor.execute(
                    "INSERT INTO monitoring_journalhour"
                    " (hour, state, reason, blocks, fixes, stored, absorbed, dropped, chunks, tried_at)"
                    " VALUES (%s, 'failed', %s, 0, 0, 0, 0, 0, 0, %s)",
                    [hour, reason[:200], self._now],
                )
            elif known[0] == "failed":
                cursor.execute(
                    "UPDATE monitoring_journalhour SET reason = %s, tried_at = %s WHERE hour = %s",
                    [reason[:200], self._now, hour],
                )
            if known is None or known[0] != "failed":
                self._tell(hour, reason)

    def _tell(self, hour: str, reason: str) -> None:
        incident = Incident.objects.using(self._using).create(
            kind="server", summary=f"{hour} 时的轨迹日志不能压缩，已保留：{reason}"[:200], began_at=self._now
        )
        record(
            "incident_opened",
            {"incident": str(incident.id), "kind": "server", "devices": 0},
            using=self._using,
        )

    def _note(self, conflicts: list[tuple[int, int]]) -> None:
        """Two contents for one second of a device: a question to a person."""
        if conflicts:
            note_conflicts(conflicts, self._using)

    def _as_compact(self) -> Any:
        continues, self._recorded = self._recorded, True
        return system(SystemPurpose.COMPACT, using=self._using, continues=continues)

    def _cursor(self) -> Any:
        return connections[self._using].cursor()


def first_head(hour: str) -> bytes:
    """Return where the chain of an hour begins."""
    return hashlib.sha256(f"sifang.journal.chain.1|{hour}".encode()).digest()


def chained(head: bytes, block: int, sealed: bytes) -> bytes:
    """Return the head after one more sealed block."""
    return hashlib.sha256(head + block.to_bytes(8, "big") + hashlib.sha256(sealed).digest()).digest()


def note_conflicts(pairs: list[tuple[int, int]], using: str) -> None:
    """Ask about the devices of which two contents for one second are stored, in the running transaction."""
    from sifang.monitoring.models import Device

    keys = Device.objects.using(using).values_list("id", flat=True)
    ids = {device.int & (2**64 - 1): device for device in keys}
    found = [(ids[key], datetime.fromtimestamp(at, UTC)) for key, at in pairs if key in ids]
    if find_spec(_CONFLICTS) is None:
        log.warning("conflicts_not_noted", count=len(found))
        return
    with system(SystemPurpose.COMPARE, using=using, continues=True):
        import_module(_CONFLICTS).note_conflicts(found)


def _add(done: HourDone, found: Chunked) -> None:
    done.stored += found.stored
    done.absorbed += found.absorbed
    done.dropped += found.dropped
    done.chunks += found.chunks
    done.conflicts += found.conflicts


def _start(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=UTC)


def _name(start: datetime) -> str:
    return start.strftime("%Y%m%d%H")
