"""The letters of a life: a row for each recipient that the table names, answered as a desk would."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sifang.cases.expected import moment
from sifang.cases.models import Case, DispatchState, Expectation, Proceeding
from sifang.cases.sync import RECEIPT_WITHIN
from sifang.law.calendar import Calendar
from sifang.law.procedure import Actor, Duty, Step
from sifang.law.render import mark_of
from sifang.ops.demo.roster import SPEAKS_FOR_ITSELF, Roster
from sifang.ops.demo.rows import ActRow, LetterRow
from sifang.people.models import Agency, AgencyKind

if TYPE_CHECKING:
    from sifang.ops.demo.course import World

FORGOTTEN, RECENT = 0.02, timedelta(days=9)
NEAR = {Actor.PROCURATORATE: AgencyKind.PROCURATORATE, Actor.POLICE: AgencyKind.POLICE}


@cache
def _mark(article: str, given: str) -> str:
    return mark_of(article, given)


@dataclass
class Letters:
    """The outgoing rows of one case."""

    case: Case
    roster: Roster
    calendar: Calendar
    world: "World"
    sent: list[LetterRow] = field(default_factory=list)

    def write(self, act: ActRow, run: Proceeding, row: Step) -> None:
        """Write the row of each recipient that this step names (as `cases.outbox`)."""
        facts = act.facts | act.after
        for duty in row.duties:
            if duty.given is None or duty.given.holds(facts):
                self._write(act, run, duty, facts)

    def _write(self, act: ActRow, run: Proceeding, duty: Duty, facts: dict[str, Any]) -> None:
        sender = self._sender(act, run, duty)
        to = self._recipient(run, duty, sender)
        if to is not None and sender is not None and to.id == sender.id and not duty.awaited:
            return
        when = moment(duty.due, facts, self.calendar) if duty.due else None
        one = LetterRow(
            act_id=act.id,
            case_id=self.case.id,
            from_agency=sender,
            to_agency=to,
            to_actor=duty.to.value,
            title=duty.title,
            article=duty.article,
            mark=_mark(duty.article, duty.mark),
            content=self._content(act),
            due_at=when.ends_at if when else None,
            due_kind=when.kind if when else "",
            state=DispatchState.SENT,
            created_at=act.at,
            sent_at=act.at,
        )
        self._answer(one, duty, act)
        self.sent.append(one)

    def _answer(self, one: LetterRow, duty: Duty, act: ActRow) -> None:
        chance, now = self.world.chance, self.world.now
        sent = act.at
        if duty.awaited:
            sent += timedelta(hours=chance.randint(20, 60))
            if sent > now:
                one.state, one.sent_at = DispatchState.EXPECTED, None
                return
            one.sent_at = sent
        is_told = one.to_agency is None
        at = sent + timedelta(minutes=chance.randint(5, 90) if is_told else chance.randint(30, 2_600))
        forgets = now - sent < RECENT and chance.random() < FORGOTTEN
        if at > now or forgets:
            return
        answers = self.roster.of_agency(one.to_agency or self.case.person.office)
        if answers is not None:
            one.state, one.answered_at, one.answered_by_id = DispatchState.ACCEPTED, at, answers.id

    def _sender(self, act: ActRow, run: Proceeding, duty: Duty) -> Agency | None:
        person, order = self.case.person, self.case.order
        if duty.by is not None:
            return self.roster.agency(duty.by, person, order, run)
        if act.officer is not None and not act.recorded_for:
            return act.officer.agency
        return self.roster.agency(Actor(act.actor), person, order, run) or person.county_agency

    def _recipient(self, run: Proceeding, duty: Duty, sender: Agency | None) -> Agency | None:
        if duty.to in SPEAKS_FOR_ITSELF:
            return None
        is_new = duty.by is Actor.NEW_COUNTY or (sender and sender.id == run.other_agency_id)
        if is_new and sender is not None and duty.to in NEAR:
            return self.roster.near(NEAR[duty.to], sender.area_code)
        return self.roster.agency(duty.to, self.case.person, self.case.order, run)

    def _content(self, act: ActRow) -> dict[str, Any]:
        person, order = self.case.person, self.case.order
        return {
            "person": str(person.id),
            "number": person.number,
            "name": person.name,
            "type": order.get_type_display(),
            "term": [order.term_start.isoformat(), order.term_end.isoformat()],
            "document_no": order.document_no,
            "act": act.title,
            "article": act.article,
            "day": act.day.isoformat(),
        }

    def expected(self) -> list[Expectation]:
        """Return the receipts and copies that are still open (as `cases.sync.expect_receipt`)."""
        open_ones = [one for one in self.sent if one.state != DispatchState.ACCEPTED]
        return [self._expectation(one) for one in open_ones]

    def _expectation(self, sent: LetterRow) -> Expectation:
        awaited = sent.state == DispatchState.EXPECTED
        person = self.case.person
        owner = sent.to_agency or person.office or person.county_agency
        since: datetime = sent.sent_at or sent.created_at
        return Expectation(
            kind="copy" if awaited else "receipt",
            case=self.case,
            owner=(sent.from_agency or owner) if awaited else owner,
            actor=sent.to_actor,
            title=sent.title,
            subject_kind="dispatch",
            subject_id=sent.id,
            due_at=sent.due_at if awaited else since + RECEIPT_WITHIN,
            due_kind=(sent.due_kind or "target") if awaited else "target",
            article=sent.article,
            mark=sent.mark,
            counted="" if awaited else "内部目标：48 小时内签收",
            opened_at=since,
        )
