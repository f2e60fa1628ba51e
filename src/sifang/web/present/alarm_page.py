"""What the alarm's page shows, in words and drawings made from its file."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString

from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.models import AlarmAct
from sifang.monitoring.models.alarms import AlarmCause, AlarmKind, AlarmOutcome
from sifang.monitoring.questions import Escalation, PoliceRequest, escalation, headline, police_request
from sifang.web.alarm_file import AlarmFile
from sifang.web.present import alarms as words
from sifang.web.present import device_state, reviews
from sifang.web.present.device_state import Report
from sifang.web.present.drawings import chart, inset
from sifang.web.present.reviews import Note

WAYS = ("call", "video", "visit")


@dataclass(frozen=True)
class Line:
    """One line of 经过; `is_next`: it has not happened yet."""

    at: datetime
    text: str
    shape: str
    is_next: bool = False
    is_target: bool = False


@dataclass(frozen=True)
class Page:
    """Everything the template prints."""

    question: str
    look: str
    shape: str
    sentence: str
    rows: list[dict[str, Any]]
    older: list[dict[str, Any]]
    keeps: str
    map: SafeString | str
    chart: SafeString | str
    facts: list[tuple[str, str]]
    course: list[Line]
    escalation: Escalation | None
    police: PoliceRequest
    phone: str
    ground_article: str
    last_day: date
    what: str
    reports: list[Report]
    replay: dict[str, Any] | None
    past: str
    notes: list[Note]
    late_s: int


def page_of(file: AlarmFile) -> Page:
    """Return the page of this file."""
    alarm = file.alarm
    look, shape = words.look_of(alarm)
    rows = words.evidence(alarm) if alarm.fence_id else []
    name = alarm.fence.name if alarm.fence is not None else ""
    kept, story = words.keeps(alarm), words.telling(alarm)
    numbered = [
        {
            **row,
            "n": number,
            "look": words.verdict_look(row.get("verdict"), kept)[0],
            "word": words.verdict_look(row.get("verdict"), kept)[1],
        }
        for number, row in enumerate(rows, 1)
    ]
    drawn = ""
    if file.spots and alarm.fence is not None:
        first = story[0]["taken_s"] if story else 0
        shown = [spot for spot in file.spots if spot.taken_s >= first] or file.spots
        drawn = inset(shown, file.rings, float(story[-1].get("boundary_m") or 0), name, kept)
    return Page(
        question=headline(alarm),
        look=look,
        shape=shape,
        sentence=sentence_of(file),
        rows=list(reversed(numbered))[: words.DRAWN],
        older=list(reversed(numbered))[words.DRAWN :],
        keeps=kept,
        map=drawn,
        chart=chart(story, name, kept) if story else "",
        facts=facts_of(file),
        course=course_of(file),
        escalation=escalation(alarm, utc_now()),
        police=police_request(alarm, [act.verb for act in file.acts]),
        phone=masked(alarm.person.phone),
        ground_article=f"社区矫正法29条1款{alarm.measure.ground}项",
        last_day=last_day(alarm.measure.ends_at),
        what="确已出界的概率" if alarm.kind == AlarmKind.BOUNDARY_LEFT else "属实的概率",
        reports=[] if alarm.fence_id else device_state.changes(device_state.reports(file.track)),
        replay=None if alarm.fence_id else device_state.replay(file.track),
        past=reviews.about_the_past(alarm) if alarm.past else "",
        notes=[_looked(note, kept) for note in reviews.notes(alarm)],
        late_s=words.PAST_WITHIN_S if alarm.past else words.TAKE_WITHIN_S,
    )


def _looked(note: Note, kept: str) -> Note:
    """Return the note with its evaluations numbered and worded like the alarm's own, newest first."""
    rows = [
        {
            **row,
            "n": number,
            "look": words.verdict_look(row.get("verdict"), kept)[0],
            "word": words.verdict_look(row.get("verdict"), kept)[1],
        }
        for number, row in enumerate(note.rows, 1)
    ]
    return replace(note, rows=list(reversed(rows))[: words.DRAWN])


