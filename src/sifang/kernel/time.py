"""Time: aware UTC inside, Asia/Shanghai on pages; legal days are dates in Shanghai."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Return the present instant, aware UTC."""
    return datetime.now(UTC)


def legal_day(instant: datetime) -> date:
    """Return the calendar day in Shanghai on which `instant` (aware) falls."""
    return instant.astimezone(SHANGHAI).date()
