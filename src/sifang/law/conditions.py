"""Conditions of the law as data: comparisons over facts, so that words, digest and effect cannot differ.

Pure. The same comparisons are evaluated here and, for the rows of published editions, by the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sifang.law.time import cap_last_day, deadline_in_months

Facts = Mapping[str, Any]
Value = str | int | bool

WORDS = {"le": "不超过", "gt": "超过", "eq": "为", "ne": "不为", "has": "已有", "not": "没有"}


@dataclass(frozen=True)
class Fact:
    """A fact of the case that the law asks for, with the words and the unit that the lawyer reads.

    `source`: where it comes from: "" = answered or set by a step; "case" = of the case itself (type, minor,
    term_end …); "of:PROCEDURE:KEY" = a fact of the latest proceeding of that procedure in the case;
    "ask:NAME" = computed by the house from its records (never typed by an officer). What follows from other
    facts (`derive`): "days:A:B" = whole days from A to B, both inclusive; "cap:A:B:C" = last day of a cap of
    B months that begins on A, not later than C where that is known; "months:A|C:N:B" = last day of a period
    of N months and B more from A, or from C where A is unknown; "later:A:B|C" = whether day A is later than
    day B, or than C where B is unknown.
    """

    key: str
    words: str
    unit: str = ""
    source: str = ""

    def at_most(self, limit: int) -> Condition:
        """At most so many, the figure included (办法58条: 以上、内 include)."""
        return Condition((Part(self, "le", limit),))

    def more_than(self, limit: int) -> Condition:
        """More than so many, the figure excluded (办法58条: 超过)."""
        return Condition((Part(self, "gt", limit),))

    def is_(self, value: Value, words: str = "") -> Condition:
        """Equal to a value; `words` replaces the value on pages."""
        return Condition((Part(self, "eq", value, words),))

    def is_not(self, value: Value, words: str = "") -> Condition:
        """Not equal to a value; an unknown fact is not equal to any."""
        return Condition((Part(self, "ne", value, words),))

    def known(self) -> Condition:
        """The fact is there and neither no, zero nor empty."""
        return Condition((Part(self, "has"),))

    def unknown(self) -> Condition:
        """The fact is missing, no, zero or empty."""
        return Condition((Part(self, "not"),))


@dataclass(frozen=True)
class Part:
    """One comparison. A missing number counts as zero."""

    fact: Fact
    op: str
    value: Value = 0
    words: str = ""

    def holds(self, facts: Facts) -> bool:
        """Whether the comparison holds for these facts."""
        found = facts.get(self.fact.key)
        match self.op:
            case "le":
                return number(found) <= int(self.value)
            case "gt":
                return number(found) > int(self.value)
            case "eq":
                return bool(found == self.value)
            case "ne":
                return bool(found != self.value)
            case "has":
                return bool(found)
            case _:
                return not found

    def __str__(self) -> str:
        words = WORDS[self.op]
        if self.op in {"has", "not"}:
            return f"{words}{self.fact.words}"
        answer = "是" if self.value else "否"
        shown = self.words or (answer if isinstance(self.value, bool) else self.value)
        return f"{self.fact.words}{words}{shown}{self.fact.unit}"


@dataclass(frozen=True)
class Condition:
    """Comparisons that must hold together."""

    parts: tuple[Part, ...]

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.parts + other.parts)

    def holds(self, facts: Facts) -> bool:
        """Whether all comparisons hold for these facts."""
        return all(part.holds(facts) for part in self.parts)

    def __str__(self) -> str:
        return "，且".join(str(part) for part in self.parts)

    def as_data(self) -> list[list[Value]]:
        """The comparisons as the database keeps them: [key, op, value]."""
        return [[part.fact.key, part.op, part.value] for part in self.parts]


def number(value: object) -> int:
    """Return a count; what is missing counts as zero."""
    return int(value) if isinstance(value, int | str) and value != "" else 0


def days_between(first: str, last: str) -> int:
    """Return how many legal days lie from one to the other, both inclusive; at least one on one day."""
    return (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days + 1


def derive(facts: Facts, known: tuple[Fact, ...]) -> dict[str, Any]:
    """Return the facts with those added that follow from others ("days:", "cap:", "months:", "later:")."""
    found = dict(facts)
    for fact in known:
        value = _derived(found, fact.source)
        if value is not None:
            found[fact.key] = value
    return found


def _derived(facts: Facts, source: str) -> Value | None:
    match source.split(":"):
        case ["days", first, last] if facts.get(first) and facts.get(last):
            return days_between(str(facts[first]), str(facts[last]))
        case ["cap", start, months, *limits] if facts.get(start) and facts.get(months):
            ends = [cap_last_day(_day(facts[start]), number(facts[months]))]
            ends += [_day(facts[key]) for key in limits if facts.get(key)]
            return min(ends).isoformat()
        case ["months", starts, base, more]:
            since = next((facts[key] for key in starts.split("|") if facts.get(key)), None)
            if since:
                return deadline_in_months(_day(since), int(base) + number(facts.get(more))).isoformat()
        case ["later", day, others]:
            other = next((facts[key] for key in others.split("|") if facts.get(key)), None)
            return bool(facts.get(day) and other and _day(facts[day]) > _day(other))
    return None


def _day(value: object) -> date:
    return date.fromisoformat(str(value)[:10])
