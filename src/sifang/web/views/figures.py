"""统计: the figures of a month. A committee office sees counts of 10 and more, nothing smaller (E25)."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.kernel.errors import NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.figures import KEYS, figures_for, month_end
from sifang.people.models import AgencyKind
from sifang.web import purposes
from sifang.web.gate import room
from sifang.web.rooms import FIGURES
from sifang.web.shell import Viewer

WORDS = {
    "register": ("在册", "月末（本月为此刻）在矫人数"),
    "received": ("接收", "当月接收登记"),
    "ended": ("解除和终止", "当月期满解除、终止"),
    "away": ("外出", "月末（本月为此刻）经批准在外，含期满未归"),
    "measured": ("电子定位", "月末（本月为此刻）正在使用电子定位装置"),
    "late": ("逾期", "月末（本月为此刻）法定期限已过而未办的事项（件）"),
}


@require_safe
@room(FIGURES)
def figures(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """One month: the sum, then each office or county. Only figures, nobody is named."""
    if viewer.agency is None:
        raise NotFound
    now = utc_now()
    this = legal_day(now).replace(day=1)
    try:
        first = date.fromisoformat(request.GET.get("month", f"{this:%Y-%m}") + "-01")
    except ValueError as error:
        raise NotFound from error
    if first > this:
        raise NotFound
    found = figures_for(viewer.officer, purposes.of_desk(viewer), first)
    context = {
        "first": first,
        "words": [(key, *WORDS[key]) for key in KEYS],
        "rows": [(row.name, [row.counts[key] for key in KEYS]) for row in found],
        "before": first - timedelta(days=1),
        "after": month_end(first) if first < this else None,
        "committee": viewer.agency.kind == AgencyKind.COMMITTEE_OFFICE,
        "running": first == this,
        "at": now,
    }
    return render(request, "sifang/figures.html", context)
