"""矫正方案: made for the person, reviewed at each change of category, adjusted to effect and conduct, P-PLAN.

The plan is outdated when the category changed on a later day than that of the last review (or of adoption
while there was none). `minor` stays true after 18 (社区矫正法58条).

Sources: 社区矫正法24条, 52条; 办法22条, 55条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import SAME, Actor, Ask, Duty, Procedure, Step, day, target

COUNTY = Actor.COUNTY
MINOR = Fact("minor", "未成年人身份", source="case")
OPENED = Fact("opened_on", "接收日")
CHANGED = Fact("category_changed_on", "类别变化日", source="of:category:changed_on")
OUTDATED = Fact(
    "plan_outdated", "类别变化后尚未复核的方案", source="later:category_changed_on:reviewed_on|adopted_on"
)

CONTENT = (
    Ask("basics", "基本情况", "long", article="办法22条2款"),
    Ask("assessment", "综合评估结果", "long", article="办法22条2款"),
    Ask("special", "心理状态和其他特殊情况分析", "long", article="办法22条2款"),
    Ask("supervision", "拟采取的监督管理措施", "long", article="办法22条2款"),
    Ask("help_given", "拟采取的教育帮扶措施", "long", article="办法22条2款"),
)
FOR_MINOR = Ask(
    "for_minor",
    "针对未成年人的措施",
    "long",
    article="办法55条1款",
    help="成长经历、发育需要、家庭监护教育条件；与成年人分别进行（社区矫正法52条）",
)
TELL_TEAM = Duty("交矫正小组落实", "社区矫正法25条", Actor.HELPER)

PLAN_2020 = Procedure(
    name="plan",
    code="P-PLAN",
    title="矫正方案",
    edition=date(2020, 7, 1),
    start="drafting",
    ends_with_case=True,
    states={"drafting": "待制定", "in_force": "执行中"},
    final=frozenset(),
    facts=(MINOR, OPENED, OUTDATED, CHANGED),
    steps=(
        *(
            Step(
                "adopt",
                title,
                article,
                COUNTY,
                "drafting",
                "in_force",
                given=given,
                due=target(10, "workday", "opened_on"),
                asks=asks,
                documents=("correction_plan",),
                duties=(TELL_TEAM,),
                delegable="plan",
                sets=(day("adopted_on"),),
            )
            for title, article, given, asks in (
                ("制定矫正方案", "社区矫正法24条、办法22条", MINOR.unknown(), CONTENT),
                (
                    "制定适应未成年人特点的矫正方案",
                    "社区矫正法24条、52条1款、办法55条1款",
                    MINOR.known(),
                    (*CONTENT, FOR_MINOR),
                ),
            )
        ),
        Step(
            "review",
            "类别变化后复核方案",
            "社区矫正法24条、办法22条3款",
            COUNTY,
            "in_force",
            SAME,
            given=OUTDATED.known(),
            due=target(5, "workday", "category_changed_on"),
            asks=(
                Ask("outcome", "复核结果", "choice", choices=(("kept", "不需调整"), ("revised", "已调整"))),
                Ask("measures_now", "调整后的措施（不需调整的写明原因）", "long"),
            ),
            documents=("correction_plan",),
            duties=(TELL_TEAM,),
            delegable="plan",
            sets=(day("reviewed_on"),),
        ),
        Step(
            "revise",
            "根据实施效果和表现调整方案",
            "社区矫正法24条、办法22条3款",
            COUNTY,
            "in_force",
            SAME,
            given=OUTDATED.unknown(),
            asks=(
                Ask("effect", "实施效果和表现", "long"),
                Ask("measures_now", "调整后的措施", "long"),
            ),
            documents=("correction_plan",),
            duties=(TELL_TEAM,),
            delegable="plan",
            reasons=True,
            sets=(day("reviewed_on"),),
        ),
    ),
    notes=(
        "条文没有规定制定和复核的日数；十个、五个工作日是内部目标。",
        "方案根据分类管理的要求、实施效果和表现相应调整（办法22条3款，同规待核）。",
        "监督管理措施不得变相限制人身自由（社区矫正法34条）；评分和报警不能改动方案（E16）。",
    ),
)

EDITIONS = (PLAN_2020,)
