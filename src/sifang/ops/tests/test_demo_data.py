"""What the demonstration is made of: names nobody bears, areas by the rule of city and county."""

from sifang.monitoring import boundaries
from sifang.ops.demo.agencies import COUNTIES
from sifang.ops.demo.names import invented


def test_names_are_invented_and_each_stands_once():
    names = [invented(index) for index in range(5_000)]
    assert len(set(names)) == 5_000
    assert all(name[0] == "测" or name[1] in "甲乙丙丁戊己庚辛壬癸" for name in names)


def test_areas_follow_the_rule_of_city_and_county():
    assert {boundaries.area_of(one.code) for one in COUNTIES} == {"370100", "370124", "370126"}


def test_every_district_of_the_boundary_package_is_a_county_of_the_demonstration():
    assert {one.code: one.name for one in COUNTIES} == {
        code: name for code, (name, _) in boundaries.districts().items()
    }


def test_justice_offices_have_different_names():
    names = [office for county in COUNTIES for office in county.offices]
    assert len(set(names)) == len(names)
    assert all(6 <= len(county.offices) <= 12 for county in COUNTIES)
