"""出境限制报备: filed on reception, withdrawn on the day of the end, P-EXIT, E20.

`exit_exempt` (provider) = the county's configuration, signed off by counsel, says that persons on probation
are not filed; unknown means that they are. The validity of a filing is configuration, too: an older rule let
filings lapse (the text of 国移民公〔2021〕420号 was not obtained).

Sources: 出境入境管理法12条, 65条; 护照法13条; 办法7条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    CONTROL,
    OUTSIDE_PRISON,
    PAROLE,
    PROBATION,
    SAME,
    Actor,
    Ask,
    Due,
    Duty,
    Kind,
    Procedure,
    Step,
    day,
    on_day,
    put,
    target,
)

COUNTY, EXIT_ENTRY, CLOCK = Actor.COUNTY, Actor.EXIT_ENTRY, Actor.CLOCK
PROCURATORATE, PERSON = Actor.PROCURATORATE, Actor.PERSON
SERVING = (CONTROL, PAROLE, OUTSIDE_PRISON)

OPENED = Fact("opened_on", "接收日")
TERM_END = Fact("term_end", "矫正期满日", source="case")
ENDED = Fact("ended_on", "矫正结束的记录", source="of:ending:ended_on")
END_KIND = Fact("end_kind", "结束方式", source="of:ending:end_kind")
EXEMPT = Fact("exit_exempt", "本地经法律确认缓刑不报备的配置", source="ask:exit_exempt")
VALID = Fact("valid_until", "报备有效期")
OVERDUE = Fact("withdrawal_overdue", "逾期未撤销的提示")

VALIDITY = Ask("valid_until", "报备有效期至", "date", required=False, help="当地有有效期的填写；届满前须续报")
FILE_DUTIES = (
    Duty("报备", "出境入境管理法65条、办法7条", EXIT_ENTRY),
    Duty("告知不得出境", "出境入境管理法12条", PERSON, mark="reading"),
)
WITHDRAW_DUTIES = (
    Duty("撤销报备", "出境入境管理法65条", EXIT_ENTRY),
    Duty("告知报备已撤销", "出境入境管理法65条", PERSON, mark="reading"),
)
# The sentence ended, or there is nobody left to keep in the country.
OVER: tuple[tuple[Condition, Due, str], ...] = (
    (ENDED.unknown(), on_day("term_end"), "term_end"),
    (
        ENDED.known() & END_KIND.is_not("revoked", "撤销") & END_KIND.is_not("recalled", "收监"),
        on_day("ended_on"),
        "",
    ),
)


def _file(types: tuple[str, ...], article: str, given: Condition, mark: str) -> Step:
    return Step(
        "file", "报备不准出境", article, COUNTY, "pending", "filed", given=given,
        due=target(1, "workday", "opened_on"), types=types, mark=mark,
        documents=("exit_filing",), duties=FILE_DUTIES, asks=(VALIDITY,), sets=(day("filed_on"),),
        burden=True,
    )  # fmt: skip


EXIT_CONTROL_2020 = Procedure(
    name="exit_control",
    code="P-EXIT",
    title="出境限制报备",
    edition=date(2020, 7, 1),
    start="pending",
    outlives=True,
    pauses=False,
    states={
        "pending": "待报备",
        "filed": "已报备",
        "withdrawn": "已撤销",
        "not_filed": "不报备",
        "handed_over": "已移交执行机关",
    },
    final=frozenset({"withdrawn", "not_filed", "handed_over"}),
    facts=(OPENED, TERM_END, ENDED, END_KIND, EXEMPT),
    steps=(
        _file(SERVING, "出境入境管理法12条、65条、护照法13条", ENDED.unknown(), ""),
        _file((PROBATION,), "出境入境管理法12条、65条", EXEMPT.unknown() & ENDED.unknown(), "reading"),
        Step(
            "exempt",
            "缓刑不报备",
            "出境入境管理法12条",
            COUNTY,
            "pending",
            "not_filed",
            given=EXEMPT.known(),
            due=target(1, "workday", "opened_on"),
            types=(PROBATION,),
            mark="reading",
        ),
        Step(
            "not_needed",
            "矫正已结束，不再报备",
            "出境入境管理法65条",
            COUNTY,
            "pending",
            "not_filed",
            given=ENDED.known(),
            mark="reading",
        ),
        Step(
            "renew",
            "续报",
            "出境入境管理法65条",
            COUNTY,
            "filed",
            SAME,
            given=VALID.known() & ENDED.unknown(),
            due=on_day("valid_until"),
            asks=(Ask("valid_until", "新的有效期至", "date", until="term_end"),),
            documents=("exit_filing",),
            duties=FILE_DUTIES,
            sets=(day("renewed_on"),),
            burden=True,
            mark="reading",
        ),
        Step(
            "correct",
            "更正报备内容",
            "出境入境管理法65条",
            COUNTY,
            "filed",
            SAME,
            asks=(Ask("correction", "更正的内容", "long"),),
            duties=(Duty("更正报备", "出境入境管理法65条", EXIT_ENTRY),),
            documents=("exit_filing",),
            kind=Kind.CORRECT,
            mark="reading",
        ),
        *(
            Step(
                "withdraw",
                "撤销报备",
                "出境入境管理法65条",
                COUNTY,
                "filed",
                "withdrawn",
                given=given,
                due=due,
                not_before=first,
                documents=("exit_withdrawal",),
                duties=WITHDRAW_DUTIES,
                sets=(day("withdrawn_on"),),
                kind=Kind.WITHDRAW,
                help="期满、解除当日撤销；逾期即侵犯出境的权利",
            )
            for given, due, first in OVER
        ),
        *(
            Step(
                "withdraw_late",
                "逾期未撤销报备",
                "出境入境管理法65条、社区矫正法34条",
                CLOCK,
                "filed",
                SAME,
                given=given & OVERDUE.unknown(),
                due=due,
                kind=Kind.CLOCK,
                duties=(
                    Duty(
                        "提示：逾期未撤销出境报备", "检察规则643条", PROCURATORATE, by=COUNTY, mark="reading"
                    ),
                    Duty("提示立即撤销", "出境入境管理法65条", COUNTY, mark="reading"),
                ),
                sets=(put("withdrawal_overdue", value=True),),
                alarm=True,
            )
            for given, due, _ in OVER
        ),
        *(
            Step(
                "hand_over",
                "收监的，移交报备情况",
                "出境入境管理法12条、65条",
                COUNTY,
                "filed",
                "handed_over",
                given=END_KIND.is_(kind, words),
                due=target(1, "workday", "ended_on"),
                duties=(
                    Duty("告知执行机关变更", "出境入境管理法65条", EXIT_ENTRY, mark="reading"),
                    Duty("移交报备情况", "出境入境管理法65条", Actor.CUSTODY, mark="reading"),
                ),
                mark="reading",
                help="刑罚仍未执行完毕，不准出境的情形没有消失",
            )
            for kind, words in (("revoked", "撤销"), ("recalled", "收监"))
        ),
    ),
    notes=(
        "缓刑考验期是否“刑罚尚未执行完毕”，条文没有写明，由配置决定并须律师签字（PROCEDURES第8节第6点）。",
        "报备有效期出自旧规定的摘录（县三个月、市一年、省五年以内，最后一个月续报），420号原文未得，按配置处理。",
        "报备“及时”没有数字；一个工作日是内部目标。边控措施由公安机关、出入境管理机构执行（办法7条7项，待核）。",
        "撤销当日完成，不因休息日顺延（我方理解）；逾期未撤销的提请人民检察院注意（E20）。",
    ),
)

EDITIONS = (EXIT_CONTROL_2020,)
