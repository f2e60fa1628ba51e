"""The answers of an act in words: what its form asked, the choice's words, the agency's name."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sifang.cases.models import Act
from sifang.law.procedure import Ask, Procedure, Step
from sifang.law.procedures import NoEdition, editions_of

LONG = 48  # characters of one answer in a line
AT_MOST = 3  # answers in a line


@cache
def table_of(name: str, edition: str) -> Procedure | None:
    """Return the edition by which an act was judged, or None where this release no longer has it."""
    try:
        found = editions_of(name)
    except NoEdition:
        return None
    return next((one for one in found if one.edition.isoformat() == edition), None)


def step_of(act: Act) -> Step | None:
    """Return the row by which an act was done."""
    table = table_of(act.procedure, act.edition.isoformat())
    if table is None or act.row >= len(table.steps) or table.steps[act.row].name != act.step:
        return None
    return table.steps[act.row]


def procedure_title(name: str) -> str:
    """Return the title of a procedure, or its name where there is none."""
    try:
        return editions_of(name)[-1].title
    except NoEdition:
        return name


def state_words(name: str, state: str) -> str:
    """Return a state in words."""
    try:
        return editions_of(name)[-1].states.get(state, state)
    except NoEdition:
        return state


def named_agencies(acts: Iterable[Act]) -> set[UUID]:
    """Return the ids of agencies that answers name."""
    return set(_ids(acts, "agency"))


def named_records(acts: Iterable[Act]) -> set[UUID]:
    """Return the ids of records (acts of the case) that answers name."""
    return set(_ids(acts, "record"))


def _ids(acts: Iterable[Act], kind: str) -> Iterable[UUID]:
    for act in acts:
        step = step_of(act)
        for ask in step.asks if step else ():
            if ask.kind == kind and act.answers.get(ask.key):
                try:
                    yield UUID(str(act.answers[ask.key]))
                except ValueError:
                    continue


def pairs(act: Act, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (what was asked, the answer in words) of an act, in the order of its form."""
    step = step_of(act)
    found = []
    for ask in step.asks if step else ():
        words = answer_words(ask, act.answers.get(ask.key), names)
        if words:
            found.append((ask.words, words))
    return found


def line(act: Act, names: Mapping[str, str]) -> str:
    """Return one line of facts: the important answers in words."""
    parts = [f"{words}：{shortened(answer)}" for words, answer in pairs(act, names)]
    return "；".join(parts[:AT_MOST]) + ("……" if len(parts) > AT_MOST else "")


def shortened(words: str) -> str:
    """Return an answer that fits into a line."""
    flat = " ".join(words.split())
    return flat if len(flat) <= LONG else flat[: LONG - 1] + "…"


def answer_words(ask: Ask, value: Any, names: Mapping[str, str]) -> str:  # noqa: PLR0911 (a line a kind)
    """Return one answer in words; empty where nothing was answered."""
    if value in (None, "", []):
        return ""
    match ask.kind:
        case "yesno":
            return "是" if value is True else "否"
        case "choice":
            return dict(ask.choices).get(str(value), str(value))
        case "agency" | "record":
            return names.get(str(value), "")
        case "people":
            return "、".join(person_words(one) for one in value if isinstance(one, dict))
        case "instant":
            return str(value)[:16].replace("T", " ")
        case _:
            return str(value)


def person_words(one: Mapping[str, Any]) -> str:
    """Return a member of a team: name, and in brackets what he or she is there."""
    kind = str(one.get("kind") or one.get("relation") or "")
    return str(one.get("name", "")) + (f"（{kind}）" if kind else "")
