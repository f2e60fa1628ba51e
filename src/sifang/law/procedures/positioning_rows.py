"""The rows of 使用电子定位装置 that recur: grounds, one period of use and its end, removal (E3)."""

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
    Step,
    by_rule,
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
    PERSON,
    PROCURATORATE,
    REMEDY,
    tell_person,
)

PROOF = Fact("proven", "该情形的已关联记录", source="ask:positioning_proof")
MONTHS = Fact("months", "使用期限", "个月")
TOLD = Fact("told_on", "向本人的书面告知")
FITTED = Fact("fitted_on", "装置佩戴的记录")
ENDS = Fact("ends_on", "使用期限最后一日", source="cap:counted_from:months:term_end")
TERM_END = Fact("term_end", "矫正期满日", source="case")
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
    Ask("months", "使用期限", "choice", choices=HOW_LONG, article="社区矫正法29条2款"),
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
ONE_TO_THREE = MONTHS.more_than(0) & MONTHS.at_most(3)
NOTICE = (tell_person("办法37条2款", "书面告知期限、要求和后果"), SEE)

# (approved state, in-use state, rule of the cap, the fact it counts from, words)
PERIODS = (
    ("approved", "in_use", "ep.max", "approved_on", ""),
    ("prolonged", "in_longer_use", "ep.extend.max", "extended_on", "（延长）"),
)


def ground_rows() -> tuple[Step, ...]:
    """One row a ground: it exists for the types that the ground can concern (PROCEDURES § 2)."""
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
            sets=(
                put("ground", name),
                put("ground_words", words),
                put("ground_article", article),
                day("grounded_on"),
            ),
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


def period_rows(approved: str, in_use: str, rule: str, since: str, words: str) -> tuple[Step, ...]:
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


def removal_row(state: str, since: str) -> Step:
    """The device comes off; nothing else is waited for."""
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
