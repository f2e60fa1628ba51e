"""What every page shows around its content: rail, bar, who I am and in which office, the clock."""

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from sifang.kernel.config import need
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.people.models import Agency, Officer, Role, active_roles
from sifang.web import path_state
from sifang.web.config import PagesConfig
from sifang.web.rooms import Room, rooms_of

# a passkey belongs to a domain; browsers refuse it on a bare address such as 127.0.0.1
IP_ADDRESS = re.compile(r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(:\d+)?")


@dataclass(frozen=True)
class Viewer:
    """The signed-in account with its roles in force at the time of the request."""

    officer: Officer
    roles: frozenset[str]
    agency: Agency | None

    @property
    def rooms(self) -> tuple[Room, ...]:
        return rooms_of(self.roles)

    @property
    def post(self) -> str:
        """岗位: the words of the roles in force."""
        return "、".join(Role(role).label for role in sorted(self.roles))

    @property
    def is_person(self) -> bool:
        return Role.PERSON in self.roles

    def has(self, *roles: str) -> bool:
        return bool(self.roles & set(roles))


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return the viewer of this request, read once, or None when nobody is signed in."""
    known = getattr(request, "sifang_viewer", None)
    if isinstance(known, Viewer):
        return known
    user = getattr(request, "user", None)
    if not isinstance(user, Officer) or not user.is_authenticated:
        return None
    viewer = Viewer(user, active_roles(user, utc_now()), user.agency)
    request.sifang_viewer = viewer  # type: ignore[attr-defined]
    return viewer


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `viewer`, `rooms`, `here`, `now`, `demo_account`, `basemap`, `passkeys_work`.

    `path_key` and `path_stuck` (officers only): whether fixes get through, and how to ask again.
    """
    viewer = viewer_of(request)
    here = getattr(request, "sifang_room", "")
    is_officer = viewer is not None and not viewer.is_person
    return {
        "viewer": viewer,
        "rooms": viewer.rooms if viewer else (),
        "here": here,
        "now": utc_now().astimezone(SHANGHAI),
        "path_key": path_state.key() if is_officer else "",
        "path_stuck": path_state.stuck(need(PagesConfig).guard_file) if is_officer else None,
        "basemap": need(PagesConfig).basemap,
        "passkeys_work": not IP_ADDRESS.fullmatch(request.get_host()),
        "demo_account": bool(viewer and viewer.officer.is_demo and not request.session.get("second_factor")),
    }
