"""What happened in monitoring, for rooms above."""

from dataclasses import dataclass
from uuid import UUID

from sifang.kernel.events import unheard


@unheard
@dataclass(frozen=True)
class MeasureApproved:
    """The head of the county justice bureau approved (or extended) electronic positioning."""

    measure: UUID


@unheard
@dataclass(frozen=True)
class MeasureEnded:
    """A measure ended, by decision, with its order, or by the clock."""

    measure: UUID


@dataclass(frozen=True)
class BoundaryAdded:
    """A clause was written down that binds the person to the own city or county."""

    clause: UUID


@unheard
@dataclass(frozen=True)
class AlarmRaised:
    """A question to the officer on duty."""

    alarm: UUID


@unheard
@dataclass(frozen=True)
class AlarmClosed:
    """The question was answered, with outcome and cause."""

    alarm: UUID
