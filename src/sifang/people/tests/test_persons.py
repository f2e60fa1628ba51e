"""Who a person is, what it may be changed to, guardians, and moving without a gap (E14, E17)."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.models import Alias, Guardian, Person, Role, Share, ShareMatter
from sifang.people.names import is_id_number, search_keys, tidy
from sifang.people.purposes import Purpose
from sifang.people.rules import is_minor_on
from sifang.people.services import (
    add_alias,
    add_guardian,
    change_person,
    grant_role,
    move_person,
    register_person,
    share,
    tell_guardian,
)

NEW = "商河县司法局"


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("单小强", "shanxiaoqiang", "sxq"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("曾国强", "zengguoqiang", "zgq"),
        ("买买提·吐尔逊", "maimaitituerxun", "mmttex"),
        ("Anna Li", "annali", "a"),
    ],
)
def test_a_name_is_found_by_pinyin_and_initials(name, pinyin, initials):
    keys = search_keys(name)
    assert keys.pinyin == pinyin
    assert keys.initials.startswith(initials)


def test_a_query_is_tidied_as_keys_are():
    assert [tidy(" Zhang San "), tidy("０４１７"), tidy(" 张 三"), tidy("")] == [
        "zhangsan",
        "0417",
        "张 三",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105194912310021", False),
        ("11010519491231", False),
        ("１1010519491231002X", False),
    ],
)
def test_the_check_digit_of_an_identity_number(text, right):
    assert is_id_number(text) == right


def test_under_eighteen_until_the_end_of_the_birthday():
    born = date(2008, 2, 29)
    assert is_minor_on(born, date(2026, 2, 28))
    assert not is_minor_on(born, date(2026, 3, 1))


def test_the_register_keeps_keys_and_who_was_a_minor(city):
    with city.acting("王科"):
        rows = dict(Person.objects.values_list("name", "is_minor"))
        one = Person.objects.get(name="张三")
    assert rows == {"张三": False, "卫某": False, "小陈": True}
    assert (one.pinyin, one.initials, one.number_reversed) == ("zhangsan", "zs", "7140-6202-下历")


@pytest.mark.parametrize("officer", ["王科", "李所"])
def test_the_keepers_of_the_file_change_it(city, officer):
    with city.acting(officer):
        one = Person.objects.get(name="张三")
        change_person(city[officer], one, phone="100-1", id_number="11010519491231002X")
        add_alias(city[officer], one, "张小三")
        tell_guardian(city[officer], add_guardian(city[officer], one, "张父", "父亲"), on=date(2026, 9, 1))
        kept = Person.objects.get(id=one.id)
        assert (kept.phone, kept.id_tail) == ("100-1", "002X")
        assert Alias.objects.get().initials == "zxs"
        assert Guardian.objects.get().told_on == date(2026, 9, 1)
    for kind in ("person_changed", "guardian_added", "guardian_told"):
        assert LedgerPending.objects.filter(kind=kind).count() == 1


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [("周外", NotFound), ("赵检", BeyondPower), ("钱法", BeyondPower), ("冯班", BeyondPower)],
)
def test_others_change_nothing_about_a_person(city, officer, outcome):
    one = city.persons["张三"]
    with city.acting(officer):
        for act in (
            lambda: change_person(city[officer], one, phone="1"),
            lambda: add_alias(city[officer], one, "某"),
            lambda: add_guardian(city[officer], one, "某", "父亲"),
        ):
            with pytest.raises(outcome):
                act()
    if officer != "冯班":  # the city covers all counties in the database; the service says whose
        for make in (
            lambda: Guardian.objects.create(person=one, name="某", relation="父亲"),
            lambda: Alias.objects.create(person=one, name="某"),
        ):
            with pytest.raises(DatabaseError), city.acting(officer):
                make()
    with pytest.raises(NotFound), city.acting("吴离"):
        pytest.fail("吴离 acted")


def test_what_may_not_be_changed(city):
    with city.acting("王科"):
        for change in ({"name": "改名"}, {"county_code": "370126"}, {"id_number": "110105194912310021"}):
            with pytest.raises(BadInput):
                change_person(city["王科"], city.persons["张三"], **change)


def examined(city, person="张三"):
    with city.acting("王科"):
        one = city.persons[person]
        share(city["王科"], one, city.agencies[NEW], ShareMatter.MOVE, article="社区矫正法27条")


def test_the_new_county_registers_the_arrival_and_nobody_is_nobodys(city):
    with city.acting("王科", Purpose.RECEPTION):  # no course runs yet: then its acts alone move (cases)
        order = register_person(city["王科"], city.facts("龚某", "历下-2026-0999"), city.paper("龚某"))
    city.persons["龚某"] = order.person
    examined(city, "龚某")
    new, office = city.agencies[NEW], city.agencies["许商司法所"]
    with city.acting("周外"):
        move_person(city["周外"], Person.objects.get(name="龚某"), new, office)
    with city.acting("周外"):
        moved = Person.objects.get(name="龚某")
        assert (moved.county_code, moved.county_agency, moved.office) == ("370126", new, office)
        assert change_person(city["周外"], moved, phone="100-2").phone == "100-2"
    with city.acting("王科"):  # for the papers, by a share that ends by itself
        assert Person.objects.filter(name="龚某").update(phone="9") == 0
        back = Share.objects.get(agency=city["王科"].agency)
    assert back.valid_to - back.valid_from == timedelta(days=30)
    assert LedgerPending.objects.filter(kind="person_moved").count() == 1


def test_nobody_but_the_new_county_which_examined_the_move_takes_over(city):
    new = city.agencies[NEW]
    with pytest.raises(NotFound), city.acting("周外"):  # not shared
        move_person(city["周外"], city.persons["张三"], new)
    examined(city)
    for officer in ("王科", "李所", "赵检", "冯班", "郑局"):
        with pytest.raises(BeyondPower), city.acting(officer):
            move_person(city[officer], city.persons["张三"], new)
    with pytest.raises(BadInput), city.acting("周外"):
        move_person(city["周外"], city.persons["张三"], new, city.agencies["泉城路司法所"])


@pytest.mark.parametrize("officer", ["王科", "李所", "赵检", "冯班"])
def test_the_database_alone_moves_nobody_else(city, officer):
    examined(city)
    place = {"county_code": "370126", "county_agency": city.agencies[NEW], "office": None}
    with city.acting(officer):
        try:
            with transaction.atomic():
                assert Person.objects.filter(name="张三").update(**place) == 0
        except DatabaseError:
            pass
        assert Person.objects.get(name="张三").county_code == "370102"
    with city.acting("周外"), pytest.raises(DatabaseError), transaction.atomic():  # half a move
        Person.objects.filter(name="张三").update(county_code="370126")


def test_the_city_which_covers_both_counties_moves_nobody_either(city):
    grant_role(city["冯班"], Role.COUNTY_OFFICER, valid_from=utc_now() - timedelta(days=1))
    examined(city)
    place = {"county_code": "370126", "county_agency": city.agencies[NEW], "office": None}
    with city.acting("冯班"), pytest.raises(IntegrityError, match="办法31条"), transaction.atomic():
        Person.objects.filter(name="张三").update(**place)


def test_after_the_share_has_ended_there_is_no_move(city):
    examined(city)
    with city.acting("王科"):
        Share.objects.filter(matter="move").update(valid_to=utc_now())
    place = {"county_code": "370126", "county_agency": city.agencies[NEW], "office": None}
    with city.acting("周外"):
        assert Person.objects.filter(name="张三").update(**place) == 0


def test_the_office_is_given_by_the_county_and_is_its_own(city):
    for officer, office in (("李所", "泉城路司法所"), ("郑局", "泉城路司法所"), ("王科", "许商司法所")):
        with city.acting(officer), pytest.raises(IntegrityError), transaction.atomic():
            Person.objects.filter(name="张三").update(office=city.agencies[office])
    with city.acting("王科"):
        assert Person.objects.filter(name="张三").update(office=city.agencies["泉城路司法所"]) == 1


def test_a_minor_stays_one_until_the_end_of_the_term(city):
    with city.acting("王科"), pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(name="小陈").update(is_minor=False)
    assert legal_day(utc_now()) > city.orders["小陈"].effective_on
