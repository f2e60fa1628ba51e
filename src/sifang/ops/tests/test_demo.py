"""The demonstration city: lawful measures in the right districts, invented names, a plan that can run."""

import hashlib
import json
from collections import Counter
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connections
from shapely.geometry import Point

from sifang.cases.clock import reconcile
from sifang.cases.models import Case
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.models import Binding, ClauseException, ClauseKind, Device, Fence, Measure
from sifang.ops.demo import places, seed
from sifang.ops.demo.agencies import COUNTIES, PASSWORD, SIGN_INS
from sifang.ops.demo.persons import in_the_year
from sifang.people.access import Purpose, access_person_by_number, access_persons, acting, system
from sifang.people.models import Officer, Order, Person, RoleGrant

PERSONS, TRACKED = 90, 32
EVERY = ["default", "owner", "watch", "reader", "jobs"]
pytestmark = pytest.mark.django_db(transaction=True, databases=EVERY)


@pytest.fixture
def as_owner():
    """Let `default` be the owner's connection, as in the process that seeds."""
    before = connections["default"]
    connections["default"] = connections["owner"]
    yield
    connections["default"] = before


@pytest.fixture
def demo(as_owner, tmp_path):
    said = []
    sim_file = tmp_path / "demo" / "sim.json"
    assert seed(persons=PERSONS, tracked=TRACKED, sim_file=sim_file, say=said.append)
    plan = json.loads(sim_file.read_text(encoding="utf-8"))
    return SimpleNamespace(plan=plan, said=said, sim_file=sim_file)


def test_the_city_is_seeded_once_lawfully_and_in_the_right_places(demo):
    with system("migration", continues=True):
        _persons_are_under_orders()
        _measures_are_lawful()
        _devices_are_known_by_digest_only(demo)
        _limits_stand_behind_the_plan(demo)
    _scripts_can_run(demo)
    _the_sign_ins_have_their_roles()
    assert demo.said[-1].endswith(f"{TRACKED}/{TRACKED}")
    assert not seed(persons=PERSONS, tracked=TRACKED, sim_file=demo.sim_file, say=demo.said.append)
    with system("migration", continues=True):
        assert Person.objects.count() == in_the_year(PERSONS)


def _persons_are_under_orders():
    assert Person.objects.count() == Order.objects.count() == Case.objects.count() == in_the_year(PERSONS)
    assert Case.objects.exclude(stage="ended").count() == PERSONS
    assert set(Person.objects.values_list("county_code", flat=True)) == {one.code for one in COUNTIES}
    assert len(set(Order.objects.values_list("type", flat=True))) >= 3
    zhangsan = Person.objects.get(number="历下-2026-0417")
    assert (zhangsan.name, zhangsan.office.name) == ("张三", "趵突泉司法所")
    assert not Person.objects.exclude(office__area_code=zhangsan.county_code).filter(
        county_code=zhangsan.county_code
    )


def _measures_are_lawful():
    now = utc_now()
    measures = Measure.objects.select_related("proof", "order", "approver__agency", "person")
    assert measures.count() == TRACKED
    assert set(measures.values_list("ground", flat=True)) == {1, 2, 3, 4}
    for measure in measures:
        assert measure.approver.agency.area_code == measure.person.county_code
        assert measure.approved_at < measure.told_at < now < measure.ends_at
        assert measure.proof.document_date < legal_day(measure.approved_at)
        assert "boundary" in measure.fences.values_list("clause__kind", flat=True)
    assert not Fence.objects.filter(clause__made_known_at=None).exists()
    kinds = set(Fence.objects.values_list("clause__kind", flat=True))
    assert kinds == {
        ClauseKind.BOUNDARY,
        ClauseKind.PROHIBITED_PLACE,
        ClauseKind.TIMETABLE,
        ClauseKind.STATION,
    }
    assert ClauseException.objects.exists()
    areas = Counter(Fence.objects.exclude(line=None).values_list("line__area_code", flat=True))
    assert set(areas) == {"370100", "370124", "370126"}
    assert LedgerPending.objects.filter(kind="measure_approved").count() == TRACKED


def _devices_are_known_by_digest_only(demo):
    assert demo.sim_file.stat().st_mode & 0o777 == 0o600
    assert Binding.objects.filter(unbound_at=None).count() == TRACKED == len(demo.plan["devices"])
    for planned in demo.plan["devices"]:
        device = Device.objects.select_related("model").get(terminal_id=planned["terminal_id"])
        assert bytes(device.auth_code_hash) == hashlib.sha256(planned["auth_code"].encode()).digest()
        assert (device.iccid, device.imei) == (planned["iccid"], planned["imei"])
        assert (len(device.iccid), len(device.imei)) == (20, 15)
        assert device.model.test_report_no


