"""对象: search by name, pinyin, number or document, narrowed by selects that work without script."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.kernel.time import utc_now
from sifang.people.access import access_persons, acting
from sifang.people.models import OrderType
from sifang.web import purposes
from sifang.web.alarm_file import ReadNote
from sifang.web.gate import room
from sifang.web.persons_list import STANDINGS, asked_for, offices_for, rows_of, wanted_of
from sifang.web.rooms import PERSONS
from sifang.web.shell import Viewer

PAGE = 50


@require_safe
@room(PERSONS)
def persons(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The list within the own scope; what is listed is recorded as listed, minors masked as access gives."""
    query = request.GET.get("q", "").strip()[:40]
    start = int(page) if (page := request.GET.get("from", "0")).isdecimal() else 0
    purpose = purposes.of_person(viewer)
    asked = asked_for(request.GET)
    with acting(viewer.officer, purpose):
        offices = offices_for(viewer)
        wanted = wanted_of(asked, offices)
        found = access_persons(viewer.officer, purpose, query=query, wanted=wanted, limit=PAGE, offset=start)
        rows = rows_of(found.rows)
    chosen = {key: value for key, value in {"q": query, **asked}.items() if value}
    context: dict[str, Any] = {
        "query": query,
        "asked": asked,
        "chosen": chosen,
        "found": found,
        "rows": rows,
        "offices": offices,
        "types": OrderType.choices,
        "standings": STANDINGS,
        "shown": start + len(found.rows),
        "more": f"?{urlencode({**chosen, 'from': start + PAGE})}" if start + PAGE < found.total else "",
        "before": f"?{urlencode({**chosen, 'from': max(0, start - PAGE)})}" if start else "",
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
    }
    return render(request, "sifang/persons.html", context)
