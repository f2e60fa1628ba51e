"""The form of a judgment in force: who, where, what the document says, and what is computed from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sifang.cases.actors import near
from sifang.cases.calendars import calendar
from sifang.cases.expected import moment
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Actor, Ask, Duty, Kind, Procedure, Step
from sifang.law.procedures import edition
from sifang.law.render import mark_of
from sifang.law.terms import Mismatch, Sentence, Term, TermFacts, compare, term_of
from sifang.people.models import Agency, AgencyKind, Level, OrderType
from sifang.people.rules import COURT_ONLY, OrderPaper
from sifang.people.services import PersonFacts
from sifang.web.forms.follows import Line

TYPES_OF: dict[str, tuple[OrderType, ...]] = {
    AgencyKind.COURT: tuple(OrderType),
    AgencyKind.PRISON: (OrderType.OUTSIDE_PRISON,),
    AgencyKind.POLICE: (OrderType.OUTSIDE_PRISON,),
}
DECIDES = (AgencyKind.COURT, AgencyKind.PRISON, AgencyKind.POLICE, AgencyKind.ELSEWHERE)
TRACKS = ("handover", "intake")
NOBODY = UUID(int=0)

PERSON_ASKS = (
    Ask("name", "姓名"),
    Ask("sex", "性别", "choice", choices=(("m", "男"), ("f", "女"))),
    Ask("birth_date", "出生日期", "date"),
    Ask("id_number", "公民身份号码", required=False, help="没有的可以不填；填写的核对校验码"),
    Ask(
        "minor",
        "未成年人案件",
        "yesno",
        required=False,
        help="按出生日期自动认定；犯罪时不满十八周岁、现已成年的，选“是”",
        article="社区矫正法58条",
    ),
    Ask("nationality", "国籍", required=False, help="不填就是中国"),
    Ask("phone", "联系电话", required=False),
    Ask("address", "居住地", "place"),
)
ORDER_ASKS = (
    Ask("document_no", "文书号", help="例如（2026）鲁0102刑初123号"),
    Ask("document_date", "文书日期", "date"),
    Ask("effective_on", "生效日", "date", after="document_date", help="通知、送达和报到的期限从这一天起算"),
)
PROHIBITION = (
    Ask(
        "prohibition",
        "禁止令",
        "long",
        required=False,
        help="照抄主文；没有的不填",
        article="刑法38条、刑法72条",
    ),
    Ask("prohibition_until", "禁止令止日", "date", required=False, until="term_end"),
)
STATED = (
    Ask("term_start", "文书所写的起日", "date"),
    Ask("term_end", "文书所写的止日", "date", after="term_start", help="含当日"),
)


def _length(words: str) -> tuple[Ask, ...]:
    return (
        Ask("years", f"{words}：几年", "number", required=False),
        Ask("months", f"{words}：零几个月", "number", required=False, help="文书写十八个月的，这里填 18"),
    )


TERM_ASKS: dict[OrderType, tuple[Ask, ...]] = {
    OrderType.CONTROL: (
        Ask("starts_on", "判决执行之日", "date", article="刑法41条"),
        *_length("管制"),
        Ask("days_held", "判决以前先行羁押的日数", "number", required=False, help="羁押一日折抵二日"),
        Ask("several_crimes", "数罪并罚", "yesno", required=False),
    ),
    OrderType.PROBATION: (
        *_length("缓刑考验期"),
        Ask("detention", "判处的是拘役", "yesno", required=False),
        Ask("sentence_years", "判处的刑期：几年", "number", required=False),
        Ask("sentence_months", "判处的刑期：零几个月", "number", required=False),
    ),
    OrderType.PAROLE: (
        Ask("starts_on", "假释之日", "date", article="刑法83条"),
        Ask("life", "原判无期徒刑", "yesno", required=False),
        Ask("sentence_ends_on", "刑期届满之日", "date", required=False, help="原判有期徒刑的填写"),
    ),
    OrderType.OUTSIDE_PRISON: (
        Ask("starts_on", "决定所定的起日", "date"),
        Ask("sentence_ends_on", "刑期届满之日", "date"),
        Ask("decided_until", "决定书另定的止日", "date", required=False),
        Ask("out_from", "法院确定不计入刑期的期间：自", "date", required=False, article="刑事诉讼法268条"),
        Ask("out_to", "至（含）", "date", required=False, after="out_from"),
    ),
}


def entering(kind: OrderType) -> Step:
    """The form of the deciding body, read like the form of a row."""
    county = Ask("county", "执行地县级社区矫正机构", "choice", choices=_counties(), article="社区矫正法17条")
    return _as_row((*PERSON_ASKS, county, *_order(kind), *TERM_ASKS[kind], *STATED))


def receiving(kind: OrderType, county: Agency) -> Step:
    """The form of the county for who comes without papers: what is known so far (办法16条)."""
    offices = Agency.objects.filter(kind=AgencyKind.JUSTICE_OFFICE, parent=county).order_by("name")
    office = Ask("office", "司法所", "choice", choices=_named(offices), required=False)
    return _as_row((*PERSON_ASKS, office, _decider(kind), *_order(kind), *STATED))


def completing(kind: OrderType) -> Step:
    """The form of the papers that came later."""
    why = Ask("resolved", "期限不一致的处理理由", "long", required=False, help="只在下面算出不一致时填写")
    return _as_row((_decider(kind), *_order(kind), *TERM_ASKS[kind], *STATED, why))


def _order(kind: OrderType) -> tuple[Ask, ...]:
    with_ban = kind in {OrderType.CONTROL, OrderType.PROBATION}
    return (*ORDER_ASKS, *(PROHIBITION if with_ban else ()))


def _decider(kind: OrderType) -> Ask:
    """社区矫正法17条: courts; 暂予监外执行 also by prison administrations and the police."""
    kinds = (AgencyKind.COURT, AgencyKind.ELSEWHERE) if kind in COURT_ONLY else DECIDES
    found = Agency.objects.filter(kind__in=kinds).order_by("area_code", "name")
    return Ask("decided_by", "决定机关", "choice", choices=_named(found), article="社区矫正法17条")


def _counties() -> tuple[tuple[str, str], ...]:
    return _named(
        Agency.objects.filter(kind=AgencyKind.JUSTICE_BUREAU, level=Level.COUNTY).order_by("area_code")
    )


def _named(found: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(one.id), one.name) for one in found)


def _as_row(asks: tuple[Ask, ...]) -> Step:
    return Step("enter", "登记", "社区矫正法20条", Actor.DECIDER, "", "", asks=asks)


def person_of(answers: Mapping[str, Any], county: Agency, *, number: str = "") -> PersonFacts:
    """Return who the answers name."""
    office = answers.get("office")
    return PersonFacts(
        number=number,
        name=answers["name"],
        sex=answers["sex"],
        birth_date=_day(answers["birth_date"]),
        county_agency=county,
        office=Agency.objects.get(id=UUID(office)) if office else None,
        phone=answers.get("phone", ""),
        address=answers.get("address", ""),
        id_number=answers.get("id_number", ""),
        nationality=answers.get("nationality") or "中国",
        is_minor=True if answers.get("minor") else None,
    )


def paper_of(
    kind: OrderType, answers: Mapping[str, Any], body: Agency, *, computed: bool = True
) -> OrderPaper:
    """Return what the document says; `computed` False: nothing is known to compute the term from."""
    facts = facts_of(kind, answers) if computed else None
    sentence = facts.sentence if facts else None
    until = answers.get("prohibition_until")
    return OrderPaper(
        type=kind,
        decided_by=body,
        document_no=answers["document_no"],
        document_date=_day(answers["document_date"]),
        effective_on=_day(answers["effective_on"]),
        term_start=_day(answers["term_start"]),
        term_end=_day(answers["term_end"]),
        prohibition=answers.get("prohibition", ""),
        prohibition_until=_day(until) if until else None,
        sentence_months=sentence.all_months if sentence else None,
        term_facts=facts,
    )


def facts_of(kind: OrderType, answers: Mapping[str, Any]) -> TermFacts:
    """Return what the document says of the term, as far as the type needs it."""
    sentence = Sentence(answers.get("sentence_years", 0), answers.get("sentence_months", 0))
    out = (answers.get("out_from"), answers.get("out_to"))
    start = answers["effective_on"] if kind is OrderType.PROBATION else answers["starts_on"]
    return TermFacts(
        starts_on=_day(start),
        length=Sentence(answers.get("years", 0), answers.get("months", 0)),
        days_held=answers.get("days_held", 0),
        sentence_ends_on=_maybe(answers.get("sentence_ends_on")),
        is_life=bool(answers.get("life")),
        not_counted=((_day(out[0]), _day(out[1])),) if out[0] and out[1] else (),
        decided_until=_maybe(answers.get("decided_until")),
        sentence=sentence if sentence.all_months else None,
        is_detention=bool(answers.get("detention")),
        several_crimes=bool(answers.get("several_crimes")),
    )


@dataclass(frozen=True)
class TermShown:
    """The computed term beside the document's: the reasoning, and each difference."""

    term: Term
    mismatches: list[Mismatch]


