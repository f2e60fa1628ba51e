"""Reading positions back, from the journal's blocks and the chunks, for a purpose that was recorded before.

This module decides nothing about who may read: `monitoring.access` has checked and recorded the read and
set the context of the running transaction; row security lets the rows through; the keys are here.

One statement sees blocks and chunks in one snapshot, so a fix is in the one or in the other, never in both
or neither, while a compaction commits beside it. If the key of an hour is destroyed between that snapshot
and the opening of its block, the reading goes on in a new snapshot, from the second it had come to.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.config import need
from sifang.monitoring.intake import chunk
from sifang.monitoring.intake.block import Header, Inputs, decode, open_sealed
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.merge import AHEAD_S, BEFORE_S, same_once

Fixes = NDArray[np.void]
Keys = NDArray[np.uint64]
COLUMNS = "written_at, key_hour, measures_version, fixes, measures, body"
_AT_ONCE = 64  # rows opened together; a person's day is 24 chunks
_SHORT, _FEW = timedelta(hours=26), 4  # a person's day, whose measure may have been extended in it
_SNAPSHOTS = 8  # an hour is compacted at most every few minutes: more than this is no accident
_EARLIER, _LATER = timedelta(hours=1, seconds=AHEAD_S + 1), timedelta(seconds=BEFORE_S + 1)
_ROWS = """
SELECT id, taken_from, written_at, key_hour, measures_version, fixes, measures, body, NULL::bytea
  FROM monitoring_journalblock
 WHERE measures && %(wanted)s::bigint[] AND taken_to >= %(frm)s AND taken_from < %(to)s
UNION ALL
SELECT NULL, taken_from, hour, NULL, NULL, fixes, ARRAY[measure_number], body, sha256
  FROM monitoring_trackchunk
 WHERE measure_number = ANY (%(wanted)s::bigint[]) AND hour > %(earliest)s AND hour < %(latest)s
   AND taken_to >= %(frm)s AND taken_from < %(to)s
 ORDER BY 2
