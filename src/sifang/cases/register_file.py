"""Reads a register as other systems write it: CSV or .xlsx with Chinese titles in the first row. Pure.

Whatever bytes come, the answer is a table or UnreadableFile. Nothing in a cell is ever computed: a formula is
kept as the text that it is.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError

MOST_BYTES = 8 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 80
MOST_CHARACTERS = 2_000  # in one cell
FORMULA_SIGNS = ("=", "+", "@", "-")
ZIP_SIGN = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class UnreadableFile(SifangError):
    """这个文件不能导入：{reason}。"""

    code: ClassVar[str] = "unreadable_file"
    status: ClassVar[int] = 400


@dataclass(frozen=True)
class Row:
    """One line of the file: its number as the reader of the file counts it, and the cells by title."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A file's rows by the titles of its first row. `sha256`: over the bytes of the file, hex."""

    titles: tuple[str, ...]
    rows: tuple[Row, ...]
    sha256: str
    notes: tuple[str, ...] = field(default=())


def read_table(data: bytes) -> Table:
    """Return the table in a CSV (UTF-8, GB18030) or .xlsx file. Raises UnreadableFile for everything else."""
    if len(data) > MOST_BYTES:
        raise UnreadableFile(reason=f"超过 {MOST_BYTES // 1024 // 1024} MB，请分成几个文件")
    if data.startswith(OLD_EXCEL):
        raise UnreadableFile(reason="是旧版 .xls，请另存为 .xlsx 或者 CSV")
    lines = _xlsx_lines(data) if data.startswith(ZIP_SIGN) else _csv_lines(data)
    return _table(lines, hashlib.sha256(data).hexdigest())


def is_like_formula(text: str) -> bool:
    """Whether a spreadsheet would take this text for a formula."""
    return text.startswith(FORMULA_SIGNS)


def _table(lines: Iterable[tuple[int, list[str]]], sha256: str) -> Table:
    filled = ((number, cells) for number, cells in lines if any(cells))
    first = next(filled, None)
    if first is None:
        raise UnreadableFile(reason="没有内容")
    titles = _titles(first[1])
    rows: list[Row] = []
    for number, cells in filled:
        if len(rows) == MOST_ROWS:
            raise UnreadableFile(reason=f"超过 {MOST_ROWS} 行，请分成几个文件")
        if any(cells[len(titles) :]):
            raise UnreadableFile(reason=f"第 {number} 行的列数多于标题行")
        long = next((title for title, text in zip(titles, cells, strict=False) if _too_long(text)), None)
        if long:
            raise UnreadableFile(reason=f"第 {number} 行“{long}”超过 {MOST_CHARACTERS} 字")
        texts = [*cells, *[""] * len(titles)]
        rows.append(Row(number, {t: text for t, text in zip(titles, texts, strict=False) if t and text}))
    return Table(tuple(title for title in titles if title), tuple(rows), sha256)


def _too_long(text: str) -> bool:
    return len(text) > MOST_CHARACTERS


def _titles(cells: list[str]) -> list[str]:
    titles = ["".join(text.split()).rstrip("*＊") for text in cells]
    while titles and not titles[-1]:
        titles.pop()
    if len(titles) > MOST_COLUMNS:
        raise UnreadableFile(reason=f"超过 {MOST_COLUMNS} 列")
    twice = next((one for one in titles if one and titles.count(one) > 1), None)
    if twice:
        raise UnreadableFile(reason=f"有两列都叫“{twice[:20]}”")
    return titles


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _text(data)
    if "\0" in text:
        raise UnreadableFile(reason="含有空字符，不是 CSV 文本")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(reason=f"第 {reader.line_num} 行的引号或者换行不合 CSV 的写法") from error
        yield before + 1, [cell.strip() for cell in cells]
        before = reader.line_num


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(reason="文字编码既不是 UTF-8 也不是 GB18030")


# ---- .xlsx -------------------------------------------------------------------------------------------------


def _xlsx_lines(data: bytes) -> list[tuple[int, list[str]]]:
    _refuse_traps(data)
    from openpyxl import load_workbook  # a tenth of a second to load

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book[book.sheetnames[0]]
        sheet.reset_dimensions()  # what the file says of its own size is not to be trusted
        return list(_sheet_lines(sheet))
    except UnreadableFile:
        raise
    except Exception as error:  # the promise: only its named error, whatever the file holds
        raise UnreadableFile(reason="不是完好的 .xlsx 工作簿") from error


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MOST_ROWS * 2:  # empty rows count too: a file may hold a million
            raise UnreadableFile(reason=f"超过 {MOST_ROWS} 行，请分成几个文件")
        texts = [_cell(value) for value in cells]
        while texts and not texts[-1]:
            texts.pop()
        yield number, texts


def _refuse_traps(data: bytes) -> None:
    """A workbook is a zip of XML: refuse one that unpacks to far more than it is, or declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            trap = _trap(packed)
    except Exception as error:  # a broken zip fails in many ways
        raise UnreadableFile(reason="不是完好的 .xlsx 工作簿") from error
    if trap:
        raise UnreadableFile(reason=trap)


def _trap(packed: zipfile.ZipFile) -> str:
    if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
        return "解压后过大"
    for one in packed.infolist():
        if one.filename.endswith((".xml", ".rels")) and b"<!" in _no_comments(packed.read(one)):
            return "含有文件类型声明（DOCTYPE），不予读取"
    return ""


def _no_comments(xml: bytes) -> bytes:
    return xml.replace(b"<!--", b"").replace(b"<![CDATA[", b"")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
    text = getattr(value, "text", value)  # an array formula is an object with its text
    return str(text).strip()
