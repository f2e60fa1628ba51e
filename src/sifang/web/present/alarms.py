"""Alarms in words: the question, why it is asked, the law behind it. A question, never a verdict."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sifang.kernel.time import utc_now
from sifang.monitoring.models import Alarm, Incident, Signal
from sifang.monitoring.models.alarms import AlarmKind
from sifang.monitoring.questions import headline, past_span
from sifang.monitoring.services.alarms import PAST_WITHIN, TAKE_WITHIN
from sifang.web.present import reviews
from sifang.web.templatetags.figures import away, clock, metres, percent, side

PAST_WITHIN_S = int(PAST_WITHIN.total_seconds())  # … of a question about the past
TAKE_WITHIN_S = int(TAKE_WITHIN.total_seconds())  # 内部目标: the waiting clock is red after it
THRESHOLD = 0.95  # the engine's p_begin, drawn as the tick of every bar

OUTSIDE_VERDICT, UNKNOWN_VERDICT = 2, 3
BEFORE, DRAWN = 4, 16  # fixes drawn before the line was crossed, and in all
LOOKS = {
    AlarmKind.BOUNDARY_LEFT: ("outside", "outside"),
    AlarmKind.PLACE_ENTERED: ("outside", "outside"),
    AlarmKind.OFF_TIMETABLE: ("outside", "outside"),
    AlarmKind.STRAP: ("due", "due"),
    AlarmKind.SILENT: ("unknown", "unknown"),
    AlarmKind.SOS: ("outside", "overdue"),
    AlarmKind.LOW_BATTERY: ("plain", "plain"),
}
ARTICLES: dict[str, tuple[str, ...]] = {
    AlarmKind.STRAP: ("实施办法37条",),
    AlarmKind.SILENT: ("社区矫正法30条",),
    AlarmKind.LOW_BATTERY: ("实施办法37条",),
    AlarmKind.SOS: ("社区矫正法34条",),
}
CARRIER_WORDS = {"device": "设备", "carrier": "运营商网络", "server": "本系统"}


@dataclass(frozen=True)
class Card:
    """One alarm (or technical incident) as the queue shows it."""

    id: UUID
    url: str
    question: str
    nameless: str
    why: str
    rank: int
    look: str
    shape: str
    state: str
    since: datetime
    place: str
    pseudonym: str
    measure: int
    probability: float | None = None
    threshold: float = THRESHOLD
    articles: tuple[str, ...] = ()
    taken_words: str = ""
    quiet: bool = False
    kind: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    past: bool = False
    withdrawn: bool = False
    note: str = ""

    @property
    def late_s(self) -> int:
        """After so many seconds of waiting the target is missed."""
        return PAST_WITHIN_S if self.past else TAKE_WITHIN_S

    @property
    def bar(self) -> str:
        """The colour of its probability."""
        return "ink-3" if self.look == "plain" else self.look

    @property
    def is_taken(self) -> bool:
        return self.state != "open"

    def as_json(self) -> dict[str, Any]:
        """Return the card for the API."""
        return {
            "id": str(self.id),
            "url": self.url,
            "question": self.question,
            "why": self.why,
            "kind": self.kind,
            "rank": self.rank,
            "state": self.state,
            "since": self.since.isoformat(),
            "probability": self.probability,
            "threshold": self.threshold,
            "articles": list(self.articles),
            "measure": self.measure,
            "place": self.place,
            "past": self.past,
            "withdrawn": self.withdrawn,
        }

    def without_name(self) -> dict[str, Any]:
        """Return the card for the wall."""
        return {**self.as_json(), "question": self.nameless, "url": "", "id": ""}


def nameless(alarm: Alarm) -> str:
    """Return the question without a name and without a place that could be one, for the wall."""
    if alarm.past:
        what = {AlarmKind.PLACE_ENTERED: "进入禁止区域", AlarmKind.OFF_TIMETABLE: "不在规定地点"}
        if alarm.kind in what:
            return f"补传定位显示，曾于 {past_span(alarm)} {what[AlarmKind(alarm.kind)]}，是否属实？"
    elif alarm.kind == AlarmKind.PLACE_ENTERED:
        return "是否进入了禁止区域？"
    elif alarm.kind == AlarmKind.OFF_TIMETABLE:
        return "现在是否在规定地点？"
    return headline(alarm, name="\0").replace("\0的", "").replace("\0", "")


def why(alarm: Alarm) -> str:
    """Return the facts in one line: distance, errors, number of fixes; or the technical fact."""
    last = newest(alarm)
    if last is not None and alarm.fence_id is not None:
        count = in_a_row(alarm)
        words = f"{side(last.get('distance_m'), keeps(alarm))}，误差 ±{metres(last.get('accuracy_m'))}"
        words += f"，界线 ±{metres(last.get('boundary_m'))}"
        return f"{words}；连续 {count} 个定位" if count > 1 else words
    match alarm.kind:
        case AlarmKind.STRAP:
            return "装置报告腕扣断开" + ("，已恢复" if alarm.ended_at else "")
        case AlarmKind.SILENT:
            cause = CARRIER_WORDS.get(str(alarm.facts.get("cause", "")), "")
            return "超过时限没有新定位" + (f"，可能是{cause}原因" if cause else "，原因未明")
        case AlarmKind.SOS:
            return "本人按下求助键"
        case _:
            return "电量低时可能中断定位，属技术状态，不是违规"


def newest(alarm: Alarm) -> dict[str, Any] | None:
    """Return the last fix of the evidence, or None."""
    rows = evidence(alarm)
    return rows[-1] if rows else None


def in_a_row(alarm: Alarm) -> int:
    """Return how many of the last fixes lie on the unlawful side, by distance."""
    count = 0
    for row in reversed(evidence(alarm)):
        if float(row.get("distance_m") or 0) <= 0:
            break
        count += 1
    return count


def evidence(alarm: Alarm) -> list[dict[str, Any]]:
    """Return the fixes that made the alarm, in time order, `taken_s` in Unix seconds."""
    return sorted(alarm.evidence or [], key=lambda row: row.get("taken_s", 0))


def pseudonym(number: str) -> str:
    """Return 历下-0417 for 历下-2026-0417: no name on a wall."""
    parts = number.split("-")
    return f"{parts[0]}-{parts[-1]}" if len(parts) > 1 else number


def look_of(alarm: Alarm) -> tuple[str, str]:
    """Return look and shape of a question; one about the past has no colour of alarm."""
    return ("plain", "plain") if alarm.past else LOOKS.get(AlarmKind(alarm.kind), ("plain", "plain"))


def card(alarm: Alarm, counties: dict[str, str]) -> Card:
    """Return the card of one alarm; person, fence, clause, measure and taker must be loaded."""
    look, shape = look_of(alarm)
    own = (alarm.clause.article,) if alarm.clause is not None else ()
    articles = tuple(dict.fromkeys((*own, *ARTICLES.get(alarm.kind, ("社区矫正法29条",)))))
    taker = alarm.taken_by.name if alarm.taken_by is not None else ""
    return Card(
        id=alarm.id,
        url=f"/alarms/{alarm.id}",
        question=headline(alarm),
        nameless=nameless(alarm),
        why=why(alarm),
        rank=alarm.rank,
        look=look,
        shape=shape,
        state=alarm.state,
        since=alarm.taken_at or alarm.raised_at if alarm.state != "open" else alarm.raised_at,
        place=counties.get(alarm.person.county_code, alarm.person.county_code),
        pseudonym=pseudonym(alarm.person.number),
        measure=alarm.measure.number,
        probability=alarm.probability,
        articles=articles,
        taken_words=f"{taker}接手" if taker else "",
        quiet=alarm.past or (alarm.paused_until is not None and alarm.paused_until > utc_now()),
        kind=alarm.kind,
        past=alarm.past,
        withdrawn=reviews.is_withdrawn(alarm),
        note=reviews.short(alarm),
    )


def incident_card(incident: Incident, alarms: int) -> Card:
    """Return the one card of a technical incident; it never counts against a person."""
    words = incident.summary or f"{incident.devices} 台设备同时无新定位"
    why = f"合并为 1 起技术事件（{incident.get_kind_display()}），{alarms} 条报警，不计入个人"
    if incident.kind == "clone":
        why = f"技术事件（{incident.get_kind_display()}）：请当面核对装置，不认定违规，不计入个人"
    return Card(
        id=incident.id,
        url="",
        question=words,
        nameless=words,
        why=why,
        rank=2,
        look="plain",
        shape="plain",
        state="taken",
        since=incident.began_at,
        place="技术事件",
        pseudonym="技术事件",
        measure=0,
        kind="incident",
    )


@dataclass(frozen=True)
class Watching:
    """A signal below the mark of an alarm: visible, not demanding."""

    words: str
    nameless: str
    probability: float | None
    threshold: float = THRESHOLD


def watching(signal: Signal) -> Watching:
    """Return the line of a signal that made no alarm."""
    person = signal.measure.person
    what = signal.fence.name if signal.fence is not None else signal.kind
    probability = signal.data.get("probability") if isinstance(signal.data, dict) else None
    return Watching(
        words=f"{person.name}接近{what}",
        nameless=f"{pseudonym(person.number)} 接近{what}",
        probability=probability,
    )


def verdict_number(verdict: int | str | None) -> int:
    """Return 1 inside, 2 outside, 3 cannot know; evidence may carry the word."""
    if isinstance(verdict, str):
        return {"inside": 1, "outside": 2}.get(verdict, UNKNOWN_VERDICT)
    return int(verdict) if verdict in (1, OUTSIDE_VERDICT) else UNKNOWN_VERDICT


def verdict_look(verdict: int | str | None, kept: str = "inside") -> tuple[str, str]:
    """Return state and word of one evaluation; `kept` is the side on which the person ought to be."""
    if kept == "outside":
        known = {1: ("inside", "不在场所内"), 2: ("outside", "在场所内"), 3: ("unknown", "无法判断")}
    else:
        known = {1: ("inside", "在内"), 2: ("outside", "在外"), 3: ("unknown", "无法判断")}
    return known[verdict_number(verdict)]


def keeps(alarm: Alarm) -> str:
    """Return the lawful side of the alarm's fence."""
    return alarm.fence.keeps if alarm.fence is not None else "inside"


