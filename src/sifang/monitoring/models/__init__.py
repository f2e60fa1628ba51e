"""Tables of monitoring: measures, fences, devices, journal, alarms."""

from sifang.monitoring.models.alarms import (
    TECHNICAL_CAUSES,
    Alarm,
    AlarmAct,
    AlarmCause,
    AlarmCounter,
    AlarmKind,
    AlarmOutcome,
    Incident,
    Signal,
)
from sifang.monitoring.models.devices import Binding, Device, DeviceKind, DeviceModel
from sifang.monitoring.models.fences import BoundaryLine, Clause, ClauseException, ClauseKind, Fence
from sifang.monitoring.models.journal import JournalBlock, MeasuresVersion, RefusedFixes
from sifang.monitoring.models.measures import Ground, Measure, Proof

__all__ = [
    "TECHNICAL_CAUSES",
    "Alarm",
    "AlarmAct",
    "AlarmCause",
    "AlarmCounter",
    "AlarmKind",
    "AlarmOutcome",
    "Binding",
    "BoundaryLine",
    "Clause",
    "ClauseException",
    "ClauseKind",
    "Device",
    "DeviceKind",
    "DeviceModel",
    "Fence",
    "Ground",
    "Incident",
    "JournalBlock",
    "Measure",
    "MeasuresVersion",
    "Proof",
    "RefusedFixes",
    "Signal",
]
