"""Technical incidents: many silent devices are one incident; it counts against nobody (DESIGN § 9)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from sifang.cases.services import expect
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.monitoring.models import Alarm, AlarmCause, AlarmKind, AlarmOutcome, Incident
from sifang.monitoring.services.alarms import expect_handling
from sifang.monitoring.services.seen import fulfil_if_expected
from sifang.people.models import Agency, AgencyKind, Level

CAUSES = {
    "carrier": AlarmCause.CARRIER_OUTAGE,
    "server": AlarmCause.SERVER_OUTAGE,
    "device": AlarmCause.DEVICE_FAULT,
    "clone": AlarmCause.DEVICE_FAULT,
}


def open_incident(
    kind: str,
    summary: str,
    *,
    carrier: str = "",
    devices: int = 0,
    began_at: datetime | None = None,
    measures: Iterable[int] = (),
    device: UUID | None = None,
) -> Incident:
    """Open a technical incident, or return the open one of the same kind and carrier.

    `measures`: numbers of the silent ones; their unhandled alarms of silence move under the incident.
    Run under a system purpose. `kind`: carrier, server, device or clone; a clone names its `device`, one
    question at a time.
    """
    with transaction.atomic():
        running = Incident.objects.filter(kind=kind, carrier=carrier, device=device, ended_at=None)
        incident = running.first() if kind != "device" else None
        if incident is None:
            incident = Incident.objects.create(
                kind=kind,
                carrier=carrier,
                summary=summary,
                devices=devices,
                device_id=device,
                began_at=began_at or utc_now(),
            )
            record("incident_opened", {"incident": str(incident.id), "kind": kind, "devices": devices})
            _expect(incident)
        elif devices > incident.devices:
            incident.devices = devices
            incident.save(update_fields=["devices"])
        silent = Alarm.objects.filter(kind=AlarmKind.SILENT, state="open", incident=None)
        silent.filter(measure__number__in=list(measures)).update(incident=incident)
        _tell(incident.id)
    return incident


def close_incident(incident: Incident, *, at: datetime | None = None) -> int:
    """End an incident; alarms under it whose situation is over close as technical, without a person's fault.

    Those still silent become questions of their own; returns how many. Run under a system purpose.
    """
    moment = at or utc_now()
    with transaction.atomic():
        incident.ended_at = max(moment, incident.began_at)
        incident.save(update_fields=["ended_at"])
        record("incident_ended", {"incident": str(incident.id), "at": incident.ended_at.isoformat()})
        under = Alarm.objects.filter(incident=incident, state="open")
        for alarm in under.filter(ended_at__isnull=False):
            alarm.state, alarm.closed_at = "closed", moment
            alarm.outcome, alarm.cause = AlarmOutcome.TECHNICAL, CAUSES[incident.kind]
            alarm.save(update_fields=["state", "closed_at", "outcome", "cause"])
            record("alarm_closed", {"alarm": str(alarm.id), "by_incident": str(incident.id)})
            fulfil_if_expected("alarm_taking", alarm.id, incident.id)
            fulfil_if_expected("alarm_handling", alarm.id, incident.id)
        still = list(under.filter(ended_at=None).select_related("person__county_agency", "case"))
        for alarm in still:
            expect_handling(alarm, moment)
        fulfil_if_expected("incident_handling", incident.id, incident.id)
        _tell(incident.id)
    return len(still)


def open_incidents() -> list[Incident]:
    """Return the incidents that have not ended, oldest first; they hold no personal data."""
    return list(Incident.objects.filter(ended_at=None).order_by("began_at"))


def _expect(incident: Incident) -> None:
    owner = Agency.objects.filter(kind=AgencyKind.JUSTICE_BUREAU, level=Level.CITY).first()
    if owner is not None:
        expect(
            "incident_handling",
            owner=owner,
            subject_kind="incident",
            subject_id=incident.id,
            article="社区矫正法29条",
            due_at=None,
            due_kind="target",
        )


def _tell(incident_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('sifang_alarms', %s)", [str(incident_id)])
