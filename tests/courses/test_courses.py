"""Random courses through the services: table, clock and reconciler agree with the independent oracle.

The short form is part of the suite; the long one: make courses COUNT=10000.
"""

import ast
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sifang.law import due as law_due
from tests.courses.compare import differences, unlawful
from tests.courses.world import taken_back

COUNT = int(os.environ.get("COURSES", "6"))
FIRST = int(os.environ.get("COURSES_FROM", "0"))
LOOKS = 0.15  # share of the instants at which all is compared
HERE = Path(__file__).parent


def test_the_oracle_knows_nothing_of_the_house():
    """It imports neither the law nor the cases of the house, nor anything that does."""
    for name in ("oracle", "oracle_rows", "days"):
        tree = ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
            assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__")
        ours = {"tests.courses.days", "tests.courses.oracle_rows"}
        assert not {one for one in found - ours if one.startswith(("sifang", "tests", "importlib"))}


@pytest.mark.slow
def test_courses_agree_with_the_oracle(living):
    """Nothing is missing or too much, each closed by the right act, the clock on time; nothing unlawful."""
    started, wrong = time.monotonic(), []
    taken, refused = Counter(), Counter()
    for seed in range(FIRST, FIRST + COUNT):
        with taken_back():
            course = living(seed)
            for _ in course.run(course.random.randrange(4, 40)):
                if course.random.random() < LOOKS:
                    wrong += [f"seed {seed}: {one}" for one in differences(course)]
                if wrong and COUNT < 100:
                    break
            wrong += [f"seed {seed}: {one}" for one in differences(course) + unlawful(course)]
        taken += course.taken
        refused += course.refused
        if COUNT >= 100 and (seed + 1) % 50 == 0:
            say(seed + 1 - FIRST, time.monotonic() - started, taken, wrong)
    if COUNT >= 100:
        sys.stderr.write(f"taken {taken.most_common()}\nrefused {refused.most_common(40)}\n")
    assert wrong == []


def say(done: int, seconds: float, taken: Counter, wrong: list[str]) -> None:
    rate = done / seconds
    acts = sum(taken.values())
    sys.stderr.write(
        f"{done} courses, {acts} acts, {rate:.2f}/s, {len(wrong)} differences {sorted(set(wrong))[:9]}\n"
    )
    sys.stderr.flush()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["handover.docs", "report.in", "handover.notice"])
def test_a_wrong_period_in_one_row_is_seen(living, monkeypatch, name):
    """One day more in one row of the law: among a few courses the comparison must see it."""
    real = law_due.rule
    longer = replace(real(name), n=real(name).n + 1)
    monkeypatch.setattr(law_due, "rule", lambda one: longer if one == name else real(one))
    assert any(begun(living, seed) for seed in range(6))
    monkeypatch.setattr(law_due, "rule", real)
    assert not begun(living, 1)


def begun(living, seed: int) -> list[str]:
    """What differs in a course that has only begun."""
    with taken_back():
        return differences(living(seed))
    return []
