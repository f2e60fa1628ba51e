"""Registers for tests: the lines of a file, one good person a line, with single fields replaced."""

import csv
import io
from datetime import date, timedelta

from sifang.cases.register_columns import COLUMNS, TITLE
from sifang.kernel.time import legal_day, utc_now


def line(n: int, **changes: str) -> dict[str, str]:
    """A person of 历下 on probation, as the template asks; `changes` by key replace fields."""
    today = legal_day(utc_now())
    start = today - timedelta(days=100)
    cells = {
        "number": f"历下-2025-{n:04d}",
        "name": f"试某{n}",
        "sex": "男",
        "birth_date": "1990-03-05",
        "phone": "13800000000",
        "address": "历下区某街道",
        "office": "趵突泉司法所",
        "type": "缓刑",
        "decider": "历下区人民法院",
        "document_no": f"（2025）鲁0102刑初{n}号",
        "document_date": day(start - timedelta(days=11)),
        "effective_on": day(start),
        "term_start": day(start),
        "term_end": day(start + timedelta(days=364)),
        "received_on": day(start + timedelta(days=5)),
    }
    return cells | changes


def day(one: date) -> str:
    return one.isoformat()


def register(*lines: dict[str, str], encoding: str = "utf-8") -> bytes:
    """The lines as a CSV file with all titles of the template."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.title for column in COLUMNS])
    writer.writeheader()
    writer.writerows({TITLE[key]: value for key, value in one.items()} for one in lines)
    return text.getvalue().encode(encoding)
