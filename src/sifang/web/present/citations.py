"""A row's citation as marks: one for each article it names, and its own mark where the row says more."""

import re

from sifang.law.articles import UnknownArticle, article, citations

PIECES = re.compile(r"[；、]")


def cited(words: str, mark: str = "") -> list[tuple[str, str]]:
    """Return (citation, mark to show): 社区矫正法21条、22条；办法17条 becomes three.

    The mark is empty where the article's own is the right one; a row that is marked as our reading or as a
    habit of the city carries that mark on every citation.
    """
    found, law = [], ""
    for piece in PIECES.split(words):
        text = piece.strip().removeprefix("和")
        if not text:
            continue
        name = re.match(r"[^\d]+", text)
        law = name.group(0) if name else law
        found.append(text if name else law + text)
    own = {_mark(one) for one in found}
    return [(one, mark if mark and mark not in own else "") for one in found]


def _mark(words: str) -> str:
    for law, number in citations(words):
        try:
            return str(article(f"{law}{number}条").mark)
        except UnknownArticle:
            return "recalled"
    return "recalled"
