"""Proceedings and acts: one run of a procedure in a case, and the decision record of each of its steps."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from sifang.cases.models.case import Case
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Officer


class Edition(models.Model):
    """A published edition of a procedure, as the database keeps it: never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=20)
    edition = models.DateField("版本日")
    valid_to = models.DateField("至（含）", null=True)
    digest = models.CharField(max_length=64)
    start = models.CharField(max_length=20)
    published_at = models.DateTimeField(default=utc_now)
    sources = models.JSONField("事实的来源", null=True)
    many = models.BooleanField(null=True)
    outlives = models.BooleanField(null=True)

    class Meta:
        verbose_name = "程序版本"
        constraints = [models.UniqueConstraint(fields=["name", "edition"], name="edition_once")]


class EditionRow(models.Model):
    """One row of a published edition: what the database itself asks of an act."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="rows")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    actor = models.CharField(max_length=20)
    frm = models.CharField(max_length=20)
    to = models.CharField(max_length=20)
    article = models.CharField(max_length=120)
    types: Any = ArrayField(models.CharField(max_length=16), default=list)
    given = models.JSONField(default=list)
    delegable = models.CharField(max_length=20, blank=True)
    reasons = models.BooleanField(default=False)
    remedy = models.BooleanField(default=False)
    burden = models.BooleanField(default=False)
    is_final = models.BooleanField(default=False)
    closes: Any = ArrayField(models.CharField(max_length=20), default=list)
    not_before = models.CharField(max_length=20, blank=True)
    asks: Any = ArrayField(models.CharField(max_length=40), null=True)
    sets = models.JSONField(null=True)
    opens: Any = ArrayField(models.CharField(max_length=20), null=True)

    class Meta:
        verbose_name = "程序的一行"
        constraints = [models.UniqueConstraint(fields=["edition", "number"], name="row_once")]


class Proceeding(models.Model):
    """One run of a procedure in a case (an application for leave, a change of place …).

    State and facts change only by an act: the database does it itself when the act is written.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="proceedings")
    procedure = models.CharField("程序", max_length=20)
    state = models.CharField("状态", max_length=20)
    facts = models.JSONField("事实", default=dict)
    opening = models.JSONField("开始时的事实", default=dict)
    opened_by = models.ForeignKey("Act", models.PROTECT, null=True, related_name="opened")
    other_agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", help_text="另一方机构，如新执行地"
    )
    outlives = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=utc_now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "程序进行"
        indexes = [models.Index(fields=["case", "procedure"]), models.Index(fields=["procedure", "state"])]


class Act(models.Model):
    """The decision record of one step: who, by which row of which edition, on which facts, for what reasons.

    Append-only. `facts`: as they were judged (answers, facts of the case, computed ones); `after`: the facts
    of the proceeding afterwards. `recorded_for`: an officer wrote down what the person did on paper.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="acts")
    proceeding = models.ForeignKey(Proceeding, models.PROTECT, related_name="acts")
    procedure = models.CharField(max_length=20)
    step = models.CharField(max_length=40)
    row = models.PositiveSmallIntegerField("表中行号")
    edition = models.DateField("版本日")
    edition_digest = models.CharField(max_length=64)
    title = models.CharField(max_length=80)
    article = models.CharField(max_length=120)
    mark = models.CharField(max_length=10)
    actor = models.CharField(max_length=20)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    recorded_for = models.BooleanField(default=False)
    at = models.DateTimeField("时间")
    day = models.DateField("法律日")
    recorded_at = models.DateTimeField(default=utc_now)
    state_before = models.CharField(max_length=20)
    state_after = models.CharField(max_length=20)
    facts = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reasons = models.TextField("事实和理由", blank=True)
    remedy = models.TextField("救济途径", blank=True)
    calendar_digest = models.CharField(max_length=64, blank=True)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrected_by")

    class Meta:
        verbose_name = "行为记录"
        indexes = [
            models.Index(fields=["case", "at"]),
            models.Index(fields=["proceeding", "at"]),
            models.Index(fields=["procedure", "step", "day"], name="acts_of_a_kind"),
        ]
