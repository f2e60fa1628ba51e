"""E17: nobody is nobody's; the old county until the new one registers, after arrival and hand-over."""

from datetime import timedelta

import pytest

from sifang.cases.lawful import AgainstTheLaw
from sifang.cases.models import Proceeding
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import NotGiven
from sifang.people.models import Person, ShareMatter
from sifang.people.services import share
from tests.attacks.limits.forge import Forger, as_row, refused, stating, untouched

pytestmark = pytest.mark.django_db


def applied(case: Forger, to: str = "商河县司法局", officer: str = "李所") -> Proceeding:
    """An application to move there."""
    return case.does(
        officer,
        "move",
        "apply",
        purpose="work",
        new_address="商河县许商街道",
        new_agency=to,
        wanted_on=(legal_day(utc_now()) + timedelta(days=35)).isoformat(),
        proof="租房合同",
    ).proceeding


def decided(case: Forger) -> Proceeding:
    """Asked, agreed and decided; nobody has gone yet."""
    run = applied(case)
    case.does("李所", "move", "comment", comment="属实")
    case.does("王科", "move", "ask")
    case.does("周外", "move", "agree", found="属实", opinion="同意")
    case.does("王科", "move", "decide", educated="yes")
    return run


def county_of(case: Forger, name: str = "张三") -> str:
    with case.acting("市科"):
        return (
            Person.objects.select_related("county_agency")
            .get(id=case.city.persons[name].id)
            .county_agency.name
        )


def test_e17_each_step_by_its_county(zhang: Forger) -> None:
    applied(zhang)
    with pytest.raises(BeyondPower, match="司法所"):
        zhang.does("王科", "move", "comment", comment="属实")
    zhang.does("李所", "move", "comment", comment="属实")
    with pytest.raises(NotFound):
        zhang.does("周外", "move", "agree", found="属实", opinion="同意")
    zhang.does("王科", "move", "ask")
    with pytest.raises(BeyondPower, match="新执行地县级社区矫正机构"):
        zhang.does("王科", "move", "agree", found="属实", opinion="同意")
    act = zhang.lawful("周外", "move", "agree", found="属实", opinion="同意")
    for officer in ("王科", "郑局", "市科", "李所"):
        with refused("act_by_its_actor"):
            zhang.writes(officer, act)


def test_e17_no_registration_before_arrival_and_hand_over(zhang: Forger) -> None:
    decided(zhang)
    with pytest.raises(NotGiven, match="报到"):
        zhang.does("周外", "move", "register")
    arrive = zhang.lawful("周外", "move", "arrive", identity="居民身份证")
    today = legal_day(utc_now()).isoformat()
    forged = as_row({**arrive, "answers": {}}, "register")
    with refused("act_on_its_condition"):
        zhang.writes("周外", forged)
    with refused("act_on_known_facts"):
        zhang.writes("周外", stating(forged, arrived_on=today, handed_over_on=today))
    zhang.does("周外", "move", "arrive", identity="居民身份证")
    with pytest.raises(NotGiven, match="移交"):
        zhang.does("周外", "move", "register")
    assert county_of(zhang) == "历下区司法局"
    zhang.does("王科", "move", "hand_over", papers="档案一册")
    assert county_of(zhang) == "历下区司法局"
    with pytest.raises(BeyondPower, match="新执行地县级社区矫正机构"):
        zhang.does("王科", "move", "register")
    zhang.does("周外", "move", "register")
    assert county_of(zhang) == "商河县司法局"


@pytest.mark.parametrize("officer", ["周外", "王科", "郑局", "李所", "市科", "赵检"])
def test_e17_nobody_is_moved_by_update(zhang: Forger, officer: str) -> None:
    new = zhang.city.agencies["商河县司法局"]
    decided(zhang)
    with zhang.acting("王科"):  # even where the old county opens its register to the new one
        share(zhang.city["王科"], zhang.city.persons["张三"], new, ShareMatter.MOVE, article="社区矫正法27条")
    place = {"county_agency": new, "county_code": new.area_code, "office": None}
    with zhang.acting(officer):
        assert untouched(Person.objects.filter(id=zhang.city.persons["张三"].id), **place)
    assert county_of(zhang) == "历下区司法局"


def test_e17_the_other_county_is_the_one_applied_for(zhang: Forger) -> None:
    for wrong in ("历下区司法局", "济南市司法局", "趵突泉司法所", "历下区人民法院"):
        with pytest.raises(AgainstTheLaw, match="另一县级社区矫正机构"):
            applied(zhang, wrong)
    run = applied(zhang)
    for name in ("历下区司法局", "济南市司法局"):
        with zhang.acting("王科"), refused("other_agency_as_applied"):
            Proceeding.objects.filter(id=run.id).update(other_agency=zhang.city.agencies[name])
    with zhang.acting("王科"), refused("other_agency_as_applied"):
        Proceeding.objects.filter(id=run.id).update(other_agency=None)
