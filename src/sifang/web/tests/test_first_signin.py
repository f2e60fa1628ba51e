"""A new account: opened by the security administrator, and nothing reached before the second factor."""

from datetime import timedelta

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.accounts import open_account, reset_password
from sifang.people.models import Officer, Role
from sifang.people.services import grant_role, register_officer
from sifang.web.signin import enrol

pytestmark = pytest.mark.django_db

NEW = "今天天气真好我去上班了呀"


@pytest.fixture
def anguan(officers, city):
    """安管, security administrator of the city, signed in."""
    officer = register_officer("secadmin", "安管", city.agencies["济南市司法局"], is_demo=True)
    grant_role(officer, Role.SECURITY_ADMIN, valid_from=utc_now() - timedelta(days=9))
    return officer


@pytest.fixture
def fresh(anguan, city):
    """An account of 历下区司法局 as it is handed over: officer and one-time password."""
    return open_account(anguan, "xinren", "新人", city.agencies["历下区司法局"], Role.COUNTY_OFFICER)


def begin(word, name="xinren"):
    client = Client()
    return client, client.post("/signin", {"username": name, "password": word})


def code_of(officer):
    return f"{totp(TOTPDevice.objects.get(user=officer).bin_key):06d}"


def kinds():
    return set(LedgerPending.objects.values_list("kind", flat=True))


def test_nothing_is_reached_between_password_and_second_factor(fresh):
    officer, word = fresh
    client, answer = begin(word)
    assert answer.url == "/signin/first"
    assert "登记第二步" in client.get("/signin/first").content.decode()
    for url in ("/command", "/persons", "/account", "/admin/devices", "/"):
        assert client.get(url).url.startswith("/signin"), url
    assert client.get("/api/map/state", headers={"Accept": "application/json"}).status_code == 401
    wrong = client.post("/signin/first", {"password": NEW, "again": NEW, "code": "000000"})
    assert wrong.status_code == 400
    assert client.get("/command").url.startswith("/signin")
    officer.refresh_from_db()
    assert officer.check_password(word), "a wrong code changes nothing"


def test_after_enrolment_the_own_password_and_the_code_are_needed(fresh, monkeypatch):
    officer, word = fresh
    client, _ = begin(word)
    client.get("/signin/first")
    done = client.post("/signin/first", {"password": NEW, "again": NEW, "code": code_of(officer)})
    assert (done.status_code, done.url) == (302, "/")
    assert client.get("/command").status_code == 200
    assert {"account_opened", "role_granted", "password_replaced", "second_factor_registered"} <= kinds()
    other, answer = begin(NEW)
    assert "请再证明一次" in answer.content.decode()
    assert other.get("/signin/first").url == "/signin", "who has a factor registers no other this way"
    stale, answer = begin(word)
    assert answer.status_code == 200
    assert stale.get("/command").url.startswith("/signin")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"password": "short", "again": "short"}, "password"), ({"password": NEW, "again": "x"}, "again")],
)
def test_a_poor_password_is_told_above_its_field(fresh, given, field):
    officer, word = fresh
    client, _ = begin(word)
    client.get("/signin/first")
    page = client.post("/signin/first", given | {"code": code_of(officer)})
    assert page.status_code == 400
    assert f'id="e-{field}"' in page.content.decode()
    page = client.post("/signin/first", {"password": word, "again": word, "code": code_of(officer)})
    assert "不能再用一次性口令" in page.content.decode()


def test_a_one_time_password_ends(fresh):
    officer, word = fresh
    Officer.objects.filter(pk=officer.pk).update(password_expires_at=utc_now() - timedelta(seconds=1))
    client, answer = begin(word)
    assert "请再证明一次" in answer.content.decode(), "the same page as for a wrong password"
    assert client.get("/signin/first").url == "/signin"


def test_an_enrolment_left_alone_ends(fresh, monkeypatch):
    _, word = fresh
    client, _ = begin(word)
    monkeypatch.setattr(enrol, "ENROL_FOR", timedelta(seconds=-1))
    assert client.get("/signin/first").url == "/signin"


