"""今日 in words: the rows of the list in their groups, the two weeks, the cards beside it."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote
from uuid import UUID

from sifang.cases.calendars import calendar
from sifang.cases.desk import STRIP, Scope, Today, bucket, views_of
from sifang.cases.models import Dispatch, Expectation
from sifang.kernel.time import SHANGHAI, legal_day
from sifang.people.finding import knows_by_name
from sifang.people.models import AgencyKind, DelegationMatter, Officer, Person
from sifang.web.present.deadline import WEEKDAYS, Deadline, deadline

GROUPS = {"late": "已逾期", "today": "今天", "week": "本周", "later": "以后"}
VIEWS = {"mine": "我的", "person": "本人应办", "agency": "本机构", "watch": "监督：辖区逾期"}
# what the rooms of alarms and measures expect, by their own names
TITLES = {
    "alarm_taken": "接手报警",
    "alarm_taking": "接手报警",
    "alarm_handling": "办结报警",
    "alarm_late": "核实迟到的定位",
    "incident_handling": "处理技术事件",
    "measure_told": "向本人书面告知电子定位措施",
    "measure_review": "复核是否仍有必要使用定位装置",
}
SHORT_KIND = {
    AgencyKind.COURT: "法院",
    AgencyKind.POLICE: "公安",
    AgencyKind.PROCURATORATE: "检察院",
    AgencyKind.PRISON: "监狱",
    AgencyKind.DETENTION_CENTRE: "看守所",
}


@dataclass(frozen=True)
class Row:
    """One line: state, what, how it was counted, whom it concerns, by which article, one action."""

    clock: Deadline
    title: str
    counted: str
    name: str
    number: str
    article: str
    mark: str
    action: str
    url: str
    posts: UUID | None = None


@dataclass(frozen=True)
class Group:
    title: str
    key: str
    total: int
    rows: list[Row]


@dataclass(frozen=True)
class Day:
    """A day of the two weeks; `rests`: by the calendar in force."""

    on: date
    weekday: str
    n: int
    is_today: bool
    rests: bool


@dataclass(frozen=True)
class Letter:
    """Something sent or owed between agencies."""

    id: UUID
    who: str
    who_title: str
    title: str
    name: str
    number: str
    since: str
    clock: Deadline | None
    words: str
    article: str
    mark: str
    act: str


@dataclass(frozen=True)
class Page:
    """All that the template of 今日 needs."""

    today: Today
    view: str
    views: list[tuple[str, str, int]]
    groups: list[Group]
    days: list[Day]
    warning: str
    inbox: list[Letter]
    waiting: list[Letter]
    waiting_total: int
    delegations: list[str]
    total: int
    late: int
    due_today: int
    shown: int
    is_office: bool


def page_of(found: Today, officer: Officer, view: str) -> Page:
    """Return the page of a desk."""
    day = legal_day(found.at)
    rows: dict[str, list[Row]] = {key: [] for key in GROUPS}
    for one in found.rows:
        late = one.due_at is not None and one.due_at <= found.at
        last = None if one.due_at is None else legal_day(one.due_at - timedelta(microseconds=1))
        rows[bucket(last, is_late=late, today=day)].append(row(one, found, officer, view))
    groups = [
        Group(title, key, found.groups[key], rows[key])
        for key, title in GROUPS.items()
        if found.groups[key] and rows[key]
    ]
    days = calendar()
    strip = _strip(found, day)
    warning = days.warning_for(one.on for one in strip) or ""
    waiting = [_sent(one, officer) for one in found.waiting] + [
        _owed(one, found, officer) for one in found.owed
    ]
    return Page(
        today=found,
        view=view,
        views=[(key, VIEWS[key], found.counts.get(key, 0)) for key in views_of(found.scope)],
        groups=groups,
        days=strip,
        warning=warning,
        inbox=[_came(one) for one in found.inbox],
        waiting=waiting,
        waiting_total=found.waiting_total + len(found.owed),
        delegations=_delegations(found),
        total=found.more,
        late=found.groups["late"],
        due_today=found.groups["today"],
        shown=len(found.rows),
        is_office=found.scope.agency.kind == AgencyKind.JUSTICE_OFFICE,
    )


def row(one: Expectation, found: Today, officer: Officer, view: str) -> Row:
    """Return the line of one expectation."""
    person = one.case.person if one.case else None
    sent = found.subjects.get(one.subject_id) if one.subject_kind == "dispatch" else None
    title = one.title or TITLES.get(one.kind, one.kind)
    counted = one.counted
    if sent is not None and one.kind == "copy":
        title, counted = f"送出：{title}", f"应送 {sent.to_agency.name if sent.to_agency else sent.to_actor}"
    elif sent is not None and one.kind == "receipt":
        title = f"告知{sent.to_actor}：{title}"
    if view == "watch":
        counted = f"{one.owner.name}；{counted}"
    action, url, posts = _action(one, found.scope, person, sent, view)
    name, number = _who(person, sent, officer)
    return Row(
        clock=deadline(one.due_at, one.due_kind, one.opened_at, found.at),
        title=title,
        counted=counted,
        name=name,
        number=number if person is not None else "",
        article=one.article,
        mark=one.mark,
        action=action,
        url=url,
        posts=posts,
    )


def _who(person: Person | None, sent: Dispatch | None, officer: Officer) -> tuple[str, str]:
    if person is not None:
        return (person.name if knows_by_name(officer, person) else person.masked_name), person.number
    if sent is not None:
        return str(sent.content.get("name", "—")), str(sent.content.get("number", ""))
    return "—", ""


def _action(
    one: Expectation, scope: Scope, person: Person | None, sent: Dispatch | None, view: str
) -> tuple[str, str, UUID | None]:
    """Return word, address and, where the act is one press, the dispatch that the button posts."""
    if one.subject_kind == "alarm":
        return ("查看" if view == "watch" else "去处理"), f"/alarms/{one.subject_id}", None
    if one.kind == "receipt" and sent is not None and sent.to_agency_id is None and view != "watch":
        return "登记已告知", "", sent.id
    if one.kind == "copy" and sent is not None and view != "watch":
        return "登记已送", "", sent.id
    if person is None:
        return "", "", None
    file = f"/persons/{quote(person.number)}"
    procedure, _, step = one.kind.partition(".")
    own = one.actor in scope.actors or not scope.actors or scope.agency.kind == AgencyKind.JUSTICE_OFFICE
    recorded = view == "person" and not scope.is_head_only
    if view != "watch" and step and one.proceeding_id and (own or recorded):
        return "去办理", f"{file}/do/{procedure}/{step}?proceeding={one.proceeding_id}", None
    return "查看", file, None


def _strip(found: Today, day: date) -> list[Day]:
    """Two weeks from the Monday of this one; what is late stands on today."""
    monday, days = day - timedelta(days=day.weekday()), calendar()
    late = sum(n for on, n in found.days.items() if on < day)
    return [
        Day(
            on,
            WEEKDAYS[on.weekday()],
            found.days.get(on, 0) + (late if on == day else 0) if on >= day else 0,
            on == day,
            not days.is_working_day(on),
        )
        for on in (monday + timedelta(days=n) for n in range(STRIP))
    ]


def _came(one: Dispatch) -> Letter:
    moment = one.sent_at or one.created_at
    return Letter(
        id=one.id,
        who=_short(one),
        who_title=one.from_agency.name if one.from_agency else "",
        title=one.title,
        name=str(one.content.get("name", "")),
        number=str(one.content.get("number", "")),
        since=f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}",
        clock=None,
        words=str(one.content.get("act", "")),
        article=one.article,
        mark=one.mark,
        act="confirm",
    )


def _short(one: Dispatch) -> str:
    agency = one.from_agency
    return SHORT_KIND.get(AgencyKind(agency.kind), agency.name) if agency else one.to_actor


def _sent(one: Dispatch, officer: Officer) -> Letter:
    name, number = _who(one.case.person if one.case_id and one.case else None, one, officer)
    agency, moment = one.to_agency, one.sent_at or one.created_at
    assert agency is not None
    disputed = one.state == "disputed"
    return Letter(
        id=one.id,
        who=SHORT_KIND.get(AgencyKind(agency.kind), agency.name),
        who_title=agency.name,
        title=one.title,
        name=name,
        number=number,
        since=f"{moment.astimezone(SHANGHAI):%m-%d}",
        clock=None,
        words=f"有异议：{one.words}" if disputed else "未签收",
        article=one.article,
        mark=one.mark,
        act="disputed" if disputed else "sent",
    )


def _owed(one: Expectation, found: Today, officer: Officer) -> Letter:
    name, number = _who(one.case.person if one.case else None, None, officer)
    return Letter(
        id=one.id,
        who=SHORT_KIND.get(AgencyKind(one.owner.kind), one.owner.name),
        who_title=one.owner.name,
        title=one.title or TITLES.get(one.kind, one.kind),
        name=name,
        number=number,
        since="",
        clock=deadline(one.due_at, one.due_kind, one.opened_at, found.at),
        words="",
        article=one.article,
        mark=one.mark,
        act="owed",
    )


def _delegations(found: Today) -> list[str]:
    """One sentence an office: the agency leaves the matter, not an officer (社区矫正法9条)."""
    by: dict[str, list[str]] = {}
    for one in found.delegations:
        until = f"，至 {one.valid_to:%Y-%m-%d}" if one.valid_to else ""
        own = one.office_id == found.scope.agency.id
        head = f"{one.agency.name}{one.title}本所" if own else f"本机构{one.title} {one.office.name}"
        by.setdefault(head, []).append(f"{DelegationMatter(one.matter).label}{until}")
    return [f"{head}：{'；'.join(matters)}" for head, matters in by.items()]
