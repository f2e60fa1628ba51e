"""What the engine says about single, clear situations. Places are metres around a point near Jinan."""

import numpy as np
import pytest

from sifang.kernel.geometry import moved
from sifang.monitoring.engine.engine import Engine, NotAFixArray, StateMismatch, warm_up
from sifang.monitoring.engine.specs import (
    BATTERY,
    BEGIN,
    BOUNDARY,
    END,
    PLACE,
    SILENT,
    SOS,
    STATION,
    STRAP,
    TIMETABLE,
    BadFence,
    FenceSpec,
    MeasureSpec,
)
from sifang.monitoring.intake import columns

MONDAY = 1_774_800_000 // 604_800 * 604_800 - 3 * 86_400 - 8 * 3600  # Monday 00:00 in Shanghai
FOREVER = 1 << 40


def square(half_m=5_000.0, boundary_m=10.0, east_m=0.0):
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m), (-half_m, -half_m)]
    return np.array([[*moved(117.0, 36.65, east_m + x, y), boundary_m] for x, y in corners])


def fixes(rows, *, start=MONDAY + 36_000, every=10, measure=1, flags=columns.F_LOCATED, accuracy=10.0):
    """One fix per (east_m, north_m)."""
    array = np.zeros(len(rows), columns.FIX)
    array["measure"], array["flags"], array["accuracy_m"] = measure, flags, accuracy
    array["taken_s"] = start + every * np.arange(len(rows))
    array["received_s"] = array["taken_s"] + 1
    array["battery_pct"], array["source"] = columns.NO_BATTERY, columns.SOURCE_GNSS
    for i, (east, north) in enumerate(rows):
        array["lon"][i], array["lat"][i] = moved(117.0, 36.65, east, north)
    return array


def engine(*fences, capacity=64, measures=(1,)):
    loaded = Engine(capacity=capacity)
    loaded.load([MeasureSpec(n, 0, FOREVER) for n in measures], fences or [boundary()])
    return loaded


def boundary(**changes):
    given = {"number": 7, "measure": 1, "kind": "boundary", "keeps": "inside", "rings": [square()]}
    return FenceSpec(**(given | changes))


def said(signals):
    return [(int(s["kind"]), int(s["phase"])) for s in signals]


OUT, HOME = (5_200.0, 0.0), (0.0, 0.0)


def test_leaving_raises_once_with_the_first_fix_beyond_as_episode():
    track = fixes([(4_800.0, 0.0)] * 30 + [(5_060.0, 0.0)] * 40)
    signals = engine().step(track)
    assert said(signals) == [(BOUNDARY, BEGIN)]
    (begin,) = signals
    assert begin["episode"] == track["taken_s"][30]
    assert 80 <= begin["at_s"] - begin["episode"] <= 120
    assert begin["probability"] >= 0.95
    assert begin["distance_m"] == pytest.approx(60.0, abs=0.05)
    assert begin["boundary_m"] == pytest.approx(10.0)


def test_coming_back_ends_it_and_leaving_again_is_a_new_episode():
    near, beyond = (4_900.0, 0.0), (5_100.0, 0.0)
    track = fixes([near] * 30 + [beyond] * 30 + [near] * 60 + [beyond] * 30)
    signals = engine().step(track)
    assert said(signals) == [(BOUNDARY, BEGIN), (BOUNDARY, END), (BOUNDARY, BEGIN)]
    assert signals["episode"][0] == signals["episode"][1] == track["taken_s"][30]
    assert signals["episode"][2] == track["taken_s"][120]


@pytest.mark.parametrize("wrong", [(5_200.0, 0.0), (5_900.0, 0.0), (90_000.0, 0.0)])
def test_a_single_wrong_fix_raises_nothing(wrong):
    assert not engine().step(fixes([(4_900.0, 0.0)] * 20 + [wrong] + [(4_900.0, 0.0)] * 20)).size


def test_a_badly_known_line_is_not_proved_by_any_number_of_fixes():
    fence = boundary(rings=[square(boundary_m=83.0)])
    watch = engine(fence)
    track = fixes([HOME] * 5 + [(5_070.0, 0.0)] * 2_000)
    assert not watch.step(track).size
    assert set(track["verdict"][100:]) == {columns.VERDICT_UNKNOWN}
    assert said(engine(fence).step(fixes([HOME] * 5 + [(5_250.0, 0.0)] * 60))) == [(BOUNDARY, BEGIN)]


def test_a_coarse_position_near_the_line_cannot_know():
    track = fixes([(5_040.0, 0.0)] * 500, accuracy=100.0)
    assert not engine().step(track).size
    assert set(track["verdict"]) == {columns.VERDICT_UNKNOWN}


