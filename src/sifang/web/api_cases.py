"""The API of cases: what may be done, acts, what is expected, what was sent; by the services of the pages."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from sifang.cases.acts import Wish, purpose_of, take
from sifang.cases.models import Act, Dispatch, DispatchState, Expectation
from sifang.cases.options import Option, options
from sifang.cases.outbox import access_dispatch, access_inbox, confirm, send_awaited
from sifang.kernel.errors import BadInput, NotFound
from sifang.people.access import Purpose, acting
from sifang.web import purposes
from sifang.web.forms.act_form import case_of, person_for
from sifang.web.gate import SignInNeeded
from sifang.web.rooms import CASES
from sifang.web.shell import Viewer, viewer_of

router = Router(tags=["案件"])

Json = dict[str, Any]


def entering(request: HttpRequest) -> Viewer:
    """Return the viewer. Raises SignInNeeded, or NotFound for a role without a row in any procedure."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInNeeded
    if not viewer.roles & CASES:
        raise NotFound
    return viewer


def daily(viewer: Viewer) -> Purpose:
    """The purpose of a look at a case through the API."""
    return Purpose.OWN if viewer.is_person else purposes.of_person(viewer)


@router.get("/cases/{number}/options", summary="本案现在可以办理的事项：谁有权、依据、期限、要填什么；先记录")
def case_options(request: HttpRequest, number: str) -> Json:
    """每一行是一项权力。may 为 false 的，why_not 写明权限属于谁和条文。asks 的 key 是办理时 answers 的键。"""
    viewer = entering(request)
    purpose = daily(viewer)
    person = person_for(viewer, number, purpose)
    with acting(viewer.officer, purpose):
        case = case_of(person)
        rows = [option_json(one) for one in options(viewer.officer, case)]
    return {"person": person.number, "case": str(case.id), "stage": case.stage, "rows": rows}


class ActWish(Schema):
    """办理一步。procedure、step 来自 options；proceeding 为空，就是新开始或者唯一进行中的一件。

    answers：按 asks 的 key 填写；日期 2026-11-23，时刻带时区，名单是对象的列表。at：补记的时间，不晚于现在。
    """

    procedure: str
    step: str
    answers: dict[str, Any] = {}
    reasons: str = ""
    proceeding: UUID | None = None
    at: datetime | None = None


@router.post("/cases/{number}/acts", summary="办理一步；无权的答复写明权限属于谁和条文，填写不对的逐项写明")
def case_act(request: HttpRequest, number: str, given: ActWish) -> Json:
    viewer = entering(request)
    if given.at is not None and given.at.tzinfo is None:
        raise BadInput(reason="时刻须带时区，例如 2026-11-23T10:30:00+08:00。")
    purpose = purpose_of(given.procedure, viewer.officer)
    person = person_for(viewer, number, purpose)
    with acting(viewer.officer, purpose):
        case = case_of(person, given.proceeding)
    wish = Wish(
        given.procedure,
        given.step,
        given.answers,
        given.reasons[:4000],
        proceeding=given.proceeding,
        at=given.at,
    )
    act = take(viewer.officer, case.id, wish)
    with acting(viewer.officer, purpose):
        return act_json(act)


@router.get("/cases/{number}/expectations", summary="本案应办未办的事项和期限，怎样算出；先记录")
def case_expectations(request: HttpRequest, number: str) -> Json:
    viewer = entering(request)
    purpose = daily(viewer)
    person = person_for(viewer, number, purpose)
    with acting(viewer.officer, purpose):
        case = case_of(person)
        found = Expectation.objects.filter(case=case, closed_at=None).select_related("owner")
        rows = [expectation_json(one) for one in found.order_by("due_at", "id")]
    return {"person": person.number, "case": str(case.id), "rows": rows}


@router.get("/dispatches", summary="送到本机构、尚未签收的（answered=1：已签收的）；所列的人先记录")
def dispatch_list(request: HttpRequest, answered: int = 0) -> Json:
    viewer = entering(request)
    if viewer.is_person:
        raise NotFound
    found = access_inbox(viewer.officer, purposes.of_papers(viewer), answered=bool(answered))
    return {"rows": [dispatch_json(one) for one in found]}


@router.get("/dispatches/{uuid:dispatch_id}", summary="一件送达的内容；查看前先记录")
def dispatch_one(request: HttpRequest, dispatch_id: UUID) -> Json:
    viewer = entering(request)
    return dispatch_json(access_dispatch(viewer.officer, dispatch_id, purposes.of_papers(viewer)))


