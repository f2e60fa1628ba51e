"""What late fixes say about an alarm, in words: a question about the past, or a review of a live one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sifang.monitoring.models import Alarm, AlarmReview, ReviewVerdict
from sifang.monitoring.questions import past_span
from sifang.web.templatetags.figures import at, percent, span

LOOKS = {
    ReviewVerdict.UNSUPPORTED: "unknown",
    ReviewVerdict.SUPPORTED: "due",
    ReviewVerdict.EXPLAINED: "done",
}


@dataclass(frozen=True)
class Note:
    """One review: its words, the figures behind them, and the evaluations when it has some."""

    at: datetime
    look: str
    title: str
    text: str
    rows: list[dict[str, Any]] = field(default_factory=list)


def latest(alarm: Alarm) -> AlarmReview | None:
    """Return the newest review about the alarm's ground; `alarm.reviews` must be loaded."""
    said = [one for one in alarm.reviews.all() if one.verdict != ReviewVerdict.EXPLAINED]
    return max(said, key=lambda one: one.at, default=None)


def is_withdrawn(alarm: Alarm) -> bool:
    """Whether the late fixes, as they are known now, no longer support the alarm."""
    newest = latest(alarm)
    return newest is not None and newest.verdict == ReviewVerdict.UNSUPPORTED


def short(alarm: Alarm) -> str:
    """Return what a card says about it, or nothing."""
    if is_withdrawn(alarm):
        return "补传定位不再支持此报警，请核实后由您判断"
    if any(one.verdict == ReviewVerdict.EXPLAINED for one in alarm.reviews.all()):
        return "无新定位的时段已有补传定位"
    return ""


def notes(alarm: Alarm) -> list[Note]:
    """Return the reviews for the alarm's page, newest first."""
    found = [_note(one) for one in alarm.reviews.all()]
    return sorted(found, key=lambda one: one.at, reverse=True)


def about_the_past(alarm: Alarm) -> str:
    """Return why this is asked only now."""
    words = f"这是关于过去的问题：情形在 {past_span(alarm)}，定位存在装置里，后来才补传到达。"
    if alarm.facts.get("still_on"):
        words += "补传和后来的定位没有显示情形何时结束。"
    return words + "它不是实时报警，不催办、不上报；仍须核实并填写结果。"


def _note(review: AlarmReview) -> Note:
    verdict, facts = ReviewVerdict(review.verdict), review.facts
    rows = list(facts.get("evidence") or [])
    return Note(review.at, LOOKS[verdict], verdict.label, _text(verdict, facts), rows)


def _text(verdict: ReviewVerdict, facts: dict[str, Any]) -> str:
    if verdict == ReviewVerdict.EXPLAINED:
        words = f"这段时间里有 {facts['fixes']} 个定位后来补传到达"
        words += f"（{at(facts['first_s'])} 至 {at(facts['last_s'])}），"
        return words + f"其间最长 {span(facts['gap_s'])}仍没有定位。问题仍须回答，由您判断。"
    if verdict == ReviewVerdict.SUPPORTED:
        return "更多补传定位到达后，复算又得出同一情形。"
    words = f"按时间顺序纳入 {facts.get('late', 0)} 个补传定位"
    if "first_s" in facts:
        words += f"（{at(facts['first_s'])} 至 {at(facts['last_s'])}）"
    words += "后复算，得不出这一情形"
    if facts.get("probability") is not None:
        words += f"：累计概率最高 {percent(facts['probability'])}"
    return words + "。系统不关闭报警，也不改动原来的记录；是否属实由您判断。"
