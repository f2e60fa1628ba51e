"""Rows of the two largest tables as plain objects: a model instance costs five times as much to make."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sifang.cases.models import Proceeding
from sifang.kernel.ids import uuid7
from sifang.people.models import Agency, Officer


@dataclass(slots=True)
class ActRow:
    """One row of `Act`; attributes bear the names of its columns."""

    case_id: UUID
    proceeding: Proceeding
    procedure: str
    step: str
    row: int
    edition: date
    edition_digest: str
    title: str
    article: str
    mark: str
    actor: str
    officer: Officer | None
    recorded_for: bool
    at: datetime
    day: date
    state_before: str
    state_after: str
    facts: dict[str, Any]
    answers: dict[str, Any]
    after: dict[str, Any]
    reasons: str
    remedy: str
    calendar_digest: str
    corrects_id: UUID | None = None
    id: UUID = field(default_factory=uuid7)

    @property
    def proceeding_id(self) -> UUID:
        """The key of the proceeding."""
        return self.proceeding.id

    @property
    def officer_id(self) -> UUID | None:
        """The key of the officer; None is the clock."""
        return self.officer.id if self.officer else None

    @property
    def agency_id(self) -> UUID | None:
        """The key of the officer's agency."""
        return self.officer.agency_id if self.officer else None

    @property
    def recorded_at(self) -> datetime:
        """Old acts were recorded when they were taken."""
        return self.at


@dataclass(slots=True)
class LetterRow:
    """One row of `Dispatch`; attributes bear the names of its columns."""

    act_id: UUID
    case_id: UUID
    from_agency: Agency | None
    to_agency: Agency | None
    to_actor: str
    title: str
    article: str
    mark: str
    content: dict[str, Any]
    due_at: datetime | None
    due_kind: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None = None
    answered_by_id: UUID | None = None
    document_id: UUID | None = None
    words: str = ""
    id: UUID = field(default_factory=uuid7)

    @property
    def from_agency_id(self) -> UUID | None:
        """The key of the sender."""
        return self.from_agency.id if self.from_agency else None

    @property
    def to_agency_id(self) -> UUID | None:
        """The key of the recipient; None is the person, a guardian or a helper."""
        return self.to_agency.id if self.to_agency else None
