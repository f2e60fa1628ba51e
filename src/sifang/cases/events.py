"""What happened in cases, past tense."""

from dataclasses import dataclass
from uuid import UUID

from sifang.kernel.events import unheard


@unheard
@dataclass(frozen=True)
class CaseOpened:
    """The course of an order began."""

    case: UUID
    order: UUID


@unheard
@dataclass(frozen=True)
class ExpectationOpened:
    """Something ought to happen from now on."""

    expectation: UUID
    kind: str


@unheard
@dataclass(frozen=True)
class ExpectationFulfilled:
    """What ought to happen was done, by the act `by`."""

    expectation: UUID
    kind: str
    by: UUID


@unheard
@dataclass(frozen=True)
class ActDone:
    """A step of a procedure was taken."""

    act: UUID
    case: UUID
    procedure: str
    step: str


@unheard
@dataclass(frozen=True)
class DispatchAnswered:
    """The recipient confirmed or disputed what was sent."""

    dispatch: UUID
    accepted: bool
