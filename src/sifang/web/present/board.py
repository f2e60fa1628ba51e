"""The board of the command room: tracked persons, counts, the queue; one list behind map and table."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sifang.kernel.time import utc_now
from sifang.people.models import Officer

OLD_AFTER_S = 600  # no fix for ten minutes: a hollow ring (UI § 4)
STATES = ("outside", "unknown", "old", "inside")  # who needs a person first
WORDS = {"inside": "在范围内", "outside": "在范围外", "unknown": "无法判断", "old": "无新定位"}


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
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    assumed: bool = False
    verdict: int = 0
    taken_s: int | None = None
    battery: int | None = None
    strap: int = 0

    @property
    def word(self) -> str:
        return WORDS[self.state]


@dataclass(frozen=True)
class Board:
    """Everything the command room shows at one moment, within one officer's scope."""

    at: datetime
    rows: list[Row] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    incidents: list[Any] = field(default_factory=list)
    watching: list[Any] = field(default_factory=list)
    today: int = 0
    read: Any = None

    @property
    def counts(self) -> dict[str, int]:
        """Return how many persons are in each state, and how many in all."""
        found = {state: sum(row.state == state for row in self.rows) for state in STATES}
        return {**found, "tracked": len(self.rows)}


def board_for(officer: Officer) -> Board:
    """Return the board of this officer."""
    del officer
    return Board(at=utc_now())
