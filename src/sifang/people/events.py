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