def test_an_old_account_without_second_factor_is_led_to_register_one(officers):
    Officer.objects.filter(username="wangke").update(is_demo=False)
    client, answer = begin("sifang-demo", "wangke")
    assert answer.url == "/signin/first"
    client.get("/signin/first")
    assert client.post("/signin/first", {"code": code_of(officers["王科"])}).url == "/"


@pytest.mark.parametrize("name", ["王科", "周外", "郑局", "系管", "冯班", "赵检", "张三"])
def test_only_the_security_administrator_keeps_accounts(at_desk, officers, city, name):
    assert at_desk(name).get("/admin/officers").status_code == 404
    assert at_desk(name).post("/admin/officers", {"verb": "open"}).status_code == 404
    with pytest.raises(BeyondPower):
        open_account(officers[name], "x1", "某", city.agencies["历下区司法局"], Role.COUNTY_OFFICER)
    with pytest.raises(BeyondPower):
        reset_password(officers[name], officers["李所"], second=officers["李所"])


def test_the_page_opens_an_account_and_shows_its_password_once(anguan, officers, at_desk, city):
    officers["安管"] = anguan
    client = at_desk("安管")
    given = {
        "verb": "open",
        "username": "xinren",
        "name": "新人",
        "agency": str(city.agencies["趵突泉司法所"].id),
        "role": "township_officer",
    }
    page = client.post("/admin/officers", given).content.decode()
    word = page.split('ac__secret">')[1].split("<")[0]
    assert Officer.objects.get(username="xinren").check_password(word)
    assert word not in client.get("/admin/officers").content.decode()
    again = client.post("/admin/officers", given)
    assert again.status_code == 400
    assert "已经有人用了" in again.content.decode()
    wrong = client.post("/admin/officers", given | {"username": "y2", "role": "judge"})
    assert "没有“法官”这个岗位" in wrong.content.decode()
    assert not Officer.objects.filter(username="y2").exists()


def test_administrators_are_made_at_the_server_only(anguan, city):
    bureau = city.agencies["济南市司法局"]
    with pytest.raises(BadInput):
        open_account(anguan, "audit2", "审二", bureau, Role.AUDITOR)
    officer, _ = open_account(None, "audit2", "审二", bureau, Role.AUDITOR)
    with pytest.raises(BadInput):
        reset_password(anguan, officer, second=officer)


def test_a_county_s_administrator_does_not_reach_another_county(officers, city):
    local = register_officer("lixia_sec", "安历", city.agencies["历下区司法局"])
    grant_role(local, Role.SECURITY_ADMIN, valid_from=utc_now() - timedelta(days=1))
    with pytest.raises(NotFound):
        open_account(local, "x3", "某", city.agencies["商河县司法局"], Role.COUNTY_OFFICER)
    with pytest.raises(NotFound):
        reset_password(local, officers["周外"], second=officers["周外"])


def test_a_reset_needs_a_colleague_at_the_desk_and_takes_the_old_factor_away(
    anguan, officers, at_desk, fresh
):
    officers["安管"] = anguan
    TOTPDevice.objects.create(user=officers["王科"], name="动态口令", confirmed=True)
    client = at_desk("安管")
    asked = {"verb": "reset", "username": "wangke", "second": "zhouwai", "password": "sifang-demo"}
    refused = client.post("/admin/officers", asked)
    assert "所在单位的另一名工作人员" in refused.content.decode()
    refused = client.post("/admin/officers", asked | {"second": "zhengju", "password": "wrong"})
    assert refused.status_code == 400
    assert officers["王科"].check_password("sifang-demo")
    page = client.post("/admin/officers", asked | {"second": "zhengju"}).content.decode()
    word = page.split('ac__secret">')[1].split("<")[0]
    assert not TOTPDevice.objects.filter(user=officers["王科"]).exists()
    assert begin(word, "wangke")[1].url == "/signin/first", "a demonstration account enrols too once reset"
    assert "account_reset" in kinds()
