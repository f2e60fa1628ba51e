"""The rooms: who sees what, recorded first, whole without script, nothing inline."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from django.test import Client

from sifang.kernel.errors import SifangError
from sifang.kernel.time import utc_now
from sifang.law.articles import article
from sifang.ledger.models import LedgerPending
from sifang.monitoring import access
from sifang.monitoring.intake.columns import F_LOCATED, F_STRAP_KNOWN, F_STRAP_OPEN, FIX
from sifang.monitoring.models import Alarm, AlarmKind
from sifang.monitoring.services.alarms import Situation, raise_alarm
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import Purpose, acting, system
from sifang.people.models import ReadRecord
from sifang.web import reads
from sifang.web.tests.conftest import fix

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

NUMBER = "历下-2026-0417"
PERSON = f"/persons/{NUMBER}"


class Page(HTMLParser):
    """What the checks of every page need to know."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.inline, self.ids = [], [], []
        self.title = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(given["id"])
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.inline.append("script")
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(self.get_starttag_text())


CITED = re.compile(r'{% law "([^"]+)"')


def test_every_citation_of_a_template_is_in_the_index():
    folder = Path(reads.__file__).parent
    cited = {one for file in folder.rglob("*.html") for one in CITED.findall(file.read_text("utf-8"))}
    assert len(cited) > 5
    for one in cited:
        article(one)


def text(response):
    return response.content.decode()


@pytest.fixture
def every_page(tracked):
    return {
        "冯班": ["/command", "/command/wall", tracked.url, "/admin/devices", "/account"],
        "王科": ["/today", "/persons", PERSON, f"{PERSON}/track", f"{PERSON}/track/export", "/nowhere"],
        "张三": ["/me"],
        "赵检": ["/today?view=watch"],
        "钱法": ["/today"],
    }


def test_every_page_has_a_title_landmarks_and_nothing_inline(every_page, tracked):
    for name, urls in {**every_page, "": ["/signin"]}.items():
        client = tracked.desk(name) if name else Client()
        for url in urls:
            response = client.get(url)
            html = text(response)
            page = Page(html)
            assert re.search(r"<title>.+ · 四方</title>", html), url
            assert page.tags.count("main") == 1, url
            assert page.tags.count("h1") == 1, url
            assert page.inline == [], url
            assert len(page.ids) == len(set(page.ids)), (url, page.ids)
            csp = response.headers["Content-Security-Policy"]
            assert "unsafe" not in csp
            assert "default-src 'none'" in csp
            assert "no-store" in response.headers["Cache-Control"]
            assert "{%" not in html
            assert "{{" not in html


@pytest.mark.parametrize(
    ("name", "sees"), [("冯班", True), ("李所", True), ("王科", True), ("赵检", True), ("周外", False)]
)
def test_who_sees_the_tracked_person_on_the_board(tracked, name, sees):
    page = text(tracked.desk(name).get("/command"))
    assert ("张三" in page) is sees
    assert ("是否已离开济南市区？" in page) is sees
    state = tracked.desk(name).get("/api/map/state").json()
    assert (str(tracked.measure.number) in state["persons"]) is sees
    assert bool(state["rows"]) is sees
    assert bool(state["alarms"]["rows"]) is sees


@pytest.mark.parametrize("name", ["冯班", "王科", "李所", "赵检"])
def test_who_may_open_the_alarm(tracked, name):
    page = text(tracked.desk(name).get(tracked.url))
    assert "张三是否已离开济南市区？" in page
    assert "界外" in page
    assert "待见证" in page
    assert page.count('<svg class="sf-map"') == 2, "inset and chart are drawn by the server"


@pytest.mark.parametrize("name", ["周外", "钱法", "孙警", "米书", "郑局", "张三"])
def test_an_outsider_sees_of_an_alarm_what_he_sees_of_none(tracked, name):
    client = tracked.desk(name)
    real, none = client.get(tracked.url), client.get("/alarms/0190a0a0-0000-7000-8000-000000000000")
    assert real.status_code == none.status_code == 404
    assert strip(real) == strip(none)


