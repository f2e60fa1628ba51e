"""The days between reception and the end: reports, checks, help, leaves, health, prohibition, moves."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sifang.kernel.time import legal_day
from sifang.ops.demo.agencies import COUNTIES
from sifang.ops.demo.course import Life
from sifang.people.models import OrderType

FORGETS, LATE_BACK, REFUSED = 0.012, 0.02, 0.04
PLACES = ("北京市海淀区", "上海市浦东新区", "江苏省南京市", "山东省青岛市", "河南省郑州市", "河北省沧州市")
PURPOSES = ("medical", "family", "work", "litigation", "school", "family")
LENGTHS = ((2, 6), (2, 6), (3, 7), (8, 20), (8, 26), (31, 38))
WEIGHTS = (30, 25, 17, 17, 8, 3)


def daily(life: Life, day: date) -> None:
    """Plan all that goes on from reception on; repeating things plan their next time themselves."""
    chance = life.world.chance
    life.plan(
        day + timedelta(days=chance.randint(24, 29)), 9 + chance.random() * 8, lambda at: _report(life, at)
    )
    life.plan(_after(life, day, 18, 45), 10, lambda at: _check(life, at))
    life.plan(_after(life, day, 12, 50), 15, lambda at: _teach(life, at))
    life.plan(_after(life, day, 80, 89), 10, lambda at: _keep(life, at))
    if chance.random() < 0.7:
        life.plan(_after(life, day, 20, 150), 10, lambda at: _need(life, at))
    if chance.random() < 0.4:
        life.plan(_after(life, day, 40, 200), 10, lambda at: _activity(life, at))
    if not life.special.startswith("leave") and chance.random() < 0.75:
        life.plan(_after(life, day, 40, 220), 9.5, lambda at: leave(life, at))
    if life.case.order.type == OrderType.OUTSIDE_PRISON:
        _health(life, day)
    if life.case.order.prohibition:
        life.plan(_after(life, day, 8, 14), 14, lambda at: _ask_places(life, at))
    _rare(life, day)


def _after(life: Life, day: date, least: int, most: int) -> date:
    return life.office_day(day + timedelta(days=life.world.chance.randint(least, most)))


def _again(life: Life, at: datetime, least: int, most: int, what: Callable[[datetime], object]) -> None:
    life.plan(_after(life, legal_day(at), least, most), 9 + life.world.chance.random() * 7.5, what)


# ---- supervision ----------------------------------------------------------------------


def _report(life: Life, at: datetime) -> None:
    """定期报告 (办法24条); who forgets is asked first (E24)."""
    chance, day = life.world.chance, legal_day(at)
    if life.state("report") == "missed":
        return
    if chance.random() < FORGETS:
        life.plan(day + timedelta(days=9), 16, lambda at: _excuse(life, at))
        return
    life.take(at, "report", "file")
    life.plan(
        day + timedelta(days=chance.randint(24, 29)), 9 + chance.random() * 8, lambda at: _report(life, at)
    )


def _excuse(life: Life, at: datetime) -> None:
    if life.state("report") == "missed":
        life.take(at, "report", "excuse")
    _again(life, at, 22, 28, lambda at: _report(life, at))


def _check(life: Life, at: datetime) -> None:
    life.take(at, "check", life.world.chance.choice(["contact", "visit", "visit", "information"]))
    _again(life, at, 70, 110, lambda at: _check(life, at))


def _keep(life: Life, at: datetime) -> None:
    """定期评估 (办法21条): mostly the same class; a change asks for a review of the plan."""
    if life.state("category") != "set":
        return
    if life.world.chance.random() < 0.06:
        life.take(
            at,
            "category",
            "change",
            category_to="宽管",
            reasons="三个月来遵守规定、就业稳定，予以从宽（演示）",
        )
        _again(life, at, 1, 3, lambda at: life.take(at, "plan", "review"))
    else:
        life.take(at, "category", "keep", reasons="表现稳定，类别不变（演示）")
    _again(life, at, 80, 89, lambda at: _keep(life, at))


def _ask_places(life: Life, at: datetime) -> None:
    act = life.take(at, "prohibition", "ask_help", helper="辖区娱乐场所")
    answered = lambda at: life.take(at, "prohibition", "answer_help", run=act.proceeding)  # noqa: E731
    _again(life, at, 3, 8, answered)


def _health(life: Life, day: date) -> None:
    """身体情况报告和病情复查 (办法24条)."""

    def repeat(step: str, least: int, most: int) -> Callable[[datetime], None]:
        def again(at: datetime) -> None:
            life.take(at, "medical", step)
            _again(life, at, least, most, again)

        return again

    life.plan(_after(life, day, 22, 27), 10, repeat("report_health", 22, 27))
    if "保外就医" in life.case.order.document_no:
        life.plan(_after(life, day, 78, 86), 10, repeat("submit_check", 78, 86))
        life.plan(_after(life, day, 79, 86), 15, repeat("feed_back", 79, 86))


# ---- leaves ----------------------------------------------------------------------


def leave(life: Life, at: datetime, *, days: int = 0, starts_in: int = 4, decided: bool = True) -> None:
    """外出请假 (办法26条 to 28条): applied for, decided by whoever has the power, ended by the return."""
    chance, day = life.world.chance, legal_day(at)
    least, most = chance.choices(LENGTHS, WEIGHTS)[0]
    days = days or chance.randint(least, most)
    first = day + timedelta(days=starts_in)
    last = first + timedelta(days=days - 1)
    is_bound = life.bound_from
    if last >= life.case.order.term_end or (is_bound and last >= is_bound and not life.special):
        return
    asked = life.take(
        at,
        "leave",
        "apply",
        purpose=chance.choice(PURPOSES),
        destination=chance.choice(PLACES),
        leaves_on=first.isoformat(),
        returns_on=last.isoformat(),
    )
    if not decided:
        return
    refused = chance.random() < REFUSED and not life.special
    step = "refuse" if refused else "approve"
    life.plan(
        min(life.office_day(day + timedelta(days=1)), first),
        8.2,
        lambda at: _decide(life, at, asked.proceeding, step, last),
    )
    if not life.special:
        _again(life, at, 100, 280, lambda at: leave(life, at))


def _decide(life: Life, at: datetime, run: Any, step: str, last: date) -> None:
    why = "申请的事由没有证明材料，补充后可以再次申请（演示）"
    life.take(at, "leave", step, run=run, reasons=why if step == "refuse" else "")
    if step == "refuse":
        return
    late = life.world.chance.random() < LATE_BACK
    if life.special == "leave_not_back":
        return
    if not late:
        life.plan(last, 16, lambda at: _back(life, at, run))
        return
    life.plan(last + timedelta(days=1), 10, lambda at: life.take(at, "leave", "order_back", run=run))
    life.plan(last + timedelta(days=2), 15, lambda at: _back(life, at, run))


def _back(life: Life, at: datetime, run: Any) -> None:
    life.take(at, "leave", "confirm_return", run=run, returned_on=legal_day(at).isoformat())


# ---- help ----------------------------------------------------------------------


def _teach(life: Life, at: datetime) -> None:
    step = life.world.chance.choice(["individual", "collective", "collective", "mind"])
    answers: dict[str, Any] = {"form": "online"} if step == "collective" else {}
    life.take(at, "education", step, **answers)
    _again(life, at, 80, 130, lambda at: _teach(life, at))


def _need(life: Life, at: datetime) -> None:
    """帮扶需求 (社区矫正法37条 to 43条): raised, answered, carried through, or not wanted."""
    chance = life.world.chance
    kind = chance.choice(
        ["work", "skills", "aid", "insurance", "housing", "health", "mind", "legal", "family"]
    )
    raised = life.take(at, "need", chance.choice(["raise", "raise_self"]), kind=kind)
    run = raised.proceeding
    draw = chance.random()
    if draw < 0.1:
        _again(life, at, 2, 6, lambda at: life.take(at, "need", "decline", run=run))
    elif draw < 0.5:
        _again(life, at, 1, 5, lambda at: _offer(life, at, run))
    else:
        _again(life, at, 1, 2, lambda at: life.take(at, "need", "consent", run=run))
        _again(life, at, 3, 4, lambda at: _refer(life, at, run))
    if chance.random() < 0.4:
        _again(life, at, 60, 200, lambda at: _need(life, at))


def _offer(life: Life, at: datetime, run: Any) -> None:
    life.take(at, "need", "offer", run=run)
    _progress(life, at, run)


def _refer(life: Life, at: datetime, run: Any) -> None:
    if run.state != "raised" or not run.facts.get("consented_on"):
        return
    life.take(at, "need", "refer", run=run)
    if life.world.chance.random() < 0.97:
        _again(life, at, 3, 8, lambda at: _answered(life, at, run))


def _answered(life: Life, at: datetime, run: Any) -> None:
    life.take(at, "need", "answer", run=run)
    _progress(life, at, run)


def _progress(life: Life, at: datetime, run: Any) -> None:
    _again(life, at, 5, 12, lambda at: life.take(at, "need", "milestone", run=run))
    if life.world.chance.random() < 0.97:
        _again(life, at, 14, 26, lambda at: life.take(at, "need", "finish", run=run))


def _activity(life: Life, at: datetime) -> None:
    """公益活动 (社区矫正法42条): with consent, within strength, refused without blame (E19)."""
    chance, day = life.world.chance, legal_day(at)
    held = (day + timedelta(days=chance.randint(9, 14))).isoformat()
    run = life.take(at, "activity", "offer", held_on=held, hours=chance.randint(1, 3)).proceeding
    if chance.random() < 0.25:
        _again(life, at, 1, 2, lambda at: life.take(at, "activity", "decline", run=run))
        return
    steps = ["agree", "assess", "book"]
    if life._facts["minor"]:  # noqa: SLF001 (a plan is part of its life)
        steps.insert(1, "guardian_agree")
    answers = {"agree": {"healthy": "yes"}, "assess": {"fit": "yes"}}
    if life._facts["medical"]:  # noqa: SLF001
        steps, answers["assess"] = ["agree", "assess", "call_off"], {"fit": "no"}
    for place, step in enumerate(steps):
        more = answers.get(step, {})
        life.plan(
            life.office_day(day + timedelta(days=1 + place // 2)),
            10 + 2 * place,
            lambda at, step=step, more=more: life.take(at, "activity", step, run=run, **more),  # type: ignore[misc]
        )
    life.plan(date.fromisoformat(held) + timedelta(days=1), 14, lambda at: _took_part(life, at, run))


def _took_part(life: Life, at: datetime, run: Any) -> None:
    if run.state == "booked":
        life.take(at, "activity", "record", run=run, hours_done=2)


# ---- what is rare ----------------------------------------------------------------------


def _rare(life: Life, day: date) -> None:
    chance, later = life.world.chance, _after(life, day, 30, 200)
    draw = chance.random()
    if draw < 0.03 and not (life.bound_from or life.special):
        life.plan(later, 10, lambda at: move(life, at))
    elif draw < 0.05:
        life.plan(later, 10, lambda at: _frequent(life, at))
    elif draw < 0.06:
        life.plan(later, 10, lambda at: _visitor(life, at))
    elif draw < 0.07:
        life.plan(later, 10, lambda at: _contact(life, at))
    elif draw < 0.085:
        life.plan(later, 10, lambda at: _breach(life, at))
    elif draw < 0.093:
        life.plan(later, 10, lambda at: life.take(at, "report", "report_change", change="work"))
        life.plan(later + timedelta(days=2), 10, lambda at: life.take(at, "report", "note_change"))


def _frequent(life: Life, at: datetime) -> None:
    run = life.take(at, "frequent", "apply", purpose="在邻市工作，每周往返").proceeding
    _again(life, at, 1, 4, lambda at: life.take(at, "frequent", "approve", run=run))


def _visitor(life: Life, at: datetime) -> None:
    visit = (legal_day(at) + timedelta(days=5)).isoformat()
    run = life.take(at, "visitor", "apply", who="境外亲属", purpose="探亲", visit_on=visit).proceeding
    _again(life, at, 1, 2, lambda at: life.take(at, "visitor", "approve", run=run))
    life.plan(
        legal_day(at) + timedelta(days=6), 10, lambda at: life.take(at, "visitor", "report_back", run=run)
    )


def _contact(life: Life, at: datetime) -> None:
    day = legal_day(at)
    run = life.take(
        at,
        "contact",
        "apply",
        role="victim",
        who="被害人",
        purpose="当面道歉，商谈赔偿",
        contact_on=(day + timedelta(days=6)).isoformat(),
        until_on=(day + timedelta(days=12)).isoformat(),
    ).proceeding
    _again(life, at, 1, 4, lambda at: life.take(at, "contact", "approve", run=run))


def _breach(life: Life, at: datetime) -> None:
    """线索先核实、听取说明 (E24); most clear up."""
    run = life.take(at, "stop_breach", "note_breach", kind="rules", noted="走访时未在登记的住处").proceeding
    life.plan(legal_day(at), 16, lambda at: life.take(at, "stop_breach", "hear_person", run=run))
    step = "establish" if life.world.chance.random() < 0.3 else "clear"
    _again(life, at, 2, 5, lambda at: life.take(at, "stop_breach", step, run=run))


def move(life: Life, at: datetime, *, to: str = "") -> None:
    """变更执行地 (办法30条, 31条): one agency is responsible at every moment (E17)."""
    chance, day = life.world.chance, legal_day(at)
    others = [one for one in COUNTIES if one.code not in {life.case.person.county_code, "370126"}]
    county = next((one for one in COUNTIES if one.code == to), None) or chance.choice(others)
    organs = life.world.roster.organs
    new = organs.bureau(county)
    run = life.take(
        at,
        "move",
        "apply",
        purpose="work",
        new_address=f"济南市{county.name}（演示地址）",
        new_agency=str(new.id),
        wanted_on=(day + timedelta(days=30)).isoformat(),
        other=new,
    ).proceeding

    def on(days: int, step: str, **more: Any) -> None:
        when = life.office_day(day + timedelta(days=days))
        hour = 8.6 + days * 0.48  # a holiday that brings two steps to one day keeps their order
        life.plan(when, hour, lambda at: life.take(at, "move", step, run=run, **more))

    if life.special == "move_comment":
        return
    on(1, "comment")
    on(3, "ask")
    if life.special == "move_asked":
        return
    on(6, "agree")
    on(9, "decide", educated=True)
    on(10, "serve")
    on(11, "hand_over")
    on(13, "file_arrives")
    on(14, "arrive")
    on(15, "register")
    on(16, "send_receipt")
    if life.case.order.type == OrderType.OUTSIDE_PRISON and life._facts["approved_by"] != "court":  # noqa: SLF001
        on(17, "note_bodies")
    on(18, "close")
