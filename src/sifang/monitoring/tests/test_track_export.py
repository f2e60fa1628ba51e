"""A track as a file for a court: recorded before the first byte, whole, checkable, and for few."""

import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from django.db import DatabaseError, connections
from psycopg.pq import TransactionStatus

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring import access_export
from sifang.monitoring.access import access_track
from sifang.monitoring.access_export import LONGEST_EXPORT, Wish, access_track_export
from sifang.monitoring.errors import (
    ExportIncomplete,
    ExportsBusy,
    ExportSpanTooLong,
    ExportStopped,
    NothingInSpan,
    TooManyExports,
    TrackErased,
)
from sifang.monitoring.export import run
from sifang.monitoring.export.check import TrackChanged, check
from sifang.monitoring.export.forms import FORMS, NAMESPACE
from sifang.monitoring.export.tape import NAMES
from sifang.monitoring.intake.columns import F_LOCATED
from sifang.monitoring.intake.identity import fill_digests
from sifang.monitoring.models import Binding, DeviceConflict, TrackExport, TrackExportEnd
from sifang.monitoring.tests.test_compact import Yard, yard  # noqa: F401 (a fixture)
from sifang.people.access import Purpose, system
from sifang.people.models import ReadRecord
from sifang.people.services import retire_officer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
GPX = "{http://www.topografix.com/GPX/1/1}"
SF = f"{{{NAMESPACE}}}"


@pytest.fixture
def court(yard):  # noqa: F811 (the fixture)
    """张三's day: three hours compacted, twenty minutes of now in the journal, one fix without position."""
    yard.desk.told(yard.measures[0], at=yard.hour(7))
    yard.desk.worn(yard.measures[0])
    yard.written = [yard.write_hour(back, seed=back) for back in (5, 4, 3)]
    some, keys = yard.fixes(1, n=20)
    some["flags"][7] &= ~np.uint32(F_LOCATED)
    some["lon"][7] = some["lat"][7] = np.nan
    yard.write(some, keys)
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    yard.compact()
    yard.written.append(some)
    return yard


def wish(yard, form="csv", **facts):  # noqa: F811 (the fixture's value)
    given = {
        "purpose": Purpose.EVIDENCE,
        "frm": yard.hour(24),
        "to": yard.hour(0),
        "document_no": "（2026）鲁0102刑更000号",
        "reason": "提请撤销缓刑，法院调取",
        "form": form,
    }
    return Wish(**(given | facts))


def export(yard, who="王科", person="张三", still=lambda: True, **facts):  # noqa: F811
    return access_track_export(
        yard.desk[who], yard.desk.city.persons[person], wish(yard, **facts), still=still
    )


def taken(yard, **facts):  # noqa: F811
    return b"".join(export(yard, **facts).pieces)


def checked(content):
    return check(io.BytesIO(content))


def kept(yard, model, who="王科"):  # noqa: F811
    with yard.desk.city.acting(who):
        return list(model.objects.all())


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_file_is_whole_and_its_chain_recomputes_in_every_form(court):
    rows = set()
    for form in FORMS:
        found = checked(taken(court, form=form))
        assert found.digest.count == sum(map(len, court.written)) == 200
        end = kept(court, TrackExportEnd)[-1]
        assert (end.state, end.fixes, end.sha256) == ("complete", 200, found.digest.content)
        told = LedgerPending.objects.get(id=dict(found.seal)["ledger_id"])
        assert told.kind == "track_export_ended"
        assert found.digest.content.encode() in bytes(told.record)
        assert bytes(told.commitment).hex() == dict(found.seal)["ledger_commitment"]
        asked = LedgerPending.objects.get(id=found.chain["存证记录（申请）"])
        assert bytes(asked.commitment).hex() == found.chain["存证承诺值（申请）"]
        assert "张三" not in bytes(asked.record).decode()
        rows.add(found.digest.rows)
    assert len(rows) == 1, "three forms, one content"


