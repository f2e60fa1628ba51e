"""Clauses, fences, exceptions: none without source, none wider than the order, opened by the leave itself."""

import math
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from sifang.kernel.time import utc_now
from sifang.monitoring.errors import BadLine, NotLawful
from sifang.monitoring.models import ClauseKind, Fence
from sifang.monitoring.questions import nothing_else, restrictions
from sifang.monitoring.services.clauses import (
    add_boundary_clause,
    add_clause,
    compile_fences,
    make_clause_known,
)
from sifang.monitoring.services.lines import line_in_force
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.specs import load_specs
from sifang.people.access import Purpose, acting

ALWAYS = "1" * 168
FENCE = """
INSERT INTO monitoring_fence (id, measure_id, clause_id, name, keeps, alarm, line_id, geometry, timetable,
                              source, source_date, boundary_m)
VALUES (%s, %s, %s, '围栏', %s, %s, %s, %s, NULL, %s, '2026-01-01', %s)
"""


def specs(desk, at=None):
    """What the watch would be told (read here by an officer who sees the person)."""
    with acting(desk["王科"], Purpose.MEASURE), connection.cursor() as cursor:
        return load_specs(cursor, at or utc_now())


def test_a_boundary_fence_is_compiled_from_the_rule_of_law(desk):
    measure = desk.fenced()
    found = specs(desk)
    (fence,) = found.fences
    assert (fence.measure, fence.kind, fence.keeps, fence.alarm) == (
        measure.number,
        "boundary",
        "inside",
        True,
    )
    assert fence.rings[0].shape == (2001, 3)
    assert [m.number for m in found.measures] == [measure.number]
    (worn,) = [d for d in found.devices if d.measure == measure.number]
    assert worn.terminal_id.startswith("13")
    assert compile_fences(desk["王科"], measure) == []  # once


def test_a_county_resident_gets_the_county_line(desk):
    clause = add_boundary_clause(desk["周外"], desk.city.orders["何某"])
    assert (clause.area_code, clause.text) == ("370126", "不得离开商河县。离开须先获批准。")


def test_what_was_not_made_known_is_not_told_to_the_watch(desk):
    measure = desk.fenced(told=False)
    assert (specs(desk).measures, specs(desk).fences) == ([], [])
    told_at = desk.told(measure).told_at
    ban = desk.ban()
    compile_fences(desk["王科"], measure)
    (only,) = specs(desk).fences
    assert only.kind == "boundary"
    assert only.from_s == math.ceil(told_at.timestamp())
    known = make_clause_known(desk["王科"], ban).made_known_at
    later = next(f for f in specs(desk).fences if f.kind == "prohibited_place")
    assert later.from_s == math.ceil(known.timestamp())


def test_nothing_is_told_after_the_end(desk):
    measure = desk.fenced()
    assert specs(desk, measure.ends_at).measures == []
    assert specs(desk, measure.ends_at - timedelta(seconds=1)).fences
    end_measure(desk["王科"], measure, reason="不再需要")
    after = specs(desk)
    assert (after.measures, after.fences) == ([], [])
    assert all(d.measure is None for d in after.devices)


def test_a_station_reminds_and_does_not_alarm_but_a_prohibition_that_names_it_does(desk):
    measure = desk.fenced()
    station = desk.place(116.99, 36.67, name="济南站")
    for kind in (ClauseKind.STATION, ClauseKind.PROHIBITED_PLACE):
        clause = add_clause(
            desk["王科"],
            desk.city.orders["张三"],
            kind,
            text="不得进入济南站。",
            place=station,
            article="刑法72条",
            source="判决主文第三项",
        )
        make_clause_known(desk["王科"], clause)
    compile_fences(desk["王科"], measure)
    assert {(f.kind, f.alarm) for f in specs(desk).fences} == {
        ("boundary", True), ("station", False), ("prohibited_place", True),
    }  # fmt: skip


@pytest.mark.parametrize("person", ["卫某", "小陈"])  # 假释; 管制 without a prohibition
@pytest.mark.parametrize("kind", [ClauseKind.PROHIBITED_PLACE, ClauseKind.TIMETABLE])
def test_no_prohibition_without_a_court(desk, sql, person, kind):
    facts = {"text": "不得", "article": "刑法72条", "source": "无", "place": desk.place()}
    if kind == ClauseKind.TIMETABLE:
        facts["timetable"] = ALWAYS
    with pytest.raises(NotLawful, match="禁止令"):
        add_clause(desk["王科"], desk.city.orders[person], kind, **facts)
    order = desk.city.orders[person]
    with pytest.raises(IntegrityError, match="禁止令"):
        sql(
            "INSERT INTO monitoring_clause (id, person_id, order_id, kind, text, article, source, valid_from,"
            " area_code, place_name, place, place_source, place_source_date, place_boundary_m, timetable)"
            " VALUES (%s, %s, %s, %s, '不得', '刑法72条', '无', now(), '', '某处', '{\"rings\": []}', '某',"
            " '2026-01-01', 5, %s)",
            uuid4(), order.person_id, order.id, str(kind), ALWAYS, by="王科",
        )  # fmt: skip


