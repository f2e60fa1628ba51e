"""`sifang law`: the procedures, the rules, the articles; a deadline with its reasons; import of texts.

Starts without Django and without a database: the law is data. What an office added (holiday tables,
statute texts) stands in its data folder.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.law.articles import Article, UnknownArticle, all_articles, article
from sifang.law.calendar import Calendar
from sifang.law.due import due
from sifang.law.procedure import Procedure
from sifang.law.rules import (
    KIND_TITLES,
    UNIT_TITLES,
    Rule,
    UnknownRule,
    all_rules,
    rule,
    slots,
    targets,
)
from sifang.law.time import BadTime, read_moment

WRONG_WORDS = 2  # exit code: an unknown rule or time
GROUPS = ("procedures", "rules", "articles")
STATUS_TITLES = {"verified": "已核对", "recalled": "待核", "our_reading": "我方理解"}


class UnknownLaw(SifangError):
    """没有这个程序、期限规则或者条文：{name}。"""

    code: ClassVar[str] = "unknown_law"
    status: ClassVar[int] = 404


def parser() -> argparse.ArgumentParser:
    """Return the command's own line: its verbs and their options."""
    top = argparse.ArgumentParser(prog="sifang law", description="程序、期限规则、条文")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="list|show|due|import-texts")
    listed = verbs.add_parser("list", help="列出程序、期限规则和条文")
    listed.add_argument("group", nargs="?", choices=GROUPS, metavar="|".join(GROUPS), help="只列其中一类")
    shown = verbs.add_parser("show", help="一个程序的表、一条期限规则或者一条条文")
    shown.add_argument("name", metavar="ID", help="如 leave、P-LEAVE、handover.docs、社区矫正法29条")
    counted = verbs.add_parser("due", help="一条期限何时届满，及其理由")
    counted.add_argument("rule", metavar="RULE", help="期限规则，如 handover.docs（见 law list rules）")
    counted.add_argument(
        "--from",
        dest="start",
        required=True,
        metavar="TIME",
        help="起算事件：2026-09-25，或 2026-09-25T16:30:00+08:00（不写时区为北京时间）；倒数的规则为其事件",
    )
    counted.add_argument("--custody", action="store_true", help="人在押：撤销、收监的裁定期限不顺延")
    imported = verbs.add_parser("import-texts", help="导入法律文本，一部法律一个文件（docs/guide/law.md）")
    imported.add_argument("folder", metavar="DIR", type=Path)
    for command in (listed, shown, counted):
        command.add_argument("--json", action="store_true", help="输出 JSON")
    return top


def law(words: list[str]) -> int:
    """Answer one line of words. An unknown rule or time is one line on standard error and exit code 2."""
    asked = parser().parse_args(words)
    try:
        if asked.verb == "list":
            return _list(asked.group, as_json=asked.json)
        if asked.verb == "show":
            return _show(asked.name.strip(), as_json=asked.json)
        if asked.verb == "due":
            return _due(asked.rule, asked.start, custody=asked.custody, as_json=asked.json)
    except (UnknownRule, UnknownLaw, BadTime) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return WRONG_WORDS
    return _import(asked.folder)


def _data() -> Path:
    """Return the installation's data folder."""
    from sifang.ops.settings import read

    return read().data


def _list(group: str | None, *, as_json: bool) -> int:
    rows = [row for name in GROUPS if group in (None, name) for row in _rows(name)]
    if as_json:
        _print_json(rows)
        return 0
    for name in GROUPS:
        if group in (None, name):
            sys.stdout.writelines(f"{line}\n" for line in _lines(name))
    return 0


def _rows(group: str) -> list[dict[str, Any]]:
    if group == "procedures":
        return [_procedure_row(one) for one in _procedures()]
    if group == "rules":
        return [_rule_row(one) for one in all_rules()]
    return [_article_row(one) for one in all_articles()]


def _lines(group: str) -> Iterator[str]:
    if group == "procedures":
        yield "程序（law show 名称）"
        for procedure in _procedures():
            yield f"  {procedure.name}（{procedure.code}）{procedure.title}，{procedure.edition} 版"
        return
    if group == "rules":
        yield "期限规则（law due 规则 --from 时间）"
        last = ""
        for one in all_rules():
            if one.group != last:
                last = one.group
                yield f"  {last}"
            yield f"    {one.id}：{one.title}，{_length(one)}，{one.article}〔{_status(one)}〕"
        yield "  尚无已知法定期限"
        yield from (f"    {slot.id}：{slot.title}" for slot in slots())
        yield "  内部目标（不是法定期限）"
        for name, mark in targets().items():
            yield f"    {name}：{mark.title}，{mark.n}{UNIT_TITLES[mark.unit]}"
        return
    yield "条文（law show 条文）"
    yield from (f"  {one.citation}〔{one.mark_title}〕{one.gist}" for one in all_articles())


def _show(name: str, *, as_json: bool) -> int:
    for found in (_show_procedure, _show_rule, _show_slot, _show_article):
        answer = found(name)
        if answer is not None:
            row, words = answer
            if as_json:
                _print_json(row)
            else:
                sys.stdout.write(words.rstrip("\n") + "\n")
            return 0
    raise UnknownLaw(name=name)


_Answer = tuple[dict[str, Any], str] | None


