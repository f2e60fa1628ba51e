"""One case as a portable archive: taken out by its county agency, taken over by that of another house.

What another house recorded stays what it is: told history, kept byte by byte beside the case (TakenOver,
TakenDocument). It never becomes an act of this house; the course runs on by `take_over_course`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, models, transaction

from sifang.cases.archive_file import FORMAT, Archive, BadArchive, digest, pack, unpack
from sifang.cases.models import (
    Act,
    Case,
    CaseExport,
    Dispatch,
    Expectation,
    Proceeding,
    TakenDocument,
    TakenOver,
)
from sifang.cases.register_import import need_importer
from sifang.cases.takeover import take_over_course
from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, Officer, Order, OrderType, Person, Role, active_roles
from sifang.people.rules import OrderPaper, facts_from_json
from sifang.people.services import PersonFacts, add_guardian, register_person

PERSON = ("number", "name", "sex", "birth_date", "id_number", "phone", "address", "occupation", "nationality",
          "is_minor")  # fmt: skip
ORDER = ("type", "document_no", "document_date", "effective_on", "term_start", "term_end", "prohibition",
         "prohibition_until", "term_facts", "papers_pending", "received_on")  # fmt: skip
PROCEEDING = ("id", "procedure", "state", "facts", "opening", "started_at", "closed_at", "opened_by_id")
ACT = ("id", "proceeding_id", "procedure", "step", "row", "edition", "edition_digest", "title", "article",
       "mark",
       "actor", "recorded_for", "at", "day", "recorded_at", "state_before", "state_after", "facts", "answers",
       "after", "reasons", "remedy", "calendar_digest", "corrects_id")  # fmt: skip
DISPATCH = ("id", "act_id", "to_actor", "title", "article", "content", "state", "created_at", "sent_at",
            "answered_at", "words")  # fmt: skip
EXPECTATION = ("kind", "actor", "title", "occasion", "opened_at", "due_at", "due_kind", "article", "mark",
               "counted", "closed_at")  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """The archive's bytes, its digest, and a file name without personal data."""

    data: bytes
    sha256: str
    name: str


def export_case(officer: Officer, number: str, purpose: str) -> Exported:
    """Return the latest case of a person as an archive, recorded before it leaves. Deterministic.

    Raises NotFound for outsiders (and where there is no case), BeyondPower for others than the county
    agency, BadInput without a purpose.
    """
    if not purpose.strip():
        raise BadInput(reason="请写明导出的用途")
    with acting(officer, Purpose.DAILY):
        case = _case_of(number)
        need_exporter(officer, case.person)
        record_read(officer, Purpose.DAILY, "case_export", [case.person_id], object_id=case.id)
        documents = _documents(case)
        data = pack(_told(case, documents), {name: bytes(one.pdf) for name, one in documents.items()})
        made = CaseExport.objects.create(
            case=case,
            officer=officer,
            agency=case.person.county_agency,
            purpose=purpose.strip()[:200],
            sha256=digest(data),
        )
        record(
            "case_exported",
            {"export": str(made.id), "case": str(case.id), "by": str(officer.id), "sha256": made.sha256},
        )
    return Exported(data, made.sha256, f"case-{made.sha256[:12]}.zip")


def need_exporter(officer: Officer, person: Person) -> None:
    """The person's own county agency keeps the file and lets it out (社区矫正法22条). Raises BeyondPower."""
    is_county = Role.COUNTY_OFFICER in active_roles(officer, utc_now())
    if person.county_agency_id != officer.agency_id or not is_county:
        raise BeyondPower(owner=person.county_agency.name, article="社区矫正法22条")


def _case_of(number: str) -> Case:
    rows = Case.objects.select_related("person__county_agency", "person__office", "order__decided_by")
    found = rows.filter(person__number=number).order_by("-opened_at").first()
    if found is None:
        raise NotFound
    return found


def _documents(case: Case) -> dict[str, Any]:
    """The case's own documents, then those it brought from elsewhere, by their names in the archive."""
    own = list(case.documents.order_by("issued_at", "number"))
    brought = TakenDocument.objects.filter(taken__case=case).order_by("issued_at", "number")
    return {f"documents/{n:03d}.pdf": one for n, one in enumerate([*own, *brought], 1)}


def _told(case: Case, documents: dict[str, Any]) -> dict[str, Any]:
    person, order = case.person, case.order
    earlier = TakenOver.objects.filter(case=case).first()
    return {
        "format": FORMAT,
        "place": {"area_code": person.county_code, "agency": person.county_agency.name},
        "office": person.office.name if person.office else "",
        "person": _fields(person, PERSON),
        "aliases": sorted(person.aliases.values_list("name", flat=True)),
        "guardians": [_fields(one, ("name", "relation", "phone")) for one in person.guardians.order_by("id")],
        "order": _fields(order, ORDER) | {"decided_by": order.decided_by.name},
        "resolutions": [
            _fields(one, ("at", "reasons", "chosen_start", "chosen_end"))
            for one in order.term_resolutions.order_by("at")
        ],
        "case": _fields(case, ("id", "stage", "opened_at")),
        "proceedings": _rows(Proceeding.objects.filter(case=case).order_by("started_at", "id"), PROCEEDING),
        "acts": [
            _fields(one, ACT) | {"officer": _name(one.officer), "agency": _name(one.agency)}
            for one in Act.objects.filter(case=case).select_related("officer", "agency").order_by("at", "id")
        ],
        "dispatches": [
            _fields(one, DISPATCH) | {"from": _name(one.from_agency), "to": _name(one.to_agency)}
            for one in Dispatch.objects.filter(case=case)
            .select_related("from_agency", "to_agency")
            .order_by("created_at", "id")
        ],
        "expectations": _rows(
            Expectation.objects.filter(case=case, subject_kind__in=("proceeding", "dispatch")).order_by("id"),
            EXPECTATION,
        ),
        "documents": [
            {
                "file": name,
                "sha256": digest(bytes(one.pdf)),
                "number": one.number,
                "title": one.title,
                "issued_at": _plain(one.issued_at),
            }
            for name, one in documents.items()
        ],
        "earlier": earlier.told if earlier else None,
    }


