"""What was sent and its receipt, the document, and the same by the API; each with who may and who may not."""

from datetime import timedelta

import pytest
from django.test import Client

from sifang.cases.acts import Wish, begin, take
from sifang.cases.models import Act, Dispatch, Document, Expectation
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedures import edition
from sifang.people.models import ReadRecord
from sifang.people.purposes import Purpose

pytestmark = pytest.mark.django_db(databases="__all__")

NUMBER = "历下-2026-0417"
OPTIONS, ACTS = f"/api/cases/{NUMBER}/options", f"/api/cases/{NUMBER}/acts"


def text(response):
    return response.content.decode()


def ten_days():
    first = legal_day(utc_now()) + timedelta(days=5)
    return {
        "purpose": "medical",
        "destination": "北京市",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=9)).isoformat(),
        "proof": "门诊预约单",
    }


@pytest.fixture
def granted(city, officers):
    """A leave of ten days that the county granted: a copy for the procuratorate, a notice for the person."""
    case = city.cases["张三"].id
    applied = take(city["李所"], case, Wish("leave", "apply", ten_days()))
    return take(city["王科"], case, Wish("leave", "approve", proceeding=applied.proceeding_id))


@pytest.fixture
def copy(city, granted):
    with city.acting("王科"):
        return Dispatch.objects.get(act=granted, to_actor="人民检察院")


def test_the_recipient_reads_the_least_and_confirms(at_desk, city, copy):
    client = at_desk("赵检")
    page = text(client.get(f"/dispatches/{copy.id}"))
    assert "批准外出" in page
    assert "确认收到" in page
    assert "北京市" not in page
    with city.acting("赵检", Purpose.PROCURATE):
        seen = ReadRecord.objects.filter(officer=city["赵检"], what="dispatch").latest("at")
    assert seen.person_ids == [city.persons["张三"].id]
    assert client.post(f"/dispatches/{copy.id}", {"verb": "accept"}).status_code == 302
    assert "已签收" in text(client.get(f"/dispatches/{copy.id}"))
    with city.acting("王科"):
        assert Expectation.objects.get(subject_id=copy.id).closed_by == copy.id
    assert client.post(f"/dispatches/{copy.id}", {"verb": "accept"}).status_code == 409


def test_a_dispute_says_why_and_may_still_end_in_a_receipt(at_desk, copy):
    client = at_desk("赵检")
    answer = client.post(f"/dispatches/{copy.id}", {"verb": "dispute"})
    assert answer.status_code == 400
    assert 'href="#f-words"' in text(answer)
    client.post(f"/dispatches/{copy.id}", {"verb": "dispute", "words": "缺少附件"})
    page = text(client.get(f"/dispatches/{copy.id}"))
    assert "缺少附件" in page
    assert "确认收到" in page


def test_only_the_recipient_answers_and_outsiders_learn_nothing(at_desk, copy):
    url = f"/dispatches/{copy.id}"
    page = text(at_desk("王科").get(url))
    assert "由收件方" in page
    assert at_desk("王科").post(url, {"verb": "accept"}).status_code == 403
    for name in ("周外", "孙警", "米书", "冯班"):
        client = at_desk(name)
        assert client.get(url).status_code == 404, name
        assert client.post(url, {"verb": "accept"}).status_code == 404, name
    assert at_desk("吴离").get(url).status_code in {302, 404}


def test_the_person_records_that_he_was_told(at_desk, city, granted):
    with city.acting("王科"):
        notice = Dispatch.objects.get(act=granted, to_actor="社区矫正对象")
    client = at_desk("张三")
    assert "记录已经告知" in text(client.get(f"/dispatches/{notice.id}"))
    client.post(f"/dispatches/{notice.id}", {"verb": "accept"})
    with city.acting("王科"):
        assert Dispatch.objects.get(id=notice.id).state == "accepted"


def test_the_police_read_only_what_was_sent_to_them_and_that_is_recorded(at_desk, city, officers):
    case, now = city.cases["张三"], utc_now()
    with city.acting("王科"):
        begin(
            case, edition("exit_control", legal_day(now)), {"opened_on": legal_day(now).isoformat()}, at=now
        )
    until = (legal_day(now) + timedelta(days=200)).isoformat()
    act = take(city["王科"], case.id, Wish("exit_control", "file", {"valid_until": until}))
    with city.acting("王科"):
        sent = Dispatch.objects.get(act=act, to_agency=city.agencies["济南市公安局历下分局"])
    client = at_desk("孙警")
    page = text(client.get(f"/dispatches/{sent.id}"))
    assert "报备" in page
    assert client.get(f"/documents/{sent.document_id}").status_code == 200
    assert client.get(OPTIONS).status_code == 404
    with city.acting("赵检", Purpose.PROCURATE):
        seen = ReadRecord.objects.filter(officer=city["孙警"], what__in=("dispatch", "document"))
        assert [one.person_ids for one in seen] == [[city.persons["张三"].id]] * 2
    assert client.post(f"/dispatches/{sent.id}", {"verb": "accept"}).status_code == 302


