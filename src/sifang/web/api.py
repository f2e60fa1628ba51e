"""The API: the same services as the pages, as JSON, described at `/api/openapi.json`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from sifang.kernel.errors import SifangError
from sifang.web.gate import SignInNeeded
from sifang.web.shell import Viewer, viewer_of
from sifang.web.views.errors import error_response

api = NinjaAPI(title="四方 Sifang", version="0.1.0", docs_url=None, urls_namespace="api")


class NoRoom(SifangError):
    """没有找到。"""

    code, status = "not_found", 404


@api.exception_handler(SifangError)
def house_error(request: HttpRequest, error: SifangError) -> HttpResponse:
    return error_response(request, error)


def entering(request: HttpRequest, roles: frozenset[str]) -> Viewer:
    """Return the viewer. Raises SignInNeeded, or NotFound's twin for a role without this room."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInNeeded
    if not viewer.roles & roles:
        raise NoRoom
    return viewer


@api.get("/map/state", summary="实时地图的全部位置，限于本人范围")
def map_state(request: HttpRequest) -> dict[str, Any]:
    from sifang.web.present.board import board_for
    from sifang.web.rooms import COMMAND

    viewer = entering(request, COMMAND.roles)
    board = board_for(viewer.officer)
    return {"t": board.at.isoformat(), "rows": [], "persons": {}, "alarms": {"rows": []}}