def term_shown(paper: OrderPaper) -> TermShown | None:
    """Return the computed term and where the document departs from it. Raises MissingFact."""
    if paper.term_facts is None:
        return None
    term = term_of(str(paper.type), paper.term_facts)
    return TermShown(term, compare(term, paper.term_start, paper.term_end))


# ---- what begins with it ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beginning:
    """Whom the law tells, and which clocks start."""

    recipients: list[Line]
    clocks: list[Line]


def beginning(
    kind: OrderType, answers: Mapping[str, Any], body: Agency | None, place: Agency | None
) -> Beginning:
    """Return the recipients that the law lists and the periods that start; dates where they are known.

    `body`: who decided, None where that is not known yet.
    """
    facts: dict[str, Any] = {"type": str(kind)}
    if answers.get("effective_on"):
        facts["effective_on"] = answers["effective_on"]
    if place is not None and body is not None:
        facts["decided_elsewhere"] = body.area_code[:4] != place.area_code[:4]
    tables = [edition(name, legal_day(utc_now())) for name in TRACKS]
    return Beginning(
        recipients=list(_recipients(tables[0], facts, place)),
        clocks=[line for table in tables for line in _clocks(table, facts, body, place)],
    )


def _recipients(table: Procedure, facts: Mapping[str, Any], place: Agency | None) -> Iterator[Line]:
    seen: set[tuple[str, Actor]] = set()
    for step in table.steps:
        if step.name not in {"notify", "serve"}:
            continue
        for duty in step.duties:
            if (duty.title, duty.to) not in seen and (duty.given is None or duty.given.holds(facts)):
                seen.add((duty.title, duty.to))
                yield _line(duty, facts, place)
    if facts.get("decided_elsewhere"):
        yield Line("mail", "不在同一地方：由执行地县级社区矫正机构转送人民检察院、公安机关", "社区矫正法20条")


def _line(duty: Duty, facts: Mapping[str, Any], place: Agency | None) -> Line:
    by = moment(duty.due, facts, calendar()) if duty.due else None
    words = f"{duty.title}：{_name(duty.to, place)}"
    return Line("mail", words, duty.article, mark_of(duty.article, duty.mark), by)


def _clocks(
    table: Procedure, facts: Mapping[str, Any], body: Agency | None, place: Agency | None
) -> Iterator[Line]:
    for step in table.rows_from(table.start):
        if step.kind is Kind.CLOCK or step.due is None or step.due.since != "effective_on":
            continue
        if step.is_open(facts):
            owner = _name(step.actor, place)
            if step.actor is Actor.DECIDER:
                owner = body.name if body else "决定机关"
            by = moment(step.due, facts, calendar())
            yield Line(
                "clock", f"{step.title}（{owner}）", step.article, mark_of(step.article, step.mark), by
            )


def _name(actor: Actor, place: Agency | None) -> str:
    if actor is Actor.PERSON:
        return "本人"
    if place is None:
        return f"执行地{actor.value}"
    if actor is Actor.COUNTY:
        return place.name
    found = near(actor, place)
    return found.name if found else f"执行地{actor.value}"


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _maybe(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
