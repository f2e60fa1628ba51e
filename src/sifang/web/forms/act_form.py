"""One act as a page: the row this viewer may take, what it asks, what it causes; the read is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sifang.cases import facts as known_facts
from sifang.cases.actors import actors_of
from sifang.cases.acts import Wish, purpose_of, take
from sifang.cases.answers import read_answers
from sifang.cases.documents.service import preview
from sifang.cases.errors import BadAnswers, CourseEnded, ReasonsMissing
from sifang.cases.models import Act, Case, Proceeding, Stage
from sifang.cases.options import Option, options, options_of
from sifang.kernel.errors import BeyondPower, NotFound, SifangError
from sifang.kernel.time import legal_day, utc_now
from sifang.law.documents import TITLES
from sifang.law.procedure import NoSuchStep
from sifang.law.procedures import NoEdition, edition
from sifang.people.access import Purpose, access_own_person, access_person_by_number, acting
from sifang.people.errors import TermMismatch
from sifang.people.models import Officer, Person, Role
from sifang.web.alarm_file import ReadNote
from sifang.web.forms.fields import Field, fields
from sifang.web.forms.follows import Line, Power, computed, follows, known_so_far, powers
from sifang.web.person_file import need_alarm
from sifang.web.shell import Viewer

PAST = 12  # acts of the proceeding shown beside the form
BROKEN = 500


@dataclass(frozen=True)
class Where:
    """The row that an address names, found for this viewer."""

    person: Person
    case: Case
    run: Proceeding | None
    option: Option
    read: ReadNote


@dataclass(frozen=True)
class ActForm:
    """Everything the page of one act shows."""

    where: Where
    fields: list[Field]
    follows: list[Line]
    powers: list[Power]
    computed: list[tuple[str, str]]
    known: list[tuple[str, str]]
    past: list[Act]
    documents: list[tuple[str, str]]
    given: Mapping[str, Any]
    errors: Mapping[str, str]
    said: str  # what the house answers to the whole form
    counted: bool  # 试算: the facts follow from what was filled in

    @property
    def wants_reasons(self) -> bool:
        """Whether reasons are asked: by the row, or because a named officer must settle a difference."""
        return self.where.option.step.reasons or "reasons" in self.errors or bool(self.given.get("reasons"))

    @property
    def title(self) -> str:
        """Verb and person."""
        return f"{self.where.option.step.title}：{self.where.person.name}"


def find(viewer: Viewer, number: str, name: str, step: str, proceeding: UUID | None) -> Where:
    """Return the row an address names. Raises NotFound for outsiders, BeyondPower naming the owner with the
    next rightful steps, NoSuchStep, NotForType, NotGiven, CourseEnded where the case is not at that point.
    """
    officer = viewer.officer
    purpose = purpose_of(name, officer)
    person = person_for(viewer, number, purpose)
    with acting(officer, purpose):
        case = case_of(person, proceeding)
        run = (
            case.proceedings.select_related("other_agency").filter(id=proceeding).first()
            if proceeding
            else None
        )
        if run is not None and run.procedure != name:
            raise NotFound
        there = options_of(officer, case, run) if run else options(officer, case)
        option = next((one for one in there if (one.procedure.name, one.step.name) == (name, step)), None)
        if option is None:
            raise _why_absent(officer, case, run, name, step)
        if not option.may:
            raise beyond(option, [one for one in there if one.may], person)
        if run is None and option.proceeding is not None:
            run = case.proceedings.select_related("other_agency").get(id=option.proceeding)
    return Where(person, case, run, option, ReadNote(utc_now(), purpose.title, purpose.article))


def person_for(viewer: Viewer, number: str, purpose: Purpose) -> Person:
    """Return the person of this number for a purpose; the own one for the person. Raises NotFound."""
    officer = viewer.officer
    if officer.person_id is not None:
        person = access_own_person(officer)
        if number and person.number != number:
            raise NotFound
        return person
    if viewer.roles <= {Role.DUTY_OFFICER, Role.SYSTEM_ADMIN}:
        need_alarm(viewer, number, purpose)
    return access_person_by_number(officer, number, purpose)


def case_of(person: Person, proceeding: UUID | None = None) -> Case:
    """Return the case of a proceeding, or the person's running one, or the last. Run inside `acting`."""
    found = Case.objects.select_related(
        "person__county_agency__parent", "person__office", "order__decided_by", "order__person"
    ).filter(person=person)
    if proceeding is not None:
        found = found.filter(proceedings__id=proceeding)
    case = min(found.order_by("-opened_at"), key=lambda one: one.stage == Stage.ENDED, default=None)
    if case is None:
        raise NotFound
    return case


def beyond(option: Option, mine: list[Option], person: Person) -> BeyondPower:
    """Return the refusal: who owns the power, the article, and what this officer may do instead."""
    same = [one for one in mine if one.procedure.name == option.procedure.name][:4]
    steps = [(one.step.title, address(person, one)) for one in same]
    words = f"可以把情况和意见送交{option.owner}，由其决定。"
    return BeyondPower(
        owner=option.owner, article=option.step.article, next_step=words, steps=steps, step=option.step.title
    )


