"""A person's course under one order, and what is expected to happen in it, each with a clock."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Order, Person


class Case(models.Model):
    """The course of one order, from hand-over to release."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="cases")
    order = models.OneToOneField(Order, models.PROTECT, related_name="case")
    opened_at = models.DateTimeField(default=utc_now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "案件"


class Expectation(models.Model):
    """Something that ought to happen: owner, clock, source. Closed only by the act that fulfils it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40, help_text="如 alarm_handling")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="expectations")
    owner = models.ForeignKey(Agency, models.PROTECT, related_name="expectations")
    subject_kind = models.CharField(max_length=20, help_text="alarm, incident, measure …")
    subject_id = models.UUIDField()
    opened_at = models.DateTimeField(default=utc_now)
    due_at = models.DateTimeField(null=True, help_text="空 = 法律没有规定期限")
    due_kind = models.CharField(max_length=10, choices=[("law", "法定"), ("target", "内部目标")])
    article = models.CharField(max_length=60)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.UUIDField(null=True, blank=True, help_text="the act or receipt that fulfilled it")

    class Meta:
        verbose_name = "应办事项"
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_kind", "subject_id"], name="expected_once"),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="closed_by_an_act",
            ),
        ]
