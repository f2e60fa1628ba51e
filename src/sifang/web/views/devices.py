"""管理: devices, their models and bindings, last seen; refused fixes as counts, no bytes, no position."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sifang.kernel.time import utc_now
from sifang.monitoring.access import RefusedCount, access_devices, access_refused_counts
from sifang.monitoring.models import Device
from sifang.web.gate import room
from sifang.web.live.hub import hub
from sifang.web.rooms import ADMIN
from sifang.web.shell import Viewer

SPAN = timedelta(hours=24)
SHOWN = 200

REASONS = {
    "no_measure": "没有有效措施",
    "unknown_device": "未登记的装置",
    "future": "时间超前",
    "not_worn": "未佩戴",
    "ended": "措施已结束",
    "duplicate": "重复",
    "implausible": "数值不可能",
    "not_authenticated": "未鉴权",
}


@dataclass(frozen=True)
class Line:
    """One device in the list; `who` only where row security lets this operator see the person."""

    device: Device
    who: str
    measure: int | None
    seen_s: int | None
    battery: int | None


@require_safe
@room(ADMIN)
def devices(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The operator's page."""
    hub.ensure()
    found = access_devices(viewer.officer)
    counts = access_refused_counts(viewer.officer, since=utc_now() - SPAN)
    places = hub.positions()
    lines = []
    for device in found:
        binding = next(iter(device.bindings.all()), None)
        number = binding.measure.number if binding else None
        place = places.get(number) if number is not None else None
        lines.append(
            Line(
                device,
                binding.measure.person.number if binding else "",
                number,
                int(place[6] or 0) if place else None,
                int(place[7]) if place and place[7] is not None else None,
            )
        )
    context = {
        "lines": lines,
        "worn": sum(line.measure is not None for line in lines),
        "by_reason": by_reason(counts),
        "counts": [(REASONS.get(one.reason, one.reason), one) for one in counts[:SHOWN]],
        "refused": sum(one.count for one in counts),
        "at": utc_now(),
    }
    return render(request, "sifang/devices.html", context)


def by_reason(counts: list[RefusedCount]) -> list[tuple[str, int]]:
    """Return the refused fixes of the span by reason, the most first."""
    total: Counter[str] = Counter()
    for one in counts:
        total[REASONS.get(one.reason, one.reason)] += one.count
    return total.most_common()
