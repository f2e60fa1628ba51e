"""What the pages read of monitoring, each as the officer, for a purpose, recorded before it is shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from sifang.kernel.errors import NotFound
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring import access
from sifang.monitoring.models import Alarm, Fence, Incident, Measure, Signal
from sifang.people.access import acting, record_read
from sifang.people.models import Agency, AgencyKind, Level, Person, ReadRecord
from sifang.web import purposes
from sifang.web.present.alarms import Card, card, incident_card
from sifang.web.shell import Viewer

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
    persons: int


def command_room(viewer: Viewer) -> CommandRoom:
    """Read live measures, open alarms and signals. Raises NotFound for one without a role in force."""
    officer, purpose, now = viewer.officer, purposes.of_room(viewer), utc_now()
    lives = access.access_live_measures(officer, purpose)
    alarms = access.access_open_alarms(officer, purpose)
    morning = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    with acting(officer, purpose):
        persons = Person.objects.count()  # a figure, nobody is shown
        today = list(Alarm.objects.filter(raised_at__gte=morning).order_by("raised_at"))
        signals = list(watched(now))
        grouped = Alarm.objects.filter(incident__in=lives.incidents).values_list("incident_id")
        counts = dict(grouped.annotate(n=Count("id")))
        last = (
            ReadRecord.objects.filter(officer=officer, what="live_map", at__gte=now - access.BATCH)
            .order_by("-at")
            .first()
        )
    questions = [one for one in lives.incidents if one.id in counts or one.kind == "clone"]
    read = BatchRead(last.at if last else now, purpose.title, purpose.article, len(lives.measures))
    return CommandRoom(
        at=now,
        measures=lives.measures,
        alarms=alarms,
        incidents=[(one, counts.get(one.id, 0)) for one in questions],
        signals=signals,
        today=today,
        counties=county_names(),
        read=read,
        persons=persons,
    )


def watched(now: datetime) -> QuerySet[Signal]:
    """Return the signals of the last half hour that made no alarm and have not ended."""
    begun = Signal.objects.filter(phase="begin", created_at__gte=now - WATCHING_FOR)
    begun = begun.filter(fence__alarm=False)
    ended = Signal.objects.filter(phase="end", created_at__gte=now - WATCHING_FOR)
    over = ended.values_list("measure_id", "fence_id", "episode")
    gone = {tuple(row) for row in over}
    keep = [s.id for s in begun if (s.measure_id, s.fence_id, s.episode) not in gone]
    return Signal.objects.filter(id__in=keep).select_related("measure__person", "fence").order_by("-at")


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
