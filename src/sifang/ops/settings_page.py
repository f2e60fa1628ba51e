"""Writes docs/guide/settings.md from the fields of `Settings`; `--check` fails when it is stale."""

import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from sifang.ops.settings import Settings, variable

PAGE = Path("docs/guide/settings.md")
_HEAD = """# 设置 Settings

由 `python -m sifang.ops.settings_page` 根据 `src/sifang/ops/settings.py` 生成，请勿手改。
标“密”的设置也可以写成 `名称_FILE`，其值为存放该内容的文件。
写错或不认识的 `SIFANG_*` 会使启动停止，并给出一行说明。

| 变量 | 默认值 | 密 | 用途 |
|---|---|---|---|
"""


def rows() -> Iterator[str]:
    """Yield one table row for each setting."""
    for one in fields(Settings):
        default = f"`{one.metadata['default']}`" if one.metadata["default"] else ""
        secret = "密" if one.metadata["secret"] else ""
        yield f"| `{variable(one.name)}` | {default} | {secret} | {one.metadata['help']} |\n"


def page() -> str:
    """Return the page as it should stand in the repository."""
    return _HEAD + "".join(rows())


def main() -> int:
    """Write the page, or with `--check` say whether it is up to date."""
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            sys.stderr.write(f"{PAGE} is stale: run python -m sifang.ops.settings_page\n")
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
