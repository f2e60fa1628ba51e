"""What the browser promises: states by shape, keys, no breach of the CSP, a lost stream that says so."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.harness import ROOT, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
PATIENCE_S = 40


@pytest.fixture(scope="module")
def dist() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import build_front
    finally:
        sys.path.pop(0)
    build_front.build()


@pytest.fixture(scope="module")
def browser(dist: None) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Desk:
    """One page and everything that it complained about."""

    def __init__(self, browser: Browser, server: Server, path: str, size: tuple[int, int]) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None
        )
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            "e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        self.page.goto(server.url + path)

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)

    def until(self, script: str, wanted: Callable[[Any], bool] = bool) -> Any:
        """Poll (a strict CSP forbids wait_for_function) until `wanted` holds."""
        end = time.monotonic() + PATIENCE_S
        while not wanted(value := self.ask(script)):
            assert time.monotonic() < end, f"{script} is still {value!r}"
            time.sleep(0.1)
        return value

    def drawn(self) -> int:
        return int(
            self.until(
                "document.querySelector('[data-drawn]')?.dataset.drawn", lambda n: n not in {None, "0"}
            )
        )


@pytest.fixture
def desk(browser: Browser) -> Iterator[Callable[..., Desk]]:
    opened: list[tuple[Desk, Server]] = []

    def sit(path: str = "/command", *, persons: int = 98, size: tuple[int, int] = (1366, 768)) -> Desk:
        server = Server(persons).__enter__()
        opened.append((Desk(browser, server, path, size), server))
        return opened[-1][0]

    yield sit
    for one, server in opened:
        one.page.close()
        server.__exit__()


# pixels for which the test holds, in the picture of the map
COUNT_PIXELS = """kind => new Promise(done => {
  const from = document.querySelector('.maplibregl-canvas');
  const to = document.createElement('canvas');
  to.width = from.width; to.height = from.height;
  const c = to.getContext('2d'); c.drawImage(from, 0, 0);
  const d = c.getImageData(0, 0, to.width, to.height).data;
  let n = 0;
  for (let i = 0; i < d.length; i += 4)
  {
    const [r, g, b] = [d[i], d[i + 1], d[i + 2]];
    const is = {red: r > g + 80 && r > b + 80, green: g > r + 30 && g > b + 10, violet: b > g + 14 && r >= g};
    if (is[kind]) n += 1;
  }
  done(n);
})"""
RED, GREEN, VIOLET = "red", "green", "violet"


def pixels(desk: Desk, colour: str, least: int) -> int:
    end = time.monotonic() + PATIENCE_S
    while (found := desk.page.evaluate(COUNT_PIXELS, colour)) < least and time.monotonic() < end:
        time.sleep(0.2)
    return int(found)


@pytest.mark.parametrize("persons", [100, 3292])
def test_map_draws_every_person_without_a_complaint(desk: Callable[..., Desk], persons: int) -> None:
    here = desk(persons=persons)
    assert here.drawn() == persons
    assert pixels(here, RED, 40) >= 40, "the triangle of the person outside"
    assert pixels(here, GREEN, 200) >= 200
    assert pixels(here, VIOLET, 20) >= 20
    assert here.complaints == []


def test_counts_in_the_bar_follow_the_stream(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.until("document.querySelector('[data-count=outside]').textContent", lambda text: text == "1")
    here.until("document.querySelector('[data-count=inside]').textContent", lambda text: text == "91")
    here.server.world.force[8] = 2
    here.server.world.tell("positions", {"t": _now(), "rows": [here.server.world.row(8)]})
    here.until("document.querySelector('[data-count=outside]').textContent", lambda text: text == "2")


def test_table_shows_the_same_rows_and_is_one_key_away(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.drawn()
    here.page.keyboard.press("t")
    assert here.page.is_visible(".cmd__table")
    assert not here.page.is_visible(".sf-mapbox")
    state = "document.querySelector('tr[data-measure=\"3\"] [data-cell=state]').textContent"
    here.until(state, lambda text: text == "在范围外")
    here.page.keyboard.press("t")
    assert here.page.is_visible(".sf-mapbox")


def test_queue_works_by_keys_and_marks_the_person_on_the_map(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.drawn()
    here.page.keyboard.press("j")
    here.page.keyboard.press("j")
    assert here.ask("document.querySelector('.sf-alarm.is-on').dataset.measure") == "7"
    here.page.keyboard.press("k")
    assert here.ask("document.querySelector('.sf-alarm.is-on').dataset.measure") == "3"
    here.until("document.querySelector('.sf-mapbox__inset:not([hidden]) b')?.textContent")
    here.until("document.querySelector('.sf-mapbox__inset .fence-band') !== null")
    here.page.keyboard.press("Enter")
    here.page.wait_for_url("**/alarms/x")
    assert here.complaints == []


def test_letters_are_dead_in_fields_and_when_switched_off(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.drawn()
    here.page.keyboard.press("/")
    here.page.keyboard.type("jt")
    assert here.ask("document.querySelector('#q').value") == "jt"
    assert here.page.is_visible(".sf-mapbox")
    here.page.keyboard.press("Escape")
    here.page.keyboard.press("?")
    assert here.page.is_visible("#help")
    here.page.check("[data-keys-off]")
    here.page.keyboard.press("Escape")
    here.page.keyboard.press("t")
    assert here.page.is_visible(".sf-mapbox")


def test_lost_stream_says_so_and_comes_back(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.drawn()
    here.until("document.querySelector('[data-stale]').hidden", lambda hidden: hidden is True)
    here.server.world.cut()
    here.until("document.querySelector('[data-stale]').hidden", lambda hidden: hidden is False)
    assert "正在重连" in here.ask("document.querySelector('[data-stale]').textContent")
    assert here.ask("document.querySelector('.sf-mapbox').classList.contains('is-stale')")
    here.server.world.closed = False
    here.until("document.querySelector('[data-stale]').hidden", lambda hidden: hidden is True)


def test_new_alarm_enters_the_queue_and_is_said(desk: Callable[..., Desk]) -> None:
    here = desk()
    here.drawn()
    here.ask("document.querySelector('[data-alarm]').remove()")
    before = here.ask("document.querySelectorAll('[data-alarm]').length")
    rows = [{"id": "00000000-0000-7000-8000-000000000001", "question": "陈甲是否已离开商河县？"}]
    here.server.world.tell("alarms", {"rows": rows})
    here.until("document.querySelectorAll('[data-alarm]').length", lambda n: n == before + 1)
    assert here.ask("document.querySelectorAll('.sf-arrive').length") == 1
    here.until("document.querySelector('#live').textContent", lambda text: "陈甲" in text)


def test_wall_names_nobody(desk: Callable[..., Desk]) -> None:
    here = desk("/wall", size=(1920, 1080))
    assert here.drawn() == 98
    assert here.ask("document.documentElement.scrollWidth") <= 1920
    assert here.ask("document.querySelector('.sf-mapbox').textContent.includes('赵')") is False
    assert here.complaints == []


def test_one_persons_track_is_drawn_without_a_complaint(desk: Callable[..., Desk]) -> None:
    here = desk("/track", persons=20)
    assert here.drawn() > 0
    assert pixels(here, RED, 15) >= 15
    assert here.complaints == []


def test_track_slider_moves_time_and_says_a_gap(desk: Callable[..., Desk]) -> None:
    here = desk("/track", persons=20)
    here.drawn()
    last = here.ask("document.querySelector('.tr__time').textContent")
    here.page.focus(".tr__slide input")
    here.page.keyboard.press("Home")
    assert here.ask("document.querySelector('.tr__time').textContent") != last


def _now() -> str:
    from tests.browser.harness import now

    return now()
