"""A person's page in a real browser: a lived course, the tabs, the keyboard, the phone; axe is content."""

import re

import pytest

from sifang.web.tests.lived import Course
from sifang.web.tests.test_browser import accessible, address, browser, front, served, sit  # noqa: F401 (fixtures)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases="__all__"),
]

PERSON = "/persons/历下-2026-0417"


@pytest.fixture
def tracked(officers, city):
    """The course of 张三 from the judgment to a leave; nobody is tracked."""
    course = Course(city)
    course.lives()
    return course


def test_a_course_is_read_and_begun_with_the_keyboard(tracked, address, browser):  # noqa: F811
    page = sit(browser, address, "wangke")
    page.goto(f"{address}/persons")
    assert accessible(page) == []
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/persons/.+0417"))
    for tab in ("course", "documents", "plan", "dispatches", "rights"):
        page.goto(f"{address}{PERSON}?tab={tab}")
        assert accessible(page) == [], tab
    page.goto(f"{address}{PERSON}")
    columns = [page.locator(".ps__g > .sf-stack").nth(side).bounding_box()["width"] for side in (0, 1)]
    assert columns[0] == columns[1]
    page.locator(".ps__new summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="书面申请外出").click()
    page.wait_for_url(re.compile("/do/leave/apply"))
    own = sit(browser, address, "zhangsan")
    own.set_viewport_size({"width": 390, "height": 844})
    own.goto(f"{address}/me")
    assert accessible(own) == []
    assert own.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.complaints == own.complaints == []
