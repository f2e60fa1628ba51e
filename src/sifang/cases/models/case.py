"""A person's course under one order, and what is expected to happen in it, each with a clock."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Order, Person


class Stage(models.TextChoices):
    HANDOVER = "handover", "待接收"
    SUPERVISED = "supervised", "在矫"
    ENDED = "ended", "已解矫或终止"


class Case(models.Model):
    """The course of one order, from hand-over to release.

    `wake_at`: the next instant at which the clock has something to do here (None: nothing).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="cases")
    order = models.OneToOneField(Order, models.PROTECT, related_name="case")
    stage = models.CharField("阶段", max_length=12, choices=Stage, default=Stage.SUPERVISED)
    opened_at = models.DateTimeField(default=utc_now)
    closed_at = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "案件"
        indexes = [
            models.Index(fields=["wake_at"], name="case_wakes", condition=models.Q(wake_at__isnull=False))
        ]


class Expectation(models.Model):
    """Something that ought to happen: owner, clock, source. Closed only by the act that fulfils it.

    `actor`: who ought to do it, in the word of the procedure; `owner`: the agency at whose desk it lies (for
    the person's own duties the agency that looks after it). `occasion`: which time, where a duty repeats.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60, help_text="如 alarm_handling, leave.confirm_return, receipt")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="expectations")
    proceeding = models.ForeignKey("cases.Proceeding", models.PROTECT, null=True, related_name="expectations")
    owner = models.ForeignKey(Agency, models.PROTECT, related_name="expectations")
    actor = models.CharField("义务人", max_length=20, blank=True)
    title = models.CharField("事项", max_length=80, blank=True)
    subject_kind = models.CharField(max_length=20, help_text="alarm, incident, measure, proceeding …")
    subject_id = models.UUIDField()
    occasion = models.CharField(max_length=40, blank=True, default="")
    opened_at = models.DateTimeField(default=utc_now)
    due_at = models.DateTimeField(null=True, help_text="不含；空 = 法律没有规定期限")
    due_kind = models.CharField(max_length=10, choices=[("law", "法定"), ("target", "内部目标")])
    article = models.CharField(max_length=120)
    mark = models.CharField("条文核对情况", max_length=10, blank=True)
    counted = models.TextField("怎样算出", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.UUIDField(null=True, blank=True, help_text="the act or receipt that fulfilled it")

    class Meta:
        verbose_name = "应办事项"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id", "occasion"], name="expected_once"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="closed_by_an_act",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at"], name="expected_of_owner", condition=models.Q(closed_at=None)
            ),
            models.Index(fields=["case"], name="expected_in_case", condition=models.Q(closed_at=None)),
        ]
