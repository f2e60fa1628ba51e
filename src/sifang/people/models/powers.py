"""Powers given for a time: what a county agency leaves to a justice office (社区矫正法9条)."""

from django.db import models
from django.db.models import F, Q

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models.register import Agency, Officer


class DelegationMatter(models.TextChoices):
    """What may be left to a justice office; praise, admonition and warning never are (办法32条)."""

    LEAVE = "leave", "七日以内的外出审批"
    DAILY = "daily", "日常报告、核实和走访"
    ANNOUNCE = "announce", "入矫、解矫宣告"
    PLAN = "plan", "矫正方案"
    TEAM = "team", "矫正小组"
    VISIT = "visit", "会客和接触特定人员"
    HELP = "help", "教育帮扶"


class DelegationTitle(models.TextChoices):
    """Under which title an office works for the county (山东实施细则: PROCEDURES SD-10)."""

    ENTRUSTED = "委托", "委托（社区矫正机构）"
    ASSIGNED = "指派", "指派（县级司法行政部门）"


class Delegation(models.Model):
    """A county agency leaves one matter to one of its justice offices from a legal day to another.

    Both days are inclusive; no last day means until ended. Never changed but to end earlier.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="县级社区矫正机构")
    office = models.ForeignKey(Agency, models.PROTECT, related_name="delegations", help_text="司法所")
    matter = models.CharField("事项", max_length=10, choices=DelegationMatter)
    title = models.CharField("名义", max_length=2, choices=DelegationTitle, default=DelegationTitle.ENTRUSTED)
    document_no = models.CharField("委托书文号", max_length=80)
    valid_from = models.DateField("起", help_text="含当日")
    valid_to = models.DateField("止", null=True, blank=True, help_text="含当日；空 = 至终止")
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+", help_text="经办人")
    at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "委托"
        indexes = [models.Index(fields=["office", "matter", "valid_from"], name="delegation_of_office")]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="delegation_in_order"
            ),
            models.CheckConstraint(condition=~Q(document_no=""), name="delegation_has_document"),
        ]
