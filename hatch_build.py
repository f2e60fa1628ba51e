"""Builds the front end when sifang is installed or packed: an installed wheel needs no node."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEnd(BuildHookInterface):
    """Runs tools/build_front.py (unless SIFANG_SKIP_FRONT=1); a source archive carries the built files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        tool = Path(self.root) / "tools" / "build_front.py"
        if tool.exists() and os.environ.get("SIFANG_SKIP_FRONT") != "1":
            subprocess.run([sys.executable, tool], check=True)  # noqa: S603 (our own tool)
