"""E16 and E23: a named officer decides with own reasons; the law of the day stays with it."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import DatabaseError, transaction

from sifang.cases.models import Act, Dispatch, Document, Edition, EditionRow, Expectation
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.law.procedure import Actor
from sifang.law.procedures import all_editions
from sifang.people.access import system
from tests.attacks.limits.forge import received, refused, untouched
from tests.personae import City, build_city

CATEGORY = {
    "category_to": "严管",
    "type_basis": "缓刑",
    "stage": "初期",
    "risk": "低",
    "conduct": "按时报到",
}


def test_e16_no_row_that_decides_about_a_person_belongs_to_the_clock() -> None:
    for table in all_editions():
        for step in table.steps:
            if step.actor is Actor.CLOCK:
                assert not step.burden, (table.name, step.name)
                assert not step.reasons, (table.name, step.name)
                assert not step.documents, (table.name, step.name)
    category = next(one for one in all_editions() if one.name == "category")
    assert all(step.actor in {Actor.COUNTY, Actor.PERSON} for step in category.steps)


@pytest.mark.django_db
def test_e16_a_class_needs_an_officer_and_own_reasons(city: City) -> None:
    case = received(city, "罗某")
    act = case.lawful("王科", "category", "assign", advice_seen="评分 91，建议严管", **CATEGORY)
    for lacking in ({"reasons": ""}, {"reasons": "\n　 "}, {"remedy": ""}):
        with refused("act_has_reasons"):
            case.writes("王科", act, **lacking)
    with case.acting("王科"), refused("row-level security"):
        Act.objects.create(**{**act, "officer_id": None, "agency_id": None})
    with case.acting("王科"), refused("row-level security"):  # in somebody else's name
        Act.objects.create(**{**act, "officer_id": city["郑局"].id})
    kept = case.writes("王科", act)
    assert kept.officer_id == city["王科"].id


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_e16_the_jobs_of_the_house_decide_nothing() -> None:
    with transaction.atomic():
        case = received(build_city(), "罗某")
    act = case.lawful("王科", "category", "assign", **CATEGORY)
    nobody = {**act, "officer_id": None, "agency_id": None}
    for actor in (act["actor"], "期限届满"):
        with pytest.raises(DatabaseError, match=r"此项权限属于"), system("reconcile", using="jobs"):
            Act.objects.using("jobs").create(**{**nobody, "actor": actor})
    with pytest.raises(DatabaseError), system("reconcile", using="jobs"):  # nor in the name of an officer
        Act.objects.using("jobs").create(**act)
    for procedure in ("category", "positioning"):
        table = Edition.objects.using("owner").get(name=procedure)
        row = EditionRow(edition=table, number=900, name="auto", actor="期限届满", frm="*", to="approved")
        with pytest.raises(DatabaseError, match=r"不能自动"), transaction.atomic(using="owner"):
            row.save(using="owner", force_insert=True)


def _wrong(act: dict[str, object]) -> Iterator[dict[str, object]]:
    yield {"edition_digest": "0" * 64}
    yield {"edition": date(2019, 1, 1)}
    yield {"calendar_digest": ""}
    yield {"article": "社区矫正法1条"}
    yield {"at": utc_now().replace(year=2019), "day": date(2019, 1, 1)}
    yield {"day": date(2026, 1, 1)}


@pytest.mark.django_db
def test_e23_text_edition_and_calendar_stay_with_the_decision(city: City) -> None:
    case = received(city, "罗某")
    act = case.lawful("王科", "category", "assign", **CATEGORY)
    table = next(one for one in all_editions() if one.name == "category")
    assert (act["edition"], act["edition_digest"]) == (table.edition, table.digest())
    assert act["calendar_digest"]
    assert act["facts"]["term_end"]
    for wrong in _wrong(act):
        with refused("act_"):
            case.writes("王科", act, **wrong)
    kept = case.writes("王科", act)
    for officer in ("王科", "郑局", "赵检"):
        with case.acting(officer):
            assert untouched(Act.objects.filter(id=kept.id), edition_digest="0" * 64)
            assert untouched(Edition.objects.filter(name="category"), digest="0" * 64)
            assert untouched(EditionRow.objects.filter(edition__name="category"), reasons=False)


@pytest.mark.django_db
def test_e23_papers_and_receipts_belong_to_their_act_and_their_recipient(city: City) -> None:
    case = received(city, "罗某")
    act = case.does("王科", "category", "assign", **CATEGORY)
    with case.acting("王科"):
        paper = Document.objects.filter(act=act).first()
        sent = Dispatch.objects.filter(case=case.case, to_agency=city["赵检"].agency).first()
        assert paper is not None
        assert sent is not None
        assert untouched(Document.objects.filter(id=paper.id), title="别的")
        receipt = {"state": "accepted", "answered_at": utc_now(), "answered_by_id": city["王科"].id}
        assert untouched(Dispatch.objects.filter(id=sent.id), **receipt)
        fields = {one.attname: getattr(sent, one.attname) for one in Dispatch._meta.concrete_fields}
        fields |= {"id": uuid7(), **receipt}
        with refused(""):
            Dispatch.objects.create(**fields)
        forged = {one.attname: getattr(paper, one.attname) for one in Document._meta.concrete_fields}
        forged |= {"id": uuid7(), "number": "1", "code": "1", "pdf": b"%PDF-other"}
        with refused("document_is_whole"):
            Document.objects.create(**forged)
    for officer in ("郑局", "市科", "王科"):
        with case.acting(officer):
            owed = Expectation.objects.filter(subject_id=sent.id)
            assert untouched(owed, closed_at=utc_now(), closed_by=sent.id), officer
            open_now = Expectation.objects.filter(case=case.case, subject_kind="proceeding", closed_at=None)
            assert untouched(open_now, closed_at=utc_now(), closed_by=uuid7()), officer
