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
    "unknown_device": "未登记的装置",
    "unknown_terminal": "未登记的终端",
    "no_measure": "没有有效措施",
    "measure_ended": "措施已结束，停止采集",
    "before_measure": "早于措施开始",
    "future": "时间超前",
    "too_old": "过旧",
    "bad_position": "位置不可能",
    "bad_value": "数值不可能",
    "unauthenticated": "未鉴权",
    "bad_auth": "鉴权不对",
    "sim_changed": "卡号与登记不符",
    "other_terminal": "中途换了终端号",
    "between_frames": "帧外字节",
    "incomplete": "帧不完整",
    "too_large": "帧过长",
    "too_many_connections": "连接过多",
    "bad_checksum": "校验不对",
    "bad_length": "长度不对",
    "bad_escape": "转义不对",
    "bad_frame": "不是合格的帧",
    "unknown_message": "未知消息",
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
