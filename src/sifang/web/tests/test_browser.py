"""The main journeys in a real browser at 1366 × 768, against the real server on the test database."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connections

from sifang.kernel.time import utc_now
from sifang.people.models import Officer, Role
from sifang.people.services import grant_role, register_officer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases="__all__"),
]

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def front():
    """The built bundles."""
    sys.path.insert(0, str(ROOT / "tools"))
    import build_front

    build_front.build()


@pytest.fixture
def address(tracked, served):
    """The pages of a city in which 张三 is tracked and an alarm asks about him."""
    return served


@pytest.fixture
def served(front, officers, tmp_path):
    """The web process, as the supervisor starts it, on a free port and this worker's database."""
    password = Argon2PasswordHasher().encode("sifang-demo", "salt-for-the-tests")  # what the server checks
    Officer.objects.update(password=password)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SIFANG_", "PYTEST_"))}
    for name in ("OWNER", "APP", "WATCH", "READER", "JOBS"):
        url = os.environ[f"SIFANG_DATABASE_URL_{name}"]
        database = connections["default"].settings_dict["NAME"]
        environment[f"SIFANG_DATABASE_URL_{name}"] = url.replace("not_chosen", database)
    environment |= {
        "SIFANG_DATA": str(tmp_path),
        "SIFANG_PROCESS": "web",
        "SIFANG_DEMO": "1",
        "SIFANG_SECRET_KEY": django_settings.SECRET_KEY,
        "PYTHONPATH": str(ROOT / "src"),
    }
    (tmp_path / "logs").mkdir()
    command = ["-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--workers-kill-timeout", "3", "--no-ws", "sifang.ops.asgi:application"]
    with (tmp_path / "granian.out").open("wb") as out:
        server = subprocess.Popen([sys.executable, *command], env=environment, stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, tmp_path / "granian.out")
            yield url
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url, log, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs a loop in this thread
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def sit(browser, address, username):
    """Sign in as this account; complaints of the console and of the policy gather on the page."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(f"{address}/signin")
    page.fill("#u", username)
    page.fill("#p", "sifang-demo")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url(re.compile(r"/(today|command|persons|me|officers|first)$"))
    return page


def accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(
        page, options={"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]}
    )
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]]


def test_a_duty_officer_answers_an_alarm_from_sign_in_to_closure(browser, address, tracked):
    page = sit(browser, address, "fengban")
    card = page.locator("a[data-alarm]")
    assert "张三是否已离开济南市区？" in card.first.inner_text()
    assert page.locator("text=依法使用电子定位装置").count() == 1
    page.keyboard.press("t")
    page.locator("tr[data-measure]").first.wait_for(state="visible")
    card.first.click()
    page.wait_for_url(re.compile(r"/alarms/"))
    take = page.get_by_role("button", name="接手")
    assert take.bounding_box()["y"] + take.bounding_box()["height"] < 600, "the first action stands above 600"
    take.click()
    page.get_by_text("已接手。请核实。").wait_for()
    page.get_by_role("button", name="记录电话核实").click()
    page.get_by_text("冯班电话核实").wait_for()
    page.get_by_text("填写结果并关闭…").click()
    page.get_by_role("button", name="填写结果并关闭").click()
    page.get_by_text("请选择核实结果。").first.wait_for()
    page.locator("#f-outcome").select_option("outside_returned")
    page.locator("#f-cause").select_option("passed_through")
    page.locator("#close-text").fill("电话核实，绕行")
    page.get_by_role("button", name="填写结果并关闭").click()
    page.wait_for_url(re.compile(r"/command$"))
    page.get_by_text("现在没有待核实的报警").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "no horizontal scroll"
    assert [c for c in page.complaints if "400" not in c] == []


def test_who_takes_an_alarm_is_seen_by_the_other_desks_at_once(browser, address, tracked):
    one, two = sit(browser, address, "fengban"), sit(browser, address, "wangke")
    two.goto(f"{address}/command")
    assert one.locator('[data-count="waiting"]').inner_text() == "1"
    two.locator("a[data-alarm]").first.wait_for()
    two.keyboard.press("a")
    two.get_by_text("已接手。请核实。").wait_for()
    one.get_by_text("现在没有待核实的报警").wait_for(timeout=15_000)
    assert one.locator(".q__sub").first.inner_text().split() == ["处理中", "1"]
    one.locator("a[data-alarm]").first.click()
    one.get_by_text("由我接过…").click()
    one.locator("#over-text").fill("交接班")
    one.get_by_role("button", name="由我接过").click()
    one.get_by_text("自王科处接手。交接班").wait_for()


def test_the_rows_of_the_table_go_by_key_and_the_tone_sounds_until_muted(browser, address, tracked):
    page = sit(browser, address, "fengban")
    page.keyboard.press("t")
    page.locator("tr[data-measure]").first.wait_for(state="visible")
    page.locator('[data-module="sound"][data-tones="1"]').wait_for(timeout=10_000)
    page.keyboard.press("j")
    assert page.locator("tr[data-measure].is-on").count() == 1
    assert page.locator("tr[data-measure].is-on a:focus").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/persons/"))
    page.goto(f"{address}/command")
    page.get_by_role("button", name="静音…").click()
    page.locator("#mute-r").fill("正在通话")
    page.locator("#mute").get_by_role("button", name="静音", exact=True).click()
    page.get_by_text("：正在通话").wait_for()
    page.mouse.click(600, 400)
    page.wait_for_timeout(2500)
    assert page.locator("[data-module=sound]").get_attribute("data-tones") is None
    assert page.complaints == [], "WebAudio breaks no policy"


def test_a_new_alarm_comes_by_itself(browser, address, tracked):
    from sifang.monitoring.models import AlarmKind
    from sifang.monitoring.services.alarms import Situation, raise_alarm
    from sifang.monitoring.tests.conftest import as_role
    from sifang.people.access import system

    page = sit(browser, address, "fengban")
    page.locator("a[data-alarm]").first.wait_for()
    situation = Situation(measure=tracked.measure.number, kind=AlarmKind.SOS, episode=int(time.time()))
    with as_role("watch"), system("watch"):
        raise_alarm(situation)
    page.get_by_text("张三是否需要帮助？").first.wait_for(timeout=15_000)
    assert page.complaints == []


def test_the_pages_are_accessible_and_break_no_policy(browser, address, tracked):
    found = {}
    duty = sit(browser, address, "fengban")
    officer = sit(browser, address, "wangke")
    for page, paths in (
        (duty, ["/command", tracked.url, "/admin/devices"]),
        (
            officer,
            [
                "/persons",
                "/persons/历下-2026-0417",
                "/persons/历下-2026-0417/track",
                "/persons/历下-2026-0417/refused",
                "/account",
            ],
        ),
    ):
        for path in paths:
            page.goto(address + path)
            page.wait_for_load_state()
            found[path] = accessible(page)
        assert page.complaints == []
    secadmin = register_officer(
        "secadmin", "安管", tracked.city.agencies["济南市司法局"], password="sifang-demo", is_demo=True
    )
    grant_role(secadmin, Role.SECURITY_ADMIN, valid_from=utc_now() - timedelta(days=1))
    known = Officer.objects.get(username="lisuo").password
    Officer.objects.filter(username="secadmin").update(password=known)
    page = sit(browser, address, "secadmin")
    found["/admin/officers"] = accessible(page)
    page.goto(address + "/admin/retention")
    page.wait_for_load_state()
    found["/admin/retention"] = accessible(page)
    Officer.objects.filter(username="lisuo").update(is_demo=False)
    page = sit(browser, address, "lisuo")
    assert page.url.endswith("/signin/first")
    page.get_by_role("button", name="登记并进入").click()
    page.get_by_text("没有办成").wait_for()
    found["/signin/first"] = accessible(page)
    assert {path: one for path, one in found.items() if one} == {}


def test_a_passkey_is_registered_and_then_signs_in_in_one_step(browser, address, tracked):
    here = address.replace("127.0.0.1", "localhost")  # a passkey belongs to a domain
    page = sit(browser, here, "wangke")
    key = page.context.new_cdp_session(page)
    key.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    key.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{here}/account")
    page.get_by_role("button", name="登记通行密钥").click()
    page.get_by_text("最近使用 从未").wait_for()
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(re.compile(r"/signin$"))
    page.get_by_role("button", name="用通行密钥，一步登录").click()
    page.wait_for_url(re.compile(r"/today$"))
    assert page.locator(".sf-demoband").count() == 0, "the account has a second factor now"
