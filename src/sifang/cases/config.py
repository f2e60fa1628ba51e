"""What cases must be told at start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CasesConfig:
    """`calendars`: folder of the holiday tables that the office added (None: the packaged ones only)."""

    calendars: Path | None = None
