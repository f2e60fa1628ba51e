"""E6, E7, E8: the right decider, a written refusal, and what does not exist for a type of order."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from sifang.cases.errors import BadAnswers, ReasonsMissing
from sifang.cases.models import Act, Case
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.ids import uuid7
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import NotForType, NotGiven
from tests.attacks.limits.forge import Fields, Forger, as_row, received, refused, stating, untouched

pytestmark = pytest.mark.django_db
EVERYBODY = ("李所", "郑局", "冯班", "赵检", "孙警", "钱法", "市科", "监管", "系管", "周外", "张三")

SEE = ("李所", "郑局", "赵检", "市科", "张三")  # of them, who sees the case: refused by name, not by absence


def leave(case: Forger, days: int, start: int = 5) -> Act:
    """Ask for so many days, from so many days ahead."""
    first = legal_day(utc_now()) + timedelta(days=start)
    return case.does(
        "李所",
        "leave",
        "apply",
        purpose="medical",
        destination="北京市",
        leaves_on=first.isoformat(),
        returns_on=(first + timedelta(days=days - 1)).isoformat(),
        proof="门诊预约单",
    )


@pytest.mark.parametrize("officer", EVERYBODY)
def test_e6_nobody_else_grants_ten_days(zhang: Forger, officer: str) -> None:
    asked = leave(zhang, 10)
    with pytest.raises((BeyondPower, NotFound)) as caught:
        zhang.does(officer, "leave", "approve", proceeding=asked.proceeding_id)
    if isinstance(caught.value, BeyondPower):
        assert "县级社区矫正机构" in str(caught.value)
        assert "办法27条" in str(caught.value)
    act = zhang.lawful("王科", "leave", "approve", proceeding=asked.proceeding_id)
    with refused("act_by_its_actor" if officer in SEE else ""):
        zhang.writes(officer, act)
    zhang.writes("王科", act)


@pytest.mark.parametrize("claim", [{"days": 7}, {"window_days": 7}, {"days": 7, "window_days": 7}])
def test_e6_nobody_types_the_days(zhang: Forger, claim: Fields) -> None:
    asked = leave(zhang, 31)
    act = zhang.lawful("市科", "leave", "approve", proceeding=asked.proceeding_id)
    county = as_row(act, "approve", "县级社区矫正机构")
    with refused("act_on_its_condition"):
        zhang.writes("王科", county)
    with refused("leave_is_counted" if "days" in claim and len(claim) > 1 else "act_on_its_condition"):
        zhang.writes("王科", stating(county, **claim))


def test_e6_the_sum_of_two_months_is_computed(zhang: Forger) -> None:
    first = leave(zhang, 28, 3)
    zhang.does("王科", "leave", "approve", proceeding=first.proceeding_id)
    second = leave(zhang, 4, 40)
    with pytest.raises(BeyondPower, match="上一级社区矫正机构"):
        zhang.does("王科", "leave", "approve", proceeding=second.proceeding_id)
    other = leave(zhang, 4, 200)  # the same length where nothing is summed up: his own power
    act = zhang.lawful("王科", "leave", "approve", proceeding=other.proceeding_id)
    with zhang.acting("王科"):
        run = second.proceeding
        run.refresh_from_db()
    dates = {key: run.facts[key] for key in ("leaves_on", "returns_on")}
    after = {**act["after"], **dates, "granted_until": dates["returns_on"]}
    forged = {**act, "proceeding_id": run.id, "after": after}
    with refused("leave_is_counted"):
        zhang.writes("王科", {**forged, "facts": {**act["facts"], **dates}})


def test_e6_no_delegation_is_claimed(zhang: Forger) -> None:
    asked = leave(zhang, 5)
    act = zhang.lawful("王科", "leave", "approve", proceeding=asked.proceeding_id)
    forged = as_row(act, "approve", "司法所")
    with refused("leave_is_counted"):
        zhang.writes("李所", stating(forged, delegated_leave=True))


def test_e7_a_refusal_says_why_and_what_can_be_done(zhang: Forger) -> None:
    asked = leave(zhang, 10)
    with pytest.raises(ReasonsMissing, match="救济途径"):
        zhang.does("王科", "leave", "refuse", proceeding=asked.proceeding_id, reasons="  ")
    act = zhang.lawful("王科", "leave", "refuse", proceeding=asked.proceeding_id, reasons="材料不实")
    assert "人民检察院" in act["remedy"]
    for lacking in ({"reasons": ""}, {"reasons": " \n"}, {"remedy": ""}):
        with refused("act_has_reasons"):
            zhang.writes("王科", act, **lacking)


def test_e7_what_was_decided_stays_decided(zhang: Forger) -> None:
    asked = leave(zhang, 10)
    done = zhang.does("王科", "leave", "refuse", proceeding=asked.proceeding_id, reasons="材料不实")
    for officer in ("王科", "郑局", "赵检", "李所"):
        with zhang.acting(officer):
            assert untouched(Act.objects.filter(id=done.id), reasons="换个说法", officer=zhang.city["郑局"])


# procedure, step, who has it, who has it not (PROCEDURES § 2)
GATES = (
    ("stop_breach", "register_penalty", "张三", "卫某"),
    ("stop_breach", "register_intended", "张三", "小陈"),
    ("prohibition", "apply", "张三", "卫某"),
    ("positioning", "ground_intended", "张三", "小陈"),
    ("positioning", "ground_penalty", "张三", "卫某"),
)
ANSWERS = {
    "stop_breach": {
        "decision_no": "1号",
        "decided_by": "历下分局",
        "decision_on": "2026-01-02",
        "facts_found": "见决定",
    },
    "prohibition": {"where": "网吧", "purpose": "工作", "enters_on": "2026-12-01", "leaves_on": "2026-12-01"},
    "positioning": {},
}


@pytest.mark.parametrize(("procedure", "step", "has", "has_not"), GATES)
def test_e8_what_does_not_exist_for_a_type_is_refused(
    zhang: Forger, procedure: str, step: str, has: str, has_not: str
) -> None:
    city = zhang.city
    answers = dict(ANSWERS[procedure])
    if procedure == "positioning":
        kind = step.removeprefix("ground_")
        name = "register_" + kind
        proof = zhang.does("王科", "stop_breach", name, **ANSWERS["stop_breach"])
        answers["proof"] = str(proof.id)
    without = Forger(city, city.cases[has_not])
    with pytest.raises((NotForType, NotGiven, BadAnswers)) as caught:
        without.does("王科", procedure, step, **answers)
    assert isinstance(caught.value, NotForType) or procedure == "positioning", caught.value
    act = zhang.lawful("王科", procedure, step, **answers)
    with zhang.acting("王科"):
        order = Case.objects.select_related("order").get(id=without.case.id).order
    moved = {**act, "case_id": without.case.id, "proceeding_id": uuid7()}
    with refused("act_for_its_type"):
        zhang.writes("王科", moved)
    with refused("act_for_its_type"):
        zhang.writes("王科", stating(moved, type=order.type))


@pytest.mark.parametrize(
    ("kind", "step"), [("control", "revoke"), ("control", "recall"), ("parole", "recall")]
)
def test_e8_an_order_ends_only_as_its_type_can(zhang: Forger, kind: str, step: str) -> None:
    case = received(zhang.city, "邱某", type=kind)
    with pytest.raises(NotForType):
        case.does("王科", "ending", step, document_no="1号", document_on=legal_day(utc_now()).isoformat())
    act = case.lawful("王科", "ending", "evaluate", evaluation="良好")
    forged = as_row(act, step)
    with refused("act_for_its_type"):
        case.writes("王科", forged)


def test_e6_a_row_that_is_not_in_the_table_is_no_act(zhang: Forger) -> None:
    asked = leave(zhang, 10)
    act = zhang.lawful("王科", "leave", "approve", proceeding=asked.proceeding_id)
    for wrong in ({"row": 999}, {"step": "grant"}, {"edition": date(1999, 1, 1)}, {"proceeding_id": uuid4()}):
        with refused(""):
            zhang.writes("王科", act, **wrong)
