"""What is due in each run, as PROCEDURES says it: the step, until when, law or target of the house.

`HOUSE` are the house's own targets where the law gives no number (open days and words such as 立即, 及时).
They are no law; the oracle only needs to know them to predict the table.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.courses.days import (
    SHANGHAI,
    Ends,
    cap,
    house_days,
    house_hours,
    house_months,
    house_workdays,
    in_months,
    law_days,
    law_days_fixed,
    law_months,
    over,
    rolled,
    that_day,
)

# days, workdays, hours or months that this house sets itself
HOUSE = {
    "papers": 1, "forward": 5, "gap": 24, "place": 5, "free": 24, "decision": 3, "receive": 1, "search": 24,
    "assess_late": 5, "holder": 10, "file": 1, "guardian": 3, "announce": 5, "exit": 1, "team": 5,
    "plan": 10, "plan_review": 5, "category": 10, "category_review": 3, "objection": 7, "report": 1,
    "missed": 24, "change": 3, "feedback": 3, "extension": 10, "verify": 24, "contact": 5, "visitor": 3,
    "zone": 3, "helper": 10, "hear": 24, "establish": 7, "stop": 1, "to_check": 1, "order_back": 1,
    "frequent": 5, "comment": 2, "dispute": 10, "decide": 5, "serve": 2, "file_arrives": 3, "register": 1,
    "close_move": 10, "absent": 3, "need": 7, "referral": 10, "need_done": 1, "fitness": 3, "held": 3,
    "ep_decide": 3, "ep_tell": 24, "ep_change": 24, "ep_longer": 1, "ep_remove": 24, "death": 24,
    "school": 10, "school_told": 5, "minor_closed": 1,
}  # fmt: skip
Row = tuple[str, Ends]


def handover(run: Any, oracle: Any) -> Iterator[Row]:  # noqa: C901 (one line a duty)
    case, since = oracle.case, oracle.case["effective_on"]
    if not run.notice:
        yield "notify", law_days(since, 5)  # L20
    if not run.docs and not run.served:
        yield "serve", law_days(since, 10)  # L20
    came = run.completed if run.docs else run.served
    if not run.complete and came:
        yield "accept_papers", house_workdays(came, HOUSE["papers"])
    if run.docs and not run.receipt:
        yield "receipt", law_days(run.docs, 5)  # M16
    if case["elsewhere"] and run.docs and not run.forwarded:
        yield "forward", house_days(run.docs, HOUSE["forward"])
    if not run.gap:
        arrived = oracle.latest("intake").arrived
        if run.incomplete:
            yield "notify_gap", house_hours(run.docs, HOUSE["gap"])
        elif not run.complete and arrived:
            yield "notify_gap", house_hours(arrived, HOUSE["gap"])
    if run.gap and not run.complete and not run.completed:
        yield "complete", law_days(run.gap, 5)  # M16
    if run.opinion:
        yield "recheck", law_months(run.opinion, 1)  # JY46
    if run.disputed:
        yield "confirm_place", house_workdays(run.disputed, HOUSE["place"])


def intake(run: Any, oracle: Any) -> Iterator[Row]:
    case, since = oracle.case, oracle.case["effective_on"]
    kind, state = case["type"], run.state
    if kind == "parole" and not run.certificate:
        yield "parole_certificate", that_day(since)  # JY54: on the day due
    if run.far in (True, "yes") and case["approved_by"] != "court" and not run.holder and run.decision:
        yield "name_file_holder", house_days(run.decision, HOUSE["holder"])
    if run.arrived and kind != "outside_prison" and not run.assessed:
        name = lateness(since, run.arrived)
        if name:
            yield name, house_workdays(run.arrived, HOUSE["assess_late"])
    if state in {"awaiting", "returned"} and kind == "outside_prison" and not run.arrived and run.decision:
        yield "transfer", law_days(run.decision, 10)  # L21
    yield from {"awaiting": awaiting, "missing": missing, "received": received}.get(state, nothing)(
        run, oracle
    )


def nothing(_run: Any, _oracle: Any) -> Iterator[Row]:
    yield from ()


def awaiting(run: Any, oracle: Any) -> Iterator[Row]:
    kind, since = oracle.case["type"], oracle.case["effective_on"]
    if kind in {"control", "probation"} and run.custody and not run.freed:
        yield "hand_over_held", house_hours(since, HOUSE["free"])
        if not run.ordered:
            yield "order_release", house_hours(since, HOUSE["free"])
    if kind != "outside_prison" and not run.arrived:
        yield "report", law_days(since, 10)  # L21
    if kind == "outside_prison" and not run.decision:
        yield "note_decision", house_workdays(since, HOUSE["decision"])
    if run.arrived:
        step = "receive" if run.identity else "verify_identity"
        yield step, house_workdays(run.arrived, HOUSE["receive"])


def missing(run: Any, _oracle: Any) -> Iterator[Row]:
    if not run.searched:
        yield "search", house_hours(run.missing, HOUSE["search"])
    elif not run.police:
        yield "call_police", house_hours(run.searched, HOUSE["search"])


def received(run: Any, oracle: Any) -> Iterator[Row]:
    minor = oracle.case["minor"]
    if not run.file:
        yield "open_file", house_workdays(run.received, HOUSE["file"])
    if minor and not run.called:
        yield "call_guardian", house_workdays(run.received, HOUSE["guardian"])
    if run.file and (run.called or not minor):
        yield "announce", house_workdays(run.received, HOUSE["announce"])


def lateness(effective: date, arrived: date) -> str:
    """Which length of delay: M34 (up to ten days), M35 (over ten), M46 (over one month)."""
    last = rolled(effective.fromordinal(effective.toordinal() + 10))
    late = (arrived - last).days
    if late <= 0:
        return ""
    if late <= 10:
        return "assess_short_delay"
    return "assess_month_delay" if arrived > in_months(last, 1) else "assess_long_delay"


def exit_control(run: Any, oracle: Any) -> Iterator[Row]:
    ending = oracle.latest("ending")
    ended, kind = (ending.ended, ending.k.get("kind")) if ending else (None, None)
    if run.state == "pending" and not ended:  # nothing limits the person after the end (L44)
        yield "file", house_workdays(run.opened, HOUSE["exit"])
    elif run.state == "filed" and ended and kind in {"revoke", "recall"}:
        yield "hand_over", house_workdays(ended, HOUSE["exit"])
    elif run.state == "filed":
        if run.until and not ended:
            yield "renew", that_day(run.until)
        yield "withdraw", that_day(ended or oracle.case["term_end"])  # CJ65, on the same day


def team(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "forming":
        yield "form", house_workdays(run.opened, HOUSE["team"])


def plan(run: Any, oracle: Any) -> Iterator[Row]:
    if run.state == "drafting":
        yield "adopt", house_workdays(run.opened, HOUSE["plan"])
        return
    changed = getattr(oracle.latest("category"), "changed_on", None)
    if changed and changed > (run.reviewed or run.adopted):
        yield "review", house_workdays(changed, HOUSE["plan_review"])  # M22: at each change of category


def category(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "unset":
        yield "assign", house_workdays(run.opened, HOUSE["category"])
        return
    yield "keep", house_months(run.reviewed, HOUSE["category_review"])
    if run.objected:
        yield "answer", house_days(run.objected, HOUSE["objection"])


def report(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state in {"first", "running"}:
        yield "file", house_months(run.last or run.opened, HOUSE["report"])
    else:
        yield "excuse", house_hours(run.missed, HOUSE["missed"])
    if run.changed:
        yield "note_change", house_days(_day(run.changed), HOUSE["change"])


def medical(run: Any, oracle: Any) -> Iterator[Row]:
    yield "report_health", _medical(run.body or run.opened, 1, run.body_more)  # M24: every month
    if oracle.case["medical"]:
        yield "submit_check", _medical(run.check or run.opened, 3, run.check_more)  # M24: three months
        yield "feed_back", house_months(run.feedback or run.opened, HOUSE["feedback"])
    if run.state == "asked" and (run.which == "body" or oracle.case["medical"]):
        yield "approve", house_days(run.asked, HOUSE["extension"])


def _medical(since: date, months: int, more: int | None) -> Ends:
    return that_day(in_months(since, months + more)) if more else law_months(since, months)


def check(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "unanswered":
        yield "resolve", house_hours(run.asked, HOUSE["verify"])


def breach(run: Any) -> Iterator[Row]:
    if run.state == "questioned":
        if not run.heard:
            yield "hear_person", house_hours(run.questioned, HOUSE["hear"])
        else:
            yield "establish", house_days(_day(run.questioned), HOUSE["establish"])


def contact(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "applied":
        yield "approve", house_days(run.applied, HOUSE["contact"])
    yield from breach(run)


def visitor(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "applied":
        yield "approve", house_days(run.applied, HOUSE["visitor"])


def prohibition(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "applied":
        yield "approve", house_days(run.applied, HOUSE["zone"])
    if run.state == "helping":
        yield "answer_help", house_days(run.asked, HOUSE["helper"])
    yield from breach(run)


def stop_breach(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "stopping":
        yield "stopped", house_hours(run.stop, HOUSE["stop"])
    if run.state == "calling":
        yield "attend", house_hours(run.called, HOUSE["stop"])
    if run.state == "attended":
        yield "to_check", house_days(_day(run.attended), HOUSE["to_check"])
    yield from breach(run)


def leave(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "applied":
        yield "approve", that_day(run.leaves)  # M27: decided before departure
    if run.state == "granted":
        yield "confirm_return", that_day(run.until)  # M28: back before it expires
        if run.longer:
            yield "approve", that_day(run.until)
    if run.state == "overdue" and not run.ordered:
        yield "order_back", house_days(run.until, HOUSE["order_back"])


def frequent(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "applied":
        yield "approve", house_days(run.applied, HOUSE["frequent"])


def move(run: Any, oracle: Any) -> Iterator[Row]:  # noqa: C901, PLR0912 (one line a duty)
    state = run.state
    if state == "applied":
        if run.commented:
            yield "ask", law_days(run.applied, 5)  # M30
        else:
            yield "comment", house_days(run.applied, HOUSE["comment"])
    if state == "asked":
        yield "agree", law_days(run.letter, 5)  # M30
        yield "decline", law_days(run.letter, 5)
    if state == "disputed":
        yield "settle_for", house_days(run.disputed, HOUSE["dispute"])
    if state == "agreed":
        yield "decide", house_days(run.answered, HOUSE["decide"])
    if run.decided and not run.handed:
        yield "hand_over", law_days(run.decided, 5)  # M31
    if run.handed and not run.file:
        yield "file_arrives", house_days(run.handed, HOUSE["file_arrives"])
    if run.file and not run.receipt:
        yield "send_receipt", law_days(run.file, 5)  # M31
    if state == "decided":
        if not run.served:
            yield "serve", house_days(run.decided, HOUSE["serve"])
        elif not run.arrived:
            yield "arrive", law_days(run.served, 7)  # M31
        if run.arrived and run.handed:
            yield "register", house_days(run.arrived, HOUSE["register"])
    if state == "missing":
        for step, done in (("tell_missing", run.told), ("search", run.searched)):
            if not done:
                yield step, house_hours(run.missing, HOUSE["stop"])
    others = oracle.case["type"] == "outside_prison" and oracle.case["approved_by"] != "court"
    if state == "received" and run.receipt and (run.bodies or not others):
        yield "close", house_days(run.registered, HOUSE["close_move"])


def education(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.absent:
        yield "excuse", house_days(_day(run.absent), HOUSE["absent"])


def need(run: Any, _oracle: Any) -> Iterator[Row]:
    match run.state:
        case "raised":
            yield "offer", house_days(run.raised, HOUSE["need"])
        case "referred":
            yield "answer", house_days(run.referred, HOUSE["referral"])
        case "offered":
            yield "finish", house_months(run.offered, HOUSE["need_done"])
        case "answered":
            yield "finish", house_months(run.answered, HOUSE["need_done"])


def activity(run: Any, oracle: Any) -> Iterator[Row]:
    if run.state == "agreed":
        if not run.assessed:
            yield "assess", house_days(run.consented, HOUSE["fitness"])
        fit = run.healthy == "yes" and run.fit == "yes" and not oracle.case["medical"]
        if fit and (run.guardian or not oracle.case["minor"]):  # M44: by ability and health, never forced
            yield "book", that_day(run.held)
    if run.state == "booked":
        yield "record", house_days(run.held, HOUSE["held"])


def positioning(run: Any, _oracle: Any) -> Iterator[Row]:
    match run.state:
        case "applied":
            yield "approve", house_days(run.applied, HOUSE["ep_decide"])
        case "longer_applied":
            yield "extend", house_days(run.assessed, HOUSE["ep_longer"])
        case "ended":
            yield "remove", house_hours(run.ended, HOUSE["ep_remove"])
        case "expired":
            yield "remove", house_hours(run.expired, HOUSE["ep_remove"])
        case "approved" | "prolonged" | "in_use" | "in_longer_use":
            if run.changed:
                yield "review", house_hours(run.changed, HOUSE["ep_change"])
            else:
                yield "review", law_days_fixed(run.reviewed, 30)  # § 7 ep.review
            if run.state in {"approved", "prolonged"}:
                if run.told:
                    yield "fit", house_hours(run.told, HOUSE["ep_tell"])
                else:
                    yield "tell", house_hours(run.approved, HOUSE["ep_tell"])


def ending(run: Any, oracle: Any) -> Iterator[Row]:
    case, end = oracle.case, oracle.case["term_end"]
    others = case["type"] == "outside_prison" and case["approved_by"] != "court"
    if others and not run.discharged:
        yield "discharge", that_day(end)  # M53
    if run.state == "running":
        for step in ("summary", "evaluation", "resettlement"):
            if not run.k.get(step):  # M53: normally thirty days before the end
                name = {"evaluation": "evaluate", "resettlement": "link_resettlement"}.get(step, step)
                yield name, law_days_fixed(end, -30)
        if others and not run.custody:
            yield "write_custody", that_day(end)
        if run.death:
            yield "death", house_hours(run.death, HOUSE["death"])
    yield "release", that_day(end)  # L44: on the day the term ends


def held(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "held" and not run.told:
        yield "tell_later", law_days(run.decided, 3)  # M41


def minor(run: Any, oracle: Any) -> Iterator[Row]:
    ended = getattr(oracle.latest("ending"), "ended", None)
    if not run.school:
        yield "check_schooling", house_workdays(run.opened, HOUSE["school"])
    if run.school == "unfinished" and not run.told:
        yield "notify_education", house_workdays(run.checked, HOUSE["school_told"])
    if ended and oracle.case["sealable"]:
        yield "seal", that_day(ended)  # CPL286, YF59: the same day
    elif ended:
        yield "close", house_workdays(ended, HOUSE["minor_closed"])


ROWS: dict[str, Any] = {
    one.__name__: one
    for one in (
        handover, intake, exit_control, team, plan, category, report, medical, check, contact, visitor,
        prohibition, stop_breach, leave, frequent, move, education, need, activity, positioning, ending,
        held, minor,
    )
}  # fmt: skip


# ---- what the clock does itself ------------------------------------------------------------


def _until(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "granted":
        yield "lapse", that_day(run.until)


def _missed(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state in {"first", "running"}:
        yield "miss", house_months(run.last or run.opened, HOUSE["report"])


def _freq(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "active":
        yield "expire", that_day(cap(run.approved, 6))  # M29: six months


def _not_arrived(run: Any, _oracle: Any) -> Iterator[Row]:
    if run.state == "decided" and run.served and not run.arrived:
        yield "not_arrived", law_days(run.served, 7)


def _ep_over(run: Any, oracle: Any) -> Iterator[Row]:
    if run.state in {"approved", "prolonged", "in_use", "in_longer_use"}:
        last = cap(run.approved, int(run.months))  # L29: at most three months, never moved
        yield "expire", (over(min(last, oracle.case["term_end"]) if int(run.months) < 3 else last), "law")


def _term_over(run: Any, oracle: Any) -> Iterator[Row]:
    if run.state == "running":
        yield "expire", that_day(oracle.case["term_end"])


def _lapse(run: Any, oracle: Any) -> Iterator[Row]:
    released = run.freed or not run.custody
    if oracle.case["type"] != "outside_prison" and run.state == "awaiting" and not run.arrived and released:
        yield "lapse", law_days(oracle.case["effective_on"], 10)


def _day(instant: Any) -> date:
    return instant.astimezone(SHANGHAI).date()


MOMENTS: dict[str, Any] = {
    "leave": _until, "contact": _until, "visitor": _until, "prohibition": _until, "report": _missed,
    "frequent": _freq, "move": _not_arrived, "positioning": _ep_over, "ending": _term_over, "intake": _lapse,
}  # fmt: skip
