"""The rule constants: every number of the law that this house counts with, read from `rules.toml`.

One row says how long, from or before what, by whom, whether a rest day moves the end, under which articles
and how well the number is known. `law.due` counts. What the law leaves without a number is a slot (known to
be settled elsewhere, text not obtained) or a target of the house, never a rule.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Literal

from sifang.kernel.errors import SifangError

Kind = Literal["deadline", "cap", "threshold", "minimum", "count"]
Unit = Literal["hour", "day", "workday", "month", "year"]

STATUS = {"v": "verified", "r": "recalled", "rc": "recalled", "o": "our_reading"}
MARKS = {"v": "verified", "r": "recalled", "rc": "excerpt", "o": "reading"}  # words of law.articles
KIND_TITLES = {"deadline": "期限", "cap": "上限", "threshold": "界限", "minimum": "下限", "count": "次数"}
UNIT_TITLES = {"hour": "小时", "day": "日", "workday": "个工作日", "month": "个月", "year": "年"}
ACTOR_TITLES = {
    "agency": "社区矫正机构",
    "decision_body": "社区矫正决定机关",
    "person": "社区矫正对象",
    "person_and_agency": "社区矫正对象和社区矫正机构",
    "custody_body": "看守所、监狱或者公安机关",
    "j": "人民检察院",
    "court": "人民法院",
    "old_agency": "原执行地社区矫正机构",
    "new_agency": "新执行地社区矫正机构",
    "deciding_body": "作出决定的机关",
    "unit": "被监督单位",
}


class UnknownRule(SifangError):
    """没有这条期限规则：{rule}。"""

    code: ClassVar[str] = "unknown_rule"
    status: ClassVar[int] = 404


@dataclass(frozen=True)
class Rule:
    """One number of the law (PROCEDURES § 7); the module's text file explains the words.

    `event` names the trigger, counted from or (`before`) counted back from. `inclusive`: whether the number
    itself still belongs (thresholds). `st` is our mark: v, r, rc, o.
    """

    id: str
    title: str
    group: str
    kind: Kind
    n: int
    art: tuple[str, ...]
    st: Literal["v", "r", "rc", "o"]
    unit: Unit | None = None
    event: str = ""
    before: bool = False
    trigger: str = ""
    by: str = ""
    types: tuple[str, ...] = ()
    only: str = ""
    extend: int = 0
    roll: bool = False
    roll_if_custody: bool = True
    inclusive: bool | None = None
    soft: bool = False
    editable_per_notice: bool = False
    good_reason_excuses: bool = False
    later_breach: bool = False
    needs: str = ""
    over: str = ""
    window_months: int = 0
    sentence: str = ""
    confirmed_by: str | None = None

    @property
    def article(self) -> str:
        """The cited articles, as pages write them."""
        return "、".join(self.art)

    @property
    def status(self) -> str:
        """The word of the command line: verified, recalled or our_reading."""
        return STATUS[self.st]

    @property
    def mark(self) -> str:
        """The mark as articles carry it: verified, excerpt, recalled or reading."""
        return MARKS[self.st]

    @property
    def length(self) -> str:
        """The number with its unit, e.g. 10日, 3个月, 2次."""
        return f"{self.n}{UNIT_TITLES[self.unit] if self.unit else '次'}"

    @property
    def actor(self) -> str:
        """Who has to act, in the law's words; empty where the rule names nobody."""
        return ACTOR_TITLES.get(self.by, "")


@dataclass(frozen=True)
class Slot:
    """A period that a text we do not hold is known to settle: no legal period known."""

    id: str
    title: str
    basis: str
    note: str = "目前没有已知的法定期限，待录入《山东省社区矫正工作条例》"


@dataclass(frozen=True)
class Target:
    """A mark the house sets itself where the law gives no number; never shown as law."""

    id: str
    title: str
    n: int
    unit: Unit


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(files("sifang.law").joinpath("rules.toml").read_text(encoding="utf-8"))


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, in the order of the file."""
    return tuple(_rule(row, group["title"]) for group in _file()["group"] for row in group["rules"])


@cache
def _by_id() -> dict[str, Rule]:
    return {one.id: one for one in all_rules()}


def rule(name: str) -> Rule:
    """Return the rule with this id. Raises UnknownRule."""
    found = _by_id().get(name)
    if found is None:
        raise UnknownRule(rule=name)
    return found


@cache
def slots() -> tuple[Slot, ...]:
    """Return the empty slots of the provincial regulation (PROCEDURES § 3 SD)."""
    return tuple(Slot(**row) for row in _file()["slots"])


@cache
def targets() -> dict[str, Target]:
    """Return the house's targets by id."""
    return {row["id"]: Target(**row) for row in _file()["targets"]}


def _rule(row: dict[str, Any], group: str) -> Rule:
    words: dict[str, Any] = dict(row)
    event, before = words.pop("from", ""), words.pop("before", "")
    window, later = words.pop("window", {"n": 0}), words.pop("and", "")
    words |= {name: tuple(words.get(name, ())) for name in ("art", "types")}
    return Rule(
        **words,
        group=group,
        event=event or before,
        before=bool(before),
        window_months=window["n"],
        later_breach=later == "later_breach",
    )
