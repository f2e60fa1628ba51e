"""`sifang case export` and `sifang case import`: one case leaves, or comes, as a portable archive."""

import argparse
import sys
from pathlib import Path

from sifang.kernel.errors import BadInput


def case(words: list[str]) -> int:
    """Export a case or take one over, as a county officer. Raises NotFound, BeyondPower, BadArchive."""
    parser = argparse.ArgumentParser(prog="sifang case", description="案件档案")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="export|import")
    out = verbs.add_parser("export", help="把一个案件导出为档案（zip）")
    out.add_argument("number", metavar="矫正编号")
    out.add_argument("target", type=Path, metavar="DIR|FILE.zip")
    out.add_argument("--officer", required=True, metavar="登录名")
    out.add_argument("--purpose", required=True, metavar="用途")
    load = verbs.add_parser("import", help="接管另一套安装导出的案件档案")
    load.add_argument("file", type=Path, metavar="FILE.zip")
    load.add_argument("--officer", required=True, metavar="登录名")
    load.add_argument("--sha256", default="", metavar="HEX", help="移交机构告知的整个档案的摘要")
    asked = parser.parse_args(words)
    from sifang.ops.register_command import officer_named

    by = officer_named(asked.officer)
    from sifang.cases.archives import export_case, import_case

    if asked.verb == "export":
        made = export_case(by, asked.number, asked.purpose)
        file = asked.target / made.name if asked.target.is_dir() else asked.target
        if file.exists():
            raise BadInput(reason=f"{file} 已经存在")
        with file.open("xb") as kept:
            file.chmod(0o600)
            kept.write(made.data)
        sys.stdout.write(f"{file}\nSHA-256 {made.sha256}\n请把摘要另行告知接收机构。\n")
        return 0
    taken = import_case(by, asked.file.read_bytes(), expected_sha256=asked.sha256)
    sys.stdout.write(
        f"已接管：{taken.case.person.number}，自 {taken.on} 起。原有记录另行保存，不作本机构的行为。\n"
    )
    return 0
