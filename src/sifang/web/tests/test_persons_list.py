"""对象: found by name, pinyin and number, narrowed by selects; minors masked outside their own county."""

import pytest

from sifang.cases.acts import Wish, take
from sifang.kernel.time import legal_day, utc_now
from sifang.web import persons_list

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ZHANG, WEI, CHEN = "历下-2026-0417", "历下-2026-0418", "历下-2026-0419"


def numbers(client, query):
    page = client.get(f"/persons?{query}").content.decode()
    return [one for one in (ZHANG, WEI, CHEN) if f">{one}</td>" in page]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=张三", [ZHANG]),
        ("q=zhangsan", [ZHANG]),
        ("q=zs", [ZHANG]),
        ("q=0418", [WEI]),
        ("type=parole", [WEI]),
        ("type=nonsense", [ZHANG, WEI, CHEN]),
        ("minor=1", [CHEN]),
        ("standing=running", [ZHANG, WEI, CHEN]),
        ("standing=ended", []),
        ("leave=1", []),
        ("measure=1", []),
        ("q=张三&type=parole", []),
    ],
)
def test_the_list_is_narrowed(at_desk, query, found):
    assert numbers(at_desk("王科"), query) == found


def test_an_office_is_chosen_by_its_select(at_desk, city):
    office = city.agencies["泉城路司法所"]
    assert numbers(at_desk("王科"), f"office={office.id}") == [WEI]
    assert "泉城路司法所</option>" not in at_desk("李所").get("/persons").content.decode()


def test_who_is_on_leave_is_found_and_said(at_desk, city):
    today = legal_day(utc_now()).isoformat()
    answers = {"purpose": "medical", "destination": "北京市", "leaves_on": today, "returns_on": today}
    case = city.cases["张三"].id
    run = take(city["李所"], case, Wish("leave", "apply", answers | {"proof": "预约单"})).proceeding_id
    assert numbers(at_desk("王科"), "leave=1") == []
    take(city["王科"], case, Wish("leave", "approve", proceeding=run))
    assert numbers(at_desk("王科"), "leave=1") == [ZHANG]
    assert "外出中</span>" in at_desk("王科").get("/persons").content.decode()


def test_who_is_under_a_measure_is_found(at_desk, city, monkeypatch):
    person = city.persons["张三"].id
    monkeypatch.setattr(persons_list, "measured", lambda persons=None: frozenset({person}))
    assert numbers(at_desk("王科"), "measure=1") == [ZHANG]
    assert numbers(at_desk("周外"), "measure=1") == []


def test_a_minor_has_no_name_in_the_lists_of_others(at_desk):
    assert "小陈" in at_desk("王科").get("/persons").content.decode()
    other = at_desk("市科").get("/persons").content.decode()
    assert CHEN in other
    assert "小陈" not in other


def test_an_outsider_finds_nobody_whatever_he_asks(at_desk):
    for query in ("q=张三", "type=probation", "minor=1", "measure=1"):
        assert numbers(at_desk("周外"), query) == []
    assert "减少条件" in at_desk("周外").get("/persons?type=parole").content.decode()
