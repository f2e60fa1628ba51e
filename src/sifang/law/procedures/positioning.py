"""使用电子定位装置: five grounds, one approver, three months at most, a certain end, P-EP, E3.

Only the head of the county justice bureau approves and extends. The term counts from the approval (我方理解,
the earlier and safer start) and never rolls over a holiday; it goes on counting while the person is held.
At expiry nothing is collected any more; extension needs an assessment made after expiry and the approval
of the same office again. The person is told the term, the demands and the consequences before the device
is put on. Phones are no devices (办法37条).

Provider `positioning_proof` (key `proven`): true when the answer `proof` (a record of this case, chosen, not
typed) exists and proves the fact `ground`: a proceeding of `stop_breach` in the state `established` or
`registered` whose `kind` is that ground; for order_breach also one of `prohibition` in `established`. Case
facts: `has_prohibition`, `term_end` (no use goes beyond it).

Sources: 社区矫正法29条; 办法37条 (recalled); 治安管理处罚法72条; 个人信息保护法30条, 35条.
"""

from datetime import date

from sifang.law.procedure import Ask, Duty, Kind, Procedure, Step, day, instant, put, target
from sifang.law.procedures.daily import (
    COUNTY,
    HAS_PROHIBITION,
    HEAD,
    REMEDY,
    correct,
    tell_person,
)
from sifang.law.procedures.positioning_rows import (
    CHANGED,
    ENDS,
    MONTHS,
    NECESSITY,
    ONE_TO_THREE,
    PERIODS,
    PROOF,
    SEE,
    TERM_END,
    TOLD,
    ground_rows,
    period_rows,
    removal_row,
)

