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
from sifang.monitoring.models.chunks import JournalHour, TrackChunk
from sifang.monitoring.models.devices import Binding, Device, DeviceConflict, DeviceKind, DeviceModel
from sifang.monitoring.models.exports import TrackExport, TrackExportEnd
from sifang.monitoring.models.fences import BoundaryLine, Clause, ClauseException, ClauseKind, Fence
from sifang.monitoring.models.journal import JournalBlock, MeasuresVersion, RefusedFixes
from sifang.monitoring.models.late import AlarmReview, EngineState, LateWork, ReviewVerdict
from sifang.monitoring.models.measures import Ground, Measure, Proof
from sifang.monitoring.models.retention import RefusedFrame, RetentionKind, RetentionPolicy, RetentionRun

__all__ = [
    "TECHNICAL_CAUSES",
    "Alarm",
    "AlarmAct",
    "AlarmCause",
    "AlarmCounter",
    "AlarmKind",
    "AlarmOutcome",
    "AlarmReview",
    "Binding",
    "BoundaryLine",
    "Clause",
    "ClauseException",
    "ClauseKind",
    "Device",
    "DeviceConflict",
    "DeviceKind",
    "DeviceModel",
    "EngineState",
    "Fence",
    "Ground",
    "Incident",
    "JournalBlock",
    "JournalHour",
    "LateWork",
    "Measure",
    "MeasuresVersion",
    "Proof",
    "RefusedFixes",
    "RefusedFrame",
    "RetentionKind",
    "RetentionPolicy",
    "RetentionRun",
    "ReviewVerdict",
    "Signal",
    "TrackChunk",
    "TrackExport",
    "TrackExportEnd",
]
