"""One life in memory: it takes rows of the tables of law, in the order of time, up to the present moment.

Every act goes through `Procedure.row` with the facts that the services would judge it on, so that no history
is written which the law does not allow; what lies ahead of now is left out, so that everybody stands at some
lawful point. `writing` puts the rows into the database.
"""

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from sifang.cases.acts import applied, facts_after, handed_on, presets
from sifang.cases.expected import Expected, Run, clock_rows, complete, expected_of
from sifang.cases.facts import PROVIDERS, fullest_window, register_facts
from sifang.cases.models import Case, Proceeding, Stage
from sifang.kernel.time import legal_day
from sifang.law.calendar import Calendar
from sifang.law.conditions import derive
from sifang.law.procedure import ANY, SAME, Actor, Kind, Procedure, ProcedureError, Step, opened_by
from sifang.law.procedures import edition
from sifang.law.render import mark_of
from sifang.law.time import day_begins
from sifang.ops.demo.answers import answers_for
from sifang.ops.demo.letters import Letters
from sifang.ops.demo.roster import SPEAKS_FOR_ITSELF, Roster
from sifang.ops.demo.rows import ActRow

OFFICERS = frozenset(Actor) - {Actor.CLOCK}
RENEWABLE = {"positioning", "move", "held"}
FOLLOWS = {"ending": "exit_control"}  # whose clock depends on what another procedure left
AWAY = {"granted", "overdue", "closed"}
NAMES = ("handover", "intake")
REASONS = "经核实，事实清楚、材料齐全，依照规定办理（演示）"


@dataclass
class World:
    """What all lives share: officers, calendar, the moment of seeding, chance."""

    roster: Roster
    calendar: Calendar
    now: datetime
    chance: random.Random

    @property
    def today(self) -> date:
        """The legal day of seeding."""
        return legal_day(self.now)


