"""An independent answer to: what is expected in this case now, until when, and what closed the rest?

Written from PROCEDURES alone; it imports neither `sifang.law` nor `sifang.cases` (a test proves it). Input
are plain records: the facts of the case as the papers gave them, the runs of procedures, the acts in the
order in which they were written. `EFFECTS` says what an act leaves behind, `oracle_rows` what is then due.

EFFECTS in short: `>state` the run is then in this state (`>!state`: and closed); `key` is set to the day of
the act, `key@` to its instant, `key!` to yes, `key=answer` to an answer of the form, `-key` is forgotten.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.courses.oracle_rows import MOMENTS, ROWS

PAUSED_NOT = {"handover", "exit_control", "positioning", "held", "minor", "ending"}
OUTLIVES = {"exit_control", "minor", "ending"}

BREACH = {
    "note_breach": ">questioned questioned@", "hear_person": "heard", "establish": ">!established",
    "clear": ">!cleared",
}  # fmt: skip
EP_IN_FORCE = {
    "review": "reviewed -changed", "note_change": "changed@", "ask_end": "changed@",
    "end": ">ended ended@", "expire": ">expired expired@", "replace_device": "",
}  # fmt: skip
CATEGORY = ">set changed_on reviewed"
PAPERS = "docs=papers_came_on -receipt"

EFFECTS: dict[str, dict[str, str]] = {
    "handover": {
        "notify": "notice", "register_notice": "notice=notice_came_on", "notice_late": "", "papers_late": "",
        "serve": "served", "accept_papers": f"complete! -incomplete {PAPERS}",
        "note_gap": f"incomplete! {PAPERS}", "receipt": "receipt", "forward": "forwarded",
        "notify_gap": "gap", "complete": "completed", "gap_late": "", "copy_received": "copy",
        "object": "opinion", "opinion_lapse": "closed!", "recheck": "-opinion closed!",
        "dispute": "disputed", "confirm_place": "-disputed", "redirect": ">!redirected",
    },
    "intake": {
        "state_custody": "custody!", "note_custody": "custody!", "order_release": "ordered",
        "hand_over_held": "freed", "custody_late": "", "parole_certificate": "certificate",
        "parole_late": "", "report": ">awaiting arrived", "report_at_home": ">awaiting arrived",
        "lapse": ">missing missing", "search": "searched", "call_police": "police",
        "assess_short_delay": "assessed!", "assess_long_delay": "assessed!",
        "assess_month_delay": "assessed!", "note_decision": "decision=decision_came_on far=other_province",
        "transfer": ">awaiting arrived", "register_transfer": "arrived", "transfer_late": "",
        "name_file_holder": "holder!", "return_transfer": ">returned -arrived -identity",
        "verify_identity": "identity", "doubt_identity": "-arrived -identity",
        "receive": ">received received", "open_file": "file", "call_guardian": "called!",
        "no_guardian": "called!", "announce": ">!announced", "announce_unsigned": ">!announced",
        "end_before_reception": ">!ended",
    },
    "exit_control": {
        "file": ">filed until=valid_until", "exempt": ">!not_filed", "not_needed": ">!not_filed",
        "renew": "until=valid_until", "withdraw": ">!withdrawn", "withdraw_late": "",
        "hand_over": ">!handed_over",
    },
    "team": {"form": ">active", "change": ""},
    "plan": {"adopt": ">in_force adopted", "review": "reviewed", "revise": "reviewed"},
    "category": {
        "assign": CATEGORY, "change": CATEGORY, "keep": "reviewed", "object": "objected",
        "withdraw_objection": "-objected", "answer": "-objected",
    },
    "report": {
        "file": ">running last", "miss": ">missed missed@", "excuse": ">running last",
        "confirm_missed": ">running last", "report_change": "changed@", "note_change": "-changed",
    },
    "medical": {
        "report_health": "body", "submit_check": "check", "feed_back": "feedback", "talk": "",
        "establish": "", "ask_extension": ">asked asked which=which months=extension_months",
        "approve": ">running", "refuse": ">running", "take_back": ">running",
        "end_extension": "body check -body_more -check_more", "ask_diagnosis": "", "note_diagnosis": "",
    },
    "check": {
        "contact": ">!done", "information": ">!done", "visit": ">!done", "drop": ">!done",
        "no_answer": ">unanswered asked@", "try_phone": "", "try_family": "", "try_visit": "",
        "try_committee": "", "answer": "", "resolve": ">!done", "hand_to_search": ">!to_search",
    },
    "contact": {
        "apply": ">applied applied until=until_on", "approve": ">granted", "refuse": ">!refused",
        "withdraw": ">!withdrawn", "report_back": ">!closed", "lapse": ">!closed", **BREACH,
    },
    "visitor": {
        "apply": ">applied applied until=visit_on", "comment": "", "approve": ">granted",
        "refuse": ">!refused", "withdraw": ">!withdrawn", "report_back": ">!closed", "lapse": ">!closed",
    },
    "prohibition": {
        "apply": ">applied applied until=leaves_on", "approve": ">granted", "refuse": ">!refused",
        "withdraw": ">!withdrawn", "report_back": ">!closed", "lapse": ">!closed",
        "ask_help": ">helping asked", "answer_help": ">!closed", "urge_help": "", **BREACH,
    },
    "stop_breach": {
        "stop": ">stopping stop@", "stopped": ">questioned questioned@", "call_police": ">calling called@",
        "attend": ">attended attended@", "note_attended": ">attended attended@", "call_again": "called@",
        "to_check": ">questioned questioned@", "register_warning": ">!registered",
        "register_penalty": ">!registered", "register_intended": ">!registered", **BREACH,
    },
    "leave": {
        "apply": ">applied leaves=leaves_on returns=returns_on", "refuse": ">!refused",
        "approve": ">granted -longer", "withdraw": ">!withdrawn", "cancel": ">!withdrawn", "check_in": "",
        "ask_destination": "", "report_there": "", "destination_answers": "",
        "apply_longer": "longer returns=returns_on", "withdraw_longer": "-longer", "report_delay": "",
        "order_back": "ordered!", "lapse": ">overdue -longer",
        "confirm_return": ">!closed returned=returned_on",
    },
    "frequent": {
        "apply": ">applied applied", "approve": ">active approved", "refuse": ">!refused",
        "withdraw": ">!withdrawn", "report_trip": "", "give_up": ">!ended", "end": ">!ended",
        "expire": ">!expired",
    },
    "move": {
        "apply": ">applied applied", "comment": "commented", "take_directly": "commented",
        "ask": ">asked letter", "letter_by_post": "letter=letter_on", "agree": ">agreed answered",
        "decline": ">declined answered", "dispute": ">disputed disputed", "settle_for": ">agreed answered",
        "settle_against": ">declined answered", "withdraw": ">!withdrawn", "decide": ">decided decided",
        "refuse": ">!refused", "serve": "served", "hand_over": "handed", "file_arrives": "file",
        "send_receipt": "receipt", "arrive": ">decided arrived", "register": ">received registered",
        "not_arrived": ">missing missing@", "tell_missing": "told", "search": "searched",
        "revoke": ">!revoked", "bodies_inform": "bodies", "note_bodies": "bodies", "close": ">!moved",
    },
    "education": {
        **dict.fromkeys(("individual", "collective", "mind", "with_family", "entrust", "explain"), ""),
        "absent": "absent@", "excuse": "-absent", "talk": "-absent", "establish": "-absent",
    },
    "need": {
        "raise": ">raised raised", "raise_self": ">raised raised", "offer": ">offered offered",
        "consent": "", "refer": ">referred referred", "answer": ">answered answered",
        "cannot": ">raised raised", "urge": "", "take_back": ">raised raised", "milestone": "",
        "finish": ">!done", "again": ">raised raised", "decline": ">!declined", "explain_unmet": ">!unmet",
    },
    "activity": {
        "offer": ">offered held=held_on hours=hours", "agree": ">agreed consented healthy=healthy",
        "guardian_agree": "guardian!", "assess": "assessed fit=fit", "book": ">booked", "record": ">!held",
        "call_off": ">!called_off", "decline": ">!declined", "withdraw": ">!withdrawn",
    },
    "positioning": {
        **dict.fromkeys(
            ("ground_order_breach", "ground_absence", "ground_report_refusal", "ground_penalty",
             "ground_intended", "return"), ">grounded",
        ),
        "apply": ">applied applied months=months", "drop": ">!dropped", "refuse": ">!refused",
        "approve": ">approved approved counted reviewed -told", "tell": "told", "tell_unsigned": "told",
        "fit": ">in_use", "remove": ">!removed", "apply_longer": ">longer_applied assessed months=months",
        "extend": ">prolonged approved counted reviewed -told -changed",
        "refuse_longer": ">ended ended@", "drop_longer": ">ended ended@", **EP_IN_FORCE,
    },
    "ending": {
        "summary": "summary", "evaluate": "evaluation", "link_resettlement": "resettlement",
        "write_custody": "custody", "discharge": "discharged", "call_guardian": "", "announce": "",
        "release": ">!released", "expire": ">expired", "pardon": ">!released", "revoke": ">!terminated",
        "recall": ">!terminated", "report_death": "death", "death": ">!terminated",
    },
    "held": {
        "tell": ">held told decided=decision_day", "tell_by_court": ">held told decided=decision_day",
        "register": ">held decided=decision_day", "register_notice": "told=notice_came_on",
        "tell_later": "told", "tell_late": "", "resume": ">!resumed", "correct": ">!resumed",
    },
    "minor": {
        **dict.fromkeys(
            ("call_guardian", "no_guardian", "urge", "report_guardian", "offer_work",
             "report_discrimination", "answer_query"), "",
        ),
        "check_schooling": "checked school=school_state", "notify_education": "told",
        "back_at_school": "school:attending -told", "left_school": "school:unfinished checked",
        "seal": ">!sealed", "close": ">!closed",
    },
}  # fmt: skip
STARTS = {
    "handover": "effective", "intake": "awaiting", "exit_control": "pending", "team": "forming",
    "plan": "drafting", "category": "unset", "report": "first", "medical": "running",
    "education": "running", "ending": "running", "held": "free", "minor": "running",
}  # fmt: skip
ENDS_ALL = {
    ("intake", "end_before_reception"), ("ending", "release"), ("ending", "expire"), ("ending", "pardon"),
    ("ending", "revoke"), ("ending", "recall"), ("ending", "death"),
}  # fmt: skip


@dataclass
class Run:
    """One run of a procedure, as the acts left it."""

    id: str
    procedure: str
    opened: date | None = None
    state: str = ""
    closed: bool = False
    k: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, key: str) -> Any:
        return self.__dict__.get("k", {}).get(key)


Key = tuple[str, str, datetime, str]  # run, procedure.step, until when, law or target


@dataclass
class Oracle:
    """What is expected, recomputed from plain records."""

    case: dict[str, Any]
    runs: dict[str, Run] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)
    closed: dict[Key, list[str]] = field(default_factory=dict)
    waiting: list[tuple[dict[str, Any], str]] = field(default_factory=list)

    @classmethod
    def of(cls, case: dict[str, Any], runs: list[dict[str, Any]], acts: list[dict[str, Any]]) -> "Oracle":
        """Read a whole course."""
        found = cls(case)
        for one in runs:
            if one["by"]:
                found.waiting.append((one, one["by"]))
            elif one["procedure"] in {"handover", "intake"}:
                found._begin(one, None)
        found.look("")
        known = {one["id"]: one for one in runs}
        for act in acts:
            if act["run"] not in found.runs:
                found._begin(known[act["run"]], None)
            found.apply(act)
            for one, by in found.waiting:
                if by == act["id"]:
                    found._begin(one, act["day"])
            found.look(act["id"])
        return found

    def _begin(self, one: dict[str, Any], day: date | None) -> None:
        procedure = one["procedure"]
        self.runs[one["id"]] = Run(one["id"], procedure, day, STARTS.get(procedure, "draft"))

    def latest(self, procedure: str) -> Run | None:
        """The run of a procedure that began last."""
        return next((run for run in reversed(self.runs.values()) if run.procedure == procedure), None)

    @property
    def is_held(self) -> bool:
        return any(run.procedure == "held" and run.state == "held" for run in self.runs.values())

    def apply(self, act: dict[str, Any]) -> None:
        """Let one act have its effect."""
        run, before = self.runs[act["run"]], self.runs[act["run"]].state
        effects = EFFECTS[run.procedure]
        if act["step"] == "correct" and "correct" not in effects:
            return
        for token in effects[act["step"]].split():
            self._effect(run, token, act)
        special = SPECIAL.get((run.procedure, act["step"]))
        if special:
            special(self, run, act, before)
        if (run.procedure, act["step"]) in ENDS_ALL:
            for other in self.runs.values():
                other.closed |= other.procedure not in OUTLIVES and other is not run
        if (run.procedure, act["step"]) == ("handover", "redirect"):
            for other in self.runs.values():
                other.closed |= other.procedure == "intake"

    @staticmethod
    def _effect(run: Run, token: str, act: dict[str, Any]) -> None:
        if token.startswith(">"):
            run.state, run.closed = token.lstrip(">!"), run.closed or token.startswith(">!")
        elif token.startswith("-"):
            run.k.pop(token[1:], None)
        elif token.endswith("@"):
            run.k[token[:-1]] = act["at"]
        elif token.endswith("!"):
            run.k[token[:-1]] = True
        elif "=" in token:
            key, answer = token.split("=")
            if answer in act["answers"]:
                run.k[key] = _read(act["answers"][answer])
        elif ":" in token:
            key, run.k[key] = token.split(":", maxsplit=1)[0], token.split(":")[1]
        else:
            run.k[token] = act["day"]

    def expected(self) -> Iterator[Key]:
        """Yield what is expected as things stand."""
        for run in self.runs.values():
            if run.closed or (self.is_held and run.procedure not in PAUSED_NOT):
                continue
            for step, ends in ROWS[run.procedure](run, self):
                when, kind = ends
                yield run.id, f"{run.procedure}.{step}", when, kind

    def moments(self) -> Iterator[tuple[str, str, datetime]]:
        """Yield what the clock itself will do, and when."""
        for run in self.runs.values():
            if not run.closed and not (self.is_held and run.procedure not in PAUSED_NOT):
                for step, ends in MOMENTS.get(run.procedure, lambda *_: ())(run, self):
                    yield run.id, f"{run.procedure}.{step}", ends[0]

    def look(self, by: str) -> None:
        """Note what is expected now, and that `by` closed what no longer is."""
        now = set(self.expected())
        for key in self.open - now:
            self.closed.setdefault(key, []).append(by)
        self.open = now


def _read(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return date.fromisoformat(value)
    return value


# ---- what depends on more than the step itself ------------------------------------------------------------


def _leave_granted(oracle: Oracle, run: Run, _act: dict[str, Any], _before: str) -> None:
    run.k["until"] = run.returns


def _leave_refused(_oracle: Oracle, run: Run, _act: dict[str, Any], before: str) -> None:
    if before == "granted":  # the longer leave was refused; the first one stands
        run.state, run.closed = "granted", False
        run.k.pop("longer", None)
        run.k["returns"] = run.until


def _leave_as_granted(_oracle: Oracle, run: Run, _act: dict[str, Any], _before: str) -> None:
    run.k["returns"] = run.until


def _gap_again(_oracle: Oracle, run: Run, _act: dict[str, Any], _before: str) -> None:
    if run.completed:  # what came as completion is again not complete
        for key in ("gap", "completed"):
            run.k.pop(key, None)


def _first_change(oracle: Oracle, run: Run, act: dict[str, Any], _before: str) -> None:
    del oracle
    run.k["changed"] = run.k.setdefault("first_change", act["at"])


def _change_noted(_oracle: Oracle, run: Run, _act: dict[str, Any], _before: str) -> None:
    run.k.pop("first_change", None)


def _extended(oracle: Oracle, run: Run, _act: dict[str, Any], _before: str) -> None:
    del oracle
    run.k["body_more" if run.which == "body" else "check_more"] = int(run.months)


def _ep_fitted(_oracle: Oracle, run: Run, _act: dict[str, Any], before: str) -> None:
    run.state = "in_longer_use" if before == "prolonged" else "in_use"


def _ended(oracle: Oracle, run: Run, act: dict[str, Any], before: str) -> None:
    on = {
        "expire": oracle.case["term_end"],
        "revoke": _read(act["answers"].get("document_on")),
        "recall": _read(act["answers"].get("document_on")),
        "death": _read(act["answers"].get("died_on")),
    }.get(act["step"], act["day"])
    if before != "expired" or act["step"] != "release":
        run.k["ended"], run.k["kind"] = on, act["step"]


SPECIAL: dict[tuple[str, str], Any] = {
    ("leave", "approve"): _leave_granted,
    ("leave", "refuse"): _leave_refused,
    ("leave", "withdraw_longer"): _leave_as_granted,
    ("leave", "lapse"): _leave_as_granted,
    ("handover", "note_gap"): _gap_again,
    ("report", "report_change"): _first_change,
    ("report", "note_change"): _change_noted,
    ("medical", "approve"): _extended,
    ("positioning", "fit"): _ep_fitted,
    **{("ending", step): _ended for step in ("release", "expire", "pardon", "revoke", "recall", "death")},
}
