"""Personae of the pages: each signs in as in life, within a small city of four agencies."""

from datetime import timedelta

import pytest
from django.test import Client

from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, AgencyKind, Level, Officer, Role, RoleGrant
from sifang.web.config import PagesConfig
from sifang.web.signin import rate

PASSWORD = "sifang-demo"

AGENCIES = {
    "市局": (AgencyKind.JUSTICE_BUREAU, Level.CITY, "济南市司法局", "370100"),
    "历下局": (AgencyKind.JUSTICE_BUREAU, Level.COUNTY, "历下区司法局", "370102"),
    "商河局": (AgencyKind.JUSTICE_BUREAU, Level.COUNTY, "商河县司法局", "370126"),
    "趵突泉所": (AgencyKind.JUSTICE_OFFICE, Level.TOWNSHIP, "趵突泉司法所", "370102"),
    "历下检": (AgencyKind.PROCURATORATE, Level.COUNTY, "历下区人民检察院", "370102"),
    "历下法": (AgencyKind.COURT, Level.COUNTY, "历下区人民法院", "370102"),
    "历下公": (AgencyKind.POLICE, Level.COUNTY, "历下区公安分局", "370102"),
    "政法委": (AgencyKind.COMMITTEE_OFFICE, Level.CITY, "济南市委政法委", "370100"),
}
PERSONAE = {
    "李所": ("lisuo", "趵突泉所", Role.TOWNSHIP_OFFICER),
    "王科": ("wangke", "历下局", Role.COUNTY_OFFICER),
    "冯班": ("fengban", "市局", Role.DUTY_OFFICER),
    "郑局": ("zhengju", "历下局", Role.JUSTICE_HEAD),
    "赵检": ("zhaojian", "历下检", Role.PROSECUTOR),
    "孙警": ("sunjing", "历下公", Role.POLICE_OFFICER),
    "钱法": ("qianfa", "历下法", Role.JUDGE),
    "秘书": ("mishu", "政法委", Role.COMMITTEE_STAFF),
    "周外": ("zhouwai", "商河局", Role.COUNTY_OFFICER),
    "吴离": ("wuli", "历下局", Role.COUNTY_OFFICER),
    "系统": ("sysadmin", "市局", Role.SYSTEM_ADMIN),
}


@pytest.fixture(autouse=True)
def _pages(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, for tests only
    provide(PagesConfig(demo=True, version="test"))
    rate.brake.seen.clear()


@pytest.fixture
def agencies(db):
    made = {
        key: Agency.objects.create(kind=kind, level=level, name=name, area_code=code)
        for key, (kind, level, name, code) in AGENCIES.items()
    }
    made["趵突泉所"].parent = made["历下局"]
    made["趵突泉所"].save()
    return made


@pytest.fixture
def officers(agencies):
    """Everybody by name; 吴离 has left: the account rests."""
    found = {}
    for name, (username, agency, role) in PERSONAE.items():
        officer = Officer(username=username, name=name, agency=agencies[agency], is_demo=True)
        officer.set_password(PASSWORD)
        officer.is_active = name != "吴离"
        officer.save()
        RoleGrant.objects.create(officer=officer, role=role, valid_from=utc_now() - timedelta(days=30))
        found[name] = officer
    return found


@pytest.fixture
def at_desk(officers):
    """Return a browser in which this officer is signed in."""

    def sit(name: str) -> Client:
        client = Client()
        client.force_login(officers[name], backend="sifang.web.signin.backend.OfficerBackend")
        return client

    return sit
