"""The sealed record of who was a minor, and each opening of it (刑事诉讼法286条; E14)."""

from django.db import models
from django.db.models import F, Q

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models.register import Agency, Officer, Person


class Sealing(models.Model):
    """The record of a minor is closed after the end: from now on nobody sees the person. Only appended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="sealing")
    number = models.CharField("矫正编号", max_length=40, help_text="依法查询时凭此找到")
    sealed_on = models.DateField("封存日")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="保管的县级社区矫正机构")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "犯罪记录封存"
        indexes = [models.Index(fields=["agency", "number"], name="sealing_of_agency")]


class UnsealingGround(models.TextChoices):
    """The two exceptions of 刑事诉讼法286条2款."""

    JUDICIAL = "judicial", "司法机关为办案需要"
    QUERY = "query", "有关单位根据国家规定查询"


class Unsealing(models.Model):
    """A sealed record opened for one agency until an instant (exclusive), on a document. Only appended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="unsealings")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="可以查看的机关")
    ground = models.CharField("依据", max_length=10, choices=UnsealingGround)
    inquirer = models.CharField("查询单位", max_length=80)
    document_no = models.CharField("查询文书号", max_length=80)
    valid_until = models.DateTimeField("至（不含）")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+", help_text="经办人")
    at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "封存记录的查询"
        indexes = [models.Index(fields=["agency", "valid_until"], name="unsealing_of_agency")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=F("at")), name="unsealing_in_order"),
            models.CheckConstraint(
                condition=~Q(inquirer="") & ~Q(document_no=""), name="unsealing_has_document"
            ),
        ]
