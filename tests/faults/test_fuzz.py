"""The short form of `fuzz.py`, and proof that it notices what it looks for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzz.py")


def run(*arguments):
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_mutated_bytes_bring_out_answers_and_refusals_alone(shared):
    assert shared.is_dir()
    status, found = run("--inputs", "30000")
    assert found["broken"] == []
    assert status == 0
    assert set(found["by_door"]) == {
        "jt808", "stream", "osmand", "owntracks", "http", "kernels", "blocks", "chunks", "snapshots",
    }  # fmt: skip
    assert sum(found["by_door"].values()) == found["inputs"] >= 30_000
    answers = found["answers"]
    for got_in in (
        "jt808:read",
        "stream:fixes",
        "osmand:read",
        "owntracks:read",
        "http:answered",
        "kernels:accepted",
        "blocks:read",
        "chunks:read",
        "snapshots:read",
    ):
        assert answers[got_in] > 20, f"{got_in}: the mutations are so wild that nothing gets through the door"


PLANTED = """
import asyncio, sys
sys.argv = ["fuzz.py"]
import tests.faults.fuzz as fuzz
from sifang.gateways.jt808 import decoder
good = decoder.decode_frame
def planted(frame):
    if frame.header.message_id == 0x0002:
        raise IndexError("planted")
    return good(frame)
decoder.decode_frame = planted
print(len(asyncio.run(fuzz.run(3000, 1, {"jt808"}))["broken"]))
"""
OUT_OF_BOUNDS = """
import tests.faults.fuzz
import numpy as np
from numba import njit
@njit("i8(i8[::1], i8)")
def beyond(values, at):
    return values[at]
try:
    beyond(np.zeros(3, np.int64), 3)
except IndexError:
    print("noticed")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("script", "said"), [(PLANTED, None), (OUT_OF_BOUNDS, "noticed")])
def test_a_planted_fault_is_noticed(shared, script, said):
    assert shared.is_dir()
    root = SCRIPT.parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    answer = done.stdout.strip()
    assert answer == said if said else int(answer) > 0
