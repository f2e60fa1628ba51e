"""`sifang fence`: the words of issue and handbook, on files."""

import csv
import io
import json
import random
import subprocess
import sys

import pytest

from sifang.kernel.geometry import moved
from sifang.monitoring.engine.cli import main

START = 1_774_800_000


def square(half_m=1_000.0, **properties):
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m), (-half_m, -half_m)]
    ring = [list(moved(117.0, 36.65, *corner)) for corner in corners]
    return {
        "type": "Feature",
        "properties": {"id": "F1", "kind": "keep_in"} | properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def track(easts, every=10, accuracy=8):
    return [(START + every * i, *moved(117.0, 36.65, east, 0.0), accuracy) for i, east in enumerate(easts)]


@pytest.fixture
def run(tmp_path):
    def ask(fence, rows, *options, header=("t", "lon", "lat", "accuracy_m")):
        fence_file, track_file = tmp_path / "fence.geojson", tmp_path / "track.csv"
        fence_file.write_text(fence if isinstance(fence, str) else json.dumps(fence))
        with track_file.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        out, err = io.StringIO(), io.StringIO()
        code = main([str(fence_file), str(track_file), "--json", *options], out, err)
        return code, json.loads(out.getvalue() or "null"), err.getvalue()

    return ask


HOME, OUT = [900.0] * 30, [1_080.0] * 40


def iso(second):
    return f"2026-03-29T16:{second // 60:02}:{second % 60:02}Z"


def test_a_breach_and_its_end(run):
    rows = track(HOME + OUT + HOME)
    code, answer, _ = run(square(), rows)
    assert code == 0
    (fence,) = answer["fences"]
    assert (answer["fixes"], fence["id"]) == (100, "F1")
    (alarm,) = fence["alarms"]
    assert alarm["evidence"] == list(range(30, alarm["evidence"][-1] + 1))
    assert alarm["probability"] >= 0.95
    assert alarm["raised_at"] == iso(10 * alarm["evidence"][-1])
    assert iso(10 * 70) <= alarm["cleared_at"] <= iso(999)
    states = [one["state"] for one in fence["intervals"]]
    assert [s for s in states if s != "unknown"] == ["inside", "outside", "inside"]
    assert fence["intervals"][0]["from"] == iso(0)
    assert fence["intervals"][-1]["to"] == iso(990)
    for one, following in zip(fence["intervals"], fence["intervals"][1:], strict=False):
        assert one["to"] == following["from"]


def test_order_and_duplicates_of_rows_change_nothing_but_row_numbers(run):
    rows = track(HOME + OUT)
    _, straight, _ = run(square(), rows)
    mixed = rows + rows[20:50]
    random.Random(3).shuffle(mixed)
    _, answer, _ = run(square(), mixed)
    expected, found = straight["fences"][0]["alarms"][0], answer["fences"][0]["alarms"][0]
    assert [mixed[i] for i in found.pop("evidence")] == [rows[i] for i in expected.pop("evidence")]
    assert answer["fences"][0] == straight["fences"][0]
    assert answer["fixes"] == straight["fixes"] == 70


def test_keep_out_states_are_relative_to_the_polygon(run):
    _, answer, _ = run(square(kind="keep_out"), track([1_300.0] * 20 + [800.0] * 30))
    (fence,) = answer["fences"]
    assert fence["intervals"][0]["state"] == "outside"
    assert fence["intervals"][-1]["state"] == "inside"
    assert len(fence["alarms"]) == 1
    assert fence["alarms"][0]["cleared_at"] is None


def test_a_badly_known_line_and_a_coarse_position_cannot_know(run):
    for fence, rows in [
        (square(boundary_m=83), track([1_060.0] * 100)),
        (square(), track([1_040.0] * 100, 10, 150)),
    ]:
        _, answer, _ = run(fence, rows)
        (only,) = answer["fences"]
        assert only["alarms"] == []
        assert {one["state"] for one in only["intervals"]} == {"unknown"}


def test_times_in_iso_and_milliseconds_and_an_empty_accuracy(run):
    rows = track(HOME + OUT)
    _, expected, _ = run(square(), [(t, lon, lat, "") for t, lon, lat, _ in rows])
    for change in (
        lambda t: t * 1000,
        lambda t: iso(t - START),
        lambda t: iso(t - START).replace("Z", "+00:00"),
    ):
        assert run(square(), [(change(t), lon, lat, "") for t, lon, lat, _ in rows])[1] == expected
    assert len(expected["fences"][0]["alarms"]) == 1


def test_many_features_and_each_fix_on_request(run):
    collection = {"type": "FeatureCollection", "features": [square(), square(100.0, id=2, kind="keep_out")]}
    _, answer, _ = run(collection, track(HOME), "--fixes")
    assert [fence["id"] for fence in answer["fences"]] == ["F1", 2]
    first = answer["fences"][0]["fixes"][0]
    assert first["row"] == 0
    assert first["distance_m"] == pytest.approx(-100.0, abs=0.05)
    assert first["boundary_m"] == 0.0


def test_the_public_samples_are_read(run, shared, tmp_path):
    fence = tmp_path / "fence.json"
    fence.write_text(json.dumps(square()))
    counts = {}
    for path in sorted((shared / "samples" / "tracks").glob("*.csv")):
        out = io.StringIO()
        assert main([str(fence), str(path), "--json"], out, io.StringIO()) == 0
        counts[path.name] = json.loads(out.getvalue())["fixes"]
    assert counts == {
        "gsdc2022_sample.csv": 6, "gsdc2022_truth_1hz.csv": 200, "shanghai_route_lonlat_speed.csv": 27,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fence", "what"),
    [
        ("{", "not readable"), ("[]", "feature 1"), ('{"type":"Point","coordinates":[1,2]}', "not a Polygon"),
        ({"type": "FeatureCollection", "features": []}, "no f"), (square(kind="x"), "keep_in or"),
        (square(boundary_m=-1), "boundary_m"), (square(timetable="01"), "168"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [1, 2], ["a", 3]]]}, "not a place"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [1, 2], [1, 2]]]}, "三个点"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [10**400, 2], [1, 3]]]}, "not a place"),
        ({"type": ["Polygon"], "coordinates": []}, "not a Polygon"), (square(kind=["keep_in"]), "keep_in or"),
        (square(boundary_m=10**400), "boundary_m"), (square(id=float("nan")), "NaN"),
        ('{"type":"Polygon","coordinates":[[[' + 5000 * "1" + ",2]]]}", "not readable"),
    ],
)  # fmt: skip
def test_a_bad_fence_file_is_one_line(run, fence, what):
    code, answer, error = run(fence, track(HOME))
    assert (code, answer) == (2, None)
    assert what in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (("x", 117, 36.6, 5), "line 2"), ((START, "", 36.6, 5), "line 2"), ((START, 117, 116, 5), "no place"),
        ((START, 117, 36.6, -5), "accuracy_m"), ((START, "nan", 36.6, 5), "no place"),
        ((-5, 117, 36.6, 5), "time"), (("0001-01-01", 117, 36.6, 5), "time"),
        (("9999-12-31T23:59:59-12:00", 117, 36.6, 5), "time"),
    ],
)  # fmt: skip
def test_a_bad_row_is_one_line_with_its_number(run, row, what):
    code, answer, error = run(square(), [row])
    assert (code, answer) == (2, None)
    assert what in error
    assert "line 2" in error


def test_missing_columns_and_files_are_named(run):
    assert "no column t" in run(square(), track(HOME), header=("x", "lon", "lat", "a"))[2]
    assert run(square(), track(HOME), header=("t", "x\ny", "lat", "a"))[2].count("\n") == 1
    assert "no column lat" in run(square(), track(HOME), header=("t", "lon", "y", "a"))[2]
    err = io.StringIO()
    assert main(["/nowhere/a", "/nowhere/b", "--json"], io.StringIO(), err) == 2
    assert "/nowhere/a" in err.getvalue()
    assert main(["one"], io.StringIO(), err) == 2


def test_an_empty_track_answers_empty(run):
    assert run(square(), [])[1] == {"fixes": 0, "fences": [{"id": "F1", "intervals": [], "alarms": []}]}


def test_the_command_and_the_engine_start_without_django():
    code = (
        "import sys; sys.modules['django'] = None; sys.modules['psycopg'] = None\n"
        "import sifang.monitoring.engine.cli, sifang.kernel.coords_cli, sifang.monitoring.engine.engine"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
