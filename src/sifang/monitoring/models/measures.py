"""Lane B: the approved measure of electronic positioning (社区矫正法 29条) and its proved ground."""

from django.db import models
from django.db.models import F, Func, Q, Value

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Officer, Order, Person


class Ground(models.IntegerChoices):
    """The five grounds of 社区矫正法 29条1款, in its numbering."""

    PROHIBITION_BREACHED = 1, "违反人民法院禁止令"
    LEFT_WITHOUT_APPROVAL = 2, "无正当理由，未经批准离开所居住的市、县"
    REFUSES_TO_REPORT = 3, "拒不按照规定报告自己的活动情况，被给予警告"
    PENALISED = 4, "违反监督管理规定，被给予治安管理处罚"
    REVOCATION_INTENDED = 5, "拟提请撤销缓刑、假释或者暂予监外执行收监执行"


class Proof(models.Model):
    """The record that proves a ground: a warning, a penalty, a finding; linked, never typed as a fact."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="proofs")
    ground = models.PositiveSmallIntegerField("法定情形", choices=Ground)
    document_no = models.CharField("证明文书号", max_length=80)
    document_date = models.DateField("文书日期")
    summary = models.CharField("事实", max_length=400)
    recorded_at = models.DateTimeField(default=utc_now)
    record = models.OneToOneField(
        "cases.Proceeding", models.PROTECT, null=True, related_name="proof", help_text="查实或者登记的程序"
    )

    class Meta:
        verbose_name = "法定情形证明"


class Measure(models.Model):
    """使用电子定位装置: one approval, at most three months, ends by itself.

    `approved_at` inclusive, `ends_at` exclusive; counted from the approval (our reading, P-EP-5), never
    rolled over a holiday. `told_at`: when it was made known to the person (办法37条, recalled); before
    that it raises no alarm. `number` is the dense id that journal blocks carry.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.BigIntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("monitoring_measure_no"), function="nextval"),
        help_text="from sequence monitoring_measure_no",
    )
    person = models.ForeignKey(Person, models.PROTECT, related_name="measures")
    order = models.ForeignKey(Order, models.PROTECT, related_name="measures")
    ground = models.PositiveSmallIntegerField("法定情形", choices=Ground)
    proof = models.ForeignKey(Proof, models.PROTECT, related_name="measures")
    extends = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="extended_by")
    assessment = models.TextField("延长评估", blank=True)
    approver = models.ForeignKey(
        Officer, models.PROTECT, related_name="+", help_text="县级司法行政部门负责人"
    )
    reasons = models.TextField("理由")
    approved_at = models.DateTimeField("批准时间")
    ends_at = models.DateTimeField("止（不含）")
    told_at = models.DateTimeField("书面告知时间", null=True, blank=True)
    ended_at = models.DateTimeField("解除时间", null=True, blank=True)
    end_reason = models.CharField("解除理由", max_length=200, blank=True)
    act = models.OneToOneField(
        "cases.Act", models.PROTECT, null=True, related_name="measure", help_text="批准或者延长的行为"
    )

    class Meta:
        verbose_name = "电子定位措施"
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("approved_at")), name="measure_in_order"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("approved_at")),
                name="measure_ended_after_start",
            ),
            models.CheckConstraint(condition=~Q(reasons=""), name="measure_has_reasons"),
            models.CheckConstraint(  # 社区矫正法29条2款: 延长须评估
                condition=Q(extends=None) | ~Q(assessment=""), name="extension_has_assessment"
            ),
            models.UniqueConstraint(  # a proof carries one measure; going on is an extension, with assessment
                fields=["proof"], condition=Q(extends=None), name="proof_carries_one_measure"
            ),
            models.UniqueConstraint(fields=["extends"], name="extended_once"),
        ]
        indexes = [models.Index(fields=["ends_at"])]