class Answer(Schema):
    """verb：accept 签收，dispute 提出异议（words 必填），send 登记送出（应送未送的，由送件机构）。"""

    verb: str
    words: str = ""


@router.post("/dispatches/{uuid:dispatch_id}", summary="签收、提出异议或者登记送出")
def dispatch_answer(request: HttpRequest, dispatch_id: UUID, given: Answer) -> Json:
    viewer = entering(request)
    if given.verb not in {"accept", "dispute", "send"}:
        raise BadInput(reason="verb 只能是 accept、dispute 或者 send。")
    if given.verb == "send":
        send_awaited(viewer.officer, dispatch_id)
    else:
        confirm(viewer.officer, dispatch_id, accept=given.verb == "accept", words=given.words[:300])
    return dispatch_json(access_dispatch(viewer.officer, dispatch_id, purposes.of_papers(viewer)))


# ---- rows as JSON ----------------------------------------------------------------------------------------


def option_json(one: Option) -> Json:
    step = one.step
    asks = [
        {
            "key": ask.key,
            "words": ask.words,
            "kind": ask.kind,
            "required": ask.required,
            "choices": [{"value": value, "words": words} for value, words in ask.choices],
            "of": ask.of,
            "help": ask.help,
            "article": ask.article,
        }
        for ask in step.asks
    ]
    return {
        "procedure": one.procedure.name,
        "procedure_title": one.procedure.title,
        "step": step.name,
        "title": step.title,
        "proceeding": _text(one.proceeding),
        "state": one.state,
        "may": one.may,
        "writes_down": one.writes_down,
        "owner": one.owner,
        "why_not": one.why_not,
        "article": step.article,
        "mark": one.mark,
        "due_at": _text(one.due.ends_at if one.due else None),
        "due_kind": one.due.kind if one.due else "",
        "counted": one.due.counted if one.due else "",
        "waits_for": _text(one.waits_for),
        "asks": asks,
        "reasons": step.reasons,
        "remedy": step.remedy,
        "documents": list(step.documents),
        "tells": [
            {"to": duty.to.value, "title": duty.title, "article": duty.article} for duty in step.duties
        ],
    }


def act_json(act: Act) -> Json:
    """Return an act with its recipients and papers. Run inside `acting`."""
    return {
        "id": str(act.id),
        "proceeding": str(act.proceeding_id),
        "procedure": act.procedure,
        "step": act.step,
        "title": act.title,
        "article": act.article,
        "mark": act.mark,
        "actor": act.actor,
        "at": act.at.isoformat(),
        "day": act.day.isoformat(),
        "state_before": act.state_before,
        "state_after": act.state_after,
        "edition": act.edition.isoformat(),
        "digest": act.edition_digest,
        "dispatches": [
            {
                "id": str(one.id),
                "to": one.to_agency.name if one.to_agency else one.to_actor,
                "state": one.state,
            }
            for one in act.dispatches.select_related("to_agency")
        ],
        "documents": [
            {
                "id": str(one.id),
                "kind": one.kind,
                "title": one.title,
                "number": one.number,
                "sha256": one.sha256,
            }
            for one in act.documents.defer("pdf")
        ],
    }


def expectation_json(one: Expectation) -> Json:
    return {
        "kind": one.kind,
        "title": one.title,
        "actor": one.actor,
        "owner": one.owner.name,
        "due_at": _text(one.due_at),
        "due_kind": one.due_kind,
        "article": one.article,
        "mark": one.mark,
        "counted": one.counted,
        "proceeding": _text(one.proceeding_id),
    }


def dispatch_json(one: Dispatch) -> Json:
    return {
        "id": str(one.id),
        "title": one.title,
        "article": one.article,
        "mark": one.mark,
        "from": one.from_agency.name if one.from_agency else "",
        "to": one.to_agency.name if one.to_agency else one.to_actor,
        "state": one.state,
        "state_words": DispatchState(one.state).label,
        "content": {key: value for key, value in one.content.items() if key != "person"},
        "document": _text(one.document_id),
        "due_at": _text(one.due_at),
        "due_kind": one.due_kind,
        "sent_at": _text(one.sent_at),
        "answered_at": _text(one.answered_at),
        "words": one.words,
    }


def _text(value: UUID | date | datetime | None) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
