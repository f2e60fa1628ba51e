"""被限制人身自由: another authority holds the person; daily duties rest, the term runs on, P-NEW-1.

The authority that decides tells county agency and procuratorate within three days. Where the county learns of
it otherwise, it records that and the notice stays owed. What follows for the order itself (new crime, recall)
is decided elsewhere and enters by `ending`. `many`: a person may be held more than once.

Sources: 社区矫正法32条; 办法41条 (recalled). Of 暂予监外执行 an older text said 24 hours
(暂予监外执行规定22条, recalled); the later three days stand.
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import (
    SAME,
    Actor,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    by_rule,
    copy,
    day,
    put,
)

COUNTY, POLICE, COURT, CLOCK = Actor.COUNTY, Actor.POLICE, Actor.COURT, Actor.CLOCK
PROCURATORATE = Actor.PROCURATORATE
TOLD = Fact("told_on", "决定机关的通知")
LATE = Fact("tell_late", "逾期提示")
TELL = by_rule("held.tell", "decided_on")

MEASURES = (
    ("administrative", "行政拘留"),
    ("judicial", "司法拘留"),
    ("drugs", "强制隔离戒毒"),
    ("criminal", "因涉嫌犯新罪采取强制措施"),
    ("earlier_crime", "因发现漏罪采取强制措施"),
)
DECISION = (
    Ask("measure", "措施", "choice", choices=MEASURES, article="办法41条"),
    Ask("decision_day", "决定日期", "date"),
    Ask("document_no", "决定文书名称和文号"),
    Ask("held_at", "羁押、执行场所"),
)
DECIDED = copy("decided_on", "decision_day")
# The case fact `held` is true while a proceeding of this table says so.
SUSPENDED, RESUMED = put("held", value=True), put("held", value=False)


def _tell(name: str, actor: Actor) -> Step:
    return Step(
        name, "通知被限制人身自由", "社区矫正法32条、办法41条", actor, "free", "held", asks=DECISION,
        duties=(Duty("通知", "办法41条", COUNTY), Duty("通知", "办法41条", PROCURATORATE)),
        sets=(DECIDED, SUSPENDED, day("told_on")), kind=Kind.SUSPEND,
        help="自作出决定之日起三日内；报告、核查等日常义务中止，矫正期限继续计算",
    )  # fmt: skip


HELD_2020 = Procedure(
    name="held",
    code="P-NEW-1",
    title="被限制人身自由期间",
    edition=date(2020, 7, 1),
    start="free",
    many=True,
    pauses=False,
    states={"free": "未被限制", "held": "被限制人身自由，日常义务中止", "resumed": "已恢复"},
    final=frozenset({"resumed"}),
    steps=(
        _tell("tell", POLICE),
        _tell("tell_by_court", COURT),
        Step(
            "register",
            "登记得知的限制人身自由情况",
            "社区矫正法32条、办法41条",
            COUNTY,
            "free",
            "held",
            asks=(*DECISION, Ask("learned", "怎样得知")),
            duties=(Duty("通报", "社区矫正法8条", PROCURATORATE, mark="reading"),),
            sets=(DECIDED, SUSPENDED),
            kind=Kind.SUSPEND,
            help="报告、核查等日常义务中止；决定机关的通知仍然应当补来",
        ),
        Step(
            "register_notice",
            "登记收到的通知",
            "办法41条",
            COUNTY,
            "held",
            SAME,
            given=TOLD.unknown(),
            asks=(Ask("notice_came_on", "收到日期", "date"),),
            duties=(Duty("通知", "办法41条", PROCURATORATE, by=POLICE, awaited=True),),
            sets=(copy("told_on", "notice_came_on"),),
        ),
        *(
            Step(
                name,
                "补送通知",
                "社区矫正法32条、办法41条",
                actor,
                "held",
                SAME,
                given=TOLD.unknown() & Fact("measure", "措施").is_("judicial", "司法拘留")
                if actor is COURT
                else TOLD.unknown() & Fact("measure", "措施").is_not("judicial", "司法拘留"),
                due=TELL,
                duties=(Duty("通知", "办法41条", COUNTY), Duty("通知", "办法41条", PROCURATORATE)),
                sets=(day("told_on"),),
            )
            for name, actor in (("tell_later", POLICE), ("tell_later", COURT))
        ),
        Step(
            "tell_late",
            "逾期未通知",
            "社区矫正法32条、办法41条",
            CLOCK,
            "held",
            SAME,
            given=TOLD.unknown() & LATE.unknown(),
            due=TELL,
            kind=Kind.CLOCK,
            duties=(
                Duty("提示监督", "检察规则643条", PROCURATORATE, by=COUNTY, mark="reading"),
                Duty("提示核实", "社区矫正法32条", COUNTY, mark="reading"),
            ),
            sets=(put("tell_late", value=True),),
            alarm=True,
        ),
        Step(
            "resume",
            "限制解除，恢复日常监督管理",
            "社区矫正法23条、社区矫正法32条",
            COUNTY,
            "held",
            "resumed",
            asks=(
                Ask("freed_on", "解除日期", "date", after="decided_on"),
                Ask("freed_by", "解除的文书名称和文号"),
            ),
            duties=(
                Duty("书面告知恢复的义务", "社区矫正法23条", Actor.PERSON, mark="reading"),
                Duty("通报", "社区矫正法8条", PROCURATORATE, mark="reading"),
            ),
            kind=Kind.RESUME,
            sets=(RESUMED, day("resumed_on")),
            mark="reading",
        ),
        Step(
            "correct",
            "登记有误，撤回",
            "社区矫正法34条",
            COUNTY,
            "held",
            "resumed",
            given=TOLD.unknown(),
            reasons=True,
            sets=(RESUMED,),
            kind=Kind.CORRECT,
            mark="reading",
            help="只限没有决定机关通知的登记",
        ),
    ),
    notes=(
        "三日内通知出自办法41条，待核；暂予监外执行旧文本写二十四小时（待核），以后法为准。",
        "日常义务中止、矫正期限继续计算，是我方理解；期满日不变，期满照常解除或者由决定机关处理。",
        "不是脱离监管：被限制人身自由的期间不算逾期，也不引起训诫、警告。",
        "新罪、漏罪由审理的人民法院撤销缓刑、假释（社区矫正法46条2款），其文书在“解除和终止”登记。",
        "期满时仍被羁押的：司办通〔2021〕94号原文未得（PROCEDURES第8节第5点）。",
    ),
)

EDITIONS = (HELD_2020,)
