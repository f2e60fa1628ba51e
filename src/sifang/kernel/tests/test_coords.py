import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.kernel import coords, coords_cli
from sifang.kernel.geometry import distance_m

# eviltransform's test places (lat, lon), public
KNOWN = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
chinese_lon, chinese_lat = st.floats(73.0, 137.0), st.floats(1.5, 55.5)
pairs = st.sampled_from([(a, b) for a in coords.SYSTEMS for b in coords.SYSTEMS])


@pytest.mark.parametrize(("wgs84", "gcj02"), KNOWN)
def test_known_places_shift_as_published(wgs84, gcj02):
    lon, lat = coords.converted("wgs84", "gcj02", wgs84[1], wgs84[0])
    assert (lat, lon) == pytest.approx(gcj02, abs=1e-6)
    back = coords.converted("gcj02", "wgs84", gcj02[1], gcj02[0])
    assert distance_m(*back, wgs84[1], wgs84[0]) < 0.5


def test_jinan_in_all_three_systems():
    gcj02 = coords.converted("wgs84", "gcj02", 117.1138727, 36.6507807)
    assert distance_m(*gcj02, 117.1200084, 36.6512191) < 2.0
    bd09 = coords.converted("gcj02", "bd09", 117.1200084, 36.6512191)
    assert distance_m(*bd09, 117.1264069, 36.6575731) < 2.0
    assert 540 < distance_m(117.1138727, 36.6507807, *gcj02) < 560  # an unmarked mix-up


@given(chinese_lon, chinese_lat, pairs)
def test_there_and_back_is_the_same_place(lon, lat, pair):
    source, target = pair
    there = coords.converted(source, target, lon, lat)
    back = coords.converted(target, source, *there)
    assert distance_m(*back, lon, lat) < 0.001


@given(st.floats(-180.0, 71.0), st.floats(-85.0, 85.0), pairs)
def test_outside_the_box_nothing_changes(lon, lat, pair):
    assert coords.converted(*pair, lon, lat) == (lon, lat)


@pytest.mark.parametrize("lon", [coords.WEST, coords.EAST])
def test_at_the_edge_of_the_box_a_place_is_found_again(lon):
    there = coords.gcj02_from_wgs84(lon, 36.0)
    assert distance_m(*coords.wgs84_from_gcj02(*there), lon, 36.0) < 0.5


def test_an_unknown_system_is_named():
    with pytest.raises(coords.UnknownSystem, match="wgs48"):
        coords.converted("wgs48", "gcj02", 117.0, 36.6)


def run(argv, text):
    out = io.StringIO()
    return coords_cli.main(argv, io.StringIO(text), out), out.getvalue().splitlines()


def test_the_command_answers_seven_decimals():
    code, lines = run(["wgs84", "gcj02"], "117.1138727 36.6507807\n")
    assert (code, lines) == (0, ["117.1200030 36.6512150"])
    assert run(["wgs84", "gcj02"], "-0.00000001 0\n") == (0, ["0.0000000 0.0000000"])


@pytest.mark.parametrize("bad", ["x y", "117", "1 2 3", "117 96", "nan 3", "inf 0", "181 0"])
def test_a_bad_line_answers_in_its_place_and_the_rest_goes_on(bad):
    code, lines = run(["wgs84", "wgs84"], f"117 36\n{bad}\n118 36\n")
    assert code == 1
    assert lines[0] == "117.0000000 36.0000000"
    assert lines[1].startswith("error: line 2:")
    assert lines[2] == "118.0000000 36.0000000"


@pytest.mark.parametrize("argv", [[], ["wgs84"], ["wgs84", "utm"], ["wgs84", "gcj02", "bd09"]])
def test_wrong_words_answer_the_usage(argv):
    code, lines = run(argv, "")
    assert code == 2
    assert lines[0].startswith("usage:")
