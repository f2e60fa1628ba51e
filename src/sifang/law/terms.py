"""From when to when a correction runs, computed from what the legal document decides, type by type.

The term in force is the one the document states. This computation only checks it: where the two differ,
registration waits until a named person has settled it (PROCEDURES § 1). Days are legal days, both ends
included: the term ends at 24:00 of `end`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.time import ONE_DAY, day_begins, months_later, sentence_end

LIFE_YEARS = 10  # 刑法83条1款: parole from a life sentence
DAYS_A_DAY_HELD = 2  # 刑法41条: one day held takes two days off 管制

KINDS = {"control": "管制", "probation": "缓刑", "parole": "假释", "outside_prison": "暂予监外执行"}


class UnknownKind(SifangError):
    """没有这种社区矫正类别：{kind}。"""

    code: ClassVar[str] = "unknown_kind"
    status: ClassVar[int] = 400


class MissingFact(SifangError):
    """计算{kind}的期限缺少：{fact}（{article}）。"""

    code: ClassVar[str] = "missing_fact"
    status: ClassVar[int] = 400


@dataclass(frozen=True)
class Sentence:
    """A length as a document writes it: 一年六个月, 二个月; `months` may exceed eleven (十八个月)."""

    years: int = 0
    months: int = 0

    @property
    def words(self) -> str:
        """The length in digits, e.g. 1年6个月."""
        parts = [f"{self.years}年" if self.years else "", f"{self.months}个月" if self.months else ""]
        return "".join(parts)

    @property
    def all_months(self) -> int:
        """The length in months; a year has twelve."""
        return self.years * 12 + self.months


@dataclass(frozen=True)
class TermFacts:
    """What the document says, as far as the type needs it.

    `starts_on`: 管制 the day execution starts, 缓刑 the day the judgment is final, 假释 the day of parole,
    暂予监外执行 the day the decision names. `length`: the 管制 or the probation term. `days_held`: before
    the execution of 管制. `sentence_ends_on`: last day of the sentence that parole or 暂予监外执行 leaves
    to be served. `is_life`: parole from a life sentence. `not_counted`: first and last days that a court
    excluded from the sentence. `decided_until`: last day, where a decision names an earlier one.
    `sentence`, `is_detention`: the sentence behind a probation (拘役 or 有期徒刑). `several_crimes`:
    数罪并罚.
    """

    starts_on: date
    length: Sentence = Sentence()
    days_held: int = 0
    sentence_ends_on: date | None = None
    is_life: bool = False
    not_counted: tuple[tuple[date, date], ...] = ()
    decided_until: date | None = None
    sentence: Sentence | None = None
    is_detention: bool = False
    several_crimes: bool = False


@dataclass(frozen=True)
class Mismatch:
    """One thing in which document and computation differ, or that the law does not allow.

    `what`: start, end or length. A named person settles it with reasons; nothing is corrected silently.
    """

    what: str
    words: str
    computed: str
    stated: str
    article: str


@dataclass(frozen=True)
class Term:
    """First and last day (both included), why, and what the law does not allow in the facts themselves."""

    start: date
    end: date
    steps: tuple[str, ...]
    articles: tuple[str, ...]
    doubts: tuple[Mismatch, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """The instant (exclusive, Shanghai midnight) from which nobody is supervised under this term."""
        return day_begins(self.end + ONE_DAY)

    def covers(self, day: date) -> bool:
        """Whether this legal day lies within the term."""
        return self.start <= day <= self.end


def term_of(kind: str, facts: TermFacts) -> Term:
    """Return the term that the facts give. `kind`: control, probation, parole or outside_prison.

    Raises UnknownKind, MissingFact.
    """
    if kind not in _COUNTERS:
        raise UnknownKind(kind=kind)
    return _COUNTERS[kind](facts)


def compare(term: Term, document_start: date, document_end: date) -> list[Mismatch]:
    """Return where the document departs from the computed term; empty where they agree."""
    article = "、".join(term.articles)
    found = list(term.doubts)
    pairs = (("start", "起日", term.start, document_start), ("end", "止日", term.end, document_end))
    for what, words, computed, stated in pairs:
        if computed != stated:
            days = (stated - computed).days
            told = f"文书所写{words}比计算的{'晚' if days > 0 else '早'}{abs(days)}日"
            found.append(Mismatch(what, told, computed.isoformat(), stated.isoformat(), article))
    return found


def _control(facts: TermFacts) -> Term:
    """管制: from the day execution starts, less two days for each day held (刑法41条)."""
    full = _end_of_length("control", facts, "刑法38条、刑法41条")
    end = full - timedelta(days=DAYS_A_DAY_HELD * facts.days_held)
    steps = [f"管制{facts.length.words}，从判决执行之日 {facts.starts_on} 起算：期满 {full}"]
    if facts.days_held:
        off = DAYS_A_DAY_HELD * facts.days_held
        steps.append(f"先行羁押{facts.days_held}日，一日折抵二日，减{off}日：期满 {end}")
    most = 36 if facts.several_crimes else 24  # months: 刑法69条1款, 刑法38条1款
    doubts = _outside("管制的期限", facts.length, 3, most, "刑法38条、刑法69条")
    if end < facts.starts_on:
        doubts += (Mismatch("end", "羁押折抵后已无剩余刑期", str(end), str(full), "刑法41条"),)
    return Term(facts.starts_on, end, tuple(steps), ("刑法41条", "刑诉法解释202条"), doubts)


def _probation(facts: TermFacts) -> Term:
    """缓刑: from the day the judgment is final (刑法73条3款); time held is not taken off."""
    end = _end_of_length("probation", facts, "刑法73条")
    steps = (
        f"缓刑考验期{facts.length.words}，从判决确定之日 {facts.starts_on} 起算：期满 {end}",
        "判决以前先行羁押的日期不折抵缓刑考验期",
    )
    least, most = (2, 12) if facts.is_detention else (12, 60)  # months: 刑法73条1款, 2款
    if facts.sentence is not None:
        least = max(least, facts.sentence.all_months)
    elif not facts.is_detention:
        least = 2  # the sentence is not known: 拘役 or 有期徒刑, the wider bounds
    doubts = _outside("缓刑考验期", facts.length, least, most, "刑法73条")
    return Term(facts.starts_on, end, steps, ("刑法73条", "刑诉法解释202条"), doubts)


def _parole(facts: TermFacts) -> Term:
    """假释: the unexpired term, ten years for life, from the day of parole (刑法83条)."""
    if facts.is_life:
        end = sentence_end(facts.starts_on, years=LIFE_YEARS)
        steps = (f"无期徒刑的假释考验期为{LIFE_YEARS}年，从假释之日 {facts.starts_on} 起算：期满 {end}",)
        return Term(facts.starts_on, end, steps, ("刑法83条", "刑诉法解释202条"))
    end = _sentence_end("parole", facts, "刑法83条")
    steps = (f"假释考验期为没有执行完毕的刑期，从假释之日 {facts.starts_on} 到刑期届满之日 {end}",)
    return Term(facts.starts_on, end, steps, ("刑法83条",), _backwards(facts, end, "刑法83条"))


def _outside_prison(facts: TermFacts) -> Term:
    """暂予监外执行: to the end of the sentence, which excluded days move later (刑事诉讼法268条3款)."""
    article = "刑事诉讼法268条"
    end = _sentence_end("outside_prison", facts, article)
    steps = [f"从 {facts.starts_on} 到刑期届满之日 {end}"]
    excluded = {
        first + timedelta(days=n) for first, last in facts.not_counted for n in range((last - first).days + 1)
    }
    if excluded:
        end += timedelta(days=len(excluded))
        steps.append(f"法院确定不计入执行刑期的{len(excluded)}日：刑期届满之日顺延为 {end}")
    if facts.decided_until is not None and facts.decided_until < end:
        end = facts.decided_until
        steps.append(f"决定书所定期限先到：{end}；届满不等于刑满，须由决定机关处理")
    doubts = _backwards(facts, end, article)
    return Term(facts.starts_on, end, tuple(steps), (article, "刑诉法解释518条"), doubts)


_COUNTERS: dict[str, Callable[[TermFacts], Term]] = {
    "control": _control,
    "probation": _probation,
    "parole": _parole,
    "outside_prison": _outside_prison,
}


def _end_of_length(kind: str, facts: TermFacts, article: str) -> date:
    if facts.length.all_months <= 0:
        raise MissingFact(kind=KINDS[kind], fact="期限的长度", article=article)
    return sentence_end(facts.starts_on, years=facts.length.years, months=facts.length.months)


def _sentence_end(kind: str, facts: TermFacts, article: str) -> date:
    if facts.sentence_ends_on is None:
        raise MissingFact(kind=KINDS[kind], fact="刑期届满之日", article=article)
    return facts.sentence_ends_on


def _outside(words: str, length: Sentence, least: int, most: int, article: str) -> tuple[Mismatch, ...]:
    """One mismatch where a length in months lies outside its bounds, which belong to it (刑法99条)."""
    if least <= length.all_months <= most:
        return ()
    bounds = f"{least}个月以上{most}个月以下"
    return (Mismatch("length", f"{words}不在法定范围内", bounds, length.words, article),)


def _backwards(facts: TermFacts, end: date, article: str) -> tuple[Mismatch, ...]:
    if end >= facts.starts_on:
        return ()
    return (Mismatch("end", "刑期在起日以前已经届满", str(facts.starts_on), str(end), article),)


def months_and_days(start: date, end: date) -> tuple[int, int]:
    """Return a term as whole months and the days left over, both ends included; (0, 0) when it is empty."""
    after, months = end + ONE_DAY, 0
    if after <= start:
        return 0, 0
    months = max(0, (after.year - start.year) * 12 + after.month - start.month - 1)
    while months_later(start, months + 1) <= after:
        months += 1
    return months, (after - months_later(start, months)).days
