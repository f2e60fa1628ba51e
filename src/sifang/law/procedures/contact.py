"""接触特定人员: victims, accusers, informants; accomplices who may lead to reoffending, P-CONTACT.

Approved by the county agency itself, before the contact. A contact without approval is a question first.

Sources: 办法25条 (recalled); 社区矫正法34条; 办法40条.
"""

from datetime import date

from sifang.law.procedure import Ask, Kind, Procedure, Step, day, on_day, target
from sifang.law.procedures.daily import (
    BREACH_FINAL,
    BREACH_STATES,
    CLOCK,
    COPY_PROCURATORATE,
    COUNTY,
    HEARD,
    PERSON,
    QUESTIONED,
    REMEDY,
    breach_rows,
    correct,
    tell_person,
)

WHOM = (
    ("victim", "被害人"),
    ("accuser", "控告人"),
    ("informant", "举报人"),
    ("accomplice", "同案犯"),
    ("other", "其他可能诱发再犯罪的人"),
)

CONTACT_2020 = Procedure(
    name="contact",
    code="P-CONTACT",
    title="接触特定人员",
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
        **BREACH_STATES,
    },
    final=frozenset({"closed", "refused", "withdrawn"}) | BREACH_FINAL,
    facts=(QUESTIONED, HEARD),
    steps=(
        Step(
            "apply",
            "申请接触特定人员",
            "办法25条",
            PERSON,
            "draft",
            "applied",
            asks=(
                Ask("role", "对方身份", "choice", choices=WHOM),
                Ask("who", "对方姓名", "text"),
                Ask("purpose", "理由", "long", help="如赔偿、道歉、和解、诉讼、家庭事务"),
                Ask("place", "方式、时间、地点", "long"),
                Ask("agreed", "对方是否愿意", "text", required=False),
                Ask("contact_on", "自", "date", until="until_on"),
                Ask("until_on", "至", "date", after="contact_on"),
            ),
            sets=(day("applied_on"),),
            documents=("contact_form",),
        ),
        Step(
            "approve",
            "批准接触",
            "办法25条",
            COUNTY,
            "applied",
            "granted",
            due=target(5, "day", "applied_on"),
            asks=(Ask("limits", "方式和范围", "text", required=False),),
            sets=(day("decided_on"),),
            documents=("contact_form",),
            duties=(tell_person("办法25条"), COPY_PROCURATORATE),
            help="顾及对方意愿和安全",
        ),
        Step(
            "refuse",
            "不予批准接触",
            "办法25条",
            COUNTY,
            "applied",
            "refused",
            sets=(day("decided_on"),),
            documents=("contact_form",),
            duties=(tell_person("办法25条"), COPY_PROCURATORATE),
            reasons=True,
            remedy=REMEDY,
            burden=True,
        ),
        *(
            Step(
                "withdraw", "撤回", "办法25条", PERSON, state, "withdrawn", kind=Kind.WITHDRAW, mark="reading"
            )
            for state in ("applied", "granted")
        ),
        Step(
            "report_back",
            "报告接触情况",
            "办法24条1款",
            PERSON,
            "granted",
            "closed",
            asks=(Ask("went", "接触情况", "long"),),
            documents=("contact_record",),
            mark="reading",
        ),
        Step(
            "lapse",
            "批准期限届满",
            "办法25条",
            CLOCK,
            "granted",
            "closed",
            kind=Kind.CLOCK,
            due=on_day("until_on"),
            mark="reading",
        ),
        *breach_rows("未经批准接触特定人员", "办法25条"),
        correct("办法25条"),
    ),
    notes=(
        "批准权在县级社区矫正机构（办法25条，待核）；法律没有规定决定的期限，表中为内部目标。",
        "线索先核实、听取本人说明；查实只是记录，处罚另行决定。",
    ),
)

EDITIONS = (CONTACT_2020,)
