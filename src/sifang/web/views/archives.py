"""案件档案: one case out as a file behind the purpose, and what was told of a case before it came here."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from sifang.cases.archives import access_taken, export_case, need_exporter
from sifang.kernel.errors import BadInput, NotFound
from sifang.kernel.time import utc_now
from sifang.people.access import access_person_by_number
from sifang.people.models import Role
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.download import pdf_answer
from sifang.web.gate import room
from sifang.web.rooms import PERSONS
from sifang.web.shell import Viewer


@require_http_methods(["GET", "POST"])
@room(None, Role.COUNTY_OFFICER)
def export(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """The prompt for the purpose (GET); the recorded archive as a download (POST)."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    purpose = purposes.of_person(viewer)
    person = access_person_by_number(viewer.officer, number, purpose)
    need_exporter(viewer.officer, person)
    error = ""
    if request.method == "POST":
        try:
            made = export_case(viewer.officer, number, request.POST.get("purpose", "")[:200])
        except BadInput as refusal:
            error = str(refusal)
        else:
            response = HttpResponse(made.data, content_type="application/zip")
            response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
            response.headers["Cache-Control"] = "no-store"
            return response
    read = ReadNote(utc_now(), purpose.title, purpose.article)
    context = {"person": person, "error": error, "read": read}
    return render(request, "sifang/case_export.html", context, status=400 if error else 200)


@require_safe
@room(PERSONS)
def taken_over(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """What another house or an older register told of this case; clearly not acts of this house."""
    purpose = purposes.of_person(viewer)
    person, taken = access_taken(viewer.officer, number, purpose)
    told = taken.told
    context = {
        "person": person,
        "taken": taken,
        "acts": told.get("acts", []),
        "notes": [] if taken.source == "archive" else sorted(told.items()),
        "documents": taken.documents.all(),
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/taken_over.html", context)


@require_safe
@room(PERSONS)
def document(request: HttpRequest, viewer: Viewer, number: str, document_id: UUID) -> HttpResponseBase:
    """One document that another house issued, as it came."""
    del request
    _, taken = access_taken(viewer.officer, number, purposes.of_person(viewer))
    found = next((one for one in taken.documents.all() if one.id == document_id), None)
    if found is None:
        raise NotFound
    return pdf_answer(bytes(found.pdf), f"{found.title}.pdf")