def test_the_rows_are_the_track_that_a_page_reads(court):
    person, span = court.desk.city.persons["张三"], (court.hour(24), court.hour(0))
    track = access_track(court.desk["王科"], person, Purpose.VERIFY_ALARM, *span)
    fill_digests(track, court.keys.named("digests"))
    rows = [row for row in csv_rows(taken(court)) if row["row"] == "fix"]
    assert len(rows) == len(track)
    for row, fix in zip(rows, track, strict=True):
        at = datetime.fromtimestamp(int(fix["taken_s"]), UTC)
        assert datetime.fromisoformat(row["taken_at"]) == at
        assert row["digest"] == f"0x{int(fix['digest']):016x}"
        assert row["device_key"] == f"0x{100:016x}"
        assert row["lon_wgs84_deg"] == ("" if np.isnan(fix["lon"]) else f"{fix['lon']:.7f}")
        assert np.float32(row["accuracy_m"]) == fix["accuracy_m"]
        assert row["verdict"] == ("none", "inside", "outside", "unknown")[fix["verdict"]]
        assert row["measure"] == str(court.numbers[0])


def test_json_and_gpx_are_what_they_say(court):
    data = json.loads(taken(court, form="json"))
    assert tuple(data["columns"]) == NAMES
    assert len(data["fixes"]) == 200
    root = ET.fromstring(taken(court, form="gpx"))
    assert root.tag == f"{GPX}gpx"
    assert [child.tag for child in root] == [f"{GPX}metadata", f"{GPX}trk", f"{GPX}extensions"]
    points = root.findall(f".//{GPX}trkseg/{GPX}trkpt")
    assert len(points) == 199
    assert len(root.findall(f".//{SF}fix")) == 200, "the one without position stands beside the one before"
    assert len(root.findall(f".//{GPX}trkseg")) == 4, "no line is drawn over an hour without a fix"
    for point in points:
        assert -180 <= float(point.get("lon")) <= 180
        assert point.find(f"{GPX}time").text.endswith("Z")


def test_the_chain_tells_measure_device_articles_and_its_limits(court):
    found = checked(taken(court))
    chain, end = found.chain, found.end
    assert chain["措施1.编号"] == str(court.numbers[0])
    assert "郑局" in chain["措施1.批准人"]
    assert "无正当理由" in chain["措施1.法定情形"]
    assert "已核对" in chain["依据1"]
    assert "待核" in chain["依据2"]
    assert chain["佩戴1.终端号"]
    assert re.fullmatch("0x[0-9a-f]{16}", chain["佩戴1.装置键"])
    assert "王科" in chain["导出人"]
    assert "尚未完成四方见证" in " ".join(chain.values())
    places = [value for key, value in end.items() if key.startswith("存放 chunk")]
    assert len(places) == 3
    hours = [value for key, value in end.items() if key.startswith("收到小时")]
    assert sum("日志散列链" in value for value in hours) == 3
    assert any("尚未压缩" in value for value in hours)
    assert end["没有位置"] == "1"
    assert end["同一装置同一秒有两种内容"] == "没有"


