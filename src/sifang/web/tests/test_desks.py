"""The desks beside 今日: what is missing is seen, powers are named, another county sees nothing."""

from datetime import date, timedelta

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.models import Case
from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import ReadRecord
from sifang.people.purposes import Purpose
from sifang.people.services import register_judgment

pytestmark = pytest.mark.django_db

ALL = ("/today", "/handover", "/leave", "/measures", "/calendar", "/caseload")


def page(at_desk, name, url):
    response = at_desk(name).get(url)
    return response.status_code, response.content.decode()


@pytest.fixture
def judged(city):
    """罗某: a judgment of 历下 in force for twelve days; no notice, no papers, no person."""
    effective = legal_day(utc_now()) - timedelta(days=12)
    paper = city.paper(
        "罗某",
        document_date=effective - timedelta(days=10),
        effective_on=effective,
        term_start=effective,
        term_end=effective + timedelta(days=364),
    )
    with city.acting("钱法", Purpose.RECEPTION):
        order = register_judgment(city["钱法"], city.facts("罗某", "", office=None), paper)
        return Case.objects.select_related("person").get(order=order)


def asks_leave(city, days=10, start=None):
    first = start or legal_day(utc_now()) + timedelta(days=1)
    answers = {
        "purpose": "medical",
        "destination": "北京市",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=days - 1)).isoformat(),
        "proof": "门诊预约单",
    }
    return take(city["李所"], city.cases["张三"].id, Wish("leave", "apply", answers))


def test_the_reception_desk_says_what_is_missing_and_who_can_mend_it(judged, city, at_desk):
    status, html = page(at_desk, "王科", "/handover")
    assert status == 200
    for words in ("罗某", "未通知", "文书未到", "未报到", "由历下区人民法院办理", "逾期"):
        assert words in html
    assert "1 = 0 + 1 + 0 + 0" in html, "the judgments of thirty days add up"
    assert "录入生效裁判" in html
    with city.acting("赵检", Purpose.PROCURATE):
        read = ReadRecord.objects.filter(officer=city["王科"], what="list").latest("at")
    assert judged.person_id in read.person_ids


def test_what_came_is_solid_and_the_court_sees_its_own_orders(judged, city, at_desk):
    take(city["钱法"], judged.id, Wish("handover", "notify", {}))
    take(city["钱法"], judged.id, Wish("handover", "serve", {"papers_list": "判决书、执行通知书"}))
    html = page(at_desk, "王科", "/handover")[1]
    assert "已通知" in html
    assert "送出，待核对" in html
    own = page(at_desk, "钱法", "/handover")[1]
    assert "罗某" in own
    assert "人数核对" not in own
    assert "罗某" not in page(at_desk, "监管", "/handover")[1]


def test_another_county_finds_every_desk_empty(judged, city, at_desk):
    asks_leave(city)
    for url in ALL:
        status, html = page(at_desk, "周外", url)
        assert status == 200, url
        assert "张三" not in html, url
        assert "罗某" not in html, url


@pytest.mark.parametrize(("days", "owner"), [(10, "历下区司法局"), (31, "上一级社区矫正机构")])
def test_the_leave_desk_names_the_computed_authority(city, at_desk, days, owner):
    asks_leave(city, days)
    html = page(at_desk, "李所", "/leave")[1]
    assert owner in html
    assert "do/leave/approve" not in html, "the office decides neither"


def test_a_granted_leave_is_listed_with_its_return(city, at_desk):
    asked = asks_leave(city, 10)
    take(city["王科"], city.cases["张三"].id, Wish("leave", "approve", {}, proceeding=asked.proceeding_id))
    html = page(at_desk, "王科", "/leave")[1]
    assert "已批准，未出发" in html
    assert f"do/leave/confirm_return?proceeding={asked.proceeding_id}" in html


def test_who_may_open_which_desk(at_desk):
    assert page(at_desk, "钱法", "/leave")[0] == 404
    assert page(at_desk, "郑局", "/leave")[0] == 404
    assert page(at_desk, "郑局", "/measures")[0] == 200
    for url in ALL:
        assert page(at_desk, "米书", url)[0] == 404


def test_the_calendar_shows_rest_days_and_warns_of_a_year_without_a_table(city, at_desk):
    asks_leave(city, 10)
    first = legal_day(utc_now()) + timedelta(days=1)
    html = page(at_desk, "王科", f"/calendar?month={first:%Y-%m}&day={first}")[1]
    assert "批准外出" in html
    assert "张三" in html
    october = page(at_desk, "王科", "/calendar?month=2026-10")[1]
    assert "没有已公布" not in october
    assert "班" in october, "a make-up working day"
    assert "没有已公布" in page(at_desk, "王科", "/calendar?month=2039-01")[1]
    for bad in ("month=x", "month=2026-13", "month=9999-01", "day=7"):
        assert page(at_desk, "王科", f"/calendar?{bad}")[0] == 404
    assert date(2026, 10, 10).weekday() == 5


def test_the_caseload_counts_without_names(judged, at_desk):
    html = page(at_desk, "王科", "/caseload")[1]
    assert "趵突泉司法所" in html
    assert "张三" not in html
    assert "商河" not in html
    city_wide = page(at_desk, "市科", "/caseload")[1]
    assert "历下区司法局" in city_wide
    assert "商河县司法局" in city_wide
