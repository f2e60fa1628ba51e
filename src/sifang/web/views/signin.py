"""Sign-in, sign-out, the landing page by role, and the account's own keys."""

import json
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from sifang.kernel.config import need
from sifang.kernel.errors import BadInput, SifangError
from sifang.people.models import Officer, Role
from sifang.web.config import PagesConfig
from sifang.web.gate import room
from sifang.web.rooms import COMMAND, later_for
from sifang.web.shell import Viewer, viewer_of
from sifang.web.signin import enrol, flow, passkeys
from sifang.web.signin.rate import brake, client_address

DEMO_ACCOUNTS = (
    ("lisuo", "李所", "司法所，受委托范围内"),
    ("wangke", "王科", "县级社区矫正机构"),
    ("fengban", "冯班", "值班席"),
    ("zhengju", "郑局", "县级司法行政部门负责人"),
    ("zhaojian", "赵检", "检察院"),
    ("sunjing", "孙警", "公安"),
    ("qianfa", "钱法", "法院"),
    ("mishu", "秘书", "委员会办公室，只见数字"),
    ("zhouwai", "周外", "另一县的工作人员"),
    ("sysadmin", "—", "系统、secadmin 安全、auditor 审计，三员分立"),
    ("zhangsan", "张三", "本人，只看自己的事项"),
)


class TooManyTries(SifangError):
    """尝试太多，请一分钟后再试。"""

    code, status = "too_many_tries", 429


@never_cache
@sensitive_post_parameters("password", "code")
def signin(request: HttpRequest) -> HttpResponseBase:
    """First step (GET, POST with username) and second step (POST with code)."""
    if request.method == "POST":
        slow_down(request)
        if "code" in request.POST:
            return second_step(request)
        return first_step(request)
    if viewer_of(request) is not None:
        return redirect("/")
    if "again" in request.GET:
        request.session.pop(flow.PENDING, None)
    half = flow.pending(request)
    return show(request, step=2 if half else 1)


def first_step(request: HttpRequest) -> HttpResponseBase:
    username, password = request.POST.get("username", "").strip(), request.POST.get("password", "")
    if not username or not password:
        return show(request, step=1, error="请输入用户名和口令。", username=username, status=400)
    request.session["next"] = safe_next(request)
    if flow.begin(request, username[:40], password[:200]) is not None:
        return redirect(safe_next(request))
    if enrol.enrolling(request) is not None:
        return redirect("/signin/first")
    return show(request, step=2)


@never_cache
@sensitive_post_parameters("password", "again", "code")
def first_time(request: HttpRequest) -> HttpResponseBase:
    """The first sign-in: own password and second factor; nothing else can be reached before."""
    officer = enrol.enrolling(request)
    if officer is None:
        return redirect("/signin")
    errors: dict[str, str] = {}
    if request.method == "POST":
        slow_down(request)
        if flow.is_locked(request, officer.username):
            raise TooManyTries
        errors = enrol.complete(request, officer)
        if not errors:
            target = str(request.session.get("next", "/"))
            flow.enter(request, officer, second_factor="code")
            return redirect(target)
        if "code" in errors:
            flow.count_failure(request, officer.username)
    context = {
        "secret": secret_words(enrol.pending_device(officer)),
        "new_password": officer.password_expires_at is not None,
        "errors": errors,
    }
    return render(request, "sifang/first_time.html", context, status=400 if errors else 200)


def second_step(request: HttpRequest) -> HttpResponseBase:
    half = flow.pending(request)
    if half is None:
        return show(request, step=1, error="已超过 5 分钟，请从第一步重新开始。", status=400)
    target = str(request.session.get("next", "/"))
    if flow.finish(request, half, request.POST["code"][:20]) is not None:
        return redirect(target)
    return show(request, step=2, error="不对，或已过期。连续 5 次不对，停 15 分钟。", status=403)


def show(
    request: HttpRequest, *, step: int, error: str = "", username: str = "", status: int = 200
) -> HttpResponse:
    demo = need(PagesConfig).demo
    context = {
        "step": step,
        "error": error,
        "username": username,
        "demo": demo,
        "accounts": DEMO_ACCOUNTS if demo else (),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "sifang/signin.html", context, status=status)


def safe_next(request: HttpRequest) -> str:
    """Return where to go after sign-in: a path of ours or the landing page."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if ours else "/"


def slow_down(request: HttpRequest) -> None:
    if not brake.lets_through(client_address(request)):
        raise TooManyTries


@require_POST
def signout(request: HttpRequest) -> HttpResponseBase:
    """End the session on the server, not only in the browser."""
    logout(request)
    return redirect("/signin")


@require_safe
def landing(request: HttpRequest) -> HttpResponseBase:
    """The first room the account may enter; who has none yet reads which will come."""
    viewer = viewer_of(request)
    if viewer is None:
        return redirect("/signin")
    if viewer.has(Role.DUTY_OFFICER):
        return redirect(COMMAND.url)
    if viewer.rooms:
        return redirect(viewer.rooms[0].url)
    return render(request, "sifang/no_room.html", {"later": later_for(viewer.roles), "Role": Role})


@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    slow_down(request)
    return JsonResponse(passkeys.signin_options(request))


@require_POST
def passkey_signin(request: HttpRequest) -> HttpResponse:
    """One step: the device's key proves possession and its owner's finger or PIN."""
    slow_down(request)
    officer = passkeys.verify(request, body_of(request))
    target = safe_next(request)
    flow.enter(request, officer, second_factor="passkey")
    return JsonResponse({"url": target})


@never_cache
@room(None)
def account(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The account's own page: register a code or a passkey."""
    officer = viewer.officer
    error = ""
    if request.method == "POST":
        error = confirm_code(request, officer)
        if not error:
            return redirect("/account")
    pending = TOTPDevice.objects.filter(user=officer, confirmed=False).first()
    if pending is None and not TOTPDevice.objects.filter(user=officer, confirmed=True).exists():
        pending = TOTPDevice.objects.create(user=officer, name="动态口令", confirmed=False)
    context: dict[str, Any] = {
        "passkeys": officer.passkeys.order_by("created_at"),
        "codes": TOTPDevice.objects.filter(user=officer, confirmed=True),
        "pending": pending,
        "secret": secret_words(pending) if pending else "",
        "error": error,
    }
    return render(request, "sifang/account.html", context, status=400 if error else 200)


def confirm_code(request: HttpRequest, officer: Officer) -> str:
    """Switch the code on once the account has shown that it can make one. Returns the error, or nothing."""
    device = TOTPDevice.objects.filter(user=officer, confirmed=False).first()
    digits = "".join(filter(str.isdecimal, request.POST.get("code", "")))
    if device is None or not device.verify_token(digits):
        return "不对，或已过期。请输入验证器上现在显示的 6 位数字。"
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return ""


def secret_words(device: TOTPDevice) -> str:
    """Return the shared secret in groups of four letters of base 32, for typing into an authenticator."""
    from base64 import b32encode

    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@require_POST
@room(None)
def register_options(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    return JsonResponse(passkeys.registration_options(request, viewer.officer))


@require_POST
@room(None)
def register_passkey(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    passkeys.register(request, viewer.officer, body_of(request))
    return JsonResponse({"url": "/account"})


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object of the body. Raises BadInput."""
    try:
        body = json.loads(request.body)
    except ValueError as bad:
        raise BadInput(reason="不是 JSON。") from bad
    if not isinstance(body, dict):
        raise BadInput(reason="不是 JSON 对象。")
    return body
