"""The first sign-in: the second factor is registered and a one-time password replaced, before anything else.

Between password and code nobody is signed in: the session holds only whose enrolment it is, for ten
minutes, and reaches no page but this one.
"""

from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice

from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.accounts import replace_password
from sifang.people.models import Officer
from sifang.web.models import Passkey

ENROL = "signin_enrol"
ENROL_FOR = timedelta(minutes=10)


def start(request: HttpRequest, officer: Officer) -> None:
    """Remember whose first sign-in this is; a new session identifier, no rights."""
    target = request.session.get("next", "/")
    request.session.flush()
    request.session["next"] = target
    request.session[ENROL] = {"officer": str(officer.pk), "at": utc_now().isoformat()}


def enrolling(request: HttpRequest) -> Officer | None:
    """Return whose first sign-in this session is, or None after ten minutes or when it is not one."""
    raw = request.session.get(ENROL)
    if not isinstance(raw, dict):
        return None
    if utc_now() - datetime.fromisoformat(raw["at"]) > ENROL_FOR:
        del request.session[ENROL]
        return None
    return Officer.objects.filter(pk=raw["officer"], is_active=True).first()


def pending_device(officer: Officer) -> TOTPDevice:
    """Return the code that is being registered, with a secret of its own."""
    found = TOTPDevice.objects.filter(user=officer, confirmed=False).first()
    return found or TOTPDevice.objects.create(user=officer, name="动态口令", confirmed=False)


def complete(request: HttpRequest, officer: Officer) -> dict[str, str]:
    """Take the new password and the first code; return what is wrong, by field, or nothing when done."""
    given = request.POST
    password, again = given.get("password", "")[:200], given.get("again", "")[:200]
    digits = "".join(filter(str.isdecimal, given.get("code", "")))[:12]
    errors: dict[str, str] = {}
    if officer.password_expires_at is not None:
        errors |= _wrong_password(officer, password, again)
    if errors:
        return errors
    if not pending_device(officer).verify_token(digits):
        return {"code": "不对，或已过期。请输入验证器上现在显示的 6 位数字。"}
    with transaction.atomic():
        if officer.password_expires_at is not None:
            replace_password(officer, password)
        TOTPDevice.objects.filter(user=officer, confirmed=False).update(confirmed=True)
        record("second_factor_registered", {"officer": str(officer.pk), "kind": "code"})
    return {}


def _wrong_password(officer: Officer, password: str, again: str) -> dict[str, str]:
    try:
        validate_password(password, officer)
    except ValidationError:
        return {"password": "至少 12 个字符。用整句话最好记。"}
    if officer.check_password(password):
        return {"password": "不能再用一次性口令，请另取一个。"}
    return {} if password == again else {"again": "两次输入的不一样。"}


def forget_factors(officer: Officer) -> None:
    """Take away every code and passkey: whoever resets an account lets it enrol anew."""
    TOTPDevice.objects.filter(user=officer).delete()
    Passkey.objects.filter(officer=officer).delete()
