"""分类管理: the class is set by a named officer with own reasons, never by a score, P-CAT, E16.

Levels and period are not in the law: the levels of SD (2024) are not known to us, so the class is a word of
the county's configuration and the period a target. No row belongs to the clock: nothing sets a class itself.
Each setting and change is told to the person, who may object; the answer shows the way to the procuratorate.

Sources: 社区矫正法3条, 24条; 办法21条, 32条 (recalled); 个人信息保护法24条.
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
    copy,
    day,
    put,
    target,
)

PERSON, COUNTY = Actor.PERSON, Actor.COUNTY
OPENED = Fact("opened_on", "接收日")
OBJECTED = Fact("objected_on", "未答复的异议")

REMEDY = "对类别有异议的，可以向本机构提出；对处理结果仍有异议的，可以向人民检察院提出（办法32条3款）"
AFTER = "仍有异议的，可以向人民检察院提出（办法32条3款）"
TELL = Duty("书面告知类别和理由", "社区矫正法24条", PERSON, mark="reading")
BASES = (
    Ask("category_to", "类别", help="类别的名称和级数按本地规定；条文没有规定级数"),
    Ask("type_basis", "裁判内容和犯罪类型", "long", article="办法21条1款"),
    Ask("stage", "矫正阶段", article="办法21条1款"),
    Ask("risk", "再犯罪风险的评估", "long", article="办法21条1款"),
    Ask("conduct", "考核结果和奖惩情况", "long", article="办法21条2款"),
    Ask(
        "advice_seen", "看过的评分或者建议（没有的不填）", required=False, help="只供参考，不能代替本人的理由"
    ),
)
SETS = (copy("category", "category_to"), day("changed_on"), day("reviewed_on"))

CATEGORY_2020 = Procedure(
    name="category",
    code="P-CAT",
    title="分类管理",
    edition=date(2020, 7, 1),
    start="unset",
    ends_with_case=True,
    states={"unset": "待评估", "set": "已确定类别"},
    final=frozenset(),
    facts=(OPENED,),
    steps=(
        Step(
            "assign",
            "综合评估，确定类别",
            "社区矫正法24条、办法21条",
            COUNTY,
            "unset",
            "set",
            due=target(10, "workday", "opened_on"),
            asks=BASES,
            documents=("category_form",),
            duties=(TELL,),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            sets=SETS,
            help="由指名的工作人员写明自己的理由；不能由评分或者算法确定（个人信息保护法24条）",
        ),
        Step(
            "change",
            "变更类别",
            "社区矫正法24条、办法21条",
            COUNTY,
            "set",
            SAME,
            asks=BASES,
            documents=("category_form",),
            duties=(TELL,),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            sets=SETS,
            help="变更后须复核矫正方案（办法22条3款）",
        ),
        Step(
            "keep",
            "定期评估，类别不变",
            "社区矫正法24条、办法21条",
            COUNTY,
            "set",
            SAME,
            due=target(3, "month", "reviewed_on"),
            asks=(Ask("conduct", "考核结果和奖惩情况", "long"), Ask("risk", "再犯罪风险的评估", "long")),
            documents=("category_form",),
            duties=(TELL,),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            sets=(day("reviewed_on"),),
        ),
        Step(
            "object",
            "对类别提出异议",
            "办法32条3款、社区矫正法34条",
            PERSON,
            "set",
            SAME,
            given=OBJECTED.unknown(),
            asks=(Ask("objection", "异议和理由", "long"),),
            duties=(Duty("提出异议", "办法32条3款", COUNTY),),
            sets=(day("objected_on"),),
            mark="reading",
        ),
        Step(
            "withdraw_objection",
            "撤回异议",
            "办法32条3款",
            PERSON,
            "set",
            SAME,
            given=OBJECTED.known(),
            sets=(put("objected_on", ""),),
            kind=Kind.WITHDRAW,
            mark="reading",
        ),
        Step(
            "answer",
            "处理异议并告知结果",
            "办法32条3款",
            COUNTY,
            "set",
            SAME,
            given=OBJECTED.known(),
            due=target(7, "day", "objected_on"),
            asks=(Ask("outcome", "处理结果", "choice", choices=(("kept", "维持"), ("review", "重新评估"))),),
            duties=(Duty("书面告知处理结果", "办法32条3款", PERSON),),
            reasons=True,
            remedy=AFTER,
            sets=(put("objected_on", ""), day("answered_on")),
            help="条文说“及时”；七日是内部目标。异议不影响评估和考核",
        ),
    ),
    notes=(
        "类别由指名的工作人员以自己的理由确定；评分、报警只是参考，没有一行归系统（E16）。",
        "级数和定期评估的周期，山东省条例2024年有规定而原文未得：级数按配置，三个月是内部目标（SD-4）。",
        "对类别的异议，办法32条写的是考核奖惩；用于类别是我方理解。",
    ),
)

EDITIONS = (CATEGORY_2020,)
