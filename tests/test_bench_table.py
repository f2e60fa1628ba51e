"""The table of figures: what a bench says is shown as it is, and what it does not say is not made up."""

import importlib.util
import json
from pathlib import Path

import pytest

from sifang.ops.bench_command import NoBench, bench

BENCH = Path(__file__).resolve().parent.parent / "bench"


@pytest.fixture
def module():
    def load(name):
        spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        return found

    return load


@pytest.fixture
def table(module, tmp_path):
    table = module("table")
    table.HERE, table.PAGE, table.KEPT = tmp_path, tmp_path / "page.md", tmp_path / "page.jsonl"
    return table


def test_a_goal_is_met_missed_or_absent(module):
    row = module("report").row
    assert row("a", 25.0, "×", least=25.0)["met"] is True
    assert row("a", 24.9, "×", least=25.0)["met"] is False
    assert row("a", 0, "", most=0)["met"] is True
    assert row("a", None, "×", least=25.0)["met"] is False
    assert row("a", "alarms differ", "×", least=25.0)["met"] is False
    assert row("a", 24.9, "×")["met"] is row("a", None, "×")["met"] is None


def test_the_command_names_the_benches_there_are():
    with pytest.raises(NoBench, match=r"geometry.*postgis"):
        bench("rows", [])


@pytest.mark.parametrize(
    ("body", "why"),
    [("raise SystemExit(3)", "code 3"), ("print('no line')", "code 0"), (None, "not there yet"),
     ("print('{\"bench\": \"b\", \"rows\": []}'); raise SystemExit(1)", "code 1")],
)  # fmt: skip
def test_a_bench_that_fails_is_a_row_that_says_so(table, tmp_path, body, why):
    if body is not None:
        (tmp_path / "engine.py").write_text(body)
    (row,) = table.run("engine", [])["rows"]
    assert (row["figure"], row["met"]) == (None, False)
    assert why in row["detail"]


def test_sides_and_distances_agree_with_other_libraries(module, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    geometry = module("geometry")
    compared, wrong, near = geometry.sides(30_000)
    assert (compared >= 30_000, wrong, near > 10_000) == (True, 0, True)
    ours, geodesic = geometry.distances(300).T
    errors, is_near = abs(ours - geodesic), geodesic <= 300
    assert errors[is_near].max() < 0.01
    assert (errors[~is_near] / geodesic[~is_near])[geodesic[~is_near] < 3_000].max() < 0.001


def test_the_alarms_of_two_sides_are_the_same_only_when_their_episodes_overlap(module, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    sameness = module("postgis").sameness
    ours = {(1, 0): [(10, 20), (50, float("inf"))], (2, 3): [(5, 9)]}
    assert sameness(ours, ours) == (1.0, 3, 3)
    assert sameness(ours, {(1, 0): [(15, 60)], (2, 3): [(5, 9)]}) == (1.0, 3, 2)
    assert sameness(ours, {(1, 0): [(21, 49), (55, 60)], (2, 0): [(5, 9)]}) == (pytest.approx(2 / 6), 3, 3)
    assert sameness({}, ours)[0] == 0.0
    assert sameness({}, {})[0] == 0.0  # nothing compared is nothing shown


def test_the_last_line_counts_and_a_later_run_replaces_only_its_own_rows(table, tmp_path):
    line = {
        "what": "a | b",
        "figure": 3,
        "unit": "×",
        "goal": "≥ 2",
        "met": True,
        "detail": "",
        "command": "c",
    }
    for name, figure in (("engine", 3), ("geometry", 0), ("engine", 4)):
        said = json.dumps({"bench": name, "rows": [line | {"figure": figure}]})
        (tmp_path / f"{name}.py").write_text(f"print('talk'); print({said!r})")
        table.write([table.run(name, [])])
    page = table.PAGE.read_text()
    assert "| a / b | 4 × | ≥ 2 | met |" in page
    assert "| a / b | 0 × |" in page
    assert "| a / b | 3 × |" not in page
