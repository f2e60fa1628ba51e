"""What happened to persons, orders and officers, past tense."""

from dataclasses import dataclass
from uuid import UUID

from sifang.kernel.events import unheard


@unheard
@dataclass(frozen=True)
class OrderRegistered:
    """A person under a new order is on the books of a county agency."""

    person: UUID
    order: UUID


@unheard
@dataclass(frozen=True)
class RoleGranted:
    """An officer holds a role from now or a later instant."""

    officer: UUID
    role: str


@unheard
@dataclass(frozen=True)
class RoleEnded:
    """An officer's role ended."""

    officer: UUID
    role: str


@unheard
@dataclass(frozen=True)
class JudgmentEntered:
    """A deciding body entered a person with an order, to be handed over to a county agency."""

    person: UUID
    order: UUID


@unheard
@dataclass(frozen=True)
class OrderReceived:
    """The county agency received a person under an order; supervision may begin."""

    person: UUID
    order: UUID


@unheard
@dataclass(frozen=True)
class OrderEnded:
    """An order ended before its term, at its release, or with the person's death."""

    person: UUID
    order: UUID
    why: str


@unheard
@dataclass(frozen=True)
class PersonMoved:
    """A person arrived at a new county, which is responsible from now on."""

    person: UUID
    from_county: UUID
    to_county: UUID


@unheard
@dataclass(frozen=True)
class RecordSealed:
    """The record of a minor is sealed: nobody sees the person any more."""

    person: UUID
