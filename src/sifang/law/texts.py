"""The statutes' own words, as an operator imports them: read, check, keep, and find one article.

The release carries no statute text, only gists in our own words. An operator lays the official texts, one
file a law (Markdown or plain text, docs/guide/law.md), into a folder; `import_texts` reads all of it and
then replaces the installation's texts in one move, or changes nothing.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.articles import LAWS, Law, UnknownArticle, all_articles, article

FILE = "texts.json"  # in the installation's folder law-texts
MOST_BYTES = 4 * 1024 * 1024  # a statute has some 100 kB
SUFFIXES = {".md", ".txt"}
STATES = {"verified": "已核对", "recalled": "回忆文本，待核", "excerpt": "节选", "imported": "由操作员导入"}

_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))
_NUMBER = "[零一二三四五六七八九十百千]+"
_ARTICLE = re.compile(
    rf"^(?:\*\*)?第({_NUMBER})条(?:之({_NUMBER}))?(?:\*\*)?(?:〔(?P<mark>[^〕]+)〕|（不完整）)?(?:\*\*)?(?:[\s：:]+|$)"
)
_CHAPTER = re.compile(rf"^(#|---|\||第{_NUMBER}[编章节](\s|　|$))")


class NotImported(SifangError):
    """没有导入任何文本：{reason}。"""

    code: ClassVar[str] = "not_imported"
    status: ClassVar[int] = 409


@dataclass(frozen=True)
class ArticleText:
    """One article's own words: paragraphs parted by a line end, and how far the copy can be trusted."""

    law: str
    number: str
    text: str
    state: str
    mark: str = ""

    @property
    def state_title(self) -> str:
        """What a page shows beside the words."""
        return STATES[self.state] + (f"〔{self.mark}〕" if self.mark else "")


@dataclass(frozen=True)
class LawText:
    """One law's file: state of the copy, articles by number (37-1: 三十七条之一), marks of recalled ones."""

    law: str
    file: str
    state: str
    articles: dict[str, str]
    marks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What an import read, what it left aside and why, and where the index and the texts do not meet."""

    read: tuple[LawText, ...]
    left: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the report, one line a file."""
        for one in self.read:
            yield f"已读 {one.file}：{LAWS[one.law].title}，{len(one.articles)} 条（{STATES[one.state]}）"
        for name, why in self.left:
            yield f"未用 {name}：{why}"
        if self.missing:
            yield f"索引引用而文本中没有：{'、'.join(self.missing)}"


def import_texts(source: Path, target: Path) -> Report:
    """Read every law in `source` and keep them in `target`; texts of laws not in `source` stay.

    All or nothing: one law that cannot be read, and nothing changes. The file named as the index names it
    goes before one that is known by its title only; a recalled text never takes the place of another.
    Raises NotImported.
    """
    if not source.is_dir():
        raise NotImported(reason=f"{source} 不是目录")
    kept = _load(target)
    found, left = _read_folder(source)
    for short, one in list(found.items()):
        if one.state == "recalled" and short in kept and kept[short].state != "recalled":
            left.append((one.file, "回忆文本不代替已导入的文本"))
            del found[short]
    if not found:
        raise NotImported(reason=f"{source} 中没有可用的法律文本" + _why(left))
    _write(target, kept | found)
    return Report(tuple(found.values()), tuple(left), tuple(_missing(found)))


def article_text(citation: str, folder: Path) -> ArticleText | None:
    """Return the imported words of a cited article, or None where they were not imported.

    Raises UnknownArticle for what is no citation of the index.
    """
    one = article(citation)
    text = _load(folder).get(one.law.short)
    number = str(one.number)
    if text is None or number not in text.articles:
        return None
    return ArticleText(text.law, number, text.articles[number], text.state, text.marks.get(number, ""))


def text_of(citation: str, folder: Path) -> str | None:
    """Return the words alone, or None where there are none or the citation is unknown."""
    try:
        found = article_text(citation, folder)
    except UnknownArticle:
        return None
    return found.text if found else None


def imported(folder: Path) -> tuple[LawText, ...]:
    """Return the laws whose texts were imported, in the order of the index."""
    there = _load(folder)
    return tuple(there[short] for short in LAWS if short in there)