def _rows(found: models.QuerySet[Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [_fields(one, names) for one in found]


def _fields(one: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(getattr(one, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _name(one: Any) -> str:
    return one.name if one else ""


# ---- taking over -------------------------------------------------------------------------------------------


def import_case(officer: Officer, data: bytes, *, expected_sha256: str = "") -> TakenOver:
    """Take over the case of an archive: person, order and a running course; its history as told.

    `expected_sha256`: what the house that exported it said of the whole file. Raises BadArchive naming what
    was changed, BeyondPower for others than the county agency of the place, BadInput, TermMismatch.
    """
    county = need_importer(officer)
    archive = unpack(data)
    if expected_sha256 and expected_sha256.strip().lower() != archive.sha256:
        raise BadArchive(reason="整个档案的 SHA-256 与移交机构告知的不符")
    place = _part(archive.case, "place")
    if place.get("area_code") != county.area_code:
        raise BadArchive(reason=f"执行地是{place.get('agency')}，不在{county.name}")
    try:
        with acting(officer, Purpose.RECEPTION):
            return _take(officer, county, archive)
    except (KeyError, TypeError, ValueError, AttributeError, DataError) as error:
        raise BadArchive(reason="case.json 缺少应有的内容，或者内容不合格式") from error


def _take(officer: Officer, county: Agency, archive: Archive) -> TakenOver:
    facts, paper, received = _read(county, archive.case)
    if Order.objects.filter(person__number=facts.number).exists():
        raise BadInput(reason=f"{facts.number} 已经在册，没有改动")
    if paper.term_end < legal_day(utc_now()):
        raise BadInput(reason="矫正期已满，按档案移交，不作为在矫案件导入（社区矫正法44条）")
    settled = archive.case["resolutions"]
    reasons = settled[-1]["reasons"] if settled else ""
    try:
        with transaction.atomic():
            order = register_person(officer, facts, paper, received_on=received, resolved=reasons)
    except IntegrityError as error:
        raise BadInput(reason=f"编号 {facts.number} 已被别处使用，没有改动") from error
    for one in archive.case["guardians"]:
        add_guardian(officer, order.person, one["name"], one["relation"], one["phone"])
    taken = take_over_course(officer, order, source="archive", sha256=archive.sha256, told=archive.case)
    _keep_documents(taken, archive)
    record_read(officer, Purpose.RECEPTION, "case_import", [order.person_id], object_id=taken.case_id)
    record("case_imported", {"case": str(taken.case_id), "by": str(officer.id), "sha256": archive.sha256})
    return taken


def _read(county: Agency, told: dict[str, Any]) -> tuple[PersonFacts, OrderPaper, date]:
    who, what = dict(_part(told, "person")), dict(_part(told, "order"))
    decider = Agency.objects.filter(name=what["decided_by"]).first()
    if decider is None:
        raise BadInput(reason=f"机构名录里没有决定机关 {what['decided_by']}，请先登记")
    who["birth_date"] = date.fromisoformat(who["birth_date"])
    office = Agency.objects.filter(name=told.get("office", ""), parent=county).first()
    facts = PersonFacts(
        **{name: who[name] for name in PERSON},
        county_agency=county,
        office=office,
        aliases=tuple(told.get("aliases", [])),
    )
    received = date.fromisoformat(what["received_on"])
    days = {
        name: date.fromisoformat(what[name]) if what[name] else None
        for name in ("document_date", "effective_on", "term_start", "term_end", "prohibition_until")
    }
    paper = OrderPaper(
        type=OrderType(what["type"]),
        decided_by=decider,
        document_no=what["document_no"],
        prohibition=what["prohibition"],
        term_facts=facts_from_json(what["term_facts"]) if what["term_facts"] else None,
        **days,  # type: ignore[arg-type]  # the four that must be there fail below where they are not
    )
    if None in {paper.document_date, paper.effective_on, paper.term_start, paper.term_end}:
        raise KeyError("term")
    return facts, paper, received


def _part(told: dict[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    if not isinstance(found, dict):
        raise BadArchive(reason=f"case.json 没有 {name}")
    return found


def _keep_documents(taken: TakenOver, archive: Archive) -> None:
    TakenDocument.objects.bulk_create(
        TakenDocument(
            taken=taken,
            title=str(one["title"])[:60],
            number=str(one["number"])[:60],
            issued_at=datetime.fromisoformat(one["issued_at"]) if one.get("issued_at") else None,
            pdf=archive.documents[one["file"]],
            sha256=one["sha256"],
        )
        for one in archive.case.get("documents", [])
    )


def access_taken(officer: Officer, number: str, purpose: Purpose) -> tuple[Person, TakenOver]:
    """Return what was told of a person's case before this house took it over. Raises NotFound."""
    with acting(officer, purpose):
        rows = TakenOver.objects.select_related("case__person", "officer", "agency")
        taken = rows.prefetch_related("documents").filter(case__person__number=number).first()
        if taken is None:
            raise NotFound
        record_read(officer, purpose, "taken_over", [taken.case.person_id], object_id=taken.id)
        return taken.case.person, taken
