"""解除和终止: before the end, release on the day, pardon, termination, P-END-1 … 4.

The day of the end is never moved for a holiday and nothing is asked before release: no row of it has a
condition, a required answer or an open dispatch. `not_before` alone keeps it from coming too early. What
nobody released at 24:00 of the last day, the clock ends: measures stop by themselves (E2), the certificate
stays owed and the procuratorate sees it.

Leaves for others: `ended_on` (day on which supervision ended), `end_kind` = released | expired | pardoned |
revoked | recalled | died. What follows after the end stands in `minor` (sealing) and `exit_control`.

Sources: 社区矫正法44条, 45条, 51条; 办法53条, 54条 (recalled); 刑法40条, 76条, 85条; 监狱法48条;
暂予监外执行规定27条, 28条.
"""

from datetime import date

from sifang.law.conditions import Fact
from sifang.law.procedure import (
    ANY,
    CONTROL,
    OUTSIDE_PRISON,
    PAROLE,
    PROBATION,
    SAME,
    Actor,
    Ask,
    Duty,
    Kind,
    Procedure,
    Step,
    by_rule,
    copy,
    day,
    on_day,
    put,
    target,
)

PERSON, COUNTY, DECIDER, CLOCK = Actor.PERSON, Actor.COUNTY, Actor.DECIDER, Actor.CLOCK
PROCURATORATE, POLICE, CUSTODY = Actor.PROCURATORATE, Actor.POLICE, Actor.CUSTODY

TERM_END = Fact("term_end", "矫正期满日", source="case")
MINOR = Fact("minor", "未成年人身份", source="case")
APPROVED_BY = Fact("approved_by", "暂予监外执行的决定、批准机关", source="case")
SUMMARY = Fact("summary_on", "个人总结")
EVALUATION = Fact("evaluation_on", "书面鉴定")
LINKED = Fact("resettlement_on", "安置帮教衔接")
WRITTEN = Fact("custody_written_on", "致监狱、看守所的通知")
DISCHARGED = Fact("discharged_on", "刑满释放手续")
ANNOUNCED = Fact("end_announced_on", "解除矫正宣告")
CALLED = Fact("end_guardian_called", "通知监护人到场的记录（或者不能通知的原因）")
TYPE = Fact("type", "矫正类别", source="case")
BY_PRISON_OR_POLICE = APPROVED_BY.is_not("court", "人民法院")
PREPARE = by_rule("end.prepare", "term_end")

CERTIFICATE = Duty("发给解除社区矫正证明书", "社区矫正法44条", PERSON)
NOTICES = (
    CERTIFICATE,
    Duty("书面通知", "社区矫正法44条、办法53条3款", DECIDER),
    Duty("抄送", "社区矫正法44条、办法53条3款", PROCURATORATE),
    Duty("抄送", "社区矫正法44条、办法53条3款", POLICE),
)
# Owed by prison or detention centre; it never keeps the release waiting.
DISCHARGE_AWAITED = Duty(
    "抄送刑满释放证明书",
    "监狱法48条",
    PROCURATORATE,
    given=TYPE.is_(OUTSIDE_PRISON, "暂予监外执行") & BY_PRISON_OR_POLICE & DISCHARGED.unknown(),
    by=CUSTODY,
    awaited=True,
)
PAPERS = ("release_certificate", "release_notice")
TERMINATED = (
    Duty("通知终止", "社区矫正法45条", PROCURATORATE, mark="reading"),
    Duty("通知终止", "社区矫正法45条", POLICE, mark="reading"),
)
DOCUMENT_NO = Ask("document_no", "文书名称和文号", help="依据的是其他机关的文书，本机构只登记")
IN_FORCE = Ask("document_on", "生效日期", "date")


def _release(frm: str, title: str, *, hint: str) -> Step:
    return Step(
        "release", title, "社区矫正法44条、办法53条", COUNTY, frm, "released",
        due=on_day("term_end"), not_before="term_end", documents=PAPERS,
        duties=(*NOTICES, DISCHARGE_AWAITED),
        sets=(
            day("released_on"),
            *((day("ended_on"), put("end_kind", "released")) if frm == "running" else ()),
        ),
        closes=(ANY,), help=hint,
    )  # fmt: skip


def _end(name: str, title: str, article: str, *, kind: str, types: tuple[str, ...], hint: str) -> Step:
    """Corrections end by another body's decision, on the day from which it has effect."""
    return Step(
        name, title, article, COUNTY, ANY, "terminated", types=types, asks=(DOCUMENT_NO, IN_FORCE),
        documents=("termination_notice",), duties=TERMINATED, closes=(ANY,), help=hint,
        sets=(copy("ended_on", "document_on"), put("end_kind", kind)),
    )  # fmt: skip


