"""By when: a rule of `law.rules` counted from its trigger, with the reasons, sentence by sentence.

PROCEDURES §§ 1 and 7. The trigger's day is not counted, save by caps in months and years, which begin on
it. A deadline that ends on a rest day moves to the next working day where its rule says so, and not in
custody where the rule says that. Caps, minima, rules counted back from an event, and hours never move.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.calendar import Calendar
from sifang.law.rules import Rule, Unit, rule
from sifang.law.time import (
    ONE_DAY,
    BadTime,
    cap_last_day,
    deadline_in_months,
    legal_day,
    moment_in_shanghai,
    months_back,
    months_later,
)

MONTHS = {"month": 1, "year": 12}
MARK_WORDS = {
    "recalled": "条文为待核文本，数字须由律师核对",
    "excerpt": "条文为待核文本，数字有旁证",
    "reading": "法律没有规定数字，此为我方理解",
}


class NoLastDay(SifangError):
    """{rule} 是界限或者次数，没有起止日。"""

    code: ClassVar[str] = "no_last_day"
    status: ClassVar[int] = 409


class NotExtendable(SifangError):
    """{rule} 不能延长{days}日。"""

    code: ClassVar[str] = "not_extendable"
    status: ClassVar[int] = 409


@dataclass(frozen=True)
class Due:
    """What a rule answers: first counted day, last day (inclusive, until 24:00) or instant, and why.

    Days are Shanghai's. `due_at` only for hours. A minimum's `due_on` is the first day on which it is met.
    Thresholds and counts have neither. `status`: verified, recalled or our_reading.
    """

    rule: str
    kind: str
    n: int
    unit: str | None
    counted_from: date | None
    due_on: date | None
    due_at: datetime | None
    rolled_from: date | None
    article: str
    status: str
    confirmed_by: str | None
    warning: str | None
    steps: tuple[str, ...]

    @property
    def last(self) -> date | datetime:
        """The last day or, for hours, the instant. Raises NoLastDay."""
        last = self.due_at or self.due_on
        if last is None:
            raise NoLastDay(rule=self.rule)
        return last

    def is_kept_by(self, sent: date | datetime) -> bool:
        """Whether an act of this day or instant is in time; of a posted document, the day it was posted.

        A document posted before the end is in time (刑事诉讼法105条3款), so the day of dispatch counts, not
        that of receipt. A minimum is kept from its day on. Raises NoLastDay.
        """
        last = self.last
        if isinstance(last, datetime):
            return moment_in_shanghai(sent) <= last
        day = legal_day(sent)
        return day >= last if self.kind == "minimum" else day <= last

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON: days as 2026-10-08, the instant as 2026-10-08T16:30:00+08:00."""
        values = asdict(self) | {"steps": list(self.steps)}
        return {key: one.isoformat() if isinstance(one, date) else one for key, one in values.items()}


@dataclass
class _Count:
    """A count in the making."""

    steps: list[str] = field(default_factory=list)
    looked_at: list[date] = field(default_factory=list)
    counted_from: date | None = None
    due_on: date | None = None
    due_at: datetime | None = None
    rolled_from: date | None = None


def due(
    wanted: str | Rule,
    start: date | datetime,
    *,
    calendar: Calendar,
    custody: bool = False,
    extend: int | None = None,
    travel: int = 0,
) -> Due:
    """Return when a rule's time ends, counted from its trigger (a `before` rule: back from its event).

    `start` is a legal day or an instant; a naive one is Shanghai's. `custody`: the person is held, which
    keeps rules with `roll_if_custody = false` from moving. `extend`: days granted on top, at most the rule's.
    `travel`: days on the road, which a deadline in days or months does not include (刑事诉讼法105条3款).

    Raises UnknownRule, BadTime (the end lies outside the calendar), NotExtendable.
    """
    row = wanted if isinstance(wanted, Rule) else rule(wanted)
    if extend and not 0 < extend <= row.extend:
        raise NotExtendable(rule=row.id, days=extend)
    if travel and (travel < 0 or row.kind != "deadline" or row.before or row.unit not in {"day", *MONTHS}):
        raise NotExtendable(rule=row.id, days=travel)
    count = _Count()
    try:
        _counter(row)(count, row, start, row.n + (extend or 0))
        if extend:
            count.steps.append(f"经批准延长{extend}日，自原起算日连续计算")
        if travel and count.due_on:
            count.due_on += timedelta(days=travel)
            count.steps.append(f"路途{travel}日不计入：{count.due_on}（刑事诉讼法105条3款）")
        if row.roll and count.due_on and row.unit != "workday":
            _roll(count, row, calendar, custody=custody)
        elif row.unit == "workday":
            _workdays(count, row, start, calendar)
    except (OverflowError, ValueError) as error:
        raise BadTime(text=start.isoformat()) from error
    return _answer(count, row, calendar)


def due_on(
    name: str, since: date | datetime, calendar: Calendar, *, custody: bool = False
) -> date | datetime:
    """Return a rule's last day (inclusive) or, for hours, its instant. Raises as `due`, and NoLastDay."""
    return due(name, since, calendar=calendar, custody=custody).last


def target(n: int, unit: Unit, since: date | datetime, calendar: Calendar) -> date | datetime:
    """Return the end of a target that the house sets itself: the last day or, for hours, the instant.

    Not law: the trigger's day is not counted and nothing moves over a rest day, save that `workday` counts
    working days. Raises BadTime.
    """
    try:
        if unit == "hour":
            return moment_in_shanghai(since) + timedelta(hours=n)
        day = legal_day(since)
        if unit == "workday":
            return calendar.working_days_later(day, n)
        return deadline_in_months(day, n * MONTHS[unit]) if unit in MONTHS else day + timedelta(days=n)
    except (OverflowError, ValueError) as error:
        raise BadTime(text=since.isoformat()) from error


