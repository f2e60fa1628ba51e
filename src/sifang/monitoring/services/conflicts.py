"""Clone conflicts: two contents for one second of one device (DESIGN § 3, identity of a fix).

A device has one place in one second. Two contents are a sign that a second device uses its identity, or that
the device is faulty. It is a question to a person about a device, never a violation; both fixes are kept.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from sifang.ledger.services import record
from sifang.monitoring.models import Device, DeviceConflict, Incident
from sifang.monitoring.services.incidents import close_incident, open_incident

SHOWN = 4  # last digits of the terminal id in the question


def note_conflicts(found: Iterable[tuple[UUID, datetime]]) -> list[Incident]:
    """Note conflicts (device, second taken, aware); each device gets one open question, kind "clone".

    The same conflict noted again adds nothing and asks nothing again, also after the question was answered.
    Run under a system purpose. Returns the incidents of devices with conflicts new here.
    """
    seconds: dict[UUID, set[datetime]] = {}
    for device, taken_at in found:
        seconds.setdefault(device, set()).add(taken_at)
    asked = []
    with transaction.atomic():
        for device_id, taken in sorted(seconds.items()):
            known = set(
                DeviceConflict.objects.filter(device=device_id, taken_at__in=taken).values_list(
                    "taken_at", flat=True
                )
            )
            new = sorted(taken - known)
            if not new:
                continue
            DeviceConflict.objects.bulk_create(
                (DeviceConflict(device_id=device_id, taken_at=at) for at in new), ignore_conflicts=True
            )
            asked.append(_ask(device_id, new[0]))
    return asked


def answer_clone(incident: Incident, finding: str, *, at: datetime | None = None) -> None:
    """End the question about a device: what was found on it stands in the log. Run as an officer's act."""
    with transaction.atomic():
        record("clone_answered", {"incident": str(incident.id), "finding": finding})
        close_incident(incident, at=at)


def _ask(device_id: UUID, first: datetime) -> Incident:
    terminal = Device.objects.values_list("terminal_id", flat=True).get(pk=device_id)
    return open_incident(
        "clone",
        f"尾号 {terminal[-SHOWN:]} 的装置在同一秒报来两份不同的定位：是否有另一台装置在用同一身份？",
        devices=1,
        began_at=first,
        device=device_id,
    )
