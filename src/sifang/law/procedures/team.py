"""矫正小组: who is in it and what it signs, P-TEAM, P-WOM, E15.

Providers: `woman_in_team` = a member of the team being formed or changed is a woman; `versed_in_minors` = a
member is recorded as versed in minors; both from the register of members or from the answer `members`,
never typed as a yes. `woman`, `minor`: facts of the case (minor stays true after 18, 社区矫正法58条).

Sources: 社区矫正法25条, 52条; 办法19条 (recalled).
"""

from datetime import date

from sifang.law.conditions import Condition, Fact
from sifang.law.procedure import SAME, Actor, Ask, Duty, Procedure, Step, day, target

WOMAN = Fact("woman", "女性身份", source="case")
MINOR = Fact("minor", "未成年人身份", source="case")
WOMAN_IN_TEAM = Fact("woman_in_team", "小组中的女性成员", source="ask:woman_in_team")
VERSED = Fact("versed_in_minors", "小组中熟悉未成年人身心特点的成员", source="ask:versed_in_minors")
OPENED = Fact("opened_on", "接收日")

ROLES = "司法所、居（村）民委员会、监护人、家庭成员、单位、学校、社会工作者、志愿者"
# Every person falls under exactly one of the four; for each the members whom the law demands.
WHO: tuple[tuple[str, Condition], ...] = (
    ("社区矫正法25条、办法19条1款", WOMAN.unknown() & MINOR.unknown()),
    ("社区矫正法25条2款", WOMAN.known() & MINOR.unknown() & WOMAN_IN_TEAM.known()),
    ("社区矫正法52条2款", WOMAN.unknown() & MINOR.known() & VERSED.known()),
    (
        "社区矫正法25条2款、52条2款",
        WOMAN.known() & MINOR.known() & WOMAN_IN_TEAM.known() & VERSED.known(),
    ),
)
MEMBERS = Ask("members", "小组成员", "people", help=ROLES)
SIGNED = Ask("signed_on", "矫正责任书签订日期", "date", article="办法19条1款")
TELL = (
    Duty("告知小组组成", "办法20条2款", Actor.PERSON),
    Duty("签订并交付矫正责任书", "办法19条1款", Actor.HELPER),
)

TEAM_2020 = Procedure(
    name="team",
    code="P-TEAM、P-WOM",
    title="矫正小组",
    edition=date(2020, 7, 1),
    start="forming",
    ends_with_case=True,
    states={"forming": "待确定", "active": "已确定"},
    final=frozenset(),
    facts=(WOMAN, MINOR, WOMAN_IN_TEAM, VERSED, OPENED),
    steps=(
        *(
            Step(
                "form",
                "确定矫正小组",
                article,
                Actor.COUNTY,
                "forming",
                "active",
                given=given,
                due=target(5, "workday", "opened_on"),
                asks=(MEMBERS, SIGNED),
                documents=("team_commitment",),
                duties=TELL,
                delegable="team",
                sets=(day("formed_on"),),
            )
            for article, given in WHO
        ),
        *(
            Step(
                "change",
                "调整矫正小组",
                article,
                Actor.COUNTY,
                "active",
                SAME,
                given=given,
                asks=(MEMBERS, SIGNED),
                documents=("team_commitment",),
                duties=TELL,
                delegable="team",
                reasons=True,
                sets=(day("changed_on"),),
            )
            for article, given in WHO
        ),
    ),
    notes=(
        "对象为女性的，小组中应有女性成员（社区矫正法25条2款）：没有的，小组不能成立（E15）。",
        "对象为未成年人的，小组应吸收熟悉未成年人身心特点的人员（社区矫正法52条2款）；年满十八周岁后不变。",
        "条文没有规定确定小组的日数；五个工作日是内部目标。小组不作任何决定。",
        "孕期、哺乳期届满只引起复核，从不自动收监（刑事诉讼法268条）。",
    ),
)

EDITIONS = (TEAM_2020,)
