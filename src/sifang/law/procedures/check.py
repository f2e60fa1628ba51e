"""核实: to know activity and conduct by communication, information check or visit, P-CHK, E5, E24.

Each check is a proceeding of its own. No answer is a question: at least two different means are tried
before anything else; only then may it be handed to the search (失去联系的查找, a later procedure).

Sources: 社区矫正法26条, 30条, 34条; 办法23条.
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import SAME, Ask, Duty, Kind, Procedure, Step, day, instant, plus, put, target
from sifang.law.procedures.daily import COUNTY, DAILY, PERSON, correct

TRIED = Fact("means_tried", "已尝试的不同方式", "种")
SUBJECT = Ask("subject", "核实事项", "text", help="限于了解活动情况和行为表现所需要")
FOUND = Ask("found", "核实情况", "long")
PRIVACY = Ask(
    "privacy",
    "怎样保护身份信息和隐私",
    "long",
    article="社区矫正法26条2款",
    help="如不着制服、不向邻居和单位说明身份",
)
# (key, words): the means by which an unanswered question is followed up
MEANS = (
    ("phone", "电话、短信联系本人"),
    ("family", "联系监护人、家庭成员"),
    ("visit", "实地查访住处或者工作地"),
    ("committee", "联系居民委员会、村民委员会或者矫正小组成员"),
)


def _means(key: str, words: str) -> Step:
    tried = Fact(f"tried_{key}", f"「{words}」的记录")
    return Step(
        f"try_{key}",
        words,
        "社区矫正法26条1款",
        COUNTY,
        "unanswered",
        SAME,
        given=tried.unknown(),
        asks=(
            Ask("tried_found", "经过和结果", "long"),
            *((PRIVACY,) if key != "phone" else ()),
        ),
        sets=(day(f"tried_{key}"), plus("means_tried")),
        documents=("contact_record",),
        delegable=DAILY,
    )


CHECK_2020 = Procedure(
    name="check",
    code="P-CHK",
    title="核实",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "拟核实",
        "unanswered": "未应答，待以多种方式核实",
        "done": "已核实",
        "to_search": "转入查找",
    },
    final=frozenset({"done", "to_search"}),
    facts=(TRIED,),
    steps=(
        Step(
            "contact",
            "通信联络核实",
            "社区矫正法26条1款",
            COUNTY,
            "draft",
            "done",
            asks=(SUBJECT, FOUND),
            sets=(day("checked_on"), put("means", "contact")),
            documents=("contact_record",),
            delegable=DAILY,
        ),
        Step(
            "information",
            "信息化核查",
            "社区矫正法26条1款",
            COUNTY,
            "draft",
            "done",
            asks=(SUBJECT, FOUND),
            sets=(day("checked_on"), put("means", "information")),
            documents=("contact_record",),
            delegable=DAILY,
            help="一次请求、一次应答、一个位置；不得持续采集手机位置（E5）",
        ),
        Step(
            "visit",
            "实地查访",
            "社区矫正法26条",
            COUNTY,
            "draft",
            "done",
            asks=(SUBJECT, Ask("visited", "查访地点", "place"), PRIVACY, FOUND),
            sets=(day("checked_on"), put("means", "visit")),
            documents=("contact_record",),
            delegable=DAILY,
        ),
        Step(
            "no_answer",
            "未应答",
            "社区矫正法26条1款",
            COUNTY,
            "draft",
            "unanswered",
            asks=(SUBJECT, Ask("asked_how", "以何种方式联系未应答", "text")),
            sets=(instant("unanswered_at"), put("means_tried", 0)),
            delegable=DAILY,
            alarm=True,
            help="未应答是一个问题，不等于失去联系",
        ),
        # ---- 多种方式 ----------------------------------------
        *(_means(*one) for one in MEANS),
        Step(
            "answer",
            "本人应答、说明情况",
            "社区矫正法26条1款",
            PERSON,
            "unanswered",
            SAME,
            asks=(Ask("statement", "本人说明", "long"),),
            sets=(day("answered_on"),),
        ),
        Step(
            "resolve",
            "联系上，核实终结",
            "社区矫正法26条1款",
            COUNTY,
            "unanswered",
            "done",
            due=target(24, "hour", "unanswered_at"),
            asks=(FOUND,),
            sets=(day("checked_on"), put("means", "follow_up")),
            documents=("contact_record",),
            delegable=DAILY,
        ),
        Step(
            "hand_to_search",
            "多种方式仍联系不上，转入查找",
            "社区矫正法30条",
            COUNTY,
            "unanswered",
            "to_search",
            given=TRIED.more_than(1),
            asks=(Ask("tried_all", "已尝试的方式和经过", "long"),),
            sets=(instant("handed_at"),),
            documents=("contact_record",),
            duties=(Duty("提示组织查找", "办法38条1款", COUNTY),),
            reasons=True,
            remedy="本人联系上后可以说明原因，也可以向人民检察院申诉（社区矫正法34条）",
            alarm=True,
        ),
        Step(
            "drop",
            "不再需要核实",
            "社区矫正法34条1款",
            COUNTY,
            "draft",
            "done",
            asks=(FOUND,),
            kind=Kind.WITHDRAW,
            delegable=DAILY,
        ),
        correct("社区矫正法26条1款"),
    ),
    notes=(
        "法律没有规定每月走访的次数；频次按分类管理的类别由本地规定。",
        "不影响正常工作和生活；查访不得暴露其身份（社区矫正法26条2款、34条）。",
        "未应答后至少以两种不同方式核实，才可以转入查找（E24）；查找是另一程序。",
    ),
)

EDITIONS = (CHECK_2020,)
