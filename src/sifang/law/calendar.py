"""Which days are working days: weekends, the State Council's rest days, make-up working days (调休).

Packaged: the published tables up to 2026. An office adds a year as data (`read_tables`, one JSON file a
year, docs/guide/law.md) and needs no new release. A year without a published table counts its
weekends only, and every answer that looked at such a day carries a warning.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.time import ONE_DAY

SATURDAY = 5
DECEMBER = 12
LONGEST_SPAN = 31  # days; a longer one is a slip of the pen
_DAY = r"\d{4}-\d{2}-\d{2}"
_SPAN = re.compile(rf"({_DAY})(?:\.\.({_DAY}))?")


class BadCalendar(SifangError):
    """节假日表有误（{where}）：{reason}。"""

    code: ClassVar[str] = "bad_calendar"
    status: ClassVar[int] = 400


@dataclass(frozen=True)
class YearTable:
    """The published arrangement of one year: rest days, working weekend days, the notice it comes from."""

    year: int
    source: str
    rest: frozenset[date]
    work: frozenset[date]

    @classmethod
    def read(cls, row: Mapping[str, Any], where: str = "") -> "YearTable":
        """Return the table that a row of data describes. Raises BadCalendar."""
        try:
            year, source = row["year"], row["source"]
            rest, work = _days(row["rest"], where), _days(row.get("work", []), where)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadCalendar(where=where, reason="须有 year、source、rest 三项，work 可省略") from error
        if not isinstance(year, int) or not isinstance(source, str) or not source or not rest:
            raise BadCalendar(where=where, reason="year 须为数字，source 和 rest 不得为空")
        table = cls(year, source, rest, work)
        table.check(where)
        return table

    def check(self, where: str) -> None:
        """Refuse a table that cannot be a year's arrangement. Raises BadCalendar."""
        if self.rest & self.work:
            raise BadCalendar(where=where, reason=f"{min(self.rest & self.work)} 既休息又上班")
        for day in sorted(self.rest | self.work):
            # New Year's make-up day may stand in the last days of the year before.
            if day.year != self.year and (day.year, day.month) != (self.year - 1, DECEMBER):
                raise BadCalendar(where=where, reason=f"{day} 不属于 {self.year} 年")
        for day in sorted(self.work):
            if day.weekday() < SATURDAY:
                raise BadCalendar(where=where, reason=f"{day} 不是周末，不能列为调休上班日")


@dataclass(frozen=True, eq=False)
class Calendar:
    """Published tables, one a year; an immutable value whose digest a decision record keeps (E23).

    Two calendars with the same digest are equal.
    """

    tables: tuple[YearTable, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def load(cls, folder: Path | None = None) -> "Calendar":
        """Return the packaged years and those of an office's folder, which win. Raises BadCalendar.

        Cheap to call again: the folder is read anew only when a file came, went or changed.
        """
        if folder is None or not folder.is_dir():
            return calendar_in_force()
        seen = tuple((file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.json")))
        return _load(folder, seen)

    @cached_property
    def _works(self) -> dict[date, bool]:
        ordered = sorted(self.tables, key=lambda table: table.year)
        return {
            day: is_work
            for table in ordered
            for days, is_work in ((table.rest, False), (table.work, True))
            for day in days
        }

    @cached_property
    def years(self) -> frozenset[int]:
        """The years whose arrangement is published."""
        return frozenset(table.year for table in self.tables)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all tables: the same days, the same digest, whatever their order in files."""
        rows = [
            [table.year, table.source, sorted(map(str, table.rest)), sorted(map(str, table.work))]
            for table in sorted(self.tables, key=lambda table: table.year)
        ]
        return sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on this legal day (make-up Saturdays do)."""
        return self._works.get(day, day.weekday() < SATURDAY)

    def first_working_day(self, day: date) -> date:
        """Return `day` itself if it is a working day, else the next one (刑事诉讼法105条4款)."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`."""
        return self.first_working_day(day + ONE_DAY)

    def working_days_later(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`; `day` itself is not counted."""
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def warning_for(self, days: Iterable[date]) -> str | None:
        """Return the sentence officers see when a day lies in a year without table, or None."""
        missing = sorted({day.year for day in days} - self.years)
        if not missing:
            return None
        named = "、".join(f"{year}年" for year in missing)
        return f"{named}没有已公布的节假日安排，只按周末推算；公布后请录入节假日表并复核"


def read_tables(folder: Path) -> tuple[YearTable, ...]:
    """Return the tables of a folder's `*.json` files, each one table or a list. Raises BadCalendar.

    A folder that does not exist has none. Two tables for one year are refused.
    """
    found: dict[int, YearTable] = {}
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadCalendar(where=file.name, reason="不是可读的 JSON（UTF-8）") from error
        for row in data if isinstance(data, list) else [data]:
            table = YearTable.read(row, file.name)
            if table.year in found:
                raise BadCalendar(where=file.name, reason=f"{table.year} 年有两份安排")
            found[table.year] = table
    return tuple(found.values())


@cache
def packaged_tables() -> tuple[YearTable, ...]:
    """Return the tables that come with the release."""
    text = files("sifang.law").joinpath("calendars", "china.json").read_text(encoding="utf-8")
    return tuple(YearTable.read(row, "china.json") for row in json.loads(text))


@cache
def calendar_in_force(office: tuple[YearTable, ...] = ()) -> Calendar:
    """Return the packaged tables with an office's own in place of theirs, year by year."""
    tables = {table.year: table for table in (*packaged_tables(), *office)}
    return Calendar(tuple(tables[year] for year in sorted(tables)))


@lru_cache(maxsize=4)
def _load(folder: Path, _seen: tuple[tuple[Path, int], ...]) -> Calendar:
    return calendar_in_force(read_tables(folder))


def _days(words: Iterable[str], where: str) -> frozenset[date]:
    found: set[date] = set()
    for word in words:
        match = _SPAN.fullmatch(word)
        try:
            ends = [date.fromisoformat(one) for one in match.groups() if one] if match else []
            first, last = ends[0], ends[-1]
        except (IndexError, ValueError) as error:
            raise BadCalendar(where=where, reason=f"看不懂日期 {word}") from error
        if not 0 <= (last - first).days < LONGEST_SPAN:
            raise BadCalendar(where=where, reason=f"看不懂起止 {word}")
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return frozenset(found)