def _show_procedure(name: str) -> _Answer:
    from sifang.law.render import as_markdown

    named = [one for one in _procedures() if name == one.name]
    found = named or [one for one in _procedures() if _has_code(one, name.upper())]
    if not found:
        return None
    newest = max((one for one in found if one.name == found[0].name), key=lambda one: one.edition)
    table = as_markdown(newest)
    return _procedure_row(newest) | {"markdown": table}, table


def _has_code(one: Procedure, wanted: str) -> bool:
    """Whether P-LEAVE or P-LEAVE-3 is the procedure whose code is P-LEAVE-1…5."""
    bases = re.findall(r"P-[A-Z]+", one.code)
    return any(wanted == base or re.fullmatch(rf"{base}-\d+", wanted) for base in bases)


def _show_rule(name: str) -> _Answer:
    try:
        one = rule(name)
    except UnknownRule:
        return None
    when = f"{one.trigger}之日{'前' if one.before else '起'}" if one.trigger else ""
    lines = [
        f"{one.id} {one.title}（{one.group}）",
        f"{KIND_TITLES[one.kind]}：{when}{_length(one)}",
        f"依据：{one.article}〔{_status(one)}〕",
    ]
    if one.confirmed_by:
        lines.append(f"旁证：{one.confirmed_by}")
    if one.actor:
        lines.append(f"由{one.actor}办理")
    if one.types:
        lines.append(f"只适用于{'、'.join(one.types)}")
    if one.only:
        lines.append(f"只适用于{one.only}")
    if one.sentence:
        lines.append(one.sentence)
    elif one.unit != "hour":
        held = "，在押的不顺延" if not one.roll_if_custody else ""
        lines.append(f"末日遇休息日顺延{held}" if one.roll else "遇休息日不顺延")
    return _rule_row(one), "\n".join(lines)


def _show_slot(name: str) -> _Answer:
    found = next((slot for slot in slots() if slot.id == name), None)
    if found is None:
        return None
    row = {"type": "slot", "id": found.id, "title": found.title, "basis": found.basis, "note": found.note}
    return row, f"{found.id} {found.title}\n{found.note}（PROCEDURES {found.basis}）"


def _show_article(name: str) -> _Answer:
    from sifang.law.texts import article_text

    try:
        one = article(name)
    except UnknownArticle:
        if "条" in name:  # a citation, but of nothing we know: say so in its own words
            raise
        return None
    words = f"{one.law.title} 第{one.number}条〔{one.mark_title}〕\n{one.gist}"
    text = article_text(one.citation, _data() / "law-texts")
    if text is None:
        return _article_row(one) | {"text": None, "text_state": None}, words
    row = _article_row(one) | {"text": text.text, "text_state": text.state}
    return row, f"{words}\n\n{text.text}\n（{text.state_title}）"


def _due(name: str, start: str, *, custody: bool, as_json: bool) -> int:
    found = due(rule(name), read_moment(start), calendar=_calendar(), custody=custody)
    if as_json:
        _print_json(found.as_json())
        return 0
    end = found.due_at.isoformat() if found.due_at else str(found.due_on) if found.due_on else "没有届满日"
    sys.stdout.write(f"{end}\n" + "".join(f"  {step}\n" for step in found.steps))
    sys.stdout.write(f"  依据：{found.article}〔{STATUS_TITLES[found.status]}〕\n")
    if found.warning:
        sys.stdout.write(f"  注意：{found.warning}\n")
    return 0


def _import(folder: Path) -> int:
    from sifang.law.texts import import_texts
    from sifang.ops.secret_files import data_folder

    report = import_texts(folder, data_folder(_data()) / "law-texts")
    sys.stdout.writelines(f"{line}\n" for line in report.lines())
    return 0


def _calendar() -> Calendar:
    return Calendar.load(_data() / "calendars")


def _procedures() -> tuple[Procedure, ...]:
    from sifang.law.procedures import all_editions

    return all_editions()


def _procedure_row(one: Procedure) -> dict[str, Any]:
    return {
        "type": "procedure",
        "id": one.name,
        "code": one.code,
        "title": one.title,
        "edition": one.edition.isoformat(),
        "steps": len(one.steps),
        "digest": one.digest(),
    }


def _rule_row(one: Rule) -> dict[str, Any]:
    return {
        "type": "rule",
        "id": one.id,
        "title": one.title,
        "group": one.group,
        "kind": one.kind,
        "n": one.n,
        "unit": one.unit,
        "event": one.event or None,
        "before": one.before,
        "by": one.by or None,
        "types": list(one.types),
        "roll": one.roll,
        "roll_if_custody": one.roll_if_custody,
        "inclusive": one.inclusive,
        "article": one.article,
        "status": one.status,
        "confirmed_by": one.confirmed_by,
    }


def _article_row(one: Article) -> dict[str, Any]:
    return {
        "type": "article",
        "id": one.citation,
        "article": one.citation,
        "law": one.law.title,
        "gist": one.gist,
        "mark": one.mark,
    }


def _length(one: Rule) -> str:
    how = {"deadline": "内", "cap": "为上限", "minimum": "以上", "threshold": "为界", "count": ""}[one.kind]
    return one.length + ("" if one.before else how)


def _status(one: Rule) -> str:
    return "有旁证" if one.confirmed_by else STATUS_TITLES[one.status]


def _print_json(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
