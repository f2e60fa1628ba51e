"""接收入矫: report or transfer, identity, reception, file, announcement, P-IN-*, P-FILE, P-ANN-IN.

Reception waits for the person only: notice and papers run in `handover` and may come later (办法16条2款). Its
two rows say which it was. `receive` opens what a person under corrections has from that day; procedures that
do not exist in the case (medical, prohibition, minor) are left out by their own `given`.

Providers: `late_days` = whole days from the day after the last day of `report.in` (rolled) to the day of
arrival, or to today while nobody came; 0 when in time. `late_over_month` = that arrival is later than the
same-number day one month after that last day. `delegated_daily` = a delegation of daily management to the
person's office is in force. `held` of the case = in custody now.

Sources: 社区矫正法21条, 22条; 办法16条 to 18条, 20条, 55条; 刑诉法解释172条; 监狱法47条, 54条;
检察规则625条, 626条, 628条.
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
    Actor,
    Ask,
    Duty,
    Kind,
    Procedure,
    Set,
    Step,
    by_rule,
    day,
    on_day,
    put,
    target,
)

PERSON, COUNTY, CUSTODY, POLICE = Actor.PERSON, Actor.COUNTY, Actor.CUSTODY, Actor.POLICE
DECIDER, PROCURATORATE, CLOCK = Actor.DECIDER, Actor.PROCURATORATE, Actor.CLOCK
REPORTING = (CONTROL, PROBATION, PAROLE)
OUTSIDE = (OUTSIDE_PRISON,)

EFFECTIVE = Fact("effective_on", "裁判、决定生效日", source="case")
MINOR = Fact("minor", "未成年社区矫正对象", source="case")
HELD = Fact("held", "在押", source="case")
APPROVED_BY = Fact("approved_by", "暂予监外执行的决定、批准机关", source="case")
PAPERS = Fact("papers", "法律文书", source="of:handover:papers")
LATE = Fact("late_days", "逾期报到", "日", source="ask:late_days")
OVER_MONTH = Fact("late_over_month", "逾期超过一个月", source="ask:late_over_month")
DAILY = Fact("delegated_daily", "司法所受委托日常管理", source="ask:delegated")
ARRIVED = Fact("arrived_on", "报到或者移送的记录")
IDENTITY = Fact("identity_on", "身份核实记录")
CERTIFICATE = Fact("parole_certificate_on", "发给假释证明书的记录")
DECISION = Fact("decision_received_on", "移送机关收到决定的记录")
FILE = Fact("file_on", "社区矫正档案")
CALLED = Fact("guardian_called", "通知监护人到场的记录（或者不能通知的原因）")
ASSESSED = Fact("lateness_assessed", "逾期报到的核实记录")
ORDERED = Fact("release_ordered_on", "通知释放的记录")
FREED = Fact("freed_on", "释放、交付的记录")

REMEDY = "不服的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举（社区矫正法34条）"
OPENS = (
    "team",
    "plan",
    "category",
    "report",
    "check",
    "education",
    "exit_control",
    "ending",
    "medical",
    "minor",
    "prohibition",
)

# Who must bring a person granted 暂予监外执行; exactly one for each kind of decision (社区矫正法21条).
BRINGERS: tuple[tuple[Actor, str, Condition], ...] = (
    (CUSTODY, "社区矫正法21条3款、监狱法47条、办法17条2款", APPROVED_BY.is_not("court", "人民法院")),
    (CUSTODY, "社区矫正法21条2款、刑诉法解释515条", APPROVED_BY.is_("court", "人民法院") & HELD.known()),
    (POLICE, "社区矫正法21条2款、刑诉法解释515条", APPROVED_BY.is_("court", "人民法院") & HELD.unknown()),
)
TRANSFER_DUE = by_rule("transfer.zj", "decision_received_on")
REPORT_DUE = by_rule("report.in", "effective_on")
TELL_RECEPTION = tuple(
    Duty("报到情况通知", "社区矫正法22条", to, mark="local") for to in (DECIDER, PROCURATORATE, POLICE)
)
TELL_J = Duty("通报", "社区矫正法8条", PROCURATORATE, by=COUNTY, mark="reading")
WITNESSES = Ask("witnesses", "两名见证人", "people", help="姓名、单位；拒绝签字的原因一并写明")
ATTENDED = Ask("attended", "到场的矫正小组成员和其他人员", "people", article="办法20条3款")
CONTENT = (
    "宣告文书主要内容、期限、应当遵守的规定、被剥夺或者限制的权利、禁止事项和违反的后果、"
    "依法享有的权利、矫正小组及其职责（办法20条2款）"
)


def _late(name: str, title: str, types: tuple[str, ...], given: Condition, next_step: str) -> Step:
    """What lateness of this length leads to; the row assesses and names the next step, it takes none."""
    return Step(
        name, title, "办法34条、办法35条、刑诉法解释543条", COUNTY, ANY, SAME,
        given=ARRIVED.known() & ASSESSED.unknown() & given,
        due=target(5, "workday", "arrived_on"), types=types, help=next_step, reasons=True, remedy=REMEDY,
        asks=(Ask("good_reason", "有无正当理由", "yesno"), Ask("cause", "逾期的原因和核实情况", "long")),
        sets=(put("lateness_assessed", value=True),),
    )  # fmt: skip


def _receive(title: str, article: str, given: Condition, *more: Set, hint: str = "") -> Step:
    return Step(
        "receive", title, article, COUNTY, "awaiting", "received",
        given=ARRIVED.known() & IDENTITY.known() & given, due=target(1, "workday", "arrived_on"),
        documents=("reception_form", "report_in_notice"), duties=TELL_RECEPTION,
        sets=(day("received_on"), *more), opens=OPENS, help=hint,
    )  # fmt: skip


def _announce(name: str, title: str, given: Condition, *asks: Ask, hint: str = "") -> Step:
    return Step(
        name, title, "社区矫正法22条、办法20条、办法55条2款", COUNTY, "received", "announced",
        given=FILE.known() & given, due=target(5, "workday", "received_on"), delegable="announce",
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
    facts=(EFFECTIVE, MINOR, HELD, APPROVED_BY, PAPERS, LATE, OVER_MONTH, DAILY),
    steps=(
        # ---- 一、判处管制、宣告缓刑时在押的 --------------------------------------------------------------
        Step(
            "order_release",
            "通知立即释放",
            "刑诉法解释172条、检察规则626条",
            DECIDER,
            "awaiting",
            SAME,
            given=HELD.known() & ORDERED.unknown() & FREED.unknown(),
            due=target(24, "hour", "effective_on", "reading"),
            types=(CONTROL, PROBATION),
            duties=(
                Duty("通知释放", "刑诉法解释172条", CUSTODY),
                Duty("通报", "检察规则626条", PROCURATORATE, mark="reading"),
            ),
            sets=(day("release_ordered_on"),),
            help="强制措施在社区矫正开始后自动解除；“立即”没有数字，二十四小时是我方目标",
        ),
        Step(
            "hand_over_held",
            "释放并交付执行",
            "公安程序规定302条、检察规则626条",
            CUSTODY,
            "awaiting",
            SAME,
            given=HELD.known() & FREED.unknown(),
            due=target(24, "hour", "effective_on", "reading"),
            types=(CONTROL, PROBATION),
            duties=(
                Duty("交付", "公安程序规定302条", COUNTY),
                Duty("通报", "检察规则626条", PROCURATORATE, mark="reading"),
            ),
            sets=(day("freed_on"),),
        ),
        # ---- 二、假释：监狱的部分 ------------------------------------------------------------------------
        Step(
            "parole_certificate",
            "按期假释，发给假释证明书并移交材料",
            "监狱法54条、检察规则628条",
            CUSTODY,
            ANY,
            SAME,
            given=CERTIFICATE.unknown(),
            due=on_day("effective_on"),
            types=(PAROLE,),
            asks=(Ask("certificate_no", "假释证明书文号"),),
            duties=(
                Duty("移交材料", "监狱法54条", COUNTY, mark="reading"),
                Duty("发给假释证明书", "监狱法54条", PERSON),
            ),
            sets=(day("parole_certificate_on"),),
        ),
        Step(
            "parole_late",
            "监狱未按期交付",
            "监狱法54条、检察规则628条",
            CLOCK,
            "awaiting",
            SAME,
            given=CERTIFICATE.unknown() & Fact("parole_late", "已提示").unknown(),
            due=on_day("effective_on"),
            types=(PAROLE,),
            kind=Kind.CLOCK,
            duties=(Duty("提示监督", "检察规则628条", PROCURATORATE, by=COUNTY, mark="reading"),),
            sets=(put("parole_late", value=True),),
            alarm=True,
        ),
        # ---- 三、报到（管制、缓刑、假释） ----------------------------------------------------------------
        Step(
            "report",
            "到执行地县级社区矫正机构报到",
            "社区矫正法21条1款",
            PERSON,
            "awaiting",
            SAME,
            given=ARRIVED.unknown(),
            due=REPORT_DUE,
            types=REPORTING,
            sets=(day("arrived_on"),),
        ),
        *(
            Step(
                "report_at_home",
                "派员到住处等场所办理",
                "办法17条1款",
                COUNTY,
                frm,
                "awaiting",
                given=ARRIVED.unknown(),
                types=REPORTING,
                asks=(
                    Ask("hardship", "行动不便等确有困难的情况", "long"),
                    Ask("at_place", "办理地点", "place"),
                ),
                sets=(day("arrived_on"), put("at_home", value=True)),
            )
            for frm in ("awaiting", "missing")
        ),
        Step(
            "lapse",
            "逾期未报到",
            "社区矫正法21条1款",
            CLOCK,
            "awaiting",
            "missing",
            given=ARRIVED.unknown(),
            due=REPORT_DUE,
            types=REPORTING,
            kind=Kind.CLOCK,
            duties=(Duty("提示查找", "社区矫正法30条", COUNTY), TELL_J),
            sets=(day("missing_since"),),
            alarm=True,
        ),
        Step(
            "search",
            "组织查找",
            "社区矫正法30条、办法38条1款",
            COUNTY,
            "missing",
            SAME,
            due=target(24, "hour", "missing_since"),
            given=Fact("searched_on", "查找记录").unknown(),
            asks=(Ask("means", "查找方式", "long", help="通信联络、信息化核查、实地查访，先后用过哪几种"),),
            duties=(TELL_J,),
            sets=(day("searched_on"),),
            help="未报到是一个问题，不是结论：先用多种方式核实（E24）",
        ),
        Step(
            "call_police",
            "查找不到，通知公安机关协助",
            "办法38条1款",
            COUNTY,
            "missing",
            SAME,
            given=Fact("searched_on", "查找记录").known()
            & Fact("police_told_on", "通知公安的记录").unknown(),
            due=target(24, "hour", "searched_on"),
            duties=(Duty("通知协助查找", "办法38条1款", POLICE), TELL_J),
            sets=(day("police_told_on"),),
        ),
        Step(
            "report",
            "逾期后报到",
            "社区矫正法21条1款",
            PERSON,
            "missing",
            "awaiting",
            given=ARRIVED.unknown(),
            types=REPORTING,
            sets=(day("arrived_on"),),
            help="照常接收登记；逾期的处理另行核实",
        ),
        _late(
            "assess_short_delay",
            "核实逾期报到：不超过十日",
            REPORTING,
            LATE.more_than(0) & LATE.at_most(10),
            "下一步：应当给予训诫（办法34条1项），由县级社区矫正机构另行书面决定",
        ),
        _late(
            "assess_long_delay",
            "核实逾期报到：超过十日",
            REPORTING,
            LATE.more_than(10) & OVER_MONTH.unknown(),
            "下一步：应当给予警告（办法35条2项），由县级社区矫正机构另行书面决定",
        ),
        _late(
            "assess_month_delay",
            "核实逾期报到：超过一个月",
            (PROBATION, PAROLE),
            LATE.more_than(10) & OVER_MONTH.known(),
            "下一步：无正当理由的，提出撤销缓刑、假释建议（刑诉法解释543条），由人民法院裁定；有正当理由的不提",
        ),
        _late(
            "assess_month_delay",
            "核实逾期报到：超过一个月（管制）",
            (CONTROL,),
            LATE.more_than(10) & OVER_MONTH.known(),
            "下一步：应当给予警告（办法35条2项）；管制没有撤销",
        ),
        # ---- 四、移送（暂予监外执行） --------------------------------------------------------------------
        *(
            Step(
                "note_decision",
                "登记收到暂予监外执行决定",
                article,
                actor,
                "awaiting",
                SAME,
                given=DECISION.unknown() & given,
                due=target(3, "workday", "effective_on"),
                types=OUTSIDE,
                asks=(
                    Ask("decision_received_on", "收到决定日期", "date"),
                    Ask("other_province", "原服刑地与执行地不在同一省", "yesno"),
                ),
                help="十日的移送期限自收到决定之日起计算",
            )
            for actor, article, given in BRINGERS
        ),
        *(
            Step(
                "transfer",
                "移送社区矫正对象",
                article,
                actor,
                frm,
                "awaiting",
                given=ARRIVED.unknown() & given,
                due=TRANSFER_DUE,
                types=OUTSIDE,
                asks=(Ask("handed_over", "移交的文书和材料", "long", help="决定书、改造情况、病情材料等"),),
                duties=(
                    Duty("移送并通报改造情况", "监狱法47条", COUNTY),
                    Duty("通报移送情况", "监狱法47条", PROCURATORATE),
                ),
                sets=(day("arrived_on"),),
            )
            for frm in ("awaiting", "returned")
            for actor, article, given in BRINGERS
        ),
        Step(
            "register_transfer",
            "登记已移送到本机构的人",
            "社区矫正法21条、办法17条2款",
            COUNTY,
            "awaiting",
            SAME,
            given=ARRIVED.unknown(),
            types=OUTSIDE,
            asks=(
                Ask("handed_over_by", "移送单位和人员"),
                Ask("decision_received_on", "移送机关收到决定日期", "date", required=False),
                Ask("handed_over", "移交的文书和材料", "long"),
            ),
            duties=(Duty("通报移送情况", "监狱法47条", PROCURATORATE, by=CUSTODY, awaited=True),),
            sets=(day("arrived_on"),),
            help="移送单位没有在本平台登记时用",
        ),
        Step(
            "transfer_late",
            "逾期未移送",
            "社区矫正法21条",
            CLOCK,
            "awaiting",
            SAME,
            given=ARRIVED.unknown() & Fact("transfer_late", "已提示").unknown(),
            due=TRANSFER_DUE,
            types=OUTSIDE,
            kind=Kind.CLOCK,
            duties=(
                Duty("提示监督", "检察规则629条", PROCURATORATE, by=COUNTY, mark="reading"),
                Duty("提示催办", "社区矫正法21条", COUNTY, mark="reading"),
            ),
            sets=(put("transfer_late", value=True),),
            alarm=True,
        ),
        Step(
            "name_file_holder",
            "指定接收档案的监狱、看守所",
            "办法17条2款",
            DECIDER,
            ANY,
            SAME,
            given=Fact("other_province", "跨省执行").known()
            & APPROVED_BY.is_not("court", "人民法院")
            & Fact("file_holder", "接收档案的监狱、看守所").unknown(),
            due=target(10, "day", "decision_received_on"),
            types=OUTSIDE,
            asks=(Ask("file_holder", "接收档案的监狱、看守所", "agency", of="custody"),),
            duties=(Duty("告知档案所在", "办法17条2款", COUNTY, mark="reading"),),
            help="由其办理以后的收监、刑满释放手续",
        ),
        Step(
            "return_transfer",
            "不予接收违法的移送",
            "社区矫正法21条、检察规则625条",
            COUNTY,
            "awaiting",
            "returned",
            given=ARRIVED.known(),
            types=OUTSIDE,
            reasons=True,
            remedy="移送单位可以补正后再次移送；人民检察院监督（检察规则625条5项）",
            duties=(
                Duty("退回并说明理由", "社区矫正法21条", CUSTODY, mark="reading"),
                Duty("说明理由", "社区矫正法21条", DECIDER, mark="reading"),
                Duty("报告，接受监督", "检察规则625条", PROCURATORATE, mark="reading"),
            ),
            sets=(put("arrived_on", ""), put("identity_on", "")),
            mark="reading",
            alarm=True,
            help="只限没有决定书、不是本人等；文书不全、户籍不在本地不是理由。应当接收而拒绝接收是违法",
        ),
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
