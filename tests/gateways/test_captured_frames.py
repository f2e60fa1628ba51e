"""Every gateway alike: captured frames with the expected answer beside each, and what `decode` needs."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SOURCE = Path(__file__).parents[2] / "src"
GATEWAYS = sorted(path.parent.name for path in (SOURCE / "sifang" / "gateways").glob("*/manifest.py"))
WITHOUT_DJANGO = """
import importlib, json, sys
sys.modules["django"] = sys.modules["numpy"] = sys.modules["psycopg"] = None
decoder = importlib.import_module(sys.argv[1])
for line in sys.stdin:
    print(json.dumps(decoder.decode_line(line)))
"""


def frames(gateway):
    folder = SOURCE / "sifang" / "gateways" / gateway / "frames"
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def decoder(gateway):
    return importlib.import_module(f"sifang.gateways.{gateway}.decoder")


def test_there_are_three_gateways():
    assert GATEWAYS == ["jt808", "osmand", "owntracks"]


@pytest.mark.parametrize(
    ("gateway", "frame"),
    [
        pytest.param(gateway, frame, id=f"{gateway}-{frame['name']}")
        for gateway in GATEWAYS
        for frame in frames(gateway)
    ],
)
def test_a_captured_frame_says_what_stands_beside_it(gateway, frame):
    assert json.loads(json.dumps(decoder(gateway).decode_line(frame["input"]))) == frame["expected"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_fresh_interpreter_decodes_without_django(gateway):
    captured = frames(gateway)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, f"sifang.gateways.{gateway}.decoder"],
        input="".join(frame["input"] + "\n" for frame in captured),
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [frame["expected"] for frame in captured]


@pytest.mark.parametrize("gateway", GATEWAYS)
@settings(max_examples=40)
@given(
    line=st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
        ).map(json.dumps),
    )
)
def test_no_line_raises_anything(gateway, line):
    assert isinstance(decoder(gateway).decode_line(line), dict)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_manifest_names_a_class_of_devices_and_no_phone(gateway):
    manifest = importlib.import_module(f"sifang.gateways.{gateway}.manifest")
    assert manifest.DEVICE_CLASS == "purpose-built"
    assert manifest.PHONES.startswith("No phone sends positions by itself")
