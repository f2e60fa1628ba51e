"""变更执行地: one shared state between two county agencies, P-MOVE and the rule of no gap, E17.

The old agency is responsible until the new one registers the person (我方理解). Two recorded confirmations
make the transfer: the old agency's hand-over and the new agency's registration of arrival. An electronic
letter counts as received on the day on which it is sent.

In this table 县级社区矫正机构 is the old agency throughout (the person's county at the application).
Letters to a procuratorate or police "by" an agency go to those of that agency's county.

Case facts: `approved_by` (court, prison, police). Sources: 社区矫正法27条; 办法30条, 31条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import (
    SAME,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    by_rule,
    day,
    put,
    target,
)
from sifang.law.procedures.daily import (
    COUNTY,
    HIGHER,
    NEW_COUNTY,
    OFFICE,
    PERSON,
    PROCURATORATE,
    REMEDY,
    correct,
    tell_person,
)
from sifang.law.procedures.move_transfer import (
    APPROVED_BY,
    ARRIVED,
    BODIES,
    BODIES_HAND_OVER,
    COMMENTED,
    DECIDED,
    FILE,
    HANDED,
    OLD,
    POLICE_HAND_OVER,
    RECEIPT,
    SEARCHED,
    SERVED,
    TO_DECIDER,
    TO_NEW,
    TO_OLD_POLICE,
    TO_OLD_PROCURATORATE,
    TOLD,
    TRANSFER,
)

REASONS = (("work", "工作变化"), ("home", "居所变化"), ("family", "家庭原因"), ("other", "其他原因"))
SETTLED = tuple(Duty("告知协调结果", "办法30条2款", to) for to in (COUNTY, NEW_COUNTY))


def _answer(name: str, title: str, to: str, *, refusal: bool) -> Step:
    return Step(
        name,
        title,
        "办法30条2款",
        NEW_COUNTY,
        "asked",
        to,
        due=by_rule("move.answer", "letter_on"),
        asks=(Ask("found", "核实的居所、工作等情况", "long"), Ask("opinion", "复函意见", "long")),
        sets=(day("answered_on"), put("new_agrees", value=not refusal)),
        documents=("move_answer",),
        duties=(Duty("书面回复", "办法30条2款", COUNTY, document="move_answer"),),
        reasons=refusal,
        remedy="原执行地机构可以报上一级社区矫正机构协调（办法30条2款）；" + REMEDY if refusal else "",
    )


def _refuse(state: str) -> Step:
    return Step(
        "refuse",
        "不同意变更执行地",
        "办法30条3款",
        COUNTY,
        state,
        "refused",
        sets=(day("decided_on"),),
        documents=("move_refusal",),
        duties=(
            Duty(
                "书面告知本人",
                "办法30条3款",
                PERSON,
                due=by_rule("move.refuse.tell", "decided_on"),
                document="move_refusal",
            ),
            Duty("电子抄送", "社区矫正法8条", PROCURATORATE, mark="local"),
        ),
        reasons=True,
        remedy=REMEDY,
        burden=True,
        help="有正当理由的，应当批准（社区矫正法27条1款）",
    )


MOVE_2020 = Procedure(
    name="move",
    code="P-MOVE",
    title="变更执行地",
    edition=date(2020, 7, 1),
    start="draft",
    states={
        "draft": "拟申请",
        "applied": "已申请，待征求意见",
        "asked": "已征求意见，待回复",
        "agreed": "新执行地同意接收，待决定",
        "declined": "新执行地不同意接收，待决定",
        "disputed": "意见不一致，待上一级协调",
        "decided": "已决定变更，交接中（原执行地负责）",
        "missing": "未按时报到，查找中（原执行地负责）",
        "received": "新执行地已登记接收",
        "moved": "变更完成",
        "refused": "不同意变更",
        "revoked": "变更决定已撤销（原执行地负责）",
        "withdrawn": "已撤回",
    },
    final=frozenset({"moved", "refused", "revoked", "withdrawn"}),
    facts=(APPROVED_BY, COMMENTED, DECIDED, SERVED, HANDED, FILE, RECEIPT, ARRIVED, BODIES, TOLD, SEARCHED),
    steps=(
        # ---- 申请 ----------------------------------------
        Step(
            "apply",
            "书面申请变更执行地",
            "办法30条1款",
            PERSON,
            "draft",
            "applied",
            asks=(
                Ask("purpose", "原因", "choice", choices=REASONS),
                Ask("new_address", "新住处", "place"),
                Ask("new_agency", "新执行地县级社区矫正机构", "agency", of="county"),
                Ask("wanted_on", "拟迁居日期", "date", help="一般应当提前一个月申请；不足的也受理"),
                Ask("proof", "证明材料", "long"),
                Ask("late_reason", "不足一个月的原因", "text", required=False),
            ),
            sets=(day("applied_on"),),
            documents=("move_form",),
            help="move.ahead：一般提前一个月，逾此不影响受理",
        ),
        Step(
            "comment",
            "司法所签署意见",
            "办法30条1款",
            OFFICE,
            "applied",
            SAME,
            given=COMMENTED.unknown(),
            due=target(2, "day", "applied_on"),
            asks=(Ask("comment", "意见", "long"),),
            sets=(day("commented_on"),),
            duties=(Duty("报县级社区矫正机构审批", "办法30条1款", COUNTY),),
        ),
        Step(
            "take_directly",
            "县级机构直接受理",
            "办法30条1款",
            COUNTY,
            "applied",
            SAME,
            given=COMMENTED.unknown(),
            asks=(Ask("no_comment", "未经司法所签署意见的原因", "text"),),
            sets=(day("commented_on"),),
            mark="reading",
        ),
        Step(
            "ask",
            "书面征求新执行地意见",
            "办法30条2款",
            COUNTY,
            "applied",
            "asked",
            given=COMMENTED.known(),
            due=by_rule("move.ask", "applied_on"),
            sets=(day("asked_on"), day("letter_on")),
            documents=("move_letter",),
            duties=(Duty("征求意见", "办法30条2款", NEW_COUNTY, document="move_letter"),),
        ),
        # ---- 回复和协调 ----------------------------------------
        Step(
            "letter_by_post",
            "签收邮寄的征求意见函",
            "办法30条2款",
            NEW_COUNTY,
            "asked",
            SAME,
            given=Fact("letter_posted", "邮寄函件的签收").unknown(),
            asks=(Ask("letter_on", "签收日期", "date", after="asked_on"),),
            sets=(put("letter_posted", value=True),),
            mark="reading",
            help="电子函件以发出当日为收到；只有纸质邮寄的才另记签收日期",
        ),
        _answer("agree", "同意接收", "agreed", refusal=False),
        _answer("decline", "不同意接收", "declined", refusal=True),
        *(
            Step(
                "dispute",
                title,
                "办法30条2款",
                COUNTY,
                state,
                "disputed",
                asks=(Ask("objection", "异议和理由", "long"),),
                sets=(day("disputed_on"),),
                duties=(Duty("报请协调", "办法30条2款", HIGHER),),
                mark=mark,
            )
            for state, title, mark in (
                ("declined", "对回复有异议，报上一级协调", ""),
                ("asked", "逾期不回复，报上一级协调", "reading"),
            )
        ),
        Step(
            "settle_for",
            "协调：由新执行地接收",
            "办法30条2款",
            HIGHER,
            "disputed",
            "agreed",
            due=target(10, "day", "disputed_on"),
            sets=(day("answered_on"), put("new_agrees", value=True)),
            duties=SETTLED,
            reasons=True,
            remedy="协调结果由作出决定的县级机构书面告知本人；" + REMEDY,
        ),
        Step(
            "settle_against",
            "协调：新执行地不接收",
            "办法30条2款",
            HIGHER,
            "disputed",
            "declined",
            sets=(day("answered_on"),),
            duties=SETTLED,
            reasons=True,
            remedy="协调结果由作出决定的县级机构书面告知本人；" + REMEDY,
        ),
        *(
            Step(
                "withdraw",
                "撤回申请",
                "办法30条1款",
                PERSON,
                state,
                "withdrawn",
                kind=Kind.WITHDRAW,
                mark="reading",
            )
            for state in ("applied", "asked", "agreed", "declined", "disputed")
        ),
        # ---- 决定 ----------------------------------------
        Step(
            "decide",
            "决定变更执行地",
            "社区矫正法27条2款",
            COUNTY,
            "agreed",
            "decided",
            due=target(5, "day", "answered_on"),
            asks=(Ask("educated", "已教育并告知报到期限和逾期后果", "yesno", article="办法30条3款"),),
            sets=(day("decided_on"),),
            documents=("move_decision", "report_order"),
            duties=(
                tell_person("办法30条3款", "书面告知报到期限和后果"),
                TO_DECIDER,
                TO_NEW,
                TO_OLD_PROCURATORATE,
                TO_OLD_POLICE,
                BODIES_HAND_OVER,
                POLICE_HAND_OVER,
            ),
        ),
        _refuse("declined"),
        _refuse("agreed"),
        *TRANSFER,
        correct("办法30条"),
    ),
    notes=(
        "新执行地登记接收以前，始终" + OLD + "负责；任何时候都有且只有一个机构负责（E17，我方理解）。",
        "两次确认：原执行地的移交（hand_over）和新执行地的登记接收（register），都有记录才转移责任。",
        "五日征求意见自收到申请之日起算；司法所签署意见的时间计算在内（我方理解，从严）。",
        "同一省内公安机关批准暂予监外执行的，可以不移交档案（办法31条3款，待核）。",
    ),
)

EDITIONS = (MOVE_2020,)
