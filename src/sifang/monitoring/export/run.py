"""A track going out as a file: piece by piece from one transaction of alias `reader`, closed in any case.

Who may and what is recorded before is `access_export`'s business; `Run` asks for the power again on the way.
PostgreSQL reads the fixes in one snapshot; no REPEATABLE READ, for the reader of tracks must be able to take
a new one when an hour is compacted and its key destroyed beside it (docs/adr/0009). Whole memory: a piece.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

import structlog
from django.db import Error, connections, transaction

from sifang.kernel.config import need
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.ledger.services import record
from sifang.monitoring import powers
from sifang.monitoring.errors import ExportsBusy, ExportStopped, TrackErased
from sifang.monitoring.export.chain import Seen, end_words
from sifang.monitoring.export.check import SEALED
from sifang.monitoring.export.forms import FORMS
from sifang.monitoring.export.rows import rows_of
from sifang.monitoring.export.tape import CHAIN, END, FIX, NAMES, SEAL, Digest, last_check
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import stream_pieces
from sifang.monitoring.models import TrackExport, TrackExportEnd
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer, Person

AT_ONCE = 3  # a process; each holds a connection of the reader
LONGEST_RUN_S = 900.0
CHECK_S = 2.0  # how often officer and session are looked at again
STALLED_S = 60  # a client that takes nothing so long: PostgreSQL ends the transaction
ROWS = 256  # fixes in a piece of bytes

log = structlog.get_logger()
_running: "set[Run]" = set()


def need_slot() -> None:
    """Raises ExportsBusy when so many files go out of this process already."""
    if len(_running) >= AT_ONCE:
        raise ExportsBusy


@dataclass(eq=False)
class Run:
    """One file going out: to be run by one thread from beginning to end, and closed there."""

    officer: Officer
    person: Person
    export: TrackExport
    numbers: list[int]  # of the measures
    words: list[tuple[str, str]]  # of the chain
    still: Callable[[], bool]  # whether the sign-in stands

    def __post_init__(self) -> None:
        self.purpose = Purpose(self.export.purpose)
        self.form, self.digest, self.seen = FORMS[self.export.form](), Digest(), Seen()
        self.keys = KeyStore(need(IntakeConfig).keys)
        self.began = self.checked = 0.0

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield the file. Whatever happens, its end is written down and no transaction stays open."""
        need_slot()
        _running.add(self)
        is_whole = False
        try:
            yield from self._content()
            entry = self._ended("complete")
            is_whole = True
            yield self._seal(entry).encode()
        finally:
            _running.discard(self)
            if not is_whole:
                self._broken()

    def _content(self) -> Iterator[bytes]:
        self.began = time.monotonic()
        destroyed = {n for n in self.numbers if self.keys.is_destroyed(f"m{n}")}
        with transaction.atomic(using="reader"), acting(self.officer, self.purpose, using="reader"):
            with connections["reader"].cursor() as cursor:
                cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{STALLED_S}s'")
            yield (self.form.head() + "".join(self._line(CHAIN, pair) for pair in self.words)).encode()
            yield from self._fixes()
            if destroyed != {n for n in self.numbers if self.keys.is_destroyed(f"m{n}")}:
                raise TrackErased  # while it went out: what came is not the whole
            words = [*self._erased(destroyed), *end_words(self.export, self.seen, utc_now())]
        yield "".join(self._line(END, pair) for pair in words).encode()

    def _fixes(self) -> Iterator[bytes]:
        secret = self.keys.named("digests")
        with closing(
            stream_pieces(self.numbers, self.export.span_from, self.export.span_to, keys=self.keys)
        ) as pieces:
            for piece in pieces:
                self.seen.kept_in(piece.sources[n] for n in set(piece.source.tolist()))
                for start in range(0, len(piece.fixes), ROWS):
                    self._need_still()
                    rows = rows_of(piece.part(slice(start, start + ROWS)), secret)
                    yield "".join(self._row(row) for row in rows).encode()

    def _row(self, row: list[str]) -> str:
        self.seen.take(dict(zip(NAMES, row, strict=True)))
        return self._line(FIX, row)

    def _line(self, kind: str, values: tuple[str, str] | list[str]) -> str:
        if kind != SEAL:
            self.digest.add(kind, list(values))
        return self.form.line(kind, list(values))

    @staticmethod
    def _erased(destroyed: set[int]) -> list[tuple[str, str]]:
        return [(f"措施编号 {n}", "轨迹已依法删除，不在本文件内") for n in sorted(destroyed)]

    def _need_still(self) -> None:
        """Raises ExportStopped when the sign-in or the power has ended, or it takes too long."""
        now = time.monotonic()
        if now - self.checked < CHECK_S:
            return
        self.checked = now
        try:
            with acting(self.officer, self.purpose):
                is_seen = Person.objects.filter(id=self.person.id).exists()
                powers.need_exporter(self.officer, self.person)
        except (NotFound, BeyondPower):
            raise ExportStopped from None
        if not is_seen or not self.still() or now - self.began > LONGEST_RUN_S:
            raise ExportStopped

    def _seal(self, entry: LedgerPending) -> str:
        closing_entry = [str(entry.id), bytes(entry.commitment).hex()]
        values = [self.digest.content, self.digest.rows, *closing_entry]
        values.append(last_check(self.digest.content, closing_entry))
        lines = (self._line(SEAL, pair) for pair in zip(SEALED, values, strict=True))
        return "".join(lines) + self.form.foot()

    def _ended(self, state: str) -> LedgerPending:
        """Write down what left. Not as the officer, who may have lost the power meanwhile."""
        with transaction.atomic():
            facts = {"export": str(self.export.id), "state": state, "fixes": self.digest.count}
            digests = {"sha256": self.digest.content, "rows_sha256": self.digest.rows}
            entry = record("track_export_ended", facts | digests)
            TrackExportEnd.objects.create(
                export_id=self.export.id, state=state, fixes=self.digest.count,
                sha256=self.digest.content, ledger_id=entry.id,
            )  # fmt: skip
        return entry

    def _broken(self) -> None:
        try:
            self._ended("broken")
        except Error:  # the database itself may be what broke
            log.exception("export_end_not_recorded", export=str(self.export.id))
