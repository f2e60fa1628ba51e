"""How names are found and identity numbers checked. Pure."""

import unicodedata
from dataclasses import dataclass
from itertools import chain

# Readings that a character has only as a family name (the first of several for a rare one).
FAMILY = {
    "万俟": "mo qi", "尉迟": "yu chi", "单": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "查": "zha",
    "任": "ren", "朴": "piao", "区": "ou", "盖": "ge", "华": "hua", "乐": "yue", "缪": "miao", "翟": "zhai",
    "员": "yun", "宁": "ning", "覃": "qin", "种": "chong", "黑": "he", "秘": "bi", "繁": "po", "冼": "xian",
    "逄": "pang", "召": "shao", "重": "chong", "洗": "xian", "祭": "zhai", "折": "she", "牟": "mu",
}  # fmt: skip
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
CHECK = "10X98765432"


@dataclass(frozen=True)
class Keys:
    """What a name is found by besides itself: all of its pinyin, and the first letters."""

    pinyin: str
    initials: str


def search_keys(name: str) -> Keys:
    """Return pinyin without tones or spaces and the initials of a name, e.g. zhangsan and zs."""
    from pypinyin import lazy_pinyin  # its tables take a tenth of a second to load

    family = next((one for one in FAMILY if name.startswith(one)), "")
    first = FAMILY[family].split() if family else []
    words = [word for word in chain(first, lazy_pinyin(name[len(family) :])) if word.strip()]
    letters = ["".join(c for c in word.lower() if c.isascii() and c.isalnum()) for word in words]
    return Keys("".join(letters), "".join(word[0] for word in letters if word))


def tidy(words: str) -> str:
    """Return a query as keys are kept: full-width forms made narrow, no spaces around, lower pinyin."""
    text = unicodedata.normalize("NFC", words).strip()
    narrow = "".join(chr(ord(c) - 0xFEE0) if 0xFF10 <= ord(c) <= 0xFF5A else c for c in text)  # noqa: PLR2004
    return narrow.lower().replace(" ", "") if narrow.isascii() else narrow


def is_id_number(text: str) -> bool:
    """Whether a text is an identity number of eighteen places whose check digit is right (GB 11643)."""
    if len(text) != len(WEIGHTS) + 1 or not text[:-1].isdigit() or not text.isascii():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False))
    return CHECK[total % 11] == text[-1].upper()
