"""The forms of an exported track: CSV (Excel), GPX 1.1, JSON. One line of the tape is one line of the file.

Each form renders a line and reads it back; the offline checker reads, renders again and compares, so that no
byte is without effect. Pure: no Django. Where each form puts what: docs/adr/0009.
"""

import csv
import html
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from xml.sax.saxutils import escape

from sifang.monitoring.export.tape import ALTITUDE, CHAIN, END, FIX, LAT, LON, NAMES, SATELLITES, SEAL, TAKEN

NAMESPACE = "https://sifang.invalid/ns/track/1"  # a name, not an address: nothing is fetched
GAP_S = 600  # a line is not drawn over a longer gap
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_CALCULATES = frozenset("=+-@'＝＋－＠")


class Unreadable(ValueError):
    """This line is none that we write."""


Line = tuple[str, list[str]]


class Form(ABC):
    """One form; an object renders one file, line after line, in the order chain, fix, end, seal."""

    suffix: ClassVar[str]
    content_type: ClassVar[str]

    def __init__(self) -> None:
        self.part = ""

    def line(self, kind: str, values: Sequence[str]) -> str:
        """Return the text of one line, with what must stand before it."""
        text = self._between(kind) if kind != self.part else ""
        is_first, self.part = kind != self.part, kind
        return text + self._line(kind, values, is_first=is_first)

    @abstractmethod
    def head(self) -> str:
        """Return what the file begins with."""

    @abstractmethod
    def foot(self) -> str:
        """Return what the file ends with."""

    @abstractmethod
    def read(self, text: str) -> Line | None:
        """Return the line of the tape in one line of the file, None where it has none. Raises Unreadable."""

    @abstractmethod
    def _between(self, kind: str) -> str: ...

    @abstractmethod
    def _line(self, kind: str, values: Sequence[str], *, is_first: bool) -> str: ...


class Csv(Form):
    """UTF-8 with BOM, CRLF; column `row` says what a row is. No cell can be taken for a formula."""

    suffix, content_type = "csv", "text/csv; charset=utf-8"

    def head(self) -> str:
        return "\ufeff" + _csv_row(["row", *NAMES])

    def foot(self) -> str:
        return ""

    def _between(self, kind: str) -> str:
        del kind
        return ""

    def _line(self, kind: str, values: Sequence[str], *, is_first: bool) -> str:
        del is_first
        return _csv_row([kind, *map(_cell, values)])

    def read(self, text: str) -> Line | None:
        try:
            (row,) = csv.reader([text], strict=True)
        except (csv.Error, ValueError) as error:
            raise Unreadable from error
        if row[:1] in (["row"], ["\ufeffrow"]):
            return None
        return row[0], [_uncell(cell) for cell in row[1:]]


def _csv_row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(value: str) -> str:
    """A text that a spreadsheet would calculate gets an apostrophe before it; numbers stay numbers."""
    return f"'{value}" if value[:1] in _CALCULATES and not _NUMBER.fullmatch(value) else value


