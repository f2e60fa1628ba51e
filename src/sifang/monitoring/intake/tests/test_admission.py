"""What is taken, absorbed, late, refused; each reason beside the fix that is admitted."""

import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.checks import ABSORBED, ACCEPTED, REASONS
from sifang.monitoring.intake.columns import (
    F_ASSUMED,
    F_LATE,
    F_LOCATED,
    FIX,
    SOURCE_CELL,
    SOURCE_GNSS,
    SOURCE_WIFI,
)

NOW = 1_795_420_800
START, END = NOW - 86_400, NOW + 86_400


def table(*windows: Window, quality: dict | None = None) -> Admission:
    admission = Admission()
    row = DeviceRow(uuid.uuid4(), "013853100001", "jt808", windows=windows, quality=quality or {})
    admission.load([row], 1, NOW)
    return admission


def fix(**columns: object) -> np.ndarray:
    one = np.zeros(1, FIX)
    given = {
        "taken_s": NOW - 5, "received_s": NOW, "lon": 117.1, "lat": 36.65, "flags": F_LOCATED,
        "accuracy_m": 8.0, "satellites": 9, "source": SOURCE_GNSS,
    } | columns  # fmt: skip
    for name, value in given.items():
        one[name] = value
    return one


def answer(admission: Admission, one: np.ndarray) -> str:
    reason = int(admission.admit(one)[0])
    late = bool(one["flags"][0] & F_LATE)
    return {ACCEPTED: "late" if late else "live", ABSORBED: "absorbed"}.get(reason) or REASONS[reason]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "live"),
        ({"device": -1}, "unknown_device"),
        ({"device": 7}, "unknown_device"),
        ({"device": 10**6}, "unknown_device"),
        ({"taken_s": NOW + 120}, "live"),
        ({"taken_s": NOW + 121}, "future"),
        ({"taken_s": NOW - 101 * 86_400}, "too_old"),
        ({"taken_s": 0}, "too_old"),
        ({"taken_s": START}, "live"),
        ({"taken_s": START - 1}, "before_measure"),
        ({"received_s": START - 1, "taken_s": START - 1}, "no_measure"),
        ({"received_s": END - 1, "taken_s": END - 1}, "live"),
        ({"received_s": END - 1, "taken_s": END}, "measure_ended"),
        ({"received_s": END, "taken_s": END - 1}, "measure_ended"),
        ({"lon": 0.0, "lat": 0.0}, "bad_position"),
        ({"lat": 116.0}, "bad_position"),
        ({"lon": -180.5}, "bad_position"),
        ({"lon": float("nan")}, "bad_position"),
        ({"lon": 0.0, "lat": 0.0, "flags": 0}, "live"),
    ],
)
def test_what_is_admitted_and_why_not(columns, said):
    assert answer(table(Window(5, START, END)), fix(**columns)) == said


def test_taken_within_the_measure_but_received_after_its_end_is_refused():
    ended = table(Window(5, START, NOW - 10))
    assert answer(ended, fix(taken_s=NOW - 60)) == "measure_ended"


def test_a_device_without_a_measure_is_refused():
    assert answer(table(), fix()) == "no_measure"


def test_at_the_seam_of_two_measures_each_fix_belongs_to_its_own():
    both = table(Window(5, START, NOW), Window(6, NOW, END))
    before, after = fix(received_s=NOW - 1, taken_s=NOW - 1), fix(received_s=NOW, taken_s=NOW)
    both.admit(before)
    both.admit(after)
    assert [before["measure"][0], after["measure"][0]] == [5, 6]
    # collection under the first has stopped
    assert answer(both, fix(received_s=NOW, taken_s=NOW - 1, battery_pct=3)) == "before_measure"


def test_the_same_fix_again_is_absorbed_and_other_content_for_that_second_is_late():
    admission = table(Window(5, START, END))
    assert answer(admission, fix()) == "live"
    assert answer(admission, fix()) == "absorbed"
    assert answer(admission, fix(battery_pct=2)) == "late"
    assert answer(admission, fix(taken_s=NOW - 60, battery_pct=3)) == "late"
    assert answer(admission, fix(taken_s=NOW - 60, battery_pct=3)) == "absorbed"
    assert answer(admission, fix(taken_s=NOW - 4, battery_pct=4)) == "live"


