"""One transaction per tick: journal block, signals, alarms, notification. Raw SQL, no ORM.

The worker's connection runs under the system purpose `watch`, set inside each transaction; the run itself
left its read record at start. A commit whose answer was lost with the connection is *in doubt*: the next
attempt looks whether the block is there, so that no tick is written twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction
from numpy.typing import NDArray

from sifang.kernel.time import utc_now
from sifang.monitoring.intake.block import Header, encode, seal
from sifang.monitoring.intake.keystore import KeyStore, hour_of
from sifang.monitoring.intake.stages import SEAL, TRANSACTION

Fixes = NDArray[np.void]
Signals = NDArray[np.void]

INSERT_BLOCK = (
    "WITH block AS (INSERT INTO monitoring_journalblock (written_at, key_hour,"
    " measures_version, fixes, taken_from, taken_to, measures, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s::int[], %s) RETURNING id)"
    " SELECT id, pg_notify('sifang_fixes', id::text) FROM block"
)
STALE_VERSION = "SF001"  # SQLSTATE of the journal trigger's refusal
# the server's own trouble, no row's: connection, disk full or no memory, shutting down, input/output
NOT_NOW = ("08", "53", "57P", "58")


class StaleVersionError(Exception):
    """The block was built on another version of the measures: reload and try again."""


class DatabaseLostError(Exception):
    """No connection to the database: hold everything, acknowledge nothing, come back later."""


class AlarmDesk(Protocol):
    """Turns signals into rows inside the running transaction."""

    def record(self, fixes: Fixes, signals: Signals) -> None:
        """Store the signals and raise or end the alarms they call for."""

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


class Journal:
    """Writes ticks through the connection `using`; belongs to one thread."""

    def __init__(self, keys: KeyStore, desk: AlarmDesk, using: str = "default") -> None:
        self._keys = keys
        self._desk = desk
        self._using = using
        self._in_doubt: bytes | None = None

    def commit(self, fixes: Fixes, device_keys: NDArray[np.uint64], signals: Signals, version: int) -> Stored:
        """Store the fixes and what follows from them; returns after the commit.

        Raises StaleVersionError, DatabaseLostError, or the error of a row that cannot be stored; in all
        three cases nothing of this tick is in the database (a lost answer to COMMIT: see `settle`).
        """
        written_at = utc_now()
        hour = hour_of(written_at)
        measures = tuple(int(m) for m in np.unique(fixes["measure"]))
        header = Header(written_at, hour, version, len(fixes), measures)
        key = self._keys.key(hour)
        with SEAL:
            body = seal(encode(fixes, device_keys), key, header)
        taken = fixes["taken_s"]
        row = (
            written_at,
            hour,
            version,
            len(fixes),
            datetime.fromtimestamp(int(taken.min()), UTC),
            datetime.fromtimestamp(int(taken.max()), UTC),
            f"{{{','.join(map(str, measures))}}}",  # as PostgreSQL writes int[]: 0.4 ms less a tick
            body,
        )
        try:
            with TRANSACTION:
                block = self._transaction(row, fixes, signals)
        except BaseException:
            self._desk.rolled_back()
            raise
        self._desk.committed()
        return Stored(block, len(fixes))

    def settle(self) -> bool:
        """Whether the commit that lost its answer did happen; then the same tick is not written again."""
        if self._in_doubt is None:
            return False
        with database_errors(self._using), transaction.atomic(self._using):
            cursor = connections[self._using].cursor()
            as_watch(cursor)
            cursor.execute(
                "SELECT 1 FROM monitoring_journalblock WHERE id > (SELECT coalesce(max(id), 0) - 1000"
                " FROM monitoring_journalblock) AND body = %s",
                [self._in_doubt],
            )
            there = cursor.fetchone() is not None
            if there:
                self._desk.reload()
        self._in_doubt = None
        return there

    def _transaction(self, row: Sequence[Any], fixes: Fixes, signals: Signals) -> int:
        with database_errors(self._using):
            committing = False
            try:
                with transaction.atomic(self._using):
                    cursor = connections[self._using].cursor()
                    as_watch(cursor)
                    found = insert_block(self._using, row)
                    self._desk.record(fixes, signals)
                    committing = True
            except (OperationalError, InterfaceError):
                if committing:
                    self._in_doubt = bytes(row[-1])
                raise
        return int(found[0])


def insert_block(using: str, row: Sequence[Any]) -> Sequence[Any]:
    """Insert one block and notify; returns its row. Prepared, and the body as bytes instead of as text."""
    wrapper = connections[using]
    with wrapper.wrap_database_errors, psycopg.Cursor(wrapper.connection) as cursor:
        cursor.execute(INSERT_BLOCK, row, prepare=True)
        found: Sequence[Any] | None = cursor.fetchone()
    assert found is not None
    return found


def as_watch(cursor: Any, purpose: str = "watch") -> None:
    """Set the system purpose for the running transaction."""
    cursor.execute("SELECT set_config('sifang.system_purpose', %s, true)", [purpose])


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
        if broken or (isinstance(error, OperationalError) and (state is None or state.startswith(NOT_NOW))):
            connection.close()
            raise DatabaseLostError from error
