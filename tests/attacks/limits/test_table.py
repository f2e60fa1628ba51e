"""The table of the limits tells the truth: all 25, a state each, and every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TABLE = (ROOT / "docs" / "limits.md").read_text()
ROW = re.compile(r"^\| (E\d+) \| (.+?) \| (.+?) \| (.*?) \| (.+?) \|$", re.MULTILINE)
HERE = {1, 2, 3, 5, 6, 7, 8, 14, 15, 16, 17, 19, 20, 23, 24}  # those that have to hold now


def _tests() -> set[str]:
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("src/**/tests/test_*.py")]
    words = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    return {name for file in files for name in words.findall(file.read_text())}


def test_all_twenty_five_limits_have_a_state() -> None:
    rows = {int(row[0][1:]): row for row in ROW.findall(TABLE)}
    assert sorted(rows) == list(range(1, 26))
    for number, row in rows.items():
        assert row[4].startswith(("done", "partly", "not yet")), number
        assert row[4].startswith(("done", "partly")) or number not in HERE, number


def test_every_test_that_the_table_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert named - _tests() == set()


def test_whatever_is_done_is_attacked_and_no_attack_is_left_out() -> None:
    for number, _, _, tests, state in ROW.findall(TABLE):
        assert "test_" in tests or not state.startswith("done"), number
    attacks = {name for name in _tests() if re.match(r"test_e\d+_", name)}
    assert attacks - set(re.findall(r"`(test_\w+)`", TABLE)) == set()
