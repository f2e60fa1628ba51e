"""A share: one person, one agency, one matter, from an instant to another; it reads and never writes."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.access import access_person_by_number, access_readers_of
from sifang.people.accounts import ROLES_OF
from sifang.people.models import (
    AgencyKind,
    Level,
    Officer,
    Order,
    Person,
    ReadRecord,
    Role,
    Share,
    ShareMatter,
)
from sifang.people.powers import is_shared
from sifang.people.purposes import Purpose
from sifang.people.services import (
    end_share,
    grant_role,
    register_agency,
    register_officer,
    share,
)

MOVE = ShareMatter.MOVE
MOVES = "社区矫正法27条"


def lend(city, agency="商河县司法局", matter=MOVE, *, by="王科", person="张三", **span):
    with city.acting(by):
        return share(city[by], city.persons[person], city.agencies[agency], matter, article=MOVES, **span)


def names(city, officer):
    with city.acting(officer):
        return set(Person.objects.values_list("name", flat=True))


def test_the_new_county_reads_person_and_order_while_a_move_is_examined(city):
    lent = lend(city)
    assert names(city, "周外") == {"何某", "张三"}
    with city.acting("周外"):
        assert Order.objects.filter(person__name="张三").count() == 1
    with city.acting("王科"):
        end_share(city["王科"], lent, at=utc_now())
    assert names(city, "周外") == {"何某"}
    kinds = ("sight_shared", "share_ended")
    assert LedgerPending.objects.filter(kind="share_ended").count() == 1
    assert LedgerPending.objects.filter(kind=kinds[0]).count() == 5  # four courts' own orders, one move


def test_it_counts_only_between_its_instants_and_only_for_its_matter_and_agency(city):
    now = utc_now()
    lend(city, valid_from=now + timedelta(hours=1))
    assert names(city, "周外") == {"何某"}
    lend(city, person="卫某", valid_from=now - timedelta(hours=2), valid_to=now - timedelta(hours=1))
    assert names(city, "周外") == {"何某"}
    one, agency = city.persons["小陈"], city.agencies["商河县司法局"]
    lend(city, person="小陈", valid_from=now, valid_to=now + timedelta(days=1))
    with city.acting("王科"):
        assert is_shared(one.id, agency.id, MOVE, now)
        assert not is_shared(one.id, agency.id, MOVE, now + timedelta(days=1))
        assert not is_shared(one.id, agency.id, ShareMatter.DESTINATION, now)
    assert lend(city, person="小陈") == lend(city, person="小陈")


def test_courts_police_and_custody_see_by_share_alone_and_each_with_its_own_role(city):
    assert names(city, "钱法") == {"张三", "卫某", "小陈", "何某"}  # its own judgments
    assert names(city, "孙警") == set()
    lend(city, "济南市公安局历下分局", ShareMatter.SEARCH)
    assert names(city, "孙警") == {"张三"}
    prison = register_agency("鲁中监狱", AgencyKind.PRISON, Level.PROVINCE, "370000")
    city.agencies[prison.name] = prison
    yu = register_officer("yujing", "狱警", prison)
    city.officers["狱警"] = yu
    grant_role(yu, Role.JUDGE, valid_from=utc_now() - timedelta(days=1))
    lend(city, prison.name, ShareMatter.CUSTODY)
    assert names(city, "狱警") == set()  # not with a role of another house
    grant_role(yu, Role.CUSTODY_OFFICER, valid_from=utc_now() - timedelta(days=1))
    assert names(city, "狱警") == {"张三"}
    assert ROLES_OF[AgencyKind.PRISON] == ROLES_OF[AgencyKind.DETENTION_CENTRE] == (Role.CUSTODY_OFFICER,)


def test_the_committee_gets_no_share(city):
    with pytest.raises(BadInput):
        lend(city, "历下区政法委")
    with pytest.raises(IntegrityError), city.acting("王科"):
        raw(city, "王科", agency=city.agencies["历下区政法委"])
    assert names(city, "米书") == set()


def raw(city, officer, **changes):
    facts = {
        "person": city.persons["张三"],
        "agency": city.agencies["商河县司法局"],
        "matter": MOVE,
        "article": MOVES,
        "given_by": city[officer].agency,
        "by": city[officer],
    }
    return Share.objects.create(**(facts | changes))


@pytest.mark.parametrize("officer", ["周外", "钱法", "孙警", "米书", "系管"])
def test_who_does_not_see_shares_nothing(city, officer):
    with pytest.raises((NotFound, DatabaseError)), city.acting(officer):
        share(city[officer], city.persons["张三"], city.agencies["商河县司法局"], MOVE, article=MOVES)
    with pytest.raises(DatabaseError), city.acting(officer):
        raw(city, officer)
    with pytest.raises(NotFound), city.acting("吴离"):
        pytest.fail("吴离 acted")


@pytest.mark.parametrize("officer", ["赵检", "张三"])
def test_who_only_reads_shares_nothing_by_sql(city, officer):
    with pytest.raises(DatabaseError), city.acting(officer):
        raw(city, officer, given_by=city["王科"].agency)
    with pytest.raises(DatabaseError), city.acting(officer):
        raw(city, officer, given_by=city[officer].agency or city["王科"].agency)


def test_nobody_shares_in_the_name_of_another(city):
    for changes in ({"by": city["郑局"]}, {"given_by": city["周外"].agency}):
        with pytest.raises(DatabaseError), city.acting("王科"):
            raw(city, "王科", **changes)


def test_what_was_lent_is_lent_on_only_to_ones_own_office_for_the_same_matter(city):
    lend(city)
    own, other = city.agencies["许商司法所"], city.agencies["泉城路司法所"]
    with city.acting("周外"):
        assert (
            share(city["周外"], city.persons["张三"], own, MOVE, article=MOVES).given_by
            == city["周外"].agency
        )
    for changes in ({"agency": other}, {"agency": own, "matter": ShareMatter.DESTINATION}):
        with pytest.raises(DatabaseError), city.acting("周外"):
            raw(city, "周外", **changes)


def test_only_the_giver_ends_it_and_nobody_lengthens_or_deletes_it(city):
    lent = lend(city, valid_to=utc_now() + timedelta(days=3))
    with pytest.raises(BeyondPower), city.acting("周外"):
        end_share(city["周外"], lent, at=utc_now())
    with city.acting("周外"):
        assert Share.objects.filter(id=lent.id).update(valid_to=utc_now()) == 0
    with city.acting("王科"):
        for change in ({"valid_to": None}, {"matter": "search"}, {"agency": city["赵检"].agency}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Share.objects.filter(id=lent.id).update(**change)
        assert Share.objects.filter(id=lent.id).delete()[0] == 0


def test_a_share_writes_nothing(city):
    lend(city)
    person = city.persons["张三"]
    paper = city.paper("林乙")
    with city.acting("周外"):
        for change in ({"phone": "1"}, {"county_code": "370126"}, {"office": city.agencies["许商司法所"]}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Person.objects.filter(id=person.id).update(**change)
        assert Order.objects.filter(person=person).update(ended_at=utc_now()) == 0
    with pytest.raises(DatabaseError), city.acting("周外"):
        Order.objects.create(person=person, **{name: getattr(paper, name) for name in vars(paper)})
    with city.acting("钱法"):
        assert Order.objects.update(ended_at=utc_now()) == 0
        assert Person.objects.update(phone="1") == 0


def test_a_share_does_not_open_the_list_of_readers(city):
    lend(city)
    person = access_person_by_number(city["周外"], "历下-2026-0417", Purpose.DAILY)
    access_person_by_number(city["李所"], "历下-2026-0417", Purpose.DAILY)
    assert access_readers_of(city["周外"], person) == []
    with city.acting("王科"):  # the loan itself is read with a record
        assert ReadRecord.objects.filter(agency=city["周外"].agency, what="person").count() == 1


def test_an_inactive_officer_of_the_agency_sees_nothing_shared(city):
    lend(city)
    Officer.objects.filter(id=city["周外"].id).update(is_active=False)
    with pytest.raises(NotFound), city.acting("周外"):
        pytest.fail("acted while inactive")
