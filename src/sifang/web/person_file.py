"""Everything a person's page shows: order, limits, measures, device, readers; each read recorded first."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sifang.kernel.errors import NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.access import access_clauses_of, access_measures_of
from sifang.monitoring.models import Alarm, Binding, Measure
from sifang.monitoring.questions import BESIDES, Restriction, nothing_else, restrictions
from sifang.people.access import (
    Purpose,
    Reading,
    access_own_person,
    access_person_by_number,
    access_readers_of,
    acting,
)
from sifang.people.models import Order, Person, Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.live.hub import hub
from sifang.web.live.state import Position
from sifang.web.present.board import WORDS, state_of
from sifang.web.shell import Viewer

SEEN_BY_DUTY = timedelta(hours=24)  # 值班席 opens a file by an alarm, and a day longer


@dataclass(frozen=True)
class PersonFile:
    """One person's file as this viewer may see it."""

    person: Person
    order: Order | None
    limits: list[Restriction]
    besides: tuple[tuple[str, str], ...]
    nothing_else: str
    measures: list[Measure]
    live: Measure | None
    worn: Binding | None
    position: Position | None
    state: str
    readers: list[Reading]
    alarms: list[Alarm]
    read: ReadNote

    @property
    def state_word(self) -> str:
        return WORDS[self.state]

    @property
    def last_day(self) -> date | None:
        """The last legal day of the measure in force."""
        return legal_day(self.live.ends_at - timedelta(microseconds=1)) if self.live else None


def open_person(viewer: Viewer, number: str) -> PersonFile:
    """Return the file of this number. Raises NotFound for outsiders exactly as for absence."""
    purpose = purposes.of_person(viewer)
    if viewer.roles <= {Role.DUTY_OFFICER, Role.SYSTEM_ADMIN}:
        need_alarm(viewer, number, purpose)
    person = access_person_by_number(viewer.officer, number, purpose)
    return file_of(viewer, person, purpose)


def open_own(viewer: Viewer) -> PersonFile:
    """Return the file of the signed-in person. Raises NotFound for anybody else."""
    return file_of(viewer, access_own_person(viewer.officer), Purpose.OWN)


def need_alarm(viewer: Viewer, number: str, purpose: Purpose) -> None:
    """值班席 sees a file only by an alarm that is open or of the last day. Raises NotFound."""
    since = utc_now() - SEEN_BY_DUTY
    with acting(viewer.officer, purpose):
        of_person = Alarm.objects.filter(person__number=number)
        if not (of_person.exclude(state="closed") | of_person.filter(raised_at__gte=since)).exists():
            raise NotFound


def file_of(viewer: Viewer, person: Person, purpose: Purpose) -> PersonFile:
    officer, now = viewer.officer, utc_now()
    clauses = access_clauses_of(officer, person, purpose)
    measures = access_measures_of(officer, person, purpose)
    readers = looks(access_readers_of(officer, person, limit=100))
    with acting(officer, purpose):
        alarms = list(
            Alarm.objects.filter(person_id=person.id)
            .select_related("person", "fence")
            .order_by("-raised_at")[:20]
        )
    order = max(person.orders.all(), key=lambda one: one.effective_on, default=None)
    live = next((m for m in measures if is_live(m, now)), None)
    worn = next((b for b in live.bindings.all() if b.unbound_at is None), None) if live else None
    hub.ensure()
    position = hub.positions().get(live.number) if live else None
    return PersonFile(
        person=person,
        order=order,
        limits=restrictions(clauses),
        besides=BESIDES,
        nothing_else=nothing_else(order) if order else "",
        measures=measures,
        live=live,
        worn=worn,
        position=position,
        state=state_of(position, now.timestamp()),
        readers=readers,
        alarms=alarms,
        read=ReadNote(now, purpose.title, purpose.article),
    )


def looks(readings: list[Reading]) -> list[Reading]:
    """Return one entry for the several parts of one look: same reader, purpose and minute."""
    found: dict[tuple[object, ...], Reading] = {}
    for one in readings:
        minute = one.at.replace(second=0, microsecond=0)
        found.setdefault((one.name, one.agency, one.role, one.purpose, minute, one.span), one)
    return list(found.values())


def is_live(measure: Measure, now: datetime) -> bool:
    """Whether the measure is in force at `now`: end exclusive."""
    end = min(measure.ends_at, measure.ended_at or measure.ends_at)
    return measure.approved_at <= now < end
