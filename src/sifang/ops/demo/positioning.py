"""The course of a measure 电子定位: the record that proves the ground, approval, notice, wearing, reviews.

Its days are those of the row `Measure` which the services of monitoring make afterwards (`tracked`).
"""

from datetime import datetime, timedelta
from typing import Any

from sifang.kernel.time import legal_day
from sifang.ops.demo.course import Life
from sifang.ops.demo.persons import Entry
from sifang.ops.demo.plans_daily import leave

GROUND_STEPS = {1: "order_breach", 2: "absence", 3: "report_refusal", 4: "penalty"}
REVIEW_EVERY = 24  # days; the law's rule, as we read it, says thirty
REASONS = "其他监督方式不足以掌握其活动，经研究有必要使用电子定位装置（演示）"


def plan_positioning(life: Life, entry: Entry) -> None:
    """Plan the record, eight days before the approval, and the use from then on."""
    assert entry.approved_on is not None
    assert entry.ground is not None
    ground = GROUND_STEPS[entry.ground]
    life.bound_from = entry.approved_on - timedelta(days=12)
    proved = entry.approved_on - timedelta(days=8)
    life.plan(proved - timedelta(days=3), 9, lambda at: _prove(life, at, ground, entry))
    if entry.has_leave:
        life.plan(life.world.today - timedelta(days=4), 9, lambda at: leave(life, at, days=5, starts_in=3))


def _prove(life: Life, at: datetime, ground: str, entry: Entry) -> None:
    day = legal_day(at)
    proves = day + timedelta(days=3)
    if ground == "order_breach":
        noted = life.take(
            at, "prohibition", "note_breach", noted="群众反映其进入娱乐场所", seen_on=day.isoformat()
        )
    elif ground == "absence":
        noted = life.take(at, "stop_breach", "note_breach", kind="absence", noted="走访时发现其已离开本市")
    else:
        step = "register_warning" if ground == "report_refusal" else "register_penalty"
        by = "公安机关" if ground == "penalty" else f"{entry.county.short}区社区矫正机构"
        life.plan(
            proves,
            10,
            lambda at: _go_on(
                life,
                life.take(at, "stop_breach", step, decided_by=by, decision_on=proves.isoformat()),
                ground,
                entry,
            ),
        )
        return
    run = noted.proceeding
    life.plan(day, 15, lambda at: life.take(at, noted.procedure, "hear_person", run=run))
    life.plan(
        proves,
        10,
        lambda at: _go_on(life, life.take(at, noted.procedure, "establish", run=run), ground, entry),
    )


def _go_on(life: Life, proof: Any, ground: str, entry: Entry) -> None:
    approved = entry.approved_on
    assert approved is not None
    asks = approved - timedelta(days=2)
    life.plan(asks, 9, lambda at: life.take(at, "positioning", f"ground_{ground}", proof=str(proof.id)))
    life.plan(asks, 10, lambda at: life.take(at, "positioning", "apply", months="3"))
    life.plan(approved, 9.6, lambda at: life.take(at, "positioning", "approve", reasons=REASONS))
    told = approved + timedelta(days=1)
    life.plan(told, 6, lambda at: life.take(at, "positioning", "tell"))
    life.plan(told, 9, lambda at: life.take(at, "positioning", "fit", device=entry.terminal_id))
    late = entry.person.number.endswith("7") and entry.special == ""
    review = approved + timedelta(days=20 if entry.special else REVIEW_EVERY)
    if not late:
        life.plan(review, 10, lambda at: _review(life, at))


def _review(life: Life, at: datetime) -> None:
    life.take(at, "positioning", "review", reasons="情形仍在，仍有必要；已听取本人意见（演示）")
    life.plan(legal_day(at) + timedelta(days=REVIEW_EVERY + 3), 10, lambda at: _review(life, at))
