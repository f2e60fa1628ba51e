"""Checks a password. Counting failures and locking is django-axes' business, the second step ours."""

from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from sifang.people.models import Officer


class OfficerBackend(BaseBackend):
    """Sign-in names and passwords of officers and persons."""

    def authenticate(  # type: ignore[override]  # (named credentials instead of **kwargs)
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None
    ) -> Officer | None:
        """Return the active account this password opens. Costs the same for a name nobody has."""
        del request
        officer = Officer.objects.filter(username=username or "").first()
        if officer is None:
            make_password(password)
            return None
        return officer if officer.check_password(password or "") and officer.is_active else None

    def get_user(self, user_id: UUID | str) -> Officer | None:
        """Return the account of a session; one who left is signed out at once."""
        return Officer.objects.select_related("agency").filter(pk=user_id, is_active=True).first()