POSITIONING_2020 = Procedure(
    name="positioning",
    code="P-EP-1…10",
    title="使用电子定位装置",
    edition=date(2020, 7, 1),
    start="draft",
    pauses=False,
    states={
        "draft": "拟使用",
        "grounded": "已指明情形并关联记录",
        "applied": "待县级司法行政部门负责人批准",
        "approved": "已批准，待告知和佩戴",
        "in_use": "使用中",
        "expired": "期限届满，已停止采集",
        "longer_applied": "已申请延长，待负责人批准（不采集）",
        "prolonged": "已批准延长，待告知和佩戴",
        "in_longer_use": "延长使用中",
        "ended": "已解除，待拆除",
        "removed": "已拆除",
        "refused": "不批准",
        "dropped": "不再申请",
    },
    final=frozenset({"removed", "refused", "dropped"}),
    facts=(PROOF, MONTHS, TOLD, TERM_END, ENDS, CHANGED, HAS_PROHIBITION),
    steps=(
        # ---- 情形和申请 ----------------------------------------
        *ground_rows(),
        Step(
            "apply",
            "提出使用申请",
            "社区矫正法29条1款",
            COUNTY,
            "grounded",
            "applied",
            given=PROOF.known(),
            asks=NECESSITY,
            sets=(day("applied_on"),),
            documents=("positioning_form",),
            duties=(Duty("报请批准", "社区矫正法29条1款", HEAD),),
            burden=True,
        ),
        *(
            Step("drop", "不再申请使用", "社区矫正法34条1款", COUNTY, state, "dropped", kind=Kind.WITHDRAW)
            for state in ("grounded", "applied")
        ),
        # ---- 批准 ----------------------------------------
        Step(
            "approve",
            "批准使用电子定位装置",
            "社区矫正法29条1款",
            HEAD,
            "applied",
            "approved",
            given=PROOF.known() & ONE_TO_THREE,
            due=target(3, "day", "applied_on"),
            sets=(
                day("approved_on"),
                day("counted_from"),
                day("reviewed_on"),
                put("told_on", ""),
            ),
            documents=("positioning_decision",),
            duties=(
                tell_person("办法37条2款", "送达决定"),
                Duty("交付执行", "社区矫正法29条1款", COUNTY),
                SEE,
            ),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            help="期限自批准之日起算，最后一日 24:00 自动停止，不因节假日顺延（我方理解）",
        ),
        Step(
            "return",
            "退回补充",
            "社区矫正法29条1款",
            HEAD,
            "applied",
            "grounded",
            asks=(Ask("returned_for", "需要补充的内容", "long"),),
            mark="reading",
        ),
        Step(
            "refuse",
            "不批准使用",
            "社区矫正法29条1款",
            HEAD,
            "applied",
            "refused",
            duties=(Duty("告知申请机构", "社区矫正法29条1款", COUNTY), SEE),
            reasons=True,
            remedy="不批准即不得使用；有新的事实和记录的，县级社区矫正机构可以另行申请",
        ),
        # ---- 告知、使用、评估、届满 ----------------------------------------
        *(row for period in PERIODS for row in period_rows(*period)),
        # ---- 届满以后：拆除，或者评估后延长 ----------------------------------------
        removal_row("expired", "expired_at"),
        Step(
            "apply_longer",
            "届满评估后申请延长",
            "社区矫正法29条2款",
            COUNTY,
            "expired",
            "longer_applied",
            given=PROOF.known(),
            asks=(
                Ask("assessment", "届满后的评估", "long", article="社区矫正法29条2款"),
                Ask("still_needed", "仍有必要的事实和理由", "long", article="社区矫正法29条2款"),
                *NECESSITY,
            ),
            sets=(day("assessed_on"),),
            documents=("positioning_assessment", "positioning_extension"),
            duties=(Duty("报请批准延长", "社区矫正法29条2款", HEAD),),
            burden=True,
        ),
        Step(
            "extend",
            "批准延长",
            "社区矫正法29条2款",
            HEAD,
            "longer_applied",
            "prolonged",
            given=PROOF.known() & ONE_TO_THREE,
            due=target(1, "day", "assessed_on"),
            sets=(
                day("extended_on"),
                day("counted_from"),
                day("reviewed_on"),
                put("told_on", ""),
                put("changed_at", ""),
            ),
            documents=("positioning_decision",),
            duties=(
                tell_person("办法37条2款", "送达延长决定"),
                Duty("交付执行", "社区矫正法29条2款", COUNTY),
                SEE,
            ),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            help="每次延长不得超过三个月，自批准延长之日起算；次数法律没有规定",
        ),
        Step(
            "refuse_longer",
            "不批准延长",
            "社区矫正法29条2款",
            HEAD,
            "longer_applied",
            "ended",
            sets=(instant("ended_at"),),
            duties=(Duty("立即拆除", "社区矫正法29条2款", COUNTY), SEE),
            reasons=True,
            remedy="不批准即须拆除；有新的事实和记录的，另行申请",
        ),
        Step(
            "drop_longer",
            "不再申请延长",
            "社区矫正法29条2款",
            COUNTY,
            "longer_applied",
            "ended",
            sets=(instant("ended_at"),),
            kind=Kind.WITHDRAW,
        ),
        removal_row("ended", "ended_at"),
        correct("社区矫正法29条"),
    ),
    notes=(
        "只有县级司法行政部门负责人可以批准和延长；社区矫正机构、司法所不能（社区矫正法29条）。",
        "假释不适用第四项：治安管理处罚法72条4项列举的人不含假释（我方理解，待律师确认）；管制不存在第五项的情形。",
        "期限自批准之日起算（我方理解）；届满自动停止采集，不因节假日、羁押顺延或者中止。",
        "矫正期届满或者终止的，随案件结束，不得“保留”（E2）；拆除不等待任何送达、见证或者其他机构。",
        "信息严格保密，只用于社区矫正（社区矫正法29条3款）。围栏只以本人受到的限制为限；越界是需要核实的问题。",
        "公安机关只在查找、到场处置、追捕（社区矫正法30条、31条、50条）的范围内，或者依自己的职权凭文书，才能请求。",
        "抄送检察院是我方理解（社区矫正法8条、62条）；法律没有列明。",
    ),
)

EDITIONS = (POSITIONING_2020,)
