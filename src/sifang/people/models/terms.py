"""Who settled a term that document and computation state differently, and why."""

from django.db import models
from django.db.models import Q

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models.register import Agency, Officer, Order


class TermResolution(models.Model):
    """A named county officer lets the document's term stand against the computed one, with reasons.

    Only appended. The chosen days are those of the document (both inclusive): nothing corrects a judgment.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="term_resolutions")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)
    chosen_start = models.DateField("采用的起日")
    chosen_end = models.DateField("采用的止日", help_text="含当日")
    mismatches = models.JSONField("不一致之处", help_text="what, words, computed, stated, article")
    reasons = models.CharField("理由", max_length=400)
    paper_digest = models.CharField("文书内容摘要", max_length=64, help_text="SHA-256")

    class Meta:
        verbose_name = "期限核对的处理"
        indexes = [models.Index(fields=["order"], name="resolution_of_order")]
        constraints = [models.CheckConstraint(condition=~Q(reasons=""), name="resolution_has_reasons")]


class Numbering(models.Model):
    """The last number given under a prefix such as 鲁0102-2026-交 or 历下-2026-."""

    prefix = models.CharField(primary_key=True, max_length=30)
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name = "编号"
