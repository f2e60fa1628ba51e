"""The short form of `poison.py`, with those of `idle.py` and `backlog.py`, on one installation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.common.mischief import bad_bodies, bad_requests
from tests.faults.jumpy_watch import Wall

SCRIPT = Path(__file__).with_name("poison.py")
NAMES = ["texts", "stale", "slow", "flood", "clock_jump", "postgres", "idle", "backlog"]
SHORT = {
    "only": ",".join(NAMES), "devices": 4, "speed": 60, "seconds": 2, "jumps": 1, "slow": 40, "idle": 1_500,
    "frames": 3_000, "backlog-devices": 8, "burst-devices": 1,
}  # fmt: skip
PATIENCE_S = 570


@pytest.mark.slow
def test_whatever_is_poisoned_the_others_are_acknowledged_and_nothing_is_lost():
    words = [f"--{name}={value}" for name, value in SHORT.items()]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPT, *words],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    said = json.loads(done.stdout)
    assert [one["poison"] for one in said["each"]] == NAMES
    assert said["acknowledged"] == said["offered"] == said["read"] > 200
    assert said["alarms"] == said["breaches"] >= 4
    assert said["others"]["backlog"]["acknowledged"] >= 3_000


def test_no_poison_is_left_out_silently():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPT, "--only", "texts,arsenic"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "arsenic" in done.stderr


def test_the_clock_of_a_jumpy_watch_is_wrong_by_what_the_file_says(tmp_path):
    file = tmp_path / "clock"
    clock = Wall(file)
    right = clock()
    file.write_text("-3600")
    clock._looked = 0.0
    assert -3_601 < clock() - right < -3_590
    file.write_text("half written, then")
    clock._looked = 0.0
    assert clock() - right < -3_590  # what cannot be read changes nothing


def test_texts_are_poisoned_in_every_kind_of_message():
    import random

    told = {"home": (117.0, 36.6)}
    kinds = {message for message, _ in bad_bodies(told, random.Random(1))}
    assert kinds >= {0x0100, 0x0102, 0x0104, 0x0107, 0x0200, 0x0702, 0x0704, 0x0900}
    sizes = [len(one) for one in bad_requests("13800000001")]
    assert max(sizes) > 65_536
