"""Which rooms a role may enter; a room one may not enter is absent, not grey (UI § 5).

Only rooms that work are here. Rooms that come later are named on the page of a role that has none yet.
"""

from dataclasses import dataclass

from sifang.monitoring.access import RETENTION_READERS
from sifang.people.models import Role


@dataclass(frozen=True)
class Room:
    """One entry of the rail."""

    key: str
    title: str
    url: str
    icon: str
    letter: str
    roles: frozenset[str]


# who has a desk; 值班员 and the person begin elsewhere
DESK_ROLES = frozenset(
    {
        Role.TOWNSHIP_OFFICER,
        Role.COUNTY_OFFICER,
        Role.JUSTICE_HEAD,
        Role.PROSECUTOR,
        Role.JUDGE,
        Role.POLICE_OFFICER,
        Role.CUSTODY_OFFICER,
    }
)
TODAY = Room("today", "今日", "/today", "today", "T", DESK_ROLES)
HANDOVER = Room("handover", "衔接", "/handover", "handover", "H", DESK_ROLES)
FIGURES = Room(
    "figures",
    "统计",
    "/figures",
    "bars",
    "F",
    frozenset(
        {
            Role.TOWNSHIP_OFFICER,
            Role.COUNTY_OFFICER,
            Role.JUSTICE_HEAD,
            Role.PROSECUTOR,
            Role.COMMITTEE_STAFF,
        }
    ),
)
_JUSTICE = frozenset({Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER, Role.PROSECUTOR})
# the desks beside 今日: tabs of that room, not rooms of their own
LEAVE = Room("today", "外出", "/leave", "walk", "", _JUSTICE)
MEASURES = Room("today", "定位措施", "/measures", "pin", "", _JUSTICE | {Role.JUSTICE_HEAD})
CALENDAR = Room("today", "期限日历", "/calendar", "today", "", DESK_ROLES)
CASELOAD = Room("today", "在办情况", "/caseload", "table", "", _JUSTICE | {Role.JUSTICE_HEAD})
DESKS = (TODAY, LEAVE, MEASURES, CALENDAR, CASELOAD)
COMMAND = Room(
    "command",
    "指挥",
    "/command",
    "pin",
    "C",
    frozenset({Role.DUTY_OFFICER, Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER, Role.PROSECUTOR}),
)
PERSONS = Room(
    "persons",
    "对象",
    "/persons",
    "person",
    "P",
    frozenset({Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER, Role.PROSECUTOR, Role.JUSTICE_HEAD}),
)
ADMIN = Room(
    "admin", "管理", "/admin/devices", "sliders", "A", frozenset({Role.SYSTEM_ADMIN, Role.DUTY_OFFICER})
)
OFFICERS = Room("officers", "人员", "/admin/officers", "person", "O", frozenset({Role.SECURITY_ADMIN}))
RETENTION = Room("retention", "保存期限", "/admin/retention", "lock", "R", RETENTION_READERS)
ME = Room("me", "我的事项", "/me", "person", "M", frozenset({Role.PERSON}))

# who has rows in the procedures: acts, what is sent and received, documents (cases, migration 0006)
CASES = frozenset(
    {
        Role.TOWNSHIP_OFFICER,
        Role.COUNTY_OFFICER,
        Role.JUSTICE_HEAD,
        Role.PROSECUTOR,
        Role.POLICE_OFFICER,
        Role.JUDGE,
        Role.CUSTODY_OFFICER,
        Role.PERSON,
    }
)

# who takes and answers alarms; the services decide, this only shapes the page
HANDLERS = frozenset({Role.DUTY_OFFICER, Role.COUNTY_OFFICER, Role.TOWNSHIP_OFFICER})

ROOMS = (TODAY, COMMAND, PERSONS, HANDOVER, FIGURES, ADMIN, OFFICERS, RETENTION, ME)

# what the rooms of the other roles will be; said in words on their page, never drawn as dead entries
LATER: dict[str, tuple[str, ...]] = {
    Role.AUDITOR: ("管理（登录和查看记录的审计）",),
}


def rooms_of(roles: frozenset[str]) -> tuple[Room, ...]:
    """Return the rooms these roles may enter, in the rail's order."""
    return tuple(room for room in ROOMS if room.roles & roles)


def desks_of(roles: frozenset[str]) -> tuple[Room, ...]:
    """Return the desks of 今日 that these roles may open, in the order of the tabs."""
    return tuple(desk for desk in DESKS if desk.roles & roles)


def later_for(roles: frozenset[str]) -> tuple[str, ...]:
    """Return the words for rooms that will come for these roles."""
    return tuple(line for role, lines in LATER.items() if role in roles for line in lines)
