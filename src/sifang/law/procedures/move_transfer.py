"""变更执行地: from the decision to the new registration, the parallel lines of the transfer (E17)."""

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
    JUSTICE_OFFICE,
    NEW_COUNTY,
    POLICE,
    PROCURATORATE,
    REMEDY,
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

OLD = "由原执行地县级社区矫正机构"

TO_DECIDER = Duty("通知并抄送", "社区矫正法27条2款", DECIDER)
TO_OLD_PROCURATORATE = Duty(
    "抄送原执行地检察院", "办法31条1款", PROCURATORATE, due=by_rule("move.file", "decided_on"), by=COUNTY
)
TO_OLD_POLICE = Duty(
    "抄送原执行地公安机关", "办法31条1款", POLICE, due=by_rule("move.file", "decided_on"), by=COUNTY
)
TO_NEW = Duty("通知并抄送", "社区矫正法27条2款", NEW_COUNTY, document="move_decision")
TO_NEW_PROCURATORATE = Duty(
    "转送新执行地检察院", "社区矫正法27条2款；办法31条1款", PROCURATORATE, by=NEW_COUNTY
)
TO_NEW_POLICE = Duty("转送新执行地公安机关", "社区矫正法27条2款；办法31条1款", POLICE, by=NEW_COUNTY)
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


TRANSFER: tuple[Step, ...] = (
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
        asks=(JUSTICE_OFFICE,),
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
    _close((OUTSIDE_PRISON,), RECEIPT.known() & APPROVED_BY.is_not("court", "人民法院") & BODIES.known()),
    _close((OUTSIDE_PRISON,), RECEIPT.known() & APPROVED_BY.is_("court", "人民法院")),
)
