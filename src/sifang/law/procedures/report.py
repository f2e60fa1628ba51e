"""定期报告: the person reports on conduct, study and activity, P-REP.

The law gives no period; a month is common practice and a target of the house (本市做法), never law. What
is at once to be told (home, work, family, harmful contacts) is told at once. A report that does not come
is a question first (E24): excused or not, a named officer decides.

Sources: 社区矫正法23条; 办法24条1款 (部分有旁证); 刑法39条, 75条, 84条.
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    ANY,
    SAME,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    day,
    instant,
    plus,
    put,
    target,
)
from sifang.law.procedures.daily import (
    CLOCK,
    COUNTY,
    DAILY,
    HAS_PROHIBITION,
    OFFICE,
    PERSON,
    REMEDY,
    correct,
    tell_person,
)

OPENED = Fact("opened_on", "开始日期")
CHANGE = Fact("change_at", "待核实的变动报告")

CONDUCT = (
    Ask("conduct", "遵纪守法、接受监督管理情况", "long", article="办法24条1款"),
    Ask("study", "参加教育学习、公益活动和社会活动情况", "long", article="办法24条1款"),
    Ask("living", "居所、工作、家庭有无变化", "text", required=False),
)
OBSERVANCE = Ask("observance", "遵守禁止令的情况", "long", article="办法24条1款")
CHANGES = (
    ("home", "居所变化"),
    ("work", "工作变动"),
    ("family", "家庭重大变故"),
    ("contact", "接触可能产生不利影响的人员"),
    ("other", "其他"),
)
# (state, its next, the fact from which the month is counted)
FROM = (("first", "running", "opened_on"), ("running", SAME, "last_report"), ("missed", "running", ""))


def _report(state: str, to: str, since: str, *, prohibition: bool) -> Step:
    given: Condition = HAS_PROHIBITION.known() if prohibition else HAS_PROHIBITION.unknown()
    late = () if since else (Ask("late_reason", "未按期报告的原因", "long"),)
    return Step(
        "file",
        ("定期报告，并报告遵守禁止令情况" if prohibition else "定期报告") + ("" if since else "（补报）"),
        "办法24条1款",
        PERSON,
        state,
        to,
        given=given,
        due=target(1, "month", since) if since else None,
        asks=(*CONDUCT, *((OBSERVANCE,) if prohibition else ()), *late),
        sets=(day("last_report"),),
        documents=("contact_record",),
    )


def _miss(state: str, since: str) -> Step:
    return Step(
        "miss",
        "逾期未报告，提示核实",
        "社区矫正法26条1款",
        CLOCK,
        state,
        "missed",
        due=target(1, "month", since),
        sets=(instant("missed_at"),),
        kind=Kind.CLOCK,
        duties=(Duty("提示核实", "社区矫正法26条1款", OFFICE, mark="local"),),
        alarm=True,
        mark="local",
    )


def _change(*, first: bool) -> Step:
    """Told at once; a second change before the first was checked does not put the check off."""
    return Step(
        "report_change",
        "及时报告变动" + ("" if first else "（前一变动核实期间）"),
        "办法24条1款",
        PERSON,
        ANY,
        SAME,
        given=CHANGE.unknown() if first else CHANGE.known(),
        asks=(
            Ask("change", "变动", "choice", choices=CHANGES),
            Ask("change_on", "发生日期", "date"),
            Ask("change_words", "具体情况", "long"),
        ),
        sets=(instant("change_at"),) if first else (),
        documents=("contact_record",),
        duties=(Duty("知悉并核实", "办法24条1款", OFFICE, mark="local"),),
    )


REPORT_2020 = Procedure(
    name="report",
    code="P-REP",
    title="定期报告",
    edition=date(2020, 7, 1),
    start="first",
    ends_with_case=True,
    states={"first": "待首次报告", "running": "按期报告中", "missed": "逾期未报告，待核实"},
    final=frozenset(),
    facts=(OPENED, HAS_PROHIBITION, CHANGE),
    steps=(
        *(_report(*one, prohibition=flag) for one in FROM for flag in (False, True)),
        # ---- 逾期 ----------------------------------------
        *(_miss(state, since) for state, _, since in FROM if since),
        Step(
            "excuse",
            "核实后认为有正当理由",
            "社区矫正法34条1款",
            COUNTY,
            "missed",
            "running",
            due=target(24, "hour", "missed_at"),
            asks=(Ask("means", "以哪些方式核实", "long"), Ask("excuse", "正当理由", "long")),
            sets=(day("last_report"),),
            documents=("contact_record",),
            delegable=DAILY,
        ),
        Step(
            "confirm_missed",
            "核实后确认无正当理由未报告",
            "社区矫正法26条1款",
            COUNTY,
            "missed",
            "running",
            asks=(
                Ask("means", "以哪些方式核实", "long", help="至少两种方式（E24）"),
                Ask("statement", "本人说明", "long"),
            ),
            sets=(day("last_report"), day("missed_on"), plus("times_missed")),
            documents=("contact_record",),
            duties=(tell_person("社区矫正法34条1款", "告知核实结果"),),
            reasons=True,
            remedy=REMEDY,
            burden=True,
            help="只记录事实；训诫、警告由县级社区矫正机构另行决定（办法34条、办法35条）",
        ),
        # ---- 及时报告 ----------------------------------------
        _change(first=True),
        _change(first=False),
        Step(
            "note_change",
            "核实变动报告",
            "办法23条",
            COUNTY,
            ANY,
            SAME,
            given=CHANGE.known(),
            due=target(3, "day", "change_at"),
            asks=(
                Ask("change_found", "核实情况", "long"),
                Ask("consequence", "需要办理的事项", "text", required=False, help="如变更执行地、调整方案"),
            ),
            sets=(put("change_at", ""),),
            documents=("contact_record",),
            delegable=DAILY,
        ),
        correct("办法24条1款"),
    ),
    notes=(
        "法律没有规定定期报告的周期；每月一次是通行做法，在此作为内部目标，不是法定期限。",
        "报告由本人作出；纸质或者口头报告可以由司法所工作人员代为登记。",
        "逾期未报告先核实（E24），有正当理由的予以认可；本表不作处罚。",
    ),
)

EDITIONS = (REPORT_2020,)
