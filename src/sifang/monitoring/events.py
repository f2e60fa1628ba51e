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