def test_marks_put_back_forget_what_was_admitted_since():
    admission = table(Window(5, START, END))
    marks = admission.save(fix())
    assert answer(admission, fix()) == "live"
    admission.restore(marks)
    assert answer(admission, fix()) == "live"


def test_a_position_that_is_not_located_is_dropped_but_its_device_state_is_kept():
    one = fix(flags=0, battery_pct=40)
    assert answer(table(Window(5, START, END)), one) == "live"
    assert np.isnan(one["lon"][0])
    assert np.isnan(one["lat"][0])
    assert one["battery_pct"][0] == 40


@pytest.mark.parametrize(
    ("columns", "accuracy", "assumed"),
    [
        ({"accuracy_m": 8.0}, 8, False),
        ({"accuracy_m": np.nan}, 12, True),
        ({"accuracy_m": 0.0}, 12, True),
        ({"accuracy_m": np.inf}, 12, True),
        ({"accuracy_m": np.nan, "source": 0, "satellites": 255}, 12, True),
        ({"accuracy_m": np.nan, "satellites": 5}, 24, True),
        ({"accuracy_m": np.nan, "satellites": 3}, 48, True),
        ({"accuracy_m": np.nan, "source": SOURCE_WIFI, "satellites": 0}, 60, True),
        ({"accuracy_m": np.nan, "source": SOURCE_CELL, "satellites": 0}, 800, True),
    ],
)
def test_accuracy_not_given_is_assumed_from_the_quality_card_and_marked(columns, accuracy, assumed):
    admission = table(Window(5, START, END), quality={"accuracy_m": {"gnss": 12, "cell": 800, "wifi": "?"}})
    one = fix(**columns)
    assert answer(admission, one) == "live"
    assert one["accuracy_m"][0] == accuracy
    assert bool(one["flags"][0] & F_ASSUMED) is assumed


def test_an_index_survives_the_reload_and_a_device_no_longer_named_is_unknown():
    admission = Admission()
    rows = [DeviceRow(uuid.uuid4(), f"{k}", "jt808", windows=(Window(k, START, END),)) for k in range(1, 200)]
    admission.load(rows, 1, NOW)
    index = admission.find("00150").index
    admission.load(rows[100:], 2, NOW)
    assert admission.find("150").index == index
    assert admission.find("50") is None
    assert answer(admission, fix(device=index)) == "live"
    assert answer(admission, fix(device=49)) == "unknown_device"
    assert admission.version == 2
    assert admission.live_measures(NOW)[150] == index
    assert 50 not in admission.live_measures(NOW)


def test_journalled_fixes_give_the_marks_back_after_a_restart():
    admission = table(Window(5, START, END))
    one = fix()
    admission.admit(one)
    keys = admission.keys[one["device"]].copy()
    fresh = Admission()
    fresh.load(list(admission.devices), 1, NOW)
    one["device"] = -1
    fresh.remember(one, keys)
    assert one["device"][0] == 0
    assert answer(fresh, fix()) == "absorbed"
    assert answer(fresh, fix(taken_s=NOW - 6, battery_pct=9)) == "late"


@given(
    taken=st.integers(-(2**40), 2**40), received=st.integers(NOW - 10**6, NOW + 10**6),
    lon=st.floats(), lat=st.floats(), flags=st.integers(0, 255), device=st.integers(-5, 70),
)  # fmt: skip
@settings(deadline=None)
def test_nothing_is_ever_admitted_outside_the_term(*, taken, received, lon, lat, flags, device):
    one = fix(taken_s=taken, received_s=received, lon=lon, lat=lat, flags=flags, device=device)
    said = answer(table(Window(5, START, END)), one)
    if said in {"live", "late"}:
        assert device == 0
        assert START <= taken < END
        assert START <= received < END
    else:
        assert one["measure"][0] == -1