def test_a_device_that_reports_each_minute_is_heard_within_two_minutes_outside():
    track = fixes([(4_800.0, 0.0)] * 20 + [(5_060.0, 0.0)] * 2 + [(4_800.0, 0.0)] * 5, every=60)
    assert (BOUNDARY, BEGIN) in said(engine().step(track))


def test_entering_a_prohibited_place():
    place = boundary(kind="prohibited_place", keeps="outside", rings=[square(100.0)])
    signals = engine(place).step(fixes([(400.0, 0.0)] * 20 + [HOME] * 20))
    assert said(signals) == [(PLACE, BEGIN)]
    assert signals["distance_m"][0] == pytest.approx(100.0, abs=0.05)


def test_a_station_only_reminds_even_when_its_fence_says_prohibited():
    place = boundary(kind="prohibited_place", keeps="outside", rings=[square(100.0)], alarm=False)
    track = fixes([(400.0, 0.0)] * 20 + [HOME] * 20)
    assert said(engine(place).step(track)) == [(STATION, BEGIN)]
    assert set(track["verdict"]) == {columns.VERDICT_NONE}


def test_a_timetable_binds_in_its_hours_only():
    night = boundary(kind="timetable", timetable=("1" * 6 + "0" * 16 + "1" * 2) * 7)
    before = fixes([OUT] * 60, start=MONDAY + 22 * 3600 - 300)
    signals = engine(night).step(before)
    assert said(signals) == [(TIMETABLE, BEGIN)]
    assert signals["episode"][0] == MONDAY + 22 * 3600
    assert signals["at_s"][0] == MONDAY + 22 * 3600 + 100
    by_day = engine(night)
    assert not by_day.step(fixes([OUT] * 60, start=MONDAY + 7 * 3600)).size


def test_an_approved_exception_and_its_end():
    start = MONDAY + 36_000
    leave = boundary(exceptions=[(start, start + 600)])
    signals = engine(leave).step(fixes([OUT] * 80, start=start))
    assert signals["episode"].tolist() == [start + 600]


def test_an_exception_granted_while_outside_ends_the_episode():
    start = MONDAY + 36_000
    watch = engine()
    assert said(watch.step(fixes([OUT] * 20, start=start))) == [(BOUNDARY, BEGIN)]
    watch.load([MeasureSpec(1, 0, FOREVER)], [boundary(exceptions=[(start, start + 9_000)])])
    assert said(watch.step(fixes([OUT], start=start + 500))) == [(BOUNDARY, END)]


def test_late_unlocated_and_foreign_fixes_are_no_evidence():
    for change in ({"flags": columns.F_LOCATED | columns.F_LATE}, {"flags": 0}, {"measure": 9}):
        track = fixes([OUT] * 60, **change)
        assert not engine().step(track).size
        assert set(track["verdict"]) == {columns.VERDICT_NONE}


def test_no_fix_outside_the_term_of_the_measure_is_looked_at():
    track = fixes([OUT] * 60)
    watch = Engine()
    watch.load([MeasureSpec(1, 0, int(track["taken_s"][0]))], [boundary()])
    assert not watch.step(track).size
    assert watch.evidence(7) == []


def test_strap_battery_and_sos_each_begin_once_and_end():
    track = fixes([HOME] * 60)
    known = columns.F_LOCATED | columns.F_STRAP_KNOWN
    track["flags"] = known
    track["flags"][5:8] |= columns.F_STRAP_OPEN
    track["flags"][9] |= columns.F_STRAP_OPEN
    track["flags"][10] |= columns.F_SOS
    track["battery_pct"][:] = 60
    track["battery_pct"][20:30] = 12
    track["battery_pct"][30:40] = 20
    signals = engine().step(track)
    assert said(signals) == [
        (STRAP, BEGIN), (SOS, BEGIN), (STRAP, END), (BATTERY, BEGIN), (BATTERY, END), (SOS, END),
    ]  # fmt: skip
    assert signals["at_s"].tolist() == [int(track["taken_s"][i]) for i in (5, 10, 15, 20, 40, 40)]


def test_silence_begins_by_the_clock_and_ends_with_a_position():
    watch = engine()
    track = fixes([HOME] * 2)
    watch.step(track)
    heard = int(track["received_s"][-1])
    for second in range(heard, heard + 600, 10):
        assert not watch.silence(second).size
    signals = watch.silence(heard + 600)
    assert said(signals) == [(SILENT, BEGIN)]
    assert (signals["episode"][0], signals["at_s"][0]) == (heard, heard + 600)
    assert not watch.silence(heard + 610).size
    assert said(watch.step(fixes([HOME], start=heard + 620))) == [(SILENT, END)]


