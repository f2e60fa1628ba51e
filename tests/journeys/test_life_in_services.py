"""The whole life through the services: each step by its officer, each wrong officer refused."""

from datetime import timedelta
from typing import Any

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.models import Act, Case, Document, Proceeding, Stage
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import ANY, Procedure
from sifang.law.procedures import edition
from sifang.people.models import Person
from sifang.people.purposes import Purpose
from sifang.people.services import register_judgment
from tests.journeys import life
from tests.personae import City


class Player:
    """Plays the lines of a life on one case; every running proceeding is found by its procedure."""

    def __init__(self, city: City, case: Case) -> None:
        self.city, self.case = city, case
        self.runs: dict[str, Any] = {}

    def plays(self, lines: tuple[life.Line, ...]) -> None:
        for line in lines:
            if line.refused:
                officer, words = line.refused
                with pytest.raises((BeyondPower, NotFound)) as caught:
                    self._take(officer, line)
                assert words in str(caught.value) or isinstance(caught.value, NotFound), line
            self._take(line.officer, line)

    def _take(self, officer: str, line: life.Line) -> Act:
        procedure = edition(line.procedure, legal_day(utc_now()))
        run = self.runs.get(line.procedure)
        if (
            any(step.name == line.step and step.frm == procedure.start for step in procedure.steps)
            and procedure.many
        ):
            run = None
        answers = {key: self._value(procedure, line, key, value) for key, value in line.answers.items()}
        reasons = str(answers.pop("reasons", "")) or life.WORDS
        act = take(
            self.city[officer],
            self.case.id,
            Wish(line.procedure, line.step, answers, reasons=reasons, proceeding=run),
        )
        self.runs[line.procedure] = act.proceeding_id
        return act

    def _value(self, procedure: Procedure, line: life.Line, key: str, value: Any) -> Any:
        if value == "{first}":
            rows = [step for step in procedure.steps if step.name == line.step]
            return next(ask.choices[0][0] for step in rows for ask in step.asks if ask.key == key)
        if isinstance(value, str) and value.startswith("{record:"):
            with self.city.acting("王科"):
                name = value[8:-1]
                return str(Act.objects.filter(case=self.case, procedure=name).latest("recorded_at").id)
        return life.on(legal_day(utc_now()), value)


def judged(city: City, name: str, days_left: int) -> Case:
    start = legal_day(utc_now()) - timedelta(days=3)
    with city.acting("钱法", Purpose.RECEPTION):
        order = register_judgment(
            city["钱法"],
            city.facts(name, "", office=None),
            city.paper(
                name,
                document_date=start - timedelta(days=11),
                effective_on=start,
                term_start=start,
                term_end=legal_day(utc_now()) + timedelta(days=days_left),
            ),
        )
        return Case.objects.get(order=order)


@pytest.mark.django_db
def test_a_whole_life_is_carried_by_the_officers_whose_powers_they_are(city: City) -> None:
    player = Player(city, judged(city, "罗某", 260))
    player.plays(life.RECEPTION)
    with city.acting("王科"):
        Person.objects.filter(id=player.case.person_id).update(office=city.agencies["趵突泉司法所"])
    player.plays(life.SUPERVISION)
    player.plays(life.LEAVE[:2])
    player.plays(life.HELP)
    player.plays(life.POSITIONING[:6])
    player.plays(life.MOVE)
    with city.acting("周外"):
        case = Case.objects.select_related("person__county_agency").get(id=player.case.id)
        assert case.person.county_agency.name == "商河县司法局"
        kinds = set(Document.objects.filter(case=case).values_list("kind", flat=True))
    wanted = {"execution_notice", "reception_form", "intake_declaration", "team_commitment", "leave_notice"}
    assert wanted | {"positioning_decision", "move_decision", "file_list"} <= kinds


@pytest.mark.django_db
def test_on_the_day_of_the_end_the_person_is_released_and_nothing_is_left(city: City) -> None:
    player = Player(city, judged(city, "尤某", 0))
    player.plays(life.RECEPTION)
    player.plays(life.SUPERVISION[2:3])
    player.plays(life.RELEASE)
    with city.acting("王科"):
        case = Case.objects.get(id=player.case.id)
        assert case.stage == Stage.ENDED
        left = Proceeding.objects.filter(case=case, closed_at=None).values_list("procedure", flat=True)
        assert set(left) <= {"minor", "exit_control"}
        assert Document.objects.filter(case=case, kind="release_certificate").count() == 1


def test_every_line_names_a_row_of_its_table() -> None:
    every = (
        life.RECEPTION
        + life.SUPERVISION
        + life.LEAVE
        + life.HELP
        + life.POSITIONING
        + life.MOVE
        + life.RELEASE
    )
    for line in every:
        table = edition(line.procedure, legal_day(utc_now()))
        assert any(step.name == line.step and step.frm in {ANY, *table.states} for step in table.steps), line
