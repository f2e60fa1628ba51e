"""What a county leaves to a justice office: by whom, which matter, from which day to which (E6)."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.models import Delegation, DelegationMatter, DelegationTitle
from sifang.people.powers import is_delegated
from sifang.people.services import delegate, end_delegation

LEAVE = DelegationMatter.LEAVE
FIRST, LAST = date(2026, 7, 1), date(2026, 12, 31)


def give(city, by="王科", office="趵突泉司法所", **facts):
    terms = {"document_no": "历下矫委〔2026〕1号", "valid_from": FIRST, "valid_to": LAST} | facts
    with city.acting(by):
        return delegate(city[by], city.agencies[office], LEAVE, **terms)


def test_it_stands_on_its_first_and_last_day_for_its_office_and_matter_only(city):
    given = give(city, title=DelegationTitle.ASSIGNED)
    office, other = given.office_id, city.agencies["泉城路司法所"].id
    days = [FIRST - timedelta(days=1), FIRST, LAST, LAST + timedelta(days=1)]
    assert [is_delegated(office, LEAVE, day) for day in days] == [False, True, True, False]
    assert not is_delegated(other, LEAVE, FIRST)
    assert not is_delegated(office, DelegationMatter.VISIT, FIRST)
    assert LedgerPending.objects.filter(kind="matter_delegated").count() == 1


def test_without_a_last_day_it_stands_until_it_is_ended(city):
    given = give(city, "郑局", valid_to=None)
    far, today = FIRST + timedelta(days=9000), legal_day(utc_now())
    assert is_delegated(given.office_id, LEAVE, far)
    with city.acting("王科"):
        end_delegation(city["王科"], given, last_day=today)
    assert is_delegated(given.office_id, LEAVE, today)
    assert not is_delegated(given.office_id, LEAVE, today + timedelta(days=1))
    assert LedgerPending.objects.filter(kind="delegation_ended").count() == 1


@pytest.mark.parametrize("officer", ["李所", "赵检", "周外", "冯班", "钱法", "孙警", "米书", "系管"])
def test_only_that_county_delegates_and_ends(city, officer):
    with pytest.raises(BeyondPower, match="历下区司法局（社区矫正法9条）"):
        give(city, officer)
    given = give(city)
    with pytest.raises(BeyondPower), city.acting(officer):
        end_delegation(city[officer], given, last_day=LAST)


def test_an_officer_who_left_delegates_nothing(city):
    with pytest.raises(NotFound):
        give(city, "吴离")
    with pytest.raises(BeyondPower), city.acting("王科"):
        delegate(city["吴离"], city.agencies["趵突泉司法所"], LEAVE, document_no="1", valid_from=FIRST)


@pytest.mark.parametrize(
    "facts", [{"document_no": " "}, {"valid_to": FIRST - timedelta(days=1)}, {"office": "历下区司法局"}]
)
def test_a_delegation_that_cannot_be(city, facts):
    with pytest.raises(BadInput):
        give(city, **facts)


def test_it_ends_neither_later_than_it_said_nor_back_in_time(city):
    given = give(city, valid_from=legal_day(utc_now()) - timedelta(days=90), valid_to=None)
    with pytest.raises(BadInput), city.acting("王科"):
        end_delegation(city["王科"], given, last_day=legal_day(utc_now()) - timedelta(days=2))
    limited = give(city)
    with pytest.raises(BadInput), city.acting("王科"):
        end_delegation(city["王科"], limited, last_day=LAST + timedelta(days=1))


@pytest.mark.parametrize("officer", ["李所", "周外", "赵检", "冯班"])
def test_the_database_alone_refuses_others(city, officer):
    given = give(city)
    row = {name: getattr(given, name) for name in ("agency", "office", "matter", "document_no", "valid_from")}
    with pytest.raises(DatabaseError), city.acting(officer):
        Delegation.objects.create(**row, by=city[officer])
    with city.acting(officer):
        assert Delegation.objects.update(valid_to=FIRST) == 0
    with pytest.raises(DatabaseError), city.acting("王科"):  # in another officer's name
        Delegation.objects.create(**row, by=city["郑局"])


def test_the_database_alone_keeps_a_delegation_as_it_was_given(city):
    given = give(city)
    county, elsewhere = city.agencies["历下区司法局"], city.agencies["许商司法所"]
    with city.acting("王科"):
        changes = [{"valid_to": None}, {"valid_to": LAST + timedelta(days=1)}, {"matter": "visit"}]
        for change in [*changes, {"valid_from": FIRST - timedelta(days=9)}]:
            with pytest.raises(IntegrityError), transaction.atomic():
                Delegation.objects.filter(id=given.id).update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():  # an office of another county
            Delegation.objects.create(
                agency=county,
                office=elsewhere,
                matter=LEAVE,
                document_no="1",
                valid_from=FIRST,
                by=city["王科"],
            )
        assert Delegation.objects.filter(id=given.id).delete()[0] == 0  # no policy lets anybody delete
    assert is_delegated(given.office_id, LEAVE, FIRST)
