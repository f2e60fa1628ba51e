"""Turns a `SifangError` into a page or JSON with its own status; absence and refusal look the same."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from sifang.kernel.errors import NotFound, SifangError
from sifang.web.views.errors import error_response

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class PageErrors:
    """Answer errors of the house in its own words, and add the headers no library adds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(request, "user", None) is not None and not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")  # person data never rests in a cache
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, SifangError):
            return error_response(request, exception)
        if isinstance(exception, Http404):
            return error_response(request, NotFound())
        if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
            return HttpResponse(status=413)
        return None


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # (whitenoise has no types)
    """Whitenoise under ASGI: a static file is answered whole (all are small), not as a blocking stream."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method or "GET", request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
