"""Searches and lists: what finds whom, for whom minors have a name, and that an index is walked."""

import pytest
from django.db import connection

from sifang.kernel.time import utc_now
from sifang.people.access import Wanted, access_persons
from sifang.people.finding import _begins
from sifang.people.models import Alias, Order, OrderType, Person, ReadRecord, ShareMatter
from sifang.people.purposes import Purpose
from sifang.people.services import add_alias, end_order, register_judgment, share


def found(city, officer, query="", **wanted):
    page = access_persons(city[officer], Purpose.DAILY, query=query, wanted=Wanted(**wanted))
    return [one.name for one in page.rows]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("张", ["张三"]),
        ("三", []),  # the beginning of a name, not its middle
        ("zhang", ["张三"]),
        ("Zhang San", ["张三"]),
        ("zs", ["张三"]),
        ("wm", ["卫某"]),
        ("0417", ["张三"]),
        ("历下-2026-041", ["张三", "卫某", "小陈"]),
        ("000号卫某", ["卫某"]),
        ("110105", ["张三"]),
        ("11010519491231002X", ["张三"]),
        ("张小三", ["张三"]),
        ("zxs", ["张三"]),
        ("%", []),
        ("hm", []),  # 何某 of 商河
    ],
)
def test_what_finds_whom(city, query, names):
    with city.acting("王科"):
        one = Person.objects.get(name="张三")
        Person.objects.filter(id=one.id).update(id_number="11010519491231002X")
        add_alias(city["王科"], one, "张小三")
    assert found(city, "王科", query) == names


def test_an_outsider_finds_his_own_only(city):
    assert found(city, "周外") == ["何某"]
    assert found(city, "周外", "zs") == found(city, "周外", "0417") == []


def test_a_minor_has_a_name_only_for_the_own_county_and_office(city):
    mask = "未成年人·历下-2026-0419"
    assert "小陈" in found(city, "王科")
    assert "小陈" in found(city, "李所")
    for officer in ("赵检", "冯班", "钱法"):
        assert mask in found(city, officer)
        assert "小陈" not in found(city, officer)
        for query in ("小陈", "xiaochen", "xc"):
            assert found(city, officer, query) == []
        assert found(city, officer, "0419") == [mask]
    page = access_persons(city["冯班"], Purpose.DAILY, query="0419")
    assert {page.rows[0].phone, page.rows[0].address, page.rows[0].pinyin} == {""}
    with city.acting("王科"):
        assert Person.objects.filter(name="小陈").exists()  # a mask is never written


def test_lists_are_narrowed(city):
    office = city.agencies["泉城路司法所"]
    assert found(city, "王科", office_id=office.id) == ["卫某"]
    assert found(city, "王科", type=OrderType.CONTROL) == ["小陈"]
    assert found(city, "王科", is_minor=True) == ["小陈"]
    assert found(city, "冯班", county_code="370126") == ["何某"]
    with city.acting("王科"):
        end_order(city["王科"], city.orders["卫某"], on=utc_now(), why="赦免")
    with city.acting("钱法"):
        register_judgment(city["钱法"], city.facts("林乙", ""), city.paper("林乙"))
    assert found(city, "王科", standing="running") == ["张三", "小陈"]
    assert found(city, "王科", standing="ended") == ["卫某"]
    assert found(city, "王科", standing="draft") == ["林乙"]


def test_a_page_goes_on_after_a_number_and_records_only_what_it_shows(city):
    first = access_persons(city["王科"], Purpose.DAILY, limit=2)
    rest = access_persons(city["王科"], Purpose.DAILY, limit=2, after=first.rows[-1].number)
    assert [one.name for one in (*first.rows, *rest.rows)] == ["张三", "卫某", "小陈"]
    assert (first.total, rest.total, first.is_capped) == (3, 3, False)
    with city.acting("王科"):
        assert sorted(len(row.person_ids) for row in ReadRecord.objects.filter(what="list")) == [1, 2]


KEYS = [(Person, key) for key in ("name", "number", "pinyin", "initials", "number_reversed", "id_number")]
KEYS += [(Order, "document_no"), (Order, "document_reversed"), (Alias, "name"), (Alias, "pinyin")]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_each_key_walks_its_index_under_row_security(city, table, key):
    """With sequential scans made dear: a key that row security does not trust could not use its index."""
    with city.acting("冯班"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = table.objects.filter(_begins(key, "x")).explain()
        cursor.execute("SET LOCAL enable_seqscan = on")
    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    assert any(f"({key})::text >= 'x'" in line for line in conditions), plan


def test_whom_another_agency_lends_is_a_list_of_its_own(city):
    with city.acting("王科"):
        new = city.agencies["商河县司法局"]
        share(city["王科"], city.persons["张三"], new, ShareMatter.MOVE, article="社区矫正法27条")
    assert found(city, "周外") == ["何某"]
    assert found(city, "周外", lent=True) == ["张三"]
    assert found(city, "周外", "0417") == ["张三"]
