"""Whether fixes get through, as the guard tells it in a file: known also when the database is silent.

Every officer sees a band on every page while they do not. The band's part of the page is fetched again by
whoever has a page open; the key in its address, given with the page, takes the place of a session, because
a session cannot be read while the database is away.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core import signing

from sifang.kernel.time import SHANGHAI, utc_now

SILENT_S = 60.0  # a guard that has not rewritten its file so long does not guard
KEY_HOURS = 13  # a shift and a little more, as long as a session
_SALT = "sifang.path-band"


@dataclass(frozen=True)
class Stuck:
    """Since when (aware) fixes do not get through, and why in words."""

    since: datetime
    words: str

    @property
    def clock(self) -> str:
        """The hour and minute on the page."""
        return self.since.astimezone(SHANGHAI).strftime("%H:%M")


def stuck(file: Path | None, now: datetime | None = None) -> Stuck | None:
    """Return what the guard says; None when all is well, or when no guard has ever run here."""
    try:
        found = json.loads(file.read_text("utf-8")) if file else {}
        alive_at = datetime.fromisoformat(found["alive_at"])
        if ((now or utc_now()) - alive_at).total_seconds() > SILENT_S:
            return Stuck(alive_at, "值守检查程序没有反应")
        if not found["stuck"]:
            return None
        return Stuck(datetime.fromisoformat(found["since"]).astimezone(UTC), found["line"].partition("：")[2])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def key() -> str:
    """Return what a page needs to ask for the band."""
    return signing.TimestampSigner(salt=_SALT).sign("band")


def is_key(text: str) -> bool:
    """Whether this key was given with a page of the present shift."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(text, max_age=KEY_HOURS * 3600)
    except signing.BadSignature:
        return False
    return True