@pytest.mark.parametrize("name", ["周外", "钱法", "孙警", "米书", "系管", "张三"])
def test_an_outsider_sees_of_a_person_what_he_sees_of_nobody(tracked, name):
    client = tracked.desk(name)
    real, none = client.get(PERSON), client.get("/persons/历下-2026-9999")
    assert real.status_code == none.status_code == 404
    assert strip(real) == strip(none)
    assert client.get(f"{PERSON}/track").status_code == 404
    assert client.post(f"{PERSON}/track", {"purpose": "review"}).status_code == 404
    assert client.get(f"/api/map/fences/{tracked.measure.number}").status_code == 404


def test_one_who_left_is_shown_the_door(tracked):
    client = tracked.desk("吴离")
    for url in ("/command", PERSON, tracked.url, "/api/map/state"):
        assert client.get(url).status_code in (302, 401), url


def strip(response):
    return re.sub(
        r'band%3A[^"]*|value="[A-Za-z0-9]{64}"|data-csrf="[A-Za-z0-9]*"|<time.*?</time>', "", text(response)
    )


def test_the_read_is_recorded_and_the_page_says_so(tracked):
    page = text(tracked.desk("王科").get(PERSON))
    assert "本次查看已记录" in page
    with acting(tracked.city["王科"], Purpose.DAILY):
        seen = ReadRecord.objects.filter(officer=tracked.city["王科"], what="person")
        assert seen.count() == 1
        assert seen[0].person_ids == [tracked.city.persons["张三"].id]


@pytest.mark.parametrize("url", ["alarm", "person", "list"])
def test_what_cannot_be_recorded_is_not_shown(tracked, monkeypatch, url):
    class Full(SifangError):
        """没有记下，所以不显示。"""

        code, status = "not_recorded", 503

    def fail(*args, **kwargs):
        raise Full

    monkeypatch.setattr("sifang.people.access.record_read", fail)
    monkeypatch.setattr("sifang.monitoring.access.record_read", fail)
    where = {"alarm": tracked.url, "person": PERSON, "list": "/persons"}[url]
    response = tracked.desk("王科").get(where)
    assert response.status_code == 503
    assert "张三" not in text(response)


def test_the_live_map_is_recorded_in_batches(tracked):
    client = tracked.desk("冯班")
    for _ in range(3):
        assert "成批记录" in text(client.get("/command"))
    with acting(tracked.city["冯班"], Purpose.DUTY):
        assert ReadRecord.objects.filter(officer=tracked.city["冯班"], what="live_map").count() == 1


def test_the_wall_names_nobody(tracked):
    client = tracked.desk("冯班")
    wall = text(client.get("/command/wall"))
    assert "张三" not in wall
    assert NUMBER not in wall
    assert "历下-0417" in wall
    for part in ("left", "right", "river"):
        assert "张三" not in text(client.get(f"/command/wall/{part}"))
    state = client.get("/api/map/state?wall=1")
    assert "张三" not in text(state)
    assert NUMBER not in text(state)


def test_the_duty_desk_opens_a_file_only_by_an_alarm(tracked):
    client = tracked.desk("冯班")
    assert client.get(PERSON).status_code == 200
    assert client.get("/persons/历下-2026-0418").status_code == 404, "no alarm about that person"
    assert client.get("/persons").status_code == 404, "no list for the duty desk"


def test_the_person_sees_who_looked_without_names(tracked):
    tracked.desk("王科").get(PERSON)
    page = text(tracked.desk("张三").get("/me"))
    assert "历下区司法局" in page
    assert "县级社区矫正机构工作人员" in page
    assert "王科" not in page
    assert "佩戴电子定位装置" in page
    assert "王科" in text(tracked.desk("李所").get(PERSON)), "an officer's page shows names"


def test_nobody_else_has_a_page_of_their_own(tracked):
    for name in ("王科", "周外"):
        assert tracked.desk(name).get("/me").status_code == 404


def test_a_track_needs_a_purpose_and_at_most_a_day(tracked):
    client = tracked.desk("王科")
    url = f"{PERSON}/track"
    span = {"from": "2026-11-23T08:00", "to": "2026-11-23T10:00"}
    prompt = client.get(url)
    assert "checked" not in text(prompt), "no preselection"
    assert "117.0" not in text(prompt)
    assert client.post(url, span).status_code == 400
    assert client.post(url, span | {"purpose": "demo"}).status_code == 400
    long = {"purpose": "review", "from": "2026-11-21T08:00", "to": "2026-11-23T10:00"}
    assert client.post(url, long).status_code == 400
    assert not recorded_tracks(tracked)
    shown = client.post(url, span | {"purpose": "review"})
    assert shown.status_code == 200
    assert 'id="track-data"' in text(shown)
    (record,) = recorded_tracks(tracked)
    assert (record.purpose, record.span_to - record.span_from).__repr__().count("7200") == 1


