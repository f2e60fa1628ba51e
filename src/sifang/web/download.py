"""A file that goes out while it is made: an attachment whose pieces are made by a thread of their own.

A transaction belongs to the thread that began it, and the server's threads change from piece to piece; so one
thread makes all pieces and, when the client has gone or the last is out, closes what it opened.
"""

import asyncio
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor

from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from sifang.monitoring.access_export import Wish, access_track_export
from sifang.people.models import Person
from sifang.web.shell import Viewer

# a PDF opened in the browser's own viewer: it may run nothing and call nobody
PDF_POLICY = (
    "default-src 'none'; object-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def pdf_answer(pdf: bytes, name: str) -> HttpResponse:
    """Answer with a PDF that opens in the browser, kept nowhere."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=False, filename=name) or ""
    )
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def track_file(request: HttpRequest, viewer: Viewer, person: Person, wish: Wish) -> StreamingHttpResponse:
    """Answer with the person's track as a file. Raises what `access_track_export` raises."""
    key = request.session.session_key or ""

    def still() -> bool:
        return bool(key) and SessionStore().exists(key)

    export = access_track_export(viewer.officer, person, wish, still=still)
    response = StreamingHttpResponse(in_own_thread(export.pieces), content_type=export.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{export.name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def in_own_thread(pieces: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """Yield the pieces; one thread makes them all and closes them, also when nobody takes them any more."""
    own = ThreadPoolExecutor(1, thread_name_prefix="download")
    loop = asyncio.get_running_loop()
    try:
        while (piece := await loop.run_in_executor(own, next, pieces, None)) is not None:
            yield piece
    finally:  # not awaited: it must happen also when this task is being cancelled
        own.submit(_leave, pieces)
        own.shutdown(wait=False)


def _leave(pieces: Generator[bytes, None, None]) -> None:
    try:
        pieces.close()
    finally:
        connections.close_all()
