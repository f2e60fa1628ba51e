"""What one row of a register says, as typed values, and what is wrong with it, field by field. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sifang.cases.register_columns import BY_TITLE, COLUMNS, TITLE
from sifang.cases.register_file import Row, Table, UnreadableFile, is_like_formula
from sifang.law.terms import Sentence, TermFacts
from sifang.people.names import is_id_number

TYPES = {"管制": "control", "缓刑": "probation", "假释": "parole", "暂予监外执行": "outside_prison"}
SEXES = {"男": "m", "女": "f"}
YES_NO = {"是": True, "有": True, "否": False, "无": False}
SENTENCES = ("管制", "拘役", "有期徒刑", "无期徒刑")
DAYS = ("birth_date", "document_date", "effective_on", "term_start", "term_end", "received_on")
OTHER_DAYS = ("sentence_ends_on", "prohibition_until")
DAY = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d\d)(\d\d))(?: 0+:00(?::00)?)?"
)
LENGTH = re.compile(r"(?:(\d{1,3})年)?(?:零)?(?:(\d{1,3})个?月)?")
DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
AS_NUMBER = re.compile(r"\d(\.\d+)?[eE]\+?\d+|\d{15,18}\.0")
BORN = slice(6, 14)  # of an identity number
SEX_DIGIT = 16


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or, as a warning, worth knowing) in one field of one line of the file."""

    line: int
    title: str
    value: str
    message: str
    article: str = ""
    is_warning: bool = False


@dataclass
class Told:
    """One row as it was understood: texts, days and choices; `problems`: what was not."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)
    days: dict[str, date] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    term_facts: TermFacts | None = None

    @property
    def is_good(self) -> bool:
        """Whether nothing but warnings was found so far."""
        return all(one.is_warning for one in self.problems)

    def blame(self, key: str, message: str, article: str = "", *, warning: bool = False) -> None:
        """Note a problem with the field of this key."""
        value = self.texts.get(key, "")[:80]
        self.problems.append(Problem(self.line, TITLE.get(key, key), value, message, article, warning))


def check_titles(table: Table) -> list[str]:
    """Return the titles that are not known. Raises UnreadableFile where one is missing."""
    missing = [column.title for column in COLUMNS if column.is_needed and column.title not in table.titles]
    if missing:
        raise UnreadableFile(reason=f"标题行缺少：{'、'.join(missing)}（请用模板）")
    return [title for title in table.titles if title not in BY_TITLE]


def understand(row: Row) -> Told:
    """Return what a row says; every field is looked at, so that all its faults are told at once."""
    told = Told(row.line)
    for title, text in row.cells.items():
        column = BY_TITLE.get(title)
        if column is None:
            continue
        told.texts[column.key] = text
        if len(text) > column.most:
            told.blame(column.key, f"超过 {column.most} 字")
        if is_like_formula(text):
            told.blame(column.key, "像公式，按文字保存，不作计算", warning=True)
    for column in COLUMNS:
        if column.is_needed and column.key not in told.texts:
            told.blame(column.key, "没有填写")
    for key in (*DAYS, *OTHER_DAYS):
        _day(told, key)
    _choice(told, "sex", SEXES)
    _choice(told, "type", TYPES)
    _choice(told, "several_crimes", YES_NO)
    _choice(told, "sentence_kind", dict.fromkeys(SENTENCES))
    _identity(told)
    _term_facts(told)
    return told


def _choice(told: Told, key: str, choices: Mapping[str, object]) -> None:
    if told.texts.get(key, "") not in {"", *choices}:
        told.blame(key, f"只能是{'、'.join(choices)}")


def _day(told: Told, key: str) -> None:
    text = told.texts.get(key, "")
    if not text:
        return
    found = day_of(text)
    if found is None:
        told.blame(key, "不是日期，写法如 2026-03-05、2026/3/5、2026年3月5日")
    else:
        told.days[key] = found


def day_of(text: str) -> date | None:
    """Return the day that a text names, or None."""
    found = DAY.fullmatch(text)
    if found is None:
        return None
    year, *rest = found.groups()
    month, day = [int(one) for one in rest if one is not None]
    try:
        return date(int(year), month, day)
    except ValueError:
        return None


def length_of(text: str) -> Sentence | None:
    """Return a length of years and months as documents write it: 一年六个月, 18个月, 2年; None otherwise."""
    found = LENGTH.fullmatch(re.sub(r"[零一二两三四五六七八九十]+", _arabic, text.replace("又", "")))
    if not text or found is None or not any(found.groups()):
        return None
    return Sentence(int(found[1] or 0), int(found[2] or 0))


def _arabic(found: re.Match[str]) -> str:
    tens, ten, ones = found[0].partition("十")
    if not ten:
        return "".join(str(DIGITS[c]) for c in found[0])
    if len(tens) > 1 or len(ones) > 1:
        return found[0]
    return str((DIGITS[tens] if tens else 1) * 10 + (DIGITS.get(ones, 99) if ones else 0))


def _identity(told: Told) -> None:
    text = told.texts.get("id_number", "").upper()
    if not text:
        told.blame("id_number", "没有公民身份号码，身份须另行核实", "社区矫正法22条", warning=True)
        return
    if AS_NUMBER.fullmatch(text):
        told.blame("id_number", "被存成了数字，末几位已经丢失；请把这一列设为文本后重填")
        return
    if not is_id_number(text):
        told.blame("id_number", "公民身份号码的校验码不对")
        return
    born, sex = told.days.get("birth_date"), SEXES.get(told.texts.get("sex", ""))
    if born is not None and text[BORN] != born.strftime("%Y%m%d"):
        told.blame("birth_date", f"与公民身份号码中的 {text[BORN]} 不符")
    if sex is not None and (int(text[SEX_DIGIT]) % 2 == 1) != (sex == "m"):
        told.blame("sex", "与公民身份号码不符")


def _term_facts(told: Told) -> None:
    """The facts from which the term is computed, where the row has those that its type needs."""
    lengths = {}
    for key in ("sentence", "length"):
        if text := told.texts.get(key, ""):
            lengths[key] = length_of(text)
            if lengths[key] is None and told.texts.get("sentence_kind") != "无期徒刑":
                told.blame(key, "不是期限，写法如 六个月、1年6个月")
    held = told.texts.get("days_held", "")
    if held and not (held.isascii() and held.isdigit()):
        told.blame("days_held", "不是天数")
    kind = TYPES.get(told.texts.get("type", ""))
    start = told.days.get("term_start")
    life = told.texts.get("sentence_kind") == "无期徒刑" and kind == "parole"
    by_length = kind in {"control", "probation"} and lengths.get("length") is not None
    by_end = kind in {"parole", "outside_prison"} and "sentence_ends_on" in told.days
    if start is None or not (by_length or by_end or life) or not told.is_good:
        return
    told.term_facts = TermFacts(
        starts_on=told.days.get("effective_on", start) if kind == "probation" else start,
        length=lengths.get("length") or Sentence(),
        days_held=int(held or 0),
        sentence_ends_on=told.days.get("sentence_ends_on"),
        is_life=life,
        sentence=lengths.get("sentence"),
        is_detention=told.texts.get("sentence_kind") == "拘役",
        several_crimes=YES_NO.get(told.texts.get("several_crimes", ""), False),
    )
