"""Who may see a person: in the database, with a purpose, recorded before it is shown."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from sifang.kernel.errors import NotFound
from sifang.kernel.time import utc_now
from sifang.people.access import (
    access_own_person,
    access_person_by_number,
    access_persons,
    access_readers_of,
    acting,
    record_read,
    system,
)
from sifang.people.errors import WrongRole
from sifang.people.models import Officer, Order, Person, ReadRecord, Role
from sifang.people.purposes import Purpose
from sifang.people.services import end_role, grant_role

EVERY = ["default", "owner", "watch", "reader", "jobs"]
ALL = {"张三", "卫某", "小陈", "何某"}
LIXIA = {"张三", "卫某", "小陈"}


def seen(city, name, purpose=Purpose.DAILY):
    with city.acting(name, purpose):
        return set(Person.objects.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("officer", "persons"),
    [
        ("李所", {"张三", "小陈"}),
        ("王科", LIXIA),
        ("郑局", LIXIA),
        ("赵检", LIXIA),
        ("冯班", ALL),
        ("周外", {"何某"}),
        ("张三", {"张三"}),
        ("孙警", set()),
        ("钱法", ALL),  # its own judgments, by share
        ("米书", set()),
        ("系管", set()),
    ],
)
def test_who_sees_whom(city, officer, persons):
    assert seen(city, officer) == persons
    with city.acting(officer):
        assert set(Order.objects.values_list("person__name", flat=True)) == persons


def test_without_context_person_tables_show_nothing(city):
    assert not Person.objects.exists()
    assert not Order.objects.exists()
    assert not ReadRecord.objects.exists()


@pytest.mark.parametrize("number", ["历下-2026-0417", "历下-2026-9999"])
def test_for_an_outsider_refusal_and_absence_are_the_same(city, number):
    with pytest.raises(NotFound) as refusal:
        access_person_by_number(city["周外"], number, Purpose.DAILY)
    assert (str(refusal.value), refusal.value.data) == ("没有找到。", {})
    assert access_person_by_number(city["王科"], "历下-2026-0417", Purpose.DAILY).name == "张三"


def test_an_officer_who_left_sees_nothing(city):
    with pytest.raises(NotFound), city.acting("吴离"):
        pytest.fail("吴离 acted")
    with pytest.raises(NotFound):
        access_persons(city["吴离"], Purpose.DAILY)


@pytest.mark.django_db(databases=["default"])
def test_the_database_alone_refuses_the_officer_who_left_and_a_false_agency(city):
    def rows(officer, agency, purpose="daily"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('sifang.officer', %s, true), set_config('sifang.agency', %s, true),"
                " set_config('sifang.purpose', %s, true)",
                [str(officer.id), str(agency.id), purpose],
            )
            return Person.objects.count()

    lixia, city_bureau = city.agencies["历下区司法局"], city.agencies["济南市司法局"]
    assert rows(city["王科"], lixia) == 3
    assert rows(city["吴离"], lixia) == 0
    assert rows(city["王科"], city_bureau) == 0
    assert rows(city["王科"], lixia, purpose="") == 0


def test_an_inactive_officer_sees_nothing_even_with_a_role_in_force(city):
    Officer.objects.filter(id=city["王科"].id).update(is_active=False)
    with pytest.raises(NotFound), city.acting("王科"):
        pytest.fail("acted while inactive")


def test_a_role_counts_only_while_it_is_in_force(city):
    officer = city["王科"]
    end_role(officer, Role.COUNTY_OFFICER, at=utc_now())
    with pytest.raises(NotFound), acting(officer, Purpose.DAILY):
        pytest.fail("acted without a role")
    grant_role(officer, Role.COUNTY_OFFICER, valid_from=utc_now() + timedelta(hours=1))
    with pytest.raises(NotFound), acting(officer, Purpose.DAILY):
        pytest.fail("acted before the delegation")
    grant_role(officer, Role.COUNTY_OFFICER, valid_from=utc_now() - timedelta(seconds=1))
    assert seen(city, "王科") == LIXIA


def test_a_read_is_recorded_with_officer_agency_role_purpose_and_article(city):
    person = access_person_by_number(city["王科"], "历下-2026-0417", Purpose.DAILY)
    with city.acting("王科"):
        row = ReadRecord.objects.get(what="person")
    assert (row.officer, row.agency, row.role) == (
        city["王科"],
        city.agencies["历下区司法局"],
        "county_officer",
    )
    assert (row.purpose, row.article, row.person_ids) == ("daily", "社区矫正法26条", [person.id])


def test_a_list_is_recorded_with_everyone_on_it(city):
    page = access_persons(city["李所"], Purpose.DAILY)
    assert (page.total, [person.name for person in page.rows]) == (2, ["张三", "小陈"])
    with city.acting("李所"):
        assert set(ReadRecord.objects.get(what="list").person_ids) == {person.id for person in page.rows}


def test_search_finds_by_name_number_and_document_and_pages(city):
    wangke = city["王科"]
    assert [one.name for one in access_persons(wangke, Purpose.DAILY, query="卫").rows] == ["卫某"]
    assert [one.name for one in access_persons(wangke, Purpose.DAILY, query="0417").rows] == ["张三"]
    assert [one.name for one in access_persons(wangke, Purpose.DAILY, query="000号小陈").rows] == ["小陈"]
    assert access_persons(wangke, Purpose.DAILY, query="何某").total == 0
    page = access_persons(wangke, Purpose.DAILY, limit=1, offset=1)
    assert (page.total, [one.number for one in page.rows]) == (3, ["历下-2026-0418"])


def test_when_the_read_cannot_be_recorded_nothing_is_shown(city, monkeypatch):
    def fails(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr("sifang.people.access.record_read", fails)
    with pytest.raises(DatabaseError):
        access_person_by_number(city["王科"], "历下-2026-0417", Purpose.DAILY)


def test_the_person_sees_who_read_without_names_and_officers_with(city):
    person = access_person_by_number(city["李所"], "历下-2026-0417", Purpose.VERIFY_ALARM)
    own = access_own_person(city["张三"])
    assert own == person
    to_person = access_readers_of(city["张三"], person)
    to_officer = access_readers_of(city["王科"], person)
    first = next(one for one in to_person if one.agency)
    assert (first.agency, first.role, first.purpose, first.name) == (
        "趵突泉司法所",
        "司法所工作人员",
        "核实报警",
        None,
    )
    assert {one.name for one in to_officer} == {"李所", "张三", "王科"}
    with pytest.raises(NotFound):
        access_readers_of(city["周外"], person)


def test_an_officer_without_a_file_of_his_own_has_no_own_page(city):
    with pytest.raises(NotFound):
        access_own_person(city["王科"])


def test_read_records_cannot_be_changed_or_deleted(city):
    access_person_by_number(city["王科"], "历下-2026-0417", Purpose.DAILY)
    for attempt in (lambda rows: rows.update(purpose="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), city.acting("王科"):
            attempt(ReadRecord.objects.filter(what="person"))


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_not_even_the_owner_changes_a_read_record(city):
    access_person_by_number(city["王科"], "历下-2026-0417", Purpose.DAILY)
    rows = ReadRecord.objects.using("owner").filter(what="person")
    for attempt in (lambda: rows.update(purpose="x"), rows.delete):
        with pytest.raises(DatabaseError, match="只能追加"), system("migration", using="owner"):
            attempt()


def test_nobody_writes_a_read_record_in_another_officers_name(city):
    for other in ("李所", "郑局"):  # another agency, and a colleague of the same one
        with pytest.raises(DatabaseError), city.acting("王科"):
            record_read(city[other], Purpose.DAILY, "person", [])
    with pytest.raises(DatabaseError), city.acting("王科", Purpose.DAILY):
        record_read(city["王科"], Purpose.PROCURATE, "person", [])


def test_nested_contexts_restore_the_outer_one(city):
    with city.acting("王科"):
        with city.acting("周外"):
            assert set(Person.objects.values_list("name", flat=True)) == {"何某"}
        assert Person.objects.count() == 3
        with pytest.raises(ZeroDivisionError), city.acting("周外"):
            _ = 1 / 0
        assert Person.objects.count() == 3
    assert not Person.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default"])
def test_a_pooled_connection_is_clean_after_the_transaction(city):
    assert seen(city, "王科") == LIXIA
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('sifang.officer', true), '')")
        assert cursor.fetchone() == ("",)
    assert not Person.objects.exists()
    with pytest.raises(ZeroDivisionError), city.acting("王科"):
        _ = 1 / 0
    assert not Person.objects.exists()


def test_an_officer_of_one_county_cannot_move_a_person_into_another(city):
    with pytest.raises(DatabaseError), city.acting("王科"):
        Person.objects.filter(name="卫某").update(county_code="370126")
    with city.acting("王科"):
        assert Person.objects.filter(name="何某").update(phone="1") == 0
        assert Person.objects.filter(name="卫某").update(phone="1") == 1


ALIASES = {"migration": "owner", "watch": "watch", "reconcile": "jobs", "deliver": "jobs", "compare": "jobs"}


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_each_system_purpose_is_admitted_only_for_its_role_and_leaves_a_record(city):
    for purpose, home in ALIASES.items():
        for alias in EVERY:
            if alias == home:
                with system(purpose, using=alias):
                    assert Person.objects.using(alias).count() == 4
                continue
            with pytest.raises(WrongRole), system(purpose, using=alias):
                pytest.fail(f"{purpose} ran as {alias}")
            with transaction.atomic(using=alias), transaction.get_connection(alias).cursor() as cursor:
                cursor.execute("SELECT set_config('sifang.system_purpose', %s, true)", [purpose])
                assert Person.objects.using(alias).count() == 0
    with system("migration", using="owner", continues=True):
        records = ReadRecord.objects.using("owner").filter(what="system_run")
        assert sorted(records.values_list("system_purpose", flat=True)) == sorted(ALIASES)


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_the_live_map_reads_as_reader_only_leaves_its_record_and_sees_no_person(city):
    with system("live", using="reader"):
        assert Person.objects.using("reader").count() == 0
    for alias in ("default", "owner", "watch", "jobs"):
        with pytest.raises(WrongRole), system("live", using=alias):
            pytest.fail(f"live ran as {alias}")
    with system("migration", using="owner", continues=True):
        assert ReadRecord.objects.using("owner").filter(system_purpose="live").count() == 1


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_the_compaction_runs_as_jobs_only_leaves_its_record_and_sees_no_person(city):
    with system("compact", using="jobs"):
        assert Person.objects.using("jobs").count() == 0
    for alias in ("default", "owner", "watch", "reader"):
        with pytest.raises(WrongRole), system("compact", using=alias):
            pytest.fail(f"compact ran as {alias}")
    with system("migration", using="owner", continues=True):
        assert ReadRecord.objects.using("owner").filter(system_purpose="compact").count() == 1


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_a_data_migration_without_context_changes_nothing_and_with_it_what_it_had_to(city):
    rows = Person.objects.using("owner")
    assert rows.update(phone="0531") == 0
    with system("migration", using="owner"):
        assert rows.update(phone="0531") == 4
    with city.acting("冯班"):
        assert set(Person.objects.values_list("phone", flat=True)) == {"0531"}


@pytest.mark.django_db(transaction=True, databases=EVERY)
def test_no_role_is_superuser_or_passes_row_security(city):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolbypassrls)",
            [[f"sifang_{role}" for role in ("owner", "app", "watch", "reader", "jobs")]],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s)"
            " AND relrowsecurity AND relforcerowsecurity",
            [["people_person", "people_order", "people_readrecord", "cases_case", "cases_expectation"]],
        )
        assert cursor.fetchone() == (5,)


def test_every_purpose_has_words_and_a_known_article():
    for purpose in Purpose:
        assert purpose.title
        assert purpose.mark == "verified"


@pytest.mark.django_db(databases=["default"])
def test_insert_only_tables_are_granted_so():
    with connection.cursor() as cursor:
        for table in ("people_readrecord", "ledger_pending"):
            for role in ("sifang_app", "sifang_watch", "sifang_reader", "sifang_jobs"):
                for right in ("UPDATE", "DELETE", "TRUNCATE"):
                    cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])
                    assert cursor.fetchone() == (False,), (role, table, right)
