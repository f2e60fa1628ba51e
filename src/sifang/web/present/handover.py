"""衔接 in words: for each case what came, what is expected and what is missing, and who can mend it."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote
from uuid import UUID

from sifang.cases.desk import BY_THE_PERSON
from sifang.cases.desks import Reception
from sifang.cases.models import Dispatch, DispatchState, Expectation
from sifang.kernel.time import SHANGHAI
from sifang.people.finding import knows_by_name
from sifang.people.models import AgencyKind, Officer
from sifang.web.present.deadline import Deadline, deadline
from sifang.web.present.today import SHORT_KIND


@dataclass(frozen=True)
class Part:
    """One of notice, papers, person: its state as shape and word, the clock, who can mend what is missing."""

    look: str
    word: str
    note: str
    clock: Deadline | None
    mends: str
    article: str
    mark: str


@dataclass(frozen=True)
class Stage:
    """One stage of a receipt as a word; `done`: it happened."""

    word: str
    done: bool
    title: str


@dataclass(frozen=True)
class Copy:
    """A copy to another party: what, to whom, and whether it went."""

    who: str
    who_title: str
    title: str
    look: str
    word: str
    mends: str


@dataclass(frozen=True)
class Line:
    """One case of the reception desk."""

    name: str
    number: str
    case_words: str
    is_late: bool
    notice: Part
    papers: Part
    person: Part
    stages: list[Stage]
    copies: list[Copy]
    act: tuple[str, str] | None
    id: UUID


def line(one: Reception, officer: Officer, at: datetime) -> Line:
    """Return the line of one case as this officer sees it."""
    person, order = one.case.person, one.case.order
    notice = _notice(one, at)
    papers, arrived = _papers(one, at), _arrival(one, at)
    return Line(
        name=person.name if knows_by_name(officer, person) else person.masked_name,
        number=person.number,
        case_words=f"{order.get_type_display()} · {order.decided_by.name} · {order.effective_on:%m-%d} 生效",
        is_late=any(part.look in {"overdue", "outside"} for part in (notice, papers, arrived)),
        notice=notice,
        papers=papers,
        person=arrived,
        stages=_stages(one),
        copies=[_copy(letter) for letter in one.letters if _is_copy(letter)],
        act=_act(one, officer),
        id=one.case.id,
    )


def _notice(one: Reception, at: datetime) -> Part:
    happened = one.facts.get("notice_on")
    if happened:
        return Part("done", f"已通知 {_short(happened)}", "", None, "", "", "")
    return _first(one, at, ("handover.notify",), "未通知")


def _first(one: Reception, at: datetime, kinds: tuple[str, ...], lacking: str) -> Part:
    for kind in kinds:
        wanted = one.expected.get(kind)
        if wanted is not None:
            return _open(wanted, at, lacking)
    return Part("none", lacking, "", None, "", "", "")


def _open(wanted: Expectation, at: datetime, lacking: str) -> Part:
    clock = deadline(wanted.due_at, wanted.due_kind, wanted.opened_at, at)
    return Part(
        look=clock.look,
        word=lacking if clock.is_late else "等待",
        note=wanted.title,
        clock=clock,
        mends=_mends(wanted) if clock.is_late else "",
        article=wanted.article,
        mark=wanted.mark,
    )


def _mends(wanted: Expectation) -> str:
    """Who can mend it: the agency whose act is missing; what the person owes, the person."""
    return "由本人办理" if wanted.actor in BY_THE_PERSON else f"由{wanted.owner.name}办理"


def _papers(one: Reception, at: datetime) -> Part:
    facts = one.facts
    if facts.get("papers") == "complete":
        return Part("done", f"齐全 {_short(facts.get('docs_received_on'))}", "", None, "", "", "")
    if facts.get("papers") == "incomplete":
        gap = str(facts.get("gap") or "")[:60]
        for kind in ("handover.complete", "handover.notify_gap", "handover.accept_papers"):
            wanted = one.expected.get(kind)
            if wanted is not None:
                found = _open(wanted, at, "缺件")
                return Part(
                    found.look,
                    f"缺件：{gap}" if gap else "缺件",
                    found.note,
                    found.clock,
                    found.mends,
                    *_law(wanted),
                )
        return Part("due", f"缺件：{gap}", "", None, "", "", "")
    served = facts.get("served_on")
    if served:
        wanted = one.expected.get("handover.accept_papers")
        clock = deadline(wanted.due_at, wanted.due_kind, wanted.opened_at, at) if wanted else None
        return Part(
            "due", f"{_short(served)} 送出，待核对", "", clock, "", *(_law(wanted) if wanted else ("", ""))
        )
    return _first(one, at, ("handover.serve",), "文书未到")


def _law(wanted: Expectation) -> tuple[str, str]:
    return wanted.article, wanted.mark


def _arrival(one: Reception, at: datetime) -> Part:
    if one.states.get("intake") in {"received", "announced"}:
        return Part("done", f"已接收 {_short(one.facts.get('received_on'))}", "", None, "", "", "")
    if one.facts.get("arrived_on"):
        return Part("done", f"已到 {_short(one.facts['arrived_on'])}", "待接收登记", None, "", "", "")
    if one.states.get("intake") == "missing":
        wanted = one.expected.get("intake.search") or one.expected.get("intake.call_police")
        clock = deadline(wanted.due_at, wanted.due_kind, wanted.opened_at, at) if wanted else None
        mends = f"由{wanted.owner.name}{wanted.title}" if wanted else "查找中"
        return Part(
            "overdue", "期满未报到", "现在在哪里？", clock, mends, *(_law(wanted) if wanted else ("", ""))
        )
    return _first(one, at, ("intake.report", "intake.hand_over_held", "intake.transfer"), "未报到")


def _stages(one: Reception) -> list[Stage]:
    """送出、收到、回执 of the papers, as words in a row."""
    return [
        Stage(word, bool(one.facts.get(fact)), _short(one.facts.get(fact)) if one.facts.get(fact) else "")
        for word, fact in (("送出", "served_on"), ("收到", "docs_received_on"), ("回执", "receipt_on"))
    ]


def _is_copy(letter: Dispatch) -> bool:
    return letter.to_agency is not None and letter.to_agency.kind in {
        AgencyKind.PROCURATORATE,
        AgencyKind.POLICE,
        AgencyKind.COURT,
    }


def _copy(letter: Dispatch) -> Copy:
    agency = letter.to_agency
    assert agency is not None
    words = {
        DispatchState.EXPECTED: ("overdue", "没有发出"),
        DispatchState.SENT: ("due", "已送，未签收"),
        DispatchState.ACCEPTED: ("done", "已签收"),
        DispatchState.DISPUTED: ("overdue", "有异议"),
    }
    look, word = words[DispatchState(letter.state)]
    sender = letter.from_agency.name if letter.from_agency else ""
    mends = f"由{sender}补送" if letter.state == DispatchState.EXPECTED and sender else ""
    return Copy(
        SHORT_KIND.get(AgencyKind(agency.kind), agency.name), agency.name, letter.title, look, word, mends
    )


def _act(one: Reception, officer: Officer) -> tuple[str, str] | None:
    """The first open matter of this officer's agency in the case, as a link to its act."""
    own = [
        wanted
        for wanted in one.expected.values()
        if wanted.owner_id == officer.agency_id and wanted.kind.split(".")[0] in one.proceedings
    ]
    own.sort(key=lambda wanted: wanted.due_at or datetime.max.replace(tzinfo=SHANGHAI))
    if not own:
        return None
    procedure, _, step = own[0].kind.partition(".")
    url = f"/persons/{quote(one.case.person.number)}/do/{procedure}/{step}"
    return own[0].title, f"{url}?proceeding={one.proceedings[procedure]}"


def _short(value: object) -> str:
    try:
        return f"{date.fromisoformat(str(value)[:10]):%m-%d}"
    except ValueError:
        return ""
