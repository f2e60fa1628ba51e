"""The same limits at the doors of the house: the pages of acts and the interface for other systems."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from sifang.cases.models import Act
from sifang.kernel.time import legal_day, utc_now
from sifang.web.tests.conftest import at_desk, newest, officers  # noqa: F401 (fixtures)
from tests.attacks.limits.forge import Forger

pytestmark = pytest.mark.django_db(databases="__all__")
ZHANG, WEI, CHEN, HE = "历下-2026-0417", "历下-2026-0418", "历下-2026-0419", "商河-2026-0007"
SOON = (legal_day(utc_now()) + timedelta(days=5)).isoformat()
LATE = (legal_day(utc_now()) + timedelta(days=45)).isoformat()
LEAVE = {"purpose": "medical", "destination": "北京市", "proof": "预约单", "leaves_on": SOON}

MEN = {"members": [{"name": "李所", "sex": "m"}], "signed_on": SOON}
# limit, officer, person, procedure, step, answers, status, words of the refusal
DOORS = [
    ("E3", "王科", ZHANG, "positioning", "approve", {"reasons": "必要"}, None, ""),
    ("E3", "王科", ZHANG, "positioning", "ground_absence", {"proof": "0" * 32}, 400, ""),
    ("E8", "王科", WEI, "prohibition", "apply", {}, None, ""),
    ("E8", "王科", CHEN, "ending", "revoke", {}, None, ""),
    ("E8", "王科", WEI, "stop_breach", "register_penalty", {}, None, ""),
    ("E14", "周外", CHEN, "leave", "apply", {}, 404, ""),
    (
        "E15",
        "王科",
        WEI,
        "team",
        "form",
        MEN,
        None,
        "",
    ),
    ("E16", "李所", ZHANG, "category", "assign", {"reasons": "评分高"}, None, ""),
    ("E17", "王科", ZHANG, "move", "register", {}, None, ""),
    ("E19", "王科", ZHANG, "activity", "book", {}, None, ""),
    ("E20", "李所", ZHANG, "exit_control", "withdraw", {}, None, ""),
    ("E24", "王科", ZHANG, "check", "hand_to_search", {"tried_all": "电话", "reasons": "无"}, None, ""),
    ("E6", "周外", ZHANG, "leave", "approve", {}, 404, ""),
    ("E2", "王科", HE, "category", "assign", {"reasons": "无"}, 404, ""),
]


@pytest.mark.parametrize("door", DOORS, ids=[f"{one[0]}-{one[3]}-{one[4]}-{one[1]}" for one in DOORS])
def test_no_door_lets_it_through(door, at_desk, city):  # noqa: F811
    _, officer, number, procedure, step, answers, status, _ = door
    client = at_desk(officer)
    before = _acts(city)
    page = client.post(f"/persons/{quote(number)}/do/{procedure}/{step}", answers)
    given = {key: value for key, value in answers.items() if key != "reasons"}
    wish = {"procedure": procedure, "step": step, "answers": given, "reasons": answers.get("reasons", "")}
    api = client.post(f"/api/cases/{quote(number)}/acts", json.dumps(wish), content_type="application/json")
    for answer in (page, api):
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.content.decode()[:300])
        assert status in {None, answer.status_code} or answer is page
    assert _acts(city) == before


def _acts(city):
    count = 0
    for officer in ("王科", "周外"):
        with city.acting(officer):
            count += Act.objects.count()
    return count


@pytest.mark.parametrize("officer", ["李所", "市科", "赵检"])
def test_e6_both_doors_name_the_owner_and_the_article(officer, at_desk, city):  # noqa: F811
    back = (legal_day(utc_now()) + timedelta(days=14)).isoformat()
    case = Forger(city, city.cases["张三"])
    run = case.does("李所", "leave", "apply", returns_on=back, **LEAVE).proceeding_id
    client = at_desk(officer)
    page = client.post(f"/persons/{quote(ZHANG)}/do/leave/approve?proceeding={run}")
    wish = {"procedure": "leave", "step": "approve", "proceeding": str(run)}
    api = client.post(f"/api/cases/{quote(ZHANG)}/acts", json.dumps(wish), content_type="application/json")
    assert (page.status_code, api.status_code) == (403, 403)
    assert "历下区司法局" in page.content.decode()
    assert "县级社区矫正机构" in api.json()["message"]
    assert "办法27条" in page.content.decode()
    assert "办法27条" in api.json()["message"]


def test_e7_both_doors_ask_for_reasons(at_desk, city):  # noqa: F811
    case = Forger(city, city.cases["张三"])
    run = case.does("李所", "leave", "apply", returns_on=SOON, **LEAVE).proceeding_id
    client = at_desk("王科")
    page = client.post(f"/persons/{quote(ZHANG)}/do/leave/refuse?proceeding={run}", {"reasons": " "})
    wish = {"procedure": "leave", "step": "refuse", "proceeding": str(run), "reasons": "　"}
    api = client.post(f"/api/cases/{quote(ZHANG)}/acts", json.dumps(wish), content_type="application/json")
    assert (page.status_code, api.status_code) == (400, 400)
    assert "理由" in api.json()["message"]
