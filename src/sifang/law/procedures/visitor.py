"""会客: receiving visitors, as the rules of supervision say; the county agency approves, P-VISIT.

Which visits need an approval is settled by rules whose text we do not have (会客规定): the table gives the
road for those that do and forbids nobody a visit that does not.

Sources: 社区矫正法23条; 办法9条 (recalled); 社区矫正法34条.
"""

from datetime import date

from sifang.law.procedure import Ask, Kind, Procedure, Step, day, on_day, target
from sifang.law.procedures.daily import (
    CLOCK,
    COPY_PROCURATORATE,
    COUNTY,
    OFFICE,
    PERSON,
    REMEDY,
    correct,
    tell_person,
)

VISITOR_2020 = Procedure(
    name="visitor",
    code="P-VISIT",
    title="会客",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "拟申请",
        "applied": "待决定",
        "granted": "已批准",
        "closed": "已办结",
        "refused": "不予批准",
        "withdrawn": "已撤回",
    },
    final=frozenset({"closed", "refused", "withdrawn"}),
    steps=(
        Step(
            "apply",
            "申请会客",
            "社区矫正法23条",
            PERSON,
            "draft",
            "applied",
            asks=(
                Ask("who", "来访人和关系", "text"),
                Ask("purpose", "事由", "long"),
                Ask("visit_on", "会客日期", "date"),
                Ask("where", "地点", "text"),
            ),
            sets=(day("applied_on"),),
            documents=("visitor_form",),
        ),
        Step(
            "comment",
            "司法所签署意见",
            "办法10条",
            OFFICE,
            "applied",
            "applied",
            asks=(Ask("comment", "意见", "text"),),
            sets=(day("commented_on"),),
            mark="local",
        ),
        Step(
            "approve",
            "批准会客",
            "社区矫正法23条；办法9条5项",
            COUNTY,
            "applied",
            "granted",
            due=target(3, "day", "applied_on"),
            sets=(day("decided_on"),),
            documents=("visitor_form",),
            duties=(tell_person("社区矫正法23条"), COPY_PROCURATORATE),
        ),
        Step(
            "refuse",
            "不予批准会客",
            "社区矫正法23条；办法9条5项",
            COUNTY,
            "applied",
            "refused",
            sets=(day("decided_on"),),
            documents=("visitor_form",),
            duties=(tell_person("社区矫正法23条"), COPY_PROCURATORATE),
            reasons=True,
            remedy=REMEDY,
            burden=True,
        ),
        *(
            Step(
                "withdraw",
                "撤回",
                "社区矫正法23条",
                PERSON,
                state,
                "withdrawn",
                kind=Kind.WITHDRAW,
                mark="reading",
            )
            for state in ("applied", "granted")
        ),
        Step(
            "report_back",
            "报告会客情况",
            "社区矫正法23条",
            PERSON,
            "granted",
            "closed",
            asks=(Ask("went", "会客情况", "text"),),
            mark="reading",
        ),
        Step(
            "lapse",
            "会客日期已过",
            "社区矫正法23条",
            CLOCK,
            "granted",
            "closed",
            kind=Kind.CLOCK,
            due=on_day("visit_on"),
            mark="reading",
        ),
        correct("社区矫正法23条"),
    ),
    notes=(
        "哪些会客需要批准，由会客规定确定（文本未取得）；不需要批准的会客不受本表限制（社区矫正法34条）。",
        "法律没有规定决定的期限，表中为内部目标。",
    ),
)

EDITIONS = (VISITOR_2020,)