def _limits_stand_behind_the_plan(demo):
    for planned in demo.plan["devices"]:
        home = Point(planned["home"])
        assert places.district(planned["county_code"]).contains(home)
        assert places.area(planned["area_code"]).buffer(-0.015).contains(home)
        fences = Fence.objects.filter(measure__bindings__device__terminal_id=planned["terminal_id"])
        shunned = fences.filter(clause__kind=ClauseKind.PROHIBITED_PLACE)
        assert shunned.count() == len(planned["places"])
        for place in planned["places"]:
            assert places.metres(planned["home"], (place["lon"], place["lat"])) > place["radius_m"] + 300
        assert fences.filter(clause__kind=ClauseKind.TIMETABLE).exists() == (planned["curfew"] is not None)


def _scripts_can_run(demo):
    scripts = Counter(one["script"] for one in demo.plan["devices"] if one["script"])
    assert {"boundary", "place", "strap", "battery", "sos", "silent", "outage"} == set(scripts)
    assert scripts["outage"] >= 5
    for planned in demo.plan["devices"]:
        if planned["script"] == "boundary":
            home, at = planned["home"], planned["boundary_hint"]
            share = 1 + 1_800 / places.metres(home, at)
            beyond = [a + (b - a) * share for a, b in zip(home, at, strict=True)]
            assert places.area(planned["area_code"]).distance(Point(beyond)) * 111_195 > 1_000
        if planned["script"] == "place":
            assert planned["places"]
    assert {"370100", "370124", "370126"} == set(demo.plan["areas"])


def _the_sign_ins_have_their_roles():
    word = Officer.objects.get(username="zhangsan").password
    assert check_password(PASSWORD, word)
    for username, name, agency, role in SIGN_INS:
        officer = Officer.objects.get(username=username)
        assert (officer.name, officer.agency.name, officer.is_demo) == (name, agency, True)
        assert list(officer.grants.values_list("role", flat=True)) == [role]
        assert officer.password == word
    with_password = {one.username for one in Officer.objects.all() if one.has_usable_password()}
    assert with_password == {username for username, *_ in SIGN_INS} | {"zhangsan"}
    heads = RoleGrant.objects.filter(role="justice_head").values_list("officer__agency__area_code", flat=True)
    assert sorted(heads) == sorted(county.code for county in COUNTIES)


@pytest.fixture
def signed_in(demo):
    connections["default"] = connections.create_connection("default")
    yield lambda username: Officer.objects.get(username=username)
    connections["default"].close()


def _counties(numbers):
    return set(Person.objects.filter(number__in=numbers).values_list("county_code", flat=True))


def test_as_role_app_the_officers_see_their_own_persons_only(demo, signed_in):
    lixia = {one.number for one in access_persons(signed_in("wangke"), Purpose.DAILY, limit=999).rows}
    shanghe = {one.number for one in access_persons(signed_in("zhouwai"), Purpose.DAILY, limit=999).rows}
    assert "历下-2026-0417" in lixia
    with acting(signed_in("wangke"), Purpose.DAILY):  # who moved here keeps the number of the old county
        assert _counties(lixia) == {"370102"}
    with acting(signed_in("zhouwai"), Purpose.DAILY):
        assert _counties(shanghe) == {"370126"}
    assert access_persons(signed_in("fengban"), Purpose.DUTY).total == in_the_year(PERSONS)
    court = access_persons(signed_in("qianfa"), Purpose.DAILY, limit=9999)  # by share: its own judgments
    own = Order.objects.filter(decided_by=signed_in("qianfa").agency)
    with acting(signed_in("qianfa"), Purpose.DAILY):
        assert 0 < court.total == own.count() == Person.objects.count() < in_the_year(PERSONS)
    with acting(signed_in("zhaojian"), Purpose.PROCURATE):
        assert Measure.objects.filter(person__number="历下-2026-0417").exists()
    assert access_person_by_number(signed_in("lisuo"), "历下-2026-0417", Purpose.DAILY).name == "张三"


def test_every_life_stands_where_its_acts_say(demo):
    """The daily reconciler, which recomputes what is expected, finds nothing to report (DESIGN § 6)."""
    connections["default"] = connections["jobs"]
    found = reconcile(utc_now())
    assert found.cases >= PERSONS
    assert found.is_empty, (found.missing[:3], found.unfounded[:3])
