"""The API: the same services as the pages, as JSON, described at `/api/openapi.json`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from sifang.kernel.errors import NotFound, SifangError
from sifang.web import mapbase, reads
from sifang.web.gate import SignInNeeded
from sifang.web.present.board import as_state, board_for
from sifang.web.present.fences import collection
from sifang.web.rooms import COMMAND, PERSONS
from sifang.web.shell import Viewer, viewer_of
from sifang.web.views.errors import error_response

api = NinjaAPI(title="四方 Sifang", version="0.1.0", docs_url=None, urls_namespace="api")


@api.exception_handler(SifangError)
def house_error(request: HttpRequest, error: SifangError) -> HttpResponse:
    return error_response(request, error)


def entering(request: HttpRequest, roles: frozenset[str]) -> Viewer:
    """Return the viewer. Raises SignInNeeded, or NotFound for a role without this room."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInNeeded
    if not viewer.roles & roles:
        raise NotFound
    return viewer


@api.get("/map/state", summary="实时地图的全部位置，限于本人范围；wall=1 时只有化名")
def map_state(request: HttpRequest, wall: int = 0) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    return as_state(board_for(viewer), nameless=bool(wall))


@api.get("/map/base.geojson", summary="底图：区县界和示意的河、路、铁路、站、乡镇，WGS-84")
def map_base(request: HttpRequest) -> HttpResponse:
    if viewer_of(request) is None:
        raise SignInNeeded
    return mapbase.answer(request)


@api.get("/map/fences/{measure}", summary="一人的电子围栏，GeoJSON；查看前先记录")
def map_fences(request: HttpRequest, measure: int) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles | PERSONS.roles)
    return collection(reads.fences_of(viewer, measure))
