"""What the pages read of monitoring, each as the officer, for a purpose, recorded before it is shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from sifang.kernel.errors import NotFound
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring.models import Alarm, Fence, Incident, Measure, Signal
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, AgencyKind, Level, Officer, ReadRecord
from sifang.web import purposes
from sifang.web.present.alarms import Card, card, incident_card
from sifang.web.shell import Viewer

BATCH = timedelta(minutes=15)  # reads of the live map are recorded in batches this long
WATCHING_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class BatchRead:
    """The record that covers this look at the live map."""

    at: datetime
    title: str
    article: str
    count: int
    batch: bool = True


@dataclass(frozen=True)
class CommandRoom:
    """Everything of the command room within the officer's scope, at one moment."""

    at: datetime
    measures: list[Measure]
    alarms: list[Alarm]
    incidents: list[tuple[Incident, int]]
    signals: list[Signal]
    today: list[Alarm]
    counties: dict[str, str]
    read: BatchRead


def command_room(viewer: Viewer) -> CommandRoom:
    """Read live measures, open alarms and signals. Raises NotFound for one without a role in force."""
    officer, purpose, now = viewer.officer, purposes.of_room(viewer), utc_now()
    with acting(officer, purpose):
        measures = list(live_measures(now))
        alarms = list(
            loaded(Alarm.objects.exclude(state="closed").exclude(state="handled", ended_at__isnull=False))
        )
        morning = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        today = list(loaded(Alarm.objects.filter(raised_at__gte=morning)))
        signals = list(watched(now))
        persons = {m.person_id for m in measures} | {a.person_id for a in (*alarms, *today)}
        read = batch_record(officer, purpose, persons, now)
    grouped: dict[UUID, tuple[Incident, int]] = {}
    for alarm in alarms:
        if alarm.incident is not None and alarm.incident.ended_at is None:
            _, count = grouped.get(alarm.incident.id, (alarm.incident, 0))
            grouped[alarm.incident.id] = (alarm.incident, count + 1)
    return CommandRoom(
        at=now,
        measures=measures,
        alarms=[alarm for alarm in alarms if alarm.incident_id not in grouped],
        incidents=list(grouped.values()),
        signals=signals,
        today=today,
        counties=county_names(),
        read=read,
    )


def live_measures(now: datetime) -> QuerySet[Measure]:
    """Return the measures in force now, person and clauses loaded; inside `acting`."""
    found = Measure.objects.filter(approved_at__lte=now, ends_at__gt=now)
    found = found.filter(Q(ended_at=None) | Q(ended_at__gt=now)).filter(person__orders__isnull=False)
    return (
        found.select_related("person__office")
        .prefetch_related("fences__clause")
        .order_by("person__number")
        .distinct()
    )


def loaded(alarms: QuerySet[Alarm]) -> QuerySet[Alarm]:
    """Return the alarms with what a card needs, most urgent first."""
    wanted = ("person", "measure", "fence", "clause", "taken_by", "incident")
    return alarms.select_related(*wanted).order_by("rank", "raised_at")


def watched(now: datetime) -> QuerySet[Signal]:
    """Return the signals of the last half hour that made no alarm and have not ended."""
    begun = Signal.objects.filter(phase="begin", created_at__gte=now - WATCHING_FOR)
    begun = begun.filter(fence__alarm=False)
    ended = Signal.objects.filter(phase="end", created_at__gte=now - WATCHING_FOR)
    over = ended.values_list("measure_id", "fence_id", "episode")
    gone = {tuple(row) for row in over}
    keep = [s.id for s in begun if (s.measure_id, s.fence_id, s.episode) not in gone]
    return Signal.objects.filter(id__in=keep).select_related("measure__person", "fence").order_by("-at")


def batch_record(officer: Officer, purpose: Purpose, persons: set[UUID], now: datetime) -> BatchRead:
    """Leave one record per quarter of an hour, or at once when somebody new comes into view."""
    recent = ReadRecord.objects.filter(
        officer=officer, what="live_map", purpose=purpose.value, at__gte=now - BATCH
    )
    last = recent.order_by("-at").first()
    if persons and (last is None or not persons <= set(last.person_ids)):
        last = record_read(officer, purpose, "live_map", sorted(persons))
    at = last.at if last is not None else now
    return BatchRead(at, purpose.title, purpose.article, len(persons))


def county_names() -> dict[str, str]:
    """Return the county's name by its code, from the agencies (no persons)."""
    rows = Agency.objects.filter(kind=AgencyKind.JUSTICE_BUREAU, level=Level.COUNTY)
    return {agency.area_code: agency.name.removesuffix("司法局") for agency in rows}


def cards(room: CommandRoom) -> list[Card]:
    """Return the queue: untaken first, then what somebody has, then technical incidents."""
    found = [card(alarm, room.counties) for alarm in room.alarms]
    found.sort(key=lambda one: (one.is_taken, one.rank, one.since))
    return found + [incident_card(incident, count) for incident, count in room.incidents]


def fences_of(viewer: Viewer, number: int) -> list[Fence]:
    """Return the open fences of one measure, recorded. Raises NotFound for an outsider."""
    purpose = purposes.of_alarm(viewer)
    with acting(viewer.officer, purpose):
        fences = Fence.objects.select_related("clause", "line", "measure").filter(
            measure__number=number, closed_at=None
        )
        found = list(fences)
        if not found:
            raise NotFound
        record_read(viewer.officer, purpose, "fence", [found[0].measure.person_id])
    return found