def _uncell(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" else cell


class Json(Form):
    """{"format", "chain": [[key, value] …], "columns", "fixes": [[…] …], "end": …, "seal": …}."""

    suffix, content_type = "json", "application/json"
    _OPEN: ClassVar[dict[str, str]] = {CHAIN: "chain", FIX: "fixes", END: "end", SEAL: "seal"}

    def head(self) -> str:
        names = json.dumps(NAMES)
        return f'{{"format":"sifang.track.1","columns":{names},"chain":[\n'

    def foot(self) -> str:
        return "]}\n"

    def _between(self, kind: str) -> str:
        if kind == CHAIN:
            return ""
        order = list(self._OPEN)
        skipped = order[order.index(self.part or CHAIN) + 1 : order.index(kind) + 1]
        return "".join(f'],"{self._OPEN[one]}":[\n' for one in skipped)

    def _line(self, kind: str, values: Sequence[str], *, is_first: bool) -> str:
        del kind
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        return f"{' ' if is_first else ','}{text}\n"

    def read(self, text: str) -> Line | None:
        if text.startswith("],"):
            named = {f'],"{word}":[': kind for kind, word in self._OPEN.items()}
            self._reading = named.get(text.rstrip("\n"), "")
            return None
        if text.startswith(("{", "]")):
            self._reading = CHAIN
            return None
        try:
            values = json.loads(text[1:])
        except ValueError as error:
            raise Unreadable from error
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise Unreadable
        return self._reading, values

    _reading = CHAIN


class Gpx(Form):
    """GPX 1.1; chain and end in `sf:` extensions, what GPX has no element for in `sf:fix` of its point.

    A fix without position is no point: it stands in the extensions of the point before it (or of the track).
    """

    suffix, content_type = "gpx", "application/gpx+xml"

    def __init__(self) -> None:
        super().__init__()
        self._last_s: float | None = None

    def head(self) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Sifang"'
            f' xmlns="http://www.topografix.com/GPX/1/1" xmlns:sf="{NAMESPACE}"><metadata><extensions>\n'
        )

    def foot(self) -> str:
        return "</extensions></gpx>\n"

    def _between(self, kind: str) -> str:
        text = ""
        if self.part == CHAIN and kind in {FIX, END}:
            text = "</extensions></metadata><trk><extensions>\n"
        if kind == END:
            text += "</extensions></trk>" if self._last_s is None else "</extensions></trkpt></trkseg></trk>"
            text += "<extensions>\n"
        return text

    def _line(self, kind: str, values: Sequence[str], *, is_first: bool) -> str:
        del is_first
        if kind != FIX:
            key, value = values
            return f"<sf:{kind} key={_attribute(key)}>{escape(value)}</sf:{kind}>\n"
        return self._point(values) + self._rest(values) + "\n"

    def _point(self, values: Sequence[str]) -> str:
        if not values[LON]:
            return ""
        now = datetime.fromisoformat(values[TAKEN]).timestamp()
        text = "</extensions><trkseg>" if self._last_s is None else "</extensions></trkpt>"
        if self._last_s is not None and now - self._last_s > GAP_S:
            text += "</trkseg><trkseg>"
        self._last_s = now
        ele = f"<ele>{escape(values[ALTITUDE])}</ele>" if values[ALTITUDE] else ""
        sat = f"<sat>{escape(values[SATELLITES])}</sat>" if values[SATELLITES] else ""
        place = f"<trkpt lat={_attribute(values[LAT])} lon={_attribute(values[LON])}>"
        return f"{text}{place}{ele}<time>{escape(values[TAKEN])}</time>{sat}<extensions>"

    @staticmethod
    def _rest(values: Sequence[str]) -> str:
        apart = {TAKEN, LON, LAT, ALTITUDE, SATELLITES} if values[LON] else set()
        pairs = [f" {NAMES[i]}={_attribute(v)}" for i, v in enumerate(values) if i not in apart]
        return f"<sf:fix{''.join(pairs)}/>"

    def read(self, text: str) -> Line | None:
        if word := _WORD.fullmatch(text):
            return word["kind"], [html.unescape(word["key"]), html.unescape(word["value"])]
        if "<sf:fix " not in text:
            return None
        front, _, rest = text.partition("<sf:fix ")
        found = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(rest)}
        for column, pattern in _POINT.items():
            if (inside := pattern.search(front)) is not None:
                found[NAMES[column]] = html.unescape(inside[1])
        return FIX, [found.get(name, "") for name in NAMES]


_WORD = re.compile(r'<sf:(?P<kind>chain|end|seal) key="(?P<key>[^"]*)">(?P<value>[^<]*)</sf:(?P=kind)>\n')
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_POINT = {
    LAT: re.compile(r' lat="([^"]*)"'),
    LON: re.compile(r' lon="([^"]*)"'),
    TAKEN: re.compile(r"<time>([^<]*)</time>"),
    ALTITUDE: re.compile(r"<ele>([^<]*)</ele>"),
    SATELLITES: re.compile(r"<sat>([^<]*)</sat>"),
}


def _attribute(value: str) -> str:
    return '"' + escape(value, {'"': "&quot;"}) + '"'


FORMS: dict[str, type[Form]] = {form.suffix: form for form in (Csv, Gpx, Json)}
