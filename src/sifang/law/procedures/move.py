"""变更执行地: one shared state between two county agencies, P-MOVE and the rule of no gap, E17.

The old agency is responsible until the new one registers the person (我方理解). Two recorded confirmations
make the transfer: the old agency's hand-over and the new agency's registration of arrival. An electronic
letter counts as received on the day on which it is sent.

Case facts: `approved_by` (court, prison, police). Sources: 社区矫正法27条; 办法30条, 31条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    ANY,
    CONTROL,
    OUTSIDE_PRISON,
    PAROLE,
    PROBATION,
    SAME,
    Ask,
    Due,
    Duty,
    Kind,
    Procedure,
    Step,
    by_rule,
    day,
    instant,
    put,
    target,
)
from sifang.law.procedures.daily import (
    CLOCK,
    COUNTY,
    CUSTODY,
    DECIDER,
    HIGHER,
    NEW_COUNTY,
    OFFICE,
    PERSON,
    POLICE,
    PROCURATORATE,
    REMEDY,
    correct,
    tell_person,
)

APPROVED_BY = Fact("approved_by", "暂予监外执行的批准机关", source="case")
COMMENTED = Fact("commented_on", "司法所意见（或者直接受理的记录）")
DECIDED = Fact("decided_on", "变更执行地决定")
SERVED = Fact("decision_received_on", "本人收到决定的记录")
HANDED = Fact("handed_over_on", "原执行地移交的确认")
FILE = Fact("file_received_on", "新执行地收到档案的记录")
RECEIPT = Fact("receipt_on", "送达回执")
ARRIVED = Fact("arrived_on", "本人到新执行地报到的记录")
BODIES = Fact("bodies_on", "监狱、看守所接收档案的通报")
TOLD = Fact("told_missing_on", "未按时报到的通知")
SEARCHED = Fact("searched_on", "原执行地组织查找的记录")

REASONS = (("work", "工作变化"), ("home", "居所变化"), ("family", "家庭原因"), ("other", "其他原因"))
OLD = "由原执行地县级社区矫正机构"

TO_DECIDER = Duty("通知并抄送", "社区矫正法27条2款", DECIDER)
TO_OLD_PROCURATORATE = Duty(
    "抄送原执行地检察院", "办法31条1款", PROCURATORATE, due=by_rule("move.file", "decided_on"), by=COUNTY
)
TO_OLD_POLICE = Duty(
    "抄送原执行地公安机关", "办法31条1款", POLICE, due=by_rule("move.file", "decided_on"), by=COUNTY
)
TO_NEW = Duty("通知并抄送", "社区矫正法27条2款", NEW_COUNTY, document="move_decision")
SETTLED = tuple(Duty("告知协调结果", "办法30条2款", to) for to in (COUNTY, NEW_COUNTY))
TO_NEW_PROCURATORATE = Duty("抄送新执行地检察院", "办法31条1款", PROCURATORATE, by=NEW_COUNTY)
TO_NEW_POLICE = Duty("抄送新执行地公安机关", "办法31条1款", POLICE, by=NEW_COUNTY)
BODIES_HAND_OVER = Duty(
    "与新执行地同级机关办理交接",
    "办法31条3款",
    NEW_COUNTY,
    due=target(30, "day", "decided_on"),
    given=APPROVED_BY.is_("prison", "监狱管理机关"),
    by=CUSTODY,
    awaited=True,
)
POLICE_HAND_OVER = Duty(
    "与新执行地同级机关办理交接",
    "办法31条3款",
    NEW_COUNTY,
    due=target(30, "day", "decided_on"),
    given=APPROVED_BY.is_("police", "公安机关"),
    by=POLICE,
    awaited=True,
)


def _answer(name: str, title: str, to: str, *, refusal: bool) -> Step:
    return Step(
        name,
        title,
        "办法30条2款",
        NEW_COUNTY,
        "asked",
        to,
        due=by_rule("move.answer", "letter_on"),
        asks=(Ask("verified", "核实的居所、工作等情况", "long"),),
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


def _receipt(state: str) -> Step:
    return Step(
        "send_receipt",
        "送达回执",
        "办法31条1款",
        NEW_COUNTY,
        state,
        SAME,
        given=FILE.known() & RECEIPT.unknown(),
        due=by_rule("move.receipt", "file_received_on"),
        sets=(day("receipt_on"),),
        documents=("file_receipt",),
        duties=(
            Duty("送达回执", "办法31条1款", COUNTY, document="file_receipt"),
            TO_NEW_PROCURATORATE,
            TO_NEW_POLICE,
        ),
    )


def _close(types: tuple[str, ...], given: Condition) -> Step:
    return Step(
        "close",
        "变更执行地办结",
        "办法31条",
        NEW_COUNTY,
        "received",
        "moved",
        given=given,
        types=types,
        due=target(10, "day", "registered_on"),
        sets=(day("closed_on"),),
    )


def _arrive(state: str, to: str, due: Due | None) -> Step:
    return Step(
        "arrive",
        "登记本人到新执行地报到，核实身份" + ("" if due else "（逾期报到）"),
        "办法31条2款",
        NEW_COUNTY,
        state,
        to,
        given=ARRIVED.unknown(),
        due=due,
        asks=(
            Ask("identity", "核实身份的证件", "text"),
            *(() if due else (Ask("late_reason", "逾期报到的原因", "long"),)),
        ),
        sets=(day("arrived_on"),),
        duties=(Duty("报到情况通知", "办法31条2款", COUNTY, by=NEW_COUNTY, mark="reading"),),
        help="档案未到也先登记；登记接收前仍" + OLD + "负责",
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
                Ask("cause", "原因", "choice", choices=REASONS),
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
        # ---- 交接：同一状态里的几条平行线 ----------------------------------------
        Step(
            "serve",
            "决定送达本人",
            "办法30条3款",
            COUNTY,
            "decided",
            SAME,
            given=SERVED.unknown(),
            due=target(2, "day", "decided_on"),
            sets=(day("decision_received_on"),),
            asks=(Ask("signed", "本人签收（拒签的记明见证人）", "text"),),
            delegable="daily",
            help="七日的报到期限自本人收到决定之日起算",
        ),
        Step(
            "hand_over",
            "移交法律文书和档案（移交确认）",
            "办法31条1款",
            COUNTY,
            ANY,
            SAME,
            given=DECIDED.known() & HANDED.unknown(),
            due=by_rule("move.file", "decided_on"),
            asks=(Ask("papers", "移交的文书和材料", "long"),),
            sets=(day("handed_over_on"),),
            documents=("file_list",),
            duties=(Duty("移交档案材料", "办法31条1款", NEW_COUNTY, document="file_list"),),
        ),
        Step(
            "file_arrives",
            "登记收到文书和档案",
            "办法31条1款",
            NEW_COUNTY,
            ANY,
            SAME,
            given=HANDED.known() & FILE.unknown(),
            due=target(3, "day", "handed_over_on"),
            asks=(Ask("lacking", "缺少的材料", "text", required=False),),
            sets=(day("file_received_on"),),
        ),
        _receipt("decided"),
        _receipt("missing"),
        _receipt("received"),
        _arrive("decided", SAME, by_rule("move.arrive", "decision_received_on")),
        Step(
            "register",
            "办理登记接收（接收确认，自此由新执行地负责）",
            "办法31条2款",
            NEW_COUNTY,
            "decided",
            "received",
            given=ARRIVED.known() & HANDED.known(),
            due=target(1, "day", "arrived_on"),
            sets=(day("registered_on"), put("responsible", "new_county")),
            documents=("reception_form",),
            duties=(Duty("登记接收的确认", "办法31条2款", COUNTY), TO_DECIDER),
            help="原执行地移交、新执行地接收两次确认齐备，才由新执行地负责（E17）",
        ),
        # ---- 未按时报到 ----------------------------------------
        Step(
            "not_arrived",
            "未按时报到",
            "办法31条2款",
            CLOCK,
            "decided",
            "missing",
            given=ARRIVED.unknown(),
            due=by_rule("move.arrive", "decision_received_on"),
            sets=(instant("missing_at"),),
            kind=Kind.CLOCK,
            duties=(Duty("提示立即通知原执行地", "办法31条2款", NEW_COUNTY),),
            alarm=True,
        ),
        Step(
            "tell_missing",
            "立即通知原执行地机构",
            "办法31条2款",
            NEW_COUNTY,
            "missing",
            SAME,
            given=TOLD.unknown(),
            due=target(1, "hour", "missing_at"),
            sets=(day("told_missing_on"),),
            duties=(Duty("通知未按时报到", "办法31条2款", COUNTY),),
        ),
        Step(
            "search",
            "原执行地组织查找",
            "办法31条2款",
            COUNTY,
            "missing",
            SAME,
            given=SEARCHED.unknown(),
            due=target(1, "hour", "missing_at"),
            asks=(Ask("search_means", "以哪些方式联系、查找", "long", help="先以多种方式核实（E24）"),),
            sets=(day("searched_on"),),
            documents=("contact_record",),
            help="会同新执行地机构妥善处置（办法31条2款）；原执行地仍负责",
        ),
        _arrive("missing", "decided", None),
        *(
            Step(
                "revoke",
                "撤销变更决定，仍" + OLD + "执行",
                "社区矫正法27条2款",
                COUNTY,
                state,
                "revoked",
                given=ARRIVED.unknown(),
                sets=(day("revoked_on"),),
                duties=(
                    tell_person("社区矫正法34条1款"),
                    TO_DECIDER,
                    Duty("告知不再移送", "社区矫正法27条2款", NEW_COUNTY),
                    Duty("电子抄送", "社区矫正法8条", PROCURATORATE, mark="local"),
                ),
                reasons=True,
                remedy=REMEDY,
                burden=True,
                mark="reading",
                help="如本人不再迁居，或者查找后仍未到新执行地",
            )
            for state in ("decided", "missing")
        ),
        # ---- 监狱、公安机关批准的暂予监外执行 ----------------------------------------
        Step(
            "bodies_inform",
            "新接收档案的监狱、看守所通报",
            "办法31条3款",
            CUSTODY,
            ANY,
            SAME,
            given=DECIDED.known() & BODIES.unknown() & APPROVED_BY.is_not("court", "人民法院"),
            types=(OUTSIDE_PRISON,),
            asks=(
                Ask("holder", "接收档案的监狱、看守所", "text"),
                Ask("holder_on", "接收档案日期", "date", help="自接收之日起五日内通报（办法31条3款，待核）"),
            ),
            sets=(day("bodies_on"),),
            duties=(Duty("通报接收档案情况", "办法31条3款", NEW_COUNTY),),
        ),
        Step(
            "note_bodies",
            "登记收到监狱、看守所的通报",
            "办法31条3款",
            NEW_COUNTY,
            ANY,
            SAME,
            given=DECIDED.known() & BODIES.unknown() & APPROVED_BY.is_not("court", "人民法院"),
            types=(OUTSIDE_PRISON,),
            asks=(
                Ask("holder", "接收档案的监狱、看守所（同省公安机关批准、不移交档案的写明）", "text"),
                Ask("holder_on", "接收档案日期", "date", required=False),
            ),
            sets=(day("bodies_on"),),
        ),
        _close((CONTROL, PROBATION, PAROLE), RECEIPT.known()),
        _close((OUTSIDE_PRISON,), RECEIPT.known() & APPROVED_BY.is_("court", "人民法院")),
        _close((OUTSIDE_PRISON,), RECEIPT.known() & APPROVED_BY.is_not("court", "人民法院") & BODIES.known()),
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
