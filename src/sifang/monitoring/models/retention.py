"""How long what is kept: dated policies, what they did, and the bytes of refused frames (7 days)."""

from typing import Any

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.models.devices import Device
from sifang.monitoring.models.measures import Measure
from sifang.people.models import Officer


class RefusedFrame(models.Model):
    """The bytes of one refused frame of a device under a live measure, encrypted with its key (DESIGN § 3).

    A trigger refuses one whose device was not worn under that measure, told and in force, when it was
    received. Of all other devices the bytes are not kept at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    reason = models.CharField(max_length=24)
    gateway = models.CharField(max_length=12)
    size = models.IntegerField(help_text="bytes of the frame; at most 2048 of them are kept")
    body = models.BinaryField()

    class Meta:
        verbose_name = "被拒收的原始报文"
        indexes = [
            models.Index(fields=["device", "received_at"], name="refused_frame_of_device"),
            models.Index(fields=["measure", "received_at"], name="refused_frame_of_measure"),
        ]


class RetentionKind(models.TextChoices):
    """What has a term of its own."""

    TRACK = "track", "轨迹（措施结束后）"
    REFUSED_FRAME = "refused_frame", "被拒收的原始报文（收到后）"
    ENGINE_STATE = "engine_state", "复算用的引擎状态（写下后）"
    KEY_BACKUP = "key_backup", "密钥的备份（抄下后）"


class RetentionPolicy(models.Model):
    """保存期限: so many days, from a day on, by an article; appended, never changed (个人信息保护法19条).

    On any day the newest one valid holds. The law names no number: the days are our reading until a named
    officer decides others.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=RetentionKind)
    days = models.PositiveIntegerField("天数")
    valid_from = models.DateField("自（含当日）")
    article = models.CharField("依据", max_length=60)
    mark = models.CharField("认识程度", max_length=10, default="reading")
    reason = models.CharField("理由", max_length=400)
    decided_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "保存期限"
        constraints = [
            models.CheckConstraint(condition=models.Q(days__gte=1), name="retention_at_least_a_day")
        ]
        indexes = [models.Index(fields=["kind", "valid_from"], name="retention_by_kind")]


class RetentionRun(models.Model):
    """One run that deleted something: how many rows of each kind, whose keys were destroyed by number."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=utc_now)
    rows: Any = models.JSONField(help_text="kind → rows deleted")
    keys: Any = models.JSONField(help_text="numbers of the measures whose keys were destroyed")
    policies: Any = models.JSONField(help_text="kind → days in force")

    class Meta:
        verbose_name = "到期销毁"
