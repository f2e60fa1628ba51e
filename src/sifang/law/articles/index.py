"""Look up a citation such as 「社区矫正法29条1款1项」 and find the citations in a text.

Pure: no Django, no clock, no file. The statutes' own text is not here (DESIGN § 5): an operator imports it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.articles.rows import LAW_ROWS, ROWS

MARKS = {
    "verified": "已核对",
    "recalled": "待核",
    "excerpt": "有旁证",
    "reading": "我方理解",
    "local": "本市做法",
}


class UnknownArticle(SifangError):
    """没有收录的条文：{citation}。"""

    code: ClassVar[str] = "unknown_article"
    status: ClassVar[int] = 404


@dataclass(frozen=True)
class Law:
    """A statute or rule: short name as cited, full title, the state of our copy and its file."""

    short: str
    title: str
    file: str


@dataclass(frozen=True)
class Article:
    """One article: what it says in our own words, and how well we know it.

    `mark`: verified (official wording checked), excerpt (a public excerpt confirms it), recalled (from
    memory, a lawyer must check), reading (our reading), local (a habit of this city).
    """

    law: Law
    number: int
    gist: str
    mark: str

    @property
    def citation(self) -> str:
        """The citation as code writes it, e.g. 社区矫正法29条."""
        return f"{self.law.short}{self.number}条"

    @property
    def mark_title(self) -> str:
        """The word that officers see beside the article."""
        return MARKS[self.mark]


LAWS: dict[str, Law] = {short: Law(short, title, file) for short, (title, file) in LAW_ROWS.items()}
ALIASES = {"办法": "实施办法"}

_NAMES = "|".join(sorted([*LAWS, *ALIASES], key=len, reverse=True))
CITATION = re.compile(rf"(?P<law>{_NAMES}) ?(?P<number>\d+)条")
_FIRST = re.compile(rf"(?P<law>{_NAMES}) ?第?(?P<number>\d+)条")


@cache
def _index() -> dict[tuple[str, int], Article]:
    found = {}
    for short, number, mark, gist in ROWS:
        found[short, number] = Article(LAWS[short], number, gist, mark)
    return found


def all_articles() -> list[Article]:
    """Return every article of the index, by law and number."""
    order = {short: place for place, short in enumerate(LAWS)}
    return sorted(_index().values(), key=lambda one: (order[one.law.short], one.number))


def article(citation: str) -> Article:
    """Return the article that a citation begins with; 款 and 项 may follow. Raises UnknownArticle."""
    match = _FIRST.match(citation.strip())
    if match is None:
        raise UnknownArticle(citation=citation)
    key = _key(match)
    if key not in _index():
        raise UnknownArticle(citation=citation)
    return _index()[key]


def citations(text: str) -> Iterator[tuple[str, int]]:
    """Yield (law, number) for each citation in a text, e.g. in a source file."""
    for match in CITATION.finditer(text):
        yield _key(match)


def _key(match: re.Match[str]) -> tuple[str, int]:
    law = match["law"]
    return ALIASES.get(law, law), int(match["number"])
