"""A desk where measures are made: `desk` on top of the personae, with devices and small places."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, connections

from sifang.cases.models import Act
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.models import (
    Clause,
    ClauseKind,
    Device,
    DeviceKind,
    DeviceModel,
    Ground,
    Measure,
    Proof,
)
from sifang.monitoring.services.clauses import Place, add_boundary_clause, add_clause, compile_fences
from sifang.monitoring.services.devices import ModelFacts, bind_device, register_device, register_model
from sifang.monitoring.services.measures import approve_measure, make_known, record_proof
from sifang.monitoring.tests import lawful
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer, Role
from sifang.people.services import grant_role, register_officer
from tests.personae import City

HEADS = [
    ("liuju", "柳局", "商河县司法局"),
    ("shiju", "市局长", "济南市司法局"),
    ("suozhang", "所长", "趵突泉司法所"),
]


def square(lon: float, lat: float, half: float = 0.002) -> list[list[list[float]]]:
    """A closed square ring around a place, WGS-84 degrees."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [[[lon + a * half, lat + b * half] for a, b in corners]]


@dataclass
class Desk:
    """The verbs of monitoring with sensible facts; every fact can be replaced."""

    city: City
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 9999)))

    def __getitem__(self, name: str) -> Officer:
        return self.city[name]

    def proof(
        self, person: str = "张三", ground: Ground = Ground.LEFT_WITHOUT_APPROVAL, by: str = "王科"
    ) -> Proof:
        return record_proof(
            self[by],
            self.city.persons[person],
            ground,
            document_no=f"济矫证〔2026〕{next(self.numbers)}号",
            document_date=legal_day(utc_now()) - timedelta(days=3),
            summary="未经批准离开济南市区，本人陈述、车票在卷",
            established=lawful.established(self[by], self.city.orders[person], ground),
        )

    def approval(self, proof: Proof, person: str, approver: str, at: datetime) -> Act | None:
        return lawful.approval(self["王科"], self[approver], self.city.orders[person], proof, at)

    def measure(self, person: str = "张三", **facts) -> Measure:
        proof = facts.pop("proof", None) or self.proof(
            person, facts.pop("ground", Ground.LEFT_WITHOUT_APPROVAL)
        )
        approver = facts.pop("approver", "郑局")
        at = facts.setdefault("approved_at", utc_now())
        facts = {"reasons": "确有必要掌握活动情况", "act": self.approval(proof, person, approver, at)} | facts
        return approve_measure(self[approver], self.city.orders[person], proof, **facts)

    def told(self, measure: Measure, at: datetime | None = None) -> Measure:
        return make_known(self["王科"], measure, at=at)

    def model(self, kind: DeviceKind = DeviceKind.WRISTBAND, **facts) -> DeviceModel:
        n = next(self.numbers)
        given = {"test_report_no": f"检{n}", "tested_on": date(2026, 1, 5)} | facts
        return register_model(self["王科"], ModelFacts("示例厂", f"W{n}", kind, "jt808", **given))

    def device(self, model: DeviceModel | None = None, **facts) -> Device:
        name = facts.pop("terminal_id", f"0{13_000_000_000 + next(self.numbers)}")
        return register_device(
            self["王科"],
            model or self.model(),
            terminal_id=name,
            county_code="370102",
            auth_code="a1",
            **facts,
        )

    def worn(self, measure: Measure, device: Device | None = None) -> Device:
        found = device or self.device()
        bind_device(self["王科"], measure, found)
        return found

    def place(self, lon: float = 117.02, lat: float = 36.66, **facts) -> Place:
        given = {
            "name": "示例歌舞厅",
            "source": "办案人员实地测定",
            "source_date": date(2026, 9, 1),
            "boundary_m": 8.0,
        }
        return Place(rings=square(lon, lat), **(given | facts))

    def ban(self, person: str = "张三", by: str = "王科", **facts) -> Clause:
        given = {
            "text": "不得进入示例歌舞厅。",
            "article": "刑法72条",
            "source": "判决主文第三项",
            "place": self.place(),
        } | facts
        return add_clause(self[by], self.city.orders[person], ClauseKind.PROHIBITED_PLACE, **given)

    def fenced(self, person: str = "张三", *, told: bool = True) -> Measure:
        """A measure with a boundary fence and a device, made known unless `told` is false."""
        measure = self.measure(person, approved_at=utc_now() - timedelta(hours=2))
        add_boundary_clause(self["王科"], self.city.orders[person])
        if told:
            self.told(measure, at=utc_now() - timedelta(hours=1))
            self.worn(measure)
        compile_fences(self["王科"], measure)
        return measure


@pytest.fixture
def desk(city: City) -> Desk:
    for username, name, agency in HEADS:
        officer = register_officer(username, name, city.agencies[agency])
        grant_role(officer, Role.JUSTICE_HEAD, valid_from=utc_now() - timedelta(days=99))
        city.officers[name] = officer
    return Desk(city)


@pytest.fixture
def sql(desk: Desk):
    """Run raw SQL as the app role, in the context of an officer; return rows or the count."""

    def run(query: str, *values: object, by: str = "郑局"):
        with acting(desk[by], Purpose.MEASURE), connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    return run


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Let alias `default` be another role of the same database (tests with committed data only)."""
    settings, other = connections["default"].settings_dict, connections[role].settings_dict
    before = {key: settings[key] for key in ("USER", "PASSWORD")}
    connections["default"].close()
    settings.update({key: other[key] for key in before})
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(before)