def _counter(row: Rule) -> Callable[[_Count, Rule, date | datetime, int], None]:
    if row.kind in ("threshold", "count"):
        return _says
    if row.before:
        return _back
    if row.unit == "hour":
        return _hours
    if row.kind == "cap" and row.unit in MONTHS:
        return _cap
    return _forward


def _says(count: _Count, row: Rule, _start: date | datetime, _n: int) -> None:
    count.steps.append(row.sentence)
    count.steps.append("这是界限或者次数，不是期限：没有起算日和届满日")


def _back(count: _Count, row: Rule, start: date | datetime, n: int) -> None:
    event = legal_day(start)
    months = MONTHS.get(row.unit or "", 0)
    count.counted_from = event - ONE_DAY
    count.due_on = months_back(event, n * months) if months else event - timedelta(days=n)
    count.steps += [
        f"{row.trigger}之日 {event} 不计入，从前一日 {count.counted_from} 起倒数",
        f"提前{row.length}：最迟 {count.due_on}，遇休息日不顺延",
    ]
    if row.soft:
        count.steps.append("条文写“一般应当”，逾期不当然失去申请的权利")


def _hours(count: _Count, row: Rule, start: date | datetime, n: int) -> None:
    moment = moment_in_shanghai(start)
    if not isinstance(start, datetime):
        count.steps.append("没有给出时刻，按当日零时起算")
    count.due_at = moment + timedelta(hours=n)
    count.counted_from, count.due_on = moment.date(), count.due_at.date()
    count.steps += [
        f"从{row.trigger}的时刻 {moment.isoformat()} 起连续计算，休息日照算",
        f"满{n}小时为 {count.due_at.isoformat()}",
    ]


def _cap(count: _Count, row: Rule, start: date | datetime, n: int) -> None:
    day = legal_day(start)
    months = n * MONTHS[row.unit or "month"]
    count.counted_from, count.due_on = day, cap_last_day(day, months)
    count.steps += [
        f"上限从{row.trigger}当日 {day} 起算",
        f"{row.length}至对应日的前一日：最后一日 {count.due_on}，至当日24时",
        "保护本人的上限，遇休息日不顺延（我方理解）",
    ]


def _forward(count: _Count, row: Rule, start: date | datetime, n: int) -> None:
    day = legal_day(start)
    count.counted_from = day + ONE_DAY
    count.steps.append(
        f"{row.trigger}之日 {day} 不计入，从次日 {count.counted_from} 起算（刑事诉讼法105条2款）"
    )
    months = n * MONTHS.get(row.unit or "", 0)
    if row.kind == "minimum":
        count.due_on = months_later(day, months)
        count.steps.append(f"满{row.length}的第一日为对应日 {count.due_on}，遇休息日不顺延")
    elif months:
        count.due_on = deadline_in_months(day, months)
        why = "对应日" if count.due_on.day == day.day else "月末（月末起算或者没有对应日）"
        count.steps.append(f"{row.length}至{why} {count.due_on}（刑诉法解释202条1款）")
    elif row.unit == "day":
        count.due_on = day + timedelta(days=n)
        count.steps.append(f"第{n}日为 {count.due_on}")
        if row.kind == "cap":
            count.steps.append("保护本人的上限，遇休息日不顺延（我方理解）")
    # working days are counted with the calendar, below


def _workdays(count: _Count, row: Rule, start: date | datetime, calendar: Calendar) -> None:
    day = legal_day(start)
    first, last = calendar.next_working_day(day), calendar.working_days_later(day, row.n)
    count.counted_from, count.due_on = first, last
    count.looked_at += [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    count.steps = [
        f"{row.trigger}之日 {day} 不计入，第一个工作日为 {first}",
        f"第{row.n}个工作日为 {last}；周末和节假日不算，调休上班日照算",
    ]


def _roll(count: _Count, row: Rule, calendar: Calendar, *, custody: bool) -> None:
    last = count.due_on
    if last is None:
        return
    count.looked_at.append(last)
    if calendar.is_working_day(last):
        return
    if custody and not row.roll_if_custody:
        count.steps.append(f"末日 {last} 是休息日；在押期间不因节假日延长（刑事诉讼法105条4款）")
        return
    count.rolled_from, count.due_on = last, calendar.first_working_day(last)
    count.looked_at += [last + timedelta(days=n) for n in range((count.due_on - last).days + 1)]
    count.steps.append(
        f"末日 {last} 是休息日，顺延到其后第一个工作日 {count.due_on}"
        "（刑事诉讼法105条4款；适用于社区矫正属我方理解）"
    )


def _answer(count: _Count, row: Rule, calendar: Calendar) -> Due:
    if row.editable_per_notice:
        count.steps.append("文书另写回复期限的，以文书为准")
    if row.mark in MARK_WORDS:
        count.steps.append(f"{row.article}：{MARK_WORDS[row.mark]}")
    return Due(
        rule=row.id,
        kind=row.kind,
        n=row.n,
        unit=row.unit,
        counted_from=count.counted_from,
        due_on=count.due_on,
        due_at=count.due_at,
        rolled_from=count.rolled_from,
        article=row.article,
        status=row.status,
        confirmed_by=row.confirmed_by,
        warning=calendar.warning_for(count.looked_at),
        steps=tuple(count.steps),
    )
