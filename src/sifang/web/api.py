"""The API: the same services as the pages, as JSON, described at `/api/openapi.json`."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie

from sifang.kernel.errors import BadInput, NotFound, SifangError
from sifang.monitoring.access_export import Wish
from sifang.monitoring.models.alarms import AlarmCause, AlarmOutcome
from sifang.people.access import Purpose, access_person_by_number
from sifang.web import acts, mapbase, purposes, reads
from sifang.web.alarm_file import AlarmFile, open_alarm
from sifang.web.api_cases import router as cases_router
from sifang.web.download import track_file
from sifang.web.gate import SignInNeeded
from sifang.web.present.alarms import card
from sifang.web.present.board import as_state, board_for
from sifang.web.present.fences import collection
from sifang.web.rooms import COMMAND, PERSONS
from sifang.web.shell import Viewer, viewer_of
from sifang.web.site import SESSION_COOKIE
from sifang.web.views.errors import error_response


class Session(APIKeyCookie):
    """The session of the pages; a write also needs the form token (header X-CSRFToken)."""

    param_name = SESSION_COOKIE

    def authenticate(self, request: HttpRequest, key: str | None) -> Viewer | None:
        del key
        return viewer_of(request)


api = NinjaAPI(
    title="四方 Sifang", version="0.1.0", docs_url=None, urls_namespace="api", auth=Session(csrf=True)
)


api.add_router("", cases_router)


@api.exception_handler(SifangError)
def house_error(request: HttpRequest, error: SifangError) -> HttpResponse:
    return error_response(request, error)


@api.exception_handler(AuthenticationError)
def not_signed_in(request: HttpRequest, error: Exception) -> HttpResponse:
    del error
    return error_response(request, SignInNeeded())


@api.exception_handler(HttpError)
def plain_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    del request
    return JsonResponse({"code": "refused", "message": str(error)}, status=error.status_code)


@api.exception_handler(ValidationError)
def wrong_form(request: HttpRequest, error: ValidationError) -> HttpResponse:
    del request
    fields = "、".join(str(one["loc"][-1]) for one in error.errors)
    return JsonResponse({"code": "bad_input", "message": f"字段不正确：{fields}"}, status=422)


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


@api.get("/map/base.pmtiles", summary="设置的 PMTiles 底图文件，按字节区间")
def map_archive(request: HttpRequest) -> HttpResponse:
    if viewer_of(request) is None:
        raise SignInNeeded
    return mapbase.archive(request)


@api.get("/map/fences/{measure}", summary="一人的电子围栏，GeoJSON；查看前先记录")
def map_fences(request: HttpRequest, measure: int) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles | PERSONS.roles)
    return collection(reads.fences_of(viewer, measure))


class Closing(Schema):
    """核实结果、原因和事实；都要有。"""

    outcome: str = ""
    cause: str = ""
    text: str = ""


class Note(Schema):
    """核实的经过，可以为空；记录（note）不可以。"""

    text: str = ""


@api.get("/alarms", summary="报警队列：待接手的在前；成批记录")
def alarm_list(request: HttpRequest) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    return {"rows": [card.as_json() for card in reads.cards(reads.command_room(viewer))]}


@api.get("/alarms/{uuid:alarm_id}", summary="一条报警；查看前先记录")
def alarm_one(request: HttpRequest, alarm_id: UUID) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    return as_json(open_alarm(viewer, alarm_id))


@api.post("/alarms/{uuid:alarm_id}/take", summary="接手")
def alarm_take(request: HttpRequest, alarm_id: UUID) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    acts.take(viewer.officer, alarm_id)
    return as_json(open_alarm(viewer, alarm_id))


@api.post("/alarms/{uuid:alarm_id}/verify/{verb}", summary="核实：call、video、visit、note")
def alarm_verify(request: HttpRequest, alarm_id: UUID, verb: str, given: Note) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    acts.verify(viewer.officer, alarm_id, verb, given.text[:500])
    return as_json(open_alarm(viewer, alarm_id))


@api.post("/alarms/{uuid:alarm_id}/close", summary="填写结果并关闭")
def alarm_close(request: HttpRequest, alarm_id: UUID, given: Closing) -> dict[str, Any]:
    viewer = entering(request, COMMAND.roles)
    if given.outcome not in AlarmOutcome.values:
        raise BadInput(reason="请选择核实结果。")
    if given.cause and given.cause not in AlarmCause.values:
        raise BadInput(reason="没有这种原因。")
    acts.finish(viewer.officer, alarm_id, given.outcome, given.cause, given.text[:500])
    return as_json(open_alarm(viewer, alarm_id))


class TrackWish(Schema):
    """一段轨迹的导出：目的、案卷文书号和理由都要有；时间带时区。"""

    purpose: str
    start: datetime
    end: datetime
    document: str
    reason: str
    form: Literal["csv", "gpx", "json"]


@api.post("/persons/{number}/track/export", summary="导出一人的一段轨迹（法庭用）；先记录，再给文件")
def track_export(request: HttpRequest, number: str, given: TrackWish) -> HttpResponseBase:
    viewer = entering(request, PERSONS.roles)
    person = access_person_by_number(viewer.officer, number, purposes.of_person(viewer))
    if given.purpose not in set(Purpose) or None in {given.start.tzinfo, given.end.tzinfo}:
        raise BadInput(reason="没有这种目的，或者时间没有时区。")
    span = (given.start, given.end)
    wish = Wish(Purpose(given.purpose), *span, given.document[:80], given.reason[:400], given.form)
    return track_file(request, viewer, person, wish)


def as_json(file: AlarmFile) -> dict[str, Any]:
    """Return one alarm: card, evidence without coordinates, what late fixes say of it, acts."""
    return {
        **card(file.alarm, {}).as_json(),
        "number": file.alarm.number,
        "person": file.alarm.person.number,
        "outcome": file.alarm.outcome,
        "cause": file.alarm.cause,
        "evidence": file.alarm.evidence,
        "reviews": [
            {"at": one.at.isoformat(), "verdict": one.verdict, "facts": one.facts}
            for one in file.alarm.reviews.all()
        ],
        "acts": [
            {"at": act.at.isoformat(), "verb": act.verb, "officer": act.officer.name, "text": act.text}
            for act in file.acts
        ],
    }
