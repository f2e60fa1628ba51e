"""The two steps. What was wrong is told only after the second, and never which half.

Step one always leads to step two, except that a demonstration account without a registered second factor
enters with its password alone, and any other account without one is led to register it (`enrol`), not in.
Each beginning counts as one failed try until it succeeds, for known and unknown names alike, so that the
lock-out tells nothing either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import login
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice

from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.people.models import Officer
from sifang.web.models import Passkey
from sifang.web.signin import enrol
from sifang.web.signin.backend import OfficerBackend

log = get_logger("web")
BACKEND = "sifang.web.signin.backend.OfficerBackend"
PENDING = "signin_pending"
PENDING_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Pending:
    """What is known between the steps; lives in the server's session, never in the page."""

    username: str
    officer_id: str | None
    began_at: datetime


def is_locked(request: HttpRequest, username: str) -> bool:
    """Whether this name is locked out after five failures (15 minutes), existing or not."""
    return not AxesProxyHandler.is_allowed(request, {"username": username})


def has_second_factor(officer: Officer) -> bool:
    """Whether the account registered a code or a passkey."""
    return (
        TOTPDevice.objects.filter(user=officer, confirmed=True).exists()
        or Passkey.objects.filter(officer=officer).exists()
    )


def must_enrol(officer: Officer) -> bool:
    """Whether this account has still to register its second factor or to replace a one-time password."""
    return officer.password_expires_at is not None or not (officer.is_demo or has_second_factor(officer))


def begin(request: HttpRequest, username: str, password: str) -> Officer | None:
    """Take name and password. Returns the officer when this alone admits (demo), else None: ask step two."""
    officer = OfficerBackend().authenticate(request, username, password)
    locked = is_locked(request, username)
    is_done = officer is not None and not must_enrol(officer)
    if officer is not None and not locked and officer.is_demo and is_done and not has_second_factor(officer):
        enter(request, officer, second_factor="")
        return officer
    if not locked:
        count_failure(request, username)
    if officer is not None and not locked and must_enrol(officer):
        enrol.start(request, officer)
        return None
    request.session[PENDING] = {
        "username": username,
        "officer": str(officer.pk) if officer is not None else None,
        "at": utc_now().isoformat(),
    }
    return None


def pending(request: HttpRequest) -> Pending | None:
    """Return what step one left, or None when it is older than five minutes."""
    raw = request.session.get(PENDING)
    if not isinstance(raw, dict):
        return None
    began = datetime.fromisoformat(raw["at"])
    if utc_now() - began > PENDING_FOR:
        del request.session[PENDING]
        return None
    return Pending(raw["username"], raw["officer"], began)


def finish(request: HttpRequest, half: Pending, code: str) -> Officer | None:
    """Judge both halves together. None for every kind of refusal."""
    officer = Officer.objects.filter(pk=half.officer_id, is_active=True).first() if half.officer_id else None
    digits = "".join(filter(str.isdecimal, code))
    right = officer is not None and any(
        device.verify_token(digits) for device in TOTPDevice.objects.filter(user=officer, confirmed=True)
    )
    if officer is None or not right or is_locked(request, half.username):
        count_failure(request, half.username)
        return None
    enter(request, officer, second_factor="code")
    return officer


def enter(request: HttpRequest, officer: Officer, *, second_factor: str) -> None:
    """Sign in: a new session identifier, nothing of the old session kept (no fixation)."""
    request.session.flush()
    login(request, officer, backend=BACKEND)
    request.session["second_factor"] = second_factor
    log.info("signed_in", officer=str(officer.pk), second_factor=second_factor or "none")


def count_failure(request: HttpRequest, username: str) -> None:
    """Count one failed try of this name (django-axes listens)."""
    user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)
