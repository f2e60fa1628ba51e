"""What the intake needs to know of its installation; `ops` provides it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class IntakeConfig:
    """`keys`: folder of the journal's hourly keys, outside PostgreSQL (SIFANG_DATA/keys/journal)."""

    keys: Path
