"""Cases taken over from elsewhere: the import of a register, and what an earlier house recorded of a case.

Nothing here is an act of this house: it is told, kept as it came, and changes no proceeding.
"""

from django.db import models

from sifang.cases.models.case import Case
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Officer


class RegisterImport(models.Model):
    """One file of a register, imported whole by an officer of the county agency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)
    file_name = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    registered = models.PositiveIntegerField()

    class Meta:
        verbose_name = "登记册导入"
        constraints = [models.UniqueConstraint(fields=["agency", "sha256"], name="register_file_once")]


class TakenOver(models.Model):
    """A course that this house did not begin: from which file, and what that file told of its history."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.OneToOneField(Case, models.PROTECT, related_name="taken_over")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)
    on = models.DateField("接管日")
    source = models.CharField(
        "来源", max_length=10, choices=[("register", "登记册导入"), ("archive", "案件档案导入")]
    )
    sha256 = models.CharField("来源文件摘要", max_length=64)
    told = models.JSONField("接管前的记载", default=dict)

    class Meta:
        verbose_name = "接管记录"


class TakenDocument(models.Model):
    """A document that another house issued, kept byte by byte with its own number; immutable."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    taken = models.ForeignKey(TakenOver, models.PROTECT, related_name="documents")
    title = models.CharField("名称", max_length=60)
    number = models.CharField("原文号", max_length=60)
    issued_at = models.DateTimeField(null=True)
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = "接管的文书"


class CaseExport(models.Model):
    """Who took a whole case out of the house as a file, and what for; written before the file."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="exports")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)
    purpose = models.CharField("用途", max_length=200)
    sha256 = models.CharField("档案摘要", max_length=64)

    class Meta:
        verbose_name = "案件档案导出"
        constraints = [models.CheckConstraint(condition=~models.Q(purpose=""), name="export_has_purpose")]
