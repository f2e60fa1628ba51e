"""Distances as officers read them."""

from types import SimpleNamespace

import pytest

from sifang.web.present.alarms import why
from sifang.web.templatetags.figures import side

THIN = "\u2009"


@pytest.mark.parametrize(
    ("distance_m", "keeps", "words"),
    [
        (240.0, "inside", f"界外 240{THIN}m"),
        (-2_999.0, "inside", f"界内 3.0{THIN}km"),
        (3_000.0, "inside", f"界外 超过 3{THIN}km"),
        (-3_000.0, "outside", f"场所外 超过 3{THIN}km"),
    ],
)
def test_a_distance_beyond_what_is_measured_is_not_told_as_measured(distance_m, keeps, words):
    assert side(distance_m, keeps) == words


def test_the_line_of_an_alarm_says_so_too():
    row = {"taken_s": 1, "distance_m": 3_000.0, "accuracy_m": 8.0, "boundary_m": 10.0}
    alarm = SimpleNamespace(evidence=[row], fence_id=1, fence=SimpleNamespace(keeps="inside"))
    assert why(alarm).startswith(f"界外 超过 3{THIN}km，误差 ±8")
