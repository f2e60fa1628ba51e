"""Whether a number lies within a bound: the words 以上、以下、内、超过, thresholds and counts.

The text that a rule cites decides what its words include, never a global rule: 实施办法58条 for the measures,
刑法99条 for the criminal law (PROCEDURES § 1). Both articles are known from memory only.
"""

from datetime import date
from typing import ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.articles import article
from sifang.law.due import MONTHS
from sifang.law.rules import Rule, rule
from sifang.law.time import deadline_in_months

# word: whether it includes the number itself, and whether it looks up from it
_MEASURES = {"以上": (True, True), "内": (True, False), "以内": (True, False), "以下": (False, False)}
_CODE = {"以上": (True, True), "以内": (True, False), "内": (True, False), "以下": (True, False)}
_ALWAYS = {"超过": (False, True), "不满": (False, False)}
_WORDS = {"实施办法": _MEASURES | _ALWAYS, "刑法": _CODE | _ALWAYS, "刑事诉讼法": _CODE | _ALWAYS}


class UnknownWord(SifangError):
    """{law}没有说明“{word}”是否包括本数，须由人判断。"""

    code: ClassVar[str] = "unknown_word"
    status: ClassVar[int] = 409


class NoBound(SifangError):
    """{rule} 不是界限或者次数。"""

    code: ClassVar[str] = "no_bound"
    status: ClassVar[int] = 409


def holds(word: str, number: int, measured: int, citation: str) -> bool:
    """Whether `measured` is `number` plus the word, as the cited text means it: 三个月以下 of 3 → False.

    Raises UnknownWord where that text does not say, UnknownArticle.
    """
    law = article(citation).law.short
    if word not in _WORDS.get(law, {}):
        raise UnknownWord(law=law, word=word)
    includes, is_upwards = _WORDS[law][word]
    if measured == number:
        return includes
    return (measured > number) is is_upwards


def applies(name: str | Rule, measured: int) -> bool:
    """Whether a threshold's or count's consequence fits a length in its unit, or a number of times.

    `admonish.max` fits up to and with 10 days, `warn.over` from 11, two warnings from 2; what else its
    sentence asks (a later breach, no good reason) is for others to see. Raises NoBound, UnknownRule.
    """
    row = _bound(name)
    if row.kind == "count":
        return measured >= row.n
    return measured <= row.n if row.inclusive else measured > row.n


def applies_between(name: str | Rule, since: date, day: date) -> bool:
    """Whether a threshold fits a state that began after `since` and lasts through `day`.

    `since` is the last day in time and is not counted; months end on the same-number day (刑诉法解释202条1款)
    and never move over a rest day. Raises NoBound, UnknownRule.
    """
    row = _bound(name)
    if row.unit not in MONTHS:
        return applies(row, (day - since).days)
    is_within = day <= deadline_in_months(since, row.n * MONTHS[row.unit])
    return is_within if row.inclusive else not is_within


def _bound(name: str | Rule) -> Rule:
    row = name if isinstance(name, Rule) else rule(name)
    if row.kind not in {"threshold", "count"}:
        raise NoBound(rule=row.id)
    return row
