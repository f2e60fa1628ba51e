"""身体情况报告和病情复查: outside prison for a time, and on medical grounds, P-MED, P-ILL.

Each month the person reports on health; on medical grounds an examination every three months at a hospital
that the province names. Longer periods are approved from above: one month to less than three by the next
level, three months or more by the province (办法58条: 以下 excludes, 以上 includes the figure). A first
period counts from the beginning of supervision (`opened_on`), and an extended one from the last report.

Case facts: `medical` (保外就医), `opened_on`. Sources: 办法24条2款, 3款 (rc where the figure was seen in a
public excerpt), 办法35条; 暂予监外执行规定21条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    ANY,
    OUTSIDE_PRISON,
    SAME,
    Actor,
    Ask,
    Due,
    Duty,
    Kind,
    Procedure,
    Step,
    by_rule,
    copy,
    day,
    on_day,
    plus,
    put,
    target,
)
from sifang.law.procedures.daily import (
    COUNTY,
    DAILY,
    DECIDER,
    HELPER,
    HIGHER,
    MEDICAL,
    PERSON,
    PROCURATORATE,
    PROVINCE,
    REMEDY,
    correct,
    tell_person,
)

TYPES = (OUTSIDE_PRISON,)
TYPE = Fact("type", "矫正类别", source="case")
LAST_BODY = Fact("last_body", "身体情况报告")
LAST_CHECK = Fact("last_check", "病情复查材料")
LAST_FEEDBACK = Fact("last_feedback", "向决定机关的反馈")
BODY_EXTRA = Fact("body_extra", "身体情况报告期限的延长", "个月")
CHECK_EXTRA = Fact("check_extra", "病情复查期限的延长", "个月")
BODY_ON = Fact("body_on", "延长后的身体情况报告日", source="months:last_body|opened_on:1:body_extra")
CHECK_ON = Fact("check_on", "延长后的病情复查日", source="months:last_check|opened_on:3:check_extra")
OPENED = Fact("opened_on", "开始监督管理之日")
EXTRA = Fact("extension_months", "申请延长", "个月")
WHICH = Fact("which", "申请延长的期限")
TALKED = Fact("talked_on", "未提交后的教育")

WHAT = (("body", "报告身体情况的期限"), ("check", "提交病情复查情况的期限"))
WHAT_WORDS = dict(WHAT)
# 「延长一个月至三个月以下」 to the next level, 「三个月以上」 to the province: exactly one for each length.
POWERS: tuple[tuple[Actor, Condition], ...] = (
    (HIGHER, EXTRA.more_than(0) & EXTRA.at_most(2)),
    (PROVINCE, EXTRA.more_than(2)),
)
TELL_PROCURATORATE = Duty("通报同级检察院", "办法24条2款", PROCURATORATE, by=COUNTY)


def _periods(last: Fact, extra: Fact, extended: Fact, rule: str) -> tuple[tuple[Condition, Due, str], ...]:
    """The first period, each later one, and the extended ones: one row is open at a time."""
    return (
        (last.unknown() & extra.unknown(), by_rule(rule, "opened_on"), "（首次）"),
        (last.known() & extra.unknown(), by_rule(rule, last.key), ""),
        (extra.known(), on_day(extended.key), "（期限已延长）"),
    )


MEDICAL_2020 = Procedure(
    name="medical",
    code="P-MED",
    title="身体情况报告和病情复查",
    edition=date(2020, 7, 1),
    start="running",
    ends_with_case=True,
    given=TYPE.is_(OUTSIDE_PRISON, "暂予监外执行"),
    states={"running": "按期报告中", "asked": "已申请延长，待批准（报告照常）"},
    final=frozenset(),
    facts=(
        TYPE,
        OPENED,
        MEDICAL,
        LAST_BODY,
        LAST_CHECK,
        LAST_FEEDBACK,
        BODY_EXTRA,
        CHECK_EXTRA,
        BODY_ON,
        CHECK_ON,
        EXTRA,
        WHICH,
        TALKED,
    ),
    steps=(
        # ---- 每月报告、每三个月复查 ----------------------------------------
        *(
            Step(
                "report_health",
                "报告身体情况" + words,
                "办法24条2款",
                PERSON,
                ANY,
                SAME,
                given=given,
                due=due,
                asks=(
                    Ask("health", "身体情况和治疗情况", "long"),
                    Ask("hospital", "就医医院", "text", required=False),
                ),
                sets=(day("last_body"),),
                documents=("health_report",),
                types=TYPES,
            )
            for given, due, words in _periods(LAST_BODY, BODY_EXTRA, BODY_ON, "med.body")
        ),
        *(
            Step(
                "submit_check",
                "提交病情复查情况" + words,
                "办法24条2款",
                PERSON,
                ANY,
                SAME,
                given=MEDICAL.known() & given,
                due=due,
                asks=(
                    Ask("hospital", "检查医院", "text", help="省级人民政府指定的医院"),
                    Ask("diagnosis", "检查、诊断材料", "long"),
                ),
                sets=(day("last_check"), put("talked_on", "")),
                documents=("health_report",),
                types=TYPES,
            )
            for given, due, words in _periods(LAST_CHECK, CHECK_EXTRA, CHECK_ON, "med.check")
        ),
        *(
            Step(
                "feed_back",
                "审查病情复查情况，向决定机关反馈",
                "暂予监外执行规定21条",
                COUNTY,
                ANY,
                SAME,
                given=MEDICAL.known() & given,
                due=target(3, "month", since, mark="recalled"),
                asks=(Ask("reviewed", "审查意见", "long"),),
                sets=(day("last_feedback"),),
                duties=(Duty("反馈病情复查情况", "暂予监外执行规定21条", DECIDER),),
                types=TYPES,
            )
            for given, since in (
                (LAST_FEEDBACK.unknown(), "opened_on"),
                (LAST_FEEDBACK.known(), "last_feedback"),
            )
        ),
        # ---- 未按期提交 ----------------------------------------------------
        Step(
            "talk",
            "未按期提交，核实并教育",
            "办法35条1款4项",
            COUNTY,
            ANY,
            SAME,
            asks=(
                Ask("why_missing", "未提交的原因（已以多种方式核实）", "long"),
                Ask("talk", "教育内容、补交期限", "long"),
            ),
            sets=(day("talked_on"),),
            documents=("contact_record",),
            duties=(tell_person("办法35条1款4项", "告知补交期限"),),
            types=TYPES,
            delegable=DAILY,
            reasons=True,
            remedy=REMEDY,
            burden=True,
        ),
        Step(
            "establish",
            "查实经教育仍不提交",
            "办法35条1款4项",
            COUNTY,
            ANY,
            SAME,
            given=TALKED.known() & MEDICAL.known(),
            asks=(Ask("evidence", "查明的事实和证据", "long"),),
            sets=(day("established_on"), plus("times_missing")),
            duties=(tell_person("社区矫正法34条", "告知查实情况"),),
            types=TYPES,
            reasons=True,
            remedy=REMEDY,
            burden=True,
            help="只记录事实；警告、收监执行建议由有权机关另行决定（办法35条、办法49条）",
        ),
        # ---- 延长期限 ------------------------------------------------------
        Step(
            "ask_extension",
            "报请延长期限",
            "办法24条2款",
            COUNTY,
            "running",
            "asked",
            asks=(
                Ask("which", "延长的期限", "choice", choices=WHAT),
                Ask("extension_months", "延长几个月", "number", help="一个月以上；三个月以上报省级"),
                Ask("proof", "病情和保证人情况", "long", article="办法24条2款"),
            ),
            sets=(day("asked_on"),),
            documents=("health_extension",),
            duties=(
                Duty("报请批准", "办法24条2款", HIGHER, given=POWERS[0][1]),
                Duty("逐级报请批准", "办法24条2款", PROVINCE, given=POWERS[1][1]),
            ),
            types=TYPES,
        ),
        *(
            Step(
                "approve",
                f"批准延长{WHAT_WORDS[which]}",
                "办法24条2款；办法58条",
                actor,
                "asked",
                "running",
                given=given & WHICH.is_(which, WHAT_WORDS[which]) & medical,
                due=target(10, "day", "asked_on"),
                sets=(copy(key, "extension_months"), day("extended_on")),
                documents=("health_extension",),
                duties=(
                    tell_person("办法24条2款"),
                    Duty("告知", "办法24条2款", COUNTY),
                    TELL_PROCURATORATE,
                ),
                types=TYPES,
            )
            for which, key, medical in (
                ("body", "body_extra", Condition(())),
                ("check", "check_extra", MEDICAL.known()),
            )
            for actor, given in POWERS
        ),
        *(
            Step(
                "refuse",
                "不批准延长期限",
                "办法24条2款；办法58条",
                actor,
                "asked",
                "running",
                given=given,
                duties=(tell_person("办法24条2款"), Duty("告知", "办法24条2款", COUNTY)),
                types=TYPES,
                reasons=True,
                remedy=REMEDY,
                burden=True,
            )
            for actor, given in POWERS
        ),
        Step(
            "take_back",
            "撤回延长申请",
            "办法24条2款",
            COUNTY,
            "asked",
            "running",
            kind=Kind.WITHDRAW,
            types=TYPES,
            mark="reading",
        ),
        Step(
            "end_extension",
            "恢复原期限",
            "办法24条2款",
            COUNTY,
            "running",
            SAME,
            sets=(put("body_extra", 0), put("check_extra", 0), day("last_body"), day("last_check")),
            duties=(tell_person("办法24条2款"), TELL_PROCURATORATE),
            types=TYPES,
            reasons=True,
            remedy=REMEDY,
            burden=True,
            mark="reading",
            help="恢复后的期限自恢复之日重新起算，不使本人当即逾期",
        ),
        # ---- 诊断、鉴别 ----------------------------------------------------
        Step(
            "ask_diagnosis",
            "协调病情诊断、妊娠检查或者生活不能自理的鉴别",
            "办法24条3款",
            COUNTY,
            ANY,
            SAME,
            asks=(
                Ask(
                    "examination",
                    "项目",
                    "choice",
                    choices=(
                        ("illness", "病情诊断"),
                        ("pregnancy", "妊娠检查"),
                        ("care", "生活不能自理的鉴别"),
                    ),
                ),
                Ask("why_examined", "必要性", "long"),
            ),
            sets=(day("diagnosis_asked_on"),),
            duties=(tell_person("个人信息保护法30条"), Duty("协调检查", "办法24条3款", HELPER)),
            types=TYPES,
            reasons=True,
            remedy=REMEDY,
            burden=True,
        ),
        Step(
            "note_diagnosis",
            "登记诊断、检查、鉴别结果",
            "办法24条3款",
            COUNTY,
            ANY,
            SAME,
            given=Fact("diagnosis_asked_on", "诊断、检查、鉴别的协调记录").known(),
            asks=(Ask("diagnosis", "结果", "long", help="结果不自动产生任何后果；是否建议收监另行研究决定"),),
            sets=(put("diagnosis_asked_on", ""), day("diagnosed_on")),
            types=TYPES,
        ),
        correct("办法24条"),
    ),
    notes=(
        "只适用于暂予监外执行；病情复查只适用于其中的保外就医。",
        "延长一个月至不满三个月的由上一级批准，三个月以上的由省级批准（办法24条、58条，待核）。",
        "延长不足一个月的，条文没有规定，本表不设。",
        "延长后的期限以原期限加延长的月数计算；每三个月向决定机关反馈出自暂予监外执行规定（条号为约数，待核）。",
        "怀孕、哺乳情形消失，不自动产生后果，须研究后由有权机关决定（刑事诉讼法268条）。",
    ),
)

EDITIONS = (MEDICAL_2020,)
