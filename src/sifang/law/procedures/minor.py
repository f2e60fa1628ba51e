"""未成年人: guardian, schooling, secrecy, and the sealing after the end, P-MIN, P-END-5, E14.

It exists in cases of minors only and stays after 18 (社区矫正法58条). Case facts: `minor`;
`juvenile_sealable` = under 18 at the time of the crime and sentenced to five years or less (刑事诉讼法286条).
Leaves for others: the provider `guardian_told` = the latest `call_guardian` or `no_guardian` here names the
occasion at hand and no act of that occasion was taken since.

Sources: 社区矫正法52条 to 58条; 办法55条 (recalled); 刑事诉讼法286条; 预防未成年人犯罪法59条.
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import (
    SAME,
    Actor,
    Ask,
    Duty,
    Procedure,
    Step,
    copy,
    day,
    on_day,
    put,
    target,
)

COUNTY, GUARDIAN, HELPER = Actor.COUNTY, Actor.GUARDIAN, Actor.HELPER
MINOR = Fact("minor", "未成年人身份", source="case")
SEALABLE = Fact("juvenile_sealable", "应当封存的情形（未满十八周岁犯罪、五年以下）", source="case")
OPENED = Fact("opened_on", "接收日")
ENDED = Fact("ended_on", "矫正结束的记录", source="of:ending:ended_on")
URGED = Fact("urged_on", "督促的记录")
SCHOOL = Fact("schooling", "义务教育情况")
SCHOOL_TOLD = Fact("school_told_on", "通知教育部门的记录")

REMEDY = "不服的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举（社区矫正法34条）"
OCCASION = Ask(
    "occasion",
    "事项",
    "choice",
    choices=(("announcement", "宣告"), ("penalty", "处罚"), ("assessment", "考核"), ("other", "其他")),
)

MINOR_2020 = Procedure(
    name="minor",
    code="P-MIN、P-END-5",
    title="未成年人特别程序",
    edition=date(2020, 7, 1),
    start="running",
    outlives=True,
    pauses=False,
    given=MINOR.known(),
    states={"running": "矫正期间", "sealed": "犯罪记录已封存", "closed": "已结束，不属封存"},
    final=frozenset({"sealed", "closed"}),
    facts=(MINOR, SEALABLE, OPENED, ENDED),
    steps=(
        # ---- 一、监护人 ----------------------------------------------------------------------------------
        Step(
            "call_guardian",
            "通知监护人到场",
            "办法55条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(OCCASION, Ask("guardian", "监护人姓名、关系"), Ask("called_by", "通知方式")),
            duties=(Duty("通知到场", "办法55条2款", GUARDIAN),),
            delegable="announce",
            sets=(day("guardian_told_on"), copy("guardian_told_for", "occasion")),
            help="宣告、处罚以前通知；不公开进行",
        ),
        Step(
            "no_guardian",
            "不能通知监护人",
            "办法55条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(OCCASION, Ask("instead", "到场的其他成年亲属或者代表", required=False)),
            reasons=True,
            remedy=REMEDY,
            sets=(day("guardian_told_on"), copy("guardian_told_for", "occasion")),
            mark="reading",
        ),
        Step(
            "urge",
            "督促、教育监护人履行监护责任",
            "社区矫正法53条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(Ask("failing", "怠于履行监护职责的情况", "long"),),
            documents=("guardian_letter",),
            duties=(Duty("送达督促函", "社区矫正法53条2款", GUARDIAN),),
            reasons=True,
            sets=(day("urged_on"),),
        ),
        Step(
            "report_guardian",
            "监护人拒不履行，通知有关部门处理",
            "社区矫正法53条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known() & URGED.known(),
            asks=(Ask("refusal", "督促后拒不履行的情况", "long"), Ask("department", "通知的部门")),
            duties=(Duty("通知依法处理", "社区矫正法53条2款", HELPER),),
            reasons=True,
            sets=(day("guardian_reported_on"), put("urged_on", "")),
        ),
        # ---- 二、就学、就业 ------------------------------------------------------------------------------
        Step(
            "check_schooling",
            "了解义务教育情况",
            "社区矫正法55条1款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known() & SCHOOL.unknown(),
            due=target(10, "workday", "opened_on"),
            asks=(
                Ask(
                    "school_state",
                    "义务教育",
                    "choice",
                    choices=(("finished", "已完成"), ("attending", "在读"), ("unfinished", "未完成且未在读")),
                ),
            ),
            delegable="help",
            sets=(copy("schooling", "school_state"), day("school_checked_on")),
        ),
        Step(
            "notify_education",
            "通知并配合教育部门安排就学",
            "社区矫正法55条1款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known() & SCHOOL.is_("unfinished", "未完成且未在读") & SCHOOL_TOLD.unknown(),
            due=target(5, "workday", "school_checked_on"),
            documents=("referral_letter",),
            duties=(
                Duty("通知教育部门", "社区矫正法55条1款", HELPER),
                Duty("告知保证入学的义务", "社区矫正法55条1款", GUARDIAN),
            ),
            sets=(day("school_told_on"),),
            help="只写就学所需，不写罪名和案情（社区矫正法54条）",
        ),
        Step(
            "back_at_school",
            "已入学",
            "社区矫正法55条1款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known() & SCHOOL.is_("unfinished", "未完成且未在读"),
            delegable="help",
            sets=(put("schooling", "attending"), put("school_told_on", "")),
        ),
        Step(
            "left_school",
            "中断学业",
            "社区矫正法55条1款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known() & SCHOOL.is_("attending", "在读"),
            delegable="help",
            sets=(put("schooling", "unfinished"), day("school_checked_on")),
        ),
        Step(
            "offer_work",
            "为年满十六周岁有就业意愿的协调培训和就业",
            "社区矫正法55条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(Ask("wish", "本人的就业意愿", "long"),),
            documents=("referral_letter",),
            duties=(Duty("转介", "社区矫正法55条2款", HELPER),),
            delegable="help",
        ),
        Step(
            "report_discrimination",
            "复学、升学、就业受歧视，通知有关部门",
            "社区矫正法57条",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(Ask("discrimination", "情况", "long"), Ask("department", "通知的部门")),
            duties=(Duty("通知依法处理", "社区矫正法57条", HELPER),),
        ),
        # ---- 三、保密、查询 ------------------------------------------------------------------------------
        Step(
            "answer_query",
            "答复依法查询",
            "社区矫正法54条2款",
            COUNTY,
            "running",
            SAME,
            given=MINOR.known(),
            asks=(
                Ask("asked_by", "查询单位和文书"),
                Ask("basis", "办案需要或者所依据的国家规定"),
                Ask("answered", "提供的内容", "long"),
            ),
            reasons=True,
            sets=(day("queried_on"),),
            help="只限司法机关办案需要或者依国家规定；同时告知查询单位保密",
        ),
        # ---- 四、结束以后（P-END-5） --------------------------------------------------------------------
        Step(
            "seal",
            "封存犯罪记录",
            "刑事诉讼法286条、预防未成年人犯罪法59条",
            COUNTY,
            "running",
            "sealed",
            given=MINOR.known() & ENDED.known() & SEALABLE.known(),
            due=on_day("ended_on"),
            sets=(day("sealed_on"),),
            help="当日封存；封存后只有依法查询",
        ),
        Step(
            "close",
            "结束，不属封存情形",
            "社区矫正法54条",
            COUNTY,
            "running",
            "closed",
            given=MINOR.known() & ENDED.known() & SEALABLE.unknown(),
            due=target(1, "workday", "ended_on"),
            help="档案信息继续保密（社区矫正法54条）",
        ),
    ),
    notes=(
        "矫正期间年满十八周岁的，继续适用（社区矫正法58条）。",
        "考核奖惩和宣告不公开，不列入任何公示；处罚以前须有通知监护人的记录，或者不能通知的原因（E14）。",
        "与成年人分别进行，由熟悉未成年人身心特点的人员负责（社区矫正法52条、办法55条，待核）。",
        "不满十四周岁的个人信息另需监护人同意和专门规则（个人信息保护法31条）；逮捕严格限制（刑事诉讼法280条）。",
        "封存后的查询按犯罪记录封存的规定另行办理；封存当日完成是我方理解。",
    ),
)

EDITIONS = (MINOR_2020,)
