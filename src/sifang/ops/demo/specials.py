"""Those of whom a demonstration officer has something to do today: all in 历下, at 趵突泉司法所.

Each stands where the general course would bring one now and then; here the day is fixed, so that the desks
of the demonstration always have something due, something overdue and something to decide.
"""

from datetime import datetime, timedelta
from typing import Any

from sifang.kernel.time import legal_day
from sifang.ops.demo.course import Life
from sifang.ops.demo.plans_daily import leave, move

# special → days since the order took effect (None: in the middle of its term)
SPECIALS: dict[str, int | None] = {
    "notice_late": 8,  # 钱法: the notice is overdue, the papers are due soon
    "papers_late": 11,  # 钱法: papers overdue; the person is due to report
    "papers_unread": 6,  # 王科: papers came, not looked through; the person is expected
    "expected": 7,  # notice and papers are there, the person is expected in three days
    "person_late": 14,  # did not report; searched for
    "arrived_today": 8,  # stands at the reception desk
    "transfer_due": 6,  # 监管: to be brought by the prison
    "dispute": 9,  # 钱法: a dispute about the place waits for an answer
    "leave_short": None,  # 李所 decides: three days, from the day after tomorrow
    "leave_due": None,  # 李所 decides: leaves today
    "leave_late": None,  # 李所 decides: was to leave yesterday
    "leave_long": None,  # 王科 decides: twelve days
    "leave_month": None,  # 市局 decides: thirty-five days
    "leave_away": None,  # away now, back today
    "leave_not_back": None,  # should have been back two days ago
    "measure_new": None,  # 郑局: positioning applied for yesterday
    "measure_due": None,  # 郑局: due today
    "measure_late": None,  # 郑局: overdue
    "move_comment": None,  # 李所: the office's comment is due
    "move_asked": None,  # 周外: answer to the letter is due
    "calling": None,  # 孙警: called to attend just now
    "held": None,  # in custody by a decision of the police
    "release_today": None,  # 王科: the last day is today
}
LEAVES = {  # special → (applied so many days ago, days away, begins so many days after the application)
    "leave_short": (1, 3, 3),
    "leave_due": (2, 4, 2),
    "leave_late": (3, 5, 2),
    "leave_long": (1, 12, 4),
    "leave_month": (2, 35, 6),
    "leave_away": (8, 5, 4),
    "leave_not_back": (8, 3, 4),
}
MEASURES = {"measure_new": 1, "measure_due": 3, "measure_late": 5}


def plan_special(life: Life) -> None:
    """Plan what this one stands for."""
    today, name = life.world.today, life.special
    if name in LEAVES:
        ago, days, starts_in = LEAVES[name]
        decided = name in {"leave_away", "leave_not_back"}
        ask = lambda at: leave(life, at, days=days, starts_in=starts_in, decided=decided)  # noqa: E731
        life.plan(today - timedelta(days=ago), 8, ask)
    elif name in MEASURES:
        life.plan(today - timedelta(days=MEASURES[name] + 4), 9, lambda at: _wants_measure(life, at))
    elif name == "move_comment":
        life.plan(today - timedelta(days=2), 9, lambda at: move(life, at, to="370105"))
    elif name == "move_asked":
        life.plan(today - timedelta(days=8), 9, lambda at: move(life, at, to="370126"))
    elif name == "calling":
        life.plan(today - timedelta(days=1), 20, lambda at: _calls_police(life, at))
    elif name == "held":
        life.plan(today - timedelta(days=2), 11, lambda at: _held(life, at))


def _wants_measure(life: Life, at: datetime) -> None:
    """A registered warning, then ground and application; the head decides within three days (a target)."""
    found = life.take(
        at,
        "stop_breach",
        "register_warning",
        decided_by="历下区司法局",
        decision_on=legal_day(at).isoformat(),
    )
    applies = legal_day(at) + timedelta(days=4)
    life.plan(applies, 8.2, lambda at: _applies(life, at, found.id))


def _applies(life: Life, at: datetime, proof: Any) -> None:
    life.take(at, "positioning", "ground_report_refusal", proof=str(proof))
    life.take(at + timedelta(minutes=20), "positioning", "apply", months="2")


def _calls_police(life: Life, at: datetime) -> None:
    run = life.take(at, "stop_breach", "stop", kind="offence", where="趵突泉街道某广场（演示）").proceeding
    life.take(at + timedelta(minutes=8), "stop_breach", "call_police", run=run)


def _held(life: Life, at: datetime) -> None:
    day = legal_day(at).isoformat()
    life.take(at, "held", "register", measure="administrative", decision_day=day, learned="家属告知")
