"""Write src/sifang/law/calendars/china.json: the State Council's rest days and make-up working days by year.

Source of the days: the package chinesecalendar (development only); each year is to be compared with the
State Council's notice. Run after an update of the package: `python tools/build_calendars.py`.
"""

import json
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

FILE = Path(__file__).resolve().parents[1] / "src" / "sifang" / "law" / "calendars" / "china.json"
SOURCE = "国务院办公厅关于{year}年部分节假日安排的通知"


def in_spans(days: list[date]) -> list[str]:
    """Return days as `2026-10-01..2026-10-07`, one word for each unbroken row of days."""
    spans: list[list[date]] = []
    for day in sorted(days):
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    return [f"{span[0]}..{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans]


def tables() -> list[dict[str, object]]:
    """Return one table a year."""
    rest, work = defaultdict(list), defaultdict(list)
    for day in holidays:
        rest[day.year].append(day)
    for day in workdays:
        work[day.year].append(day)
    return [
        {
            "year": year,
            "source": SOURCE.format(year=year),
            "rest": in_spans(rest[year]),
            "work": in_spans(work[year]),
        }
        for year in sorted(rest)
    ]


def main() -> int:
    """Write the file."""
    lines = ",\n".join(json.dumps(table, ensure_ascii=False) for table in tables())
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
