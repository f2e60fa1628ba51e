"""What the pages must be told at start."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PagesConfig:
    """`demo`: the demonstration city with its accounts; `version`: shown in the help dialog."""

    demo: bool = False
    version: str = ""
