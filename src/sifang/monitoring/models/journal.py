"""What the watch writes: journal blocks, the version of all measures, counts of refused fixes."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from sifang.kernel.ids import uuid7


class MeasuresVersion(models.Model):
    """One row: raised by a trigger in the transaction of every change of a measure, binding or fence."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)


class JournalBlock(models.Model):
    """The fixes of one tick, encrypted under an hourly key that lives outside PostgreSQL.

    A trigger reads `measures_version` FOR SHARE and refuses a block built on another version. `measures`
    holds the dense numbers of the measures inside, so a track can be found without opening every block.
    """

    id = models.BigAutoField(primary_key=True)
    written_at = models.DateTimeField()
    key_hour = models.CharField(max_length=10, help_text="UTC YYYYMMDDHH of the key")
    measures_version = models.BigIntegerField()
    fixes = models.IntegerField()
    taken_from = models.DateTimeField()
    taken_to = models.DateTimeField()
    measures: Any = ArrayField(models.BigIntegerField())
    body = models.BinaryField()

    class Meta:
        verbose_name = "轨迹日志块"
        indexes = [
            models.Index(fields=["taken_to"]),
            models.Index(fields=["written_at"]),
            GinIndex(fields=["measures"], name="journal_by_measure"),
        ]


class RefusedFixes(models.Model):
    """How many fixes were refused: by hour, reason and hashed device. No bytes, no position."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hour = models.DateTimeField()
    reason = models.CharField(max_length=24)
    gateway = models.CharField(max_length=12)
    device_hash = models.CharField(max_length=16, help_text="keyed hash of what the device called itself")
    count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "拒收定位计数"
        constraints = [
            models.UniqueConstraint(fields=["hour", "reason", "gateway", "device_hash"], name="refused_once")
        ]
