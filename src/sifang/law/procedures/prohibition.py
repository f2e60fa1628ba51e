"""执行禁止令: entry that needs approval, help from places and bodies, and breaches, P-PRO; E8.

Only for 管制 and 缓刑 with a prohibition order; it says what the court said and cannot be widened. Each
application, request for help and suspected breach is a proceeding of its own.

Case facts: `has_prohibition`, `prohibition_until`. Sources: 刑法38条, 72条, 77条; 社区矫正法31条; 办法39条
(recalled); 禁止令规定 (recalled).
"""

from dataclasses import replace
from datetime import date

from sifang.law.procedure import (
    CONTROL,
    PROBATION,
    SAME,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    day,
    on_day,
    target,
)
from sifang.law.procedures.daily import (
    BREACH_FINAL,
    BREACH_STATES,
    CLOCK,
    COUNTY,
    DECIDER,
    HAS_PROHIBITION,
    HEARD,
    HELPER,
    PERSON,
    PROCURATORATE,
    QUESTIONED,
    REMEDY,
    breach_rows,
    correct,
    tell_person,
)

TYPES = (CONTROL, PROBATION)
# Of 管制 and 缓刑 the deciding body is the court that tried the case.
TELL_COURT = Duty("通知原审人民法院", "办法39条2款", DECIDER, document="place_form")
TELL_PROCURATORATE = Duty("通知县级检察院", "办法39条2款", PROCURATORATE, document="place_form")

ROWS: tuple[Step, ...] = (
    # ---- 进入特定区域（场所） --------------------------------------------
    Step(
        "apply",
        "申请进入特定区域、场所",
        "办法39条2款",
        PERSON,
        "draft",
        "applied",
        given=HAS_PROHIBITION.known(),
        asks=(
            Ask("where", "区域、场所", "place"),
            Ask("purpose", "确需进入的理由", "long"),
            Ask("enters_on", "自", "date", until="leaves_on"),
            Ask("leaves_on", "至", "date", after="enters_on"),
        ),
        sets=(day("applied_on"),),
        documents=("place_form",),
    ),
    Step(
        "approve",
        "批准进入",
        "办法39条2款",
        COUNTY,
        "applied",
        "granted",
        given=HAS_PROHIBITION.known(),
        due=target(3, "day", "applied_on"),
        asks=(Ask("route", "时间、路线等要求", "text", required=False),),
        sets=(day("decided_on"),),
        documents=("place_form",),
        duties=(tell_person("办法39条2款"), TELL_COURT, TELL_PROCURATORATE),
        help="只限禁止令确定须经批准才能进入的区域、场所",
    ),
    Step(
        "refuse",
        "不批准进入",
        "办法39条2款",
        COUNTY,
        "applied",
        "refused",
        sets=(day("decided_on"),),
        documents=("place_form",),
        duties=(
            tell_person("办法39条2款"),
            Duty("电子抄送", "社区矫正法8条", PROCURATORATE, mark="local"),
        ),
        reasons=True,
        remedy=REMEDY,
        burden=True,
    ),
    *(
        Step(
            "withdraw", "撤回", "办法39条2款", PERSON, state, "withdrawn", kind=Kind.WITHDRAW, mark="reading"
        )
        for state in ("applied", "granted")
    ),
    Step(
        "report_back",
        "报告进入情况",
        "办法24条1款",
        PERSON,
        "granted",
        "closed",
        asks=(Ask("went", "进入和离开情况", "text"),),
        documents=("contact_record",),
    ),
    Step(
        "lapse",
        "批准期限届满",
        "办法39条2款",
        CLOCK,
        "granted",
        "closed",
        kind=Kind.CLOCK,
        due=on_day("leaves_on"),
        mark="reading",
    ),
    # ---- 协调配合 --------------------------------------------------------
    Step(
        "ask_help",
        "协调部门、单位、场所、个人配合",
        "办法39条1款",
        COUNTY,
        "draft",
        "helping",
        given=HAS_PROHIBITION.known(),
        asks=(
            Ask("helper", "协助单位", "text"),
            Ask("asked_for", "请求配合的内容", "long", help="只告知执行禁止令所必需的情况"),
        ),
        sets=(day("asked_on"),),
        duties=(Duty("协助执行禁止令", "办法39条1款", HELPER),),
    ),
    Step(
        "answer_help",
        "登记配合情况",
        "办法39条1款",
        COUNTY,
        "helping",
        "closed",
        due=target(10, "day", "asked_on"),
        asks=(Ask("answer", "答复和落实情况", "long"),),
    ),
    Step(
        "urge_help",
        "催询",
        "办法39条1款",
        COUNTY,
        "helping",
        SAME,
        duties=(Duty("催询", "办法39条1款", HELPER),),
        mark="local",
    ),
    # ---- 违反禁止令的线索 -------------------------------------------------
    *breach_rows("违反禁止令", "社区矫正法31条；办法40条1款", given=HAS_PROHIBITION.known()),
    correct("办法39条"),
)

PROHIBITION_2020 = Procedure(
    name="prohibition",
    code="P-PRO",
    title="执行禁止令",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    given=HAS_PROHIBITION.known(),
    states={
        "draft": "拟办",
        "applied": "待决定",
        "granted": "已批准进入",
        "helping": "已请求配合",
        "closed": "已办结",
        "refused": "不批准进入",
        "withdrawn": "已撤回",
        **BREACH_STATES,
    },
    final=frozenset({"closed", "refused", "withdrawn"}) | BREACH_FINAL,
    facts=(HAS_PROHIBITION, QUESTIONED, HEARD),
    steps=tuple(replace(step, types=TYPES) for step in ROWS),
    notes=(
        "禁止令只有管制和缓刑才有（刑法38条、72条）；社区矫正机构不得扩大其内容。",
        "禁止令的期限从管制、缓刑执行之日起算，不超过管制执行期限、缓刑考验期（禁止令规定，待核）。",
        "批准进入的，同时通知原审人民法院和县级检察院（办法39条2款，待核）。",
        "管制的禁止令不少于三个月，缓刑的不少于二个月，从执行之日起算（禁止令规定，待核）。",
        "三次以上违反、受处罚后再次违反、造成严重危害后果等，属于情节严重（禁止令规定，待核）。",
        "情节较轻的警告、情节严重的撤销缓刑，均由有权机关另行决定；本表只查明事实。",
    ),
)

EDITIONS = (PROHIBITION_2020,)
