"""What an order may say, by its type (PROCEDURES § 2, E1, E8). Pure: facts in, refusal or nothing out."""

from dataclasses import dataclass
from datetime import date

from sifang.kernel.errors import BadInput
from sifang.people.errors import NoStanding, NotForThisType, TermMismatch
from sifang.people.models import Agency, AgencyKind, Level, OrderType

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


def check_paper(paper: OrderPaper) -> None:
    """Refuse a paper that cannot be. Raises BadInput, NoStanding, NotForThisType, TermMismatch."""
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
    if paper.type is OrderType.PROBATION and paper.term_start != paper.effective_on:
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
