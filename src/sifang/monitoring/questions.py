"""The words of monitoring: headlines that ask, restrictions in plain sentences, who is told next.

Questions, not verdicts (UI.md § 6): 「陈甲是否已离开商河县？」. Reads objects already handed out, decides
nothing and reads no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sifang.kernel.time import SHANGHAI
from sifang.monitoring.models import TECHNICAL_CAUSES, Alarm, AlarmCause, AlarmKind, Clause, ClauseKind
from sifang.monitoring.services.alarms import TAKE_WITHIN
from sifang.people.models import Order

COUNTY_AFTER = TAKE_WITHIN + timedelta(minutes=5)  # 内部目标
BESIDES = (  # what binds everybody besides the order: words, article
    ("会客须按规定报告并经批准", "社区矫正法23条"),
    ("未经批准不得接触被害人、同案犯等特定人员", "办法25条"),
    ("矫正期满前不得出境", "出境入境管理法12条"),
)


@dataclass(frozen=True)
class Restriction:
    """One sentence that binds the person, with its source and whether it has been made known."""

    text: str
    article: str
    source: str
    until: datetime | None
    known_at: datetime | None


@dataclass(frozen=True)
class Escalation:
    """Who is reminded next when nobody takes an alarm; justice officers only, times are house targets."""

    at: datetime
    who: str
    text: str
    is_due: bool


@dataclass(frozen=True)
class PoliceRequest:
    """Whether help of the police may be asked for; always by the agency, under these articles."""

    is_open: bool
    condition: str
    articles: tuple[str, ...]


QUESTIONS: dict[str, tuple[str, str]] = {  # kind: question, place when the fence has no name
    AlarmKind.BOUNDARY_LEFT: ("{who}是否已离开{place}？", "所居住的市、县"),
    AlarmKind.PLACE_ENTERED: ("{who}是否进入了{place}？", "禁止进入的地点"),
    AlarmKind.OFF_TIMETABLE: ("{who}现在是否在{place}？", "规定地点"),
    AlarmKind.STRAP: ("{who}的腕带是否被打开？", ""),
    AlarmKind.LOW_BATTERY: ("{who}的装置是否需要充电？", ""),
    AlarmKind.SILENT: ("{who}现在在哪里？", ""),
    AlarmKind.SOS: ("{who}是否需要帮助？", ""),
}
PAST: dict[str, str] = {  # what late fixes say was so from when to when
    AlarmKind.BOUNDARY_LEFT: "离开{place}",
    AlarmKind.PLACE_ENTERED: "进入{place}",
    AlarmKind.OFF_TIMETABLE: "不在{place}",
    AlarmKind.STRAP: "打开腕带",
    AlarmKind.SOS: "按下求助键",
}


def headline(alarm: Alarm, *, name: str | None = None) -> str:
    """Return the question of an alarm. `name`: another word for the person, e.g. the wall's pseudonym."""
    question, place = QUESTIONS[alarm.kind]
    if alarm.fence is not None:
        place = alarm.fence.name
    if alarm.past:
        what = PAST.get(alarm.kind, "{place}").format(place=place)
        return f"补传定位显示，{name or alarm.person.name}曾于 {past_span(alarm)} {what}，是否属实？"
    return question.format(who=name or alarm.person.name, place=place)


def past_span(alarm: Alarm) -> str:
    """Return from when to when, Shanghai time, of an alarm about the past: 11-22 09:14 至 09:41."""
    first = alarm.began_at.astimezone(SHANGHAI)
    last = (alarm.ended_at or alarm.began_at).astimezone(SHANGHAI)
    words = f"{first:%m-%d %H:%M} 至 {last:%H:%M}" if first.date() == last.date() else ""
    return words or f"{first:%m-%d %H:%M} 至 {last:%m-%d %H:%M}"


def restrictions(clauses: Sequence[Clause]) -> list[Restriction]:
    """Return what binds the person in plain sentences; reminders of stations are no restriction."""
    return [
        Restriction(c.text, c.article, c.source, c.valid_to, c.made_known_at)
        for c in clauses
        if c.kind != ClauseKind.STATION
    ]


def nothing_else(order: Order) -> str:
    """Return the sentence after the restrictions, only as far as it is true (UI.md: never 没有其他限制)."""
    if order.prohibition:
        return "判决没有其他禁止事项。此外依法还须遵守："
    return "判决没有禁止事项。此外依法还须遵守："


def escalation(alarm: Alarm, now: datetime) -> Escalation | None:
    """Return who is reminded next about an untaken alarm; None when taken, closed, under an incident or
    about the past.

    First the stand-by officer of the duty desk, then the county agency, then the head of its bureau.
    A pause moves the clock: it starts anew when the pause ends.
    """
    if (
        alarm.state != "open"
        or alarm.past
        or (alarm.incident is not None and alarm.incident.ended_at is None)
    ):
        return None
    start = max(alarm.raised_at, alarm.paused_until or alarm.raised_at)
    county = alarm.person.county_agency.name
    steps = (
        (start + TAKE_WITHIN, "备勤值班员", "无人接手则提醒备勤值班员"),
        (start + COUNTY_AFTER, f"{county}社区矫正机构", f"再 5 分钟无人接手，报{county}社区矫正机构"),
        (start + COUNTY_AFTER + timedelta(minutes=10), f"{county}负责人", f"仍无人接手，报{county}负责人"),
    )
    at, who, text = next((step for step in steps if step[0] > now), steps[-1])
    clock = at.astimezone(SHANGHAI).strftime("%H:%M:%S")
    return Escalation(at=at, who=who, text=f"{clock} {text}（内部目标）", is_due=at <= now)


def police_request(alarm: Alarm, verbs_tried: Sequence[str]) -> PoliceRequest:
    """Return the condition of a request to the police: L30 after a search, L31 when stopping failed.

    `verbs_tried`: the verbs of the alarm's acts. Several means first (办法38条): a call or video, and a
    visit. The request itself is an act of the agency and comes with the exchange.
    """
    tried = set(verbs_tried)
    searched = bool(tried & {"call", "video"}) and "visit" in tried
    if alarm.kind == AlarmKind.PLACE_ENTERED:
        condition = "先到场制止；制止无效的，由社区矫正机构立即通知公安机关到场"
        return PoliceRequest("visit" in tried, condition, ("社区矫正法31条",))
    condition = "先以电话或视频、走访等多种方式查找；查找不到的，由社区矫正机构通知公安机关协助"
    return PoliceRequest(searched, condition, ("社区矫正法30条", "办法38条"))


def counts_against_nobody(cause: str) -> bool:
    """Whether a cause is technical: it never becomes a violation by itself (DESIGN § 9)."""
    return cause in {AlarmCause(c).value for c in TECHNICAL_CAUSES}
