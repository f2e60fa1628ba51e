"""What the intake needs to know of its installation; `ops` provides it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class IntakeConfig:
    """`keys`: folder of the keys, outside PostgreSQL (SIFANG_DATA/keys/journal).

    `key_backup`: the second folder, into which each key is copied before its first use (SIFANG_KEY_BACKUP).
    """

    keys: Path
    key_backup: Path | None = None
