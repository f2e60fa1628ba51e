"""The bench of the intake proves its own counters: one short round with a few devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]


def test_what_is_offered_is_answered_evaluated_and_readable():
    """The bench ends with an error, and without a figure, where its counters do not agree."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SIFANG_", "DJANGO_", "PYTEST_"))}
    words = ["--rounds", "1", "--seconds", "1", "--connections", "50"]
    done = subprocess.run(
        [sys.executable, HOUSE / "bench" / "intake.py", *words],
        env=env | {"PYTHONPATH": os.pathsep.join([str(HOUSE / "src"), str(HOUSE)])},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr[-3000:]
    (line,) = [json.loads(one) for one in done.stdout.splitlines() if one.startswith("{")]
    ratio, *_ = line["rows"]
    assert ratio["figure"] > 0
    assert "offered = answered = evaluated = readable" in ratio["detail"]
