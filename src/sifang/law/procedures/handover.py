"""交付衔接: notice of effect, legal papers, copies, receipt and completion, P-HO-1 … 4, P-PLACE (dispute).

The tracks run side by side in one state and are joined on facts by `intake`: late is a clock's alarm, never a
state, so nothing that comes late is blocked. Facts from the house: `decided_elsewhere` (the decider sits
outside the city of the county), `effective_on`, `approved_by` of the case; `arrived_on` of `intake`.

Sources: 社区矫正法17条, 20条; 刑诉法解释519条; 办法12条, 16条 (recalled). Of 暂予监外执行:
刑事诉讼法267条; 监狱法46条.
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
    put,
    target,
)

COUNTY, DECIDER, HIGHER, CLOCK = Actor.COUNTY, Actor.DECIDER, Actor.HIGHER, Actor.CLOCK
PROCURATORATE, POLICE = Actor.PROCURATORATE, Actor.POLICE

EFFECTIVE = Fact("effective_on", "裁判、决定生效日", source="case")
ELSEWHERE = Fact("decided_elsewhere", "决定地与执行地不在同一地方的情形", source="case")
APPROVED_BY = Fact("approved_by", "决定、批准机关", source="case")
ARRIVED = Fact("arrived_on", "本人报到或者移送", source="of:intake:arrived_on")
NOTICE = Fact("notice_on", "通知生效的记录")
SERVED = Fact("served_on", "决定机关经本平台送达的记录")
DOCS = Fact("docs_received_on", "收到法律文书的记录")
PAPERS = Fact("papers", "法律文书")
RECEIPT = Fact("receipt_on", "送达回执")
FORWARDED = Fact("forwarded_on", "转送记录")
GAP = Fact("gap_notified_on", "补齐通知")
COMPLETED = Fact("completed_on", "决定机关补齐的记录")
DISPUTED = Fact("disputed_on", "未了结的执行地异议")
COPY = Fact("copy_received_on", "人民检察院收到决定书的记录")
OPINION = Fact("j_opinion_on", "未答复的检察机关书面意见")

COMPLETE = PAPERS.is_("complete", "齐全")
NOT_COMPLETE = PAPERS.is_not("complete", "齐全")
NOTICE_DUE = by_rule("handover.notice", "effective_on")
DOCS_DUE = by_rule("handover.docs", "effective_on")
SERVICE = "社区矫正法20条、刑诉法解释519条、办法16条1款"
# Each batch of papers has its own day and its own receipt.
RECEIVED = (copy("docs_received_on", "papers_came_on"), put("receipt_on", ""))
REMEDY_STAYS = "异议期间照常接收、登记；执行地以决定机关最后确定的为准"


def _copies(given: Condition, *, awaited: bool) -> tuple[Duty, ...]:
    """The copies that the decider owes to procuratorate and police of the place."""
    return tuple(
        Duty("抄送法律文书", "社区矫正法20条", to, DOCS_DUE, given, DECIDER, awaited=awaited)
        for to in (PROCURATORATE, POLICE)
    )


LIST = Ask("papers_list", "文书名称和文号", "long", help="判决书、裁定书、决定书，执行通知书，报到告知书等")


def _late(name: str, title: str, given: Condition, due: Due, flag: str) -> Step:
    """A period of the decider that ran out: seen by county and procuratorate, blocks nothing."""
    unseen = Fact(flag, "逾期提示").unknown()
    alarm = (
        Duty("提示监督：" + title, "检察规则625条", PROCURATORATE, by=COUNTY, mark="reading"),
        Duty("提示催办", "办法16条1款", COUNTY, mark="reading"),
    )
    article = "社区矫正法20条、办法16条"
    return Step(
        name, title, article, CLOCK, "effective", SAME, given & unseen, due, kind=Kind.CLOCK,
        sets=(put(flag, value=True),), duties=alarm, alarm=True,
    )  # fmt: skip


HANDOVER_2020 = Procedure(
    name="handover",
    code="P-HO-1…4、P-PLACE",
    title="交付衔接",
    edition=date(2020, 7, 1),
    start="effective",
    ends_with_case=True,
    pauses=False,
    states={"effective": "已生效，交付衔接", "redirected": "已另行确定执行地"},
    final=frozenset({"redirected"}),
    facts=(EFFECTIVE, ELSEWHERE, APPROVED_BY, ARRIVED),
    steps=(
        # ---- 一、通知（P-HO-1） -------------------------------------------------------------------------
        Step(
            "notify",
            "通知执行地县级社区矫正机构",
            "社区矫正法20条、刑诉法解释519条",
            DECIDER,
            "effective",
            SAME,
            given=NOTICE.unknown(),
            due=NOTICE_DUE,
            documents=("effect_notice",),
            duties=(Duty("通知", "社区矫正法20条", COUNTY),),
            sets=(day("notice_on"),),
        ),
        Step(
            "register_notice",
            "登记收到的通知",
            "办法16条1款",
            COUNTY,
            "effective",
            SAME,
            given=NOTICE.unknown(),
            asks=(Ask("notice_came_on", "收到日期", "date"), Ask("notice_no", "文号")),
            sets=(copy("notice_on", "notice_came_on"),),
            help="通知不经本平台送来时用",
        ),
        _late("notice_late", "逾期未通知", NOTICE.unknown(), NOTICE_DUE, "notice_late"),
        # ---- 二、法律文书（P-HO-2、3） ------------------------------------------------------------------
        Step(
            "serve",
            "送达法律文书",
            SERVICE,
            DECIDER,
            "effective",
            SAME,
            given=DOCS.unknown() & SERVED.unknown(),
            due=DOCS_DUE,
            documents=("execution_notice",),
            asks=(LIST,),
            duties=(
                Duty("送达法律文书", "社区矫正法20条", COUNTY),
                *_copies(ELSEWHERE.unknown(), awaited=False),
            ),
            sets=(day("served_on"),),
            help="未成年人案件，法院的调查报告和表现材料一并送达（刑诉法解释580条）",
        ),
        _late(
            "papers_late", "逾期未送达法律文书", DOCS.unknown() & SERVED.unknown(), DOCS_DUE, "papers_late"
        ),
        *(
            Step(
                "accept_papers",
                "收到并核对：法律文书齐全",
                "社区矫正法22条、办法16条1款",
                COUNTY,
                "effective",
                SAME,
                given=NOT_COMPLETE & before,
                due=target(1, "workday", since),
                asks=(Ask("papers_came_on", "收到日期", "date"), LIST),
                duties=_copies(SERVED.unknown() & ELSEWHERE.unknown(), awaited=True),
                sets=(put("papers", "complete"), *RECEIVED),
                help="文书以邮寄、直接送交等方式到来的，也在此登记",
            )
            for before, since in ((DOCS.unknown(), "served_on"), (DOCS.known(), "completed_on"))
        ),
        *(
            Step(
                "note_gap",
                "收到并核对：法律文书不齐全",
                "社区矫正法22条、办法16条2款",
                COUNTY,
                "effective",
                SAME,
                given=NOT_COMPLETE & before,
                asks=(
                    Ask("papers_came_on", "收到日期", "date"),
                    LIST,
                    Ask("gap", "缺少的文书", "long"),
                ),
                sets=(put("papers", "incomplete"), *RECEIVED, *anew),
            )
            for before, anew in (
                (COMPLETED.unknown(), ()),
                # what came as completion is again not complete: notified anew, with a period anew
                (
                    COMPLETED.known(),
                    (put("gap_notified_on", ""), put("completed_on", ""), put("gap_late", value=False)),
                ),
            )
        ),
        Step(
            "receipt",
            "送达回执",
            "办法16条1款",
            COUNTY,
            "effective",
            SAME,
            given=DOCS.known() & RECEIPT.unknown(),
            due=by_rule("handover.receipt", "docs_received_on"),
            documents=("delivery_receipt",),
            duties=(Duty("送达回执", "办法16条1款", DECIDER),),
            sets=(day("receipt_on"),),
        ),
        Step(
            "forward",
            "转送所在地人民检察院、公安机关",
            "社区矫正法20条、刑诉法解释519条",
            COUNTY,
            "effective",
            SAME,
            given=ELSEWHERE.known() & DOCS.known() & FORWARDED.unknown(),
            due=target(5, "day", "docs_received_on"),
            duties=(
                Duty("转送法律文书", "社区矫正法20条", PROCURATORATE),
                Duty("转送法律文书", "社区矫正法20条", POLICE),
            ),
            sets=(day("forwarded_on"),),
            help="条文没有规定转送的日数；五日是内部目标",
        ),
        # ---- 三、缺少文书（P-HO-4） ---------------------------------------------------------------------
        *(
            Step(
                "notify_gap",
                "通知决定机关补齐法律文书",
                "办法16条2款",
                COUNTY,
                "effective",
                SAME,
                given=given & GAP.unknown(),
                due=target(24, "hour", since),
                documents=("completion_notice",),
                duties=(
                    Duty("通知补齐", "办法16条2款", DECIDER),
                    Duty("告知缺少文书", "社区矫正法8条", PROCURATORATE, mark="reading"),
                ),
                sets=(day("gap_notified_on"),),
            )
            for given, since in (
                (PAPERS.is_("incomplete", "不齐全"), "docs_received_on"),
                (PAPERS.unknown() & ARRIVED.known(), "arrived_on"),
            )
        ),
        Step(
            "complete",
            "送达、补齐法律文书",
            "办法16条2款",
            DECIDER,
            "effective",
            SAME,
            given=GAP.known() & NOT_COMPLETE & COMPLETED.unknown(),
            due=by_rule("handover.complete", "gap_notified_on"),
            asks=(LIST,),
            duties=(Duty("补齐法律文书", "办法16条2款", COUNTY),),
            sets=(day("completed_on"),),
        ),
        _late(
            "gap_late",
            "逾期未补齐法律文书",
            GAP.known() & NOT_COMPLETE & COMPLETED.unknown(),
            by_rule("handover.complete", "gap_notified_on"),
            "gap_late",
        ),
        # ---- 四、暂予监外执行决定的检察监督 --------------------------------------------------------------
        Step(
            "copy_received",
            "收到暂予监外执行决定书",
            "刑事诉讼法267条",
            PROCURATORATE,
            "effective",
            SAME,
            given=COPY.unknown(),
            types=(OUTSIDE_PRISON,),
            sets=(day("copy_received_on"),),
        ),
        Step(
            "object",
            "认为暂予监外执行不当，提出书面意见",
            "刑事诉讼法267条、监狱法46条、检察规则632条",
            PROCURATORATE,
            "effective",
            SAME,
            given=COPY.known() & OPINION.unknown() & Fact("opinion_closed", "意见期届满的记录").unknown(),
            types=(OUTSIDE_PRISON,),
            asks=(Ask("opinion", "意见", "long"),),
            duties=(Duty("送交书面意见", "刑事诉讼法267条", DECIDER),),
            sets=(day("j_opinion_on"),),
            help="自收到决定书之日起一个月以内；意见不停止接收和矫正",
        ),
        Step(
            "opinion_lapse",
            "提出意见的期限届满",
            "刑事诉讼法267条",
            CLOCK,
            "effective",
            SAME,
            given=COPY.known() & Fact("opinion_closed", "意见期届满的记录").unknown(),
            due=by_rule("j.object.zj", "copy_received_on"),
            types=(OUTSIDE_PRISON,),
            kind=Kind.CLOCK,
            sets=(put("opinion_closed", value=True),),
        ),
        Step(
            "recheck",
            "重新核查并作出处理",
            "监狱法46条、刑诉法解释515条、刑事诉讼法267条",
            DECIDER,
            "effective",
            SAME,
            given=OPINION.known(),
            types=(OUTSIDE_PRISON,),
            due=by_rule("zj.recheck", "j_opinion_on"),
            asks=(Ask("recheck_result", "核查结果和处理", "long"),),
            duties=(Duty("答复", "监狱法46条", PROCURATORATE), Duty("告知核查结果", "监狱法46条", COUNTY)),
            sets=(put("j_opinion_on", ""), put("opinion_closed", value=True)),
            help="决定收监的，由决定机关另行制作决定书，再按终止办理",
        ),
        # ---- 五、执行地异议（P-PLACE） ------------------------------------------------------------------
        Step(
            "dispute",
            "对执行地提出异议",
            "社区矫正法17条、办法12条",
            COUNTY,
            "effective",
            SAME,
            given=DISPUTED.unknown(),
            reasons=True,
            remedy=REMEDY_STAYS,
            duties=(
                Duty("商请核实执行地", "办法12条", DECIDER),
                Duty("报请协调", "办法9条", HIGHER, mark="reading"),
                Duty("抄送", "社区矫正法8条", PROCURATORATE, mark="reading"),
            ),
            sets=(day("disputed_on"),),
            mark="reading",
            help="不得以户籍不在本地为由拒绝接收",
        ),
        Step(
            "confirm_place",
            "维持执行地",
            "社区矫正法17条",
            DECIDER,
            "effective",
            SAME,
            given=DISPUTED.known(),
            due=target(5, "workday", "disputed_on"),
            reasons=True,
            duties=(Duty("答复", "社区矫正法17条", COUNTY, mark="reading"),),
            sets=(put("disputed_on", ""),),
            mark="reading",
        ),
        Step(
            "redirect",
            "另行确定执行地",
            "社区矫正法17条",
            DECIDER,
            ANY,
            "redirected",
            given=DISPUTED.known(),
            asks=(Ask("new_place", "另定的执行地", "agency", of="county"),),
            reasons=True,
            duties=(
                Duty("通知另定的执行地", "社区矫正法17条", COUNTY, mark="reading"),
                Duty("抄送", "社区矫正法20条", PROCURATORATE, mark="reading"),
            ),
            closes=("intake",),
            mark="reading",
            help="接收登记以后的变动，按变更执行地办理",
        ),
    ),
    notes=(
        "通知、文书、报到三条线并行；哪一条先到都不等另外两条，文书未到的先登记接收（办法16条2款）。",
        "逾期只提请注意，不是一种状态：迟到的通知和文书照收。",
        "每收到一批文书各给一次回执，是我方理解；五日回执、五日补齐出自办法16条，待核。",
        "执行地异议的程序，条文没有写明；异议不停止接收是我方理解。",
        "监狱法2026年11月1日起适用修订文本，此前的行为按旧文本（待律师核）。",
    ),
)

EDITIONS = (HANDOVER_2020,)
