"""E1, E2, E20: not before the order is received, not past the term, and the exit filing goes with it."""

from datetime import timedelta

import pytest

from sifang.cases.errors import CourseEnded
from sifang.cases.lawful import AgainstTheLaw
from sifang.cases.models import Case, Expectation, Proceeding
from sifang.kernel.errors import BeyondPower
from sifang.kernel.ids import uuid7
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import TooEarly
from sifang.law.procedures import all_editions
from sifang.people.models import Order
from tests.attacks.limits.forge import Forger, judged, received, refused, stating, untouched
from tests.personae import City

pytestmark = pytest.mark.django_db
CATEGORY = {
    "category_to": "严管",
    "type_basis": "缓刑",
    "stage": "初期",
    "risk": "低",
    "conduct": "按时报到",
}


def test_e1_before_reception_nothing_of_supervision_is_taken(city: City) -> None:
    case, other = judged(city, "罗某"), received(city, "尤某")
    with pytest.raises(AgainstTheLaw, match="尚未接收"):
        case.does("王科", "category", "assign", **CATEGORY)
    with pytest.raises(AgainstTheLaw, match="尚未接收"):
        case.does("王科", "check", "no_answer", subject="住址", asked_how="电话")
    act = other.lawful("王科", "check", "no_answer", subject="住址", asked_how="电话")
    with refused("act_after_reception"):
        case.writes("王科", act, case_id=case.case.id, proceeding_id=uuid7())


def test_e1_nobody_is_called_supervised_by_update(city: City) -> None:
    case = judged(city, "罗某")
    for officer in ("钱法", "王科", "郑局"):
        with city.acting(officer):
            assert untouched(Case.objects.filter(id=case.case.id), stage="supervised"), officer
    with city.acting("王科"), refused("supervised_after_reception"):
        Case.objects.filter(id=case.case.id).update(stage="supervised")


@pytest.mark.parametrize("lacking", ["document_no", "term_end", "document_date", "decided_by_id", "type"])
def test_e1_no_order_without_its_paper(city: City, lacking: str) -> None:
    with city.acting("王科"):
        kept = Order.objects.get(id=city.orders["张三"].id)
        kept.pk = uuid7()
        setattr(kept, lacking, "" if lacking in {"document_no", "type"} else None)
        kept._state.adding = True
        with refused(""):
            kept.save(force_insert=True)


@pytest.fixture
def last_day(city: City) -> Forger:
    """Received; today is the last day of the term."""
    return received(city, "尤某", days_left=0)


def test_e2_after_release_nothing_is_kept(last_day: Forger) -> None:
    assign = last_day.lawful("王科", "category", "assign", **CATEGORY)
    check = last_day.lawful("王科", "check", "no_answer", subject="住址", asked_how="电话")
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        last_day.does("郑局", "ending", "release")
    last_day.does("王科", "ending", "release")
    for procedure, step, answers in (
        ("category", "assign", CATEGORY),
        ("check", "no_answer", {"subject": "住址", "asked_how": "电话"}),
    ):
        with pytest.raises(CourseEnded):
            last_day.does("王科", procedure, step, **answers)
    with refused("act_"):
        last_day.writes("王科", assign)
    with refused("proceeding_from_its_start"):
        last_day.writes("王科", check)
    with last_day.acting("王科"):
        with refused("case_follows_its_acts"):
            Case.objects.filter(id=last_day.case.id).update(closed_at=None, stage="supervised")
        with refused("order_stands"):
            Order.objects.filter(id=last_day.case.order_id).update(ended_at=None)
        with refused("order_stands"):
            Order.objects.filter(id=last_day.case.order_id).update(
                term_end=legal_day(utc_now()) + timedelta(days=9)
            )


def test_e2_no_course_outlives_the_term_by_saying_so(zhang: Forger) -> None:
    for procedure, outlives in (("category", True), ("check", True), ("exit_control", False)):
        table = next(one for one in all_editions() if one.name == procedure)
        with zhang.acting("王科"), refused("proceeding_from_its_start"):
            Proceeding.objects.create(
                case=zhang.case, procedure=procedure, state=table.start, outlives=outlives
            )


def test_e2_a_course_does_not_end_and_an_order_does_not_without_an_act(last_day: Forger) -> None:
    with last_day.acting("王科"):
        with refused("order_ends_by_an_act"):
            Order.objects.filter(id=last_day.case.order_id).update(ended_at=utc_now())
        with refused("case_follows_its_acts"):
            Case.objects.filter(id=last_day.case.id).update(closed_at=utc_now())
        runs = Proceeding.objects.filter(case=last_day.case, procedure="team")
        with refused("proceeding_stands"):
            runs.update(closed_at=utc_now())


def test_e2_release_neither_early_nor_by_a_forged_term(city: City) -> None:
    case, today = received(city, "罗某", days_left=30), received(city, "尤某", days_left=0)
    with pytest.raises(TooEarly):
        case.does("王科", "ending", "release")
    act = today.lawful("王科", "ending", "release")
    run = case.latest("ending")
    forged = {**act, "case_id": case.case.id, "proceeding_id": run.id}
    with refused("act_on_known_facts"):  # the term of another case
        case.writes("王科", forged)
    with refused("act_not_too_early"):
        case.writes("王科", stating(forged, term_end=(legal_day(utc_now()) + timedelta(days=30)).isoformat()))


def test_e20_the_filing_is_withdrawn_on_the_day_of_release(last_day: Forger) -> None:
    last_day.does("王科", "exit_control", "file")
    last_day.does("王科", "ending", "release")
    with last_day.acting("王科"):
        due = Expectation.objects.get(case=last_day.case, kind="exit_control.withdraw", closed_at=None)
    assert legal_day(due.due_at - timedelta(seconds=1)) == legal_day(utc_now())
    for officer in ("郑局", "市科", "赵检"):
        with pytest.raises(BeyondPower, match="出境入境管理法65条"):
            last_day.does(officer, "exit_control", "withdraw")
    with last_day.acting("王科"):
        with refused("closed_by_what_fulfils_it"):
            Expectation.objects.filter(id=due.id).update(closed_at=utc_now(), closed_by=uuid7())
        with refused("proceeding_stands"):
            Proceeding.objects.filter(case=last_day.case, procedure="exit_control").update(state="withdrawn")
    with last_day.acting("赵检"):
        assert untouched(Expectation.objects.filter(id=due.id), closed_at=utc_now(), closed_by=uuid7())
    last_day.does("王科", "exit_control", "withdraw")
    with last_day.acting("王科"):
        assert Expectation.objects.get(id=due.id).closed_by is not None


def test_e20_after_the_end_no_filing_is_made_or_renewed(city: City) -> None:
    case = received(city, "尤某", days_left=0)
    act = case.lawful("王科", "exit_control", "file")
    case.does("王科", "ending", "release")
    with refused("act_within_the_term"):
        case.writes("王科", act)


def test_e20_every_table_that_outlives_the_term_only_eases() -> None:
    for table in all_editions():
        late = [one.name for one in table.steps if table.outlives and one.burden]
        assert set(late) <= {"file", "renew"}, table.name  # both refused after the end, above
