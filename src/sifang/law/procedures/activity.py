"""公益活动: voluntary, within the person's ability and health, and refused without blame, P-PUB, E19.

Nobody can be booked without his or her own consent, a statement of health, and an officer's finding that
the work is within that person's strength; a person outside prison on medical grounds, and a pregnant or
nursing woman, cannot be booked (我方理解). Everybody may withdraw at any time.

Case facts: `minor`, `medical`, `pregnant_or_nursing`. Sources: 社区矫正法34条, 42条; 办法44条 (recalled);
检察规则643条.
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    SAME,
    Ask,
    Kind,
    Procedure,
    Step,
    day,
    on_day,
    put,
    target,
)
from sifang.law.procedures.daily import (
    COPY_PROCURATORATE,
    COUNTY,
    GUARDIAN,
    HELP,
    MEDICAL,
    MINOR,
    PERSON,
    correct,
)

CONSENT = Fact("consented_on", "本人同意")
HEALTHY = Fact("healthy", "本人健康声明")
FIT = Fact("fit", "是否力所能及")
NURSING = Fact("pregnant_or_nursing", "怀孕、哺乳情形", source="case")
GUARDIAN_AGREES = Fact("guardian_agreed_on", "监护人同意")
ASSESSED = Fact("assessed_on", "劳动能力和健康状况的确认")
HOURS = Fact("hours", "每次时间", "小时")
HOURS_AT_MOST = 4  # 本市做法：量力而行的上限

WITHIN_STRENGTH = HOURS.more_than(0) & HOURS.at_most(HOURS_AT_MOST)
MAY_BE_BOOKED: Condition = (
    CONSENT.known()
    & HEALTHY.is_("yes", "能够参加")
    & FIT.is_("yes", "力所能及")
    & WITHIN_STRENGTH
    & MEDICAL.unknown()
    & NURSING.unknown()
)
OPEN = ("offered", "agreed", "booked")


def _book(given: Condition, words: str) -> Step:
    return Step(
        "book",
        "安排参加" + words,
        "社区矫正法42条；办法44条",
        COUNTY,
        "agreed",
        "booked",
        given=MAY_BE_BOOKED & given,
        due=on_day("held_on"),
        sets=(day("booked_on"),),
        documents=("activity_consent",),
        delegable=HELP,
        mark="reading",
    )


ACTIVITY_2020 = Procedure(
    name="activity",
    code="P-PUB",
    title="公益活动",
    edition=date(2020, 7, 1),
    start="draft",
    many=True,
    states={
        "draft": "拟组织",
        "offered": "已邀请",
        "agreed": "本人同意，待确认力所能及",
        "booked": "已安排",
        "held": "已参加",
        "declined": "本人不参加（无任何后果）",
        "withdrawn": "本人退出（无任何后果）",
        "called_off": "不予安排",
    },
    final=frozenset({"held", "declined", "withdrawn", "called_off"}),
    facts=(CONSENT, HEALTHY, FIT, ASSESSED, NURSING, GUARDIAN_AGREES, HOURS, MEDICAL, MINOR),
    steps=(
        Step(
            "offer",
            "邀请参加公益活动",
            "社区矫正法42条",
            COUNTY,
            "draft",
            "offered",
            given=WITHIN_STRENGTH,
            asks=(
                Ask("what", "内容", "text", help="符合社会公共利益，结合本人特长"),
                Ask("where", "地点", "place"),
                Ask("held_on", "日期", "date"),
                Ask("hours", "时间（小时）", "number", help="每次不超过四小时（本市做法）"),
                Ask("demands", "体力和环境要求", "long"),
            ),
            sets=(
                day("offered_on"),
                put("consented_on", ""),
                put("healthy", ""),
                put("fit", ""),
                put("assessed_on", ""),
            ),
            delegable=HELP,
        ),
        Step(
            "agree",
            "本人自愿参加",
            "社区矫正法42条；办法44条",
            PERSON,
            "offered",
            "agreed",
            asks=(
                Ask(
                    "healthy",
                    "身体状况能否参加",
                    "choice",
                    choices=(("yes", "能够参加"), ("no", "不便参加")),
                    article="办法44条",
                ),
                Ask("health_words", "需要照顾的情况", "text", required=False),
            ),
            sets=(day("consented_on"),),
        ),
        Step(
            "guardian_agree",
            "监护人同意",
            "社区矫正法53条",
            GUARDIAN,
            "agreed",
            SAME,
            given=MINOR.known() & GUARDIAN_AGREES.unknown(),
            sets=(day("guardian_agreed_on"),),
            mark="reading",
        ),
        Step(
            "assess",
            "确认劳动能力和健康状况",
            "办法44条",
            COUNTY,
            "agreed",
            SAME,
            due=target(3, "day", "consented_on"),
            given=ASSESSED.unknown(),
            asks=(
                Ask("fit", "是否力所能及", "choice", choices=(("yes", "力所能及"), ("no", "不适宜"))),
                Ask("fit_words", "根据", "long", help="年龄、劳动能力、健康状况、工作和生活安排"),
            ),
            sets=(day("assessed_on"),),
            delegable=HELP,
        ),
        _book(MINOR.unknown(), ""),
        _book(MINOR.known() & GUARDIAN_AGREES.known(), "（未成年人，与成年人分别组织）"),
        Step(
            "record",
            "记录参加情况",
            "办法44条",
            COUNTY,
            "booked",
            "held",
            due=target(3, "day", "held_on"),
            asks=(Ask("took_part", "参加情况", "long"), Ask("hours_done", "实际时间（小时）", "number")),
            sets=(day("recorded_on"),),
            duties=(COPY_PROCURATORATE,),
            documents=("contact_record",),
            delegable=HELP,
        ),
        *(
            Step(
                "call_off",
                "不予安排",
                "办法44条",
                COUNTY,
                state,
                "called_off",
                asks=(Ask("why_off", "原因", "text", help="如健康状况不适宜、活动取消"),),
                sets=(day("called_off_on"),),
                delegable=HELP,
            )
            for state in OPEN
        ),
        Step(
            "decline",
            "本人不参加",
            "社区矫正法34条1款；社区矫正法42条",
            PERSON,
            "offered",
            "declined",
            sets=(day("declined_on"),),
            kind=Kind.WITHDRAW,
            help="不参加没有任何不利后果",
        ),
        *(
            Step(
                "withdraw",
                "本人退出",
                "社区矫正法34条1款；社区矫正法42条",
                PERSON,
                state,
                "withdrawn",
                sets=(day("withdrawn_on"),),
                kind=Kind.WITHDRAW,
                help="随时可以退出，不需要理由，没有任何不利后果",
            )
            for state in ("agreed", "booked")
        ),
        correct("办法44条"),
    ),
    notes=(
        "公益活动是「可以」，不是义务：没有本人同意和力所能及的确认，系统不能安排（E19）。",
        "强制、超时间、超体力的劳动是检察机关纠正的违法情形（检察规则643条）。",
        "不参加、退出不记入考核，不需要理由。",
        "保外就医、怀孕和哺乳期间不安排（我方理解）；每次不超过四小时（本市做法）。",
    ),
)

EDITIONS = (ACTIVITY_2020,)
