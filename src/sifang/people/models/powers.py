"""What is given for a time: a matter to a justice office (社区矫正法9条), sight of a person to an agency."""

from django.db import models
from django.db.models import F, Q

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models.register import Agency, Officer, Person


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


class ShareMatter(models.TextChoices):
    """For what another agency sees a person: one matter, one permission (办法11条; PROCEDURES SD-9)."""

    DECIDED = "decided", "本机关作出的决定"
    CUSTODY = "custody", "移送交接"
    MOVE = "move", "变更执行地"
    HANDED_ON = "handed_on", "变更执行地后的移交"
    DESTINATION = "destination", "外出目的地协助"
    SEARCH = "search", "协助查找"
    EXIT_CONTROL = "exit_control", "出境报备"
    PENALTY = "penalty", "治安管理处罚"
    COERCIVE = "coercive", "强制措施"


class Share(models.Model):
    """Another agency may read a person and the course, for one matter, between two instants.

    From inclusive, to exclusive; no end means until ended. It gives reading, never writing, and opens no
    position. Never changed but to end earlier.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="shares")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="可以查看的机关")
    matter = models.CharField("事项", max_length=12, choices=ShareMatter)
    article = models.CharField("依据", max_length=60)
    valid_from = models.DateTimeField("起", default=utc_now)
    valid_to = models.DateTimeField("止", null=True, blank=True)
    given_by = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="提供的机关")
    by = models.ForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", help_text="经办人；空 = 接管登记时"
    )

    class Meta:
        verbose_name = "共享"
        indexes = [models.Index(fields=["agency", "valid_to", "person"], name="share_of_agency")]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="share_in_order"
            ),
            models.CheckConstraint(condition=~Q(article=""), name="share_has_article"),
        ]
