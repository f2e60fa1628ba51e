"""The reader of procedures: powers, refusals with the article, what a lawyer must not find."""

from dataclasses import replace
from datetime import date

import pytest

from sifang.kernel.errors import BeyondPower
from sifang.law.check import problems
from sifang.law.conditions import Fact, derive
from sifang.law.procedure import Actor, NoSuchStep, NotGiven, Procedure, Step, by_rule
from sifang.law.procedures import all_editions, edition
from sifang.law.procedures.leave import LEAVE_2020, POWERS
from sifang.law.render import as_markdown


def _facts(days: int, window: int, *, delegated: bool) -> dict[str, object]:
    return {"days": days, "window_days": window, "delegated_leave": delegated, "type": "probation"}


@pytest.mark.parametrize("delegated", [True, False])
def test_exactly_one_authority_for_every_length_and_sum_of_leave(delegated: bool) -> None:
    for days in range(1, 63):
        for window in range(days, 63):
            open_to = {
                actor for actor, _, given in POWERS if given.holds(_facts(days, window, delegated=delegated))
            }
            assert len(open_to) == 1, (days, window, open_to)


def test_a_refusal_names_the_owner_of_the_power_and_the_article() -> None:
    with pytest.raises(BeyondPower, match=r"县级社区矫正机构（办法27条2款）"):
        LEAVE_2020.row("applied", "approve", {Actor.OFFICE}, _facts(10, 10, delegated=True))


def test_a_step_that_the_state_does_not_have_is_refused_in_words() -> None:
    with pytest.raises(NoSuchStep, match="拟申请"):
        LEAVE_2020.row("draft", "approve", {Actor.COUNTY}, _facts(3, 3, delegated=True))
    with pytest.raises(NotGiven, match="没有责令返回"):
        LEAVE_2020.row(
            "overdue", "order_back", {Actor.COUNTY}, _facts(3, 3, delegated=True) | {"ordered_back": True}
        )


def test_zero_is_a_number_and_not_a_no() -> None:
    months = Fact("months", "期限", "个月")
    assert str(months.more_than(0)) == "期限超过0个月"
    assert str(Fact("minor", "未成年").is_(value=False)) == "未成年为否"


def test_days_count_both_ends() -> None:
    facts = derive({"leaves_on": "2026-11-30", "returns_on": "2026-12-02"}, LEAVE_2020.facts)
    assert facts["days"] == 3


def test_caps_and_longer_periods_follow_from_other_facts() -> None:
    known = (
        Fact("last_day", "最后一日", source="cap:approved_on:months:term_end"),
        Fact("next_on", "下次", source="months:last|opened_on:3:extra"),
    )
    facts = {"approved_on": "2026-10-08", "months": "3", "opened_on": "2026-10-08T10:00:00+08:00", "extra": 2}
    found = derive(facts, known)
    assert (found["last_day"], found["next_on"]) == ("2027-01-07", "2027-03-08")
    assert derive(facts | {"last": "2026-11-30"}, known)["next_on"] == "2027-04-30"
    assert derive(facts | {"term_end": "2026-12-01"}, known)["last_day"] == "2026-12-01"
    assert derive(facts | {"term_end": "2028-12-01"}, known)["last_day"] == "2027-01-07"
    assert "last_day" not in derive({"months": 3}, known)


@pytest.mark.parametrize("procedure", all_editions(), ids=lambda one: f"{one.name}-{one.edition}")
def test_a_lawyer_finds_no_problem(procedure: Procedure) -> None:
    assert list(problems(procedure)) == []


def test_the_check_finds_what_it_is_for() -> None:
    def with_rows(*rows: Step) -> Procedure:
        return replace(LEAVE_2020, steps=(*LEAVE_2020.steps, *rows))

    both = with_rows(Step("approve", "批准", "办法27条2款", Actor.POLICE, "applied", "granted"))
    assert any("belongs to both" in one for one in problems(both))
    sourceless = with_rows(Step("note", "记录", "", Actor.COUNTY, "applied", "applied"))
    assert any("no source" in one for one in problems(sourceless))
    unknown = with_rows(Step("note", "记录", "社区矫正法999条", Actor.COUNTY, "applied", "applied"))
    assert any("lacks" in one for one in problems(unknown))
    row = Step("note", "记录", "办法27条", Actor.COUNTY, "applied", "applied")
    timeless = with_rows(
        replace(row, due=by_rule("no.rule", "leaves_on")),
        replace(row, name="more", due=by_rule("warn.over", "leaves_on")),
    )
    assert "step note counts by a rule that nobody knows: no.rule" in set(problems(timeless))
    assert "step more counts by warn.over, which has no last day" in set(problems(timeless))
    stuck = replace(LEAVE_2020, states={**LEAVE_2020.states, "limbo": "悬置"})
    assert {"state limbo is never reached", "state limbo is a dead end"} <= set(problems(stuck))


def test_the_edition_is_chosen_by_the_day_of_the_act() -> None:
    assert edition("leave", date(2026, 11, 23)) is LEAVE_2020


def test_a_digest_changes_with_any_cell() -> None:
    first, *rest = LEAVE_2020.steps
    changed = replace(LEAVE_2020, steps=(replace(first, title=first.title + "。"), *rest))
    assert changed.digest() != LEAVE_2020.digest()


def test_the_page_names_each_row_with_its_mark() -> None:
    page = as_markdown(LEAVE_2020)
    assert "办法27条2款〔待核〕" in page
    assert all(step.title in page for step in LEAVE_2020.steps)