ENDING_2020 = Procedure(
    name="ending",
    code="P-END-1…5",
    title="解除和终止",
    edition=date(2020, 7, 1),
    start="running",
    pauses=False,
    outlives=True,
    states={
        "running": "矫正中",
        "expired": "期满，措施已停止，证明书待发",
        "released": "已解除",
        "terminated": "已终止",
    },
    final=frozenset({"released", "terminated"}),
    facts=(TERM_END, MINOR, APPROVED_BY, TYPE),
    steps=(
        # ---- 一、期满以前（P-END-1） --------------------------------------------------------------------
        Step(
            "summary",
            "作出个人总结",
            "办法53条2款",
            PERSON,
            "running",
            SAME,
            given=SUMMARY.unknown(),
            due=PREPARE,
            asks=(Ask("summary", "总结", "long"),),
            documents=("personal_summary",),
            sets=(day("summary_on"),),
            help="一般应当在期满三十日前；迟交不影响解除",
        ),
        Step(
            "evaluate",
            "作出书面鉴定",
            "办法53条2款",
            COUNTY,
            "running",
            SAME,
            given=EVALUATION.unknown(),
            due=PREPARE,
            asks=(Ask("evaluation", "鉴定意见", "long"),),
            documents=("final_evaluation",),
            sets=(day("evaluation_on"),),
        ),
        Step(
            "link_resettlement",
            "与安置帮教工作部门衔接",
            "办法53条2款",
            COUNTY,
            "running",
            SAME,
            given=LINKED.unknown(),
            due=PREPARE,
            asks=(Ask("needs", "需要继续帮扶的事项", "long"),),
            documents=("resettlement_letter",),
            duties=(Duty("衔接", "办法53条2款", Actor.HELPER),),
            sets=(day("resettlement_on"),),
            help="只写帮扶所需；未成年人的身份信息保密（社区矫正法54条）",
        ),
        Step(
            "write_custody",
            "书面通知监狱、看守所办理刑满释放手续",
            "暂予监外执行规定27条、办法53条4款",
            COUNTY,
            "running",
            SAME,
            given=BY_PRISON_OR_POLICE & WRITTEN.unknown(),
            due=on_day("term_end"),
            types=(OUTSIDE_PRISON,),
            duties=(Duty("书面通知", "暂予监外执行规定27条", CUSTODY),),
            sets=(day("custody_written_on"),),
            help="期满前一个月以内（条号为约数）",
        ),
        Step(
            "discharge",
            "办理刑满释放手续，发给刑满释放证明书",
            "监狱法48条、公安程序规定303条、办法53条4款",
            CUSTODY,
            ANY,
            SAME,
            given=BY_PRISON_OR_POLICE & DISCHARGED.unknown(),
            due=on_day("term_end"),
            not_before="term_end",
            types=(OUTSIDE_PRISON,),
            asks=(Ask("discharge_no", "刑满释放证明书文号"),),
            duties=(
                Duty("发给刑满释放证明书", "监狱法48条", PERSON),
                Duty("抄送", "监狱法48条", PROCURATORATE),
                Duty("告知", "办法53条4款", COUNTY, mark="reading"),
            ),
            sets=(day("discharged_on"),),
        ),
        # ---- 二、解矫宣告（可以组织） --------------------------------------------------------------------
        Step(
            "call_guardian",
            "通知监护人到场",
            "办法55条2款",
            COUNTY,
            ANY,
            SAME,
            given=MINOR.known() & CALLED.unknown(),
            asks=(Ask("guardian", "监护人，或者不能通知的原因"),),
            duties=(Duty("通知到场", "办法55条2款", Actor.GUARDIAN),),
            delegable="announce",
            sets=(put("end_guardian_called", value=True),),
        ),
        *(
            Step(
                "announce",
                title,
                article,
                COUNTY,
                ANY,
                SAME,
                given=given & ANNOUNCED.unknown(),
                not_before="term_end",
                asks=(Ask("attended", "到场的矫正小组成员和其他人员", "people", required=False),),
                documents=("release_announcement",),
                delegable="announce",
                sets=(day("end_announced_on"),),
                help="可以组织，不是解除的条件。宣读鉴定意见，宣布期满依法解除",
            )
            for title, article, given in (
                ("解除矫正宣告", "办法54条", MINOR.unknown()),
                ("解除矫正宣告（不公开）", "办法54条、办法55条2款", MINOR.known() & CALLED.known()),
            )
        ),
        # ---- 三、期满解除（P-END-2） --------------------------------------------------------------------
        _release(
            "running",
            "期满解除社区矫正",
            hint="期满当日办理，遇休息日不顺延；监督管理措施、电子定位当日停止，出境报备当日撤销",
        ),
        Step(
            "expire",
            "期满，监督管理措施自动停止",
            "社区矫正法44条、社区矫正法34条",
            CLOCK,
            "running",
            "expired",
            due=on_day("term_end"),
            kind=Kind.CLOCK,
            duties=(
                Duty("提示：期满未解除", "检察规则643条", PROCURATORATE, by=COUNTY, mark="reading"),
                Duty("提示立即办理", "社区矫正法44条", COUNTY, mark="reading"),
            ),
            sets=(copy("ended_on", "term_end"), put("end_kind", "expired")),
            closes=(ANY,),
            alarm=True,
        ),
        _release("expired", "补办解除手续", hint="措施已于期满时停止；证明书和通知逾期，应当立即补发"),
        # ---- 四、赦免（P-END-3） ------------------------------------------------------------------------
        Step(
            "pardon",
            "赦免解除",
            "社区矫正法44条、办法53条5款",
            COUNTY,
            "running",
            "released",
            asks=(Ask("document_no", "赦免文书名称和文号"), IN_FORCE),
            documents=PAPERS,
            duties=NOTICES,
            sets=(day("released_on"), day("ended_on"), put("end_kind", "pardoned")),
            closes=(ANY,),
            help="收到赦免文书即办",
        ),
        # ---- 五、终止（P-END-4） ------------------------------------------------------------------------
        _end(
            "revoke",
            "因撤销缓刑、假释终止",
            "社区矫正法45条、46条、刑诉法解释545条",
            kind="revoked",
            types=(PROBATION, PAROLE),
            hint="只登记人民法院生效裁定；裁定不撤销的，不终止",
        ),
        _end(
            "recall",
            "因收监执行终止",
            "社区矫正法45条、49条",
            kind="recalled",
            types=(OUTSIDE_PRISON,),
            hint="只登记决定机关的收监执行决定",
        ),
        Step(
            "report_death",
            "监护人、家庭成员报告死亡",
            "社区矫正法51条",
            Actor.GUARDIAN,
            "running",
            SAME,
            given=Fact("death_reported_on", "死亡报告").unknown(),
            asks=(Ask("died_on", "死亡日期", "date"),),
            duties=(Duty("报告", "社区矫正法51条", COUNTY),),
            sets=(day("death_reported_on"),),
        ),
        *(
            Step(
                "death",
                "因死亡终止",
                f"社区矫正法45条、51条{more}",
                COUNTY,
                "running",
                "terminated",
                due=target(24, "hour", "death_reported_on"),
                types=types,
                asks=(
                    Ask("died_on", "死亡日期", "date"),
                    Ask("document_no", "死亡证明材料"),
                    Ask("cause", "死亡原因", help="非正常死亡的，同时按突发事件报告（办法52条）"),
                ),
                documents=("termination_notice",),
                duties=(
                    Duty("通知", "社区矫正法51条", DECIDER, due),
                    Duty("通知，并抄送死亡证明材料" if due else "通知", "社区矫正法51条", PROCURATORATE, due),
                    Duty("通知", "社区矫正法51条", POLICE),
                ),
                sets=(copy("ended_on", "died_on"), put("end_kind", "died")),
                closes=(ANY,),
            )
            for types, more, due in (
                ((CONTROL, PROBATION, PAROLE), "", None),
                (
                    (OUTSIDE_PRISON,),
                    "、监狱法48条、暂予监外执行规定28条",
                    target(5, "day", "died_on", "recalled"),
                ),
            )
        ),
    ),
    notes=(
        "期满当日解除，休息日也不顺延（我方理解）；没有任何送达、总结、鉴定或者宣告是解除的条件。",
        "期满日二十四时仍未办理的，监督管理措施自动停止（E2）；未发证明书的，提请人民检察院注意。",
        "宣告的内容：管制，执行期满，解除管制（刑法40条）；缓刑，考验期满，原判刑罚不再执行（刑法76条）。",
        "假释，考验期满，视为原判刑罚已经执行完毕（刑法85条）；暂予监外执行，刑期届满，另办刑满释放。",
        "期满时正在提请撤销、收监或者被羁押的：司办通〔2021〕94号原文未得（PROCEDURES第8节第5点）。",
        "此时监督管理措施一律停止；只有证明书的发放可以由指名的人书面决定，该程序以后办理。",
        "解除以后不再收集信息；未成年人的犯罪记录当日封存（见“未成年人特别程序”）；保存期限依个人信息保护法19条、47条。",
        "三十日的总结、鉴定出自办法53条，待核；是一般要求。",
        "撤销、收监、减刑各有自己的程序，此处只登记其他机关的生效文书。",
    ),
)

EDITIONS = (ENDING_2020,)
