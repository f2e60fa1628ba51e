"""导出（法庭用）: purpose, document and reason first; nobody in the file's name; words, no traceback."""

import asyncio
import csv
import io
import re
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.sessions.models import Session

from sifang.kernel.config import provide
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.monitoring import access
from sifang.monitoring.export import run
from sifang.monitoring.export.check import check
from sifang.monitoring.intake.columns import F_LOCATED, FIX
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import read_track
from sifang.monitoring.models import TrackExport, TrackExportEnd
from sifang.monitoring.tests.test_access import store
from sifang.people.access import Purpose, acting
from sifang.people.models import ReadRecord

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
PERSON = "/persons/历下-2026-0417"
URL = f"{PERSON}/track/export"
API = "/api/persons/历下-2026-0417/track/export"


@pytest.fixture
def court(tracked, tmp_path, monkeypatch):
    """张三 with six hundred fixes of the last ten minutes in the journal."""
    provide(IntakeConfig(keys=tmp_path / "keys"))
    monkeypatch.setattr(access, "read_track", read_track)  # `tracked` puts fixes of its own there
    fixes = np.zeros(600, FIX)
    fixes["measure"], fixes["flags"] = tracked.measure.number, F_LOCATED
    fixes["taken_s"] = int(utc_now().timestamp()) - 600 + np.arange(600)
    fixes["received_s"] = fixes["taken_s"] + 1
    fixes["lon"], fixes["lat"], fixes["accuracy_m"] = 117.02, 36.66, 8.0
    store(tmp_path, tracked.measure.number, fixes)
    tracked.folder = tmp_path
    return tracked


def form(**facts):
    now = utc_now().astimezone(SHANGHAI)
    given = {
        "purpose": "evidence",
        "document": "（2026）鲁0102刑更000号",
        "reason": "法院调取",
        "from": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "to": f"{now + timedelta(minutes=2):%Y-%m-%dT%H:%M}",
        "form": "csv",
    }
    return given | facts


def wish():
    now = utc_now()
    span = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(minutes=2)).isoformat()}
    return {"purpose": "evidence", "document": "1号", "reason": "法院调取", "form": "json"} | span


async def gather(content, most):
    parts = []
    async for part in content:
        parts.append(part)
        if len(parts) == most:
            break
    await content.aclose()
    return parts


def body(response, most=0):
    return b"".join(asyncio.run(gather(response.streaming_content, most)))


def test_the_file_is_whole_and_has_a_name_without_anybody(court):
    client = court.desk("王科")
    response = client.post(URL, form())
    assert response.status_code == 200
    disposition = response.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="track-[0-9a-f-]{36}\.csv"', disposition)
    assert response.headers["Cache-Control"] == "no-store"
    content = body(response)
    assert check(io.BytesIO(content)).digest.count == 600
    assert next(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[0] == "row"
    answer = client.post(API, wish(), content_type="application/json")
    assert answer.headers["Content-Type"] == "application/json"
    assert check(io.BytesIO(body(answer))).digest.count == 600


def test_the_form_is_there_for_whom_it_may_serve(court):
    for name in ("王科", "郑局", "赵检"):
        page = court.desk(name).get(URL).content.decode()
        assert "记录并导出" in page
        assert ("法律监督" in page) is (name == "赵检")
        assert "checked" not in page, "nothing is chosen beforehand"
    assert "导出（法庭用）" in court.desk("王科").get(f"{PERSON}/track").content.decode()
    assert "导出（法庭用）" not in court.desk("李所").get(f"{PERSON}/track").content.decode()
    for name in ("李所", "冯班"):
        client = court.desk(name)
        for answer in (client.get(URL), client.post(URL, form())):
            assert answer.status_code == 403
            assert "历下区司法局" in answer.content.decode()


def test_outsiders_see_of_the_export_what_they_see_of_nobody(court):
    for name in ("周外", "钱法", "孙警", "米书", "系管", "张三"):
        client = court.desk(name)
        nobody = "/persons/历下-2026-9999/track/export"
        for real, none in (
            (client.get(URL), client.get(nobody)),
            (client.post(URL, form()), client.post(nobody, form())),
            (
                client.post(API, wish(), content_type="application/json"),
                client.post(f"/api{nobody}", wish(), content_type="application/json"),
            ),
        ):
            assert real.status_code == none.status_code == 404, name
            assert strip(real) == strip(none)
    with acting(court.city["王科"], Purpose.DAILY):
        assert not TrackExport.objects.exists()


def strip(response):
    page = response.content.decode()
    return re.sub(r'value="[A-Za-z0-9]{64}"|data-csrf="[A-Za-z0-9]*"|<time.*?</time>', "", page)


WRONG = [
    ({"purpose": ""}, 400, "请选择目的"),
    ({"purpose": "procurate"}, 400, "请选择目的"),
    ({"form": ""}, 400, "请选择格式"),
    ({"form": "exe"}, 400, "没有这种格式"),
    ({"document": " "}, 400, "请填写案卷文书号"),
    ({"reason": ""}, 400, "请填写理由"),
    ({"from": "昨天"}, 400, "请填写起止时间"),
    ({"from": "2026-01-01T00:00"}, 400, "31 天"),
    ({"from": "2026-03-01T00:00", "to": "2026-03-02T00:00"}, 409, "这一段没有定位"),
]


def test_what_is_missing_is_said_in_words(court):
    client = court.desk("王科")
    for facts, status, words in WRONG:
        response = client.post(URL, form(**facts))
        said = re.search(r'id="e" role="alert">(.*?)</p>', response.content.decode(), re.DOTALL)
        assert response.status_code == status, facts
        assert words in said[1]


def test_a_track_deleted_by_law_is_said_on_both_pages(court):
    KeyStore(court.folder / "keys").destroy_measure(court.measure.number)
    with acting(court.city["王科"], Purpose.DAILY):
        approved = court.measure.approved_at.astimezone(SHANGHAI)
    span = {"from": f"{approved:%Y-%m-%dT%H:%M}", "to": f"{approved + timedelta(minutes=30):%Y-%m-%dT%H:%M}"}
    client = court.desk("王科")
    response = client.post(URL, form(**span))
    assert response.status_code == 410
    assert "轨迹已依法删除" in response.content.decode()
    page = client.post(f"{PERSON}/track", span | {"purpose": "review"}).content.decode()
    assert "轨迹已依法删除" in page


def test_a_client_that_goes_leaves_nothing_open(court):
    response = court.desk("王科").post(URL, form())
    assert body(response, most=2)
    for _ in range(100):
        if not run._running:
            break
        asyncio.run(asyncio.sleep(0.05))
    assert not run._running
    with acting(court.city["王科"], Purpose.DAILY):
        assert TrackExportEnd.objects.get().state == "broken"


def test_a_session_that_ends_stops_the_file(court, monkeypatch):
    monkeypatch.setattr(run, "CHECK_S", 0.0)
    response = court.desk("王科").post(URL, form())
    Session.objects.all().delete()
    with pytest.raises(run.ExportStopped):
        body(response)


def test_the_person_sees_that_the_track_was_made_a_file_and_for_what(court):
    body(court.desk("王科").post(URL, form()))
    page = court.desk("张三").get("/me").content.decode()
    assert "轨迹导出为文件" in page
    assert "向办案机关提供轨迹证据" in page
    assert "历下区司法局" in page
    assert "王科" not in page
    with acting(court.city["王科"], Purpose.DAILY):
        assert ReadRecord.objects.filter(what="track_export").count() == 1
