"""What may be done in a case now: every open row, who owns it, and why the others may not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sifang.cases.actors import WRITTEN_DOWN, actors_of, agency_of, may_write_down, with_delegation
from sifang.cases.calendars import calendar
from sifang.cases.expected import Moment, moment
from sifang.cases.facts import About, about, judged
from sifang.cases.models import Case, Proceeding
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Actor, Kind, Procedure, Step
from sifang.law.procedures import all_editions, edition
from sifang.law.render import mark_of
from sifang.people.models import Officer, active_roles

# what cases compute from the answers of the form itself; the others stand before it is filled in
BY_FORM = {
    f"ask:{name}" for name in ("leave_window", "woman_in_team", "versed_in_minors", "positioning_proof")
}


@dataclass(frozen=True)
class Option:
    """One open row as an officer sees it: a button, or the reason why it is not his.

    `owner`: the agency that has the power, by name where known. `writes_down`: the officer would only record
    what the person, the guardian or a helper did. `waits_for`: the day before which it cannot be done.
    """

    procedure: Procedure
    proceeding: UUID | None
    step: Step
    state: str
    may: bool
    writes_down: bool
    owner: str
    mark: str
    due: Moment | None
    waits_for: date | None

    @property
    def why_not(self) -> str:
        """Why this officer may not press it, in words; empty when he may."""
        if self.may:
            return f"{self.waits_for} 起可以办理（{self.step.article}）" if self.waits_for else ""
        return f"此项权限属于{self.owner}（{self.step.article}）"


@dataclass(frozen=True)
class Look:
    """One look of an officer at a case: asked once, used for every row."""

    officer: Officer
    case: Case
    roles: frozenset[str]
    about: About
    runs: tuple[Proceeding, ...]
    day: date

    def actors(self, run: Proceeding | None) -> frozenset[Actor]:
        """What the officer is to the case."""
        return actors_of(self.officer, self.case, run, self.roles)


def _look(officer: Officer, case: Case) -> Look:
    now = utc_now()
    runs = tuple(case.proceedings.select_related("other_agency").order_by("started_at", "id"))
    return Look(officer, case, active_roles(officer, now), about(case, runs), runs, legal_day(now))


def options(officer: Officer, case: Case) -> list[Option]:
    """Return every row that is open in a case today, those of the officer first. Run inside `acting`."""
    look = _look(officer, case)
    found = [one for run in look.runs if run.closed_at is None for one in _of(look, run)]
    if case.closed_at is None:
        found += [one for procedure in _startable(look) for one in _starts(look, procedure)]
    return sorted(found, key=lambda one: not one.may)


def options_of(officer: Officer, case: Case, proceeding: Proceeding) -> list[Option]:
    """Return the rows that are open in one proceeding today. Run inside `acting`."""
    return list(_of(_look(officer, case), proceeding))


def find_option(
    officer: Officer, case: Case, procedure: str, step: str, proceeding: UUID | None
) -> Option | None:
    """Return the option of this name, the officer's own if he has one. Run inside `acting`."""
    for one in options(officer, case):
        if (one.procedure.name, one.step.name, one.proceeding) == (procedure, step, proceeding):
            return one
    return None


def _startable(look: Look) -> Iterator[Procedure]:
    """Procedures of which a new proceeding may begin by a step: several at a time, or none runs."""
    if look.case.stage != "supervised":
        return
    running = {run.procedure for run in look.runs if run.closed_at is None}
    opened = {name for one in all_editions() for step in one.steps for name in step.opens}
    for name in dict.fromkeys(one.name for one in all_editions()):
        procedure = edition(name, look.day)
        begins = procedure.many or (name not in opened and name not in running)
        if begins and name not in {"handover", "intake"} and procedure.is_for(look.about.facts):
            yield procedure


def _starts(look: Look, procedure: Procedure) -> Iterator[Option]:
    facts = judged(procedure, look.case, None, {}, look.day, look.about)
    actors = look.actors(None)
    for step in procedure.rows_from(procedure.start):
        if step.frm == procedure.start and step.is_for(facts):
            yield _option(look.case, procedure, None, step, facts, actors, look.day)


def _of(look: Look, run: Proceeding) -> Iterator[Option]:
    procedure = edition(run.procedure, look.day)
    facts = judged(procedure, look.case, run, {}, look.day, look.about)
    actors = look.actors(run)
    best: dict[str, Option] = {}
    for step in procedure.rows_from(run.state):
        if step.kind is Kind.CLOCK or not (step.is_open(facts) or _asks_decide(procedure, step, facts)):
            continue
        one = _option(look.case, procedure, run, step, facts, actors, look.day)
        if step.name not in best or (one.may and not best[step.name].may):
            best[step.name] = one
    yield from best.values()


def _asks_decide(procedure: Procedure, step: Step, facts: dict[str, object]) -> bool:
    """Whether the row is closed only because of facts that its own form will give."""
    if not step.is_for(facts) or step.given is None:
        return False
    own = {ask.key for ask in step.asks}
    own |= {fact.key for fact in procedure.facts if fact.source in BY_FORM} if step.asks else set()
    return all(part.holds(facts) or part.fact.key in own for part in step.given.parts)


def _option(  # noqa: PLR0917
    case: Case,
    procedure: Procedure,
    run: Proceeding | None,
    step: Step,
    facts: dict[str, object],
    actors: frozenset[Actor],
    day: date,
) -> Option:
    direct = step.actor in with_delegation(actors, step, case, day)
    writes = not direct and step.actor in WRITTEN_DOWN and may_write_down(actors)
    agency = agency_of(step.actor, case, run)
    first = facts.get(step.not_before) if step.not_before else None
    early = date.fromisoformat(str(first)[:10]) if first else None
    return Option(
        procedure=procedure,
        proceeding=run.id if run else None,
        step=step,
        state=procedure.states[run.state if run else procedure.start],
        may=direct or writes,
        writes_down=writes,
        owner=agency.name + ("负责人" if step.actor is Actor.HEAD else "") if agency else step.actor.value,
        mark=mark_of(step.article, step.mark),
        due=moment(step.due, facts, calendar()) if step.due else None,
        waits_for=early if early and early > day else None,
    )
