"""`sifang track check FILE`: whether an exported track is whole and unchanged; no database, no network.

Reads line by line, recomputes the digests over the content, renders every line again and compares it with the
file: a changed byte is noticed wherever it stands. Whether the file is the one that left the installation,
only the ledger says: the record `track_export_ended` holds the SHA-256 shown here.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ClassVar

from sifang.kernel.errors import SifangError
from sifang.monitoring.export.forms import FORMS, Form
from sifang.monitoring.export.tape import CHAIN, END, FIX, NAMES, SEAL, Digest, last_check

SEALED = ("sha256", "rows_sha256", "ledger_id", "ledger_commitment", "check")
_ORDER = (CHAIN, FIX, END, SEAL)
_LONGEST_LINE = 1 << 16


class TrackChanged(SifangError):
    """文件不完整或者被改动：{reason}。"""

    code: ClassVar[str] = "track_changed"
    status: ClassVar[int] = 400


@dataclass
class Checked:
    """What a whole file says of itself."""

    digest: Digest = field(default_factory=Digest)
    chain: dict[str, str] = field(default_factory=dict)
    end: dict[str, str] = field(default_factory=dict)
    seal: list[tuple[str, str]] = field(default_factory=list)


def check(source: BinaryIO) -> Checked:
    """Return what the file says of itself. Raises TrackChanged."""
    lines = _lines(source)
    number, first = next(lines, (0, ""))
    form = _form_of(first)
    reader, writer, found = form(), form(), Checked()
    raw, expected, part = first, writer.head(), CHAIN
    reader.read(first)
    for number, text in lines:
        raw += text
        try:
            line = reader.read(text)
            if line is None:
                if len(raw) > _LONGEST_LINE:
                    raise TrackChanged(reason=f"第 {number} 行不是本格式的内容")
                continue
            part = _taken(found, line, part)
            expected += writer.line(*line)
        except ValueError:
            raise TrackChanged(reason=f"第 {number} 行不是本格式的内容") from None
        if raw != expected:
            raise TrackChanged(reason=f"第 {number} 行与本格式的写法不符")
        raw = expected = ""
    if raw != expected + writer.foot() or not found.seal:
        raise TrackChanged(reason="没有结尾，导出没有完成或者文件被截断")
    _check_seal(found)
    return found


def _lines(source: BinaryIO) -> Iterator[tuple[int, str]]:
    number = 0
    while raw := source.readline(_LONGEST_LINE + 1):
        number += 1
        if len(raw) > _LONGEST_LINE:
            raise TrackChanged(reason=f"第 {number} 行过长")
        try:
            yield number, raw.decode()
        except UnicodeDecodeError:
            raise TrackChanged(reason=f"第 {number} 行不是 UTF-8") from None


def _form_of(first: str) -> type[Form]:
    begins = {"\ufeff": "csv", "<": "gpx", "{": "json"}
    if first[:1] not in begins:
        raise TrackChanged(reason="不是本系统导出的轨迹")
    return FORMS[begins[first[:1]]]


def _taken(found: Checked, line: tuple[str, list[str]], part: str) -> str:
    kind, values = line
    if _ORDER.index(kind) < _ORDER.index(part) or len(values) != (len(NAMES) if kind == FIX else 2):
        raise ValueError(kind)
    if kind == SEAL:
        found.seal.append((values[0], values[1]))
        return kind
    found.digest.add(kind, values)
    if kind != FIX:
        (found.chain if kind == CHAIN else found.end)[values[0]] = values[1]
    return kind


def _check_seal(found: Checked) -> None:
    given = dict(found.seal)
    if tuple(name for name, _ in found.seal) != SEALED:
        raise TrackChanged(reason="结尾不全")
    if (given["sha256"], given["rows_sha256"]) != (found.digest.content, found.digest.rows):
        raise TrackChanged(reason="内容与所载 SHA-256 不符")
    if given["check"] != last_check(given["sha256"], [given["ledger_id"], given["ledger_commitment"]]):
        raise TrackChanged(reason="结尾的存证记录编号被改动")


def main(file: str) -> int:
    """Run `sifang track check FILE`: exit 0 when whole, TrackChanged (exit 1) otherwise."""
    with Path(file).open("rb") as source:
        found = check(source)
    given = dict(found.seal)
    sys.stdout.write(
        f"文件完整，内容与所载 SHA-256 相符。\n定位 {found.digest.count} 条\nSHA-256 {given['sha256']}\n"
        f"存证记录 {given['ledger_id']}\n承诺值 {given['ledger_commitment']}\n"
        "本检查只说明文件自身前后一致；是否为本系统导出的原件，须与存证记录中的 SHA-256 核对。\n"
    )
    return 0
