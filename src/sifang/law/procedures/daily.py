"""What the tables of daily supervision and help share: actors, remedies, recipients, rows that recur."""

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import (
    ANY,
    SAME,
    Actor,
    Ask,
    Duty,
    Kind,
    Step,
    day,
    instant,
    put,
    target,
)

PERSON, GUARDIAN, OFFICE, COUNTY, HEAD = (
    Actor.PERSON,
    Actor.GUARDIAN,
    Actor.OFFICE,
    Actor.COUNTY,
    Actor.HEAD,
)
HIGHER, PROVINCE, NEW_COUNTY = Actor.HIGHER, Actor.PROVINCE, Actor.NEW_COUNTY
DECIDER, COURT, CUSTODY, POLICE = Actor.DECIDER, Actor.COURT, Actor.CUSTODY, Actor.POLICE
PROCURATORATE, HELPER, CLOCK = Actor.PROCURATORATE, Actor.HELPER, Actor.CLOCK

# Matters that a county agency may leave to a justice office in writing (社区矫正法9条; 办法10条).
DAILY, HELP = "daily", "help"

REMEDY = "不服的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举（社区矫正法34条）"

HAS_PROHIBITION = Fact("has_prohibition", "禁止令", source="case")
MINOR = Fact("minor", "未成年人身份", source="case")
MEDICAL = Fact("medical", "保外就医", source="case")

JUSTICE_OFFICE = Ask(
    "office", "承担日常工作的司法所", "agency", required=False, of="office", article="社区矫正法9条",
    help="不填的，由县级社区矫正机构直接办理",
)  # fmt: skip
COPY_PROCURATORATE = Duty("电子抄送", "社区矫正法8条", PROCURATORATE, mark="local")


def tell_person(article: str, title: str = "书面告知本人") -> Duty:
    """The person is told in writing, with the step itself."""
    return Duty(title, article, PERSON)


def correct(article: str) -> Step:
    """A mistake in the record is put right by a new record beside it; nothing is overwritten (E23)."""
    return Step(
        "correct",
        "更正记录",
        article,
        COUNTY,
        ANY,
        SAME,
        asks=(Ask("wrong", "原记录的错误", "long"), Ask("right", "更正为", "long")),
        sets=(day("corrected_on"),),
        kind=Kind.CORRECT,
        mark="reading",
        help="原记录保留；更正不改变已经作出的决定，需要改变的另行决定",
    )


QUESTIONED = Fact("questioned_at", "待核实的违反情况")
BREACH_STATES = {"questioned": "待核实", "established": "已查实", "cleared": "查否"}
BREACH_FINAL = frozenset({"established", "cleared"})


def breach_rows(
    title: str, article: str, *, given: Condition | None = None, note: str = "note_breach"
) -> tuple[Step, ...]:
    """A suspected breach is a question: heard and checked first, then established or cleared (E24).

    「established」 is the record on which later measures rest (社区矫正法28条, 29条); it punishes nobody.
    """
    return (
        Step(
            note,
            f"发现{title}的线索",
            article,
            COUNTY,
            "draft",
            "questioned",
            given=given,
            asks=(
                Ask("noted", "线索和来源", "long"),
                Ask("seen_on", "发生日期", "date"),
            ),
            sets=(instant("questioned_at"),),
            documents=("contact_record",),
            delegable=DAILY,
            burden=True,
            help="线索是一个问题，不是结论",
        ),
        Step(
            "hear_person",
            "听取本人说明",
            "社区矫正法34条",
            COUNTY,
            "questioned",
            SAME,
            asks=(Ask("statement", "本人说明（拒绝说明的记明）", "long"),),
            sets=(day("heard_on"),),
            delegable=DAILY,
            due=target(24, "hour", "questioned_at"),
            given=HEARD.unknown(),
            mark="reading",
        ),
        Step(
            "establish",
            f"查实{title}",
            "办法40条1款",
            COUNTY,
            "questioned",
            "established",
            given=HEARD.known(),
            asks=(
                Ask("evidence", "查明的事实和证据", "long"),
                Ask("proposal", "处理意见", "long", help="训诫、警告等另行决定；本记录不是处罚"),
            ),
            sets=(day("established_on"),),
            documents=("contact_record",),
            duties=(tell_person("社区矫正法34条", "告知查实情况"), COPY_PROCURATORATE),
            due=target(7, "day", "questioned_at"),
            reasons=True,
            remedy=REMEDY,
            burden=True,
        ),
        Step(
            "clear",
            "查否，终结核实",
            "办法40条1款",
            COUNTY,
            "questioned",
            "cleared",
            asks=(Ask("finding", "核实情况", "long"),),
            sets=(put("seen_cleared", value=True),),
        ),
    )


HEARD = Fact("heard_on", "听取本人说明的记录")
