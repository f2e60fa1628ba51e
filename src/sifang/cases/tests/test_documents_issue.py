"""Documents of acts: numbered without gaps, shown before, never changed, seen by those whom they concern."""

import hashlib
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from sifang.cases.acts import Wish, take
from sifang.cases.documents.errors import NoGlyph
from sifang.cases.documents.service import (
    access_document,
    delegation_letter,
    preview,
    rendered_again,
    withheld,
)
from sifang.cases.models import Act, Dispatch, Document
from sifang.cases.tests.test_documents import text_of
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import Delegation, ReadRecord
from sifang.people.purposes import Purpose
from tests.personae import City


def applies(city: City, **changes: str) -> Act:
    """张三 asks on paper for ten days in 北京; 李所 writes it down."""
    first = legal_day(utc_now()) + timedelta(days=5)
    answers = {
        "purpose": "medical",
        "destination": "北京市海淀区",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=9)).isoformat(),
        "proof": "门诊预约单",
    }
    return take(city["李所"], city.cases["张三"].id, Wish("leave", "apply", answers | changes))


def documents(city: City, kind: str) -> list[Document]:
    with city.acting("王科"):
        return list(Document.objects.filter(kind=kind).order_by("issued_at"))


def test_an_application_and_its_grant_make_their_documents(city: City) -> None:
    applied = applies(city)
    grant = take(city["王科"], applied.case_id, Wish("leave", "approve", proceeding=applied.proceeding_id))
    (form,) = documents(city, "leave_form")
    (notice,) = documents(city, "leave_notice")
    assert (form.act_id, notice.act_id) == (applied.id, grant.id)
    year = legal_day(utc_now()).year
    assert notice.number == f"〔{year}〕历下矫准字第0001号"
    text = text_of(bytes(notice.pdf))
    for words in (
        "张三",
        "北京市海淀区",
        "就医",
        "《社区矫正法实施办法》第二十七条",
        "历下区司法局",
        notice.number,
        notice.code,
    ):
        assert words in text
    assert "门诊预约单" in text_of(bytes(form.pdf))
    assert notice.sha256 == hashlib.sha256(bytes(notice.pdf)).hexdigest()
    assert rendered_again(notice) == bytes(notice.pdf)
    with city.acting("王科"):
        assert set(Dispatch.objects.filter(act=grant).values_list("document_id", flat=True)) == {notice.id}


def test_who_decides_above_the_county_seals_it(city: City) -> None:
    first = legal_day(utc_now()) + timedelta(days=5)
    applied = applies(city, returns_on=(first + timedelta(days=39)).isoformat())
    take(city["市科"], applied.case_id, Wish("leave", "approve", proceeding=applied.proceeding_id))
    (notice,) = documents(city, "leave_notice")
    assert notice.content["seal"] == "济南市司法局"
    assert "〕济南矫准字第0001号" in notice.number


def test_a_refusal_states_its_reasons_and_the_remedy(city: City) -> None:
    applied = applies(city)
    reasons = "证明材料不能证明就医的需要"
    wish = Wish("leave", "refuse", reasons=reasons, proceeding=applied.proceeding_id)
    take(city["王科"], applied.case_id, wish)
    (paper,) = documents(city, "leave_refusal")
    text = text_of(bytes(paper.pdf))
    assert reasons in text
    assert "申诉、控告、检举" in text


def test_numbers_have_no_gap_even_when_an_act_fails(city: City) -> None:
    first = applies(city)
    with pytest.raises(NoGlyph, match=r"U\+313F9"):
        applies(city, destination="北京市\U000313f9")
    with transaction.atomic():
        applies(city)
        transaction.set_rollback(True)
    last = applies(city)
    one, two = documents(city, "leave_form")
    assert (one.act_id, two.act_id) == (first.id, last.id)
    assert one.number.endswith("矫外字第0001号")
    assert two.number.endswith("矫外字第0002号")


def test_a_preview_is_the_document_without_its_number_and_leaves_nothing(city: City) -> None:
    applied = applies(city)
    wish = Wish("leave", "approve", proceeding=applied.proceeding_id)
    ((kind, pdf),) = preview(city["王科"], applied.case_id, wish)
    text = text_of(pdf)
    assert kind == "leave_notice"
    assert "预览·未签发" in text
    assert "文号于签发时编定" in text
    assert "北京市海淀区" in text
    assert documents(city, "leave_notice") == []
    take(city["王科"], applied.case_id, wish)
    (notice,) = documents(city, "leave_notice")
    assert "第0001号" in notice.number


@pytest.mark.parametrize(("officer", "refusal"), [("李所", BeyondPower), ("周外", NotFound)])
def test_who_may_not_act_gets_no_preview(city: City, officer: str, refusal: type[Exception]) -> None:
    applied = applies(city)
    wish = Wish("leave", "approve", proceeding=applied.proceeding_id)
    with pytest.raises(refusal):
        preview(city[officer], applied.case_id, wish)


def test_a_document_is_read_by_those_whom_it_concerns_and_each_reading_is_kept(city: City) -> None:
    applies(city)
    (form,) = documents(city, "leave_form")
    assert access_document(city["王科"], form.id, Purpose.DAILY).number == form.number
    assert access_document(city["赵检"], form.id, Purpose.PROCURATE).number == form.number
    with pytest.raises(NotFound):
        access_document(city["周外"], form.id, Purpose.DAILY)
    with city.acting("王科"):
        readers = ReadRecord.objects.filter(object_id=form.id, officer=city["王科"])
        assert [one.what for one in readers] == ["document"]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE cases_document SET title = '另一份' WHERE id = %s", "DELETE FROM cases_document WHERE id = %s"],
)
def test_a_document_that_was_issued_does_not_change(city: City, statement: str) -> None:
    applies(city)
    (form,) = documents(city, "leave_form")
    with city.acting("王科"), connection.cursor() as cursor:
        cursor.execute(statement, [form.id])
        assert cursor.rowcount == 0  # for the application no row may be changed
        assert Document.objects.get(id=form.id).title == form.title
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'cases_document'::regclass")
        assert ("document_append_only",) in cursor.fetchall()  # nor for anybody else


def test_nobody_else_issues_a_document_of_an_act(city: City) -> None:
    applied = applies(city)
    (form,) = documents(city, "leave_form")
    with city.acting("王科"), pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.create(
            case_id=applied.case_id, act=applied, kind="leave_form", title="伪造", number="伪造", mark="R",
            pdf=b"", sha256="", code="x", issued_by=city["李所"], content=form.content,
        )  # fmt: skip


def test_a_delegation_has_its_letter(city: City) -> None:
    given = Delegation(
        agency=city.agencies["历下区司法局"],
        office=city.agencies["趵突泉司法所"],
        matter="leave",
        document_no="历下司委〔2026〕1号",
        valid_from=legal_day(utc_now()),
        by=city["王科"],
    )
    text = text_of(delegation_letter(given))
    for words in ("趵突泉司法所：", "七日以内的外出审批", "历下司委〔2026〕1号", "不得转委托"):
        assert words in text


def test_simulated_courses_may_go_without_paper(city: City) -> None:
    with withheld():
        applies(city)
    assert documents(city, "leave_form") == []
    applies(city)
    assert len(documents(city, "leave_form")) == 1
