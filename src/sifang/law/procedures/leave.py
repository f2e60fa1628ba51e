"""外出请假: to leave the city or county of residence for a time, P-LEAVE-1 … 5, E6, E7.

One authority for each length and sum of leave. The sum counts every leave of any two months that touch this
one, this one included (我方理解); it is computed from the record, never typed. A longer leave than granted
is a new decision: the same powers over the whole length and sum. Until it is taken the first one stands.

Providers: `leave_window` (key `window_days`): the largest sum of days away in any two months that touch
`leaves_on` … `returns_on`, this leave counted to `returns_on`; `delegated` (key `delegated_leave`): whether
the person's office has the matter leave in writing on the day of the act.

Sources: 社区矫正法27条; 办法26条 to 28条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    SAME,
    Actor,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    copy,
    day,
    on_day,
    put,
    target,
)
from sifang.law.procedures.daily import correct

PERSON, OFFICE, COUNTY, HIGHER, CLOCK = (
    Actor.PERSON,
    Actor.OFFICE,
    Actor.COUNTY,
    Actor.HIGHER,
    Actor.CLOCK,
)
PROCURATORATE = Actor.PROCURATORATE

DAYS = Fact("days", "本次外出", "日", "days:leaves_on:returns_on")
WINDOW = Fact("window_days", "任意连续两个月内累计外出", "日", "ask:leave_window")
LONGER = Fact("longer_asked_on", "延长外出的申请")
CALLED = Fact("ordered_back", "责令返回")
DELEGATED = Fact("delegated_leave", "司法所受委托批准外出", source="ask:delegated")

SHORT = DAYS.at_most(7) & WINDOW.at_most(30)
MIDDLE = DAYS.more_than(7) & DAYS.at_most(30) & WINDOW.at_most(30)
POWERS: tuple[tuple[Actor, str, Condition], ...] = (
    (OFFICE, "办法27条2款", SHORT & DELEGATED.known()),
    (COUNTY, "办法27条2款", SHORT & DELEGATED.unknown()),
    (COUNTY, "办法27条2款", MIDDLE),
    (HIGHER, "办法27条3款", DAYS.more_than(30)),
    (HIGHER, "办法27条3款", DAYS.at_most(30) & WINDOW.more_than(30)),
)
REMEDY = "不服的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举（社区矫正法34条）"

TELL_PERSON = Duty("书面告知本人", "办法27条1款", PERSON)
FILE_WITH_COUNTY = Duty("备案", "办法27条2款", COUNTY)
TELL_PROCURATORATE = Duty("通报", "办法27条3款", PROCURATORATE, by=COUNTY)
COPY_PROCURATORATE = Duty("电子抄送", "社区矫正法8条", PROCURATORATE, mark="local")

REASONS = (
    ("medical", "就医"),
    ("school", "就学"),
    ("litigation", "参与诉讼"),
    ("family", "处理家庭重要事务"),
    ("work", "处理工作重要事务"),
    ("other", "其他"),
)


def _duties(actor: Actor) -> tuple[Duty, ...]:
    extra = {OFFICE: (FILE_WITH_COUNTY, COPY_PROCURATORATE), COUNTY: (COPY_PROCURATORATE,)}
    return (TELL_PERSON, *extra.get(actor, (TELL_PROCURATORATE,)))


LEAVE_2020 = Procedure(
    name="leave",
    code="P-LEAVE-1…5",
    title="外出请假",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "拟申请",
        "applied": "待决定",
        "granted": "已批准",
        "overdue": "期满未归",
        "closed": "已销假",
        "refused": "不予批准",
        "withdrawn": "已撤回",
    },
    final=frozenset({"closed", "refused", "withdrawn"}),
    facts=(DAYS, WINDOW, DELEGATED, LONGER, CALLED),
    steps=(
        # ---- 申请 ----------------------------------------
        Step(
            "apply",
            "书面申请外出",
            "办法27条1款",
            PERSON,
            "draft",
            "applied",
            asks=(
                Ask("purpose", "事由", "choice", choices=REASONS, article="办法26条"),
                Ask("destination", "目的地", "place", help="省、市、县，住址和联系人"),
                Ask("leaves_on", "离开日期", "date", until="returns_on"),
                Ask("returns_on", "返回日期", "date", after="leaves_on", help="返回当日须报告"),
                Ask("proof", "证明材料", "long", help="材料名称；确无法提供的写明原因"),
                Ask("late_reason", "不足三日的原因", "text", required=False, help="一般应当提前三日提出"),
            ),
            sets=(day("applied_on"),),
            documents=("leave_form",),
        ),
        # ---- 决定 ----------------------------------------
        *(
            Step(
                "approve",
                "批准外出",
                article,
                actor,
                "applied",
                "granted",
                given=given,
                due=on_day("leaves_on"),
                sets=(day("decided_on"), put("approved", value=True), copy("granted_until", "returns_on")),
                documents=("leave_notice",),
                duties=_duties(actor),
            )
            for actor, article, given in POWERS
        ),
        *(
            Step(
                "refuse",
                "不予批准外出",
                article,
                actor,
                "applied",
                "refused",
                given=given,
                sets=(day("decided_on"),),
                documents=("leave_refusal",),
                duties=_duties(actor),
                reasons=True,
                remedy=REMEDY,
                burden=True,
            )
            for actor, article, given in POWERS
        ),
        Step("withdraw", "撤回申请", "办法27条1款", PERSON, "applied", "withdrawn", kind=Kind.WITHDRAW),
        Step(
            "cancel",
            "不再外出，撤销批准",
            "办法28条3款",
            PERSON,
            "granted",
            "withdrawn",
            kind=Kind.WITHDRAW,
            mark="reading",
            duties=(COPY_PROCURATORATE,),
        ),
        # ---- 外出期间和返回 ----------------------------------------
        Step(
            "check_in",
            "外出期间联系核查",
            "办法28条1款",
            COUNTY,
            "granted",
            SAME,
            delegable="leave",
            asks=(
                Ask("means", "方式", "choice", choices=(("phone", "电话"), ("video", "实时视频"))),
                Ask("noted", "情况", "long"),
            ),
        ),
        Step(
            "ask_destination",
            "协商目的地社区矫正机构协助",
            "办法28条2款",
            COUNTY,
            "granted",
            SAME,
            asks=(
                Ask("helper", "目的地社区矫正机构", "text"),
                Ask("report_there", "要求本人到达和离开时向当地报告", "yesno"),
            ),
            sets=(day("destination_asked_on"),),
            duties=(
                Duty("协助监督管理", "办法28条2款", Actor.HELPER),
                Duty("告知是否须向当地报告", "办法28条2款", PERSON),
            ),
            delegable="leave",
        ),
        Step(
            "report_there",
            "到达、离开时向当地社区矫正机构报告",
            "办法28条2款",
            PERSON,
            "granted",
            SAME,
            given=Fact("report_there", "向当地报告的要求").known(),
            asks=(
                Ask("there", "到达或者离开", "choice", choices=(("arrived", "到达"), ("left", "离开"))),
                Ask("there_on", "日期", "date"),
            ),
            sets=(day("reported_there_on"),),
        ),
        Step(
            "destination_answers",
            "登记目的地机构的协助情况",
            "办法28条2款",
            COUNTY,
            "granted",
            SAME,
            given=Fact("destination_asked_on", "协商目的地机构协助的记录").known(),
            asks=(Ask("helped", "电话通讯、实地查访等协助情况", "long"),),
            delegable="leave",
        ),
        # ---- 延长：新的决定，按全部天数和累计天数确定权限 ----------------------------------------
        Step(
            "apply_longer",
            "申请延长外出",
            "办法28条3款",
            PERSON,
            "granted",
            SAME,
            given=LONGER.unknown(),
            asks=(
                Ask("returns_on", "申请延长至", "date", after="granted_until"),
                Ask("longer_reason", "不能按期返回的特殊原因和材料", "long"),
            ),
            sets=(day("longer_asked_on"),),
            documents=("leave_form",),
            mark="reading",
        ),
        *(
            Step(
                "approve",
                "批准延长外出",
                article,
                actor,
                "granted",
                SAME,
                given=LONGER.known() & given,
                due=on_day("granted_until"),
                sets=(day("decided_on"), put("longer_asked_on", ""), copy("granted_until", "returns_on")),
                documents=("leave_notice",),
                duties=_duties(actor),
                mark="reading",
            )
            for actor, article, given in POWERS
        ),
        *(
            Step(
                "refuse",
                "不批准延长外出",
                article,
                actor,
                "granted",
                SAME,
                given=LONGER.known() & given,
                sets=(day("decided_on"), put("longer_asked_on", ""), copy("returns_on", "granted_until")),
                documents=("leave_refusal",),
                duties=_duties(actor),
                reasons=True,
                remedy=REMEDY,
                burden=True,
                mark="reading",
            )
            for actor, article, given in POWERS
        ),
        Step(
            "withdraw_longer",
            "撤回延长申请",
            "办法28条3款",
            PERSON,
            "granted",
            SAME,
            given=LONGER.known(),
            sets=(put("longer_asked_on", ""), copy("returns_on", "granted_until")),
            kind=Kind.WITHDRAW,
            mark="reading",
        ),
        Step(
            "order_back",
            "违反外出管理规定，责令立即返回",
            "办法28条3款",
            COUNTY,
            "granted",
            SAME,
            given=CALLED.unknown(),
            asks=(Ask("breach", "违反的规定和核实情况", "long"),),
            sets=(put("ordered_back", value=True), day("ordered_back_on")),
            duties=(TELL_PERSON, COPY_PROCURATORATE),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            delegable="leave",
        ),
        Step(
            "report_delay",
            "报告不能按期返回",
            "办法28条3款",
            PERSON,
            "granted",
            SAME,
            asks=(Ask("delay_reason", "原因", "long"), Ask("expected_on", "预计返回日期", "date")),
            alarm=True,
        ),
        Step(
            "confirm_return",
            "销假",
            "办法28条3款",
            COUNTY,
            "granted",
            "closed",
            due=on_day("granted_until"),
            delegable="leave",
            asks=(Ask("returned_on", "返回日期", "date", after="leaves_on"),),
            documents=("return_record",),
        ),
        Step(
            "lapse",
            "期满未归",
            "办法28条3款",
            CLOCK,
            "granted",
            "overdue",
            kind=Kind.CLOCK,
            due=on_day("granted_until"),
            sets=(copy("returns_on", "granted_until"), put("longer_asked_on", "")),
            duties=(Duty("提示核实", "办法28条3款", COUNTY),),
            alarm=True,
        ),
        Step(
            "order_back",
            "责令返回",
            "办法28条3款",
            COUNTY,
            "overdue",
            SAME,
            due=target(1, "day", "granted_until"),
            sets=(put("ordered_back", value=True), day("ordered_back_on")),
            given=CALLED.unknown(),
            duties=(TELL_PERSON,),
            delegable="leave",
        ),
        Step(
            "confirm_return",
            "责令返回后销假",
            "办法28条3款",
            COUNTY,
            "overdue",
            "closed",
            delegable="leave",
            asks=(
                Ask("returned_on", "返回日期", "date", after="leaves_on"),
                Ask("found", "核实情况", "long"),
            ),
            documents=("return_record",),
        ),
        correct("办法27条"),
    ),
    notes=(
        "有正当理由的，应当批准（社区矫正法27条）。不予批准必须写明理由并告知救济途径（E7）。",
        "提前三日申请是一般要求，逾此不影响受理（办法27条，待核）。",
        "设区的市城区之内跨区不是外出（办法26条）；县级市和县单独计算。",
        "延长是新的决定：按延长后的全部天数和累计天数确定批准机构；批准前原批准的返回日期不变（我方理解）。",
        "期满未归是一个问题，不是结论：先以多种方式核实（E24）。",
    ),
)

EDITIONS = (LEAVE_2020,)
