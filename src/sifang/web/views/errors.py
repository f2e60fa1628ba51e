"""Pages and JSON for what can go wrong. A refusal must not tell an outsider whether a person exists."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from sifang.kernel.config import need
from sifang.kernel.errors import BeyondPower, NotFound, SifangError
from sifang.web.config import PagesConfig
from sifang.web.path_state import stuck


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith(
        "application/json"
    )


def error_response(request: HttpRequest, error: SifangError) -> HttpResponse:
    """Return the error as `{code, message}` or as a page, with the status of its class.

    What is wrong field by field stands under `errors`, where the error knows.
    """
    if wants_json(request):
        told: dict[str, object] = {"code": error.code, "message": str(error)}
        if isinstance(error.data.get("errors"), dict):
            told["errors"] = error.data["errors"]
        return JsonResponse(told, status=error.status)
    if isinstance(error, NotFound):
        return not_found(request)
    template = "sifang/beyond_power.html" if isinstance(error, BeyondPower) else "sifang/error.html"
    return render(request, template, {"error": error, "back": came_from(request)}, status=error.status)


def came_from(request: HttpRequest) -> str:
    """Return the page of ours this request came from, or the landing page."""
    referer = request.headers.get("Referer", "")
    return referer if url_has_allowed_host_and_scheme(referer, {request.get_host()}) else "/"


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """One page for everything that is not there, or not for this officer."""
    del exception
    if wants_json(request):
        return JsonResponse({"code": "not_found", "message": str(NotFound())}, status=404)
    return render(request, "sifang/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without touching the database."""
    if wants_json(request):
        return JsonResponse({"code": "error", "message": "出现错误。"}, status=500)
    text = "<!doctype html><html lang=zh-Hans><meta charset=utf-8><title>出现错误 · 四方</title>"
    text += "<main><h1>出现错误</h1><p>没有保存这一步。请稍后再试；问题已记入日志。</p>"
    if state := stuck(need(PagesConfig).guard_file):
        text += f"<p><b>定位接收停滞，自 {state.clock} 起。</b>{state.words}</p>"
    text += "<p><a href=/>返回</a></p></main></html>"
    return HttpResponse(text, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not ours or too old."""
    del reason
    if wants_json(request):
        return JsonResponse({"code": "csrf", "message": "页面已过期，请刷新后再试。"}, status=403)
    return render(request, "sifang/stale_form.html", status=403)
