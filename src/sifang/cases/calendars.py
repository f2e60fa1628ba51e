"""The calendar by which this installation counts: the published tables and those that the office added."""

from sifang.cases.config import CasesConfig
from sifang.kernel.config import NotConfigured, need
from sifang.law.calendar import Calendar


def calendar() -> Calendar:
    """Return the calendar in force."""
    try:
        folder = need(CasesConfig).calendars
    except NotConfigured:
        folder = None
    return Calendar.load(folder)
