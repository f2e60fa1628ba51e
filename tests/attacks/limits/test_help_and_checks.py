"""E19 and E24: nobody is put to work, and an unanswered question is no escape."""

import pytest

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.law.procedure import NotGiven
from sifang.law.procedures import all_editions
from tests.attacks.limits.forge import Forger, as_row, refused, stating

pytestmark = pytest.mark.django_db
WORK = {"what": "社区绿化", "where": "趵突泉街道", "held_on": "2026-12-20", "hours": "2", "demands": "轻"}
TRIED = "电话三次，短信一次"


def test_e19_nobody_is_booked_without_consent_health_and_fitness(zhang: Forger) -> None:
    run = {"proceeding": zhang.does("王科", "activity", "offer", **WORK).proceeding_id}
    agree = zhang.lawful("王科", "activity", "agree", healthy="yes", **run)
    book = as_row({**agree, "answers": {}, "recorded_for": False}, "book")
    with refused("act_from_its_state"):
        zhang.writes("王科", book)
    zhang.does("王科", "activity", "agree", healthy="no", **run)
    with pytest.raises(NotGiven):
        zhang.does("王科", "activity", "book", **run)
    zhang.does("王科", "activity", "assess", fit="no", fit_words="腰伤", **run)
    with pytest.raises(NotGiven):
        zhang.does("王科", "activity", "book", **run)
    withdraw = zhang.lawful("王科", "activity", "withdraw", **run)
    book = as_row({**withdraw, "recorded_for": False}, "book")
    with refused("act_on_its_condition"):
        zhang.writes("王科", book)
    with refused("act_on_known_facts"):
        zhang.writes("王科", stating(book, healthy="yes", fit="yes"))


def test_e19_not_longer_than_four_hours_and_not_against_health(zhang: Forger) -> None:
    with pytest.raises(NotGiven):
        zhang.does("王科", "activity", "offer", **{**WORK, "hours": "5"})
    act = zhang.lawful("王科", "activity", "offer", **WORK)
    with refused("act_on_its_condition"):
        zhang.writes("王科", stating(act, hours=9))
    with refused("act_leaves_what_it_sets"):
        zhang.writes("王科", {**act, "after": {**act["after"], "healthy": "yes", "fit": "yes"}})
    with refused("answers_to_what_is_asked"):
        zhang.writes("王科", {**act, "answers": {**act["answers"], "consented_on": "2026-11-24"}})


def test_e19_consent_is_the_persons_and_refusal_has_no_consequence(zhang: Forger) -> None:
    run = {"proceeding": zhang.does("王科", "activity", "offer", **WORK).proceeding_id}
    for officer in ("郑局", "赵检", "市科"):
        with pytest.raises((BeyondPower, NotFound), match="社区矫正对象"):
            zhang.does(officer, "activity", "agree", healthy="yes", **run)
    agree = zhang.lawful("王科", "activity", "agree", healthy="yes", **run)
    for officer in ("王科", "郑局", "李所", "赵检", "市科"):  # not in the person's own name
        with refused("act_by_its_actor"):
            zhang.writes(officer, agree, recorded_for=False)
    done = zhang.does("张三", "activity", "decline", **run)
    assert done.state_after == "declined"


def test_e19_a_minor_only_with_the_guardian(chen: Forger) -> None:
    run = {"proceeding": chen.does("王科", "activity", "offer", **WORK).proceeding_id}
    chen.does("王科", "activity", "agree", healthy="yes", **run)
    chen.does("王科", "activity", "assess", fit="yes", fit_words="健康", **run)
    with pytest.raises(NotGiven, match="监护人"):
        chen.does("王科", "activity", "book", **run)
    withdraw = chen.lawful("王科", "activity", "withdraw", **run)
    book = as_row({**withdraw, "recorded_for": False}, "book")
    with refused("act_on_known_facts"):
        chen.writes("王科", stating(book, minor=False))


def test_e24_no_search_before_two_different_means(zhang: Forger) -> None:
    run = {
        "proceeding": zhang.does("王科", "check", "no_answer", subject="住址", asked_how="电话").proceeding_id
    }
    with pytest.raises(NotGiven, match="不同方式"):
        zhang.does("王科", "check", "hand_to_search", tried_all=TRIED, **run)
    zhang.does("王科", "check", "try_phone", tried_found="无人接听", **run)
    with pytest.raises(NotGiven):
        zhang.does("王科", "check", "try_phone", tried_found="无人接听", **run)
    with pytest.raises(NotGiven):
        zhang.does("王科", "check", "hand_to_search", tried_all=TRIED, **run)
    again = zhang.lawful("王科", "check", "try_family", tried_found="不知去向", privacy="未说明身份", **run)
    search = as_row({**again, "answers": {}}, "hand_to_search")
    with refused("act_on_its_condition"):
        zhang.writes("王科", search)
    with refused("act_on_known_facts"):
        zhang.writes("王科", stating(search, means_tried=2))
    with refused("act_leaves_what_it_sets"):  # one means counted twice
        zhang.writes("王科", {**again, "after": {**again["after"], "means_tried": 5}})
    zhang.does("王科", "check", "try_family", tried_found="不知去向", privacy="未说明身份", **run)
    with pytest.raises(BeyondPower, match="社区矫正法30条"):
        zhang.does("李所", "check", "hand_to_search", tried_all=TRIED, **run)
    done = zhang.does("王科", "check", "hand_to_search", tried_all=TRIED, **run)
    assert done.state_after == "to_search"


def test_e24_no_other_row_calls_anybody_lost() -> None:
    """One row leads to the search, and it counts the means; no state of any table says escaped."""
    for table in all_editions():
        for words in table.states.values():
            assert not any(word in words for word in ("脱管", "脱逃", "失联", "漏管")), (table.name, words)
        for step in table.steps:
            if step.to == "to_search":
                assert step.reasons
                assert step.given is not None
                counted = [(part.fact.key, part.op, part.value) for part in step.given.parts]
                assert ("means_tried", "gt", 1) in counted
