"""Passkeys (WebAuthn): registered by the signed-in account, then one step signs in.

The challenge lives in the session and is used once. The relying party is the host of the page.
"""

import json
from typing import Any

import webauthn
from django.http import HttpRequest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from sifang.kernel.errors import Refused
from sifang.kernel.time import utc_now
from sifang.people.models import Officer
from sifang.web.models import Passkey

CHALLENGE = "passkey_challenge"


def registration_options(request: HttpRequest, officer: Officer) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`, with a fresh challenge."""
    options = webauthn.generate_registration_options(
        rp_id=host_of(request),
        rp_name="四方",
        user_id=officer.pk.bytes,
        user_name=officer.username,
        user_display_name=officer.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=bytes(key.credential_id)) for key in officer.passkeys.all()
        ],
    )
    return remember(request, options.challenge, webauthn.options_to_json(options))


def register(request: HttpRequest, officer: Officer, credential: dict[str, Any]) -> Passkey:
    """Keep the new key. Raises Refused when the browser's answer does not fit the challenge."""
    try:
        seen = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=recall(request),
            expected_rp_id=host_of(request),
            expected_origin=origin_of(request),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as bad:
        raise Refused(reason="没有登记：设备的回答不符合要求。请再试一次。") from bad
    return Passkey.objects.create(
        officer=officer,
        credential_id=seen.credential_id,
        public_key=seen.credential_public_key,
        sign_count=seen.sign_count,
    )


def signin_options(request: HttpRequest) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`; no list of keys, so no name is asked."""
    options = webauthn.generate_authentication_options(
        rp_id=host_of(request), user_verification=UserVerificationRequirement.REQUIRED
    )
    return remember(request, options.challenge, webauthn.options_to_json(options))


def verify(request: HttpRequest, credential: dict[str, Any]) -> Officer:
    """Return the account whose key signed the challenge. Raises Refused, always in the same words."""
    refusal = Refused(reason="不对，或已过期。请再试一次。")
    challenge = recall(request)
    try:
        key_id = base64url_to_bytes(str(credential["id"]))
        key = Passkey.objects.select_related("officer").filter(credential_id=key_id).first()
        if key is None or not key.officer.is_active:
            raise refusal
        seen = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=host_of(request),
            expected_origin=origin_of(request),
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as bad:
        raise refusal from bad
    key.sign_count, key.last_used_at = seen.new_sign_count, utc_now()
    key.save(update_fields=["sign_count", "last_used_at"])
    return key.officer


def remember(request: HttpRequest, challenge: bytes, options: str) -> dict[str, Any]:
    request.session[CHALLENGE] = bytes_to_base64url(challenge)
    answer: dict[str, Any] = json.loads(options)
    return answer


def recall(request: HttpRequest) -> bytes:
    """Return the challenge and forget it: each is good for one answer. Raises Refused without one."""
    kept = request.session.pop(CHALLENGE, None)
    if not isinstance(kept, str):
        raise Refused(reason="不对，或已过期。请再试一次。")
    return base64url_to_bytes(kept)


def host_of(request: HttpRequest) -> str:
    return request.get_host().rsplit(":", 1)[0]


def origin_of(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
