"""Signing in: two steps, the same answer to every wrong half, a lock by name."""

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from sifang.people.services import register_officer
from sifang.web.signin.rate import Brake

pytestmark = pytest.mark.django_db


def try_password(client, username, password):
    return client.post("/signin", {"username": username, "password": password})


def try_code(client, code):
    return client.post("/signin", {"code": code})


@pytest.fixture
def wangke_with_code(officers):
    return TOTPDevice.objects.create(user=officers["王科"], name="动态口令", confirmed=True)


def test_a_demo_account_enters_with_its_password_and_every_page_says_so(officers):
    client = Client()
    answer = try_password(client, "wangke", "sifang-demo")
    assert (answer.status_code, answer.url) == (302, "/")
    page = client.get("/command").content.decode()
    assert "演示：人和案件都是虚构的" in page or "sf-demo" in page


def test_a_registered_code_is_asked_even_in_the_demo(wangke_with_code):
    client = Client()
    assert "请再证明一次" in try_password(client, "wangke", "sifang-demo").content.decode()
    assert client.get("/command").status_code == 302
    answer = try_code(client, f"{totp(wangke_with_code.bin_key):06d}")
    assert answer.status_code == 302
    assert client.get("/command").status_code == 200
    assert "sf-demoband" not in client.get("/command").content.decode()


def refusal(username, password, code):
    client = Client()
    first, second = try_password(client, username, password), try_code(client, code)
    return (
        first.status_code,
        body(first),
        second.status_code,
        body(second),
        client.get("/command").status_code,
    )


def body(response):
    """The page without what differs by itself: form token and clock."""
    text = response.content.decode()
    import re

    return re.sub(r'value="[A-Za-z0-9]{64}"|data-csrf="[A-Za-z0-9]*"|<time.*?</time>', "", text)


def test_refusals_cannot_be_told_apart(wangke_with_code, officers):
    right = f"{totp(wangke_with_code.bin_key):06d}"
    wrong = "000000" if right != "000000" else "111111"
    seen = [
        refusal("wangke", "sifang-demo", wrong),  # the code is wrong
        refusal("wangke", "not-the-password", right),  # the password is wrong
        refusal("nobody", "not-the-password", right),  # nobody is called so
        refusal("wuli", "sifang-demo", right),  # has left
    ]
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert seen[0][2] == 403


@pytest.mark.parametrize("username", ["wangke", "nobody"])
def test_five_failures_lock_the_name_whether_or_not_it_exists(officers, username):
    for _ in range(5):
        try_password(Client(), username, "wrong")
    client = Client()
    try_password(client, username, "sifang-demo")
    assert client.get("/command").status_code == 302, "the right password no longer opens"


def test_a_lock_of_one_name_leaves_the_office_working(officers):
    for _ in range(5):
        try_password(Client(), "wangke", "wrong")
    assert try_password(Client(), "lisuo", "sifang-demo").url == "/"


def test_the_session_changes_its_identifier_at_sign_in(officers):
    client = Client()
    client.get("/signin")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    try_password(client, "wangke", "sifang-demo")
    assert client.session.session_key != before
    assert "planted" not in client.session


def test_sign_out_ends_the_session_on_the_server(at_desk):
    client = at_desk("王科")
    key = client.session.session_key
    client.post("/signout")
    again = Client()
    again.cookies["sifang_session"] = key
    assert again.get("/command").status_code == 302


def test_one_who_leaves_is_out_at_once(at_desk, officers):
    client = at_desk("王科")
    officers["王科"].is_active = False
    officers["王科"].save()
    assert client.get("/command").status_code == 302


def test_forms_without_our_token_do_nothing(officers):
    client = Client(enforce_csrf_checks=True)
    assert try_password(client, "wangke", "sifang-demo").status_code == 403


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_sign_in_leads_only_to_our_own_pages(officers, wanted):
    answer = Client().post("/signin", {"username": "wangke", "password": "sifang-demo", "next": wanted})
    assert answer.url == "/"


def test_the_brake_holds_one_address_and_opens_again():
    brake = Brake(tries=2, window_s=60)
    assert [brake.lets_through("a", t) for t in (0, 1, 2)] == [True, True, False]
    assert brake.lets_through("b", 2)
    assert brake.lets_through("a", 61)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("冯班", "/command"),
        ("李所", "/today"),
        ("郑局", "/today"),
        ("钱法", "/today"),
        ("孙警", "/today"),
        ("米书", "/figures"),
        ("系管", "/admin/devices"),
        ("张三", "/me"),
    ],
)
def test_each_role_lands_in_its_first_room(at_desk, name, where):
    assert at_desk(name).get("/").url == where


def test_who_has_no_role_in_force_gets_an_honest_page(at_desk, city):
    city.officers["新来"] = register_officer("xinlai", "新来", city.agencies["济南市司法局"])
    page = at_desk("新来").get("/")
    assert page.status_code == 200
    assert "没有有效的岗位授权" in page.content.decode()
    assert 'href="/command"' not in page.content.decode(), "no dead entries in the rail"


@pytest.mark.parametrize("name", ["钱法", "孙警", "米书", "郑局"])
def test_there_is_no_live_map_for_them(at_desk, name):
    client = at_desk(name)
    assert client.get("/command").status_code == 404
    assert client.get("/api/map/state").status_code == 404


def test_the_api_says_who_is_missing():
    answer = Client().get("/api/map/state")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
