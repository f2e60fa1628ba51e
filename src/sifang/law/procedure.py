"""What a legal procedure is: a table of steps, each with its article, actor, condition, deadline, document.

A procedure is data. This module reads the table; it never touches a database, a clock or a network, so that
a lawyer's question ("who may do what now?") and a test ask the same function. Time is counted in `law.due`,
the check for what a lawyer must not find stands in `law.check`, pages are made in `law.render`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from sifang.kernel.errors import BeyondPower, SifangError
from sifang.law.conditions import Condition, Fact, Facts, Value

ANY = "*"  # from any state that is not final
SAME = "="  # the state stays

CONTROL, PROBATION, PAROLE, OUTSIDE_PRISON = "control", "probation", "parole", "outside_prison"
TYPE_WORDS = {CONTROL: "管制", PROBATION: "缓刑", PAROLE: "假释", OUTSIDE_PRISON: "暂予监外执行"}


class Actor(StrEnum):
    """Who has a power or a duty; the value is the word on pages."""

    PERSON = "社区矫正对象"
    GUARDIAN = "监护人"
    OFFICE = "司法所"
    COUNTY = "县级社区矫正机构"
    HEAD = "县级司法行政部门负责人"
    HIGHER = "上一级社区矫正机构"
    PROVINCE = "省级社区矫正机构"
    NEW_COUNTY = "新执行地县级社区矫正机构"
    DECIDER = "社区矫正决定机关"
    COURT = "人民法院"
    CUSTODY = "监狱、看守所"
    POLICE = "公安机关"
    EXIT_ENTRY = "出入境管理机构"
    PROCURATORATE = "人民检察院"
    HELPER = "协助单位"
    CLOCK = "期限届满"


class Kind(StrEnum):
    """What a row is to the course."""

    STEP = "step"
    CLOCK = "clock"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    CORRECT = "correct"


@dataclass(frozen=True)
class Due:
    """By when: a rule of PROCEDURES § 7 counted from a fact, a target of the house, or the day of a fact.

    `rule`: id of `law.rules`; "" with `n` is a house target (never shown as law); "" without `n` means on
    the day of the fact itself, until 24:00. `since`: key of the fact that starts the clock (for `before`
    rules: the event counted back from).
    """

    since: str
    rule: str = ""
    n: int = 0
    unit: str = "day"
    mark: str = ""

    @property
    def is_target(self) -> bool:
        """Whether this is a target of the house, not a period of law."""
        return not self.rule and self.n > 0


def by_rule(rule: str, since: str) -> Due:
    """A period of PROCEDURES § 7."""
    return Due(since, rule)


def target(n: int, unit: str, since: str, mark: str = "local") -> Due:
    """A target of the house where the law gives no number: unit hour, day, workday or month."""
    return Due(since, "", n, unit, mark)


def on_day(since: str) -> Due:
    """On the day of a fact itself, until 24:00."""
    return Due(since)


@dataclass(frozen=True)
class Duty:
    """A recipient whom the row names: what is sent to whom; closed by that agency's receipt.

    `awaited`: not sent with the step, but expected from `by` (the copy that another agency must send);
    `given`: only under this condition. `due`: until when it must be sent; None = with the step itself.
    """

    title: str
    article: str
    to: Actor
    due: Due | None = None
    given: Condition | None = None
    by: Actor | None = None
    awaited: bool = False
    document: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Ask:
    """One answer that the row needs.

    `kind`: text, long, date, instant, number, yesno, choice, agency, place, people, record (one of this
    case's records, chosen; `of` names what it must prove).

    `choices`: (value, words). For kind agency, `of` names the agency kind. `after`: key of a date that this
    one may not precede; `until`: key of one that it may not pass. `people`: a list of names with roles.
    """

    key: str
    words: str
    kind: str = "text"
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    of: str = ""
    after: str = ""
    until: str = ""
    help: str = ""
    article: str = ""


@dataclass(frozen=True)
class Set:
    """A fact that the step leaves: a value, the day or instant of the act, one more, or a copy of another."""

    key: str
    how: str
    value: Value = ""


def put(key: str, value: Value) -> Set:
    """The fact becomes this value."""
    return Set(key, "is", value)


def day(key: str) -> Set:
    """The fact becomes the legal day of the act."""
    return Set(key, "day")


def instant(key: str) -> Set:
    """The fact becomes the instant of the act (ISO, +08:00)."""
    return Set(key, "now")


def plus(key: str, n: int = 1) -> Set:
    """The count grows by n."""
    return Set(key, "plus", n)


def copy(key: str, other: str) -> Set:
    """The fact becomes what another fact is."""
    return Set(key, "copy", other)


@dataclass(frozen=True)
class Step:
    """One row of the table: under `article`, `actor` may take the case from `frm` to `to`.

    `due`: the step is expected while the row is open, until then; on a CLOCK row: the moment after whose
    24:00 the clock acts. `types`: order types for which the row exists (empty: all). `delegable`: matter in
    which a justice office with a delegation in force may act for the county agency. `burden`: limits the
    person, hence refused outside the term. `reasons`: must be written; `remedy`: what the person can do
    against it, told with the decision. `opens`: procedures that begin with it (see `opened_by`); `closes`:
    procedures of the case that end with it (ANY: all that do not outlive the term). `not_before`: key of the
    day before which the row may not be taken (that day itself is allowed): the row is open and expected all
    the while, so that the calendar shows it, but nobody is released early.
    """

    name: str
    title: str
    article: str
    actor: Actor
    frm: str
    to: str
    given: Condition | None = None
    due: Due | None = None
    documents: tuple[str, ...] = ()
    duties: tuple[Duty, ...] = ()
    asks: tuple[Ask, ...] = ()
    sets: tuple[Set, ...] = ()
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    delegable: str = ""
    reasons: bool = False
    remedy: str = ""
    kind: Kind = Kind.STEP
    mark: str = ""
    burden: bool = False
    alarm: bool = False
    help: str = ""
    not_before: str = ""

    def is_for(self, facts: Facts) -> bool:
        """Whether the row exists for the type of this case."""
        return not self.types or facts.get("type") in self.types

    def is_open(self, facts: Facts) -> bool:
        """Whether type and condition admit the row now."""
        return self.is_for(facts) and (self.given is None or self.given.holds(facts))


class ProcedureError(SifangError):
    """{words}"""

    code: ClassVar[str] = "procedure"
    status: ClassVar[int] = 409


class NoSuchStep(ProcedureError):
    """「{title}」处于「{state}」，现在没有「{step}」这一步。"""

    code: ClassVar[str] = "no_such_step"


class NotForType(ProcedureError):
    """{type}不适用「{step}」（{article}）。"""

    code: ClassVar[str] = "not_for_type"


class TooEarly(ProcedureError):
    """「{step}」在 {day} 以前不能办理（{article}）。"""

    code: ClassVar[str] = "too_early"


class NotGiven(ProcedureError):
    """「{step}」的条件不具备：{condition}（{article}）。"""

    code: ClassVar[str] = "condition_not_met"


@dataclass(frozen=True)
class Procedure:
    """A procedure in one edition; the edition is chosen per act by the day of the act.

    `valid_from`, `valid_to`: first and last day on which acts are judged by it (both inclusive).
    `many`: several may run in one case at a time (leaves). `outlives`: goes on after the end of the term.
    `pauses`: its clocks rest while the person is held (P-NEW-1; our reading). `ends_with_case`: runs from
    reception to the end of the term and needs no end of its own (regular reports, checks). `given`: the
    procedure exists only in cases for which this holds (medical reports, minors); elsewhere it is not opened.
    """

    name: str
    code: str
    title: str
    edition: date
    start: str
    states: Mapping[str, str]
    final: frozenset[str]
    steps: tuple[Step, ...]
    facts: tuple[Fact, ...] = ()
    valid_to: date | None = None
    many: bool = False
    outlives: bool = False
    pauses: bool = True
    ends_with_case: bool = False
    notes: tuple[str, ...] = ()
    given: Condition | None = None

    def is_for(self, facts: Facts) -> bool:
        """Whether the procedure exists in a case of these facts."""
        return self.given is None or self.given.holds(facts)

    @property
    def valid_from(self) -> date:
        """The first day on which acts are judged by this edition."""
        return self.edition

    def rows_from(self, state: str) -> Iterator[Step]:
        """Yield the rows that leave this state, whoever owns them."""
        for step in self.steps:
            if step.frm == state or (step.frm == ANY and state not in self.final):
                yield step

    def row(
        self,
        state: str,
        name: str,
        actors: frozenset[Actor] | set[Actor],
        facts: Facts,
        on: date | None = None,
    ) -> Step:
        """Return the row that one of `actors` may apply on the legal day `on`.

        Raises NoSuchStep when the case is not at that point, NotForType and NotGiven with the article and
        only what is lacking, BeyondPower, naming the owner of the power, when the row belongs to another
        authority, and TooEarly before the day that the row waits for (`on` None: not asked).
        """
        rows = [step for step in self.rows_from(state) if step.name == name]
        if not rows:
            words = next((step.title for step in self.steps if step.name == name), name)
            raise NoSuchStep(title=self.title, state=self.states[state], step=words)
        for_type = [step for step in rows if step.is_for(facts)]
        if not for_type:
            words = TYPE_WORDS.get(str(facts.get("type")), "")
            raise NotForType(type=words, step=rows[0].title, article=rows[0].article)
        given = [step for step in for_type if step.is_open(facts)]
        if not given:
            own = [step for step in for_type if step.actor in actors] or for_type
            nearest = max(own, key=lambda step: _nearness(step, facts))
            raise NotGiven(
                step=nearest.title, condition=str(_lacking(nearest, facts)), article=nearest.article
            )
        for step in given:
            if step.actor in actors:
                _not_too_early(step, facts, on)
                return step
        raise BeyondPower(owner=given[0].actor.value, article=given[0].article)

    def after(self, step: Step, state: str) -> str:
        """Return the state after a step taken in `state`."""
        return state if step.to == SAME else step.to

    def index_of(self, step: Step) -> int:
        """Return the place of a row in the table, from 0: its key in the decision record."""
        return self.steps.index(step)

    def digest(self) -> str:
        """SHA-256 over the canonical table; goes into the ledger when the edition takes effect."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        text = json.dumps(as_data(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _lacking(step: Step, facts: Facts) -> Condition:
    """What of a row's condition does not hold."""
    parts = step.given.parts if step.given else ()
    return Condition(tuple(part for part in parts if not part.holds(facts)))


def _nearness(step: Step, facts: Facts) -> tuple[int, int]:
    """The row that lacks least is the one that was meant; among equals the one that already holds most."""
    lacking = len(_lacking(step, facts).parts)
    return -lacking, len(step.given.parts if step.given else ()) - lacking


def _not_too_early(step: Step, facts: Facts, on: date | None) -> None:
    from_day = facts.get(step.not_before) if step.not_before else None
    if on is not None and from_day and on < date.fromisoformat(str(from_day)[:10]):
        raise TooEarly(step=step.title, day=str(from_day)[:10], article=step.article)


def opened_by(step: Step, facts: Facts, find: Callable[[str], Procedure]) -> Iterator[Procedure]:
    """Yield the procedures that begin with a step in a case of these facts; `find`: edition by name."""
    for name in step.opens:
        procedure = find(name)
        if procedure.is_for(facts):
            yield procedure


def as_data(procedure: Procedure) -> dict[str, object]:
    """Return the whole table as plain data, for the digest and for the database's copy."""
    found = asdict(procedure)
    found["edition"] = procedure.edition.isoformat()
    found["valid_to"] = procedure.valid_to.isoformat() if procedure.valid_to else None
    found["final"] = sorted(procedure.final)
    found["states"] = dict(procedure.states)
    return found