"""
_local = threading.local()


@dataclass(frozen=True)
class Source:
    """Where a fix is kept: a block of the journal (`block` is its id) or a chunk of `measure` and `hour`.

    `hour`: YYYYMMDDHH, the hour written, or of the chunk. `sha256`: of the chunk's plaintext; of a block's
    sealed body. The journal's chain of the hour in which a fix was received: `JournalHour.head`.
    """

    block: int | None
    measure: int | None
    hour: str
    sha256: bytes


@dataclass(frozen=True)
class Piece:
    """Fixes by time taken, with the device key (last 64 bits of the UUID) and the source of each."""

    fixes: Fixes
    device_keys: Keys
    source: NDArray[np.int32]
    sources: Sequence[Source]

    def part(self, which: NDArray[Any] | slice) -> "Piece":
        """Return the fixes chosen by a mask, an order or a slice."""
        return Piece(self.fixes[which], self.device_keys[which], self.source[which], self.sources)


def read_track(
    measure_numbers: Sequence[int], frm: datetime, to: datetime, *, using: str = "reader"
) -> Fixes:
    """Return the fixes of these measures taken from `frm` (inclusive) to `to` (exclusive), by time taken.

    Columns FIX, WGS-84; `device` is -1, `digest` 0. To be called inside the transaction whose context
    allows it. Raises KeyMissing where a key is gone without a destruction, BlockDamaged where a block or
    chunk is not what was written.
    """
    pieces = list(stream_track(measure_numbers, frm, to, using=using))
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate([np.zeros(0, FIX), *pieces])


def stream_track(
    measure_numbers: Sequence[int], frm: datetime, to: datetime, *, using: str = "reader"
) -> Iterator[Fixes]:
    """Yield what `read_track` returns, in pieces that follow each other in time; memory stays bounded."""
    for piece in stream_pieces(measure_numbers, frm, to, using=using):
        yield piece.fixes


def stream_pieces(
    measure_numbers: Sequence[int],
    frm: datetime,
    to: datetime,
    *,
    using: str = "reader",
    keys: KeyStore | None = None,
) -> Generator[Piece, None, None]:
    """Yield the same with device keys and sources, for the chain of an export. Each fix once."""
    store = keys or _own_keys()
    span = [int(frm.timestamp()), to.timestamp()]
    for left in reversed(range(_SNAPSHOTS)):
        try:
            yield from _in_one_snapshot(list(measure_numbers), span, using, store)
        except KeyMissing as gone:
            if not left or not _is_compacted(str(gone.data.get("hour", "")), using):
                raise
        else:
            return


def _in_one_snapshot(numbers: list[int], span: list[Any], using: str, store: KeyStore) -> Iterator[Piece]:
    """Yield pieces; `span[0]` moves to the second up to which everything was handed out."""
    frm, to = datetime.fromtimestamp(span[0], UTC), datetime.fromtimestamp(span[1], UTC)
    given = {"wanted": numbers, "frm": frm, "to": to, "earliest": frm - _EARLIER, "latest": to + _LATER}
    digests = store.named("digests")
    waiting: Piece | None = None
    for rows in _batches(given, using):
        found = _opened_rows(rows, store)
        taken = found.fixes["taken_s"]
        mine = (taken >= span[0]) & (taken < span[1])
        if len(numbers) > 1 or any(row[0] is not None for row in rows):
            mine &= np.isin(found.fixes["measure"], numbers)
        waiting = _joined(waiting, found if mine.all() else found.part(mine))
        if len(rows) < _AT_ONCE:
            break
        complete = int(rows[-1][1].timestamp())  # what comes later was taken later, or in this very second
        ready = waiting.part(waiting.fixes["taken_s"] < complete)
        waiting = waiting.part(waiting.fixes["taken_s"] >= complete)
        if len(ready.fixes):
            yield _in_order(ready, digests)
        span[0] = max(span[0], complete)
    if waiting is not None and len(waiting.fixes):
        yield _in_order(waiting, digests)


def _batches(given: dict[str, Any], using: str) -> Iterator[list[Sequence[Any]]]:
    if given["to"] - given["frm"] <= _SHORT and len(given["wanted"]) <= _FEW:
        rows = _at_once(given, using)
        for at in range(0, len(rows), _AT_ONCE):
            yield rows[at : at + _AT_ONCE]
        return
    with connections[using].chunked_cursor() as cursor:  # on the server: memory here stays bounded
        cursor.execute(_ROWS, given)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield rows
            if len(rows) < _AT_ONCE:
                return


def _at_once(given: dict[str, Any], using: str) -> list[Any]:
    """One question, one answer, prepared and binary: what an officer waits for."""
    connection = connections[using]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(_ROWS, given, prepare=True, binary=True).fetchall()


def _opened_rows(rows: list[Sequence[Any]], store: KeyStore) -> Piece:
    fixes, keys, sources, lengths = [np.zeros(0, FIX)], [np.zeros(0, np.uint64)], [], []
    plains: list[bytes] = []
    key_of: dict[int, bytes | None] = {}
    for block, _, *row, sha256 in rows:
        if block is None:
            at, _, _, count, (measure,), body = row
            if measure not in key_of:  # destroyed: gone by law; the row goes with the next retention run
                gone = store.is_destroyed(f"m{measure}")
                key_of[measure] = None if gone else store.load_measure(measure)
            key = key_of[measure]
            if key is None:
                continue
            label = chunk.Label(measure, at, count, bytes(sha256))
            plains.append(chunk.open_sealed(bytes(body), key, label))
            sources.append(Source(None, measure, _name_of(at), bytes(sha256)))
            lengths.append(count)
    if plains:
        some, their_keys = chunk.decode_all(plains)
        fixes.append(some)
        keys.append(their_keys)
    for block, _, *row, _ in rows:
        if block is not None:
            some, their_keys = opened(row, store)
            fixes.append(some)
            keys.append(their_keys)
            sources.append(Source(block, None, row[1], chunk.sha256_of(bytes(row[-1]))))
            lengths.append(len(some))
    source = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    return Piece(_one(fixes), _one(keys), source, sources)


def _one(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[1] if len(parts) == 2 else np.concatenate(parts)  # noqa: PLR2004 (nothing, and one)


def _joined(one: Piece | None, other: Piece) -> Piece:
    if one is None or not len(one.fixes):
        return other
    used, source = np.unique(one.source, return_inverse=True)  # sources of what waits, no others
    sources = [one.sources[i] for i in used]
    return Piece(
        np.concatenate([one.fixes, other.fixes]),
        np.concatenate([one.device_keys, other.device_keys]),
        np.concatenate([source.astype(np.int32), other.source + np.int32(len(sources))]),
        [*sources, *other.sources],
    )


def _in_order(piece: Piece, digest_key: bytes) -> Piece:
    taken = piece.fixes["taken_s"]
    if np.any(taken[1:] < taken[:-1]):
        piece = piece.part(np.lexsort((piece.fixes["received_s"], taken)))
        taken = piece.fixes["taken_s"]
    if np.any(taken[1:] == taken[:-1]):
        kept = same_once(piece.fixes, piece.device_keys, digest_key).kept
        if not kept.all():
            piece = piece.part(kept)
        piece.fixes["digest"] = 0
    return piece


def opened(row: Sequence[Any], keys: KeyStore) -> tuple[Fixes, Keys]:
    """Return fixes and device keys of one row of COLUMNS. Raises KeyMissing, BlockDamaged."""
    inputs = opened_inputs(row, keys)
    return inputs.fixes, inputs.device_keys


def opened_inputs(row: Sequence[Any], keys: KeyStore) -> Inputs:
    """Return all that one row of COLUMNS holds. Raises KeyMissing, BlockDamaged."""
    written_at, hour, version, count, measures, body = row
    header = Header(written_at.astimezone(UTC), hour, version, count, tuple(measures))
    return decode(open_sealed(bytes(body), keys.load(hour), header))


def _is_compacted(hour: str, using: str) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT 1 FROM monitoring_journalhour WHERE hour = %s AND state = 'compacted'", [hour])
        return cursor.fetchone() is not None


def _name_of(hour: datetime) -> str:
    return hour.astimezone(UTC).strftime("%Y%m%d%H")


def _own_keys() -> KeyStore:
    """The key store of this thread; opening one looks through the whole folder."""
    config = need(IntakeConfig)
    if getattr(_local, "config", None) != config:
        _local.config, _local.keys = config, KeyStore(config.keys)
    found: KeyStore = _local.keys
    return found
