"""The law mark of a citation: its words, how sure we are of the text, and its gist."""

import re
from dataclasses import dataclass

from sifang.law.articles import Article, UnknownArticle, article

NOTES = {"verified": "", "recalled": "待核", "excerpt": "有旁证", "reading": "我方理解", "local": "本市做法"}


@dataclass(frozen=True)
class LawMark:
    """`look` is the class suffix; empty = verified text."""

    words: str
    look: str
    note: str
    gist: str


def law_mark(citation: str, sure: str = "") -> LawMark:
    """Return the mark of 社区矫正法29条 and the like; `sure` overrides what the index says."""
    gist = ""
    entry = _entry(citation)
    if entry is not None:
        gist, sure = entry.gist, sure or entry.mark
        citation = entry.citation + citation.replace(" ", "").split("条", 1)[1]
    sure = sure or "recalled"  # what the index does not know is not dressed as verified
    words = re.sub(r"(?<=[^\d\s条款项])(?=\d)", " ", citation)
    return LawMark(words, "" if sure == "verified" else sure, NOTES.get(sure, ""), gist or words)


def _entry(citation: str) -> Article | None:
    """Return the index entry of the citation's article, or None where the index does not know it."""
    match = re.match(r"(.+?\d+条)", citation.replace(" ", ""))
    if match is None:
        return None
    try:
        return article(match.group(1))
    except UnknownArticle:
        return None
