"""What judging late fixes needs and leaves: the engine's states by the hour, the work, what was found."""

from typing import Any

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.models.alarms import Alarm
from sifang.monitoring.models.measures import Measure


class EngineState(models.Model):
    """What the engine held of one measure, encrypted with the measure's key; read by the late job alone.

    Written hourly by the watch (`merged` false: without the late fixes, as it lived), and by the late job
    for the history with the late fixes in their place (`merged` true).
    """

    id = models.BigAutoField(primary_key=True)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+")
    hour = models.DateTimeField(help_text="UTC hour in which it was written, or up to which it reaches")
    merged = models.BooleanField(default=False)
    taken_to = models.BigIntegerField(help_text="Unix second of the newest fix in it, -1 none")
    body = models.BinaryField()
    written_at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "引擎状态"
        constraints = [
            models.UniqueConstraint(fields=["measure", "hour", "merged"], name="engine_state_once_an_hour")
        ]


class LateWork(models.Model):
    """Late fixes of one measure wait to be judged. Made in the transaction that journals them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+")
    from_s = models.BigIntegerField(help_text="Unix second at which the earliest late fix was taken")
    to_s = models.BigIntegerField(help_text="… the latest known when the row was made")
    received_s = models.BigIntegerField(help_text="Unix second at which the first of them was received")
    state = models.CharField(
        max_length=8,
        default="waiting",
        choices=[("waiting", "待复算"), ("again", "待再复算"), ("done", "已复算"), ("failed", "未能复算")],
    )
    reason = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=utc_now)
    not_before = models.DateTimeField(null=True, blank=True, help_text="an episode is still undecided")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "补传复算"
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="waiting"), name="late_work_waiting"
            ),
            models.Index(fields=["measure", "from_s"], name="late_work_of_measure"),
        ]


class ReviewVerdict(models.TextChoices):
    """What late fixes say about an alarm that was raised before they came; a person decides."""

    UNSUPPORTED = "unsupported", "补传定位不再支持此报警"
    SUPPORTED = "supported", "补传定位重新支持此报警"
    EXPLAINED = "explained", "无新定位的时段已有补传定位"


class AlarmReview(models.Model):
    """A new fact about an alarm, found by replaying with the late fixes; appended, closes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="reviews")
    at = models.DateTimeField(default=utc_now)
    verdict = models.CharField(max_length=12, choices=ReviewVerdict)
    facts: Any = models.JSONField(default=dict, help_text="counts, seconds and evidence; no coordinates")

    class Meta:
        verbose_name = "报警复算"
        indexes = [models.Index(fields=["alarm", "at"])]
