"""The figure of 今日 on the rail: late and due today, asked at most once a minute."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from sifang.cases.desk import count_mine
from sifang.kernel.errors import SifangError
from sifang.web import purposes
from sifang.web.rooms import TODAY, desks_of
from sifang.web.shell import Viewer, viewer_of

KEPT_S = 60  # the figure on the rail may be this old
MOST_KEPT = 2000
_counts: dict[UUID, tuple[float, int]] = {}


def rail(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `rail_today`, and `desks`, the tabs of 今日."""
    viewer = viewer_of(request)
    return {"rail_today": rail_count(viewer), "desks": desks_of(viewer.roles) if viewer else ()}


def keep(officer: UUID, n: int) -> None:
    """Remember the figure for the rail."""
    if len(_counts) > MOST_KEPT:
        _counts.clear()
    _counts[officer] = (time.monotonic(), n)


def rail_count(viewer: Viewer | None) -> Callable[[], int]:
    """Return how the rail gets its figure: asked only by pages that draw the rail, at most once a minute."""

    def ask() -> int:
        if viewer is None or viewer.agency is None or TODAY not in viewer.rooms:
            return 0
        kept = _counts.get(viewer.officer.id)
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        try:
            n = count_mine(viewer.officer, purposes.of_desk(viewer), viewer.roles)
        except SifangError:
            return 0
        keep(viewer.officer.id, n)
        return n

    return ask