@dataclass
class Life:
    """The course of one case in the making."""

    case: Case
    world: World
    special: str = ""
    bound_from: date | None = None  # from here on under positioning: no leave unless it is planned so
    overtaken: int = 0  # plans that events made void
    runs: list[Proceeding] = field(default_factory=list)
    acts: list[ActRow] = field(default_factory=list)
    letters: Letters = field(init=False)
    is_closed: bool = False
    moves: list[tuple[datetime, Any, Any]] = field(default_factory=list)
    _latest: dict[str, Proceeding] = field(default_factory=dict)
    _wakes: dict[Any, datetime | None] = field(default_factory=dict)
    _agenda: list[tuple[datetime, int, Callable[[datetime], object]]] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=count)
    _facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.letters = Letters(self.case, self.world.roster, self.world.calendar, self.world)
        self._facts = register_facts(self.case) | {"held": False}

    # ---- what happens when --------------------------------------------------------------------------------

    def plan(self, day: date, hour: float, what: Callable[[datetime], object]) -> None:
        """Let something happen on a day at about an hour; what would lie ahead of now never happens."""
        at = day_begins(day) + timedelta(hours=hour, seconds=self.world.chance.randint(0, 1500))
        if at < self.world.now:
            heapq.heappush(self._agenda, (at, next(self._count), what))

    def office_day(self, day: date) -> date:
        """Return the day itself, or the next one on which offices work."""
        return self.world.calendar.first_working_day(day)

    def live(self) -> None:
        """Let everything happen up to now, the clock's steps in between."""
        for name in NAMES:
            self.begin(edition(name, legal_day(self.case.opened_at)), {}, self.case.opened_at, None)
        while self._agenda:
            at, _, what = heapq.heappop(self._agenda)
            self._tick(at)
            if not self.is_closed:
                try:
                    what(at)
                except ProcedureError:
                    self.overtaken += 1
        self._tick(self.world.now)

    def _tick(self, until: datetime) -> None:
        while due := [(when, key) for key, when in self._wakes.items() if when and when <= until]:
            when, key = min(due, key=lambda one: one[0])
            run = next(one for one in self.runs if one.id == key)
            _, step = min(clock_rows(self._run(run), self.world.calendar), key=lambda one: one[0])
            self._take(run, step.name, max(when, self.case.opened_at), frozenset({Actor.CLOCK}), "", {})

    # ---- one act ------------------------------------------------------------------------------------------

    def begin(
        self, procedure: Procedure, facts: Mapping[str, Any], at: datetime, by: ActRow | None
    ) -> Proceeding:
        """Begin a proceeding in its start state."""
        run = Proceeding(
            case=self.case,
            procedure=procedure.name,
            state=procedure.start,
            facts=dict(facts),
            opening=dict(facts),
            opened_by_id=by.id if by else None,
            outlives=procedure.outlives,
            started_at=at,
        )
        self.runs.append(run)
        self._latest[procedure.name] = run
        self._wake(run)
        return run

    def running(self, name: str) -> Proceeding | None:
        """Return the proceeding of this procedure that runs, or None."""
        found = self._latest.get(name)
        return found if found is not None and found.closed_at is None else None

    def state(self, name: str) -> str:
        """Return the state of the latest proceeding of this procedure, "" without one."""
        found = self._latest.get(name)
        return found.state if found is not None else ""

    def fact(self, name: str, key: str) -> Any:
        """Return a fact of the latest proceeding of this procedure."""
        found = self._latest.get(name)
        return found.facts.get(key) if found is not None else None

    def take(
        self,
        at: datetime,
        name: str,
        step: str,
        *,
        run: Proceeding | None = None,
        reasons: str = "",
        other: Any = None,
        **answers: Any,
    ) -> ActRow:
        """Take a step as whoever may take it. Raises as `Procedure.row` where the law does not allow it."""
        procedure = edition(name, legal_day(at))
        run = run or (None if procedure.many else self.running(name))
        if run is None:
            assert procedure.many or name in RENEWABLE, (name, step)
            run = self.begin(procedure, {}, at, None)
        if other is not None:
            run.other_agency = other
        return self._take(run, step, at, OFFICERS, reasons, answers)

    def _take(  # noqa: PLR0917 (an act has so many sides)
        self,
        run: Proceeding,
        name: str,
        at: datetime,
        actors: frozenset[Actor],
        reasons: str,
        answers: Mapping[str, Any],
    ) -> ActRow:
        day = legal_day(at)
        procedure = edition(run.procedure, day)
        form = _only_form(procedure.name, procedure.edition, run.state, name)
        if form is None:  # rows of this name ask differently: which one is meant, the facts say
            form = _form(procedure, run.state, name, self._judged(procedure, run, {}, day))
        given = answers_for(form, answers, day) if form else {}
        preset = applied(presets(form), given, at) if form else {}
        judged = self._judged(procedure, run, {**preset, **given}, day)
        row = procedure.row(run.state, name, actors, judged, day)
        act = self._written(run, procedure, row, judged, given, at, reasons)
        self._causes(act, run, procedure, row)
        return act

    def _judged(
        self, procedure: Procedure, run: Proceeding, answers: Mapping[str, Any], day: date
    ) -> dict[str, Any]:
        facts = self._facts | run.facts | dict(answers)
        asked = []
        for fact in procedure.facts:
            if fact.source.startswith("of:"):
                _, name, key = fact.source.split(":")
                facts[fact.key] = self.fact(name, key)
            elif fact.source.startswith("ask:"):
                asked.append(fact)
        facts = derive(facts, procedure.facts)
        for fact in asked:
            facts[fact.key] = self._provided(fact, run, facts, day)
        return facts

    def _provided(self, fact: Any, run: Proceeding, facts: Mapping[str, Any], day: date) -> Any:
        match fact.source[4:]:
            case "delegated":
                return self.world.roster.is_delegated(self.case.person.office)
            case "leave_window":
                return self._window(run, facts)
            case "positioning_proof":
                return self._proven(facts)
            case name:
                return PROVIDERS[name](fact, self.case, run, facts, day)

    def _window(self, run: Proceeding, facts: Mapping[str, Any]) -> int:
        if not facts.get("leaves_on") or not facts.get("returns_on"):
            return 0
        first, last = _day(facts["leaves_on"]), _day(facts["returns_on"])
        away = _days(first, last)
        for other in self.runs:
            if other.procedure == "leave" and other is not run and other.state in AWAY:
                until = other.facts.get("returned_on") or other.facts["returns_on"]
                away |= _days(_day(other.facts["leaves_on"]), _day(until))
        return fullest_window(away, first, last)

    def _proven(self, facts: Mapping[str, Any]) -> bool:
        proof = next((one for one in self.acts if str(one.id) == facts.get("proof")), None)
        if proof is None or proof.proceeding.state not in {"established", "registered"}:
            return False
        if proof.procedure == "prohibition":
            return bool(facts.get("ground") == "order_breach")
        return bool(proof.proceeding.facts.get("kind") == facts.get("ground"))

    def _written(  # noqa: PLR0917 (a decision record has so many sides)
        self,
        run: Proceeding,
        procedure: Procedure,
        row: Step,
        judged: Mapping[str, Any],
        answers: dict[str, Any],
        at: datetime,
        reasons: str,
    ) -> ActRow:
        officer, day = self.world.roster.officer(row, self.case.person, self.case.order, run), legal_day(at)
        act = ActRow(
            case_id=self.case.id,
            proceeding=run,
            procedure=procedure.name,
            step=row.name,
            row=_number(procedure.name, procedure.edition)[id(row)],
            edition=procedure.edition,
            edition_digest=_digest(procedure.name, procedure.edition),
            title=row.title,
            article=row.article,
            mark=_mark(row.article, row.mark),
            actor=row.actor.value,
            officer=officer,
            recorded_for=row.actor in SPEAKS_FOR_ITSELF,
            at=at,
            day=day,
            state_before=run.state,
            state_after=run.state if row.to == SAME else row.to,
            facts={key: judged[key] for key in _read(procedure.name, procedure.edition) if key in judged},
            answers=answers,
            after=facts_after(procedure, run, row, judged, answers, at),
            reasons=(reasons or REASONS) if row.reasons else reasons,
            remedy=row.remedy,
            calendar_digest=self.world.calendar.digest,
        )
        self.acts.append(act)
        return act

    def _causes(self, act: ActRow, run: Proceeding, procedure: Procedure, row: Step) -> None:
        run.state, run.facts = act.state_after, act.after
        if run.state in procedure.final:
            run.closed_at = act.at
        for name in row.closes:
            for other in self.runs:
                wanted = not other.outlives if name == ANY else other.procedure == name
                if other is not run and wanted and other.closed_at is None:
                    other.closed_at = act.at
                    self._wakes.pop(other.id, None)
        for opened in opened_by(row, act.facts | self._facts, lambda name: edition(name, act.day)):
            if opened.many or self.running(opened.name) is None:
                self.begin(opened, handed_on(opened, act.after, act.day), act.at, act)
        self.letters.write(act, run, row)
        self._register(act, run)
        touched = (
            self.runs if procedure.name == "held" else [run, self._latest.get(FOLLOWS.get(run.procedure, ""))]
        )
        for one in touched:
            if one is not None:
                self._wake(one)

    def _register(self, act: ActRow, run: Proceeding) -> None:
        """What certain acts change in the register (`cases.effects`)."""
        case = self.case
        match act.procedure, act.step:
            case "intake", "receive":
                case.order.received_on, case.stage = act.day, Stage.SUPERVISED
            case ("ending", "release" | "pardon" | "revoke" | "recall" | "death") | (
                "intake",
                "end_before_reception",
            ):
                at_end = day_begins(min(act.day, case.order.term_end) + timedelta(days=1))
                case.order.ended_at = at_end if act.step == "release" else act.at
                case.stage, case.closed_at, self.is_closed = Stage.ENDED, act.at, True
            case "move", "register":
                person, new = case.person, run.other_agency
                assert new is not None
                self.moves.append((act.at, person.county_agency, act.officer))
                person.county_code, person.county_agency = new.area_code, new
                person.office = self.world.chance.choice(self.world.roster.organs.offices[new.area_code])
            case "held", _:
                self._facts["held"] = bool(run.facts.get("held")) and run.closed_at is None
            case "handover", _:
                pass
            case _:
                return
        has_papers = self.fact("handover", "papers") == "complete"
        case.order.papers_pending = bool(case.order.received_on) and not has_papers
        self._facts |= register_facts(case)

    # ---- how it stands ------------------------------------------------------------------------------------

    def _run(self, run: Proceeding) -> Run:
        names = _others(run.procedure, self.world.today)
        latest = {name: self._bare(self._latest[name]) for name in names if name in self._latest}
        return complete(self._bare(run), self._facts, latest)

    def _bare(self, run: Proceeding) -> Run:
        procedure = edition(run.procedure, self.world.today)
        return Run(str(run.id), procedure, run.state, run.facts, run.closed_at is not None)

    def _wake(self, run: Proceeding) -> None:
        if run.closed_at is None and _has_clock(run.procedure, self.world.today):
            rows = clock_rows(self._run(run), self.world.calendar)
            self._wakes[run.id] = min((when for when, _ in rows), default=None)
        else:
            self._wakes.pop(run.id, None)

    def expected(self) -> Iterator[tuple[Proceeding, Expected]]:
        """Yield what is expected now, and set when the clock wakes next."""
        for run in self.runs:
            if run.closed_at is None:
                for one in expected_of(self._run(run), self.world.calendar):
                    yield run, one
        self.case.wake_at = min((when for when in self._wakes.values() if when), default=None)


