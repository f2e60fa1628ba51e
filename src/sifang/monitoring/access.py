"""The only functions that hand out monitoring's objects to a user: purpose first, record first, then show.

Row security limits every query to the persons the officer covers; outsiders get NotFound or nothing,
exactly as for absence. Positions are read through the alias `reader` alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from django.db.models import Prefetch, QuerySet, Sum
from numpy.typing import NDArray

from sifang.kernel.config import need
from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.monitoring import powers
from sifang.monitoring.errors import TrackTooLong
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import BlockDamaged, KeyMissing
from sifang.monitoring.intake.frames import Label, open_frame
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import read_track
from sifang.monitoring.models import (
    Alarm,
    AlarmAct,
    AlarmReview,
    Binding,
    Clause,
    Device,
    Fence,
    Incident,
    Measure,
    RefusedFixes,
    RefusedFrame,
    RetentionKind,
    RetentionPolicy,
    RetentionRun,
)
from sifang.monitoring.services.measures import live
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Officer, Person, ReadRecord, Role, active_roles

LONGEST_TRACK = timedelta(hours=24)
BATCH = timedelta(minutes=15)  # reads of the live map are recorded in batches this long
RETENTION_READERS = frozenset({Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN})
TRACK_ROLES = powers.ALARM_OFFICERS | {Role.PROSECUTOR}


@dataclass(frozen=True)
class LiveMap:
    """Live measures within the officer's scope and the incidents that explain silences."""

    measures: list[Measure]
    incidents: list[Incident]


@dataclass(frozen=True)
class RefusedCount:
    """How many fixes were refused in an hour, by reason and hashed device; no bytes, no position."""

    hour: datetime
    reason: str
    gateway: str
    device_hash: str
    count: int


def access_open_alarms(officer: Officer, purpose: Purpose = Purpose.DUTY) -> list[Alarm]:
    """Return the alarms nobody has closed, most urgent first; recorded in batches like the live map.

    Alarms under an open incident stay out: they are one technical question (`access_live_measures`).
    """
    _need_staff(officer)
    with acting(officer, purpose):
        found = _with_relations(Alarm.objects.exclude(state="closed"))
        shown = found.exclude(incident__isnull=False, incident__ended_at=None).order_by("rank", "raised_at")
        alarms = list(shown)
        _record_batch(officer, purpose, "alarms", (a.person_id for a in alarms))
    return alarms


def access_alarm_by_id(officer: Officer, alarm_id: UUID, purpose: Purpose = Purpose.VERIFY_ALARM) -> Alarm:
    """Return one alarm with its acts and signals, after the read is recorded. Raises NotFound."""
    _need_staff(officer)
    with acting(officer, purpose):
        acts = Prefetch("acts", AlarmAct.objects.select_related("officer__agency", "second").order_by("at"))
        alarm = _with_relations(Alarm.objects.prefetch_related(acts)).filter(id=alarm_id).first()
        if alarm is None:
            raise NotFound
        record_read(officer, purpose, "alarm", [alarm.person_id], object_id=alarm.id)
    return alarm


def access_live_measures(officer: Officer, purpose: Purpose = Purpose.DUTY) -> LiveMap:
    """Return the measures in force that this officer covers, with fences, clauses and device in use.

    One read record (what = live_map) covers a quarter of an hour; a person new in view makes a new one.
    """
    _need_staff(officer)
    with acting(officer, purpose):
        now = utc_now()
        found = Measure.objects.filter(live(now), told_at__isnull=False).select_related(
            "person__office", "order"
        )
        drawn = Fence.objects.filter(closed_at=None).select_related("clause")
        fences = Prefetch("fences", drawn.defer("geometry", "clause__place"))  # the map asks for lines apart
        worn = Prefetch("bindings", Binding.objects.filter(unbound_at=None).select_related("device__model"))
        measures = list(found.prefetch_related(fences, worn).order_by("person__number"))
        seen = {binding.device_id for measure in measures for binding in measure.bindings.all()}
        running = Incident.objects.filter(ended_at=None).order_by("began_at")
        incidents = [one for one in running if one.kind != "clone" or one.device_id in seen]
        _record_batch(officer, purpose, "live_map", (m.person_id for m in measures))
    return LiveMap(measures=measures, incidents=incidents)


def access_measures_of(officer: Officer, person: Person, purpose: Purpose = Purpose.DAILY) -> list[Measure]:
    """Return the person's measures, newest first, with proof, approver and bindings. Raises NotFound."""
    with acting(officer, purpose):
        _need_visible(person)
        record_read(officer, purpose, "measures", [person.id], object_id=person.id)
        found = Measure.objects.filter(person_id=person.id).select_related(
            "proof", "approver", "order", "person"
        )
        worn = Prefetch("bindings", Binding.objects.select_related("device__model").order_by("-bound_at"))
        return list(found.prefetch_related(worn, "fences__clause").order_by("-approved_at"))


def access_clauses_of(officer: Officer, person: Person, purpose: Purpose = Purpose.DAILY) -> list[Clause]:
    """Return what binds the person now, oldest first; see `questions.restrictions`. Raises NotFound."""
    with acting(officer, purpose):
        _need_visible(person)
        record_read(officer, purpose, "clauses", [person.id], object_id=person.id)
        found = Clause.objects.filter(person_id=person.id).exclude(valid_to__lte=utc_now())
        return list(found.prefetch_related("exceptions").order_by("valid_from", "id"))


