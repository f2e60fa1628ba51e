"""The personae of every test (STYLE § 7), built through the services: fixture `city`.

Officers by their Chinese name: 李所 王科 郑局 冯班 赵检 孙警 钱法 米书 周外 吴离, and the sign-in 张三 of the
supervised person. Persons: 张三 and 卫某 in 历下, 小陈 (a minor) in 历下, 何某 in 商河 (周外's own county, so
that a refusal cannot pass for the wrong reason). Everything is written on alias `default` (role app).
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.db import transaction

from sifang.cases.models import Case
from sifang.cases.services import open_case
from sifang.kernel.time import legal_day, utc_now
from sifang.people.access import acting
from sifang.people.models import Agency, AgencyKind, Level, Officer, Order, OrderType, Person, Role
from sifang.people.purposes import Purpose
from sifang.people.rules import OrderPaper
from sifang.people.services import (
    PersonFacts,
    grant_role,
    register_agency,
    register_officer,
    register_person,
    retire_officer,
)

BUREAU, OFFICE = AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE
AGENCIES = [
    ("济南市司法局", BUREAU, Level.CITY, "370100", None),
    ("济南市人民检察院", AgencyKind.PROCURATORATE, Level.CITY, "370100", None),
    ("济南市公安局", AgencyKind.POLICE, Level.CITY, "370100", None),
    ("历下区司法局", BUREAU, Level.COUNTY, "370102", "济南市司法局"),
    ("趵突泉司法所", OFFICE, Level.TOWNSHIP, "370102", "历下区司法局"),
    ("泉城路司法所", OFFICE, Level.TOWNSHIP, "370102", "历下区司法局"),
    ("历下区人民检察院", AgencyKind.PROCURATORATE, Level.COUNTY, "370102", "济南市人民检察院"),
    ("历下区人民法院", AgencyKind.COURT, Level.COUNTY, "370102", None),
    ("济南市公安局历下分局", AgencyKind.POLICE, Level.COUNTY, "370102", "济南市公安局"),
    ("历下区政法委", AgencyKind.COMMITTEE_OFFICE, Level.COUNTY, "370102", None),
    ("商河县人民检察院", AgencyKind.PROCURATORATE, Level.COUNTY, "370126", "济南市人民检察院"),
    ("商河县公安局", AgencyKind.POLICE, Level.COUNTY, "370126", "济南市公安局"),
    ("济南监狱", AgencyKind.PRISON, Level.CITY, "370100", None),
    ("商河县司法局", BUREAU, Level.COUNTY, "370126", "济南市司法局"),
    ("许商司法所", OFFICE, Level.TOWNSHIP, "370126", "商河县司法局"),
]
OFFICERS = [
    ("lisuo", "李所", "趵突泉司法所", Role.TOWNSHIP_OFFICER),
    ("wangke", "王科", "历下区司法局", Role.COUNTY_OFFICER),
    ("zhengju", "郑局", "历下区司法局", Role.JUSTICE_HEAD),
    ("fengban", "冯班", "济南市司法局", Role.DUTY_OFFICER),
    ("zhaojian", "赵检", "历下区人民检察院", Role.PROSECUTOR),
    ("sunjing", "孙警", "济南市公安局历下分局", Role.POLICE_OFFICER),
    ("qianfa", "钱法", "历下区人民法院", Role.JUDGE),
    ("mishu", "米书", "历下区政法委", Role.COMMITTEE_STAFF),
    ("zhouwai", "周外", "商河县司法局", Role.COUNTY_OFFICER),
    ("wuli", "吴离", "历下区司法局", Role.COUNTY_OFFICER),
    ("sysadmin", "系管", "济南市司法局", Role.SYSTEM_ADMIN),
    ("shike", "市科", "济南市司法局", Role.COUNTY_OFFICER),
    ("jianguan", "监管", "济南监狱", Role.CUSTODY_OFFICER),
]


@dataclass
class City:
    """Agencies, officers and persons by their names."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    officers: dict[str, Officer] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Officer:
        return self.officers[name]

    def acting(self, name: str, purpose: Purpose = Purpose.DAILY) -> AbstractContextManager[None]:
        """Act as this officer: `with city.acting("王科"): …`."""
        return acting(self.officers[name], purpose)

    def paper(self, name: str, **changes: object) -> OrderPaper:
        """A lawful paper of probation by the court of 历下; `changes` replace single facts."""
        today = legal_day(utc_now())
        start = today - timedelta(days=120)
        facts: dict[str, object] = {
            "type": OrderType.PROBATION,
            "decided_by": self.agencies["历下区人民法院"],
            "document_no": f"（{start.year}）鲁0102刑初000号{name}",
            "document_date": start - timedelta(days=12),
            "effective_on": start,
            "term_start": start,
            "term_end": today + timedelta(days=240),
        }
        return OrderPaper(**(facts | changes))

    def facts(self, name: str, number: str, **changes: object) -> PersonFacts:
        """Facts of a person of 历下, 趵突泉司法所; `changes` replace single facts."""
        facts: dict[str, object] = {
            "number": number,
            "name": name,
            "sex": "m",
            "birth_date": date(1991, 5, 6),
            "county_agency": self.agencies["历下区司法局"],
            "office": self.agencies["趵突泉司法所"],
        }
        return PersonFacts(**(facts | changes))

    def register(self, by: str, facts: PersonFacts, paper: OrderPaper) -> Person:
        """Register a person and open the case, as this officer."""
        with self.acting(by, Purpose.RECEPTION):
            order = register_person(self.officers[by], facts, paper)
            self.cases[facts.name] = open_case(order)
        self.orders[facts.name] = order
        self.persons[facts.name] = order.person
        return order.person


def build_city() -> City:
    """Build the personae through the services; the database must be open (fixture `db`)."""
    city = City()
    for name, kind, level, area, parent in AGENCIES:
        city.agencies[name] = register_agency(
            name, kind, level, area, parent=city.agencies[parent] if parent else None
        )
    since = utc_now() - timedelta(days=365)
    for username, name, agency, role in OFFICERS:
        officer = register_officer(username, name, city.agencies[agency])
        grant_role(officer, role, valid_from=since)
        city.officers[name] = officer
    retire_officer(city["吴离"], at=utc_now() - timedelta(days=30))
    _persons(city)
    account = register_officer("zhangsan", "张三", None, person=city.persons["张三"])
    grant_role(account, Role.PERSON, valid_from=since)
    city.officers["张三"] = account
    return city


def _persons(city: City) -> None:
    today = legal_day(utc_now())
    prohibition = "判决主文第三项：禁止进入酒吧、歌舞厅等娱乐场所"
    city.register(
        "王科",
        city.facts("张三", "历下-2026-0417"),
        city.paper("张三", prohibition=prohibition, prohibition_until=today + timedelta(days=60)),
    )
    city.register(
        "王科",
        city.facts("卫某", "历下-2026-0418", sex="f", office=city.agencies["泉城路司法所"]),
        city.paper("卫某", type=OrderType.PAROLE),
    )
    young = date(today.year - 17, 1, 1)
    city.register(
        "王科",
        city.facts("小陈", "历下-2026-0419", birth_date=young),
        city.paper("小陈", type=OrderType.CONTROL),
    )
    bureau, office = city.agencies["商河县司法局"], city.agencies["许商司法所"]
    city.register(
        "周外", city.facts("何某", "商河-2026-0007", county_agency=bureau, office=office), city.paper("何某")
    )


@pytest.fixture
def city(db: None) -> City:
    """The personae of this test, committed once: each act for itself takes half as long again."""
    with transaction.atomic():
        return build_city()
