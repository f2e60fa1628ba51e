"""Read what a form says against what the row asks: every mistake at once, each named in words."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sifang.cases.errors import BadAnswers
from sifang.cases.models import Act
from sifang.kernel.time import SHANGHAI
from sifang.law.procedure import Ask, Step
from sifang.people.models import Agency

LONGEST = 4_000
YES = {"yes", "true", "1", "on", "是"}
NO = {"no", "false", "0", "", "否"}


class _Wrong(ValueError):
    pass


def read_answers(
    step: Step, raw: Mapping[str, Any], facts: Mapping[str, Any], case_id: UUID
) -> dict[str, Any]:
    """Return the answers as facts. Raises BadAnswers with `errors` = {key: words}."""
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for ask in step.asks:
        try:
            value = _value(ask, raw.get(ask.key), case_id)
        except _Wrong as wrong:
            errors[ask.key] = str(wrong)
            continue
        if value is None:
            if ask.required:
                errors[ask.key] = f"请填写{ask.words}"
            continue
        found[ask.key] = value
    known = {**facts, **found}
    for ask in step.asks:
        errors |= _order(ask, found, known, step)
    if errors:
        words = "；".join(errors.values())
        raise BadAnswers(words=words, errors=errors)
    return found


def _order(ask: Ask, found: Mapping[str, Any], known: Mapping[str, Any], step: Step) -> dict[str, str]:
    """Dates in their order: not before `after`, not past `until`."""
    value = found.get(ask.key)
    if not isinstance(value, str) or ask.kind not in {"date", "instant"}:
        return {}
    titles = {one.key: one.words for one in step.asks}
    for other, late in ((ask.after, True), (ask.until, False)):
        limit = known.get(other) if other else None
        if isinstance(limit, str) and (value[:10] < limit[:10] if late else value[:10] > limit[:10]):
            words = titles.get(other, limit[:10])
            return {ask.key: f"{ask.words}不能{'早于' if late else '晚于'}{words}"}
    return {}


def _value(ask: Ask, raw: Any, case_id: UUID) -> Any:  # noqa: C901, PLR0911 (one line a kind)
    if ask.kind == "people":
        return _people(ask, raw)
    if ask.kind == "yesno":
        return _yes_no(ask, raw)
    text = str(raw).strip() if raw is not None else ""
    if not text:
        return None
    if len(text) > LONGEST:
        raise _Wrong(f"{ask.words}太长，最多 {LONGEST} 字")
    match ask.kind:
        case "date":
            return _date(ask, text)
        case "instant":
            return _instant(ask, text)
        case "number":
            return _number(ask, text)
        case "choice":
            if text not in {value for value, _ in ask.choices}:
                raise _Wrong(f"请在列出的选项中选择{ask.words}")
            return text
        case "agency":
            return _agency(ask, text)
        case "record":
            return _record(ask, text, case_id)
        case _:
            return text


def _date(ask: Ask, text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise _Wrong(f"{ask.words}须写成 2026-11-23 这样的日期") from None


def _instant(ask: Ask, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong(f"{ask.words}须写成日期和时刻") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI).isoformat()


def _number(ask: Ask, text: str) -> int:
    if not text.isdecimal():
        raise _Wrong(f"{ask.words}须为整数")
    return int(text)


def _yes_no(ask: Ask, raw: Any) -> bool | None:
    if raw is None or raw == "":
        return None if ask.required else False
    text = str(raw).strip().lower()
    if text in YES:
        return True
    if text in NO:
        return False
    raise _Wrong(f"{ask.words}请回答是或者否")


def _agency(ask: Ask, text: str) -> str:
    try:
        found = Agency.objects.filter(id=UUID(text)).first()
    except ValueError:
        found = Agency.objects.filter(name=text).first()
    if found is None:
        raise _Wrong(f"没有这个机构：{ask.words}")
    return str(found.id)


def _record(ask: Ask, text: str, case_id: UUID) -> str:
    try:
        found = Act.objects.filter(id=UUID(text), case_id=case_id).exists()
    except ValueError:
        found = False
    if not found:
        raise _Wrong(f"{ask.words}须从本案已有记录中选择")
    return text


def _people(ask: Ask, raw: Any) -> list[dict[str, Any]] | None:
    """A list of {"name", "kind", "sex", "versed", "relation"}; rows without a name are left out."""
    if raw in (None, ""):
        return None
    try:
        rows = json.loads(raw) if isinstance(raw, str) else list(raw)
        named = [dict(row) for row in rows if str(row.get("name", "")).strip()]
    except (ValueError, TypeError, AttributeError):
        raise _Wrong(f"{ask.words}须逐人填写姓名和身份") from None
    return named or None
