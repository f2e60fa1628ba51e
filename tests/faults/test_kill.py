"""The short form of `kill.py`: each process killed once under load, then the control; and the judge."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sifang.monitoring.intake.columns import FIX
from tests.faults.common.checks import AlarmRow, Verdict, judge_alarms, judge_fixes
from tests.faults.common.history import History
from tests.faults.common.tracks import Breach, life_of, metres

SCRIPT = Path(__file__).with_name("kill.py")
PATIENCE_S = 570


@pytest.mark.slow
def test_killed_at_random_nothing_acknowledged_is_lost_and_the_control_is_noticed():
    words = ["--kills", "5", "--seed", "7", "--devices", "5", "--speed", "60", "--seconds-between", "0.1-0.7"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPT, *words, "--then-control", "2", "--past", "0"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    said = json.loads(done.stdout)
    assert set(said["killed"]) == {"watch", "postgres", "web", "jobs", "supervisor"}
    assert said["acknowledged"] == said["offered"] == said["read"] > 150
    assert said["alarms"] == said["breaches"] >= 5
    assert said["control_lost"] > 0


CONTENT = (36_000_000, 117_000_000, 0, 90, 0, 80, 9)


def fixes(*seconds, **columns):
    rows = np.zeros(len(seconds), FIX)
    rows["taken_s"], rows["lat"], rows["lon"] = seconds, 36.0, 117.0
    rows["course_deg"], rows["battery_pct"], rows["satellites"] = 90, 80, 9
    for name, value in columns.items():
        rows[name] = value
    return rows


def history(offered, acknowledged):
    return History({(0, s): CONTENT for s in offered}, {(0, s) for s in acknowledged})


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (fixes(10, 20, 30), {}),
        (fixes(10, 20), {}),  # offered and never acknowledged: it may be there or not
        (fixes(10, 30), {"lost": 1}),
        (fixes(10, 20, 20, 20), {"double": 2}),
        (fixes(10, 20, 40), {"phantom": 1}),
        (fixes(10, 20, satellites=8), {"changed": 2}),
        (fixes(10, 20, lat=36.000002), {"changed": 2}),
        (fixes(10, 20, flags=4), {"changed": 2}),
    ],
)
def test_the_judge_sees_what_is_lost_double_invented_or_changed(read, wrong):
    held, verdict = history([10, 20, 30], [10, 20]), Verdict()
    judge_fixes(verdict, held, held, {0: read})
    figures = verdict.figures()
    assert {
        name: figures[name] for name in ("lost", "double", "phantom", "changed") if figures[name]
    } == wrong
    assert verdict.is_good is not bool(wrong)


@pytest.mark.parametrize(
    ("began", "wrong"),
    [
        ([(0, "strap", 1010)], {}),
        ([], {"missed": 1}),
        ([(1, "strap", 1010)], {"missed": 1, "alarms_without_breach": 1}),
        ([(0, "place_entered", 1010)], {"missed": 1, "alarms_without_breach": 1}),
        ([(0, "strap", 1010), (0, "strap", 1100)], {"duplicate_alarms": 1}),
        ([(0, "strap", 1010), (0, "strap", 3000)], {"alarms_without_breach": 1}),
        ([(0, "strap", 1010), (0, "silent", 3000)], {}),  # not seeded: counted apart
    ],
)
def test_the_judge_wants_exactly_one_alarm_for_each_breach(began, wrong):
    alarms = [AlarmRow(device, kind, at, at, f"{at}") for device, kind, at in began]
    verdict = Verdict()
    judge_alarms(verdict, [Breach(0, "strap", 1000, 1120)], alarms)
    figures = verdict.figures()
    kinds = ("missed", "duplicate_alarms", "alarms_without_breach")
    assert {name: figures[name] for name in kinds if figures[name]} == wrong
    assert verdict.is_good is not bool(wrong)


def test_a_life_is_where_its_breaches_say():
    told = {"home": (117.0, 36.6), "beyond": (117.05, 36.6), "banned": (116.98, 36.6)}
    life = life_of(2, told, 1_000_000, seed=3)
    until_s = next(s for s in range(1_004_000, 1_010_000) if life.is_settled(s))
    breaches = life.breaches(until_s)
    assert {one.kind for one in breaches} == {"boundary_left", "place_entered", "strap"}
    quiet = random.Random(1)
    for one in breaches:
        middle = life.at((one.from_s + one.to_s) // 2, quiet)
        if one.kind == "strap":
            assert middle.strap_open
        else:
            goal = told["beyond" if one.kind == "boundary_left" else "banned"]
            assert metres((middle.lon, middle.lat), goal) < 30
            assert metres((life.at(one.from_s - 1, quiet).lon, 36.6), told["home"]) < 30