def recorded_tracks(tracked):
    with acting(tracked.city["王科"], Purpose.DAILY):
        return list(ReadRecord.objects.filter(officer=tracked.city["王科"], what="track"))


def state_of(tracked):
    with acting(tracked.city["王科"], Purpose.DAILY):
        return Alarm.objects.get(pk=tracked.alarm.pk).state


def test_an_alarm_is_taken_verified_and_closed_without_script(tracked):
    client = tracked.desk("冯班")
    taken = client.post(f"{tracked.url}/take")
    assert taken.url == f"{tracked.url}#next"
    page = text(client.get(tracked.url))
    assert "已接手。请核实。" in page
    client.post(f"{tracked.url}/call")
    assert "冯班电话核实" in text(client.get(tracked.url))
    given = {"outcome": "outside_returned", "cause": "passed_through", "text": "电话核实，绕行济青高速"}
    closed = client.post(f"{tracked.url}/close", given)
    assert closed.url == "/command"
    assert state_of(tracked) == "closed"
    assert "道路穿行" in text(client.get(tracked.url))


def test_closing_needs_outcome_and_cause_said_above_the_field(tracked):
    client = tracked.desk("冯班")
    client.post(f"{tracked.url}/take")
    answer = client.post(f"{tracked.url}/close", {"text": "电话核实"})
    assert answer.status_code == 400
    page = text(answer)
    assert "请选择核实结果。" in page
    assert 'href="#f-outcome"' in page
    assert state_of(tracked) == "taken"


def test_not_knowing_keeps_the_question_open(tracked):
    client = tracked.desk("冯班")
    client.post(f"{tracked.url}/take")
    client.post(f"{tracked.url}/close", {"outcome": "cannot_know", "text": "无人接听"})
    assert state_of(tracked) == "taken"


@pytest.mark.parametrize(("name", "status"), [("赵检", 403), ("周外", 404), ("孙警", 404), ("张三", 404)])
def test_who_may_not_take_an_alarm(tracked, name, status):
    answer = tracked.desk(name).post(f"{tracked.url}/take")
    assert answer.status_code == status
    assert state_of(tracked) == "open"
    if status == 403:
        assert "社区矫正法29条" in text(answer).replace(" ", "")


def test_a_pause_needs_a_colleague_who_confirms(tracked):
    client = tracked.desk("冯班")
    client.post(f"{tracked.url}/take")
    wish = {"minutes": "60", "text": "装置送修", "second": "wangke", "password": "sifang-demo"}
    for wrong in ({"password": "wrong"}, {"second": "fengban"}, {"second": "zhouwai"}, {"text": ""}):
        assert client.post(f"{tracked.url}/pause", wish | wrong).status_code == 400, wrong
    assert client.post(f"{tracked.url}/pause", wish).status_code == 302
    assert "王科确认" in text(client.get(tracked.url))


def test_an_alarm_of_somebody_else_is_refused_with_the_name(tracked):
    tracked.desk("王科").post(f"{tracked.url}/take")
    answer = tracked.desk("冯班").post(f"{tracked.url}/take")
    assert answer.status_code == 409
    assert "王科已接手" in text(answer)


def test_the_search_finds_only_what_the_officer_covers(tracked):
    assert NUMBER in text(tracked.desk("王科").get("/persons?q=张三"))
    assert "没有找到“张三”" in text(tracked.desk("周外").get("/persons?q=张三"))


def test_restrictions_stand_in_sentences_and_never_claim_there_are_no_others(tracked):
    page = text(tracked.desk("王科").get(PERSON))
    assert "现在的限制" in page
    assert "此外依法还须遵守" in page
    assert "没有其他限制" not in page
    assert "监督管理" in page
    assert "教育帮扶" in page


@pytest.mark.parametrize(("name", "status"), [("系管", 200), ("冯班", 200), ("王科", 404), ("周外", 404)])
def test_who_sees_devices(tracked, name, status):
    response = tracked.desk(name).get("/admin/devices")
    assert response.status_code == status
    if name == "系管":
        assert NUMBER not in text(response), "the administrator sees devices, not who wears them"


