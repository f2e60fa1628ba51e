"""接收入矫: report or transfer, identity, reception, file, announcement, P-IN-*, P-FILE, P-ANN-IN.

Reception waits for the person only: notice and papers run in `handover` and may come later (办法16条2款). Its
two rows say which it was. `receive` opens what a person under corrections has from that day; procedures that
do not exist in the case (medical, minor) are left out by their own `given`.

Providers: `late_days` = whole days from the day after the last day of `report.in` (rolled) to the day of
arrival, or to today while nobody came; 0 when in time. `late_over_month` = that arrival is later than the
same-number day one month after that last day. `delegated_daily` = a delegation of daily management to the
person's office is in force. `in_custody` = held when sentenced, as a row says.

Sources: 社区矫正法21条, 22条; 办法16条 to 18条, 20条, 55条; 刑诉法解释172条; 监狱法47条, 54条;
检察规则625条, 626条, 628条.
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    ANY,
    SAME,
    Actor,
    Ask,
    Duty,
    Kind,
    Procedure,
    Set,
    Step,
    day,
    put,
    target,
)
from sifang.law.procedures.daily import JUSTICE_OFFICE
from sifang.law.procedures.intake_arrival import (
    APPROVED_BY,
    ARRIVAL,
    ARRIVED,
    COUNTY,
    DECIDER,
    EFFECTIVE,
    IDENTITY,
    LATE,
    OVER_MONTH,
    PERSON,
    POLICE,
    PROCURATORATE,
    REMEDY,
    REPORTING,
)

MINOR = Fact("minor", "未成年人身份", source="case")
PAPERS = Fact("papers", "法律文书", source="of:handover:papers")
DAILY = Fact("delegated_daily", "对司法所日常管理的委托", source="ask:delegated")
FILE = Fact("file_on", "社区矫正档案")
CALLED = Fact("guardian_called", "通知监护人到场的记录（或者不能通知的原因）")

OPENS = (
    "team",
    "plan",
    "category",
    "report",
    "education",
    "exit_control",
    "ending",
    "medical",
    "minor",
)

TELL_RECEPTION = tuple(
    Duty("报到情况通知", "社区矫正法22条", to, mark="local") for to in (DECIDER, PROCURATORATE, POLICE)
)
WITNESSES = Ask("witnesses", "两名见证人", "people", help="姓名、单位；拒绝签字的原因一并写明")
ATTENDED = Ask("attended", "到场的矫正小组成员和其他人员", "people", article="办法20条3款")
CONTENT = (
    "宣告文书主要内容、期限、应当遵守的规定、被剥夺或者限制的权利、禁止事项和违反的后果、"
    "依法享有的权利、矫正小组及其职责（办法20条2款）"
)


def _receive(title: str, article: str, given: Condition, *more: Set, hint: str = "") -> Step:
    return Step(
        "receive", title, article, COUNTY, "awaiting", "received",
        given=ARRIVED.known() & IDENTITY.known() & given, due=target(1, "workday", "arrived_on"),
        documents=("reception_form", "report_in_notice"), duties=TELL_RECEPTION, asks=(JUSTICE_OFFICE,),
        sets=(day("received_on"), *more), opens=OPENS, help=hint,
    )  # fmt: skip


def _announce(name: str, title: str, given: Condition, *asks: Ask, hint: str = "") -> Step:
    return Step(
        name, title, "社区矫正法22条、办法20条、办法55条2款", COUNTY, "received", "announced",
        given=FILE.known() & given, delegable="announce",
        due=None if asks else target(5, "workday", "received_on"),  # one expectation: either row fulfils it
        asks=(ATTENDED, *asks), documents=("intake_declaration",), sets=(day("announced_on"),),
        duties=(Duty("交付宣告书", "办法20条", PERSON, mark="reading"),), help=CONTENT + hint,
    )  # fmt: skip


INTAKE_2020 = Procedure(
    name="intake",
    code="P-IN、P-FILE、P-ANN-IN",
    title="接收入矫",
    edition=date(2020, 7, 1),
    start="awaiting",
    states={
        "awaiting": "待报到（移送）、待接收",
        "missing": "逾期未报到",
        "returned": "移送被退回",
        "received": "已接收登记",
        "announced": "已宣告",
        "ended": "接收前终止",
    },
    final=frozenset({"announced", "ended"}),
    facts=(EFFECTIVE, MINOR, APPROVED_BY, PAPERS, LATE, OVER_MONTH, DAILY),
    steps=(
        *ARRIVAL,
        # ---- 五、核实身份、接收登记 ----------------------------------------------------------------------
        Step(
            "verify_identity",
            "核实身份",
            "社区矫正法22条、办法17条",
            COUNTY,
            "awaiting",
            SAME,
            given=ARRIVED.known() & IDENTITY.unknown(),
            due=target(1, "workday", "arrived_on"),
            asks=(Ask("identity_by", "核实方式", help="身份证件、与文书和照片核对等；不采集人脸等生物特征"),),
            sets=(day("identity_on"),),
        ),
        Step(
            "doubt_identity",
            "身份不符或者存疑",
            "社区矫正法22条",
            COUNTY,
            "awaiting",
            SAME,
            given=ARRIVED.known(),
            types=REPORTING,
            reasons=True,
            remedy=REMEDY,
            duties=(
                Duty("通报", "社区矫正法22条", DECIDER, mark="reading"),
                Duty("商请核实", "社区矫正法22条", POLICE, mark="reading"),
            ),
            sets=(put("arrived_on", ""), put("identity_on", "")),
            kind=Kind.CORRECT,
            mark="reading",
        ),
        _receive("接收登记", "社区矫正法22条、办法17条", PAPERS.is_("complete", "齐全")),
        _receive(
            "先行登记接收（法律文书未到或者不齐全）",
            "办法16条2款、社区矫正法22条",
            PAPERS.is_not("complete", "齐全"),
            put("received_pending", value=True),
            hint="记录在案，并通知决定机关五日内补齐（见“交付衔接”）",
        ),
        # ---- 六、建档 ------------------------------------------------------------------------------------
        Step(
            "open_file",
            "建立社区矫正档案",
            "社区矫正法22条、办法18条1款",
            COUNTY,
            "received",
            SAME,
            given=FILE.unknown(),
            due=target(1, "workday", "received_on"),
            duties=(
                Duty(
                    "建立工作档案",
                    "办法18条2款",
                    Actor.OFFICE,
                    target(5, "workday", "received_on"),
                    DAILY.known(),
                ),
            ),
            sets=(day("file_on"),),
            help="法律文书；接收、审批、奖惩、解除等文书；工作记录；其他材料",
        ),
        # ---- 七、入矫宣告 --------------------------------------------------------------------------------
        Step(
            "call_guardian",
            "通知监护人到场",
            "办法55条2款",
            COUNTY,
            "received",
            SAME,
            given=MINOR.known() & CALLED.unknown(),
            due=target(3, "workday", "received_on"),
            delegable="announce",
            asks=(Ask("guardian", "监护人姓名、关系"), Ask("called_by", "通知方式")),
            duties=(Duty("通知到场", "办法55条2款", Actor.GUARDIAN),),
            sets=(put("guardian_called", value=True),),
        ),
        Step(
            "no_guardian",
            "不能通知监护人",
            "办法55条2款",
            COUNTY,
            "received",
            SAME,
            given=MINOR.known() & CALLED.unknown(),
            reasons=True,
            remedy=REMEDY,
            asks=(Ask("instead", "到场的其他成年亲属或者代表", required=False),),
            sets=(put("guardian_called", value=True), put("guardian_absent", value=True)),
            mark="reading",
        ),
        _announce("announce", "入矫宣告", MINOR.unknown()),
        _announce("announce_unsigned", "入矫宣告，本人拒绝签字", MINOR.unknown(), WITNESSES),
        _announce(
            "announce", "入矫宣告（不公开）", MINOR.known() & CALLED.known(), hint="。不公开进行，监护人到场"
        ),
        _announce(
            "announce_unsigned",
            "入矫宣告（不公开），本人拒绝签字",
            MINOR.known() & CALLED.known(),
            WITNESSES,
            hint="。不公开进行，监护人到场",
        ),
        # ---- 八、接收以前终止 ----------------------------------------------------------------------------
        *(
            Step(
                "end_before_reception",
                "接收以前撤销、收监或者死亡",
                "社区矫正法45条",
                COUNTY,
                frm,
                "ended",
                asks=(Ask("ground", "事由"), Ask("document_no", "文书名称和文号")),
                duties=(
                    Duty("通知", "社区矫正法45条", DECIDER, mark="reading"),
                    Duty("抄送", "社区矫正法8条", PROCURATORATE, mark="reading"),
                ),
                documents=("termination_notice",),
                closes=(ANY,),
                kind=Kind.WITHDRAW,
                mark="reading",
            )
            for frm in ("awaiting", "missing", "returned")
        ),
    ),
    notes=(
        "报到、通知、文书先后不论，人到即接收登记：文书未到的先行登记接收（办法16条2款，待核）。",
        "逾期未报到只是一个问题：先核实、查找，找到后按长短处理；长短由系统计算，不由人填写（E9）。",
        "报到情况通知单的收件机关出自通行格式（local）；宣告的五个工作日是内部目标，条文只说“接收后”。",
        "人民检察院可以派员到场监督入矫宣告。强制措施自社区矫正开始自动解除（刑诉法解释172条）。",
        "移送的违法情形和应当接收而拒绝接收，都由人民检察院监督（检察规则625条5项）。",
        "公安机关批准、监狱管理机关批准的移送，监狱法2026年修订后的配套规定待查（PROCEDURES第8节第9点）。",
    ),
)

EDITIONS = (INTAKE_2020,)
