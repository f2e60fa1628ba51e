"""What compaction leaves of the journal: a person's hour as one chunk, and what became of a journal hour."""

from django.db import models
from django.db.models import F, Q

from sifang.monitoring.models.measures import Measure


class TrackChunk(models.Model):
    """The fixes of one measure in one hour, encrypted with the measure's own key (社区矫正法29条).

    `hour`: the hour in which they were received, or, for those of a blind spot, taken; `taken_from` and
    `taken_to` (both inclusive) say what is inside. A trigger refuses instants beyond the measure's term.
    No place is open here. Written and merged by the compaction alone; deleted when the retention ends.
    """

    pk = models.CompositePrimaryKey("measure", "hour")
    hour = models.DateTimeField()
    taken_from = models.DateTimeField()
    taken_to = models.DateTimeField()
    measure = models.ForeignKey(
        Measure,
        models.PROTECT,
        to_field="number",
        db_column="measure_number",
        db_index=False,  # the primary key begins with it
        related_name="chunks",
    )
    fixes = models.IntegerField()
    sha256 = models.BinaryField(help_text="of the plaintext; bound to the body")
    body = models.BinaryField()

    class Meta:
        verbose_name = "轨迹分段"
        constraints = [
            models.CheckConstraint(condition=Q(taken_to__gte=F("taken_from")), name="chunk_in_order"),
            models.CheckConstraint(condition=Q(fixes__gt=0), name="chunk_not_empty"),
        ]


class JournalHour(models.Model):
    """What became of the journal blocks written in one hour (UTC); no person, no place.

    `head`: hash chain over the sealed blocks in the order of their ids, also in the ledger:
    h0 = SHA-256("sifang.journal.chain.1|YYYYMMDDHH"), h = SHA-256(h || id, 8 bytes || SHA-256(body)).
    fixes = stored + absorbed + dropped. `dropped`: outside the measure's term, or the measure's key is
    destroyed. When the key of the hour is destroyed the row is final.
    """

    hour = models.CharField(max_length=10, primary_key=True, help_text="UTC YYYYMMDDHH")
    state = models.CharField(max_length=9, choices=[("compacted", "已压缩"), ("failed", "未能压缩")])
    reason = models.CharField("原因", max_length=200, blank=True)
    first_block = models.BigIntegerField(null=True)
    last_block = models.BigIntegerField(null=True)
    blocks = models.IntegerField(default=0)
    fixes = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    absorbed = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    chunks = models.IntegerField(default=0)
    head = models.BinaryField(null=True)
    tried_at = models.DateTimeField()
    compacted_at = models.DateTimeField(null=True)
    key_destroyed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "轨迹日志小时"
        constraints = [
            models.CheckConstraint(
                condition=Q(fixes=F("stored") + F("absorbed") + F("dropped")), name="journal_hour_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(state="failed") | Q(compacted_at__isnull=False, head__isnull=False),
                name="compacted_hour_has_head",
            ),
        ]
