"""Checks a password. Counting failures and locking is django-axes' business, the second step ours."""

from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from sifang.kernel.time import utc_now
from sifang.people.models import Officer


class OfficerBackend(BaseBackend):
    """Sign-in names and passwords of officers and persons."""

    def authenticate(  # type: ignore[override]  # (named credentials instead of **kwargs)
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None
    ) -> Officer | None:
        """Return the active account this password opens. Costs the same for a name nobody has.

        A one-time password opens nothing after its end.
        """
        del request
        officer = Officer.objects.filter(username=username or "").first()
        if officer is None:
            make_password(password)
            return None
        is_over = officer.password_expires_at is not None and officer.password_expires_at <= utc_now()
        right = officer.check_password(password or "")
        return officer if right and officer.is_active and not is_over else None

    def get_user(self, user_id: UUID | str) -> Officer | None:
        """Return the account of a session; one who left is signed out at once."""
        return Officer.objects.select_related("agency").filter(pk=user_id, is_active=True).first()