def test_when_the_server_was_away_no_device_is_called_silent_for_it():
    watch = engine()
    track = fixes([HOME] * 2)
    watch.step(track)
    heard = int(track["received_s"][-1])
    watch.silence(heard + 10)
    for second in range(heard + 4_000, heard + 4_600, 10):
        assert not watch.silence(second).size
    assert watch.silence(heard + 4_600).size == 1


def test_after_a_clock_was_set_back_silence_is_noticed_in_its_time():
    watch = engine()
    ahead = fixes([HOME] * 2)
    ahead["received_s"] += 3_600  # by a clock that was an hour ahead
    watch.step(ahead)
    right = int(ahead["received_s"][-1]) - 3_600
    watch.silence(right + 3_600)
    for second in range(right, right + 600, 10):
        assert not watch.silence(second).size
    assert watch.silence(right + 600).size == 1


def test_evidence_names_the_last_fixes_of_the_fence():
    watch = engine()
    track = fixes([HOME] * 30 + [OUT] * 20)
    track["flags"][-1] |= columns.F_ASSUMED
    watch.step(track)
    rows = watch.evidence(7)
    assert [row["taken_s"] for row in rows] == track["taken_s"][-32:].tolist()
    assert rows[-1] == {
        "taken_s": int(track["taken_s"][-1]), "distance_m": pytest.approx(200, abs=0.1), "accuracy_m": 10.0,
        "assumed": True, "boundary_m": 10.0, "probability": rows[-1]["probability"], "verdict": 2,
    }  # fmt: skip
    assert watch.evidence(8) == []


def test_no_signal_is_lost_when_the_room_for_signals_is_small():
    def said_with(capacity):
        fences = [boundary(number=n, measure=m) for m in (1, 2) for n in (10 * m, 10 * m + 1)]
        watch = engine(*fences, capacity=capacity, measures=(1, 2))
        a, b = fixes([HOME] * 5 + [OUT] * 60), fixes([HOME] * 5 + [OUT] * 60, measure=2)
        both = np.concatenate([a, b])
        both["flags"][::7] |= columns.F_SOS
        return watch.step(both)

    assert said_with(1).tobytes() == said_with(4096).tobytes()
    assert len(said_with(1)) >= 6


def test_load_keeps_the_state_of_fences_that_stay_and_new_ones_start_clean():
    watch = engine()
    track = fixes([OUT] * 40)
    watch.step(track[:20].copy())
    watch.load([MeasureSpec(0, 0, 1), MeasureSpec(1, 0, FOREVER)], [boundary(), boundary(number=3)])
    signals = watch.step(track[20:].copy())
    assert signals["fence"].tolist() == [3]
    assert signals["episode"].tolist() == [track["taken_s"][20]]


def test_saved_state_goes_on_bit_for_bit():
    track = fixes([HOME] * 17 + [(5_050.0, 20.0)] * 60 + [HOME] * 40)
    whole = engine()
    whole_signals = whole.step(track.copy())
    first, second = engine(), engine()
    before = first.step(track[:25].copy())
    second.restore(first.state())
    after = second.step(track[25:].copy())
    assert np.concatenate([before, after]).tobytes() == whole_signals.tobytes()
    for name, array in whole.state().items():
        assert array.tobytes() == second.state()[name].tobytes(), name


def test_state_of_another_form_is_refused():
    saved = engine().state() | {"form": np.array([99])}
    with pytest.raises(StateMismatch):
        engine().restore(saved)


def test_a_bad_fence_changes_nothing():
    watch = engine()
    watch.step(fixes([OUT] * 20))
    line = np.array([[117.0, 36.0, 1.0], [117.1, 36.0, 1.0]])
    with pytest.raises(BadFence):
        watch.load([MeasureSpec(1, 0, FOREVER)], [boundary(rings=[line])])
    assert watch.evidence(7)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "circle"}, {"keeps": "near"}, {"timetable": "01"}, {"rings": []}, {"timetable": "2" * 168}],
)
def test_a_fence_that_makes_no_sense_cannot_be_made(wrong):
    with pytest.raises(BadFence):
        boundary(**wrong)


def test_only_arrays_of_fixes_are_taken():
    with pytest.raises(NotAFixArray):
        engine().step(np.zeros(3))


def test_warm_up_runs_every_kernel():
    warm_up()