def telling(alarm: Alarm) -> list[dict[str, Any]]:
    """Return the fixes that tell the story: from four before the first on the unlawful side."""
    rows = evidence(alarm)
    out = [k for k, row in enumerate(rows) if float(row.get("distance_m") or 0) > 0]
    return rows[max(0, out[0] - BEFORE if out else 0) :][-DRAWN:]


def moment(row: dict[str, Any]) -> datetime:
    """Return when a fix of the evidence was taken, aware."""
    return datetime.fromtimestamp(float(row["taken_s"]), UTC)


def sentence(alarm: Alarm) -> str:
    """Return why this is asked, in plain words and figures."""
    rows = evidence(alarm)
    if not rows or alarm.fence_id is None:
        return f"{why(alarm)}。技术状态本身不是违规，请核实。"
    out = [row for row in rows if float(row.get("distance_m") or 0) > 0]
    if not out:
        return f"{why(alarm)}。"
    first, last = out[0], out[-1]
    low = min(float(row.get("accuracy_m") or 0) for row in out)
    high = max(float(row.get("accuracy_m") or 0) for row in out)
    assumed = "（推定）" if any(row.get("assumed") for row in out) else ""
    where = "禁止区域内" if keeps(alarm) == "outside" else "界线以外"
    words = f"从 {clock(moment(first))} 起，{len(out)} 个定位在{where}，"
    words += f"{away(first.get('distance_m'))} → {away(last.get('distance_m'))}；"
    span = f"±{metres(low)}" if metres(low) == metres(high) else f"±{metres(low)} 至 ±{metres(high)}"
    words += f"定位误差 {span}{assumed}，"
    words += f"此处界线误差 ±{metres(last.get('boundary_m'))}。"
    words += (
        f"误差前后相关，已折算；累计概率 {percent(alarm.probability)}，达到标准 {percent(THRESHOLD)} 才报警。"
    )
    return words + "单个错误定位不足以报警。"
