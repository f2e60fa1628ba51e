"""The captured frames of this gateway, with the expected answer beside each; and what `decode` needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sifang.gateways.owntracks import manifest
from sifang.gateways.owntracks.decoder import decode_line

FOLDER = Path(__file__).parent.parent / "frames"
FRAMES = [
    json.loads(line)
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
WITHOUT_DJANGO = """
import sys, json
sys.modules["django"] = sys.modules["numpy"] = sys.modules["psycopg"] = None
from sifang.gateways.owntracks.decoder import decode_line
for line in sys.stdin:
    print(json.dumps(decode_line(line)))
"""


@pytest.mark.parametrize("frame", FRAMES, ids=[frame["name"] for frame in FRAMES])
def test_a_captured_frame_says_what_stands_beside_it(frame):
    assert json.loads(json.dumps(decode_line(frame["input"]))) == frame["expected"]


def test_a_fresh_interpreter_decodes_without_django():
    lines = "".join(frame["input"] + "\n" for frame in FRAMES)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO],
        input=lines,
        env={"PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [frame["expected"] for frame in FRAMES]


@settings(max_examples=40)
@given(
    st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
        ).map(json.dumps),
    )
)
def test_no_line_raises_anything(line):
    assert isinstance(decode_line(line), dict)


def test_the_manifest_names_a_class_of_devices_and_no_phone():
    assert manifest.DEVICE_CLASS == "purpose-built"
    assert manifest.PHONES.startswith("No phone sends positions by itself")
