"""Tracks that left the house as a file: who asked, for which file of a court, and what left."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Officer, Person, ReadRecord


class TrackExport(models.Model):
    """One person's track asked for as a file; written with the read record, before the first byte."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    purpose = models.CharField("目的", max_length=40)
    document_no = models.CharField("案卷文书号", max_length=80)
    reason = models.CharField("理由", max_length=400)
    form = models.CharField("格式", max_length=4)
    span_from = models.DateTimeField("起")
    span_to = models.DateTimeField("止（不含）")
    asked_at = models.DateTimeField(default=utc_now)
    read = models.OneToOneField(ReadRecord, models.PROTECT, related_name="+")
    ledger_id = models.UUIDField(help_text="row of the ledger: track_export_asked")

    class Meta:
        verbose_name = "轨迹导出"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(document_no="") & ~models.Q(reason=""), name="track_export_has_its_file"
            ),
            models.CheckConstraint(
                condition=models.Q(span_to__gt=models.F("span_from")), name="track_export_in_order"
            ),
        ]


class TrackExportEnd(models.Model):
    """What left: everything (`complete`) or a part (`broken`: the client went, or the power ended)."""

    export = models.OneToOneField(TrackExport, models.PROTECT, primary_key=True, related_name="end")
    at = models.DateTimeField(default=utc_now)
    state = models.CharField("结果", max_length=8, choices=[("complete", "完成"), ("broken", "中断")])
    fixes = models.BigIntegerField("定位条数")
    sha256 = models.CharField(max_length=64, help_text="of the content handed out")
    ledger_id = models.UUIDField(help_text="row of the ledger: track_export_ended")

    class Meta:
        verbose_name = "轨迹导出结果"
