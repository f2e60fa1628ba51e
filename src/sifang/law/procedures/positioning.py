"""使用电子定位装置: five grounds, one approver, three months at most, a certain end, P-EP, E3.

Only the head of the county justice bureau approves and extends. The term counts from the approval (我方理解,
the earlier and safer start) and never rolls over a holiday; it goes on counting while the person is held.
At expiry nothing is collected any more; extension needs an assessment made after expiry and the approval
of the same office again. The person is told the term, the demands and the consequences before the device
is put on. Phones are no devices (办法37条).

Provider `positioning_proof` (key `proven`): true when the answer `proof` (a record of this case, chosen, not
typed) exists and is of the kind that the fact `ground` names: order_breach: an established breach of a
prohibition order; absence: an established leaving of the city or county without approval and without good
reason; report_refusal: a warning given for refusing to report; penalty: a public-security penalty for a
breach of the rules of supervision; intended: the recorded decision of the agency to propose revocation or
recall. Case facts: `has_prohibition`.

Sources: 社区矫正法29条; 办法37条 (recalled); 治安管理处罚法72条; 个人信息保护法30条, 35条.
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
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
    copy,
    day,
    instant,
    on_day,
    put,
    target,
)
from sifang.law.procedures.daily import (
    CLOCK,
    COUNTY,
    HAS_PROHIBITION,
    HEAD,
    PERSON,
    PROCURATORATE,
    REMEDY,
    correct,
    tell_person,
)

PROOF = Fact("proven", "该情形的已关联记录", source="ask:positioning_proof")
ASKED = Fact("months_asked", "申请期限", "个月")
MONTHS = Fact("months", "批准期限", "个月")
TOLD = Fact("told_on", "向本人的书面告知")
FITTED = Fact("fitted_on", "装置佩戴的记录")
ENDS = Fact("ends_on", "使用期限最后一日", source="cap:counted_from:months")
CHANGED = Fact("changed_at", "待评估的情况变化")

SEE = Duty("即时抄送", "社区矫正法62条", PROCURATORATE, mark="reading")
TYPES = (CONTROL, PROBATION, PAROLE, OUTSIDE_PRISON)

# name, article, words, kinds of record that prove it, types, condition, mark: 社区矫正法29条1款
GROUNDS: tuple[tuple[str, str, str, str, tuple[str, ...], Condition | None, str], ...] = (
    (
        "order_breach",
        "社区矫正法29条1款1项",
        "违反人民法院禁止令",
        "查实违反禁止令的记录",
        (CONTROL, PROBATION),
        HAS_PROHIBITION.known(),
        "",
    ),
    (
        "absence",
        "社区矫正法29条1款2项",
        "无正当理由，未经批准离开所居住的市、县",
        "查实擅自离开的记录",
        TYPES,
        None,
        "",
    ),
    (
        "report_refusal",
        "社区矫正法29条1款3项",
        "拒不按照规定报告自己的活动情况，被给予警告",
        "因此作出的警告决定",
        TYPES,
        None,
        "",
    ),
    (
        "penalty",
        "社区矫正法29条1款4项；治安管理处罚法72条",
        "违反监督管理规定，被给予治安管理处罚",
        "治安管理处罚决定",
        (CONTROL, PROBATION, OUTSIDE_PRISON),
        None,
        "reading",
    ),
    (
        "intended",
        "社区矫正法29条1款5项",
        "拟提请撤销缓刑、假释或者暂予监外执行收监执行",
        "拟提请的集体研究记录",
        (PROBATION, PAROLE, OUTSIDE_PRISON),
        None,
        "",
    ),
)

HOW_LONG = (("1", "一个月"), ("2", "两个月"), ("3", "三个月"))
NECESSITY = (
    Ask("necessity", "使用的必要性", "long", article="个人信息保护法30条", help="为什么较轻的方式不足"),
    Ask("effect", "对本人权益的影响和减轻影响的办法", "long", article="个人信息保护法30条"),
    Ask("months_asked", "申请期限", "choice", choices=HOW_LONG, article="社区矫正法29条2款"),
)
DEVICE = (
    Ask("device", "装置编号", "text"),
    Ask(
        "device_record",
        "型号、检测和精度",
        "long",
        article="办法37条1款",
        help="专门设备；手机不是电子定位装置",
    ),
)
ONE_TO_THREE = ASKED.more_than(0) & ASKED.at_most(3)
NOTICE = (tell_person("办法37条2款", "书面告知期限、要求和后果"), SEE)

# (approved state, in-use state, rule of the cap, the fact it counts from, words)
PERIODS = (
    ("approved", "in_use", "ep.max", "approved_on", ""),
    ("prolonged", "in_longer_use", "ep.extend.max", "extended_on", "（延长）"),
)


def _grounds() -> tuple[Step, ...]:
    return tuple(
        Step(
            f"ground_{name}",
            f"依据情形：{words}",
            article,
            COUNTY,
            "draft",
            "grounded",
            given=given,
            asks=(Ask("proof", f"关联记录：{record}", "record", of=name),),
            sets=(put("ground", name), day("grounded_on")),
            types=types,
            mark=mark,
            burden=True,
            help="情形须由已有记录证明，不能只写事由（E3）",
        )
        for name, article, words, record, types, given, mark in GROUNDS
    )


def _expiries(state: str, rule: str, since: str) -> tuple[Step, ...]:
    """The clock ends the use: at the term granted, and never later than the cap of the law."""

    def row(given: Condition, due: Due) -> Step:
        return Step(
            "expire",
            "期限届满，停止采集",
            "社区矫正法29条2款",
            CLOCK,
            state,
            "expired",
            given=given,
            due=due,
            sets=(instant("expired_at"),),
            kind=Kind.CLOCK,
            duties=(Duty("提示拆除或者评估", "社区矫正法29条2款", COUNTY), SEE),
        )

    return (
        row(MONTHS.at_most(2), on_day("ends_on")),
        row(MONTHS.more_than(2), by_rule(rule, since)),
    )


def _period(approved: str, in_use: str, rule: str, since: str, words: str) -> tuple[Step, ...]:
    """What may happen between an approval (or an extension) and its end."""
    return (
        Step(
            "tell",
            "向本人告知并签收" + words,
            "办法37条2款；个人信息保护法35条",
            COUNTY,
            approved,
            SAME,
            given=TOLD.unknown(),
            due=target(24, "hour", since),
            asks=(Ask("explained", "告知的期限、要求、后果和救济途径", "long"),),
            sets=(day("told_on"), put("signed", value=True)),
            documents=("positioning_notice",),
            duties=NOTICE,
            remedy=REMEDY,
        ),
        Step(
            "tell_unsigned",
            "告知本人，本人拒绝签收" + words,
            "办法37条2款",
            COUNTY,
            approved,
            SAME,
            given=TOLD.unknown(),
            asks=(
                Ask("explained", "告知的期限、要求、后果和救济途径", "long"),
                Ask("witnesses", "见证人（两人）", "people"),
            ),
            sets=(day("told_on"), put("signed", value=False)),
            documents=("positioning_notice",),
            duties=NOTICE,
            remedy=REMEDY,
            mark="reading",
        ),
        Step(
            "fit",
            "佩戴装置" + words,
            "办法37条1款",
            COUNTY,
            approved,
            in_use,
            given=TOLD.known(),
            asks=DEVICE,
            sets=(day("fitted_on"),),
            burden=True,
            due=target(24, "hour", "told_on"),
        ),
        Step(
            "replace_device",
            "更换装置（期限不变）",
            "办法37条1款",
            COUNTY,
            in_use,
            SAME,
            asks=(*DEVICE, Ask("why_replaced", "更换原因", "text")),
            burden=True,
        ),
        *(
            row
            for state in (approved, in_use)
            for row in (
                Step(
                    "review",
                    "定期评估：仍有必要",
                    "社区矫正法29条2款",
                    COUNTY,
                    state,
                    SAME,
                    given=CHANGED.unknown(),
                    due=by_rule("ep.review", "reviewed_on"),
                    asks=(Ask("still_needed", "仍有必要的理由", "long"),),
                    sets=(day("reviewed_on"),),
                    documents=("positioning_assessment",),
                    duties=(tell_person("个人信息保护法35条", "告知评估结果"), SEE),
                    reasons=True,
                    remedy=REMEDY,
                    mark="reading",
                    burden=True,
                ),
                Step(
                    "review",
                    "情况变化后的评估：仍有必要",
                    "社区矫正法29条2款",
                    COUNTY,
                    state,
                    SAME,
                    given=CHANGED.known(),
                    due=target(24, "hour", "changed_at"),
                    asks=(Ask("still_needed", "仍有必要的理由", "long"),),
                    sets=(day("reviewed_on"), put("changed_at", "")),
                    documents=("positioning_assessment",),
                    duties=(tell_person("个人信息保护法35条", "告知评估结果"), SEE),
                    reasons=True,
                    remedy=REMEDY,
                    mark="reading",
                    burden=True,
                ),
                Step(
                    "note_change",
                    "情况变化，需要评估",
                    "社区矫正法29条2款",
                    COUNTY,
                    state,
                    SAME,
                    given=CHANGED.unknown(),
                    asks=(Ask("changed", "变化的情况", "long"),),
                    sets=(instant("changed_at"),),
                    delegable="daily",
                    mark="reading",
                ),
                Step(
                    "ask_end",
                    "本人申请解除",
                    "社区矫正法34条",
                    PERSON,
                    state,
                    SAME,
                    given=CHANGED.unknown(),
                    asks=(Ask("changed", "理由", "long"),),
                    sets=(instant("changed_at"),),
                    duties=(Duty("及时评估", "社区矫正法29条2款", COUNTY),),
                    mark="reading",
                ),
                _end(state),
                *_expiries(state, rule, since),
            )
        ),
    )


def _end(state: str) -> Step:
    """Not needed any longer: the agency itself ends the use, at once and without an approval."""
    return Step(
        "end",
        "不需要继续使用，解除",
        "社区矫正法29条2款",
        COUNTY,
        state,
        "ended",
        asks=(Ask("why_ended", "解除理由", "long"),),
        sets=(instant("ended_at"),),
        documents=("positioning_removal",),
        duties=(tell_person("社区矫正法29条2款"), SEE),
    )


def _remove(state: str, since: str) -> Step:
    return Step(
        "remove",
        "拆除装置",
        "社区矫正法29条2款",
        COUNTY,
        state,
        "removed",
        due=target(24, "hour", since),
        asks=(Ask("removed_note", "拆除经过和装置去向（未佩戴的写明）", "text"),),
        sets=(day("removed_on"),),
        documents=("positioning_removal",),
        duties=(tell_person("社区矫正法29条2款", "告知已经拆除"), SEE),
        delegable="daily",
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
    facts=(PROOF, ASKED, MONTHS, TOLD, FITTED, ENDS, CHANGED, HAS_PROHIBITION),
    steps=(
        # ---- 情形和申请 ----------------------------------------
        *_grounds(),
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
                copy("months", "months_asked"),
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
        *(row for period in PERIODS for row in _period(*period)),
        # ---- 届满以后：拆除，或者评估后延长 ----------------------------------------
        _remove("expired", "expired_at"),
        Step(
            "apply_longer",
            "届满评估后申请延长",
            "社区矫正法29条2款",
            COUNTY,
            "expired",
            "longer_applied",
            given=PROOF.known(),
            asks=(
                Ask("assessment", "届满后的评估：仍有必要的事实", "long", article="社区矫正法29条2款"),
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
                copy("months", "months_asked"),
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
        _remove("ended", "ended_at"),
        correct("社区矫正法29条"),
    ),
    notes=(
        "只有县级司法行政部门负责人可以批准和延长；社区矫正机构、司法所不能（社区矫正法29条）。",
        "假释不适用第四项：治安管理处罚法72条4项列举的人不含假释（我方理解，待律师确认）；管制不存在第五项的情形。",
        "期限自批准之日起算（我方理解）；届满自动停止采集，不因节假日、羁押顺延或者中止。",
        "矫正期届满或者终止的，随案件结束，不得“保留”（E2）；拆除不等待任何送达、见证或者其他机构。",
        "信息严格保密，只用于社区矫正（社区矫正法29条3款）。围栏只以本人受到的限制为限；越界是需要核实的问题。",
        "抄送检察院是我方理解（社区矫正法8条、62条）；法律没有列明。",
    ),
)

EDITIONS = (POSITIONING_2020,)
