"""What an order may say, by its type (PROCEDURES § 2, E1, E8). Pure: facts in, refusal or nothing out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sifang.kernel.errors import BadInput
from sifang.law.terms import Mismatch, Sentence, TermFacts, compare, term_of
from sifang.law.time import months_later
from sifang.ledger.canonical import canonical
from sifang.people.errors import NoStanding, NotForThisType, TermMismatch
from sifang.people.models import Agency, AgencyKind, Level, OrderType

LIFE = 9999
ADULT_YEARS = 18
WITH_PROHIBITION = {OrderType.CONTROL: "刑法38条", OrderType.PROBATION: "刑法72条"}
COURT_ONLY = {OrderType.CONTROL, OrderType.PROBATION, OrderType.PAROLE}


@dataclass(frozen=True)
class OrderPaper:
    """What the legal document says; the days are legal days, `term_end` and `prohibition_until` inclusive."""

    type: OrderType
    decided_by: Agency
    document_no: str
    document_date: date
    effective_on: date
    term_start: date
    term_end: date
    prohibition: str = ""
    prohibition_until: date | None = None
    sentence_months: int | None = None  # the sentence behind it; LIFE for 无期徒刑, None where not known
    term_facts: TermFacts | None = None  # None: taken over or papers pending, nothing is computed


def check_paper(paper: OrderPaper) -> None:
    """Refuse a paper that cannot be. Raises BadInput, NoStanding, NotForThisType, TermMismatch.

    Whether the term agrees with the computed one is `term_mismatches`, which a named officer may settle.
    """
    if not paper.document_no.strip():  # 社区矫正法2条: nobody is supervised without a legal order
        raise BadInput(reason="没有文书号的决定不能登记")
    _check_decider(paper)
    _check_term(paper)
    _check_prohibition(paper)


def _check_decider(paper: OrderPaper) -> None:
    """社区矫正法17条: courts; for 暂予监外执行 also prison administrations and police of a city and up."""
    decider = paper.decided_by
    may = decider.kind == AgencyKind.COURT
    if paper.type not in COURT_ONLY:
        may = may or decider.kind in {AgencyKind.PRISON, AgencyKind.ELSEWHERE}
        may = may or (decider.kind == AgencyKind.POLICE and decider.level in {Level.CITY, Level.PROVINCE})
    elif decider.kind == AgencyKind.ELSEWHERE:  # a court elsewhere in the country
        may = True
    if not may:
        raise NoStanding(agency=decider.name, type=paper.type.label, article="社区矫正法17条")


def _check_term(paper: OrderPaper) -> None:
    if paper.term_end < paper.term_start:
        raise TermMismatch(reason="止日早于起日", article="社区矫正法44条")
    is_probation = paper.type is OrderType.PROBATION and paper.term_facts is None
    if is_probation and paper.term_start != paper.effective_on:
        raise TermMismatch(reason="缓刑考验期从判决确定之日起计算", article="刑法73条")
    if paper.effective_on < paper.document_date:
        raise TermMismatch(reason="生效日早于文书日期", article="社区矫正法20条")


def _check_prohibition(paper: OrderPaper) -> None:
    if not paper.prohibition:
        if paper.prohibition_until is not None:
            raise BadInput(reason="没有禁止令，不能有禁止令止日")
        return
    if paper.type not in WITH_PROHIBITION:
        raise NotForThisType(type=paper.type.label, what="禁止令", article="刑法38条、刑法72条")
    if paper.prohibition_until and paper.prohibition_until > paper.term_end:
        raise TermMismatch(reason="禁止令期限超过矫正期", article=WITH_PROHIBITION[paper.type])


def is_minor_on(birth_date: date, day: date) -> bool:
    """Whether somebody is under eighteen on a legal day; the birthday itself counts as the younger age."""
    return day <= months_later(birth_date, 12 * ADULT_YEARS)


def term_mismatches(paper: OrderPaper) -> list[Mismatch]:
    """Return where the document's term departs from the computed one; empty without facts to compute from.

    Raises MissingFact when the facts do not suffice for the type (PROCEDURES § 1).
    """
    if paper.term_facts is None:
        return []
    return compare(term_of(str(paper.type), paper.term_facts), paper.term_start, paper.term_end)


def refuse_mismatch(paper: OrderPaper, found: Sequence[Mismatch]) -> TermMismatch:
    """Return the refusal that names what the document says, what is computed, and by which reasoning."""
    assert paper.term_facts is not None
    words = "；".join(f"{one.words}（文书{one.stated}，计算{one.computed}）" for one in found)
    steps = "；".join(term_of(str(paper.type), paper.term_facts).steps)
    return TermMismatch(
        reason=f"{words}。计算：{steps}。须由具名工作人员核对文书后说明理由", article=found[0].article
    )


def facts_json(facts: TermFacts | None) -> dict[str, Any] | None:
    """Return the facts of a term as `Order.term_facts` keeps them: days as text, lengths as years, months."""
    if facts is None:
        return None
    return {
        "starts_on": facts.starts_on.isoformat(),
        "length": [facts.length.years, facts.length.months],
        "days_held": facts.days_held,
        "sentence_ends_on": _text(facts.sentence_ends_on),
        "is_life": facts.is_life,
        "not_counted": [[a.isoformat(), b.isoformat()] for a, b in facts.not_counted],
        "decided_until": _text(facts.decided_until),
        "sentence": [facts.sentence.years, facts.sentence.months] if facts.sentence else None,
        "is_detention": facts.is_detention,
        "several_crimes": facts.several_crimes,
    }


def facts_from_json(kept: dict[str, Any]) -> TermFacts:
    """Return the facts of a term from what `facts_json` made."""
    return TermFacts(
        starts_on=date.fromisoformat(kept["starts_on"]),
        length=Sentence(*kept["length"]),
        days_held=kept["days_held"],
        sentence_ends_on=_day(kept["sentence_ends_on"]),
        is_life=kept["is_life"],
        not_counted=tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in kept["not_counted"]),
        decided_until=_day(kept["decided_until"]),
        sentence=Sentence(*kept["sentence"]) if kept["sentence"] else None,
        is_detention=kept["is_detention"],
        several_crimes=kept["several_crimes"],
    )


def paper_digest(paper: OrderPaper) -> str:
    """Return SHA-256 (hex) over what the paper says, for the record of who settled its term."""
    facts = {
        "type": str(paper.type),
        "decided_by": str(paper.decided_by.id),
        "document_no": paper.document_no,
        "days": [str(paper.document_date), str(paper.effective_on)],
        "term": [str(paper.term_start), str(paper.term_end)],
        "prohibition": [paper.prohibition, str(paper.prohibition_until)],
        "facts": facts_json(paper.term_facts),
        "sentence": paper.sentence_months,
    }
    return hashlib.sha256(canonical(facts)).hexdigest()


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
