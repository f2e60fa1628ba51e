"""送达和文书: what was sent to an agency with its receipt, and the document itself; each read recorded."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from sifang.cases.documents.service import access_document
from sifang.cases.errors import ReasonsMissing
from sifang.cases.models import Dispatch, DispatchState
from sifang.cases.outbox import access_dispatch, confirm, send_awaited
from sifang.kernel.time import utc_now
from sifang.people.access import acting
from sifang.people.models import AgencyKind
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.download import pdf_answer
from sifang.web.gate import room
from sifang.web.rooms import CASES
from sifang.web.shell import Viewer
from sifang.web.views.do import same_house

JUSTICE = (AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE)


@require_http_methods(["GET", "POST"])
@room(None, *CASES)
def dispatch(request: HttpRequest, viewer: Viewer, dispatch_id: UUID) -> HttpResponseBase:
    """What was sent (GET); the receipt, the dispute with its reason, or the sending that was owed (POST)."""
    sent = access_dispatch(viewer.officer, dispatch_id, purposes.of_papers(viewer))
    if request.method == "GET":
        return page(request, viewer, sent)
    verb, words = request.POST.get("verb", ""), request.POST.get("words", "").strip()[:300]
    if verb == "send":
        send_awaited(viewer.officer, sent.id)
        messages.success(request, f"已登记送出：{sent.title}。等收件机构签收。", extra_tags="good")
    else:
        try:
            confirm(viewer.officer, sent.id, accept=verb != "dispute", words=words)
        except ReasonsMissing:
            return page(request, viewer, sent, error="请写明异议的内容；没有理由不能提出异议。", status=400)
        done = "已提出异议，送件机构可以看到" if verb == "dispute" else "已签收，这项送达办结"
        messages.success(request, f"{done}：{sent.title}。", extra_tags="good")
    return redirect(same_house(request) or request.path)


def page(
    request: HttpRequest, viewer: Viewer, sent: Dispatch, *, error: str = "", status: int = 200
) -> HttpResponse:
    purpose = purposes.of_papers(viewer)
    with acting(viewer.officer, purpose):
        document = sent.document
    context = {
        "sent": sent,
        "document": document,
        "error": error,
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
        "may_answer": may_answer(viewer, sent),
        "may_send": sent.state == DispatchState.EXPECTED and sent.from_agency_id == viewer.officer.agency_id,
        "own": viewer.is_person,
        "layout": "sifang/own_base.html" if viewer.is_person else "sifang/base.html",
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "sifang/dispatch.html", context, status=status)


def may_answer(viewer: Viewer, sent: Dispatch) -> bool:
    """Whether the page offers the receipt; the service and the database decide."""
    if sent.state == DispatchState.ACCEPTED:
        return False
    if sent.to_agency_id is not None:
        return sent.to_agency_id == viewer.officer.agency_id
    return viewer.is_person or (viewer.agency is not None and viewer.agency.kind in JUSTICE)


@require_safe
@room(None, *CASES)
def document(request: HttpRequest, viewer: Viewer, document_id: UUID) -> HttpResponseBase:
    """An issued document, as it was made; opens in the browser."""
    del request
    found = access_document(viewer.officer, document_id, purposes.of_papers(viewer))
    return pdf_answer(bytes(found.pdf), f"{found.title}-{found.number}.pdf")
