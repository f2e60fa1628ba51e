"""Random courses through the real services: every type, minors, women, moves, leaves, delays, omissions.

The dice choose among the rows that are open; the officer who owns the row takes it. What a refusal says is
counted. The course is handed to the oracle as plain records (`records`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from sifang.cases.acts import Wish, take
from sifang.cases.clock import run_clock
from sifang.cases.models import Act, Case, Proceeding
from sifang.cases.sync import runs_of
from sifang.kernel.errors import SifangError
from sifang.law.procedure import Actor, Kind, Procedure, Step
from sifang.law.procedures import all_editions, edition
from sifang.people.access import Purpose, acting, system
from sifang.people.models import Agency, AgencyKind, Officer, OrderType
from sifang.people.rules import OrderPaper
from sifang.people.services import PersonFacts, number_person, register_judgment
from tests.courses.world import LIXIA, SHANGHE, World, as_role

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES = tuple(dict.fromkeys(one.name for one in all_editions()))
OPENED = {name for one in all_editions() for step in one.steps for name in step.opens}
STARTS = tuple(name for name in NAMES if name not in OPENED | {"handover", "intake"})
RARE = {
    "correct", "end_before_reception", "redirect", "revoke", "recall", "pardon", "death", "report_death",
    "doubt_identity", "return_transfer", "dispute", "object", "announce_unsigned", "answer_query",
}  # fmt: skip
JUMPS = ((0.35, 3), (0.35, 30), (0.2, 24 * 6), (0.1, 24 * 40))  # share, at most so many hours


@dataclass
class Facts:
    """What the dice gave the person and the order: what the papers say."""

    type: str
    minor: bool
    woman: bool
    medical: bool
    approved_by: str
    effective_on: date
    term_end: date
    elsewhere: bool
    prohibition: bool
    sealable: bool
    county: str
    office: str

    def plain(self) -> dict[str, Any]:
        return dict(vars(self))


def dice(random: Random) -> Facts:
    kind = random.choice(("control", "probation", "parole", "outside_prison"))
    effective = date(2021, 3, 1) + timedelta(days=random.randrange(1500))
    minor = random.random() < 0.25
    months = random.choice((3, 4, 6, 9, 12, 14))
    by = random.choice(("prison", "police", "court")) if kind == "outside_prison" else "court"
    elsewhere = by == "court" and random.random() < 0.3
    return Facts(
        type=kind,
        minor=minor,
        woman=random.random() < 0.3,
        medical=kind == "outside_prison" and random.random() < 0.7,
        approved_by=by,
        effective_on=effective,
        term_end=effective + timedelta(days=30 * months + random.randrange(28)),
        elsewhere=elsewhere,
        prohibition=kind in {"control", "probation"} and random.random() < 0.5,
        sealable=minor and random.random() < 0.7,
        county=random.choice((LIXIA, SHANGHE)),
        office=random.choice(("委托所", "未托所")),
    )


@dataclass
class Course:
    """One simulated course."""

    world: World
    clock: Any
    random: Random
    facts: Facts
    case_id: UUID | None = None
    refused: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    clocks: int = 0

    # ---- begin -------------------------------------------------------------------------------------------
    def begin(self) -> None:
        facts = self.facts
        self.clock.at = self.at(facts.effective_on, 9) + timedelta(hours=self.random.randrange(40))
        decider = self.decider()
        born = facts.effective_on.replace(year=facts.effective_on.year - (16 if facts.minor else 35), day=7)
        county = self.world.of_county(facts.county, AgencyKind.JUSTICE_BUREAU)
        paper = OrderPaper(
            type=OrderType(facts.type),
            decided_by=decider,
            document_no=f"鲁刑初{self.random.randrange(10**9)}号{'保外就医' if facts.medical else ''}",
            document_date=facts.effective_on - timedelta(days=11),
            effective_on=facts.effective_on,
            term_start=facts.effective_on,
            term_end=facts.term_end,
            prohibition="禁止进入酒吧" if facts.prohibition else "",
            sentence_months=36 if facts.sealable or facts.type in {"control", "probation"} else 90,
        )
        if facts.minor and facts.type in {"control", "probation"}:
            facts.sealable = True
        person = PersonFacts(
            number="", name="某某", sex="f" if facts.woman else "m", birth_date=born, county_agency=county
        )
        officer = self.world.officer_of(decider)
        with acting(officer, Purpose.RECEPTION):
            order = register_judgment(officer, person, paper)
            self.case_id = Case.objects.get(order=order).id

    def decider(self) -> Agency:
        name = {"prison": "济南监狱", "police": "济南市公安局"}.get(self.facts.approved_by)
        if self.facts.elsewhere:
            name = "青岛市市南区人民法院"
        return self.world.agencies[name or "历下区人民法院"]

    @staticmethod
    def at(day: date, hour: int = 0) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI).astimezone(UTC)

    @property
    def today(self) -> date:
        return self.clock.at.astimezone(SHANGHAI).date()

    # ---- time --------------------------------------------------------------------------------------------
    def wait(self, *, at_most: datetime | None = None) -> None:
        """Let time pass, and the clock of the house run, as it does every minute."""
        _, hours = self.random.choices(JUMPS, [one[0] for one in JUMPS])[0]
        self.clock.at += timedelta(minutes=self.random.randrange(1, hours * 60))
        if at_most and self.clock.at > at_most:
            self.clock.at = at_most
        self.run_clock()

    def run_clock(self) -> None:
        with as_role("jobs"):
            self.clocks += run_clock(self.clock.at)

    # ---- acts --------------------------------------------------------------------------------------------
    def step(self) -> bool:
        """Take one of the rows that are open; return whether an act was written."""
        choices = list(self.open_rows())
        if not choices:
            return False
        weights = [self.weight(row) for _, _, row in choices]
        for _ in range(4):
            procedure, run, row = self.random.choices(choices, weights)[0]
            if self.take(procedure, run, row):
                return True
        return False

    def weight(self, row: Step) -> float:
        if row.name in RARE or row.kind is Kind.CORRECT:
            return 0.08
        return 6.0 if row.due else 1.0

    def case(self) -> Case:
        return Case.objects.select_related(
            "person__county_agency__parent__parent", "person__office", "order__decided_by"
        ).get(id=self.case_id)

    def open_rows(self) -> Iterator[tuple[str, Proceeding | None, Step]]:
        with as_role("jobs"), system("reconcile", continues=True):
            self.now = self.case()
            self.runs = runs_of(self.now, self.today)
        running = set()
        for one, run in self.runs.values():
            if run.is_closed:
                continue
            running.add(one.procedure)
            for row in run.procedure.rows_from(run.state):
                if (
                    row.kind is not Kind.CLOCK
                    and row.is_for(run.facts)
                    and may_open(run.procedure, row, {**run.facts, "today": self.today.isoformat()})
                ):
                    yield one.procedure, one, row
        if self.now.stage == "supervised":
            yield from self.starts(running)

    def starts(self, running: set[str]) -> Iterator[tuple[str, None, Step]]:
        for name in STARTS:
            procedure = edition(name, self.today)
            if procedure.many or name not in running:
                rows = [row for row in procedure.rows_from(procedure.start) if row.kind is not Kind.CORRECT]
                if rows and self.random.random() < (0.5 if name in {"leave", "need", "positioning"} else 0.2):
                    yield name, None, self.random.choice(rows)

    def take(self, procedure: str, run: Proceeding | None, row: Step, **fixed: Any) -> bool:
        officer = self.officer(row.actor, run)
        if officer is None:
            self.refused["nobody"] += 1
            return False
        answers = {**self.answers(edition(procedure, self.today), run, row), **fixed}
        wish = Wish(procedure, row.name, answers, reasons="事实和理由", proceeding=run.id if run else None)
        try:
            with transaction.atomic():
                act = take(officer, self.case_id, wish)
                if act.step == "receive":
                    self.give_office(officer)
        except SifangError as error:
            self.refused[f"{procedure}.{row.name} {error.code}"] += 1
            return False
        self.taken[f"{procedure}.{row.name}"] += 1
        return True

    def give_office(self, officer: Officer) -> None:
        with acting(officer, Purpose.RECEPTION):
            case = Case.objects.select_related("person__county_agency").get(id=self.case_id)
            if case.person.office_id is None:
                county = case.person.county_agency.name.removesuffix("司法局")
                number_person(officer, case.person, office=self.world.agencies[county + self.facts.office])

    def officer(self, actor: Actor, run: Proceeding | None) -> Officer | None:  # noqa: C901, PLR0911
        person, world = self.now.person, self.world
        county = person.county_agency
        match actor:
            case Actor.HEAD:
                return world.heads[county.id]
            case Actor.OFFICE:
                return world.officers.get(person.office_id)
            case Actor.PERSON | Actor.GUARDIAN | Actor.HELPER:
                return world.officer_of(person.office or county)
            case Actor.NEW_COUNTY:
                return world.officers.get(run.other_agency_id) if run else None
            case Actor.HIGHER:
                return world.officer_of(county.parent)
            case Actor.PROVINCE:
                return world.officer_of(county.parent.parent)
            case Actor.DECIDER:
                return world.officer_of(self.now.order.decided_by)
            case Actor.COURT:
                return world.officer_of(world.of_county(person.county_code, AgencyKind.COURT))
            case Actor.CUSTODY:
                return world.officer_of(world.agencies["济南监狱"])
            case Actor.POLICE | Actor.EXIT_ENTRY:
                return world.officer_of(world.of_county(person.county_code, AgencyKind.POLICE))
            case Actor.PROCURATORATE:
                return world.officer_of(world.of_county(person.county_code, AgencyKind.PROCURATORATE))
            case _:
                return world.officer_of(county)

    # ---- answers -----------------------------------------------------------------------------------------
    def answers(self, procedure: Procedure, run: Proceeding | None, row: Step) -> dict[str, Any]:
        del procedure
        found: dict[str, Any] = {}
        known = dict(run.facts) if run else {}
        for ask in row.asks:
            if not ask.required and self.random.random() < 0.5:
                continue
            found[ask.key] = self.answer(ask, known | found)
        return found

    def answer(self, ask: Any, known: dict[str, Any]) -> Any:  # noqa: PLR0911
        match ask.kind:
            case "choice":
                return self.random.choice(ask.choices)[0]
            case "yesno":
                return self.random.choice(("yes", "no"))
            case "number":
                return str(self.random.randrange(1, 7))
            case "date":
                return self.a_day(ask, known).isoformat()
            case "instant":
                return self.clock.at.isoformat()
            case "agency":
                code = SHANGHE if self.now.person.county_code == LIXIA else LIXIA
                return str(self.world.of_county(code, AgencyKind.JUSTICE_BUREAU).id)
            case "people":
                return [
                    {"name": "甲", "kind": "justice_office", "sex": "f", "versed": True},
                    {"name": "乙", "kind": "family", "sex": "m"},
                ]
            case "record":
                return self.a_record()
            case _:
                return "情况属实"

    def a_day(self, ask: Any, known: dict[str, Any]) -> date:
        key, pick = ask.key, self.random.randrange
        if key in {"papers_came_on", "notice_came_on", "decision_came_on", "decision_day"}:
            return self.today - timedelta(days=pick(3))
        if key == "returns_on" and "leaves_on" in known:
            first = max(date.fromisoformat(known["leaves_on"]), self.granted(known))
            return first + timedelta(days=self.random.choice((0, 2, 6, 7, 9, 29, 30, 33)))
        if key in {"leaves_on", "enters_on", "contact_on", "visit_on", "held_on", "wanted_on"}:
            start = known.get("enters_on") or known.get("contact_on")
            return (date.fromisoformat(start) if start else self.today) + timedelta(days=pick(6))
        if key in {"until_on", "valid_until"}:
            return self.today + timedelta(days=6 + pick(60))
        return self.today

    @staticmethod
    def granted(known: dict[str, Any]) -> date:
        return date.fromisoformat(known.get("granted_until") or "2020-01-01")

    def a_record(self) -> str:
        with as_role("jobs"), system("reconcile", continues=True):
            found = Act.objects.filter(
                case_id=self.case_id,
                procedure__in=("prohibition", "stop_breach"),
                proceeding__state__in=("established", "registered"),
            ).first()
        return str(found.id) if found else ""

    # ---- the whole ---------------------------------------------------------------------------------------
    def run(self, steps: int) -> Iterator[None]:
        """Live the course: yield at each instant that may be looked at."""
        for _ in range(steps):
            self.wait()
            self.step()
            yield


def may_open(procedure: Procedure, row: Step, facts: dict[str, Any]) -> bool:
    """Whether a row is open, or closed only by what its form or the house's computers will say."""
    own = {ask.key for ask in row.asks} | {"ground"}
    own |= {fact.key for fact in procedure.facts if fact.source.startswith("ask:")} - facts.keys()
    early = facts.get(row.not_before) if row.not_before else None
    if early and facts.get("today", "") < str(early):
        return False
    return row.given is None or all(part.holds(facts) or part.fact.key in own for part in row.given.parts)


def plain_runs(case_id: UUID) -> list[dict[str, Any]]:
    """The proceedings as plain records: which, when begun, by which act. Run as jobs or migration."""
    rows = Proceeding.objects.filter(case_id=case_id).order_by("started_at", "id")
    return [
        {"id": str(one.id), "procedure": one.procedure, "by": str(one.opened_by_id or "")} for one in rows
    ]


def plain_acts(case_id: UUID) -> list[dict[str, Any]]:
    """The acts as plain records, in the order in which they were written."""
    rows = Act.objects.filter(case_id=case_id).order_by("recorded_at", "id")
    return [
        {
            "id": str(one.id), "run": str(one.proceeding_id), "procedure": one.procedure, "step": one.step,
            "at": one.at, "day": one.day, "answers": one.answers, "clock": one.officer_id is None,
        }
        for one in rows
    ]  # fmt: skip
