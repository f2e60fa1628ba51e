"""`sifang bench NAME`: run one bench of the source tree; the benches are no part of an installed package."""

import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from sifang.kernel.errors import SifangError

FOLDER = Path(__file__).resolve().parents[3] / "bench"


class NoBench(SifangError):
    """没有找到 {name}：并排测量在源代码目录的 bench/ 中，现有 {known}。"""

    code: ClassVar[str] = "no_bench"


def bench(name: str, words: Sequence[str]) -> int:
    """Run bench `name` with its own options (its long form without any); its exit code. Raises NoBench."""
    table = FOLDER / "table.py"
    known = sorted(runpy.run_path(str(table))["BENCHES"]) if table.exists() else []
    if name not in known:
        raise NoBench(name=name, known="、".join(known) or "无")
    own = ["--", *words] if words else []
    return subprocess.run([sys.executable, table, name, *own], check=False).returncode  # noqa: S603 (our own file)