def test_a_device_that_may_have_a_double_is_said(court):
    with court.desk.city.acting("王科"):
        device = Binding.objects.get(measure=court.measures[0]).device
    with system("watch", using="watch"):
        DeviceConflict.objects.using("watch").create(device_id=device.id, taken_at=court.hour(4))
    told = checked(taken(court)).end["同一装置同一秒有两种内容"]
    assert told.startswith(court.hour(4).strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_changed_byte_is_noticed_wherever_it_stands(court):
    dice = np.random.default_rng(7)
    for form in FORMS:
        content = taken(court, form=form)
        lines = content.splitlines(keepends=True)
        less = [content[:-1], content[: len(content) // 2], b"".join(lines[:100] + lines[101:]), b""]
        for place in {0, 1, len(content) - 1, *dice.integers(0, len(content), 60).tolist()}:
            changed = bytearray(content)
            changed[place] ^= 1
            less.append(bytes(changed))
        for changed in less:
            with pytest.raises(TrackChanged):
                checked(changed)


def test_the_command_checks_a_file_without_django(court, tmp_path):
    content, file = taken(court), tmp_path / "track.csv"
    code = "import sys; sys.modules['django'] = None; from sifang.ops.main import main; sys.exit(main())"
    for changed, answer in ((content, 0), (content.replace(b",117.", b",116.", 1), 1)):
        file.write_bytes(changed)
        words = [sys.executable, "-c", code, "track", "check", str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == answer
        assert ("文件完整" in done.stdout) is not bool(answer)
        assert ("SHA-256 不符" in done.stderr) is bool(answer)


def test_the_record_is_there_before_the_first_byte(court):
    pieces = export(court).pieces
    (asked,) = kept(court, TrackExport)
    (read,) = [one for one in kept(court, ReadRecord) if one.what == "track_export"]
    assert (asked.read_id, asked.document_no) == (read.id, "（2026）鲁0102刑更000号")
    assert (read.purpose, read.span_from, read.span_to) == ("evidence", court.hour(24), court.hour(0))
    assert kept(court, TrackExportEnd) == []
    next(pieces)
    pieces.close()


def test_without_a_record_there_is_no_byte(court, monkeypatch):
    def broken(*_args, **_facts):
        raise DatabaseError

    for name in ("record_read", "record"):
        with monkeypatch.context() as patch:
            patch.setattr(access_export, name, broken)
            patch.setattr(run.Run, "pieces", lambda _self: pytest.fail("bytes"))
            with pytest.raises(DatabaseError):
                export(court)
    assert kept(court, TrackExport) == []


MAY = ("王科", "郑局", "赵检")
BEYOND = ("李所", "冯班", "张三", "钱法")
ABSENT = ("周外", "吴离", "孙警", "米书", "系管")


def test_who_may_export(court):
    purposes = {"赵检": Purpose.PROCURATE, "张三": Purpose.OWN}
    for who in (*BEYOND, *ABSENT):
        with pytest.raises(NotFound if who in ABSENT else BeyondPower) as refusal:
            export(court, who=who, purpose=purposes.get(who, Purpose.EVIDENCE))
        assert who in BEYOND or refusal.value.data == {}
    assert kept(court, TrackExport) == []
    for who in MAY:
        assert checked(taken(court, who=who, purpose=purposes.get(who, Purpose.EVIDENCE))).digest.count == 200


def test_an_officer_of_the_next_county_exports_his_own_but_not_ours(court):
    with pytest.raises(NotFound):
        export(court, who="周外")
    with pytest.raises(NothingInSpan):  # 何某 of 商河 wears nothing
        export(court, who="周外", person="何某")
    with pytest.raises(NotFound):
        export(court, who="王科", person="何某")


LONG_AGO = utc_now() - LONGEST_EXPORT - timedelta(days=2)
WRONG = [
    ({"document_no": "  "}, ExportIncomplete),
    ({"reason": ""}, ExportIncomplete),
    ({"purpose": Purpose.DAILY}, ExportIncomplete),
    ({"purpose": Purpose.PROCURATE}, ExportIncomplete),
    ({"form": "xlsx"}, BadInput),
    ({"frm": LONG_AGO, "to": LONG_AGO + LONGEST_EXPORT + timedelta(seconds=1)}, ExportSpanTooLong),
    ({"frm": LONG_AGO, "to": LONG_AGO}, ExportSpanTooLong),
]


def test_what_is_not_said_or_too_much_is_refused(court):
    for facts, error in WRONG:
        with pytest.raises(error):
            export(court, **facts)
    assert kept(court, TrackExport) == []


def test_an_empty_span_and_a_destroyed_key_are_said_in_words(court):
    with pytest.raises(NothingInSpan):
        export(court, frm=court.hour(24), to=court.hour(20))
    court.keys.destroy_measure(court.numbers[0])
    with pytest.raises(TrackErased, match="轨迹已依法删除"):
        export(court, frm=court.hour(6), to=court.hour(2))
    assert len(kept(court, TrackExport)) == 2, "the asking is recorded all the same"


def in_transaction():
    return connections["reader"].connection.info.transaction_status != TransactionStatus.IDLE


def test_a_client_that_goes_leaves_no_transaction_and_its_part_is_written_down(court, monkeypatch):
    monkeypatch.setattr(run, "ROWS", 30)
    pieces = export(court).pieces
    for _ in range(3):
        next(pieces)
    assert in_transaction()
    pieces.close()
    assert not in_transaction()
    (end,) = kept(court, TrackExportEnd)
    assert (end.state, end.fixes) == ("broken", 60)
    assert not run._running
    with connections["reader"].cursor() as cursor:
        cursor.execute("SELECT current_setting('sifang.officer', true), count(*) FROM people_person")
        assert cursor.fetchone() in (("", 0), (None, 0))


@pytest.mark.parametrize("what", ["session", "officer"])
def test_it_stops_when_the_session_or_the_role_ends(court, monkeypatch, what):
    monkeypatch.setattr(run, "ROWS", 30)
    monkeypatch.setattr(run, "CHECK_S", 0.0)
    signed_in = [True]
    pieces = export(court, still=lambda: signed_in[0]).pieces
    content = next(pieces) + next(pieces)
    if what == "session":
        signed_in[0] = False
    else:
        retire_officer(court.desk["王科"], at=utc_now())
    with pytest.raises(ExportStopped):
        next(pieces)
    assert not in_transaction()
    (end,) = kept(court, TrackExportEnd, who="赵检")
    assert (end.state, end.fixes) == ("broken", 30)
    with pytest.raises(TrackChanged):
        checked(content)


def test_an_officer_exports_a_few_persons_a_day_not_everybody(court, monkeypatch):
    monkeypatch.setattr(access_export, "PERSONS_A_DAY", 1)
    taken(court)
    taken(court)  # the same person again
    with pytest.raises(TooManyExports):
        export(court, person="卫某")


def test_few_files_go_out_at_once(court, monkeypatch):
    monkeypatch.setattr(run, "AT_ONCE", 1)
    first = export(court).pieces
    next(first)
    with pytest.raises(ExportsBusy):
        export(court)
    first.close()
    assert checked(taken(court)).digest.count == 200


def test_what_an_officer_types_is_never_a_formula_nor_breaks_the_file(court):
    bad = {"document_no": '=HYPERLINK("http://x")\r\nX', "reason": "+1+1|<b>&'\"],[\x00@SUM"}
    name = export(court, **bad).name
    assert re.fullmatch(r"track-[0-9a-f-]{36}\.csv", name)
    for form in FORMS:
        found = checked(taken(court, form=form, **bad))
        assert found.chain["案卷文书号"] == '=HYPERLINK("http://x") X'
        assert found.chain["理由"] == "+1+1|<b>&'\"],[ @SUM"
    for row in csv_rows(taken(court, **bad)):
        for cell in row.values():
            assert not re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell or ""), cell


def test_an_export_can_be_changed_or_taken_back_by_nobody(court):
    taken(court)
    for change in (lambda: TrackExport.objects.update(reason="别的"), TrackExportEnd.objects.all().delete):
        with pytest.raises(DatabaseError), court.desk.city.acting("王科"):
            change()
    assert kept(court, TrackExport, who="周外") == kept(court, TrackExportEnd, who="周外") == []
    with court.desk.city.acting("张三", Purpose.OWN):
        assert not TrackExport.objects.exists(), "the person sees the read record, not the officer's words"
