"""What acts say to whom: outgoing rows with their receipts, and the documents that were issued."""

from django.db import models
from django.db.models import Q

from sifang.cases.models.case import Case
from sifang.cases.models.course import Act
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Agency, Officer


class DispatchState(models.TextChoices):
    EXPECTED = "expected", "应送未送"
    SENT = "sent", "已送"
    ACCEPTED = "accepted", "已签收"
    DISPUTED = "disputed", "有异议"


class Document(models.Model):
    """A document that was issued: numbered, rendered once, immutable."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="documents")
    act = models.ForeignKey(Act, models.PROTECT, related_name="documents")
    kind = models.CharField("种类", max_length=40)
    title = models.CharField("名称", max_length=60)
    number = models.CharField("文号", max_length=60, unique=True)
    mark = models.CharField("格式依据", max_length=4, help_text="V 法条名称，12 部颁格式名称，R 推定")
    content = models.JSONField(default=dict)
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    code = models.CharField("核验码", max_length=40, unique=True)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    issued_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "文书"
        indexes = [models.Index(fields=["case", "issued_at"])]


class DocumentCounter(models.Model):
    """The last number given to a kind of document by an agency in a year."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "文号"
        constraints = [
            models.UniqueConstraint(fields=["agency", "kind", "year"], name="one_counter_a_kind_and_year")
        ]


class Dispatch(models.Model):
    """One recipient of one act: written in the act's transaction, closed by the recipient's receipt.

    `to_agency` is empty where the recipient is the person (`to_actor` says so); the receipt is then the
    record that the person was told. `awaited` rows are copies that `from_agency` still has to send.
    `content`: the least that the recipient needs, in words and numbers (PROCEDURES P-DA-1).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    act = models.ForeignKey(Act, models.PROTECT, related_name="dispatches")
    case = models.ForeignKey(Case, models.PROTECT, related_name="dispatches")
    from_agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    to_agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="inbox")
    to_actor = models.CharField("收件方", max_length=20)
    title = models.CharField("事项", max_length=60)
    article = models.CharField(max_length=120)
    mark = models.CharField(max_length=10, blank=True)
    content = models.JSONField(default=dict)
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="dispatches")
    due_at = models.DateTimeField(null=True, blank=True)
    due_kind = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=10, choices=DispatchState)
    created_at = models.DateTimeField(default=utc_now)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    words = models.CharField("签收说明", max_length=300, blank=True)

    class Meta:
        verbose_name = "送达"
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None) | Q(answered_at__isnull=False),
                name="receipt_has_a_time",
            ),
            models.CheckConstraint(condition=~Q(state="disputed") | ~Q(words=""), name="dispute_says_why"),
        ]
        indexes = [
            models.Index(
                fields=["to_agency", "state"], name="inbox_of_agency", condition=~Q(state="accepted")
            ),
            models.Index(fields=["case", "created_at"]),
        ]
