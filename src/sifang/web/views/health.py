"""Whether this process answers and reaches its database; whether fixes get through."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from sifang.kernel.config import need
from sifang.kernel.errors import NotFound
from sifang.web.config import PagesConfig
from sifang.web.path_state import is_key, stuck


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 with `{"ok": true}` when the database answers, else 503."""
    del request
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "unreachable"}, status=503)
    return JsonResponse({"ok": True})


@require_safe
def path_band(request: HttpRequest) -> HttpResponse:
    """Return the band of every page anew; asks neither session nor database. 404 without a page's key."""
    if not is_key(request.GET.get("key", "")):
        raise NotFound
    state = stuck(need(PagesConfig).guard_file)
    response = HttpResponse(render_to_string("sifang/parts/path_band.html", {"path_stuck": state}))
    response.headers["Cache-Control"] = "no-store"
    return response
