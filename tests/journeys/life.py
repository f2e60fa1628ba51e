"""A life on paper: who does what, in which order, with which answers; played by services and by a browser.

Each line: officer, procedure, step, answers; `reasons` is an answer like any other. `{today}` and
`{today+N}` are replaced by legal days, `{record:PROCEDURE}` by the last act of that procedure.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from re import Match
from re import compile as pattern
from typing import Any

PLACE = pattern(r"\{today(?:\+(\d+))?\}")
WORDS = "已当面核实，情况属实。"


@dataclass(frozen=True)
class Line:
    """One act, and who is refused it beforehand, with words of the refusal."""

    officer: str
    procedure: str
    step: str
    answers: dict[str, Any] = field(default_factory=dict)
    refused: tuple[str, str] | None = None


def on(day: date, value: Any) -> Any:
    """Return an answer with its days filled in."""

    def later(found: Match[str]) -> str:
        return (day + timedelta(days=int(found[1] or 0))).isoformat()

    return PLACE.sub(later, value) if isinstance(value, str) else value


TEAM = [
    {"name": "李所", "kind": "司法所", "sex": "m"},
    {"name": "周敏", "kind": "社会工作者", "sex": "f"},
    {"name": "罗母", "kind": "家庭成员", "sex": "f"},
]
BREACH = {"kind": "absence", "noted": "来电称人在泰安", "seen_on": "{today}"}

RECEPTION = (
    Line("钱法", "handover", "notify", refused=("王科", "社区矫正决定机关")),
    Line("钱法", "handover", "serve", {"papers_list": "判决书、执行通知书、起诉书副本"}),
    Line("王科", "handover", "accept_papers", {"papers_came_on": "{today}", "papers_list": "齐全"}),
    Line("王科", "handover", "receipt", refused=("钱法", "县级社区矫正机构")),
    Line("王科", "intake", "report"),
    Line("王科", "intake", "verify_identity", {"identity_by": "居民身份证"}),
    Line("王科", "intake", "receive", refused=("郑局", "县级社区矫正机构")),
)
SUPERVISION = (
    Line("王科", "intake", "open_file"),
    Line("王科", "intake", "announce", {"attended": TEAM}),
    Line("王科", "exit_control", "file"),
    Line("王科", "team", "form", {"members": TEAM, "signed_on": "{today}"}),
    Line(
        "王科",
        "plan",
        "adopt",
        {
            "basics": "电工，独居",
            "assessment": "再犯风险低，愿意配合",
            "special": "无",
            "supervision": "每月报告，适时走访",
            "help_given": "就业推荐",
        },
    ),
    Line(
        "王科",
        "category",
        "assign",
        {
            "category_to": "普通管理",
            "type_basis": "缓刑，交通肇事",
            "stage": "接收初期",
            "risk": "低",
            "conduct": "按时报到",
            "advice_seen": "无",
            "reasons": "按时报到，居住和工作稳定",
        },
    ),
    Line("王科", "report", "file", {"conduct": "遵守规定", "study": "参加法治教育", "living": "做电工"}),
)
LEAVE = (
    Line(
        "王科",
        "leave",
        "apply",
        {
            "purpose": "medical",
            "destination": "北京市海淀区",
            "leaves_on": "{today+5}",
            "returns_on": "{today+14}",
            "proof": "门诊预约单",
        },
    ),
    Line("王科", "leave", "approve", refused=("李所", "县级社区矫正机构")),
    Line("王科", "leave", "confirm_return", {"returned_on": "{today+14}"}),
)
HELP = (
    Line("王科", "need", "raise", {"kind": "work", "words": "希望换一份工作"}),
    Line("王科", "need", "consent", {"agreed_content": "同意把求职意向转给人社局"}),
    Line("王科", "need", "refer", {"helper": "历下区人社局", "asked": "推荐电工岗位"}),
    Line("王科", "need", "answer", {"answered_by": "历下区人社局", "answer": "安排面试"}),
    Line("王科", "need", "finish", {"result": "已上岗"}),
)
POSITIONING = (
    Line("王科", "stop_breach", "note_breach", BREACH),
    Line("王科", "stop_breach", "hear_person", {"statement": "去看望亲属，忘记请假"}),
    Line("王科", "stop_breach", "establish", {"evidence": "通话记录、车票", "proposal": "使用电子定位装置"}),
    Line("王科", "positioning", "ground_absence", {"proof": "{record:stop_breach}"}),
    Line(
        "王科",
        "positioning",
        "apply",
        {"necessity": "再次离开的可能", "effect": "夜间不佩戴于外", "months": "2"},
    ),
    Line(
        "郑局",
        "positioning",
        "approve",
        {"reasons": "情形成立，确有必要"},
        refused=("王科", "县级司法行政部门负责人"),
    ),
    Line("王科", "positioning", "tell", {"explained": "期限、要求和后果均已说明"}),
    Line(
        "王科",
        "positioning",
        "fit",
        {"device": "{device}", "device_record": "专用腕带，检测合格，精度 10 米"},
    ),
    Line("王科", "positioning", "end", {"why_ended": "两周表现良好，不再需要", "reasons": "已无必要"}),
    Line("王科", "positioning", "remove", {"removed_note": "当面拆除"}),
)
MOVE = (
    Line(
        "王科",
        "move",
        "apply",
        {
            "purpose": "{first}",
            "new_address": "商河县许商街道",
            "new_agency": "商河县司法局",
            "wanted_on": "{today+35}",
            "proof": "租房合同",
        },
    ),
    Line("李所", "move", "comment", {"comment": "情况属实，建议同意"}, refused=("王科", "司法所")),
    Line("王科", "move", "ask"),
    Line("周外", "move", "agree", {"found": "住址属实", "opinion": "同意接收"}),
    Line("王科", "move", "decide", {"educated": "yes"}, refused=("周外", "县级社区矫正机构")),
    Line("王科", "move", "serve", {"signed": "本人签收"}),
    Line("王科", "move", "hand_over", {"papers": "档案一册，文书二十份"}),
    Line("周外", "move", "arrive", {"identity": "居民身份证"}),
    Line("周外", "move", "register", refused=("王科", "新执行地县级社区矫正机构")),
)
RELEASE = (
    Line("王科", "ending", "summary", {"summary": "接受教育，今后守法"}),
    Line("王科", "ending", "evaluate", {"evaluation": "矫正期间表现良好"}),
    Line("王科", "ending", "link_resettlement", {"needs": "就业推荐"}),
    Line("王科", "ending", "release", refused=("郑局", "县级社区矫正机构")),
    Line("王科", "exit_control", "withdraw"),
)
