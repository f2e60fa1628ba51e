"""What a life brings, from the judgment to reception and to the end; the days between are `plans_daily`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sifang.kernel.time import legal_day
from sifang.law.time import day_begins
from sifang.ops.demo.course import Life
from sifang.ops.demo.plans_daily import daily
from sifang.people.models import OrderType

OUTSIDE, PAROLE = OrderType.OUTSIDE_PRISON, OrderType.PAROLE
LATE_NOTICE, CAME_FIRST, GAPS = 0.02, 0.1, 0.05


@dataclass(frozen=True)
class Fate:
    """How a course goes: `ended` is the way it ended within the year ("" while it runs)."""

    ended: str = ""
    ended_on: date | None = None


def live_through(life: Life, fate: Fate) -> None:
    """Plan everything from the judgment on, then let it happen."""
    hand_over(life)
    arrive(life, fate)
    life.live()


# ---- hand-over ---------------------------------------------------------------------


def hand_over(life: Life) -> None:
    """交付衔接: notice, papers, receipt, copies (社区矫正法20条)."""
    chance, since = life.world.chance, life.case.order.effective_on
    late = chance.random() < LATE_NOTICE or life.special == "papers_late"
    told = since + timedelta(days=chance.randint(1, 4) + 5 * late)
    served = told + timedelta(days=chance.randint(0, 4) + (20 if life.special == "papers_late" else 0))
    if life.special != "notice_late":
        life.plan(told, 10, lambda at: life.take(at, "handover", "notify"))
        life.plan(served, 15, lambda at: _serve(life, at))
    if life.case.order.type == OUTSIDE:
        life.plan(since + timedelta(days=4), 11, lambda at: life.take(at, "handover", "copy_received"))
    if life.special == "dispute":
        life.plan(
            life.world.today - timedelta(days=3),
            9,
            lambda at: life.take(
                at, "handover", "dispute", reasons="本人经常居住在外区，居住证明存疑，请决定机关核实（演示）"
            ),
        )


def _serve(life: Life, at: datetime) -> None:
    if life.fact("handover", "docs_received_on") or life.fact("handover", "gap_notified_on"):
        return  # asked for as a gap meanwhile: `complete` is the way
    life.take(at, "handover", "serve")
    accepts = life.office_day(legal_day(at) + timedelta(days=1))
    has_gap = life.world.chance.random() < GAPS and life.case.order.type != OUTSIDE
    if has_gap:
        life.plan(accepts, 9, lambda at: _gap(life, at))
    elif life.special != "papers_unread":
        life.plan(accepts, 9, lambda at: _accept(life, at))


def _accept(life: Life, at: datetime) -> None:
    if life.fact("handover", "papers") == "complete":
        return
    life.take(at, "handover", "accept_papers", papers_came_on=legal_day(at).isoformat())
    after = life.office_day(legal_day(at) + timedelta(days=1))
    life.plan(after, 11, lambda at: life.take(at, "handover", "receipt"))
    if life._facts["decided_elsewhere"]:  # noqa: SLF001 (a plan is part of its life)
        life.plan(after, 14, lambda at: life.take(at, "handover", "forward"))


def _gap(life: Life, at: datetime) -> None:
    if life.fact("handover", "papers"):
        return
    life.take(
        at, "handover", "note_gap", papers_came_on=legal_day(at).isoformat(), gap="缺少执行通知书回执联"
    )
    life.plan(legal_day(at), 10, lambda at: life.take(at, "handover", "receipt"))
    life.plan(legal_day(at), 16, lambda at: _notify_gap(life, at))


def _notify_gap(life: Life, at: datetime) -> None:
    if life.fact("handover", "papers") == "complete" or life.fact("handover", "gap_notified_on"):
        return
    life.take(at, "handover", "notify_gap")
    comes = legal_day(at) + timedelta(days=life.world.chance.randint(2, 4))
    life.plan(comes, 15, lambda at: _complete(life, at))


def _complete(life: Life, at: datetime) -> None:
    if life.fact("handover", "papers") == "complete":
        return
    life.take(at, "handover", "complete")
    life.plan(life.office_day(legal_day(at) + timedelta(days=1)), 9, lambda at: _accept(life, at))


# ---- arrival and reception ----------------------------------------------------------------------


def arrive(life: Life, fate: Fate) -> None:
    """报到或者移送 (社区矫正法21条), then reception on the same day (22条)."""
    chance, order = life.world.chance, life.case.order
    since = order.effective_on
    if life.special in {"expected", "papers_unread"}:
        return
    came_first = chance.random() < CAME_FIRST
    days = chance.randint(1, 2) if came_first else chance.randint(8, 10)
    if order.type == OUTSIDE:
        life.plan(since + timedelta(days=1), 16, lambda at: _decision(life, at))
        days = chance.randint(6, 9)
        step = "transfer"
    else:
        step = "report"
    if order.type == PAROLE:
        life.plan(since, 9, lambda at: life.take(at, "intake", "parole_certificate"))
    came = since + timedelta(days=days)
    if life.special == "arrived_today":
        came = life.world.today
    if life.special == "person_late":
        life.plan(since + timedelta(days=13), 9, lambda at: _search(life, at))
        return
    life.plan(came, 8.5, lambda at: _arrived(life, at, step, fate))


def _decision(life: Life, at: datetime) -> None:
    life.take(at, "intake", "note_decision", decision_came_on=legal_day(at).isoformat(), other_province=False)


def _search(life: Life, at: datetime) -> None:
    if life.state("intake") == "missing":
        life.take(at, "intake", "search", means="电话、短信联系本人和家属，走访判决书所载住处")


def _arrived(life: Life, at: datetime, step: str, fate: Fate) -> None:
    if life.state("intake") == "missing":
        step = "report"
    life.take(at, "intake", step)
    day = legal_day(at)
    if not life.fact("handover", "papers"):
        life.plan(day, 12, lambda at: _notify_gap(life, at))
    if life.special == "arrived_today":
        return
    works = life.office_day(day)
    life.plan(works, 9.5, lambda at: life.take(at, "intake", "verify_identity"))
    life.plan(works, 10.5, lambda at: _receive(life, at, fate))


def _receive(life: Life, at: datetime, fate: Fate) -> None:
    life.take(at, "intake", "receive")
    day = legal_day(at)

    def on(days: int, hour: float, name: str, step: str, **more: object) -> None:
        when = life.office_day(day + timedelta(days=days))
        life.plan(when, hour, lambda at: life.take(at, name, step, **more))  # type: ignore[arg-type]

    chance = life.world.chance
    on(0, 14, "intake", "open_file")
    on(1, 10, "exit_control", "file")
    on(2, 9, "team", "form", members=team(life), signed_on=(day + timedelta(days=2)).isoformat())
    if life.case.person.is_minor:
        on(1, 15, "intake", "call_guardian")
        on(5, 15, "minor", "check_schooling", school_state=chance.choice(["finished", "attending"]))
    on(chance.randint(2, 4), 15, "intake", "announce", attended=team(life))
    on(chance.randint(5, 8), 10, "plan", "adopt")
    on(
        chance.randint(5, 9),
        11,
        "category",
        "assign",
        reasons="罪行较轻，家庭和居所稳定，认罪悔罪；按普通管理（演示）",
    )
    daily(life, day)
    end(life, fate)


def team(life: Life) -> list[dict[str, object]]:
    """The members of a team: a woman where the law asks for one, somebody versed in minors likewise."""
    person = life.case.person
    place = person.office.name.removesuffix("司法所") if person.office else "社区"
    return [
        {"name": f"{place}司法所工作人员", "kind": "司法所", "sex": "m"},
        {"name": f"{place}居委会工作人员", "kind": "居民委员会", "sex": "f"},
        {"name": "家庭成员", "kind": "家庭成员", "relation": "父母" if person.is_minor else "配偶"},
        {"name": "社会工作者", "kind": "社会工作者", "sex": "f", "versed": person.is_minor},
    ]


# ---- the end ----------------------------------------------------------------------


def end(life: Life, fate: Fate) -> None:
    """期满以前、解除 (社区矫正法44条) or, where the fate says so, an earlier end (45条)."""
    last, chance = life.case.order.term_end, life.world.chance
    prepare = last - timedelta(days=chance.randint(31, 36))
    for days, hour, step in ((0, 10, "summary"), (1, 11, "evaluate"), (1, 15, "link_resettlement")):
        life.plan(prepare + timedelta(days=days - 2), hour, lambda at, step=step: _prepare(life, at, step))  # type: ignore[misc]
    if fate.ended and fate.ended != "released":
        assert fate.ended_on is not None
        life.plan(fate.ended_on, 10, lambda at: _ended_early(life, at, fate.ended))
        return
    if life.special == "release_today":
        return
    if life._facts["approved_by"] != "court" and life.case.order.type == OUTSIDE:  # noqa: SLF001
        life.plan(last - timedelta(days=20), 10, lambda at: life.take(at, "ending", "write_custody"))
        life.plan(last, 8.6, lambda at: life.take(at, "ending", "discharge"))
    if chance.random() < 0.6 and not life.case.person.is_minor:
        life.plan(last, 9.1, lambda at: life.take(at, "ending", "announce"))
    life.plan(last, 10, lambda at: _release(life, at))


def _prepare(life: Life, at: datetime, step: str) -> None:
    if life.running("ending") and legal_day(at) >= life.case.order.received_on + timedelta(days=3):  # type: ignore[operator]
        life.take(at, "ending", step)


def _release(life: Life, at: datetime) -> None:
    life.take(at, "ending", "release")
    if life.special == "withdrawal_forgotten" or life.state("exit_control") != "filed":
        return
    life.take(at + timedelta(minutes=25), "exit_control", "withdraw")


def _ended_early(life: Life, at: datetime, how: str) -> None:
    order = life.case.order
    day = legal_day(at).isoformat()
    if how == "died":
        life.take(at, "ending", "report_death", died_on=day)
        life.take(at + timedelta(hours=2), "ending", "death", died_on=day, cause="因病")
    elif order.type == OUTSIDE:
        life.take(at, "ending", "recall", document_on=day)
    elif order.type in {OrderType.PROBATION, PAROLE}:
        life.take(at, "ending", "revoke", document_on=day)
    else:
        life.take(at, "ending", "pardon", document_on=day)
    if life.state("exit_control") == "filed":
        kind = life.fact("ending", "end_kind")
        step = "hand_over" if kind in {"revoked", "recalled"} else "withdraw"
        life.take(at + timedelta(hours=4), "exit_control", step)


def moment_of(day: date, hour: float) -> datetime:
    """Return an hour of a legal day."""
    return day_begins(day) + timedelta(hours=hour)
