"""How a person comes to reception: release, parole, report, transfer; the first rows of `intake`.

Late is a clock's alarm and a question: not reported is searched for, and the row that assesses the length
names the next step and takes none (E9, E24).
"""

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
    Step,
    by_rule,
    copy,
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
IN_CUSTODY = Fact("in_custody", "裁判、决定时在押的情形")
APPROVED_BY = Fact("approved_by", "暂予监外执行的决定、批准机关", source="case")
LATE = Fact("late_days", "逾期报到", "日", source="ask:late_days")
OVER_MONTH = Fact("late_over_month", "逾期超过一个月的情形", source="ask:late_over_month")
ARRIVED = Fact("arrived_on", "报到或者移送的记录")
IDENTITY = Fact("identity_on", "身份核实记录")
CERTIFICATE = Fact("parole_certificate_on", "发给假释证明书的记录")
DECISION = Fact("decision_received_on", "移送机关收到决定的记录")
ASSESSED = Fact("lateness_assessed", "逾期报到的核实记录")
ORDERED = Fact("release_ordered_on", "通知释放的记录")
FREED = Fact("freed_on", "释放、交付的记录")


REMEDY = "不服的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举（社区矫正法34条）"

# Who must bring a person granted 暂予监外执行; exactly one for each kind of decision (社区矫正法21条).
BRINGERS: tuple[tuple[Actor, str, Condition], ...] = (
    (CUSTODY, "社区矫正法21条3款、监狱法47条、办法17条2款", APPROVED_BY.is_not("court", "人民法院")),
    (
        CUSTODY,
        "社区矫正法21条2款、刑诉法解释515条",
        APPROVED_BY.is_("court", "人民法院") & IN_CUSTODY.known(),
    ),
    (
        POLICE,
        "社区矫正法21条2款、刑诉法解释515条",
        APPROVED_BY.is_("court", "人民法院") & IN_CUSTODY.unknown(),
    ),
)
TRANSFER_DUE = by_rule("transfer.zj", "decision_received_on")
REPORT_DUE = by_rule("report.in", "effective_on")
TELL_J = Duty("通报", "社区矫正法8条", PROCURATORATE, by=COUNTY, mark="reading")


def _late(name: str, title: str, types: tuple[str, ...], given: Condition, next_step: str) -> Step:
    """What lateness of this length leads to; the row assesses and names the next step, it takes none."""
    return Step(
        name, title, "办法34条、办法35条、刑诉法解释543条", COUNTY, ANY, SAME,
        given=ARRIVED.known() & ASSESSED.unknown() & given,
        due=target(5, "workday", "arrived_on"), types=types, help=next_step, reasons=True, remedy=REMEDY,
        asks=(Ask("good_reason", "有无正当理由", "yesno"), Ask("cause", "逾期的原因和核实情况", "long")),
        sets=(put("lateness_assessed", value=True),),
    )  # fmt: skip


ARRIVAL: tuple[Step, ...] = (
    # ---- 零、裁判时是否在押 --------------------------------------------------------------------------
    *(
        Step(
            name,
            "登记裁判、决定时在押",
            "刑诉法解释172条、公安程序规定302条",
            actor,
            "awaiting",
            SAME,
            given=IN_CUSTODY.unknown() & ARRIVED.unknown(),
            types=(CONTROL, PROBATION, OUTSIDE_PRISON),
            asks=(Ask("held_at", "羁押场所"),),
            sets=(put("in_custody", value=True),),
        )
        for name, actor in (("state_custody", DECIDER), ("note_custody", COUNTY))
    ),
    # ---- 一、判处管制、宣告缓刑时在押的 --------------------------------------------------------------
    Step(
        "order_release",
        "通知立即释放",
        "刑诉法解释172条、检察规则626条",
        DECIDER,
        "awaiting",
        SAME,
        given=IN_CUSTODY.known() & ORDERED.unknown() & FREED.unknown(),
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
        given=IN_CUSTODY.known() & FREED.unknown(),
        due=target(24, "hour", "effective_on", "reading"),
        types=(CONTROL, PROBATION),
        duties=(
            Duty("交付", "公安程序规定302条", COUNTY),
            Duty("通报", "检察规则626条", PROCURATORATE, mark="reading"),
        ),
        sets=(day("freed_on"),),
    ),
    Step(
        "custody_late",
        "在押的人没有立即释放",
        "检察规则626条",
        CLOCK,
        "awaiting",
        SAME,
        given=IN_CUSTODY.known() & FREED.unknown() & Fact("custody_late", "逾期提示").unknown(),
        due=target(24, "hour", "effective_on", "reading"),
        types=(CONTROL, PROBATION),
        kind=Kind.CLOCK,
        duties=(Duty("提示监督", "检察规则626条", PROCURATORATE, by=COUNTY, mark="reading"),),
        sets=(put("custody_late", value=True),),
        alarm=True,
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
        given=CERTIFICATE.unknown() & Fact("parole_late", "逾期提示").unknown(),
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
    # who is still kept in custody is not missing
    *(
        Step(
            "lapse",
            "逾期未报到",
            "社区矫正法21条1款",
            CLOCK,
            "awaiting",
            "missing",
            given=ARRIVED.unknown() & free,
            due=REPORT_DUE,
            types=types,
            kind=Kind.CLOCK,
            duties=(Duty("提示查找", "社区矫正法30条", COUNTY), TELL_J),
            sets=(day("missing_since"),),
            alarm=True,
        )
        for types, free in (
            (REPORTING, IN_CUSTODY.unknown()),
            ((CONTROL, PROBATION), IN_CUSTODY.known() & FREED.known()),
        )
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
        given=Fact("searched_on", "查找记录").known() & Fact("police_told_on", "通知公安的记录").unknown(),
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
                Ask("decision_came_on", "收到决定日期", "date"),
                Ask("other_province", "原服刑地与执行地不在同一省", "yesno"),
            ),
            sets=(copy("decision_received_on", "decision_came_on"),),
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
        given=ARRIVED.unknown() & Fact("transfer_late", "逾期提示").unknown(),
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
        given=Fact("other_province", "跨省执行的情形").known()
        & APPROVED_BY.is_not("court", "人民法院")
        & Fact("file_holder", "接收档案的监狱、看守所").unknown(),
        due=target(10, "day", "decision_received_on"),
        types=OUTSIDE,
        asks=(Ask("holder", "接收档案的监狱、看守所", "agency", of="custody"),),
        sets=(copy("file_holder", "holder"),),
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
)
