"""E14 and E15: a woman has a woman in her team; a minor is protected, and sealed after the end."""

from datetime import date, timedelta

import pytest

from sifang.cases.models import Proceeding
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import NotGiven
from sifang.people.models import Person
from sifang.people.services import end_order, seal_person
from tests.attacks.limits.forge import Fields, Forger, judged, received, refused, stating
from tests.personae import City

pytestmark = pytest.mark.django_db
TODAY = legal_day(utc_now()).isoformat()
MEN = [{"name": "李所", "kind": "司法所", "sex": "m"}]
MIXED = [*MEN, {"name": "周敏", "kind": "社会工作者", "sex": "f"}]
VERSED = [*MEN, {"name": "吴老师", "kind": "志愿者", "sex": "m", "versed": True}]


def test_e15_services_form_no_team_without_a_woman(woman: Forger) -> None:
    with pytest.raises(NotGiven, match="女性成员"):
        woman.does("王科", "team", "form", members=MEN, signed_on=TODAY)
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        woman.does("郑局", "team", "form", members=MIXED, signed_on=TODAY)
    assert woman.does("王科", "team", "form", members=MIXED, signed_on=TODAY).state_after == "active"
    with pytest.raises(NotGiven, match="女性成员"):
        woman.does("王科", "team", "change", members=MEN, signed_on=TODAY)


FOR_MEN = {"row": 0, "article": "社区矫正法25条、办法19条1款"}  # the row that asks for nobody special


@pytest.mark.parametrize(
    ("row", "claim"),
    [({}, {}), (FOR_MEN, {"woman": False}), (FOR_MEN, {"woman": False, "woman_in_team": False})],
)
def test_e15_the_database_recounts_the_members(woman: Forger, row: Fields, claim: Fields) -> None:
    act = woman.lawful("王科", "team", "form", members=MIXED, signed_on=TODAY)
    with refused("act_on_known_facts"):
        woman.writes("王科", stating({**act, **row}, members=MEN, **claim))
    woman.writes("王科", act)


def test_e15_no_row_for_a_man_serves_a_woman(woman: Forger) -> None:
    """The row that asks for no woman is written for her, honestly stating that she is one."""
    act = woman.lawful("王科", "team", "form", members=MIXED, signed_on=TODAY)
    other = stating({**act, **FOR_MEN}, members=MEN, woman_in_team=False)
    with refused("act_on_its_condition"):
        woman.writes("王科", other)


def test_e15_a_team_that_stands_is_not_made_by_update(woman: Forger) -> None:
    for officer in ("王科", "郑局", "赵检"):
        with woman.acting(officer), refused("proceeding_stands"):
            Proceeding.objects.filter(case=woman.case, procedure="team").update(state="active")


def young(city: City, name: str) -> Forger:
    today = legal_day(utc_now())
    return received(city, name, birth_date=date(today.year - 17, 1, 1))


def test_e14_a_minors_team_needs_a_member_versed_in_minors(city: City) -> None:
    case = young(city, "金某")
    with pytest.raises(NotGiven, match="未成年人"):
        case.does("王科", "team", "form", members=MIXED, signed_on=TODAY)
    act = case.lawful("王科", "team", "form", members=VERSED, signed_on=TODAY)
    for row, claim in (
        ({}, {}),
        (FOR_MEN, {"minor": False}),
        (FOR_MEN, {"minor": False, "versed_in_minors": False}),
    ):
        with refused("act_on_known_facts"):
            case.writes("王科", stating({**act, **row}, members=MIXED, **claim))


def test_e14_no_announcement_before_the_guardian_is_called(city: City) -> None:
    case = young(city, "金某")
    with pytest.raises(NotGiven, match="监护人"):
        case.does("王科", "intake", "announce", attended=VERSED)
    act = case.lawful("王科", "intake", "call_guardian", guardian="金父，父亲", called_by="电话")
    with refused("act_leaves_what_it_sets"):  # a call that leaves more than a call
        case.writes("王科", {**act, "after": {**act["after"], "announced_on": TODAY}})
    with case.acting("王科"), refused("proceeding_stands"):
        run = Proceeding.objects.get(case=case.case, procedure="intake")
        run.facts = {**run.facts, "guardian_called": True}
        run.save(update_fields=["facts"])


def test_e14_a_minor_stays_one_until_the_end_of_the_term(city: City) -> None:
    case = young(city, "金某")
    with case.acting("王科"), refused("person_minor_stands"):
        Person.objects.filter(id=case.case.person_id).update(is_minor=False)


def test_e14_a_sealed_record_is_read_by_nobody(city: City) -> None:
    with city.acting("王科"):
        end_order(city["王科"], city.orders["小陈"], on=utc_now() - timedelta(minutes=1), why="期满")
        seal_person(city["王科"], city.persons["小陈"])
    for officer in ("王科", "郑局", "李所", "赵检", "市科", "孙警", "钱法"):
        with city.acting(officer):
            assert not Person.objects.filter(id=city.persons["小陈"].id).exists(), officer
            assert not Proceeding.objects.filter(case=city.cases["小陈"]).exists()
    with pytest.raises(NotFound):
        Forger(city, city.cases["小陈"]).does("王科", "minor", "urge", failing="无")


def test_e14_others_learn_nothing_of_a_minors_case(city: City) -> None:
    case = judged(city, "金某", birth_date=date(legal_day(utc_now()).year - 17, 1, 1))
    for officer in ("周外", "吴离", "米书", "系管"):
        with pytest.raises(NotFound):
            case.does(officer, "intake", "report")
