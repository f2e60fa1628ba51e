"""Import of a register 登记册导入: every row judged first, then all of them in one transaction, or none.

An officer of the county agency imports persons of the own county, nobody else. What is examined, and what is
imported, leaves its read record; the import leaves its ledger row with the digest of the file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from sifang.cases.models import RegisterImport
from sifang.cases.register_columns import TITLE
from sifang.cases.register_file import Table, read_table
from sifang.cases.register_rows import SEXES, TYPES, Problem, Told, check_titles, understand
from sifang.cases.takeover import take_over_course
from sifang.kernel.errors import BeyondPower, SifangError
from sifang.kernel.time import legal_day, utc_now
from sifang.law.terms import Mismatch, MissingFact
from sifang.ledger.services import record
from sifang.people.access import Purpose, acting, record_read
from sifang.people.errors import NoStanding, NotForThisType, TermMismatch
from sifang.people.models import Agency, AgencyKind, Level, Officer, Order, OrderType, Role, active_roles
from sifang.people.rules import (
    OrderPaper,
    check_paper,
    is_minor_on,
    refuse_mismatch,
    term_mismatches,
)
from sifang.people.services import PersonFacts, add_guardian, register_person

PREPARE_DAYS = 30  # 办法53条: the release is prepared from thirty days before the end
KEPT = ("category", "team", "sentence_kind", "sentence")
FIELD_OF: dict[type[SifangError], str] = {
    NoStanding: "decider",
    NotForThisType: "prohibition",
    TermMismatch: "term_end",
    MissingFact: "length",
}


class RowsRefused(SifangError):
    """{bad} 行有错，一行也没有导入。请改正后重新导入。"""

    code, status = "rows_refused", 400


@dataclass
class Report:
    """What a file holds, row by row; `imported_before` says in words that this file is known already."""

    sha256: str
    rows: int
    problems: list[Problem] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    new: int = 0
    by_type: dict[str, int] = field(default_factory=dict)
    minors: int = 0
    unknown_titles: list[str] = field(default_factory=list)
    imported_before: str = ""
    registered: int = 0

    @property
    def errors(self) -> list[Problem]:
        """The problems that forbid the import."""
        return [one for one in self.problems if not one.is_warning]

    @property
    def warnings(self) -> list[Problem]:
        """What an officer ought to know and may let stand."""
        return [one for one in self.problems if one.is_warning]

    @property
    def bad_rows(self) -> int:
        """How many rows have an error."""
        return len({one.line for one in self.errors})

    @property
    def is_good(self) -> bool:
        """Whether the file can be imported and would change something."""
        return not self.errors and self.new > 0 and not self.imported_before


@dataclass(frozen=True)
class Ready:
    """One row that may be registered."""

    told: Told
    facts: PersonFacts
    paper: OrderPaper
    received_on: date


def check_register(officer: Officer, data: bytes) -> Report:
    """Return what importing this file would do, and change nothing. Raises UnreadableFile, BeyondPower."""
    report, _ = _examined(officer, data)
    return report


def import_register(officer: Officer, data: bytes, *, file_name: str = "") -> Report:
    """Register every person of the file who is not yet on the books, all or none; return the report.

    The same file a second time, or a file of known numbers, changes nothing. Raises UnreadableFile,
    BeyondPower, RowsRefused (`data["report"]` is the report); nothing is half-imported.
    """
    report, ready = _examined(officer, data)
    if report.errors:
        raise RowsRefused(bad=report.bad_rows, report=report)
    if not report.is_good:
        return report
    with acting(officer, Purpose.RECEPTION):
        persons = [_register(officer, one, report) for one in ready]
        _leave_records(officer, report, file_name, persons)
    return report


def _examined(officer: Officer, data: bytes) -> tuple[Report, list[Ready]]:
    county = need_importer(officer)
    table = read_table(data)
    report = Report(table.sha256, len(table.rows), unknown_titles=check_titles(table))
    with acting(officer, Purpose.RECEPTION):
        before = RegisterImport.objects.filter(agency=county, sha256=table.sha256).first()
        if before is not None:
            at = legal_day(before.at)
            report.imported_before = f"这个文件已于 {at} 导入（{before.registered} 人），没有改动"
        ready = list(_judged(officer, county, table, report))
    report.problems.sort(key=lambda one: one.line)
    report.new = len(ready)
    report.by_type = dict(Counter(one.paper.type.label for one in ready))
    report.minors = sum(1 for one in ready if is_minor_on(one.facts.birth_date, one.paper.effective_on))
    return report, ready


def need_importer(officer: Officer) -> Agency:
    """Return the county agency for which this officer imports. Raises BeyondPower (社区矫正法22条)."""
    agency = officer.agency
    is_county = agency is not None and (agency.kind, agency.level) == (
        AgencyKind.JUSTICE_BUREAU,
        Level.COUNTY,
    )
    if agency is None or not is_county or Role.COUNTY_OFFICER not in active_roles(officer, utc_now()):
        raise BeyondPower(owner="县级社区矫正机构", article="社区矫正法22条")
    return agency


@dataclass
class Known:
    """What the register holds already, as far as this file touches it, and the agencies by name."""

    papers: dict[str, set[str]]
    offices: dict[str, Agency]
    deciders: dict[str, Agency]
    first_line: dict[str, int] = field(default_factory=dict)
    papers_here: dict[tuple[str, str], int] = field(default_factory=dict)


def _known(officer: Officer, county: Agency, rows: Sequence[Told]) -> Known:
    numbers = {one.texts.get("number", "") for one in rows}
    papers: dict[str, set[str]] = {}
    seen = set()
    found = Order.objects.filter(person__number__in=numbers)
    for person, number, document in found.values_list("person_id", "person__number", "document_no"):
        papers.setdefault(number, set()).add(document)
        seen.add(person)
    record_read(officer, Purpose.RECEPTION, "register_check", sorted(seen))
    offices = Agency.objects.filter(kind=AgencyKind.JUSTICE_OFFICE, parent=county)
    names = {one.texts.get("decider", "") for one in rows}
    deciders = Agency.objects.filter(name__in=names)
    return Known(papers, {one.name: one for one in offices}, {one.name: one for one in deciders})


def _judged(officer: Officer, county: Agency, table: Table, report: Report) -> Iterator[Ready]:
    rows = [understand(row) for row in table.rows]
    known = _known(officer, county, rows)
    for told in rows:
        ready = _judge(told, county, known, report)
        report.problems += told.problems
        if ready is not None and told.is_good:
            yield ready


def _judge(told: Told, county: Agency, known: Known, report: Report) -> Ready | None:
    number, document = told.texts.get("number", ""), told.texts.get("document_no", "")
    place = told.texts.get("county", "")
    if place and place != county.name:
        told.blame("county", f"{county.name}只能登记在本地执行的对象", "社区矫正法22条")
        return None
    if number in known.first_line:
        told.blame("number", f"与第 {known.first_line[number]} 行的编号相同")
        return None
    known.first_line[number] = told.line
    if number and number in known.papers:
        if document in known.papers[number]:
            report.known.append(number)
            told.problems = [one for one in told.problems if not one.is_warning]
        else:
            told.blame("number", "已有同号的对象，而文书号不同；导入不改动已登记的人")
        return None
    office = _office(told, known)
    decider = known.deciders.get(told.texts.get("decider", ""))
    if decider is None and told.texts.get("decider"):
        told.blame("decider", "机构名录里没有，先由管理员登记（外地机关登记为“外地机构”）", "社区矫正法17条")
    if not told.is_good or decider is None:
        return None
    paper = paper_of_row(told, decider)
    _check_days(told, paper)
    _check_paper(told, paper)
    return Ready(told, _facts(told, county, office), paper, told.days["received_on"])


def _office(told: Told, known: Known) -> Agency | None:
    name = told.texts.get("office", "")
    if not name:
        told.blame("office", "没有司法所，暂由县区直接管理", warning=True)
    elif name not in known.offices:
        told.blame("office", "不是本县区已登记的司法所")
    return known.offices.get(name)


def paper_of_row(told: Told, decider: Agency) -> OrderPaper:
    """Return what a row says of the legal document; its days were understood before."""
    return OrderPaper(
        type=OrderType(TYPES[told.texts["type"]]),
        decided_by=decider,
        document_no=told.texts["document_no"],
        document_date=told.days["document_date"],
        effective_on=told.days["effective_on"],
        term_start=told.days["term_start"],
        term_end=told.days["term_end"],
        prohibition=told.texts.get("prohibition", ""),
        prohibition_until=told.days.get("prohibition_until"),
        term_facts=told.term_facts,
    )


def _facts(told: Told, county: Agency, office: Agency | None) -> PersonFacts:
    return PersonFacts(
        number=told.texts["number"],
        name=told.texts["name"],
        sex=SEXES[told.texts["sex"]],
        birth_date=told.days["birth_date"],
        county_agency=county,
        office=office,
        phone=told.texts.get("phone", ""),
        address=told.texts.get("address", ""),
        id_number=told.texts.get("id_number", ""),
    )


def _check_days(told: Told, paper: OrderPaper) -> None:
    today, received = legal_day(utc_now()), told.days["received_on"]
    if received > today:
        told.blame("received_on", "晚于今天")
    if received < paper.document_date:
        told.blame("received_on", "早于文书日期", "社区矫正法22条")
    if told.days["birth_date"] >= paper.document_date:
        told.blame("birth_date", "不早于文书日期")
    if paper.term_end < today:
        told.blame("term_end", "矫正期已满，应当解除矫正，不能作为在矫对象导入", "社区矫正法44条")
    elif (paper.term_end - today).days < PREPARE_DAYS:
        told.blame("term_end", f"距期满不足{PREPARE_DAYS}日，请立即准备解除矫正", "办法53条", warning=True)
    if is_minor_on(told.days["birth_date"], paper.effective_on) and not told.texts.get("guardian"):
        told.blame("guardian", "未成年人没有填写监护人", "社区矫正法53条", warning=True)
    if told.texts.get("guardian") and not told.texts.get("guardian_relation"):
        told.blame("guardian_relation", "没有填写与监护人的关系")


def _check_paper(told: Told, paper: OrderPaper) -> None:
    """The same check as a single registration; a term that differs needs the reasons in its own column."""
    try:
        check_paper(paper)
        found: list[Mismatch] = term_mismatches(paper)
        if found and not told.texts.get("resolved", "").strip():
            raise refuse_mismatch(paper, found)
    except SifangError as error:
        key = FIELD_OF.get(type(error), "document_no")
        told.blame(key, str(error).rstrip("。"), str(error.data.get("article", "")))
        return
    if found:
        told.blame("resolved", "期限与计算不符，按填写的理由采用文书期限", found[0].article, warning=True)
    elif paper.term_facts is None:
        told.blame("length", "没有可供核对的刑期，期限未经计算核对", warning=True)


def _register(officer: Officer, one: Ready, report: Report) -> UUID:
    told = one.told
    try:
        with transaction.atomic():
            order = register_person(
                officer,
                one.facts,
                one.paper,
                received_on=one.received_on,
                resolved=told.texts.get("resolved", ""),
            )
    except IntegrityError as error:
        if "number" not in str(error):
            raise
        told.blame("number", "这个编号已被别处使用")
        report.problems.append(told.problems[-1])
        raise RowsRefused(bad=1, report=report) from error
    if name := told.texts.get("guardian"):
        relation, phone = told.texts["guardian_relation"], told.texts.get("guardian_phone", "")
        add_guardian(officer, order.person, name, relation, phone)
    take_over_course(
        officer,
        order,
        source="register",
        sha256=report.sha256,
        told={TITLE[key]: told.texts[key] for key in KEPT if key in told.texts} | {"行": told.line},
    )
    report.registered += 1
    return order.person_id


def _leave_records(officer: Officer, report: Report, file_name: str, persons: Sequence[UUID]) -> None:
    assert officer.agency is not None
    record_read(officer, Purpose.RECEPTION, "register_import", persons)
    made = RegisterImport.objects.create(
        officer=officer,
        agency=officer.agency,
        file_name=file_name[:120],
        sha256=report.sha256,
        rows=report.rows,
        registered=report.registered,
    )
    record(
        "register_imported",
        {
            "import": str(made.id),
            "by": str(officer.id),
            "agency": str(officer.agency.id),
            "sha256": report.sha256,
            "rows": report.rows,
            "registered": report.registered,
        },
    )