def test_a_document_opens_for_who_sees_the_case_and_is_recorded(at_desk, city, granted):
    with city.acting("王科"):
        paper = Document.objects.get(act=granted)
    for name in ("王科", "赵检", "张三"):
        answer = at_desk(name).get(f"/documents/{paper.id}")
        assert answer.content == bytes(paper.pdf), name
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("inline")
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "no-store"
    with city.acting("赵检", Purpose.PROCURATE):
        seen = ReadRecord.objects.filter(what="document", object_id=paper.id)
        assert {one.officer.name for one in seen} == {"王科", "赵检", "张三"}
        assert all(one.person_ids == [city.persons["张三"].id] for one in seen)
    for name in ("周外", "孙警", "米书"):
        assert at_desk(name).get(f"/documents/{paper.id}").status_code == 404


def test_options_name_the_owner_and_the_article(at_desk):
    rows = at_desk("李所").get(OPTIONS).json()["rows"]
    apply = next(row for row in rows if (row["procedure"], row["step"]) == ("leave", "apply"))
    assert apply["may"]
    assert apply["writes_down"]
    assert {ask["key"] for ask in apply["asks"]} >= {"leaves_on", "returns_on"}
    for row in rows:
        assert row["may"] or row["owner"] in row["why_not"]
        assert row["article"]


def test_acts_by_the_api_follow_the_same_powers(at_desk, city):
    given = {"procedure": "leave", "step": "apply", "answers": ten_days()}
    wrong = given | {"answers": ten_days() | {"leaves_on": "soon"}}
    answer = at_desk("李所").post(ACTS, wrong, "application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_answers"
    assert "2026-11-23" in answer.json()["errors"]["leaves_on"]
    applied = at_desk("李所").post(ACTS, given, "application/json").json()
    assert applied["state_after"] == "applied"
    approve = {"procedure": "leave", "step": "approve", "proceeding": applied["proceeding"]}
    refused = at_desk("李所").post(ACTS, approve, "application/json")
    assert refused.status_code == 403
    assert refused.json() == {
        "code": "beyond_power",
        "message": "此项权限属于县级社区矫正机构（办法27条2款）。",
    }
    granted = at_desk("王科").post(ACTS, approve, "application/json").json()
    assert granted["documents"][0]["kind"] == "leave_notice"
    assert {one["to"] for one in granted["dispatches"]} == {"社区矫正对象", "历下区人民检察院"}
    for name in ("周外", "孙警", "米书", "冯班"):
        for response in (at_desk(name).get(OPTIONS), at_desk(name).post(ACTS, given, "application/json")):
            assert response.status_code == 404, name
    assert Client().get(OPTIONS).status_code == 401
    naive = approve | {"at": "2026-11-20T10:00:00"}
    assert at_desk("王科").post(ACTS, naive, "application/json").json()["code"] == "bad_input"
    with city.acting("王科"):
        assert Act.objects.count() == 2


def test_what_is_expected_comes_with_its_count(at_desk, granted):
    rows = at_desk("王科").get(f"/api/cases/{NUMBER}/expectations").json()["rows"]
    back = next(row for row in rows if row["kind"] == "leave.confirm_return")
    assert back["article"] == "办法28条3款"
    assert back["owner"] == "历下区司法局"
    assert at_desk("周外").get(f"/api/cases/{NUMBER}/expectations").status_code == 404


def test_the_inbox_and_its_receipt_by_the_api(at_desk, copy):
    client = at_desk("赵检")
    rows = client.get("/api/dispatches").json()["rows"]
    assert [row["id"] for row in rows] == [str(copy.id)]
    assert "person" not in rows[0]["content"]
    url = f"/api/dispatches/{copy.id}"
    assert client.post(url, {"verb": "x"}, "application/json").status_code == 400
    assert at_desk("王科").post(url, {"verb": "accept"}, "application/json").status_code == 403
    assert at_desk("周外").post(url, {"verb": "accept"}, "application/json").status_code == 404
    assert client.post(url, {"verb": "dispute"}, "application/json").json()["code"] == "reasons_missing"
    assert client.post(url, {"verb": "accept"}, "application/json").json()["state"] == "accepted"
    assert client.get("/api/dispatches").json()["rows"] == []
    assert at_desk("周外").get("/api/dispatches").json()["rows"] == []


def test_the_api_describes_itself(at_desk):
    paths = at_desk("王科").get("/api/openapi.json").json()["paths"]
    for one in ("/api/cases/{number}/options", "/api/cases/{number}/acts", "/api/dispatches/{dispatch_id}"):
        assert one in paths
    assert "异议" in paths["/api/dispatches/{dispatch_id}"]["post"]["summary"]
