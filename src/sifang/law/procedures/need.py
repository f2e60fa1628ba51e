"""帮扶需求: needs and referrals, answered by those who can help; of equal rank with supervision, P-EDU.

A need is raised by the person, the agency or the office; help is offered, or the person is referred to
somebody who can help, with the person's consent; the answer comes back. Declining has no consequence.
All clocks are targets of the house: the law names none.

Sources: 社区矫正法35条, 37条 to 41条, 43条; 办法45条 (recalled).
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
    day,
    plus,
    put,
    target,
)
from sifang.law.procedures.daily import COUNTY, HELP, HELPER, PERSON, REMEDY, correct, tell_person

CONSENT = Fact("consented_on", "本人对转介的同意")

KINDS = (
    ("work", "就业"),
    ("skills", "职业技能培训"),
    ("school", "就学、完成学业"),
    ("aid", "社会救助、临时救助"),
    ("insurance", "社会保险"),
    ("housing", "住房"),
    ("health", "就医、健康"),
    ("mind", "心理辅导"),
    ("legal", "法律援助"),
    ("family", "家庭和社会关系"),
    ("other", "其他"),
)
RAISED = (
    Ask("kind", "需求", "choice", choices=KINDS),
    Ask("words", "具体情况", "long"),
)
ANSWER = Duty("书面答复", "办法45条", COUNTY)
HELPED = Ask("help", "提供的帮助", "long")


def _raise(name: str, title: str, article: str, actor: Actor, *, delegable: str = "") -> Step:
    return Step(
        name,
        title,
        article,
        actor,
        "draft",
        "raised",
        asks=RAISED,
        sets=(day("raised_on"), put("consented_on", "")),
        duties=(Duty("知悉", "社区矫正法43条", COUNTY),) if actor is PERSON else (),
        delegable=delegable,
    )


def _answer(name: str, title: str, to: str, *, unable: bool) -> Step:
    return Step(
        name,
        title,
        "办法45条",
        HELPER,
        "referred",
        to,
        asks=(Ask("answered_by", "答复人和答复方式", "text"), Ask("answer", "答复", "long")),
        sets=(day("answered_on"), *((day("raised_on"),) if unable else ())),
        duties=(tell_person("社区矫正法43条", "告知答复"), ANSWER),
        due=None if unable else target(10, "day", "referred_on"),
        reasons=unable,
        remedy="可以转介其他单位；" + REMEDY if unable else "",
    )


NEED_2020 = Procedure(
    name="need",
    code="P-EDU（帮扶）",
    title="帮扶需求与转介",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "拟提出",
        "raised": "已提出，待回应",
        "offered": "正在帮助",
        "referred": "已转介，待答复",
        "answered": "已答复，正在落实",
        "done": "已办成",
        "declined": "本人不需要",
        "unmet": "确无办法，已说明",
    },
    final=frozenset({"done", "declined", "unmet"}),
    facts=(CONSENT,),
    steps=(
        _raise("raise", "提出帮扶需求", "社区矫正法3条；办法45条", COUNTY, delegable=HELP),
        _raise("raise_self", "本人提出帮扶需求", "社区矫正法43条", PERSON),
        # ---- 帮助、转介 ----------------------------------------
        Step(
            "offer",
            "直接提供帮助",
            "社区矫正法37条；办法45条",
            COUNTY,
            "raised",
            "offered",
            due=target(7, "day", "raised_on"),
            asks=(HELPED,),
            sets=(day("offered_on"),),
            documents=("contact_record",),
            duties=(tell_person("社区矫正法43条", "告知帮助内容"),),
            delegable=HELP,
        ),
        Step(
            "consent",
            "本人同意转介",
            "个人信息保护法34条",
            PERSON,
            "raised",
            SAME,
            given=CONSENT.unknown(),
            asks=(Ask("agreed_content", "同意告知对方的内容", "long", help="只告知办理所必需的情况"),),
            sets=(day("consented_on"),),
            mark="reading",
        ),
        Step(
            "refer",
            "转介有关部门、单位、组织",
            "社区矫正法37条、社区矫正法40条、社区矫正法43条；办法45条",
            COUNTY,
            "raised",
            "referred",
            given=CONSENT.known(),
            asks=(
                Ask(
                    "helper",
                    "转介单位",
                    "text",
                    help="人社、教育、民政、医保、住建、法律援助机构、社会组织等",
                ),
                Ask("asked", "请求协助的事项", "long"),
            ),
            sets=(day("referred_on"), plus("times_referred")),
            documents=("referral_letter",),
            duties=(Duty("转介", "办法45条", HELPER, document="referral_letter"),),
            delegable=HELP,
        ),
        # ---- 答复 ----------------------------------------
        _answer("answer", "答复：可以提供帮助", "answered", unable=False),
        _answer("cannot", "答复：不能提供帮助", "raised", unable=True),
        Step(
            "urge",
            "催询答复",
            "办法45条",
            COUNTY,
            "referred",
            SAME,
            sets=(plus("times_urged"),),
            duties=(Duty("催询", "办法45条", HELPER),),
            delegable=HELP,
            mark="local",
        ),
        Step(
            "take_back",
            "撤回转介，另行帮助",
            "办法45条",
            COUNTY,
            "referred",
            "raised",
            asks=(Ask("why_back", "原因", "text"),),
            sets=(day("raised_on"),),
            duties=(Duty("撤回转介", "办法45条", HELPER),),
            kind=Kind.WITHDRAW,
            delegable=HELP,
            mark="local",
        ),
        # ---- 落实 ----------------------------------------
        *(
            row
            for state, since in (("offered", "offered_on"), ("answered", "answered_on"))
            for row in (
                Step(
                    "milestone",
                    "记录进展",
                    "社区矫正法43条",
                    COUNTY,
                    state,
                    SAME,
                    asks=(Ask("milestone", "进展", "long", help="如已面试、已入职、已入学、已领取救助"),),
                    sets=(day("milestone_on"), plus("milestones")),
                    delegable=HELP,
                ),
                Step(
                    "finish",
                    "已办成",
                    "社区矫正法43条；办法45条",
                    COUNTY,
                    state,
                    "done",
                    due=target(1, "month", since),
                    asks=(Ask("result", "结果", "long"),),
                    sets=(day("done_on"),),
                    documents=("contact_record",),
                    delegable=HELP,
                ),
                Step(
                    "again",
                    "没有解决，重新回应",
                    "社区矫正法43条",
                    COUNTY,
                    state,
                    "raised",
                    asks=(Ask("why_again", "没有解决的原因", "text"),),
                    sets=(day("raised_on"),),
                    delegable=HELP,
                ),
            )
        ),
        *(
            Step(
                "decline",
                "本人表示不需要",
                "社区矫正法34条",
                PERSON,
                state,
                "declined",
                kind=Kind.WITHDRAW,
                sets=(day("declined_on"),),
                help="不需要帮助没有任何不利后果，不计入考核",
            )
            for state in ("raised", "offered", "referred", "answered")
        ),
        Step(
            "explain_unmet",
            "确无办法，书面说明",
            "社区矫正法43条",
            COUNTY,
            "raised",
            "unmet",
            asks=(Ask("tried", "已经尝试的途径", "long"),),
            sets=(day("unmet_on"),),
            duties=(tell_person("社区矫正法43条", "书面说明"),),
            reasons=True,
            remedy="可以随时再次提出，也可以自行向有关部门申请；" + REMEDY,
        ),
        correct("办法45条"),
    ),
    notes=(
        "帮扶与监督管理同等重要（社区矫正法3条）；法律没有规定办理期限，表中期限都是内部目标。",
        "转介须经本人同意，只告知办理所必需的情况（我方理解）。",
        "不需要、没有办成，都不是过错，不计入考核。",
        "解除时没有办完的，移交安置帮教（办法53条2款）。",
    ),
)

EDITIONS = (NEED_2020,)
