"""How values look in a document: dates, citations, numbers. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from sifang.kernel.time import SHANGHAI
from sifang.law.articles.index import ALIASES, LAWS, UnknownArticle, article

DIGITS = "〇一二三四五六七八九"
TEN, HUNDRED = 10, 100
_CITED = re.compile(r"(?P<law>[一-龥]+?)第?(?P<number>\d+)条(?P<tail>(?:\d+款)?(?:\d+项)?)")
_NAMES = "|".join(sorted([*LAWS, *ALIASES], key=len, reverse=True))
_IN_TEXT = re.compile(rf"(?:{_NAMES})\d+条(?:\d+款)?(?:\d+项)?")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


def day_words(day: date) -> str:
    """Return 2026年9月25日."""
    return f"{day.year}年{day.month}月{day.day}日"


def numeral(number: int) -> str:
    """Return 二十九 for 29; 1 to 999."""
    if number < TEN:
        return DIGITS[number]
    if number < HUNDRED:
        tens, ones = divmod(number, TEN)
        return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")
    hundreds, rest = divmod(number, HUNDRED)
    if not rest:
        return DIGITS[hundreds] + "百"
    between = "〇" if rest < TEN else ""
    return DIGITS[hundreds] + "百" + between + ("一" if TEN <= rest < 2 * TEN else "") + numeral(rest)


def law_title(short: str) -> str:
    """Return the title of a statute as a document names it, without year and number of issue."""
    law = LAWS.get(ALIASES.get(short, short))
    return re.sub(r"（.*?）", "", law.title) if law else short


def citation_words(citation: str) -> str:
    """Return 《社区矫正法实施办法》第二十七条第二款 for 办法27条2款; several stay in their order."""
    found = []
    last = ""
    for match in _CITED.finditer(citation):
        tail = re.sub(r"(\d+)", lambda one: f"第{numeral(int(one[1]))}", match["tail"])
        law = law_title(match["law"].strip("、，；和"))
        name = "" if law == last else f"《{law}》"
        found.append(f"{name}第{numeral(int(match['number']))}条{tail}")
        last = law
    return "、".join(found) or citation


def spelled_out(text: str) -> str:
    """Return a text of a table with the citations in it as a document names them."""
    return _IN_TEXT.sub(lambda found: citation_words(found[0]), text)


def citation_states(citation: str) -> Iterator[str]:
    """Yield 办法27条2款（待核） for each citation that is not verified."""
    for match in _CITED.finditer(citation):
        try:
            one = article(f"{match['law'].strip('、，；和')}{match['number']}条")
        except UnknownArticle:
            yield f"{match[0]}（未收录）"
            continue
        if one.mark != "verified":
            yield f"{match[0]}（{one.mark_title}）"


def value_words(value: object) -> str:
    """Return any answer or fact as printed; times are Shanghai's. Nothing and empty give ""."""
    match value:
        case None:
            words = ""
        case bool():
            words = "是" if value else "否"
        case datetime():
            local = value.astimezone(SHANGHAI)
            words = f"{day_words(local.date())}{local.hour}时{local.minute:02d}分"
        case date():
            words = day_words(value)
        case str():
            words = _text(value.strip())
        case {"name": name, **more}:
            about = "、".join(filter(None, (value_words(more.get(key)) for key in ("relation", "kind"))))
            words = f"{name}（{about}）" if about else str(name)
        case Mapping():
            words = "，".join(filter(None, map(value_words, value.values())))
        case Sequence():
            words = "；".join(filter(None, map(value_words, value)))
        case _:
            words = str(value)
    return words


def _text(value: str) -> str:
    """ISO days and instants become words; any other text stays."""
    try:
        if _ISO_DAY.match(value):
            return day_words(date.fromisoformat(value))
        if _ISO_TIME.match(value):
            instant = datetime.fromisoformat(value)
            return value_words(instant) if instant.tzinfo else value
    except ValueError:
        pass
    return value


# bodies of one county share its name; all but the justice side add a letter, so that numbers stay apart
BODIES = {
    "社区矫正管理局": "",
    "司法局": "",
    "司法所": "司",
    "人民法院": "法",
    "人民检察院": "检",
    "公安局": "公",
    "监狱管理局": "狱",
    "监狱": "监",
    "看守所": "看",
}


def short_name(agency: str) -> str:
    """Return 历下 for 历下区司法局, 历下法 for its court: how an agency is known in numbers."""
    name, letter = re.sub(r"^(..+?)市(?=.)", r"\1", agency), ""
    for suffix, of_body in BODIES.items():
        if name.endswith(suffix):
            name, letter = name.removesuffix(suffix), of_body
            break
    place = re.sub(r"(?<=..)(市|区|县|街道|镇)$", "", name)
    return f"{place}{letter}" or agency


def number_words(agency: str, word: str, year: int, count: int) -> str:
    """Return 〔2026〕历下矫外字第0001号."""
    return f"〔{year}〕{short_name(agency)}矫{word}字第{count:04d}号"
