"""`sifang law list|show`: the articles this house rests on, and how well each is known."""

import json
import sys
from typing import Any

from sifang.kernel.errors import BadInput
from sifang.law.articles import Article, all_articles, article


def _as_dict(one: Article) -> dict[str, Any]:
    return {"article": one.citation, "law": one.law.title, "gist": one.gist, "mark": one.mark}


def law(verb: str, citation: str | None, *, as_json: bool) -> int:
    """List all articles, or show one. Raises UnknownArticle, BadInput."""
    if verb == "show" and not citation:
        raise BadInput(reason="请写明条文，如 sifang law show 社区矫正法29条")
    found = [article(citation)] if verb == "show" and citation else all_articles()
    if as_json:
        answer = [_as_dict(one) for one in found]
        sys.stdout.write(json.dumps(answer if verb == "list" else answer[0], ensure_ascii=False) + "\n")
        return 0
    for one in found:
        if verb == "show":
            sys.stdout.write(f"{one.law.title} 第{one.number}条〔{one.mark_title}〕\n{one.gist}\n")
        else:
            sys.stdout.write(f"{one.citation}〔{one.mark_title}〕{one.gist}\n")
    return 0
