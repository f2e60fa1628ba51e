"""The board of the command room: tracked persons, counts, the queue; one list behind map and table."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.safestring import SafeString

from sifang.monitoring.models import Fence, Measure
from sifang.monitoring.models.fences import ClauseKind
from sifang.people.models import Role
from sifang.web import reads
from sifang.web.live.hub import hub
from sifang.web.live.state import Position
from sifang.web.present.alarms import Card, Watching, pseudonym, watching
from sifang.web.present.river import river
from sifang.web.shell import Viewer

OLD_AFTER_S = 600  # no fix for ten minutes: a hollow ring (UI § 4)
STATES = ("outside", "unknown", "old", "none", "inside")  # who needs a person first
WORDS = {
    "inside": "在范围内",
    "outside": "在范围外",
    "unknown": "无法判断",
    "old": "无新定位",
    "none": "暂不判断",  # no limit is in force at the moment: an approved leave, or not yet made known
}
VERDICTS = {0: "none", 1: "inside", 2: "outside", 3: "unknown"}


@dataclass(frozen=True)
class Row:
    """One tracked person as map and table show it; WGS-84, metres, Unix seconds."""

    measure: int
    number: str
    name: str
    county: str
    office: str
    url: str
    limit: str
    ends_at: datetime
    state: str = "old"
    position: Position | None = None

    @property
    def word(self) -> str:
        return WORDS[self.state]

    @property
    def accuracy_m(self) -> float | None:
        return self._cell(3)

    @property
    def assumed(self) -> bool:
        return bool(self._cell(4))

    @property
    def taken_s(self) -> float | None:
        return self._cell(6)

    @property
    def battery(self) -> float | None:
        return self._cell(7)

    @property
    def strap(self) -> float:
        return self._cell(8) or 0

    def _cell(self, at: int) -> float | None:
        return self.position[at] if self.position else None


@dataclass(frozen=True)
class Board:
    """Everything the command room shows at one moment, within one officer's scope."""

    at: datetime
    rows: list[Row] = field(default_factory=list)
    waiting: list[Card] = field(default_factory=list)
    past: list[Card] = field(default_factory=list)  # untaken questions about the past: they wake nobody
    taken: list[Card] = field(default_factory=list)
    incidents: list[Card] = field(default_factory=list)
    watching: list[Watching] = field(default_factory=list)
    today: int = 0
    persons_total: int = 0
    read: reads.BatchRead | None = None
    river: SafeString | str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many persons are in each state, and how many in all."""
        found = {state: sum(row.state == state for row in self.rows) for state in STATES}
        return {**found, "tracked": len(self.rows)}

    @property
    def working(self) -> int:
        """Return how many questions and incidents somebody has."""
        return len(self.taken) + len(self.incidents)

    @property
    def newest_s(self) -> int | None:
        """Return when the newest fix on the board was taken, Unix seconds."""
        return max((int(row.taken_s) for row in self.rows if row.taken_s), default=None)

    def persons(self, *, nameless: bool = False) -> dict[str, dict[str, str]]:
        """Return who stands behind each measure number; on the wall a pseudonym only."""
        if nameless:
            return {str(r.measure): {"number": pseudonym(r.number), "county": r.county} for r in self.rows}
        return {
            str(r.measure): {
                "number": r.number,
                "name": r.name,
                "county": r.county,
                "office": r.office,
                "url": r.url,
                "limit": r.limit,
            }
            for r in self.rows
        }


def board_for(viewer: Viewer) -> Board:
    """Return the board of this officer; the look is recorded."""
    hub.ensure()
    room = reads.command_room(viewer)
    places, now_s = hub.positions(), room.at.timestamp()
    by_alarm = {alarm.person_id for alarm in (*room.alarms, *room.today)}
    rows = [
        row_of(
            measure,
            room.counties,
            places.get(measure.number),
            now_s,
            linked=not viewer.has(Role.DUTY_OFFICER) or measure.person_id in by_alarm,
        )
        for measure in room.measures
    ]
    rows.sort(key=lambda row: (STATES.index(row.state), row.number))
    cards = reads.cards(room)
    return Board(
        at=room.at,
        rows=rows,
        waiting=[one for one in cards if not one.is_taken and not one.past],
        past=[one for one in cards if not one.is_taken and one.past],
        taken=[one for one in cards if one.is_taken and one.kind != "incident"],
        incidents=[one for one in cards if one.kind == "incident"],
        watching=[watching(signal) for signal in room.signals],
        today=len(room.today),
        persons_total=room.persons,
        read=room.read,
        river=river(room.today, room.at),
    )


def row_of(
    measure: Measure, counties: dict[str, str], place: Position | None, now_s: float, *, linked: bool
) -> Row:
    """Return the row of one live measure with its newest position."""
    person = measure.person
    return Row(
        measure=measure.number,
        number=person.number,
        name=person.name,
        county=counties.get(person.county_code, person.county_code),
        office=person.office.name if person.office is not None else "",
        url=f"/persons/{quote(person.number)}" if linked else "",
        limit=limit_of(list(measure.fences.all())),
        ends_at=measure.ends_at,
        state=state_of(place, now_s),
        position=place,
    )


def state_of(place: Position | None, now_s: float) -> str:
    """Return inside, outside, unknown, none, or old when no fix came for ten minutes.

    Outside stays outside, however old: the question is not answered by silence.
    """
    if place is None:
        return "old"
    verdict = VERDICTS[int(place[5] or 0)]
    is_old = now_s - (place[6] or 0) > OLD_AFTER_S
    return "old" if is_old and verdict != "outside" else verdict


def limit_of(fences: list[Fence]) -> str:
    """Return the limits in few words: the boundary's clause first, then how many places."""
    open_fences = [fence for fence in fences if fence.closed_at is None]
    border = [f.clause.text for f in open_fences if f.clause.kind == ClauseKind.BOUNDARY]
    places = sum(f.clause.kind == ClauseKind.PROHIBITED_PLACE for f in open_fences)
    hours = sum(f.clause.kind == ClauseKind.TIMETABLE for f in open_fences)
    words = [short(border[0])] if border else []
    words += [f"禁止进入 {places} 处"] if places else []
    words += [f"规定时间地点 {hours} 项"] if hours else []
    return "；".join(words) or "—"


def short(text: str) -> str:
    """Return the first clause of a sentence."""
    for mark in "。；（，":
        text = text.split(mark, 1)[0]
    return text


def as_state(board: Board, *, nameless: bool) -> dict[str, Any]:
    """Return the snapshot of `/api/map/state`."""
    queue = [*board.waiting, *board.past, *board.taken, *board.incidents]
    return {
        "t": board.at.isoformat(),
        "rows": [row.position for row in board.rows if row.position],
        "persons": board.persons(nameless=nameless),
        "alarms": {"rows": [card.without_name() if nameless else card.as_json() for card in queue]},
        "status": {"tracked": len(board.rows), "fresh": sum(r.state != "old" for r in board.rows)},
    }
