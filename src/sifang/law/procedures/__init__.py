"""The procedures by name, each in its published editions; the edition is chosen by the day of the act.

One file a procedure: its last lines name a tuple `EDITIONS`. The files are found by their names here, in
the order in which pages list them.
"""

from datetime import date
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.procedure import Procedure

NAMES = (
    "handover",
    "intake",
    "exit_control",
    "team",
    "plan",
    "category",
    "report",
    "medical",
    "check",
    "contact",
    "visitor",
    "prohibition",
    "stop_breach",
    "leave",
    "frequent",
    "move",
    "education",
    "need",
    "activity",
    "positioning",
    "held",
    "minor",
    "ending",
)


class NoEdition(SifangError):
    """{name} 在 {day} 没有适用的版本。"""

    code: ClassVar[str] = "no_edition"
    status: ClassVar[int] = 404


@cache
def editions_of(name: str) -> tuple[Procedure, ...]:
    """Return the published editions of one procedure, oldest first. Raises NoEdition."""
    module = f"{__name__}.{name}"
    if name not in NAMES or find_spec(module) is None:
        raise NoEdition(name=name, day="")
    found: tuple[Procedure, ...] = import_module(module).EDITIONS
    return tuple(sorted(found, key=lambda one: one.edition))


@cache
def edition(name: str, day: date) -> Procedure:
    """Return the edition by which an act of this legal day is judged. Raises NoEdition."""
    for one in reversed(editions_of(name)):
        if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to):
            return one
    raise NoEdition(name=name, day=day.isoformat())


@cache
def all_editions() -> tuple[Procedure, ...]:
    """Return every published edition, in the order of NAMES."""
    there = [name for name in NAMES if find_spec(f"{__name__}.{name}") is not None]
    return tuple(one for name in there for one in editions_of(name))
