"""The first figures of a month: in register, received, ended, on leave, under measures, overdue.

Counted within what row security shows to the officer (or, for the table of months, to the job).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from sifang.cases.models import Case, Expectation, MonthFigure, Proceeding
from sifang.kernel.time import legal_day, utc_now
from sifang.law.time import day_begins
from sifang.monitoring.models import Measure
from sifang.people.access import Purpose, acting, system
from sifang.people.models import Agency, AgencyKind, Level, Officer

KEYS = ("register", "received", "ended", "away", "measured", "late")
BY_AREA = "county_code"


@dataclass(frozen=True)
class Figures:
    """One row: whose figures, and each count (None: not shown, smaller than 10)."""

    name: str
    counts: dict[str, int | None]


def month_end(first: date) -> date:
    """The first day of the month after."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def count(first: date, by: str, now: datetime) -> dict[str, dict[object, int]]:
    """Return each figure grouped by a field of the person (county_code, office, county_agency).

    States are those at the end of the month, or now while it runs; received and ended within the month.
    """
    after = month_end(first)
    end = min(day_begins(after), now)
    last = min(after - timedelta(days=1), legal_day(now)).isoformat()
    stood = Case.objects.filter(order__received_on__isnull=False)
    then = stood.filter(order__received_on__lt=min(after, legal_day(now) + timedelta(days=1)))
    back = Coalesce(KT("facts__returned_on"), KT("facts__granted_until"), KT("facts__returns_on"))
    away = Proceeding.objects.filter(
        procedure="leave", state__in=("granted", "overdue", "closed"), facts__leaves_on__lte=last
    )
    away = away.annotate(back=back).filter(Q(back__gte=last) | Q(state="overdue"))
    measures = Measure.objects.filter(approved_at__lt=end, ends_at__gt=end)
    late = Expectation.objects.filter(due_kind="law", due_at__lte=end, case__isnull=False)
    still = Q(closed_at=None) | Q(closed_at__gt=end)
    person = f"person__{by}"
    found = {
        "register": (then.filter(still), person, "id"),
        "received": (
            stood.filter(order__received_on__gte=first, order__received_on__lt=after),
            person,
            "id",
        ),
        "ended": (
            stood.filter(closed_at__gte=day_begins(first), closed_at__lt=day_begins(after)),
            person,
            "id",
        ),
        "away": (away, f"case__{person}", "case"),
        "measured": (measures.filter(Q(ended_at=None) | Q(ended_at__gt=end)), person, "person"),
        "late": (late.filter(still), f"case__{person}", "id"),
    }
    return {
        key: dict(rows.order_by().values_list(F(field)).annotate(n=Count(of, distinct=True)))
        for key, (rows, field, of) in found.items()
    }


def figures_for(officer: Officer, purpose: Purpose, first: date) -> list[Figures]:
    """Return the rows that this officer may see, the sum first. Nobody is named: nothing is recorded.

    A committee office gets the counted table, in which row security leaves nothing below 10 (E25).
    """
    with acting(officer, purpose):
        agency = officer.agency
        assert agency is not None
        if agency.kind == AgencyKind.COMMITTEE_OFFICE:
            return [_of_committee(agency, first)]
        wide = agency.level in {Level.CITY, Level.PROVINCE}
        counts = count(first, "county_agency" if wide else "office", utc_now())
        ids = {one for of in counts.values() for one in of}
        names: dict[object, str] = {
            one.id: one.name for one in Agency.objects.filter(id__in=[key for key in ids if key is not None])
        }
    rows = [
        Figures(names.get(one, "尚未分到司法所"), {key: counts[key].get(one, 0) for key in KEYS})
        for one in ids
    ]
    rows.sort(key=lambda one: one.name)
    total = Figures(agency.name, {key: sum(counts[key].values()) for key in KEYS})
    return [total, *rows] if len(rows) > 1 else [total]


def _of_committee(agency: Agency, first: date) -> Figures:
    of_area = agency.area_code if agency.level != Level.CITY else agency.area_code[:4] + "00"
    seen = dict(MonthFigure.objects.filter(area_code=of_area, month=first).values_list("key", "n"))
    return Figures(agency.name, {key: seen.get(key) for key in KEYS})


def count_months(now: datetime, *, using: str = "default") -> int:
    """Count this month and the last for every county and city into the table; return the rows. Role jobs."""
    this = legal_day(now).replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    with system("reconcile", using=using):
        rows = [row for first in (before, this) for row in _rows(first, now)]
        MonthFigure.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["area_code", "month", "key"],
            update_fields=["n", "counted_at"],
        )
    return len(rows)


def _rows(first: date, now: datetime) -> Iterable[MonthFigure]:
    counts = count(first, BY_AREA, now)
    for key, of in counts.items():
        cities: dict[str, int] = {}
        for area, n in of.items():
            code = str(area)
            cities[code[:4] + "00"] = cities.get(code[:4] + "00", 0) + n
            yield MonthFigure(area_code=code, month=first, key=key, n=n, counted_at=now)
        for code, n in cities.items():
            yield MonthFigure(area_code=code, month=first, key=key, n=n, counted_at=now)
