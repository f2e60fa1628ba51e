"""What officers see of late fixes: a question about the past apart from the live ones, a withdrawal."""

from datetime import timedelta

import pytest

from sifang.kernel.time import utc_now
from sifang.monitoring.models import AlarmKind, AlarmReview
from sifang.monitoring.services.alarms import Situation, raise_past_alarm
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import system
from sifang.web.tests.test_pages import text

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
WITHDRAWN = "补传定位不再支持此报警"


@pytest.fixture
def past(tracked):
    """Half an hour ago 张三 was beyond the line: the fixes came late."""
    began = utc_now() - timedelta(minutes=30)
    situation = Situation(
        measure=tracked.measure.number,
        kind=AlarmKind.BOUNDARY_LEFT,
        episode=int(began.timestamp()),
        fence=tracked.fence.number,
        probability=0.98,
        evidence=tracked.alarm.evidence,
        facts={"late": 12, "still_on": False},
    )
    with as_role("jobs"), system("compare"):
        return raise_past_alarm(situation, until=began + timedelta(minutes=10), now=utc_now())


@pytest.fixture
def reviewed(tracked):
    """The live alarm about 张三 has lost its ground."""
    at = int(utc_now().timestamp()) - 300
    facts = {
        "late": 9,
        "first_s": at,
        "last_s": at + 60,
        "probability": 0.12,
        "evidence": tracked.alarm.evidence[:2],
    }
    with as_role("jobs"), system("compare"):
        AlarmReview.objects.create(alarm_id=tracked.alarm.id, verdict="unsupported", facts=facts)
    return tracked.alarm


def test_the_queue_keeps_the_past_apart_from_what_is_urgent(tracked, past):
    page = text(tracked.desk("冯班").get("/command/queue"))
    live, _, history = page.partition("补传定位显示的过去情形")
    assert "是否已离开济南市区？" in live
    assert "补传定位显示，张三曾于" in history
    assert "sf-alarm--past" in history
    assert "sf-alarm--1" in live
    assert "sf-alarm--1" not in history, "no sound, no red"
    rows = tracked.desk("冯班").get("/api/alarms").json()["rows"]
    assert [(row["past"], row["withdrawn"], row["rank"]) for row in rows] == [
        (False, False, 1),
        (True, False, 3),
    ]
    assert rows[1]["id"] == str(past.id)


def test_the_wall_names_no_one_and_says_only_how_many(tracked, past):
    page = text(tracked.desk("冯班").get("/command/wall/right"))
    assert "另有 1 个关于过去的问题" in page
    assert "张三" not in page
    assert "曾于" not in page


def test_the_page_of_the_past_says_so_and_still_expects_an_answer(tracked, past):
    client = tracked.desk("王科")
    page = text(client.get(f"/alarms/{past.id}"))
    assert "这是关于过去的问题" in page
    assert "它不是实时报警，不催办、不上报" in page
    assert "接手" in page
    assert "提醒备勤值班员" not in page, "no escalation"
    assert client.post(f"/alarms/{past.id}/take").status_code == 302


def test_a_withdrawal_is_shown_with_its_evidence_and_closes_nothing(tracked, reviewed):
    client = tracked.desk("王科")
    page = text(client.get(f"/alarms/{reviewed.id}"))
    assert WITHDRAWN in page
    assert "按时间顺序纳入 9 个补传定位" in page
    assert "累计概率最高 12%" in page
    assert "复算的定位和判断" in page
    assert "接手" in page
    assert WITHDRAWN in text(tracked.desk("冯班").get("/command/queue"))
    (row,) = tracked.desk("冯班").get("/api/alarms").json()["rows"]
    assert (row["withdrawn"], row["state"]) == (True, "open")
    one = client.get(f"/api/alarms/{reviewed.id}").json()
    assert [review["verdict"] for review in one["reviews"]] == ["unsupported"]
    assert "lon" not in str(one["reviews"])


def test_an_explained_silence_says_how_much_is_still_missing(tracked):
    at = int(utc_now().timestamp()) - 600
    facts = {"fixes": 40, "first_s": at, "last_s": at + 300, "gap_s": 130}
    with as_role("jobs"), system("compare"):
        AlarmReview.objects.create(alarm_id=tracked.alarm.id, verdict="explained", facts=facts)
    page = text(tracked.desk("王科").get(tracked.url))
    assert "有 40 个定位后来补传到达" in page
    assert WITHDRAWN not in page


def test_an_outsider_sees_nothing_of_it(tracked, past, reviewed):
    client = tracked.desk("周外")
    for alarm in (past, reviewed):
        assert client.get(f"/alarms/{alarm.id}").status_code == 404
        assert client.get(f"/api/alarms/{alarm.id}").status_code == 404
    page = text(client.get("/command/queue"))
    assert "补传" not in page
    assert client.get("/api/alarms").json()["rows"] == []
