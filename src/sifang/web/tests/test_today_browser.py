"""今日 in a real browser: keys, the way to the act, every desk at 1366 × 768; screenshots on demand."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from sifang.cases.acts import Wish, take
from sifang.kernel.time import legal_day, utc_now
from sifang.people.purposes import Purpose
from sifang.people.services import register_judgment
from sifang.web.tests.test_browser import (  # noqa: F401 (fixtures)
    accessible,
    address,
    browser,
    front,
    served,
    sit,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases="__all__"),
]
DESKS = ("today", "handover", "leave", "measures", "calendar", "caseload", "figures")


@pytest.fixture
def busy(tracked):
    """Applications for leave, one of them granted, and two judgments in hand-over, one late."""
    city, today = tracked.city, legal_day(utc_now())
    for person, days, gone in (("张三", 10, 1), ("卫某", 31, 6), ("小陈", 9, 0)):
        answers = {"purpose": "medical", "destination": "北京市海淀区", "proof": "门诊预约单"}
        first = today + timedelta(days=gone)
        answers |= {
            "leaves_on": first.isoformat(),
            "returns_on": (first + timedelta(days=days - 1)).isoformat(),
        }
        asked = take(city["王科"], city.cases[person].id, Wish("leave", "apply", answers))
        if person == "小陈":
            take(
                city["王科"],
                city.cases[person].id,
                Wish("leave", "approve", {}, proceeding=asked.proceeding_id),
            )
    for name, ago in (("罗某", 12), ("宋某", 3)):
        effective = today - timedelta(days=ago)
        paper = city.paper(
            name,
            document_date=effective - timedelta(days=10),
            effective_on=effective,
            term_start=effective,
            term_end=effective + timedelta(days=364),
        )
        with city.acting("钱法", Purpose.RECEPTION):
            register_judgment(city["钱法"], city.facts(name, "", office=None), paper)
    return tracked


def shot(page, name):
    """Keep a picture where DESK_SHOTS says, for the eyes of the one who changes a page."""
    if folder := os.environ.get("DESK_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_the_day_begins_at_today_and_needs_no_mouse(browser, address, busy):  # noqa: F811
    page = sit(browser, address, "wangke")
    assert page.url.endswith("/today")
    rows = page.locator("tr[data-row]")
    first = rows.first.locator("a.sf-btn").get_attribute("href")
    page.keyboard.press("j")
    assert "is-on" in rows.first.get_attribute("class")
    shot(page, "today")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/handover")
    page.go_back()
    rows.first.locator("a.sf-btn").click()
    page.wait_for_url(f"**{first}")
    assert page.locator("h1").count() == 1
    assert page.complaints == []


def test_every_desk_is_accessible_and_fits_the_width(browser, address, busy):  # noqa: F811
    page = sit(browser, address, "wangke")
    found = {}
    for desk in DESKS:
        page.goto(f"{address}/{desk}")
        found[desk] = accessible(page)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, desk
        shot(page, f"desk-{desk}")
    for username in ("zhaojian", "qianfa"):
        page = sit(browser, address, username)
        found[username] = accessible(page)
        shot(page, f"today-{username}")
    assert {name: one for name, one in found.items() if one} == {}
    assert page.complaints == []