def read_law(short: str, file: str, text: str) -> LawText:
    """Split one law's text into its articles. Raises NotImported."""
    head = text[:2000]
    articles: dict[str, list[str]] = {}
    marks: dict[str, str] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        match = _ARTICLE.match(line)
        if match:
            number = str(number_in(match[1])) + (f"-{number_in(match[2])}" if match[2] else "")
            if number in articles:
                raise NotImported(reason=f"{file} 中第{number}条出现两次")
            current = articles[number] = [line[match.end() :].strip()]
            if match["mark"]:
                marks[number] = match["mark"]
        elif _CHAPTER.match(line):
            current = None
        elif current is not None and line.strip():
            current.append(line.strip())
    joined = {number: "\n".join(part for part in parts if part) for number, parts in articles.items()}
    empty = [number for number, words in joined.items() if not words]
    if not joined or empty:
        reason = f"第{empty[0]}条没有内容" if empty else "没有以“第某条”开头的行"
        raise NotImported(reason=f"{file} {reason}")
    return LawText(short, file, _state(head, file), joined, marks)


def number_in(words: str) -> int:
    """Return the number that Chinese numerals below ten thousand write: 一百零五 is 105."""
    total, digit = 0, 0
    for sign in words:
        if sign in "十百千":
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def _state(head: str, file: str) -> str:
    if "RECALLED" in head or "_recalled" in file:
        return "recalled"
    status = re.search(r"^> Status: \**(\w+)", head, re.MULTILINE)
    return {"VERIFIED": "verified", "EXCERPT": "excerpt"}.get(status[1] if status else "", "imported")


def _read_folder(source: Path) -> tuple[dict[str, LawText], list[tuple[str, str]]]:
    found: dict[str, LawText] = {}
    left: list[tuple[str, str]] = []
    files = [file for file in sorted(source.iterdir()) if file.is_file() and not file.name.startswith(".")]
    exact = {law.file: law for law in LAWS.values() if law.file}
    for file in sorted(files, key=lambda one: one.name not in exact):  # the named files come first
        if file.suffix.lower() not in SUFFIXES:
            left.append((file.name, "不是 .md 或 .txt 文件"))
            continue
        text = _text(file)
        law = exact.get(file.name) or _by_title(text)
        if law is None:
            left.append((file.name, "不是索引中的法律"))
        elif law.short in found and file.name not in exact:
            left.append((file.name, f"《{law.short}》已有 {found[law.short].file}，另一文本不用"))
        elif re.search(r"superseded|已废止|已失效", text[:2000]):
            left.append((file.name, "文件头写明已被代替"))
        else:
            found[law.short] = read_law(law.short, file.name, text)
    return found, left


def _text(file: Path) -> str:
    if file.stat().st_size > MOST_BYTES:
        raise NotImported(reason=f"{file.name} 大于 {MOST_BYTES // 1024 // 1024} MB")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotImported(reason=f"{file.name} 不是 UTF-8 文本") from error


def _by_title(text: str) -> Law | None:
    """Return the law whose title is the file's first heading or line, whatever stands in brackets."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(">")]
    title = _bare(lines[0].lstrip("# ")) if lines else ""
    return next((law for law in LAWS.values() if title and _bare(law.title) == title), None)


def _bare(title: str) -> str:
    return re.sub(r"（[^）]*）|\([^)]*\)|《|》|\s|^中华人民共和国", "", title)


def _missing(found: dict[str, LawText]) -> Iterator[str]:
    for one in all_articles():
        text = found.get(one.law.short)
        if text is not None and str(one.number) not in text.articles:
            yield one.citation


def _why(left: list[tuple[str, str]]) -> str:
    return "（" + "；".join(f"{name}：{why}" for name, why in left[:3]) + "）" if left else ""


def _write(target: Path, texts: dict[str, LawText]) -> None:
    """Replace the whole file in one move: a reader sees the old texts or the new, never a part."""
    target.mkdir(parents=True, exist_ok=True)
    rows = [vars(texts[short]) for short in sorted(texts)]
    with NamedTemporaryFile("w", encoding="utf-8", dir=target, suffix=".part", delete=False) as part:
        try:
            json.dump(rows, part, ensure_ascii=False)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(target / FILE)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


def _load(folder: Path) -> dict[str, LawText]:
    try:
        stat = (folder / FILE).stat()
    except OSError:
        return {}
    return _load_at(folder / FILE, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _load_at(file: Path, _changed: int, _size: int) -> dict[str, LawText]:
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return {row["law"]: LawText(**row) for row in rows}
