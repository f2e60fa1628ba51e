"""Which purpose a look at a room stands for, by role; pages that need more ask with the purpose prompt."""

from sifang.people.access import Purpose
from sifang.people.models import Role
from sifang.web.shell import Viewer


def of_room(viewer: Viewer) -> Purpose:
    """Return the purpose of looking at the command room or a list."""
    if viewer.has(Role.PROSECUTOR):
        return Purpose.PROCURATE
    return Purpose.DUTY if viewer.has(Role.DUTY_OFFICER) else Purpose.DAILY


def of_person(viewer: Viewer) -> Purpose:
    """Return the purpose of opening a person's file from a list."""
    if viewer.has(Role.PROSECUTOR):
        return Purpose.PROCURATE
    if viewer.has(Role.JUSTICE_HEAD):
        return Purpose.MEASURE
    return Purpose.VERIFY_ALARM if viewer.has(Role.DUTY_OFFICER) else Purpose.DAILY


def of_desk(viewer: Viewer) -> Purpose:
    """Return the purpose of looking at 今日 and the desks beside it."""
    return Purpose.PROCURATE if viewer.has(Role.PROSECUTOR) else Purpose.DAILY


def of_alarm(viewer: Viewer) -> Purpose:
    """Return the purpose of opening an alarm."""
    return Purpose.PROCURATE if viewer.has(Role.PROSECUTOR) else Purpose.VERIFY_ALARM


def of_papers(viewer: Viewer) -> Purpose:
    """Return the purpose of reading what agencies send one another, or what was sent to oneself."""
    if viewer.is_person:
        return Purpose.OWN
    return Purpose.PROCURATE if viewer.has(Role.PROSECUTOR) else Purpose.PAPERS
