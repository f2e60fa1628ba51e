"""导入登记册: upload, the report of every row, and only then the import; works without script.

The file waits for the confirmation in the form itself, packed, and nowhere else: nothing that was uploaded
and not imported stays on the server. Every confirmation judges the whole file again.
"""

import base64
import binascii
import zlib
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from sifang.cases.register_columns import COLUMNS
from sifang.cases.register_file import MOST_BYTES, MOST_ROWS, UnreadableFile
from sifang.cases.register_import import RowsRefused, check_register, import_register, need_importer
from sifang.cases.register_template import template
from sifang.kernel.errors import BeyondPower
from sifang.people.models import Role
from sifang.web.gate import room
from sifang.web.rooms import PERSONS
from sifang.web.shell import Viewer

MOST_PACKED = 1_700_000  # bytes; as text it must pass the limit of a form
SHOWN = 300
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
@room(None, Role.COUNTY_OFFICER)
def register(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The form; POST examines a file, and with the confirmation imports it."""
    request.sifang_room = PERSONS.key  # type: ignore[attr-defined]
    need_importer(viewer.officer)
    context: dict[str, Any] = {"columns": COLUMNS, "rows": MOST_ROWS, "shown": SHOWN}
    if request.method == "GET":
        return render(request, "sifang/import.html", context)
    try:
        data, name = given(request)
        context |= {"name": name, "packed": packed(data)}
        if request.POST.get("verb") == "import":
            context |= {"report": import_register(viewer.officer, data, file_name=name), "done": True}
        else:
            context["report"] = check_register(viewer.officer, data)
    except BeyondPower:
        raise
    except RowsRefused as refusal:  # something changed between the report and the confirmation
        context |= {"report": refusal.data["report"]}
    except UnreadableFile as error:
        return render(request, "sifang/import.html", context | {"error": str(error)}, status=error.status)
    status = 400 if context["report"].errors else 200
    return render(request, "sifang/import.html", context, status=status)


@require_safe
@room(None, Role.COUNTY_OFFICER)
def blank(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The template with its help sheet; no person is in it."""
    del request, viewer
    response = HttpResponse(template(), content_type=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote('社区矫正登记册.xlsx')}"
    return response


def given(request: HttpRequest) -> tuple[bytes, str]:
    """Return the file of this request, uploaded or kept in the form, and its name. Raises UnreadableFile."""
    if request.POST.get("verb") == "import":
        return unpacked(request.POST.get("packed", "")), request.POST.get("name", "")[:120]
    file = request.FILES.get("file")
    if file is None:
        raise UnreadableFile(reason="没有选择文件")
    if (file.size or 0) > MOST_BYTES:
        raise UnreadableFile(reason=f"超过 {MOST_BYTES // 1024 // 1024} MB，请分成几个文件")
    return file.read(), (file.name or "")[:120]


def packed(data: bytes) -> str:
    """Return a file as text for a form. Raises UnreadableFile for what is too big for one."""
    small = zlib.compress(data, 6)
    if len(small) > MOST_PACKED:
        raise UnreadableFile(reason="对网页来说太大，请分成几个文件，或者在服务器上用 sifang register import")
    return base64.b64encode(small).decode()


def unpacked(text: str) -> bytes:
    """Return the file again. Raises UnreadableFile."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), MOST_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise UnreadableFile(reason="确认时文件不完整，请重新上传") from error
    if not unpacker.eof:
        raise UnreadableFile(reason="确认时文件不完整，请重新上传")
    return data
