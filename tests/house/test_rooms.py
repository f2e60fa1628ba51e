"""The house itself: what the import linter cannot see."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sifang"
ROOMS = ["kernel", "law", "ledger", "people", "cases", "monitoring", "gateways", "web", "ops"]

PURE = [
    "sifang.kernel.coords",
    "sifang.kernel.events",
    "sifang.kernel.geometry",
    "sifang.law.articles",
    "sifang.law.due",
    "sifang.monitoring.engine",
    "sifang.monitoring.engine.cli",
    "sifang.monitoring.export.check",
    "sifang.gateways.jt808.decoder",
    "sifang.gateways.osmand.decoder",
    "sifang.gateways.owntracks.decoder",
    "sifang.ops.main",
]


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_starts_without_django(module: str) -> None:
    code = f"import sys; sys.modules['django'] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_its_door_is_empty(room: str) -> None:
    assert (SOURCE / room / "README.md").is_file()
    assert (SOURCE / room / "__init__.py").read_text(encoding="utf-8").strip() == ""


def test_every_local_link_of_the_documents_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCE.rglob("README.md")]
    pages = [page for page in pages if "node_modules" not in page.parts]
    links = [(p, t) for p in pages for t in re.findall(r"\]\(([^)#\s]+)", p.read_text(encoding="utf-8"))]
    assert links
    local = [(page, target) for page, target in links if "://" not in target]
    manual = ROOT / "docs/guide/manual"  # its pictures are made by `make manual`, not kept
    local = [(page, t) for page, t in local if not (page.parent == manual and t.startswith("images/"))]
    broken = [f"{p.relative_to(ROOT)} → {t}" for p, t in local if not (p.parent / t).exists()]
    assert broken == []


def test_every_event_is_heard_or_says_that_nobody_hears_it_yet() -> None:
    import dataclasses
    import importlib

    from sifang.kernel.events import is_heard

    silent = []
    for path in SOURCE.glob("*/events.py"):
        if path.parent.name == "kernel":
            continue
        module = importlib.import_module(f"sifang.{path.parent.name}.events")
        silent += [
            f"{path.parent.name}.{name}"
            for name, thing in vars(module).items()
            if dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__ and not is_heard(thing)
        ]
    assert silent == []
