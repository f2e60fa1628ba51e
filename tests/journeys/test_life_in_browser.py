"""The whole life in a real browser: each act on the form of its officer, each refusal seen."""

import os
from pathlib import Path
from typing import Any

import pytest

from sifang.cases.models import Act, Case, Document
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition
from sifang.people.models import Person
from tests.journeys import life
from tests.journeys.conftest import Desks
from tests.journeys.test_life_in_services import judged
from tests.personae import City

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases="__all__")]

SHOTS = os.environ.get("MANUAL_IMAGES")  # the folder of the manual's pictures, given by `make manual`
SHOWN = {
    ("handover", "serve"),
    ("intake", "receive"),
    ("leave", "apply"),
    ("leave", "approve"),
    ("positioning", "approve"),
}


class Clicker:
    """Plays the lines of a life on the pages."""

    def __init__(self, desks: Desks, case: Case, shots: Path) -> None:
        self.desks, self.case, self.shots = desks, case, shots
        self.runs: dict[str, Any] = {}

    def plays(self, lines: tuple[life.Line, ...]) -> None:
        for line in lines:
            if line.refused:
                officer, words = line.refused
                page = self._form(officer, line)
                text = page.locator("main").inner_text()
                assert words in text or "没有" in text, (line, text[:300])
                assert page.locator("form[method=post] button[type=submit].sf-btn--primary").count() == 0, (
                    line
                )
            self._press(line)

    def _number(self) -> str:
        with self.desks.city.acting("王科"):
            return Person.objects.get(id=self.case.person_id).number

    def _form(self, officer: str, line: life.Line) -> Any:
        procedure = edition(line.procedure, legal_day(utc_now()))
        run = self.runs.get(line.procedure)
        starts = any(s.name == line.step and s.frm == procedure.start for s in procedure.steps)
        if starts and procedure.many:
            run = None
        return self.desks.form(officer, self._number(), line.procedure, line.step, run)

    def _press(self, line: life.Line) -> None:
        page = self._form(line.officer, line)
        answers = {key: self._value(line, key, value) for key, value in line.answers.items()}
        procedure = edition(line.procedure, legal_day(utc_now()))
        needs = any(s.name == line.step and s.reasons for s in procedure.steps)
        if needs:
            answers.setdefault("reasons", life.WORDS)
        else:
            answers.pop("reasons", None)
        self.desks.fill(page, answers)
        if SHOTS and (line.procedure, line.step) in SHOWN:
            page.screenshot(path=f"{SHOTS}/{line.procedure}-{line.step}.png", full_page=True)
        page.locator("form[method=post] button[type=submit].sf-btn--primary").first.click()
        page.wait_for_load_state()
        assert f"/do/{line.procedure}/{line.step}" not in page.url, page.locator("main").inner_text()[:600]
        with self.desks.city.acting("周外" if line.officer == "周外" else "王科"):
            self.runs[line.procedure] = (
                Act.objects.filter(case=self.case, procedure=line.procedure, step=line.step)
                .latest("recorded_at")
                .proceeding_id
            )

    def _value(self, line: life.Line, key: str, value: Any) -> Any:
        if value == "{first}":
            rows = edition(line.procedure, legal_day(utc_now())).steps
            return next(
                ask.choices[0][0]
                for step in rows
                if step.name == line.step
                for ask in step.asks
                if ask.key == key
            )
        if isinstance(value, str) and value.startswith("{record:"):
            with self.desks.city.acting("王科"):
                name = value[8:-1]
                return str(Act.objects.filter(case=self.case, procedure=name).latest("recorded_at").id)
        return life.on(legal_day(utc_now()), value)


def test_a_life_on_the_pages_from_the_papers_to_another_county(
    desks: Desks, city: City, tmp_path: Path
) -> None:
    clicker = Clicker(desks, judged(city, "罗某", 260), tmp_path)
    clicker.plays(life.RECEPTION)
    with city.acting("王科"):
        Person.objects.filter(id=clicker.case.person_id).update(office=city.agencies["趵突泉司法所"])
    clicker.plays(life.SUPERVISION)
    clicker.plays(life.LEAVE[:2])
    clicker.plays(life.HELP)
    clicker.plays(life.POSITIONING[:6])
    clicker.plays(life.MOVE)
    with city.acting("周外"):
        assert Document.objects.filter(case=clicker.case).count() > 12
    assert desks.complaints == []


def test_the_day_of_the_end_on_the_pages(desks: Desks, city: City, tmp_path: Path) -> None:
    clicker = Clicker(desks, judged(city, "尤某", 0), tmp_path)
    clicker.plays(life.RECEPTION)
    clicker.plays(life.SUPERVISION[2:3])
    clicker.plays(life.RELEASE)
    assert desks.complaints == []
