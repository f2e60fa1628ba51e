"""Clauses that bind a person, the fences compiled from them, and the official lines behind both.

Geometry is JSON: {"rings": [[[lon, lat, boundary_m], …], …]} in WGS-84 degrees, longitude first; ring 0
is an outer ring, further rings are even-odd; each vertex carries how well the line is known there, in
metres (68 %). Rings are closed by repeating the first vertex.
"""

from typing import Any

from django.db import models
from django.db.models import Func, Q, Value

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.models.measures import Measure
from sifang.people.models import Officer, Order, Person


class BoundaryLine(models.Model):
    """The line of an administrative area in one edition; an authority replaces it by its own.

    `area_code`: 370100 = the urban districts of Jinan as one area (P-LEAVE-5), 370124 and 370126 = the
    counties. The newest row without `replaced_at` is in force.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    area_code = models.CharField(max_length=6)
    name = models.CharField(max_length=60)
    geometry: Any = models.JSONField()
    source = models.CharField("来源", max_length=200)
    source_date = models.DateField("来源日期")
    boundary_m = models.FloatField("界线误差中位数 m")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical geometry")
    imported_at = models.DateTimeField(default=utc_now)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "行政界线"
        constraints = [
            models.UniqueConstraint(
                fields=["area_code"], condition=Q(replaced_at=None), name="one_line_in_force"
            ),
            models.CheckConstraint(condition=Q(boundary_m__gt=0), name="line_knows_its_error"),
            models.CheckConstraint(condition=~Q(source=""), name="line_has_source"),
        ]


class ClauseKind(models.TextChoices):
    BOUNDARY = "boundary", "不得离开所居住的市、县"
    PROHIBITED_PLACE = "prohibited_place", "不得进入特定区域、场所"
    TIMETABLE = "timetable", "规定时间应在规定地点"
    STATION = "station", "车站、机场提醒"


class Clause(models.Model):
    """One sentence that binds the person, with its source; known to the person from `made_known_at`.

    A boundary clause names an area (`area_code`, see BoundaryLine). The others carry their own place:
    `place` as geometry (module docstring), its source, date and `place_boundary_m`; `timetable` as in Fence.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="clauses")
    order = models.ForeignKey(Order, models.PROTECT, related_name="clauses")
    kind = models.CharField(max_length=20, choices=ClauseKind)
    text = models.CharField("内容", max_length=300, help_text="完整的一句话，本人也看得懂")
    article = models.CharField("依据", max_length=80, help_text="如 社区矫正法27条")
    source = models.CharField("出处", max_length=200, help_text="文书号与项，或法律条文")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    made_known_at = models.DateTimeField("书面告知时间", null=True, blank=True)
    area_code = models.CharField("范围", max_length=6, blank=True, help_text="边界条款的范围代码")
    place_name = models.CharField("地点", max_length=80, blank=True)
    place: Any = models.JSONField("地点范围", null=True, blank=True)
    place_source = models.CharField("地点范围来源", max_length=200, blank=True)
    place_source_date = models.DateField("地点范围来源日期", null=True, blank=True)
    place_boundary_m = models.FloatField("地点界线误差 m", null=True, blank=True, help_text="68 %")
    timetable = models.CharField(max_length=168, null=True, blank=True)  # noqa: DJ001 (null = always)

    class Meta:
        verbose_name = "限制条款"
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(article="") & ~Q(source=""), name="clause_has_source"
            ),
            models.CheckConstraint(
                condition=(Q(kind="boundary", place__isnull=True) & ~Q(area_code=""))
                | (
                    Q(place__isnull=False, place_source_date__isnull=False, place_boundary_m__gt=0)
                    & ~Q(kind="boundary")
                    & ~Q(place_source="")
                    & ~Q(place_name="")
                ),
                name="clause_has_its_place",
            ),
            models.CheckConstraint(
                condition=Q(timetable=None) | Q(timetable__regex="^[01]{168}$"), name="clause_timetable_form"
            ),
            models.CheckConstraint(
                condition=~Q(kind="timetable") | Q(timetable__isnull=False), name="timetable_clause_has_hours"
            ),
        ]


class Fence(models.Model):
    """电子围栏 compiled from a clause under a measure. `keeps` says which side is lawful.

    timetable: null = always; else 168 booleans (hours of the week in Shanghai from Monday 00:00) as a
    string of 0/1, 1 = in force in that hour.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.BigIntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("monitoring_fence_no"), function="nextval"),
        help_text="from sequence monitoring_fence_no",
    )
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="fences")
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="fences")
    name = models.CharField(max_length=80)
    keeps = models.CharField("应在", max_length=8, choices=[("inside", "线内"), ("outside", "线外")])
    alarm = models.BooleanField("报警", default=True, help_text="否 = 只提醒本人、告知经办人（车站、机场）")
    line = models.ForeignKey(BoundaryLine, models.PROTECT, null=True, blank=True, help_text="共用界线")
    geometry: Any = models.JSONField(null=True, blank=True, help_text="own line, when `line` is null")
    timetable = models.CharField(max_length=168, null=True, blank=True)  # noqa: DJ001 (null = always)
    source = models.CharField("线的来源", max_length=200)
    source_date = models.DateField("来源日期")
    boundary_m = models.FloatField("界线误差 m", help_text="68 %")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "电子围栏"
        constraints = [
            models.CheckConstraint(  # DESIGN § 4: no fence without source and boundary_m
                condition=Q(boundary_m__gt=0) & ~Q(source=""), name="fence_has_source_and_error"
            ),
            models.CheckConstraint(
                condition=Q(line__isnull=False, geometry__isnull=True) | Q(line=None, geometry__isnull=False),
                name="fence_has_one_line",
            ),
            models.CheckConstraint(
                condition=Q(timetable=None) | Q(timetable__regex="^[01]{168}$"), name="fence_timetable_form"
            ),
        ]


class ClauseException(models.Model):
    """An approved exception (leave, entry to a place): the clause does not bind from … to (exclusive).

    It stands on the `act` that granted it and ends early at `closed_at` by the act `closed_by`; a longer
    leave is a further row. The database asks for both acts (migration 0022).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="exceptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    article = models.CharField(max_length=80)
    document_no = models.CharField(max_length=80)
    approved_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    act = models.ForeignKey(
        "cases.Act", models.PROTECT, null=True, related_name="exceptions", help_text="批准的行为"
    )
    closed_at = models.DateTimeField("提前终止", null=True, blank=True)
    closed_by = models.ForeignKey("cases.Act", models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = "经批准的例外"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="exception_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="exception_closed_by_an_act",
            ),
        ]
