"""`sifang register import`: the file of a register, examined or imported in the name of a county officer."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sifang.kernel.errors import NotFound

if TYPE_CHECKING:
    from sifang.cases.register_import import Report
    from sifang.people.models import Officer

SHOWN = 200


def register(words: list[str]) -> int:
    """Import a register as an officer, or examine it (`--dry-run`). Exit 1 when rows are refused.

    Raises UnreadableFile, BeyondPower, NotFound.
    """
    parser = argparse.ArgumentParser(prog="sifang register", description="登记册")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="import|template")
    load = verbs.add_parser("import", help="导入登记册：有一行错误就一行也不导入")
    load.add_argument("file", type=Path, metavar="FILE", help="CSV 或 .xlsx")
    load.add_argument("--officer", required=True, metavar="登录名", help="县级社区矫正机构工作人员")
    load.add_argument("--dry-run", action="store_true", help="只核对，不导入")
    load.add_argument("--json", action="store_true", help="输出 JSON")
    blank = verbs.add_parser("template", help="写出空白模板（含填写说明）")
    blank.add_argument("file", type=Path, metavar="FILE.xlsx")
    asked = parser.parse_args(words)
    if asked.verb == "template":
        from sifang.cases.register_template import template

        asked.file.write_bytes(template())
        return 0
    data = asked.file.read_bytes()
    by = officer_named(asked.officer)
    from sifang.cases.register_import import RowsRefused, check_register, import_register

    try:
        if asked.dry_run:
            report = check_register(by, data)
        else:
            report = import_register(by, data, file_name=asked.file.name)
    except RowsRefused as refusal:
        report = refusal.data["report"]  # type: ignore[assignment]
    answer = as_data(report)
    text = json.dumps(answer, ensure_ascii=False) if asked.json else in_words(report, dry=asked.dry_run)
    sys.stdout.write(f"{text}\n")
    return 1 if report.errors else 0


def officer_named(username: str) -> "Officer":
    """Return the officer of this sign-in name, in a process that works as the pages do. Raises NotFound."""
    os.environ["SIFANG_PROCESS"] = "web"  # row security judges the officer as it does on the pages
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"

    import django

    django.setup()
    from sifang.people.models import Officer

    found = Officer.objects.select_related("agency").filter(username=username, is_active=True).first()
    if found is None:
        raise NotFound
    return found


def as_data(report: "Report") -> dict[str, Any]:
    """Return a report as `--json` shows it."""
    return {
        "sha256": report.sha256,
        "rows": report.rows,
        "new": report.new,
        "known": report.known,
        "registered": report.registered,
        "minors": report.minors,
        "by_type": report.by_type,
        "imported_before": report.imported_before,
        "unknown_titles": report.unknown_titles,
        "errors": [vars(one) for one in report.errors],
        "warnings": [vars(one) for one in report.warnings],
    }


def in_words(report: "Report", *, dry: bool) -> str:
    """Return a report as lines for a terminal, errors first."""
    lines = [
        f"第 {one.line} 行 {one.title} {one.value}：{one.message}"
        + (f"（{one.article}）" if one.article else "")
        for one in report.errors[:SHOWN]
    ]
    if len(report.errors) > SHOWN:
        lines.append(f"……共 {len(report.errors)} 处错误")
    lines.append(f"{report.rows} 行：可登记 {report.new}，已在册 {len(report.known)}，有错 {report.bad_rows}")
    lines.append(f"提示 {len(report.warnings)} 处（--json 列出）")
    if report.imported_before:
        lines.append(report.imported_before)
    elif report.errors:
        lines.append("有错误，一行也没有导入")
    else:
        lines.append("只核对，没有导入" if dry else f"已登记 {report.registered} 人")
    return "\n".join(lines)
