"""E3 and E5: a device only on a proved ground, by the head, told, at most three months; a phone is none."""

from datetime import timedelta

import pytest

from sifang.cases.models import Act, Proceeding
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.law.procedure import NoSuchStep, NotGiven
from sifang.law.procedures import all_editions
from sifang.monitoring.models import Measure
from tests.attacks.limits.forge import Forger, as_row, refused, stating

pytestmark = pytest.mark.django_db
WARNED = {
    "decision_no": "1号",
    "decided_by": "历下区司法局",
    "decision_on": "2026-01-02",
    "facts_found": "拒不报告",
}
ASKED = {"necessity": "较轻的方式不足", "effect": "夜间充电", "months": "2"}


def grounded(case: Forger) -> Act:
    """A warning registered, and the ground that it proves."""
    proof = case.does("王科", "stop_breach", "register_warning", **WARNED)
    return case.does("王科", "positioning", "ground_report_refusal", proof=str(proof.id))


def test_e3_no_ground_without_a_record_of_this_case(zhang: Forger, wei: Forger) -> None:
    proof = zhang.does("王科", "stop_breach", "register_warning", **WARNED)
    other = wei.does("王科", "stop_breach", "register_warning", **WARNED)
    act = zhang.lawful("王科", "positioning", "ground_report_refusal", proof=str(proof.id))
    for false in (str(other.id), str(uuid7())):
        with refused("act_on_known_facts"):
            zhang.writes("王科", stating(act, proof=false))
    with refused("act_on_known_facts"):  # a record, but of another ground
        zhang.writes("王科", stating(as_row(act, "ground_absence"), ground="absence"))


def test_e3_no_application_on_a_ground_that_the_record_does_not_prove(zhang: Forger) -> None:
    proof = zhang.does("王科", "stop_breach", "register_warning", **WARNED)
    zhang.does("王科", "positioning", "ground_absence", proof=str(proof.id))
    with pytest.raises(NotGiven, match="已关联记录"):
        zhang.does("王科", "positioning", "apply", **ASKED)


@pytest.mark.parametrize("officer", ["王科", "李所", "市科", "赵检", "孙警", "冯班", "张三", "周外"])
def test_e3_only_the_head_approves(zhang: Forger, officer: str) -> None:
    grounded(zhang)
    zhang.does("王科", "positioning", "apply", **ASKED)
    with pytest.raises((BeyondPower, NotFound)) as caught:
        zhang.does(officer, "positioning", "approve")
    if isinstance(caught.value, BeyondPower):
        assert "县级司法行政部门负责人" in str(caught.value)
        assert "社区矫正法29条" in str(caught.value)
    act = zhang.lawful("郑局", "positioning", "approve")
    with refused("act_by_its_actor" if officer in {"王科", "李所", "市科", "赵检", "张三"} else ""):
        zhang.writes(officer, act)
    for lacking in ({"reasons": ""}, {"remedy": " "}, {"recorded_for": True, "officer_id": None}):
        with refused(""):
            zhang.writes("郑局", act, **lacking)


def test_e3_not_longer_than_three_months_and_not_untold(zhang: Forger) -> None:
    grounded(zhang)
    act = zhang.lawful("王科", "positioning", "apply", **ASKED)
    zhang.writes("王科", stating(act, months="4"))  # asked too much: nobody can grant it
    with pytest.raises(NotGiven, match="使用期限"):
        zhang.does("郑局", "positioning", "approve")
    with zhang.acting("郑局"), refused("proceeding_stands"):
        run = Proceeding.objects.get(case=zhang.case, procedure="positioning")
        run.facts = {**run.facts, "months": "3"}
        run.save(update_fields=["facts"])
    zhang.does("郑局", "positioning", "return", returned_for="期限")
    zhang.does("王科", "positioning", "apply", **ASKED)
    zhang.does("郑局", "positioning", "approve")
    with pytest.raises(NotGiven, match="书面告知"):
        zhang.does("王科", "positioning", "fit", device="x", device_record="y")
    with pytest.raises(NoSuchStep):
        zhang.does("郑局", "positioning", "extend")
    with pytest.raises(NoSuchStep):
        zhang.does("王科", "positioning", "apply_longer", assessment="需要", still_needed="需要", **ASKED)


def test_e3_no_measure_by_insert(zhang: Forger) -> None:
    now = utc_now()
    for officer in ("郑局", "王科", "李所", "赵检"):
        with zhang.acting(officer), refused(""):
            Measure.objects.create(
                person=zhang.city.persons["张三"],
                order=zhang.city.orders["张三"],
                ground=2,
                approver=zhang.city["郑局"],
                approved_at=now,
                ends_at=now + timedelta(days=30),
                reasons="",
            )


def test_e5_no_table_collects_a_position_from_a_phone() -> None:
    """A check is asked and answered once; only a fitted device of the head's approval reports by itself."""
    for table in all_editions():
        for step in table.steps:
            words = step.title + step.help + "".join(ask.words for ask in step.asks)
            if table.name != "positioning":
                assert "轨迹" not in words, (table.name, step.name)
                assert "持续采集" not in words.replace("不得持续采集", ""), (table.name, step.name)
    check = next(one for one in all_editions() if one.name == "check")
    assert {step.to for step in check.steps if step.name == "information"} == {"done"}
