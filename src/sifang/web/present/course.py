"""The course of one person: acts that exist, what is expected, the term as one bar."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.models.alarms import AlarmCause
from sifang.monitoring.questions import headline
from sifang.people.models import Order
from sifang.web.person_file import PersonFile

BAR = 900
LABEL_DROP = {26: 4, 36: 10}  # two labels side by side must not touch
DUE_SOON = timedelta(days=3)
TERM_WORDS = {
    "control": "管制期",
    "probation": "缓刑考验期",
    "parole": "假释考验期",
    "outside_prison": "暂予监外执行期",
}


@dataclass(frozen=True)
class Act:
    """One entry; `shape` act (square) for what was done, expected for what is to come."""

    on: date
    title: str
    text: str
    articles: tuple[str, ...]
    shape: str = "act"
    left: str = ""
    burden: bool = False


def done(file: PersonFile) -> list[Act]:
    """Return what has happened, newest first."""
    found = []
    if file.order is not None:
        order = file.order
        found.append(
            Act(
                order.effective_on,
                f"{order.get_type_display()}生效，{order.document_no}",
                order.decided_by.name,
                ("社区矫正法2条",),
            )
        )
    for measure in file.measures:
        proof = f"{measure.proof.document_no}，{measure.proof.document_date:%Y-%m-%d}"
        found.append(
            Act(
                legal_day(measure.approved_at),
                "批准延长电子定位装置" if measure.extends_id else "批准使用电子定位装置",
                f"法定情形：{measure.get_ground_display()}（{proof}）。批准人 {measure.approver.name}",
                (f"社区矫正法29条1款{measure.ground}项",),
                burden=True,
            )
        )
        if measure.told_at is not None:
            found.append(
                Act(
                    legal_day(measure.told_at), "书面告知期限、要求和后果", "", ("实施办法37条",), burden=True
                )
            )
        if measure.ended_at is not None:
            found.append(
                Act(legal_day(measure.ended_at), "解除电子定位装置", measure.end_reason, ("社区矫正法29条",))
            )
    for alarm in file.alarms:
        state = alarm.get_state_display()
        if alarm.cause:
            state += f"，原因：{AlarmCause(alarm.cause).label}"
        found.append(
            Act(legal_day(alarm.raised_at), headline(alarm), f"{alarm.number}，{state}", ("社区矫正法29条",))
        )
    today = legal_day(utc_now())
    return sorted((act for act in found if act.on <= today), key=lambda act: act.on, reverse=True)


def coming(file: PersonFile) -> list[Act]:
    """Return what is to come, the farthest first: hollow on the page."""
    today = legal_day(utc_now())
    found = []
    if file.order is not None:
        order = file.order
        end = order.term_end
        found.append(Act(end, "期满，解除社区矫正", "当日发解除证明书，停止一切措施", ("社区矫正法44条",)))
        if order.prohibition_until is not None:
            found.append(
                Act(order.prohibition_until, "禁止令期满", "自动失效，本机构不能延长或加重", ("刑法72条",))
            )
    if file.live is not None and file.last_day is not None:
        found.append(
            Act(
                file.last_day,
                "电子定位措施到期",
                "到期自动停止采集；继续使用须评估、重新批准",
                ("社区矫正法29条",),
            )
        )
    future = [
        Act(act.on, act.title, act.text, act.articles, shape_of(act.on, today), left(act.on, today))
        for act in found
        if act.on >= today
    ]
    return sorted(future, key=lambda act: act.on, reverse=True)


def shape_of(on: date, today: date) -> str:
    return "due" if on - today <= DUE_SOON else "expected"


def left(on: date, today: date) -> str:
    days = (on - today).days
    return "今天" if days == 0 else f"还有 {days} 天"


def term_words(order: Order) -> str:
    return TERM_WORDS[order.type]


def term_bar(file: PersonFile) -> SafeString | str:
    """Return the term as one bar: gone, prohibition, positioning, today."""
    order = file.order
    if order is None:
        return ""
    today = legal_day(utc_now())
    whole = max(1, (order.term_end - order.term_start).days + 1)

    def x_of(on: date) -> int:
        return round(BAR * min(max((on - order.term_start).days, 0), whole) / whole)

    parts = [
        format_html(
            '<rect y="14" width="{}" height="8" rx="1" fill="var(--sunken)"/>'
            '<rect y="14" width="{}" height="8" rx="1" fill="var(--ink-3)"/>',
            BAR,
            x_of(today),
        )
    ]
    if order.prohibition_until is not None:
        end = x_of(order.prohibition_until)
        parts.append(lane(0, end, 26, "due", f"禁止令，至 {order.prohibition_until:%m-%d}"))
    if file.live is not None and file.last_day is not None:
        start, end = x_of(legal_day(file.live.approved_at)), x_of(file.last_day)
        parts.append(lane(start, end, 36, "unknown", f"电子定位，至 {file.last_day:%m-%d}"))
    number = (today - order.term_start).days + 1
    parts.append(
        format_html(
            '<path d="M{0} 5v40" stroke="var(--accent)" stroke-width="2"/>'
            '<text x="{1}" y="10" font-size="12" text-anchor="{2}" fill="var(--accent)">'
            "今天，第 {3} 天</text>",
            x_of(today),
            x_of(today) + (7 if x_of(today) < BAR * 0.8 else -7),
            "start" if x_of(today) < BAR * 0.8 else "end",
            number,
        )
    )
    return format_html(
        '<svg preserveAspectRatio="xMinYMid meet" viewBox="0 0 {0} 46" width="{0}" height="46" role="img"'
        ' aria-label="{1}已过 {2} 天，共 {3} 天">{4}</svg>',
        BAR,
        term_words(order),
        number,
        whole,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def lane(start: int, end: int, y: int, look: str, word: str) -> SafeString:
    near = end > BAR * 0.75
    return format_html(
        '<rect y="{0}" x="{1}" width="{2}" height="4" fill="var(--{3})" opacity=".8"/>'
        '<text x="{4}" y="{5}" font-size="12" text-anchor="{6}" fill="var(--{3})">{7}</text>',
        y,
        start,
        max(2, end - start),
        look,
        end - 6 if near else end + 8,
        y + LABEL_DROP.get(y, 6) - (8 if near else 0),
        "end" if near else "start",
        word,
    )