def test_the_base_map_is_whole_and_cached(tracked):
    client = tracked.desk("王科")
    answer = client.get("/api/map/base.geojson")
    names = [f["properties"].get("name") for f in answer.json()["features"]]
    assert "商河县" in names
    assert client.get("/api/map/base.geojson", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert Client().get("/api/map/base.geojson").status_code == 401


def test_health_answers_without_a_session():
    assert Client().get("/healthz").json() == {"ok": True}


def test_the_api_describes_itself(tracked):
    description = tracked.desk("冯班").get("/api/openapi.json").json()
    assert "/api/map/state" in description["paths"]
    assert "/api/alarms" in description["paths"]


def test_the_api_takes_and_closes_like_the_page(tracked):
    client = tracked.desk("冯班")
    url = f"/api{tracked.url}"
    assert [one["id"] for one in client.get("/api/alarms").json()["rows"]] == [str(tracked.alarm.id)]
    assert client.post(f"{url}/take").json()["state"] == "taken"
    lacking = client.post(f"{url}/close", {"text": "x"}, content_type="application/json")
    assert (lacking.status_code, set(lacking.json())) == (400, {"code", "message"})
    given = {"outcome": "within_limits", "cause": "position_error", "text": "本人在家"}
    assert client.post(f"{url}/close", given, content_type="application/json").json()["state"] == "closed"
    refused = tracked.desk("周外").post(f"{url}/take")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_counts_follow_the_verdict_and_the_age_of_the_fix(tracked, newest):
    from sifang.web.present.board import board_for
    from sifang.web.shell import Viewer
    from sifang.web.tests.conftest import fix

    officer = tracked.city["冯班"]
    viewer = Viewer(officer, frozenset({"duty_officer"}), officer.agency)
    number = tracked.measure.number
    for given, state in (({"verdict": 2}, "outside"), ({"verdict": 3}, "unknown"), ({"ago_s": 700}, "old")):
        newest.fixes[number] = fix(number, **given)
        assert board_for(viewer).counts[state] == 1


def test_the_queue_of_a_scope_is_the_officers_own(tracked):
    from sifang.web.shell import Viewer

    for name, seen in (("冯班", 1), ("周外", 0)):
        officer = tracked.city[name]
        roles = frozenset(officer.grants.values_list("role", flat=True))
        room = reads.command_room(Viewer(officer, roles, officer.agency))
        assert len(reads.cards(room)) == seen


def test_every_reason_of_a_refused_fix_has_words():
    from sifang.monitoring.intake.checks import REASONS
    from sifang.web.views import devices

    assert set(REASONS.values()) <= set(devices.REASONS)


def test_the_counts_add_up_and_who_is_not_judged_has_a_word(tracked, newest):
    newest.fixes[tracked.measure.number] = fix(tracked.measure.number, verdict=0)
    page = text(tracked.desk("冯班").get("/command"))
    shown = {key: int(n) for key, n in re.findall(r'data-count="(\w+)">(\d+)</b>', page)}
    assert shown.pop("tracked") == sum(shown.values()) == 1
    assert shown["none"] == 1
    assert page.count("暂不判断") >= 2, "in the sums and in the table"


def test_outside_stays_outside_however_old(tracked, newest):
    newest.fixes[tracked.measure.number] = fix(tracked.measure.number, ago_s=4000, verdict=2)
    page = text(tracked.desk("冯班").get("/command"))
    assert 'data-count="outside">1<' in page
    newest.fixes[tracked.measure.number] = fix(tracked.measure.number, ago_s=4000, verdict=1)
    assert 'data-count="old">1<' in text(tracked.desk("冯班").get("/command"))


def test_the_drawing_and_the_table_count_the_fixes_alike(tracked):
    page = text(tracked.desk("冯班").get(tracked.url))
    drawing = page.split('<svg class="sf-map"')[1].split("</svg>")[0]
    drawn = {int(n) for n in re.findall(r'font-size="11">(\d+)</text>', drawing)}
    rows = dict(re.findall(r'<tr><td class="sf-num">(\d+)</td><td class="sf-num">([\d:]+)</td>', page))
    assert drawn, "the drawing numbers its fixes"
    assert drawn <= {int(n) for n in rows}
    assert max(drawn) == len(tracked.alarm.evidence) == max(map(int, rows))
    assert "界线误差 ±80\u2009m；" in drawing, "the line's error where the person is, as in the table"


@pytest.mark.parametrize("kind", [AlarmKind.STRAP, AlarmKind.SOS, AlarmKind.SILENT, AlarmKind.LOW_BATTERY])
def test_a_technical_question_shows_what_the_device_reported(tracked, monkeypatch, kind):
    now = int(utc_now().timestamp())
    number = tracked.measure.number
    track = np.array(
        [
            fix(number, taken_s=now - 300, battery_pct=31),
            fix(number, taken_s=now - 240, battery_pct=31, flags=F_LOCATED | F_STRAP_KNOWN | F_STRAP_OPEN),
            fix(number, taken_s=now - 230, battery_pct=31, flags=F_LOCATED | F_STRAP_KNOWN | F_STRAP_OPEN),
            fix(number, taken_s=now - 200, battery_pct=12),
        ],
        FIX,
    )
    monkeypatch.setattr(access, "read_track", lambda numbers, frm, to, using="reader": track)
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(Situation(measure=number, kind=kind, episode=now - 240))
    page = text(tracked.desk("冯班").get(f"/alarms/{alarm.id}"))
    table = page.split('aria-label="装置状态表"')[1].split("</table>")[0]
    assert table.count("<tr>") == 4, "head, first, open, closed: what did not change is not repeated"
    assert table.count("断开") == 1
    assert "12%" in table
    assert page.count('<svg class="sf-map"') == 0, "no empty chart"
    if kind == AlarmKind.STRAP:
        assert "40 秒后报告闭合" in page
    if kind == AlarmKind.SOS:
        assert "求助不是违规" in page


def test_a_technical_question_without_reports_says_so(tracked, monkeypatch):
    monkeypatch.setattr(access, "read_track", lambda *_args, **_more: np.zeros(0, FIX))
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(
            Situation(
                measure=tracked.measure.number, kind=AlarmKind.SILENT, episode=int(utc_now().timestamp()) - 60
            )
        )
    page = text(tracked.desk("冯班").get(f"/alarms/{alarm.id}"))
    assert "这段时间没有收到装置的报告" in page
    assert "腕扣状态未知" in page


def test_taking_over_from_a_colleague_needs_a_reason_that_stays(tracked):
    tracked.desk("冯班").post(f"{tracked.url}/take")
    wangke = tracked.desk("王科")
    assert "由我接过" in text(wangke.get(tracked.url))
    assert "由我接过" not in text(tracked.desk("冯班").get(tracked.url)), "who has it takes it from nobody"
    refused = wangke.post(f"{tracked.url}/over", {"text": " "})
    assert refused.status_code == 400
    assert 'href="#over-text"' in text(refused)
    assert wangke.post(f"{tracked.url}/over", {"text": "交接班"}).status_code == 302
    page = text(wangke.get(tracked.url))
    assert "自冯班处接手。交接班" in page
    for name, status in {"周外": 404, "赵检": 403, "钱法": 404}.items():
        assert tracked.desk(name).post(f"{tracked.url}/over", {"text": "交接班"}).status_code == status, name


def test_the_tone_is_muted_for_a_stated_time_with_a_reason(tracked):
    client = tracked.desk("冯班")
    assert 'data-module="sound"' in text(client.get("/command"))
    refused = client.post("/command/mute", {"minutes": "15", "reason": " "})
    assert refused.status_code == 400
    assert "请写明静音的理由" in text(refused)
    assert client.post("/command/mute", {"minutes": "600", "reason": "会议"}).status_code == 400
    client.post("/command/mute", {"minutes": "15", "reason": "会议"})
    page = text(client.get("/command"))
    assert "data-muted-until" in page
    assert "会议" in page
    assert LedgerPending.objects.filter(kind="sound_muted").count() == 1
    assert "data-muted-until" not in text(tracked.desk("王科").get("/command")), "each desk its own"
    client.post("/command/mute", {"minutes": "0"})
    assert "data-muted-until" not in text(client.get("/command"))
    for name in ("赵检", "钱法", "张三"):
        assert tracked.desk(name).post("/command/mute", {"minutes": "15", "reason": "甲"}).status_code == 404
