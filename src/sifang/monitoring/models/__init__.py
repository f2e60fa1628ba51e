"""Tables of monitoring: measures, fences, devices, journal, alarms."""

from sifang.monitoring.models.alarms import Alarm, AlarmAct, Incident, Signal
from sifang.monitoring.models.devices import Binding, Device, DeviceModel
from sifang.monitoring.models.fences import BoundaryLine, Clause, ClauseException, Fence
from sifang.monitoring.models.journal import JournalBlock, MeasuresVersion, RefusedFixes
from sifang.monitoring.models.measures import Measure, Proof

__all__ = [
    "Alarm",
    "AlarmAct",
    "Binding",
    "BoundaryLine",
    "Clause",
    "ClauseException",
    "Device",
    "DeviceModel",
    "Fence",
    "Incident",
    "JournalBlock",
    "Measure",
    "MeasuresVersion",
    "Proof",
    "RefusedFixes",
    "Signal",
]
