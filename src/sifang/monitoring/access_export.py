"""One person's track as a file for a court or procuratorate: refused or recorded first, then handed out.

The read record, the export and its ledger row are committed before the first byte exists; `export.run` makes
the bytes and writes down how it ended. One person a call, few persons a day: there is no export of everybody.
"""

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from sifang.kernel.config import need
from sifang.kernel.errors import BadInput, NotFound
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.ledger.services import record
from sifang.monitoring import powers
from sifang.monitoring.errors import (
    ExportIncomplete,
    ExportSpanTooLong,
    NothingInSpan,
    TooManyExports,
    TrackErased,
)
from sifang.monitoring.export.chain import chain_words, measures_with_devices
from sifang.monitoring.export.forms import FORMS
from sifang.monitoring.export.run import Run, need_slot
from sifang.monitoring.export.tape import plain
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import stream_pieces
from sifang.monitoring.models import Measure, TrackExport
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Officer, Person, Role, active_roles

LONGEST_EXPORT = timedelta(days=31)  # our reading: what one file of a case needs
PERSONS_A_DAY = 10  # an officer; DESIGN § 11: no export of everybody
PURPOSES = (Purpose.EVIDENCE, Purpose.OBJECTION)


@dataclass(frozen=True)
class Wish:
    """What is asked for: fixes taken from `frm` (inclusive) to `to` (exclusive), aware; why and what for."""

    purpose: Purpose
    frm: datetime
    to: datetime
    document_no: str
    reason: str
    form: str

    def check(self) -> None:
        """Raises ExportSpanTooLong, ExportIncomplete, BadInput."""
        if not self.frm < self.to <= self.frm + LONGEST_EXPORT:
            raise ExportSpanTooLong
        if not self.document_no.strip():
            raise ExportIncomplete(what="案卷文书号")
        if not self.reason.strip():
            raise ExportIncomplete(what="理由")
        if self.form not in FORMS:
            raise BadInput(reason="没有这种格式。")


@dataclass(frozen=True)
class Export:
    """A file to come. `pieces` is to be run by one thread from beginning to end, and closed there."""

    name: str
    content_type: str
    pieces: Generator[bytes, None, None]


def purposes_of(officer_roles: frozenset[str]) -> tuple[Purpose, ...]:
    """Return the purposes that a holder of these roles may name for an export."""
    return (Purpose.PROCURATE,) if Role.PROSECUTOR in officer_roles else PURPOSES


def access_track_export(
    officer: Officer, person: Person, wish: Wish, *, still: Callable[[], bool] = lambda: True
) -> Export:
    """Return the person's track as a file; record, export and ledger row are committed before it returns.

    The person's county agency, its head, the procuratorate. `still`: whether the sign-in stands; asked again
    while the file goes out. Raises NotFound, BeyondPower, ExportSpanTooLong, ExportIncomplete,
    TooManyExports, ExportsBusy, TrackErased, NothingInSpan.
    """
    wish.check()
    need_slot()
    with transaction.atomic(durable=True), acting(officer, wish.purpose):
        found = Person.objects.select_related("county_agency").filter(id=person.id).first()
        if found is None:
            raise NotFound
        _need_power(officer, found, wish.purpose)
        _need_room_today(officer, found)
        export, entry = _written_down(officer, found, wish)
        measures = measures_with_devices(found, wish.frm, wish.to)
        words = list(chain_words(export, found, officer, measures, bytes(entry.commitment)))
    numbers = [measure.number for measure in measures]
    _need_something(officer, wish, numbers)
    name = f"track-{export.id}.{wish.form}"  # no text of anybody in it
    run = Run(officer, found, export, numbers, words, still)
    return Export(name, FORMS[wish.form].content_type, run.pieces())


def _need_power(officer: Officer, person: Person, purpose: Purpose) -> None:
    powers.need_exporter(officer, person)
    if purpose not in purposes_of(active_roles(officer, utc_now())):
        raise ExportIncomplete(what="目的")


def _need_room_today(officer: Officer, person: Person) -> None:
    with connection.cursor() as cursor:  # two at once are counted one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"export {officer.id}"])
    since = utc_now() - timedelta(days=1)
    others = TrackExport.objects.filter(officer_id=officer.id, asked_at__gte=since).exclude(
        person_id=person.id
    )
    persons = others.values("person_id").distinct().count()
    if persons >= PERSONS_A_DAY:
        raise TooManyExports(persons=persons)


def _written_down(officer: Officer, person: Person, wish: Wish) -> tuple[TrackExport, LedgerPending]:
    key, span = uuid7(), (wish.frm, wish.to)
    read = record_read(officer, wish.purpose, "track_export", [person.id], object_id=key, span=span)
    entry = record(
        "track_export_asked",
        {
            "export": str(key),
            "person": str(person.id),
            "by": str(officer.id),
            "agency": str(officer.agency_id or ""),
            "purpose": wish.purpose.value,
            "from": wish.frm.isoformat(),
            "to": wish.to.isoformat(),
            "form": wish.form,
            "document": hashlib.sha256(plain(wish.document_no).encode()).hexdigest(),
            "read": str(read.id),
        },
    )
    export = TrackExport.objects.create(
        id=key, person=person, officer=officer, agency_id=officer.agency_id, purpose=wish.purpose.value,
        document_no=plain(wish.document_no)[:80], reason=plain(wish.reason)[:400], form=wish.form,
        span_from=wish.frm, span_to=wish.to, read=read, ledger_id=entry.id,
    )  # fmt: skip
    return export, entry


def _need_something(officer: Officer, wish: Wish, numbers: list[int]) -> None:
    """Look whether there is a first fix, so that a page can say so. Raises TrackErased, NothingInSpan."""
    keys = KeyStore(need(IntakeConfig).keys)
    with (
        acting(officer, wish.purpose, using="reader"),
        closing(stream_pieces(numbers, wish.frm, wish.to, keys=keys)) as pieces,
    ):
        if next(pieces, None) is not None:
            return
    if is_erased(numbers):
        raise TrackErased
    raise NothingInSpan


def is_erased(numbers: list[int]) -> bool:
    """Whether the key of one of these measures was destroyed by law: its track is gone for good."""
    keys = KeyStore(need(IntakeConfig).keys)
    return any(keys.is_destroyed(f"m{number}") for number in numbers)


def was_erased(officer: Officer, person: Person, purpose: Purpose, frm: datetime, to: datetime) -> bool:
    """Whether a measure of the span has lost its key by law; nothing of a person is shown by it."""
    with acting(officer, purpose):
        touching = Measure.objects.filter(person_id=person.id, approved_at__lt=to, ends_at__gt=frm)
        return is_erased(list(touching.values_list("number", flat=True)))