def sentence_of(file: AlarmFile) -> str:
    """Return why this is asked; a technical question tells what the device reported."""
    alarm = file.alarm
    if alarm.fence_id is not None:
        return words.sentence(alarm)
    ended_s = int(alarm.ended_at.timestamp()) if alarm.ended_at is not None else None
    told = device_state.telling(alarm.kind, file.track, int(alarm.began_at.timestamp()), ended_s)
    if alarm.kind in (AlarmKind.SOS, AlarmKind.LOW_BATTERY):
        return told
    if alarm.kind == AlarmKind.STRAP:
        return told + "技术状态本身不是违规，请核实。"
    return told + words.sentence(alarm)


def last_day(end: datetime) -> date:
    """Return the last legal day before an exclusive end."""
    return legal_day(end - timedelta(microseconds=1))


def facts_of(file: AlarmFile) -> list[tuple[str, str]]:
    """Return (shape, words) of the technical facts; what is not known is said so."""
    device = file.alarm.device
    last = device_state.reports(file.track)[-1:]
    facts = {
        "strap": last[0].strap or None if last else None,
        "battery_pct": last[0].battery if last else None,
        "satellites": last[0].satellites if last else None,
    } | file.alarm.facts
    found = []
    strap = facts["strap"]
    if strap is not None:
        found.append(
            ("done", "腕带在身，腕扣闭合") if strap in (1, "closed", "locked") else ("due", "腕扣断开")
        )
    else:
        found.append(("unknown", "腕扣状态未知"))
    battery = facts["battery_pct"]
    if battery is not None:
        found.append(("done" if battery > 20 else "due", f"设备电量 {battery}%"))  # noqa: PLR2004
    else:
        found.append(("unknown", "电量未知"))
    if facts["satellites"] is not None:
        found.append(("done", f"卫星 {facts['satellites']} 颗"))
    if device is not None:
        report = f"，检测报告 {device.model.test_report_no}" if device.model.test_report_no else ""
        found.append(("plain", f"{device.model.maker} {device.model.model}{report}"))
    if file.alarm.clause is not None:
        found.append(
            ("due", f"有获准的例外：{file.exceptions[0].document_no}")
            if file.exceptions
            else ("done", "没有获准的外出或例外，已查")
        )
    return found


def course_of(file: AlarmFile) -> list[Line]:
    """Return what happened and what is expected next, in order."""
    alarm = file.alarm
    lines = [Line(alarm.began_at, "情形开始（装置时间）", "unknown")]
    how = "补传定位复算后生成问题" if alarm.past else "生成报警"
    end = "，不作实时推送" if alarm.past else "，推送值班席"
    lines.append(Line(alarm.raised_at, f"{how} {alarm.number}{end}", "plain" if alarm.past else "outside"))
    lines += [Line(note.at, f"复算：{note.title}", note.look) for note in reviews.notes(alarm)]
    lines += [Line(act.at, act_words(act), "act") for act in file.acts]
    if alarm.ended_at is not None:
        lines.append(Line(alarm.ended_at, "情形已经结束（装置时间）；问题仍须回答", "done"))
    lines.sort(key=lambda line: line.at)
    coming = escalation(alarm, utc_now())
    if coming is not None:
        lines.append(
            Line(coming.at, coming.text.split(" ", 1)[-1].removesuffix("（内部目标）"), "target", True, True)
        )
    return lines


def act_words(act: AlarmAct) -> str:
    """Return one act: who, what, and in whose words."""
    said = f"{act.officer.name}{act.get_verb_display()}"
    if act.outcome and act.verb in ("handle", "close"):
        cause = f"，原因：{AlarmCause(act.cause).label}" if act.cause else ""
        said += f"：{AlarmOutcome(act.outcome).label}{cause}"
    if act.second is not None:
        said += f"，{act.second.name}确认"
    return f"{said}。{act.text}" if act.text else said


def masked(phone: str) -> str:
    """Return 138****2071 for 138-0000-2071."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "没有登记"  # noqa: PLR2004 (a short number)