def test_a_prohibition_does_not_outlast_its_term(desk):
    order = desk.city.orders["张三"]
    clause = desk.ban()
    assert (clause.valid_to - timedelta(seconds=1)).date() <= order.prohibition_until
    with pytest.raises(NotLawful, match="禁止令期限"):
        desk.ban(valid_to=clause.valid_to + timedelta(seconds=1))


@pytest.mark.parametrize("facts", [{"source": ""}, {"text": " "}, {"article": ""}, {"place": None}])
def test_a_clause_has_words_article_source_and_place(desk, facts):
    with pytest.raises(NotLawful):
        desk.ban(**facts)


@pytest.mark.parametrize(
    "facts", [{"boundary_m": 0}, {"rings": []}, {"rings": [[[117, 36.6], [117.1, 36.6]]]}]
)
def test_a_place_has_a_line_and_an_error(desk, facts):
    rings = facts.pop("rings", None)
    place = desk.place(**facts)
    if rings is not None:
        place = type(place)(place.name, rings, place.source, place.source_date, place.boundary_m)
    with pytest.raises(BadLine):
        desk.ban(place=place)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"boundary_m": 0}, "fence_has_source_and_error"),
        ({"source": ""}, "fence_has_source_and_error"),
        ({"line": None}, "界线"),
        ({"geometry": '{"rings": []}'}, "fence_has_one_line"),
        ({"keeps": "outside"}, "内外"),
        ({"alarm": False}, "报警"),
    ],
)
def test_no_fence_without_clause_source_and_error(desk, sql, change, constraint):
    measure = desk.fenced()
    with desk.city.acting("王科"):
        fence = Fence.objects.select_related("clause").get(measure=measure)
    given = {"keeps": "inside", "alarm": True, "line": fence.line_id, "geometry": None, "source": "某"}
    given["boundary_m"] = 5.0
    given |= change  # one fact made wrong
    values = [given[k] for k in ("keeps", "alarm", "line", "geometry", "source", "boundary_m")]
    with pytest.raises(IntegrityError, match=constraint):
        sql(FENCE, uuid4(), measure.id, fence.clause_id, *values, by="王科")
    with pytest.raises(IntegrityError):
        sql(FENCE, uuid4(), measure.id, None, *values, by="王科")


def test_a_fence_stays_on_the_line_of_its_area(desk, sql):
    desk.fenced()
    county = line_in_force("370126")
    for change, value in (
        ("line_id", county.id),
        ("boundary_m", 1.0),
        ("source", "改"),
        ("keeps", "outside"),
    ):
        with pytest.raises(IntegrityError):
            sql(f"UPDATE monitoring_fence SET {change} = %s", value)
    assert sql("UPDATE monitoring_fence SET closed_at = now()") == 1


def test_a_clause_of_another_person_makes_no_fence(desk, sql):
    measure = desk.fenced()
    other = add_boundary_clause(desk["王科"], desk.city.orders["小陈"])
    with desk.city.acting("王科"):
        line = Fence.objects.get(measure=measure).line_id
    with pytest.raises(IntegrityError, match="本人"):
        sql(FENCE, uuid4(), measure.id, other.id, "inside", True, line, None, "某", 5.0, by="王科")


@pytest.mark.parametrize(
    "change",
    ["text = '改'", "valid_to = valid_to + interval '1 day'", "kind = 'station'", "made_known_at = now()"],
)
def test_a_clause_is_not_rewritten(desk, sql, change):
    desk.fenced()
    with pytest.raises(IntegrityError):
        sql(f"UPDATE monitoring_clause SET {change}")


def test_restrictions_are_plain_sentences(desk):
    add_boundary_clause(desk["王科"], desk.city.orders["张三"])
    ban = desk.ban()
    with desk.city.acting("王科"):
        found = restrictions([*ban.order.clauses.order_by("valid_from")])
    assert [r.text for r in found] == [
        "不得离开济南市区（不含平阴县、商河县）。离开须先获批准。", "不得进入示例歌舞厅。",
    ]  # fmt: skip
    assert nothing_else(desk.city.orders["卫某"]).startswith("判决没有禁止事项。此外")


def test_thousands_of_fences_load_fast(desk, django_assert_max_num_queries):
    desk.fenced()
    with (
        acting(desk["王科"], Purpose.MEASURE),
        connection.cursor() as cursor,
        django_assert_max_num_queries(6),
    ):
        load_specs(cursor, utc_now())
