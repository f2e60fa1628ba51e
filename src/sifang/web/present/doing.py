"""What may be done now, as buttons: by procedure; who may press each, and why the others may not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote
from uuid import UUID

from sifang.cases.models import Expectation
from sifang.cases.options import Option
from sifang.kernel.time import utc_now
from sifang.web.present.citations import cited
from sifang.web.present.clocks import Clock, clock_of


@dataclass(frozen=True)
class Way:
    """One open step: a button with its form's address, or the owner of the power and the article."""

    title: str
    url: str
    may: bool
    note: str
    owner: str
    marks: tuple[tuple[str, str], ...]
    clock: Clock | None
    waits_for: date | None


Waits = Mapping[tuple[UUID | None, str], Expectation]


def waits_of(expected: Iterable[Expectation]) -> Waits:
    """Return what is expected, by proceeding and step: only that has a clock on its button."""
    return {(one.proceeding_id, one.kind): one for one in reversed(list(expected))}


@dataclass(frozen=True)
class Urgent:
    """An own step that is expected, with the procedure and what it is about."""

    way: Way
    procedure: str
    about: str


@dataclass
class Group:
    """The open steps of one proceeding (or of a procedure that may begin)."""

    title: str
    state: str
    about: str = ""
    mine: list[Way] = field(default_factory=list)
    others: list[Way] = field(default_factory=list)

    @property
    def soonest(self) -> date:
        """The nearest deadline of an own step, for the order of groups."""
        return min((way.clock.on for way in self.mine if way.clock and way.clock.on), default=date.max)


def expected_of(
    options: Sequence[Option], number: str, about: Mapping[UUID, str], waits: Waits
) -> list[Urgent]:
    """Return the own steps that are expected, soonest first."""
    found: list[Urgent] = []
    for one in options:
        if one.proceeding is None or (one.proceeding, _kind(one)) not in waits:
            continue
        way = way_of(one, number, waits)
        if way.may and all(other.way.url != way.url for other in found):
            found.append(Urgent(way, one.procedure.title, about.get(one.proceeding, "")))
    return sorted(found, key=lambda one: (one.way.clock.on if one.way.clock else None) or date.max)


def running(options: Iterable[Option], number: str, about: Mapping[UUID, str], waits: Waits) -> list[Group]:
    """Return the groups of proceedings that run; what is the officer's and due soonest comes first."""
    groups: dict[UUID, Group] = {}
    for one in options:
        if one.proceeding is not None:
            words = about.get(one.proceeding, "")
            group = groups.setdefault(one.proceeding, Group(one.procedure.title, one.state, words))
            _put(group, one, number, waits)
    return sorted(groups.values(), key=lambda group: (not group.mine, group.soonest, group.title))


def starting(options: Iterable[Option], number: str) -> list[Group]:
    """Return the procedures that may begin, with the steps that begin them."""
    groups: dict[str, Group] = {}
    for one in options:
        if one.proceeding is None:
            group = groups.setdefault(one.procedure.name, Group(one.procedure.title, one.state))
            _put(group, one, number, {})
    return sorted(groups.values(), key=lambda group: not group.mine)


def _put(group: Group, one: Option, number: str, waits: Waits) -> None:
    way = way_of(one, number, waits)
    side = group.mine if way.may else group.others
    known = any(other.url == way.url and other.owner == way.owner for other in side)
    if not known and (way.may or all(other.url != way.url for other in group.mine)):
        side.append(way)


def _kind(one: Option) -> str:
    return f"{one.procedure.name}.{one.step.name}"


def way_of(one: Option, number: str, waits: Waits) -> Way:
    """Return an option as a button; without a number it leads to the person's own form."""
    start = f"/persons/{quote(number)}" if number else "/me"
    url = f"{start}/do/{one.procedure.name}/{one.step.name}"
    if one.proceeding is not None:
        url += f"?proceeding={one.proceeding}"
    due = waits.get((one.proceeding, _kind(one)))
    return Way(
        title=one.step.title,
        url=url,
        may=one.may and one.waits_for is None,
        note=f"代为记录{one.step.actor.value}的行为" if one.writes_down else "",
        owner=f"{one.waits_for:%Y-%m-%d} 起可以办理" if one.may and one.waits_for else one.owner,
        marks=tuple(cited(one.step.article, one.mark)),
        clock=_clock(due) if due else None,
        waits_for=one.waits_for,
    )


def _clock(due: Expectation) -> Clock | None:
    return clock_of(due.due_at, due.due_kind, utc_now(), due.opened_at, due.counted)
