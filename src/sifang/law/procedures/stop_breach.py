"""制止正在实施的违法行为: stop it at once; if that fails, the police are called to attend, P-STOP.

Sources: 社区矫正法31条; 办法7条 (recalled).
"""

from datetime import date

from sifang.law.procedure import SAME, Ask, Duty, Procedure, Step, day, instant, target
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

LOG = Duty("抄送现场处置记录", "社区矫正法8条", PROCURATORATE, mark="reading")
KINDS = (
    ("prohibition", "违反禁止令"),
    ("absence", "未经批准离开"),
    ("rules", "违反监督管理规定"),
    ("offence", "其他违法行为"),
)

STOP_2020 = Procedure(
    name="stop_breach",
    code="P-STOP",
    title="制止正在实施的违法行为",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "未发现",
        "stopping": "正在制止",
        "calling": "已通知公安机关到场",
        "attended": "公安机关已到场处置",
        "questioned": "已制止，待核实",
        "established": "已查实",
        "cleared": "查否",
    },
    final=frozenset({"established", "cleared"}),
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
                Ask("kind", "行为", "choice", choices=KINDS),
                Ask("where", "地点", "text"),
                Ask("seen", "发现经过和制止方式", "long"),
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
        *(row for row in breach_rows("违法行为", "社区矫正法31条") if row.frm == "questioned"),
        correct("社区矫正法31条"),
    ),
    notes=(
        "「立即」法律没有规定数字；表中一小时是内部目标。",
        "现场处置记录抄送检察院是我方理解；处罚由有权机关另行决定。",
    ),
)

EDITIONS = (STOP_2020,)