def access_track(
    officer: Officer, person: Person, purpose: Purpose, frm: datetime, to: datetime
) -> NDArray[np.void]:
    """Return the person's fixes (columns FIX, WGS-84) taken from `frm` (inclusive) to `to` (exclusive).

    At most 24 hours; the read is recorded before the journal is opened, through the alias
    `reader`. Justice officers on the case and the procuratorate. Raises NotFound, TrackTooLong.
    """
    if not frm < to <= frm + LONGEST_TRACK:
        raise TrackTooLong
    with acting(officer, purpose):
        _need_visible(person)
        if not TRACK_ROLES & active_roles(officer, utc_now()):
            raise NotFound
        numbers = list(Measure.objects.filter(person_id=person.id).values_list("number", flat=True))
        record_read(officer, purpose, "track", [person.id], object_id=person.id, span=(frm, to))
    with acting(officer, purpose, using="reader"):
        return read_track(numbers, frm, to)


@dataclass(frozen=True)
class ReadFrame:
    """One refused frame; `data` holds at most 2,048 of its `size` bytes, None where it cannot be opened."""

    received_at: datetime
    reason: str
    gateway: str
    terminal_id: str
    size: int
    data: bytes | None


def access_refused_frames(
    officer: Officer, person: Person, purpose: Purpose, *, limit: int = 100
) -> list[ReadFrame]:
    """Return the refused frames kept of the person's devices, newest first; the read is recorded before.

    They may hold positions: the same officers as for the track. Raises NotFound.
    """
    with acting(officer, purpose):
        _need_visible(person)
        if not TRACK_ROLES & active_roles(officer, utc_now()):
            raise NotFound
        record_read(officer, purpose, "refused_frames", [person.id], object_id=person.id)
    keys = KeyStore(need(IntakeConfig).keys)
    with acting(officer, purpose, using="reader"):
        rows = RefusedFrame.objects.using("reader").filter(measure__person_id=person.id)
        found = rows.select_related("measure", "device").order_by("-received_at")[:limit]
        return [_opened(row, keys) for row in found]


def _opened(row: RefusedFrame, keys: KeyStore) -> ReadFrame:
    number, at = row.measure.number, row.received_at.astimezone(UTC)
    label = Label(number, row.device_id, at, row.reason, row.gateway, row.size)
    try:
        data = open_frame(bytes(row.body), keys.load_measure(number), label)
    except (KeyMissing, BlockDamaged):
        data = None
    return ReadFrame(row.received_at, row.reason, row.gateway, row.device.terminal_id, row.size, data)


def access_retention(officer: Officer) -> tuple[list[RetentionPolicy], list[RetentionRun]]:
    """Return all retention policies by kind, newest first, and the last runs; no person. Raises NotFound.

    For the security administrator, the auditor and the operator of the installation.
    """
    if not officer.is_active or not powers.holds(officer, RETENTION_READERS):
        raise NotFound
    order = {kind: place for place, kind in enumerate(RetentionKind.values)}
    policies = list(
        RetentionPolicy.objects.select_related("decided_by").order_by("-valid_from", "-decided_at")
    )
    policies.sort(key=lambda one: order[one.kind])
    return policies, list(RetentionRun.objects.order_by("-at")[:50])


def access_refused_counts(officer: Officer, *, since: datetime) -> list[RefusedCount]:
    """Return refused fixes by hour, reason, gateway and hashed device, newest first. Raises NotFound."""
    powers.need_operator(officer)
    rows = RefusedFixes.objects.filter(hour__gte=since).values("hour", "reason", "gateway", "device_hash")
    return [
        RefusedCount(row["hour"], row["reason"], row["gateway"], row["device_hash"], row["total"])
        for row in rows.annotate(total=Sum("count")).order_by("-hour", "-total")
    ]


def access_devices(officer: Officer) -> list[Device]:
    """Return all registered devices with their model; who wears one only within the officer's scope.

    For the operator of the installation. `device.bindings` holds what row security lets through: nothing
    for an administrator without a case role. Raises NotFound.
    """
    powers.need_operator(officer)
    with acting(officer, Purpose.OPERATE):
        worn = Prefetch("bindings", Binding.objects.filter(unbound_at=None).select_related("measure__person"))
        devices = list(
            Device.objects.select_related("model")
            .prefetch_related(worn)
            .order_by("county_code", "terminal_id")
        )
        persons = {b.measure.person_id for d in devices for b in d.bindings.all()}
        if persons:
            record_read(officer, Purpose.OPERATE, "devices", sorted(persons))
    return devices


def _with_relations(alarms: QuerySet[Alarm]) -> QuerySet[Alarm]:
    wanted = ("person__office", "person__county_agency", "measure__proof", "measure__approver", "fence")
    found = alarms.select_related(*wanted, "clause", "taken_by__agency", "incident", "device__model")
    return found.prefetch_related(Prefetch("reviews", AlarmReview.objects.order_by("at")))


def _need_staff(officer: Officer) -> None:
    """The supervised person has a page of his or her own, without officers' notes. Raises NotFound."""
    if officer.person_id is not None:
        raise NotFound


def _need_visible(person: Person) -> None:
    if not Person.objects.filter(id=person.id).exists():
        raise NotFound


def _record_batch(officer: Officer, purpose: Purpose, what: str, persons: Iterable[UUID]) -> None:
    """Leave one record per quarter of an hour, or at once when somebody new comes into view."""
    shown = set(persons)
    if not shown:
        return
    recent = ReadRecord.objects.filter(
        officer=officer, what=what, purpose=purpose.value, at__gte=utc_now() - BATCH
    )
    last = recent.order_by("-at").first()
    if last is None or not shown <= set(last.person_ids):
        record_read(officer, purpose, what, sorted(shown))
