"""The form of an act: what it asks and causes, whose it is, nothing lost, nothing told to outsiders."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.models import Act, Dispatch
from sifang.kernel.time import SHANGHAI, legal_day, utc_now
from sifang.people.models import ReadRecord
from sifang.people.purposes import Purpose
from sifang.web.tests.test_pages import Page

pytestmark = pytest.mark.django_db(databases="__all__")

NUMBER = "历下-2026-0417"
APPLY = f"/persons/{quote(NUMBER)}/do/leave/apply"


def text(response):
    return response.content.decode()


def days(n, start=5):
    first = legal_day(utc_now()) + timedelta(days=start)
    return {
        "purpose": "medical",
        "destination": "北京市海淀区",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=n - 1)).isoformat(),
        "proof": "门诊预约单",
    }


@pytest.fixture
def applied(city, officers):
    """张三 asks for ten days; 李所 wrote it down."""
    act = take(city["李所"], city.cases["张三"].id, Wish("leave", "apply", days(10)))
    return act.proceeding_id


def approve(proceeding):
    return f"/persons/{quote(NUMBER)}/do/leave/approve?proceeding={proceeding}"


def test_the_form_says_what_follows_and_the_read_is_recorded(at_desk, city):
    page = text(at_desk("李所").get(APPLY))
    assert "书面申请外出：张三" in page
    assert "由您代为登记" in page
    assert "提出的时间" in page
    assert "书面申请外出</button>" in page
    assert "disabled" not in page
    with city.acting("赵检", Purpose.PROCURATE):
        seen = ReadRecord.objects.filter(officer=city["李所"], what="person").latest("at")
    assert seen.person_ids == [city.persons["张三"].id]


def test_mistakes_come_back_by_field_and_nothing_is_lost(at_desk, city):
    given = days(10) | {"returns_on": "2020-01-01", "proof": ""}
    answer = at_desk("李所").post(APPLY, given)
    page = text(answer)
    assert answer.status_code == 400
    assert 'href="#f-returns_on"' in page
    assert 'href="#f-proof"' in page
    assert "北京市海淀区" in page
    assert 'value="medical" checked' in page
    with city.acting("李所"):
        assert not Act.objects.filter(case=city.cases["张三"]).exists()


def test_an_act_goes_through_and_the_page_says_what_was_done(at_desk, city):
    client = at_desk("李所")
    answer = client.post(APPLY, days(10))
    assert answer.status_code == 302
    assert answer["Location"] == f"/persons/{quote(NUMBER)}"
    assert "已办理：书面申请外出" in text(client.get(answer["Location"]))
    with city.acting("李所"):
        act = Act.objects.get(case=city.cases["张三"])
    assert act.recorded_for
    assert act.facts["days"] == 10


def test_counting_shows_sums_and_the_owner_without_an_act(at_desk, city):
    page = text(at_desk("李所").post(APPLY, days(10) | {"count": "1"}))
    assert "试算，尚未办理" in page
    assert "接着应办：批准外出（历下区司法局）" in page
    assert "接着应办：批准外出（济南市司法局）" in text(
        at_desk("李所").post(APPLY, days(31) | {"count": "1"})
    )
    with city.acting("李所"):
        assert not Act.objects.exists()


def test_the_county_sees_the_power_and_decides(at_desk, city, applied):
    client = at_desk("王科")
    page = text(client.get(approve(applied)))
    assert "由谁决定" in page
    assert "本次外出" in page
    assert "门诊预约单" in page
    assert "电子抄送：历下区人民检察院" in page
    assert client.post(approve(applied), {"next": "/persons"})["Location"] == "/persons"
    with city.acting("王科"):
        assert Act.objects.get(step="approve").state_after == "granted"


@pytest.mark.parametrize(("officer", "status"), [("李所", 403), ("市科", 403), ("赵检", 403), ("周外", 404)])
def test_who_has_not_the_power_reads_whose_it_is(at_desk, applied, officer, status):
    for answer in (at_desk(officer).get(approve(applied)), at_desk(officer).post(approve(applied))):
        page = text(answer)
        assert answer.status_code == status
        if status == 403:
            assert "历下区司法局" in page
            assert "办法27条2款" in page
        else:
            assert "张三" not in page
            assert "历下" not in page.replace("历下-", "")


def test_the_refused_office_reads_its_next_rightful_step(at_desk, applied):
    page = text(at_desk("李所").get(approve(applied)))
    assert "您现在可以办理" in page
    assert "/do/leave/withdraw" in page


def test_a_former_officer_gets_nowhere(at_desk, applied):
    answer = at_desk("吴离").get(approve(applied))
    assert answer.status_code in {302, 404}
    assert "张三" not in text(answer)


def test_a_refusal_needs_reasons_that_the_person_will_read(at_desk, city, applied):
    url = approve(applied).replace("approve", "refuse")
    client = at_desk("王科")
    page = text(client.get(url))
    assert "事实和理由，本人会看到" in page
    assert "向人民检察院申诉" in page
    answer = client.post(url, {"reasons": "  "})
    assert answer.status_code == 400
    assert 'href="#f-reasons"' in text(answer)
    assert client.post(url, {"reasons": "目的地机构核实预约单不存在。"}).status_code == 302
    with city.acting("王科"):
        told = Dispatch.objects.filter(act__step="refuse", to_actor="社区矫正对象")
        assert told.count() == 1


def test_what_is_not_open_is_refused_in_the_words_of_the_table(at_desk, applied):
    answer = at_desk("王科").get(approve(applied).replace("approve", "confirm_return"))
    assert answer.status_code == 409
    assert "待决定" in text(answer)
    assert at_desk("王科").get(APPLY.replace("apply", "nothing")).status_code == 404
    assert at_desk("王科").get(APPLY.replace("leave", "nothing")).status_code == 404
    assert at_desk("王科").get(APPLY + "?proceeding=x").status_code == 404


def test_the_person_applies_alone_and_only_for_himself(at_desk, city):
    client = at_desk("张三")
    page = text(client.get("/me/do/leave/apply"))
    assert "书面申请外出" in page
    assert "代为登记（" not in page
    assert client.post("/me/do/leave/apply", days(3))["Location"] == "/me"
    with city.acting("王科"):
        assert not Act.objects.get(step="apply").recorded_for
    assert client.get(f"/persons/{quote('历下-2026-0418')}/do/leave/apply").status_code == 404
    assert at_desk("王科").get("/me/do/leave/apply").status_code == 404


def test_a_preview_is_the_document_and_leaves_nothing(at_desk, city, applied):
    answer = at_desk("王科").post(approve(applied), {"preview": "leave_notice"})
    assert answer["Content-Type"] == "application/pdf"
    assert "inline" in answer["Content-Disposition"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer.content.startswith(b"%PDF")
    with city.acting("王科"):
        assert not Act.objects.filter(step="approve").exists()


def test_every_form_has_a_title_landmarks_and_nothing_inline(at_desk, city, applied):
    act = take(city["王科"], city.cases["张三"].id, Wish("leave", "approve", proceeding=applied))
    with city.acting("王科"):
        sent = Dispatch.objects.filter(act=act, to_actor="人民检察院").get()
    pages = [("李所", APPLY), ("张三", "/me/do/leave/apply"), ("赵检", f"/dispatches/{sent.id}")]
    pages += [("钱法", "/handover/new"), ("钱法", "/handover/new?type=control")]
    pages += [("钱法", f"/handover/new?type={one}") for one in ("parole", "outside_prison")]
    pages += [("王科", "/handover/new?type=control"), ("张三", f"/dispatches/{sent.id}")]
    for officer, url in pages:
        html = text(at_desk(officer).get(url))
        page = Page(html)
        assert " · 四方</title>" in html, url
        assert page.tags.count("main") == page.tags.count("h1") == 1, url
        assert page.inline == [], url
        assert len(page.ids) == len(set(page.ids)), url
        assert "{%" not in html
        assert "{{" not in html


def test_only_what_came_on_paper_may_be_dated_back(at_desk, city, applied):
    earlier = (utc_now() - timedelta(hours=30)).astimezone(SHANGHAI)
    form = days(2, start=40) | {"at": f"{earlier:%Y-%m-%dT%H:%M}"}
    assert at_desk("李所").post(APPLY, form).status_code == 302
    assert at_desk("王科").post(approve(applied), {"at": form["at"]}).status_code == 302
    with city.acting("王科"):
        back = Act.objects.get(step="apply", facts__leaves_on=form["leaves_on"])
        assert back.day == earlier.date()
        assert Act.objects.get(step="approve").day == legal_day(utc_now())
    wrong = at_desk("李所").post(APPLY, form | {"at": "gestern"})
    assert wrong.status_code == 400
    assert 'href="#f-at"' in text(wrong)
