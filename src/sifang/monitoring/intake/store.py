"""One transaction per tick: journal block, signals, alarms, notification. Raw SQL, no ORM.

The worker's connection runs under the system purpose `watch`, set inside each transaction; the run itself
left its read record at start. A commit whose answer was lost with the connection is *in doubt*: the next
attempt looks whether the block is there, so that no tick is written twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from sifang.kernel.time import utc_now
from sifang.monitoring.engine.specs import SIGNAL
from sifang.monitoring.intake.block import NEVER, NONCE, Header, encode, seal
from sifang.monitoring.intake.columns import FIX, numbers_in
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore, hour_of
from sifang.monitoring.intake.snapshot import Position
from sifang.monitoring.intake.stages import SEAL, TRANSACTION

# A session whose client is gone may sit in its transaction for hours, or have the statement still unread: it
# is ended, whatever it does, and waited for. What it has committed by then is there, and nothing comes after.
_END_SESSION = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE pid = %s AND pid <> pg_backend_pid() AND usename = current_user AND datname = current_database()
"""
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
Fixes = NDArray[np.void]
Signals = NDArray[np.void]

WRITE_BLOCK = "SELECT monitoring_write_block(%s, %s, %s, %s, %s, %s, %s, %s)"  # migrations 0016, 0018
# advisory lock, also in WRITE_BLOCK: shared by each tick, alone by who must know that none is running
WRITING = 0x51FA_06_02
# no row's fault: connection, disk or memory full, shutting down, i/o error, a standby, another still writing
OUT_OF_ORDER = ("08", "53", "57P", "58", "25006", "55P03")
STALE_VERSION = "SF001"  # SQLSTATE of the journal trigger's refusal


class StaleVersionError(Exception):
    """The block was built on another version of the measures: reload and try again."""


class DatabaseLostError(Exception):
    """No connection to the database: hold everything, acknowledge nothing, come back later."""


class AlarmDesk(Protocol):
    """Turns signals into rows inside the running transaction."""

    def record(self, fixes: Fixes, signals: Signals) -> None:
        """Store the signals and raise or end the alarms they call for."""

    def is_idle(self, fixes: Fixes, signals: Signals) -> bool:
        """Whether `record` would write nothing for this tick."""

    def silence(self, signals: Signals) -> None:
        """Store silences that begin."""

    def committed(self) -> None:
        """The transaction of the last `record` has committed."""

    def rolled_back(self) -> None:
        """The transaction of the last `record` has not."""

    def reload(self) -> object:
        """Read from the database which alarms are open (start; a commit that was in doubt)."""


@dataclass(frozen=True)
class Stored:
    """What became of a tick."""

    block: int
    fixes: int


@dataclass(frozen=True)
class Silence:
    """A call of `Engine.silence` that began silences: an input of the engine, waiting for its block."""

    now_s: int
    listening_s: int
    signals: Signals


@dataclass(frozen=True)
class _Doubt:
    """A commit that lost its answer: what it wrote, how many silences, in which session of the server."""

    position: Position
    silences: int
    session: int


