import math

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from sifang.kernel.geometry import distance_m, metres_per_degree, moved, offset_m

jinan_lat = st.floats(36.0, 37.6)
bearing = st.floats(0.0, 360.0)


@given(jinan_lat, bearing, st.floats(0.0, 300.0))
def test_within_300_metres_a_distance_is_right_to_one_centimetre(lat, azimuth, metres):
    there = Geodesic.WGS84.Direct(lat, 117.0, azimuth, metres)
    assert distance_m(117.0, lat, there["lon2"], there["lat2"]) == pytest.approx(metres, abs=0.01)


@given(jinan_lat, bearing, st.floats(0.0, 3_000.0))
def test_the_plane_of_one_end_is_right_to_a_centimetre_near_and_a_metre_at_the_horizon(lat, azimuth, metres):
    # the engine measures in the plane of the fix, not of the middle
    there = Geodesic.WGS84.Direct(lat, 117.0, azimuth, metres)
    east, north = metres_per_degree(lat)
    seen = math.hypot((there["lon2"] - 117.0) * east, (there["lat2"] - lat) * north)
    assert seen == pytest.approx(metres, abs=0.01 if metres <= 300.0 else 1.0)


@given(st.floats(-80.0, 80.0), st.floats(-1_000.0, 1_000.0), st.floats(-1_000.0, 1_000.0))
def test_moving_and_measuring_agree(lat, east, north):
    assert offset_m(117.0, lat, *moved(117.0, lat, east, north)) == pytest.approx((east, north), abs=0.002)
