"""今日: each sees what is his, with clock, article and one act; nothing of another county; few queries."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sifang.cases import desk as desk_of
from sifang.cases.acts import Wish, take
from sifang.cases.desk import access_today, bucket
from sifang.cases.models import Dispatch, Expectation
from sifang.kernel.errors import NotFound
from sifang.kernel.ids import uuid7
from sifang.kernel.time import legal_day, utc_now
from sifang.law.time import day_begins
from sifang.people.models import Delegation, ReadRecord, active_roles
from sifang.people.purposes import Purpose
from sifang.web.present.deadline import deadline

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(city):
    """张三 asks for ten days; the county decides before he leaves."""
    first = legal_day(utc_now()) + timedelta(days=1)
    answers = {
        "purpose": "medical",
        "destination": "北京市",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=9)).isoformat(),
        "proof": "门诊预约单",
    }
    return take(city["李所"], city.cases["张三"].id, Wish("leave", "apply", answers))


def today(city, name, view="mine", purpose=Purpose.DAILY, **more):
    officer = city[name]
    return access_today(officer, purpose, active_roles(officer, utc_now()), view=view, **more)


def again(city, n, **changes):
    """Expect the decision n times more, on other occasions."""
    with city.acting("王科"):
        row = Expectation.objects.filter(kind="leave.approve").first()
        for k in range(n):
            row.pk, row.occasion = uuid7(), f"again {k}"
            for name, value in changes.items():
                setattr(row, name, value(k) if callable(value) else value)
            row.save(force_insert=True)


def kinds(found):
    return {one.kind for one in found.rows}


def page(at_desk, name, url="/today"):
    response = at_desk(name).get(url)
    return response.status_code, response.content.decode()


def test_the_county_sees_the_application_with_its_act_and_the_head_does_not(asked, city, at_desk):
    status, html = page(at_desk, "王科")
    assert status == 200
    assert f"/persons/历下-2026-0417/do/leave/approve?proceeding={asked.proceeding_id}" in html.replace(
        "%E5%8E%86%E4%B8%8B", "历下"
    )
    assert "批准外出" in html
    assert "办法 27条" in html
    assert "批准外出" not in page(at_desk, "郑局")[1]


def test_another_county_sees_nothing_of_it(asked, at_desk):
    for url in ("/today", "/today?view=agency", "/today?view=person"):
        status, html = page(at_desk, "周外", url)
        assert status == 200
        assert "张三" not in html
        assert "没有待办的事" in html
    assert page(at_desk, "周外", "/today?view=watch")[0] == 404


def test_everybody_shown_is_in_one_read_record(asked, city):
    found = today(city, "王科")
    assert "leave.approve" in kinds(found)
    with city.acting("赵检", Purpose.PROCURATE):
        rows = ReadRecord.objects.filter(officer=city["王科"], what="list")
        assert [row.person_ids for row in rows] == [[city.persons["张三"].id]]


def test_who_holds_a_delegation_sees_what_was_left_to_the_office(asked, city):
    take(city["王科"], city.cases["张三"].id, Wish("leave", "approve", {}, proceeding=asked.proceeding_id))
    assert "leave.confirm_return" not in kinds(today(city, "李所"))
    with city.acting("王科"):
        Delegation.objects.create(
            agency=city.agencies["历下区司法局"],
            office=city.agencies["趵突泉司法所"],
            matter="leave",
            document_no="历下司委〔2026〕1号",
            valid_from=legal_day(utc_now()) - timedelta(days=9),
            by=city["王科"],
        )
    found = today(city, "李所")
    assert "leave.confirm_return" in kinds(found)
    assert [one.matter for one in found.delegations] == ["leave"]


def test_what_was_sent_waits_at_the_recipient_and_with_the_sender(asked, city, at_desk):
    take(city["王科"], city.cases["张三"].id, Wish("leave", "approve", {}, proceeding=asked.proceeding_id))
    with city.acting("赵检", Purpose.PROCURATE):
        letter = Dispatch.objects.get(to_actor="人民检察院")
    html = page(at_desk, "赵检")[1]
    assert f"/dispatches/{letter.id}" in html
    assert "签收" in html
    assert [one.id for one in today(city, "王科").waiting] == [letter.id]
    assert today(city, "孙警", purpose=Purpose.DAILY).inbox == []


def test_the_procuratorate_sees_what_is_late_by_law_in_its_own_county(asked, city):
    again(city, 1, due_at=utc_now() - timedelta(days=2), due_kind="target")
    assert kinds(today(city, "赵检", "watch", Purpose.PROCURATE)) == set()
    again(city, 1, due_at=utc_now() - timedelta(days=2), occasion="late")
    assert kinds(today(city, "赵检", "watch", Purpose.PROCURATE)) == {"leave.approve"}


def test_the_page_asks_as_often_for_one_matter_as_for_many(asked, city):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            today(city, "王科", "agency")
        return len(seen)

    one = queries()
    again(city, 60)
    assert queries() == one
    assert one <= 30


def test_long_lists_come_in_pages_and_none_is_lost(asked, city, monkeypatch):
    monkeypatch.setattr(desk_of, "PAGE", 7)
    again(city, 20, due_at=lambda k: None if k > 14 else utc_now() + timedelta(hours=k // 2))
    seen, after = [], ""
    while True:
        found = today(city, "王科", "agency", after=after)
        seen += [one.id for one in found.rows]
        after = found.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == found.more == sum(found.groups.values())


def test_a_page_that_nobody_gave_is_absent(city, at_desk):
    assert page(at_desk, "王科", "/today?after=x_y")[0] == 404
    assert page(at_desk, "张三", "/today")[0] == 404
    with pytest.raises(NotFound):
        today(city, "吴离")


def test_midnight_belongs_to_the_day_before():
    now = utc_now()
    tonight = day_begins(legal_day(now) + timedelta(days=1))
    shown = deadline(tonight, "law", now - timedelta(days=10), now)
    assert (shown.look, shown.words) == ("due", "今天")
    assert deadline(tonight, "law", now, tonight).look == "overdue"
    assert deadline(tonight, "target", now, tonight).look == "target"
    assert deadline(None, "law", now, now).words == "无法定天数"
    assert deadline(now + timedelta(days=30), "law", now, now).look == "expected"


def test_the_groups_of_a_week_end_on_sunday():
    monday = date(2026, 11, 23)
    of = {n: bucket(monday + timedelta(days=n), is_late=False, today=monday) for n in (0, 1, 6, 7)}
    assert of == {0: "today", 1: "week", 6: "week", 7: "later"}
    assert bucket(None, is_late=False, today=monday) == "later"