class Journal:
    """Writes ticks through the connection `using`; belongs to one thread.

    A block carries what the engine was given since the block before: `silences` first, then the fixes.
    `clock` gives the engine's clock. `position` is the last block known to be in the journal.
    """

    def __init__(
        self,
        keys: KeyStore,
        desk: AlarmDesk,
        using: str = "default",
        clock: Callable[[], tuple[int, int]] = lambda: NEVER,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._keys = keys
        self._desk = desk
        self._using = using
        self._clock, self._now = clock, now
        self._in_doubt: _Doubt | None = None
        self.silences: list[Silence] = []
        self.position = Position()

    def commit(self, fixes: Fixes, device_keys: NDArray[np.uint64], signals: Signals, version: int) -> Stored:
        """Store the fixes and what follows from them; returns after the commit.

        Raises StaleVersionError, DatabaseLostError, or the error of a row that cannot be stored; in all
        three cases nothing of this tick is in the database (a lost answer to COMMIT: see `settle`).
        """
        written_at = self._now()
        hour = hour_of(written_at)
        measures = numbers_in(fixes["measure"])
        header = Header(written_at, hour, version, len(fixes), tuple(measures.tolist()))
        calls = [(one.now_s, one.listening_s) for one in self.silences]
        try:
            key = self._keys.key(hour)
        except (OSError, KeyMissing) as error:  # no room for a new key, or an hour long gone (a clock set
            # back): nobody's fault, everybody waits
            raise DatabaseLostError from error
        with SEAL:
            body = seal(encode(fixes, device_keys, calls, self._clock()), key, header)
        taken = fixes["taken_s"] if len(fixes) else np.array([now for now, _ in calls])
        first, last = int(taken.min()), int(taken.max())
        row = (
            written_at,
            hour,
            version,
            len(fixes),
            datetime.fromtimestamp(first, UTC),
            datetime.fromtimestamp(last, UTC),
            measures,
            body,
        )
        try:
            with TRANSACTION:
                block = self._transaction(row, fixes, signals)
        except BaseException:
            self._desk.rolled_back()
            raise
        self._desk.committed()
        self.silences.clear()
        self.position = Position(block, body[:NONCE], hour)
        return Stored(block, len(fixes))

    def commit_silences(self, version: int) -> None:
        """Store the silences that wait, in a block without fixes. Raises like `commit`."""
        if self.silences:
            self.commit(np.zeros(0, FIX), np.zeros(0, np.uint64), np.zeros(0, SIGNAL), version)

    def settle(self) -> bool | None:
        """Whether the commit that lost its answer did happen, None when none is in doubt.

        Raises DatabaseLostError; then it stays in doubt. Nothing may be written before this is known.
        """
        if self._in_doubt is None:
            return None
        doubt, position = self._in_doubt, self._in_doubt.position
        with database_errors(self._using), transaction.atomic(self._using):
            cursor = connections[self._using].cursor()
            cursor.execute(_END_SESSION, [doubt.session])
            as_watch(cursor, alone=True)  # after whatever the server still does with it
            cursor.execute(
                "SELECT id FROM monitoring_journalblock WHERE id > (SELECT coalesce(max(id), 0) - 1000"
                " FROM monitoring_journalblock) AND substring(body FROM 1 FOR %s) = %s",
                [NONCE, position.nonce],
            )
            found = cursor.fetchone()
            if found is not None:
                self._desk.reload()
        self._in_doubt = None
        if found is not None:
            del self.silences[: doubt.silences]
            self.position = Position(int(found[0]), position.nonce, position.hour)
        return found is not None

    @property
    def in_doubt(self) -> bool:
        """A commit has lost its answer."""
        return self._in_doubt is not None

    def _transaction(self, row: Sequence[Any], fixes: Fixes, signals: Signals) -> int:
        """Write the block and what follows from it; a tick that nothing follows from is one round trip."""
        with database_errors(self._using):
            if not self.silences and self._desk.is_idle(fixes, signals):
                return self._alone(row)
            committing, session = False, 0
            try:
                with transaction.atomic(self._using):
                    block = insert_block(self._using, row)
                    session = connections[self._using].connection.info.backend_pid
                    for silence in self.silences:
                        self._desk.silence(silence.signals)
                    self._desk.record(fixes, signals)
                    committing = True
            except (OperationalError, InterfaceError):
                if committing:
                    self._doubtful(row, session)
                raise
        return block

    def _alone(self, row: Sequence[Any]) -> int:
        """Write the block as a transaction of one statement."""
        connections[self._using].ensure_connection()
        session = connections[self._using].connection.info.backend_pid
        try:
            return insert_block(self._using, row)
        except (OperationalError, InterfaceError) as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state is None or connections[self._using].connection.broken:  # no answer: perhaps committed
                self._doubtful(row, session)
            raise

    def _doubtful(self, row: Sequence[Any], session: int) -> None:
        position = Position(0, bytes(row[-1][:NONCE]), row[1])
        self._in_doubt = _Doubt(position, len(self.silences), session)


def insert_block(using: str, row: Sequence[Any]) -> int:
    """Insert one block under the purpose `watch` and notify; returns its id. Prepared, the body as bytes."""
    *before, measures, body = row
    wrapper = connections[using]
    wrapper.ensure_connection()
    with wrapper.wrap_database_errors, psycopg.Cursor(wrapper.connection) as cursor:
        cursor.adapters.register_dumper(NumberArray, _NumberArrayDumper)
        found = cursor.execute(WRITE_BLOCK, [*before, _int_array(measures), body], prepare=True).fetchone()
    assert found is not None
    return int(found[0])


class NumberArray(bytes):
    """A bigint[] as PostgreSQL sends it itself: neither side writes and reads hundreds of numbers as text."""


class _NumberArrayDumper(Dumper):
    format, oid = Format.BINARY, psycopg.adapters.types["int8"].array_oid

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


def _int_array(numbers: NDArray[np.int64]) -> NumberArray:
    elements = np.empty(len(numbers), _ELEMENT)
    elements["size"], elements["value"] = 8, numbers
    int8 = psycopg.adapters.types["int8"].oid
    head = [1, 0, int8, len(numbers), 1] if len(numbers) else [0, 0, int8]
    return NumberArray(np.array(head, ">i4").tobytes() + elements.tobytes())


def as_watch(cursor: Any, *, alone: bool = False) -> None:
    """Set the system purpose for the running transaction.

    Each tick's transaction holds a shared advisory lock; with `alone` this one waits until no other holds
    it: a commit of a connection (or watch) that is gone has then happened, or never will.
    """
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    if alone:
        cursor.execute("SET LOCAL lock_timeout = '10s'")
    cursor.execute(f"SELECT set_config('sifang.system_purpose', 'watch', true), {lock}({WRITING})")


class database_errors:  # noqa: N801 (reads as a context manager)
    """Translate what psycopg says into the three things a tick distinguishes."""

    def __init__(self, using: str) -> None:
        self._using = using

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if not isinstance(error, DatabaseError | InterfaceError):
            return
        state = getattr(error.__cause__, "sqlstate", None)
        if state == STALE_VERSION:
            raise StaleVersionError from error
        connection = connections[self._using]
        broken = connection.connection is None or connection.connection.broken
        nameless = isinstance(error, OperationalError) and state is None
        if broken or nameless or (state or "").startswith(OUT_OF_ORDER):
            connection.close()
            raise DatabaseLostError from error
