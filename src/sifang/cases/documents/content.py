"""From the facts of a case to what a template prints: plain data in, plain words out. Pure.

All words are made here and reach the template as data, so that nothing an officer types is ever read as a
template. What the document needs and the act lacks is an error that names it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sifang.cases.documents.catalogue import ORIGINS, DocumentKind, Need, kind_of
from sifang.cases.documents.errors import FieldMissing
from sifang.cases.documents.wording import (
    citation_states,
    citation_words,
    day_words,
    spelled_out,
    value_words,
)

Content = dict[str, Any]
DONE_BY = {
    "control": "判处管制",
    "probation": "宣告缓刑",
    "parole": "裁定假释",
    "outside_prison": "决定暂予监外执行",
}
TYPES = {"control": "管制", "probation": "缓刑", "parole": "假释", "outside_prison": "暂予监外执行"}
ORDER_KEYS = (
    "type",
    "done",
    "decided_by",
    "document_no",
    "document_date",
    "effective_on",
    "term_start",
    "term_end",
    "prohibition",
)
CODE_WORD = re.compile(r"[a-z_]+")  # a fact such as "granted" is for programs, not for paper
NOT_WITNESSED = "尚未完成四方见证"


@dataclass(frozen=True)
class PersonFacts:
    """Who the document is about."""

    name: str
    sex: str
    born: date
    number: str
    address: str = ""
    phone: str = ""
    minor: bool = False


@dataclass(frozen=True)
class OrderFacts:
    """The order under which the person stands; `type` is control, probation, parole or outside_prison."""

    type: str
    decided_by: str
    document_no: str
    document_date: date
    effective_on: date
    term_start: date
    term_end: date
    prohibition: str = ""
    prohibition_until: date | None = None


@dataclass(frozen=True)
class Parties:
    """Names of the agencies around the case; an unknown one is empty. Keys as in `catalogue.Party`."""

    county: str = ""
    office: str = ""
    bureau: str = ""
    higher: str = ""
    province: str = ""
    new_county: str = ""
    decider: str = ""
    court: str = ""
    custody: str = ""
    police: str = ""
    exit_entry: str = ""
    procuratorate: str = ""
    helper: str = ""
    guardian: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer: its key in the procedure's row, the row's own words for it, the value as printed.

    `own`: given with this act; the others were given earlier in the proceeding.
    """

    key: str
    words: str
    shown: str
    own: bool = True


@dataclass(frozen=True)
class ActFacts:
    """The act that makes the document: by whom, when, on what ground, with which answers.

    `sealed_by`: the agency that decided instead of the one whose seal the kind usually bears.
    """

    step: str
    day: date
    agency: str
    officer: str
    article: str
    answers: tuple[Answer, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    reasons: str = ""
    remedy: str = ""
    sealed_by: str = ""


@dataclass(frozen=True)
class DocumentFacts:
    """Everything a document is made from."""

    act: ActFacts
    parties: Parties
    person: PersonFacts | None = None
    order: OrderFacts | None = None
    number: str = ""
    verification: str = ""


def content_for(kind_id: str, given: DocumentFacts) -> Content:
    """Return what the template prints, all as words. Raises FieldMissing, naming each missing field."""
    kind = kind_of(kind_id)
    fields, missing = _fields(kind, given)
    if kind.about_person and given.person is None:
        missing.append("社区矫正对象")
    if kind.about_person and given.order is None:
        missing.append("执行依据的法律文书")
    if kind.reasons and not given.act.reasons.strip():
        missing.append("理由")
    if missing:
        raise FieldMissing(title=kind.title, fields="、".join(missing))
    names = {key: _party(key, given, fields) for key in (*kind.to, *kind.copies, *filter(None, [kind.seal]))}
    return {
        "kind": kind.id,
        "title": kind.title,
        "origin": ORIGINS[kind.mark],
        "number": given.number,
        "verification": given.verification,
        "witnessed": NOT_WITNESSED,
        "to": [names[key] or "　　　　　　" for key in kind.to],
        "copies": [names[key] for key in kind.copies if names[key]],
        "signs": list(kind.signs),
        "seal": (given.act.sealed_by or names.get(kind.seal) or given.act.agency) if kind.seal else "",
        "fields": fields,
        "others": _others(kind, given),
        "person": _person(given.person),
        "order": _order(given.order),
        "parties": vars(given.parties).copy(),
        "act": _act(given.act),
    }


def _value(need: Need, given: DocumentFacts) -> str:
    shown = {one.key: one.shown for one in given.act.answers}
    for key in (need.key, *need.others):
        if shown.get(key):
            return shown[key]
        words = value_words(given.act.facts.get(key))
        if words and not CODE_WORD.fullmatch(words):
            return words
    return ""


def _fields(kind: DocumentKind, given: DocumentFacts) -> tuple[dict[str, str], list[str]]:
    found = {need.key: _value(need, given) for need in kind.needs}
    return found, [need.label for need in kind.needs if need.required and not found[need.key]]


def _others(kind: DocumentKind, given: DocumentFacts) -> list[list[str]]:
    """The answers of the row that the template has no place for: none may be lost."""
    placed = {key for need in kind.needs for key in (need.key, *need.others)}
    return [
        [one.words, one.shown] for one in given.act.answers if one.own and one.key not in placed and one.shown
    ]


def _party(key: str, given: DocumentFacts, fields: Mapping[str, str]) -> str:
    if key == "person":
        return given.person.name if given.person else ""
    return fields.get(key) or str(getattr(given.parties, key, ""))


def _person(person: PersonFacts | None) -> dict[str, Any]:
    if person is None:
        return dict.fromkeys(("name", "sex", "born", "number", "address", "phone"), "") | {"minor": False}
    return {
        "name": person.name,
        "sex": {"m": "男", "f": "女"}.get(person.sex, person.sex),
        "born": day_words(person.born),
        "number": person.number,
        "address": person.address,
        "phone": person.phone,
        "minor": person.minor,
    }


def _order(order: OrderFacts | None) -> dict[str, str]:
    if order is None:
        return dict.fromkeys(ORDER_KEYS, "")
    until = f"，至{day_words(order.prohibition_until)}" if order.prohibition_until else ""
    return {
        "type": TYPES.get(order.type, order.type),
        "done": DONE_BY.get(order.type, order.type),
        "decided_by": order.decided_by,
        "document_no": order.document_no,
        "document_date": day_words(order.document_date),
        "effective_on": day_words(order.effective_on),
        "term_start": day_words(order.term_start),
        "term_end": day_words(order.term_end),
        "prohibition": f"{order.prohibition}{until}" if order.prohibition else "",
    }


def _act(act: ActFacts) -> dict[str, str]:
    return {
        "step": act.step,
        "day": day_words(act.day),
        "iso": act.day.isoformat(),
        "agency": act.agency,
        "officer": act.officer,
        "article": citation_words(act.article),
        "unverified": "、".join(citation_states(act.article)),
        "reasons": act.reasons.strip(),
        "remedy": spelled_out(act.remedy.strip()),
    }
