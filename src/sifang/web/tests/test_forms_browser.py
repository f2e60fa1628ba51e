"""A leave in a real browser, from the mistake to the decision."""

from datetime import timedelta
from urllib.parse import quote, unquote

import pytest

from sifang.kernel.time import legal_day, utc_now
from sifang.web.tests.test_browser import accessible, browser, front, served, sit  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases="__all__"),
]

NUMBER = "历下-2026-0417"
APPLY = f"/persons/{quote(NUMBER)}/do/leave/apply"


def test_a_leave_from_the_mistake_to_the_decision(browser, served):  # noqa: F811
    first = legal_day(utc_now()) + timedelta(days=5)
    page = sit(browser, served, "lisuo")
    page.goto(served + APPLY)
    button = page.get_by_role("button", name="书面申请外出")
    assert button.is_enabled()
    button.click()
    summary = page.locator("#errors")
    summary.wait_for()
    assert "请更正 5 处" in summary.inner_text()
    summary.get_by_role("link", name="请填写目的地").click()
    assert page.evaluate("document.activeElement.id") == "f-destination"
    page.keyboard.type("北京市海淀区")
    page.get_by_label("就医").check()
    page.fill("#f-leaves_on", first.isoformat())
    page.fill("#f-returns_on", (first + timedelta(days=9)).isoformat())
    page.fill("#f-proof", "门诊预约单")
    page.get_by_role("button", name="试算").click()
    page.get_by_text("接着应办：批准外出（历下区司法局）").wait_for()
    assert page.locator("#f-destination").input_value() == "北京市海淀区", "nothing is lost"
    assert accessible(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="书面申请外出").click()
    page.get_by_text("已办理：书面申请外出").wait_for()
    assert NUMBER in unquote(page.url)

    page = sit(browser, served, "wangke")
    listed = page.request.get(f"{served}/api/cases/{NUMBER}/options").json()["rows"]
    one = next(row for row in listed if row["step"] == "approve" and row["procedure"] == "leave")
    page.goto(f"{served}/persons/{quote(NUMBER)}/do/leave/approve?proceeding={one['proceeding']}")
    assert "由谁决定" in page.inner_text("main")
    assert accessible(page) == []
    page.get_by_role("button", name="批准外出", exact=True).click()
    page.get_by_text("已办理：批准外出").wait_for()
    assert [c for c in page.complaints if "400" not in c] == []
