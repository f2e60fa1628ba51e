"""The record of a minor after the end: sealed for everybody, opened on a recorded query (E14)."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.access import access_own_person, access_person_by_number, access_persons
from sifang.people.errors import NotSealable
from sifang.people.models import (
    Guardian,
    Officer,
    Order,
    OrderType,
    Person,
    ReadRecord,
    Role,
    Sealing,
    Share,
    Unsealing,
    UnsealingGround,
)
from sifang.people.purposes import Purpose
from sifang.people.services import end_order, grant_role, register_officer, seal_person, unseal

QUERY = UnsealingGround.QUERY
NUMBER = "历下-2026-0419"


@pytest.fixture
def sealed(city):
    """小陈, a minor under 管制 that has ended, sealed."""
    with city.acting("王科"):
        end_order(city["王科"], city.orders["小陈"], on=utc_now() - timedelta(minutes=1), why="期满")
        return seal_person(city["王科"], city.persons["小陈"])


def opened(city, by="王科", number=NUMBER, **changes):
    facts = {"inquirer": "某区征兵办公室", "document_no": "查〔2026〕1号"}
    facts |= {"until": utc_now() + timedelta(days=3)} | changes
    with city.acting(by):
        return unseal(city[by], number, QUERY, **facts)


def test_nobody_sees_a_sealed_person(city, sealed):
    account = register_officer("xiaochen", "小陈", None, person=city.persons["小陈"])
    grant_role(account, Role.PERSON, valid_from=utc_now() - timedelta(seconds=1))
    for officer in ("李所", "王科", "郑局", "赵检", "冯班", "钱法", "孙警", "周外", "米书"):
        for purpose in (Purpose.DAILY, Purpose.SEALED):
            with city.acting(officer, purpose):
                assert not Person.objects.filter(id=sealed.person_id).exists(), officer
                assert not Order.objects.filter(person_id=sealed.person_id).exists()
                assert not ReadRecord.objects.filter(person_ids__contains=[sealed.person_id]).exists()
        with pytest.raises(NotFound):
            access_person_by_number(city[officer], NUMBER, Purpose.DAILY)
        assert access_persons(city[officer], Purpose.DAILY, query="0419").total == 0
    with pytest.raises(NotFound), city.acting("吴离", Purpose.SEALED):
        pytest.fail("吴离 acted")
    assert access_own_person(account).name == "小陈"  # the own file stays one's own
    assert LedgerPending.objects.filter(kind="record_sealed").count() == 1


def test_a_lawful_query_opens_it_for_one_agency_one_purpose_and_a_time(city, sealed):
    opened(city)
    assert access_person_by_number(city["王科"], NUMBER, Purpose.SEALED).name == "小陈"
    for officer, purpose in (("王科", Purpose.DAILY), ("赵检", Purpose.SEALED), ("李所", Purpose.SEALED)):
        with pytest.raises(NotFound):
            access_person_by_number(city[officer], NUMBER, purpose)
    with city.acting("王科", Purpose.SEALED):
        read = ReadRecord.objects.get(purpose="sealed", what="person")
        assert (read.officer, read.article) == (city["王科"], "刑事诉讼法286条")
        assert Person.objects.filter(id=sealed.person_id).update(phone="1") == 0  # read, not written
    assert LedgerPending.objects.filter(kind="record_unsealed").count() == 1


def test_it_is_opened_for_the_procuratorate_by_who_keeps_it(city, sealed):
    opened(city, "郑局", agency=city["赵检"].agency)
    assert access_person_by_number(city["赵检"], NUMBER, Purpose.SEALED).name == "小陈"
    with pytest.raises(NotFound):
        access_person_by_number(city["郑局"], NUMBER, Purpose.SEALED)


def test_a_query_that_has_run_out_opens_nothing(city, sealed):
    now = utc_now()
    with city.acting("王科"):
        Unsealing.objects.create(
            person_id=sealed.person_id,
            agency=city["王科"].agency,
            ground=QUERY,
            inquirer="某",
            document_no="1",
            officer=city["王科"],
            at=now - timedelta(days=2),
            valid_until=now - timedelta(days=1),
        )
    with pytest.raises(NotFound):
        access_person_by_number(city["王科"], NUMBER, Purpose.SEALED)


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [
        ("李所", BeyondPower),
        ("赵检", BeyondPower),
        ("钱法", BeyondPower),
        ("周外", NotFound),
        ("冯班", BeyondPower),
    ],
)
def test_only_the_keeper_opens(city, sealed, officer, outcome):
    with pytest.raises(outcome):
        opened(city, officer)
    row = {"person_id": sealed.person_id, "ground": QUERY, "inquirer": "某", "document_no": "1"}
    row |= {
        "agency": city[officer].agency,
        "officer": city[officer],
        "valid_until": utc_now() + timedelta(days=1),
    }
    with pytest.raises(DatabaseError), city.acting(officer):
        Unsealing.objects.create(**row)
    with city.acting(officer):
        assert not Sealing.objects.exists()


@pytest.mark.parametrize(
    "change", [{"document_no": " "}, {"inquirer": ""}, {"until": None}, {"until": timedelta(days=31)}]
)
def test_a_query_has_document_body_and_end(city, sealed, change):
    if "until" in change:
        change = {"until": utc_now() + (change["until"] or timedelta())}
    with pytest.raises(BadInput):
        opened(city, **change)
    with pytest.raises(NotFound):
        opened(city, number="历下-2026-0417")  # not sealed


def test_only_the_county_agency_seals_and_only_a_minor_after_the_end(city):
    with city.acting("王科"):
        with pytest.raises(NotSealable, match="尚未结束"):
            seal_person(city["王科"], city.persons["小陈"])
        with pytest.raises(NotSealable, match="不满十八周岁"):
            seal_person(city["王科"], city.persons["张三"])
    for officer, outcome in (("李所", BeyondPower), ("赵检", BeyondPower), ("周外", NotFound)):
        with pytest.raises(outcome), city.acting(officer):
            seal_person(city[officer], city.persons["小陈"])


def attempt(city, officer, name="小陈", **changes):
    row = {"person": city.persons[name], "number": city.persons[name].number, "officer": city[officer]}
    row |= {"agency": city[officer].agency, "sealed_on": legal_day(utc_now())} | changes
    with city.acting(officer), transaction.atomic():
        return Sealing.objects.create(**row)


def test_the_database_alone_seals_nobody_else(city):
    far = legal_day(utc_now()) + timedelta(days=9000)
    for officer, changes in (("王科", {}), ("王科", {"sealed_on": far}), ("王科", {"name": "张三"})):
        with pytest.raises(IntegrityError):
            attempt(city, officer, **changes)
    with city.acting("王科"):
        end_order(city["王科"], city.orders["小陈"], on=utc_now() - timedelta(minutes=1), why="期满")
    for officer in ("李所", "郑局", "赵检", "周外", "冯班", "钱法"):
        with pytest.raises(DatabaseError):
            attempt(city, officer)
    assert attempt(city, "王科").person == city.persons["小陈"]


@pytest.mark.parametrize(("months", "is_sealed"), [(None, False), (60, True), (61, False), (9999, False)])
def test_five_years_are_sealed_and_more_are_not(city, months, is_sealed):
    young, today = legal_day(utc_now()) - timedelta(days=17 * 365), legal_day(utc_now())
    facts = city.facts("丁某", "历下-2026-0500", birth_date=young)
    paper = city.paper(
        "丁某", type=OrderType.PAROLE, sentence_months=months, term_end=today - timedelta(days=1)
    )
    person = city.register("王科", facts, paper)
    if is_sealed:
        with city.acting("王科"):
            assert seal_person(city["王科"], person).sealed_on == today
        return
    with city.acting("王科"), pytest.raises(NotSealable):
        seal_person(city["王科"], person)
    with pytest.raises(IntegrityError):
        attempt(city, "王科", "丁某")


def test_neither_seal_nor_query_is_changed_or_taken_back(city, sealed):
    opened(city)
    with city.acting("王科"):
        for table in (Sealing, Unsealing):
            for act in (lambda t=table: t.objects.update(officer=city["郑局"]), table.objects.all().delete):
                with pytest.raises(DatabaseError), transaction.atomic():
                    act()


def test_plain_sql_of_the_application_sees_and_writes_no_sealed_person(city, sealed):
    with city.acting("王科"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_person WHERE name = '小陈'")
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE people_person SET phone = '1'")
        assert cursor.rowcount == 2  # 张三 and 卫某
        cursor.execute("SELECT count(*) FROM people_share WHERE agency_id = %s", [city["王科"].agency_id])
        assert cursor.fetchone() == (0,)
    with city.acting("赵检"):
        assert not Guardian.objects.exists()
        assert not Share.objects.filter(person_id=sealed.person_id).exists()
    assert Officer.objects.filter(person_id=sealed.person_id).count() == 0
