"""违法行为的制止、查实和登记: stop it at once; if that fails, the police are called to attend, P-STOP.

What was stopped, and what was noticed only afterwards, is checked and established or cleared. Decisions that
other procedures or other bodies made (a warning, a public-security penalty, the resolve to propose) are
registered with number and date. Either leaves the record on which 社区矫正法29条1款 rests: a proceeding in
the state `established` or `registered` whose fact `kind` is the ground's name (order_breach, absence,
report_refusal, penalty, intended).

Sources: 社区矫正法28条, 31条; 办法7条, 34条 to 36条, 40条.
"""

from dataclasses import replace
from datetime import date

from sifang.law.procedure import (
    CONTROL,
    OUTSIDE_PRISON,
    PAROLE,
    PROBATION,
    SAME,
    Ask,
    Duty,
    Procedure,
    Step,
    day,
    instant,
    put,
    target,
)
from sifang.law.procedures.daily import (
    COUNTY,
    DAILY,
    HEARD,
    POLICE,
    PROCURATORATE,
    QUESTIONED,
    breach_rows,
    correct,
)

LOG = Duty("抄送记录", "社区矫正法8条", PROCURATORATE, mark="reading")
KINDS = (
    ("order_breach", "违反禁止令"),
    ("absence", "无正当理由，未经批准离开所居住的市、县"),
    ("rules", "违反监督管理规定"),
    ("offence", "其他违法行为"),
)

# kind of the record, name of the step, title, article, types: decisions made elsewhere
DECISIONS = (
    (
        "report_refusal",
        "register_warning",
        "登记因拒不报告活动情况给予的警告决定",
        "社区矫正法28条1款；办法35条",
        (CONTROL, PROBATION, PAROLE, OUTSIDE_PRISON),
    ),
    (
        "penalty",
        "register_penalty",
        "登记违反监督管理规定的治安管理处罚决定",
        "社区矫正法28条1款；办法36条；治安管理处罚法72条",
        (CONTROL, PROBATION, OUTSIDE_PRISON),
    ),
    (
        "intended",
        "register_intended",
        "登记拟提请撤销缓刑、假释或者收监执行的集体研究决定",
        "社区矫正法28条1款；办法40条2款",
        (PROBATION, PAROLE, OUTSIDE_PRISON),
    ),
)


def _register(kind: str, name: str, title: str, article: str, types: tuple[str, ...]) -> Step:
    return Step(
        name,
        title,
        article,
        COUNTY,
        "draft",
        "registered",
        asks=(
            Ask("decision_no", "文书名称和文号", "text"),
            Ask("decided_by", "作出机关", "text"),
            Ask("decision_on", "作出日期", "date"),
            Ask("facts_found", "认定的事实", "long"),
        ),
        sets=(put("kind", kind), day("registered_on")),
        duties=(LOG,),
        types=types,
        mark="reading",
        help="只登记已经作出的决定，本身不产生任何后果",
    )


NOTED, *CHECKED = breach_rows("违法行为", "社区矫正法31条；办法40条1款")
KIND = Ask("kind", "行为", "choice", choices=KINDS)

STOP_2020 = Procedure(
    name="stop_breach",
    code="P-STOP",
    title="违法行为的制止、查实和登记",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "未发现",
        "stopping": "正在制止",
        "calling": "已通知公安机关到场",
        "attended": "公安机关已到场处置",
        "questioned": "待核实",
        "established": "已查实",
        "cleared": "查否",
        "registered": "已登记",
    },
    final=frozenset({"established", "cleared", "registered"}),
    facts=(QUESTIONED, HEARD),
    steps=(
        Step(
            "stop",
            "发现正在实施违法行为，立即制止",
            "社区矫正法31条",
            COUNTY,
            "draft",
            "stopping",
            asks=(
                KIND,
                Ask("where", "地点", "text"),
                Ask("noted", "发现经过和制止方式", "long"),
            ),
            sets=(instant("stop_at"),),
            documents=("stop_record",),
            delegable=DAILY,
            burden=True,
            alarm=True,
        ),
        Step(
            "stopped",
            "制止有效",
            "社区矫正法31条",
            COUNTY,
            "stopping",
            "questioned",
            due=target(1, "hour", "stop_at"),
            asks=(Ask("outcome", "结果", "long"),),
            sets=(instant("questioned_at"),),
            documents=("stop_record",),
            duties=(LOG,),
            delegable=DAILY,
        ),
        Step(
            "call_police",
            "制止无效，立即通知公安机关到场",
            "社区矫正法31条；办法7条4项",
            COUNTY,
            "stopping",
            "calling",
            asks=(Ask("called", "通知的单位、时间和方式", "text"),),
            sets=(instant("called_at"),),
            documents=("stop_record",),
            duties=(Duty("到场处置", "社区矫正法31条", POLICE, document="stop_record"), LOG),
            delegable=DAILY,
            alarm=True,
        ),
        Step(
            "attend",
            "到场处置",
            "社区矫正法31条；办法7条4项",
            POLICE,
            "calling",
            "attended",
            due=target(1, "hour", "called_at"),
            asks=(Ask("handled", "处置情况", "long"),),
            sets=(instant("attended_at"),),
            duties=(Duty("告知处置情况", "社区矫正法31条", COUNTY),),
        ),
        Step(
            "note_attended",
            "登记公安机关到场处置情况",
            "社区矫正法31条",
            COUNTY,
            "calling",
            "attended",
            asks=(Ask("handled", "处置情况", "long"),),
            sets=(instant("attended_at"),),
            documents=("stop_record",),
            delegable=DAILY,
        ),
        Step(
            "call_again",
            "再次通知公安机关",
            "社区矫正法31条",
            COUNTY,
            "calling",
            SAME,
            sets=(instant("called_at"),),
            duties=(Duty("到场处置", "社区矫正法31条", POLICE),),
            delegable=DAILY,
        ),
        Step(
            "to_check",
            "转入核实",
            "办法40条1款",
            COUNTY,
            "attended",
            "questioned",
            due=target(1, "day", "attended_at"),
            sets=(instant("questioned_at"), day("to_check_on")),
            duties=(LOG,),
            delegable=DAILY,
        ),
        # ---- 事后发现的，和查实 ----------------------------------------
        replace(NOTED, title="事后发现违法行为的线索", asks=(KIND, *NOTED.asks)),
        *CHECKED,
        # ---- 登记已经作出的决定 ----------------------------------------
        *(_register(*one) for one in DECISIONS),
        correct("社区矫正法31条"),
    ),
    notes=(
        "假释不登记治安管理处罚（治安管理处罚法72条4项未列，我方理解）；管制没有拟提请撤销、收监的情形。",
        "「立即」法律没有规定数字；表中一小时是内部目标。",
        "现场处置记录抄送检察院是我方理解；处罚由有权机关另行决定。",
    ),
)

EDITIONS = (STOP_2020,)