def _form(procedure: Procedure, state: str, name: str, facts: Mapping[str, Any]) -> Step | None:
    rows = [step for step in procedure.rows_from(state) if step.name == name]
    return next((step for step in rows if step.is_open(facts)), rows[0] if rows else None)


@cache
def _only_form(name: str, on: date, state: str, step: str) -> Step | None:
    """The row whose form is read, where all rows of the name ask the same."""
    rows = [one for one in edition(name, on).rows_from(state) if one.name == step]
    return rows[0] if rows and all(one.asks == rows[0].asks for one in rows) else None


@cache
def _others(name: str, on: date) -> frozenset[str]:
    """The procedures whose facts a table names."""
    sources = (fact.source for fact in edition(name, on).facts)
    return frozenset(source.split(":")[1] for source in sources if source.startswith("of:"))


@cache
def _number(name: str, on: date) -> dict[int, int]:
    return {id(step): number for number, step in enumerate(edition(name, on).steps)}


@cache
def _digest(name: str, on: date) -> str:
    return edition(name, on).digest()


@cache
def _mark(article: str, given: str) -> str:
    return mark_of(article, given)


@cache
def _has_clock(name: str, on: date) -> bool:
    return any(step.kind is Kind.CLOCK for step in edition(name, on).steps)


@cache
def _read(name: str, on: date) -> tuple[str, ...]:
    """The facts that a table reads: kept with the act as what it was judged on."""
    procedure = edition(name, on)
    keys = {"type", *(fact.key for fact in procedure.facts)}
    for step in procedure.steps:
        keys |= {part.fact.key for part in step.given.parts} if step.given else set()
        keys |= {ask.key for ask in step.asks} | ({step.due.since} if step.due else set())
        keys |= {step.not_before} if step.not_before else set()
    return tuple(sorted(keys))


def _day(value: object) -> date:
    return date.fromisoformat(str(value)[:10])


def _days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}