def address(person: Person, option: Option) -> str:
    """The address of an option's form."""
    path = f"/persons/{person.number}/do/{option.procedure.name}/{option.step.name}"
    return f"{path}?proceeding={option.proceeding}" if option.proceeding else path


def _why_absent(officer: Officer, case: Case, run: Proceeding | None, name: str, step: str) -> SifangError:
    """Why a row is not open: the reader's own refusal."""
    today = legal_day(utc_now())
    try:
        procedure = edition(name, today)
    except NoEdition:
        return NotFound()
    if step not in {one.name for one in procedure.steps}:
        return NotFound()
    if case.closed_at is not None and not procedure.outlives:
        return CourseEnded()
    run = run or case.proceedings.filter(procedure=name).order_by("-started_at").first()
    state = run.state if run else procedure.start
    facts = known_facts.judged(procedure, case, run, {}, today)
    try:
        procedure.row(state, step, actors_of(officer, case, run), facts, today)
    except SifangError as error:
        return error
    title = next(one.title for one in procedure.steps if one.name == step)
    return NoSuchStep(title=procedure.title, state=procedure.states[state], step=title)


def show(
    viewer: Viewer,
    where: Where,
    given: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    said: str = "",
    answers: Mapping[str, Any] | None = None,
    more: str = "",
) -> ActForm:
    """Return the page; `answers`: read already (试算), so that sums and powers follow from them."""
    option, case, run = where.option, where.case, where.run
    procedure, step = option.procedure, option.step
    with acting(viewer.officer, purpose_of(procedure.name, viewer.officer)):
        facts = known_facts.judged(procedure, case, run, answers or {}, legal_day(utc_now()))
        past = list(run.acts.select_related("agency", "officer").order_by("-at")[:PAST]) if run else []
        return ActForm(
            where=where,
            fields=fields(step, given, errors or {}, case, run=run, more=more),
            follows=follows(procedure, step, case, run, facts),
            powers=powers(viewer.officer, procedure, step, case, run, facts),
            computed=computed(procedure, facts),
            known=known_so_far(procedure, step, run),
            past=past,
            documents=[(one, TITLES.get(one, one)) for one in step.documents],
            given=given,
            errors=errors or {},
            said=said,
            counted=answers is not None,
        )


def wish(where: Where, given: Mapping[str, Any]) -> Wish:
    """Return what the form asks for; of paper applications also when they were made."""
    option = where.option
    return Wish(
        procedure=option.procedure.name,
        step=option.step.name,
        answers={ask.key: given.get(ask.key) for ask in option.step.asks},
        reasons=str(given.get("reasons", "")),
        proceeding=option.proceeding,
        at=given.get("at"),
    )


@dataclass(frozen=True)
class Refusal:
    """Why an act was not taken: by field, and for the whole form; with the status of the answer."""

    errors: Mapping[str, str]
    said: str
    status: int


def attempt(viewer: Viewer, where: Where, given: Mapping[str, Any]) -> Act | Refusal:
    """Take the act, or return what is wrong with the form. Raises NotFound and BeyondPower."""
    try:
        return take(viewer.officer, where.case.id, wish(where, given))
    except SifangError as error:
        return refusal(error)


def drafts(viewer: Viewer, where: Where, given: Mapping[str, Any]) -> list[tuple[str, bytes]] | Refusal:
    """Return the documents that the act would issue, marked as previews, or what is wrong."""
    try:
        return preview(viewer.officer, where.case.id, wish(where, given))
    except SifangError as error:
        return refusal(error)


def count(viewer: Viewer, where: Where, given: Mapping[str, Any]) -> Mapping[str, Any] | Refusal:
    """Return the answers read, without acting on them (试算)."""
    option = where.option
    with acting(viewer.officer, purpose_of(option.procedure.name, viewer.officer)):
        facts = known_facts.judged(option.procedure, where.case, where.run, {}, legal_day(utc_now()))
        try:
            return read_answers(option.step, given, facts, where.case.id)
        except BadAnswers as error:
            return refusal(error)


def refusal(error: SifangError) -> Refusal:
    """Sort an error: to its field, or to the whole form. Raises again what is no matter of the form."""
    if isinstance(error, NotFound | BeyondPower) or error.status >= BROKEN:
        raise error
    if isinstance(error, BadAnswers):
        errors = error.data.get("errors")
        return Refusal(dict(errors) if isinstance(errors, Mapping) else {}, "", error.status)
    if isinstance(error, TermMismatch):
        return Refusal({"reasons": "期限与计算不一致：核对文书后写明处理的理由"}, str(error), error.status)
    if isinstance(error, ReasonsMissing):
        return Refusal({"reasons": "请写明事实和理由；没有理由不能办理"}, "", error.status)
    return Refusal({}, str(error), error.status)
