"""Registering persons: no order, no person; each type its own limits; each officer his own power."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.errors import BadDelegation, NoStanding, NotForThisType, TermMismatch
from sifang.people.models import AgencyKind, Level, Order, OrderType, Person, Role, active_roles
from sifang.people.purposes import Purpose
from sifang.people.services import (
    grant_role,
    register_agency,
    register_order,
    register_person,
    retire_officer,
)


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [("王科", None), ("李所", BeyondPower), ("郑局", BeyondPower), ("赵检", BeyondPower), ("周外", NotFound)],
)
def test_only_the_county_agency_registers(city, officer, outcome):
    facts, paper = city.facts("林乙", "历下-2026-0500"), city.paper("林乙")
    if outcome:
        with pytest.raises(outcome), city.acting(officer, Purpose.RECEPTION):
            register_person(city[officer], facts, paper)
        return
    with city.acting(officer, Purpose.RECEPTION):
        order = register_person(city[officer], facts, paper)
    assert (order.person.name, order.person.county_code) == ("林乙", "370102")
    assert LedgerPending.objects.filter(kind="order_registered").count() == 5


def test_a_person_and_the_order_stand_or_fall_together(city):
    facts, paper = city.facts("林乙", "历下-2026-0500"), city.paper("林乙", document_no="x" * 200)
    with pytest.raises(DatabaseError), city.acting("王科", Purpose.RECEPTION):
        register_person(city["王科"], facts, paper)
    with city.acting("王科"):
        assert not Person.objects.filter(name="林乙").exists()


@pytest.mark.parametrize("kind", list(OrderType))
def test_a_prohibition_exists_only_for_control_and_probation(city, kind):
    until = city.paper("林乙").term_end
    paper = city.paper("林乙", type=kind, prohibition="禁止进入网吧", prohibition_until=until)
    with city.acting("王科", Purpose.RECEPTION):
        if kind in {OrderType.CONTROL, OrderType.PROBATION}:
            assert register_order(city["王科"], city.persons["张三"], paper).prohibition
        else:
            with pytest.raises(NotForThisType):
                register_order(city["王科"], city.persons["张三"], paper)


@pytest.mark.parametrize("kind", ["parole", "outside_prison"])
def test_the_database_alone_refuses_a_prohibition_for_parole_and_outside_prison(city, kind):
    with pytest.raises(IntegrityError), city.acting("王科"):
        Order.objects.filter(person=city.persons["张三"]).update(type=kind)


DECIDERS = {
    "法院": (AgencyKind.COURT, Level.COUNTY),
    "监狱管理局": (AgencyKind.PRISON, Level.PROVINCE),
    "市公安": (AgencyKind.POLICE, Level.CITY),
    "县公安": (AgencyKind.POLICE, Level.COUNTY),
    "司法所": (AgencyKind.JUSTICE_OFFICE, Level.TOWNSHIP),
}


@pytest.mark.parametrize("kind", list(OrderType))
@pytest.mark.parametrize("decider", list(DECIDERS))
def test_who_may_put_a_person_under_which_order(city, kind, decider):
    agency = register_agency("测试" + decider, *DECIDERS[decider], "370102")
    may = decider == "法院" or (kind is OrderType.OUTSIDE_PRISON and decider in {"监狱管理局", "市公安"})
    paper = city.paper("林乙", type=kind, decided_by=agency)
    with city.acting("王科", Purpose.RECEPTION):
        if may:
            assert register_order(city["王科"], city.persons["卫某"], paper).decided_by == agency
            return
        with pytest.raises(NoStanding):
            register_order(city["王科"], city.persons["卫某"], paper)
    with pytest.raises(IntegrityError), city.acting("王科"):
        Order.objects.create(
            person=city.persons["卫某"], **{name: getattr(paper, name) for name in vars(paper)}
        )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"document_no": " "}, BadInput),
        ({"term_start": 1}, TermMismatch),
        ({"term_end": -400}, TermMismatch),
        ({"document_date": 5}, TermMismatch),
        ({"prohibition": "禁止进入网吧", "prohibition_until": 999}, TermMismatch),
        ({"prohibition_until": 10}, BadInput),
    ],
)
def test_a_paper_that_cannot_be_blocks_registration(city, change, refusal):
    base = city.paper("林乙")
    moved = {
        name: base.effective_on + timedelta(days=value) if isinstance(value, int) else value
        for name, value in change.items()
    }
    with pytest.raises(refusal), city.acting("王科", Purpose.RECEPTION):
        register_order(city["王科"], city.persons["张三"], city.paper("林乙", **moved))


def test_the_same_document_is_registered_once(city):
    with pytest.raises(IntegrityError), city.acting("王科", Purpose.RECEPTION):
        register_order(city["王科"], city.persons["张三"], city.paper("张三"))


def test_an_order_of_another_county_is_not_there(city):
    with pytest.raises(NotFound), city.acting("周外", Purpose.RECEPTION):
        register_order(city["周外"], city.persons["张三"], city.paper("林乙"))
    paper = city.paper("林乙")
    with pytest.raises(DatabaseError), city.acting("周外"):
        Order.objects.create(
            person=city.persons["张三"], **{name: getattr(paper, name) for name in vars(paper)}
        )


def test_a_delegation_has_its_dates(city):
    now = utc_now()
    grant_role(city["李所"], Role.DUTY_OFFICER, valid_from=now, valid_to=now + timedelta(days=1))
    assert active_roles(city["李所"], now) == {"township_officer", "duty_officer"}
    assert active_roles(city["李所"], now + timedelta(days=1)) == {"township_officer"}
    with pytest.raises(BadDelegation):
        grant_role(city["李所"], Role.DUTY_OFFICER, valid_from=now, valid_to=now)


def test_an_officer_who_leaves_has_no_role_and_each_change_is_in_the_ledger(city):
    before = LedgerPending.objects.filter(kind="role_ended").count()
    retire_officer(city["王科"], at=utc_now())
    assert not active_roles(city["王科"], utc_now())
    assert not city["王科"].is_active
    assert LedgerPending.objects.filter(kind="role_ended").count() == before + 1


@pytest.mark.parametrize(
    ("officer", "rows"), [("赵检", 0), ("李所", 0), ("周外", 0), ("孙警", 0), ("王科", 1)]
)
def test_who_may_end_an_order_with_sql(city, officer, rows):
    with city.acting(officer):
        found = Order.objects.filter(person=city.persons["张三"])
        assert found.update(ended_at=utc_now()) == rows


@pytest.mark.parametrize(("officer", "rows"), [("赵检", 0), ("张三", 0), ("王科", 1), ("李所", 1)])
def test_the_procuratorate_changes_no_person(city, officer, rows):
    with city.acting(officer):
        assert Person.objects.filter(id=city.persons["张三"].id).update(phone="000") == rows


@pytest.mark.parametrize(
    "change",
    [
        {"term_end": legal_day(utc_now()) + timedelta(days=4000)},
        {"type": "control"},
        {"document_no": "另一文书"},
        {"person": "卫某"},
        {"term_start": legal_day(utc_now()) - timedelta(days=1)},
        {"prohibition": "另写"},
        {"prohibition_until": None},
    ],
)
def test_a_registered_order_is_not_rewritten_and_never_grows(city, change):
    if "person" in change:
        change = {"person": city.persons[change["person"]]}
    found = Order.objects.filter(person=city.persons["张三"])
    with city.acting("王科"):
        with pytest.raises(IntegrityError), transaction.atomic():
            found.update(**change)
        assert found.update(term_end=legal_day(utc_now()) + timedelta(days=90)) == 1  # 减刑: shorter


def test_an_ended_order_stays_ended(city):
    found = Order.objects.filter(person=city.persons["张三"])
    with city.acting("王科"):
        found.update(ended_at=utc_now())
        for later in (None, utc_now() + timedelta(days=9)):
            with pytest.raises(IntegrityError), transaction.atomic():
                found.update(ended_at=later)
