"""教育: group, individual and online, fitted to the person's work and life, P-EDU.

The law counts no hours (the former hours a month are gone). Missing an event is excused with a reason;
a talk comes before anything else. Minors are taught apart from adults.

Case facts: `minor`. Sources: 社区矫正法36条, 38条 to 40条, 52条; 办法34条, 43条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import SAME, Ask, Duty, Procedure, Step, day, instant, plus, put, target
from sifang.law.procedures.daily import (
    COUNTY,
    HELP,
    HELPER,
    MINOR,
    PERSON,
    REMEDY,
    correct,
    tell_person,
)

ABSENT = Fact("absent_at", "未参加的记录")
TALKED = Fact("talked_on", "未参加后的教育")

THEME = Ask("theme", "内容", "text", help="法治、道德等")
FIT = Ask("fitted", "怎样照顾其工作和生活", "text", article="社区矫正法36条2款")
NOTED = Ask("noted", "情况", "long")
FORMS = (("group", "集中教育"), ("online", "网上培训"), ("visit", "实地参观"), ("other", "其他"))


def _taught(name: str, title: str, article: str, *asks: Ask, minor: bool | None = None, **more: str) -> Step:
    given = {None: None, True: MINOR.known(), False: MINOR.unknown()}[minor]
    return Step(
        name,
        title,
        article,
        COUNTY,
        "running",
        SAME,
        given=given,
        asks=(*asks, NOTED),
        sets=(day(f"{name}_on"), day("taught_on"), plus("times_taught")),
        documents=("contact_record",),
        delegable=HELP,
        help=more.get("help", ""),
    )


EDUCATION_2020 = Procedure(
    name="education",
    code="P-EDU（教育）",
    title="教育",
    edition=date(2020, 7, 1),
    start="running",
    ends_with_case=True,
    states={"running": "开展中"},
    final=frozenset(),
    facts=(MINOR, ABSENT, TALKED),
    steps=(
        _taught("individual", "个别教育", "社区矫正法36条；办法43条2款", THEME, FIT),
        _taught(
            "collective",
            "集体教育",
            "办法43条3款",
            Ask("form", "形式", "choice", choices=FORMS),
            THEME,
            FIT,
            minor=False,
        ),
        _taught(
            "collective",
            "集体教育（未成年人，与成年人分别进行）",
            "社区矫正法52条3款；办法43条3款",
            Ask("form", "形式", "choice", choices=FORMS),
            THEME,
            FIT,
            minor=True,
            help="不公开进行，不得与成年人混同",
        ),
        _taught("mind", "心理健康教育、心理辅导", "办法43条3款", Ask("counsellor", "辅导人员", "text")),
        _taught(
            "with_family",
            "监护人、家庭成员、单位、学校协助教育",
            "社区矫正法39条",
            Ask("with_whom", "协助人员", "text"),
        ),
        Step(
            "entrust",
            "委托社会组织、购买服务开展教育",
            "社区矫正法40条；办法43条4款",
            COUNTY,
            "running",
            SAME,
            asks=(
                Ask("helper", "社会组织、社会工作者", "text"),
                Ask("programme", "项目内容", "long", help="只告知开展所必需的情况"),
            ),
            sets=(day("entrusted_on"),),
            duties=(Duty("委托开展", "社区矫正法40条", HELPER),),
            delegable=HELP,
        ),
        # ---- 未参加 --------------------------------------------------------
        Step(
            "absent",
            "记录未参加",
            "社区矫正法36条2款",
            COUNTY,
            "running",
            SAME,
            given=ABSENT.unknown(),
            asks=(Ask("missed", "未参加的活动", "text"),),
            sets=(instant("absent_at"),),
            delegable=HELP,
            help="先了解原因，不等于无故不参加",
        ),
        Step(
            "explain",
            "本人说明原因",
            "社区矫正法34条1款",
            PERSON,
            "running",
            SAME,
            given=ABSENT.known(),
            asks=(Ask("why_missed", "原因", "long"),),
            sets=(day("explained_on"),),
        ),
        Step(
            "excuse",
            "有正当理由，予以认可",
            "社区矫正法34条1款",
            COUNTY,
            "running",
            SAME,
            given=ABSENT.known(),
            due=target(3, "day", "absent_at"),
            asks=(Ask("excuse", "理由", "text"),),
            sets=(put("absent_at", ""),),
            delegable=HELP,
        ),
        Step(
            "talk",
            "无正当理由，教育",
            "办法34条3项",
            COUNTY,
            "running",
            SAME,
            given=ABSENT.known(),
            asks=(Ask("talk", "教育内容", "long"),),
            sets=(day("talked_on"), put("absent_at", "")),
            documents=("contact_record",),
            delegable=HELP,
            burden=True,
        ),
        Step(
            "establish",
            "查实经教育仍无正当理由不参加",
            "办法34条3项",
            COUNTY,
            "running",
            SAME,
            given=ABSENT.known() & TALKED.known(),
            asks=(Ask("evidence", "查明的事实和证据", "long"),),
            sets=(day("established_on"), put("absent_at", ""), put("talked_on", "")),
            documents=("contact_record",),
            duties=(tell_person("社区矫正法34条1款", "告知查实情况"),),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            help="只记录事实；训诫由县级社区矫正机构另行决定",
        ),
        correct("办法43条"),
    ),
    notes=(
        "法律没有规定教育的时数，本表也不设时数；时间安排应当照顾工作和生活（社区矫正法36条2款）。",
        "就业、就学、救助、保险、法律援助等见「帮扶需求与转介」；公益活动另有专表，出于自愿。",
        "检察机关可以查阅全部记录（社区矫正法8条、62条）。",
    ),
)

EDITIONS = (EDUCATION_2020,)
