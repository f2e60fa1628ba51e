"""Persons under order, their orders, the agencies and officers of the four parties, and who read what.

Person-level tables (Person, Order, ReadRecord) are under FORCED row-level security; see migrations.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now


class AgencyKind(models.TextChoices):
    COURT = "court", "人民法院"
    PROCURATORATE = "procuratorate", "人民检察院"
    POLICE = "police", "公安机关"
    JUSTICE_BUREAU = "justice_bureau", "司法局"
    JUSTICE_OFFICE = "justice_office", "司法所"
    PRISON = "prison", "监狱"
    DETENTION_CENTRE = "detention_centre", "看守所"
    COMMITTEE_OFFICE = "committee_office", "政法委"
    ELSEWHERE = "elsewhere", "外地机构"


class Level(models.TextChoices):
    PROVINCE = "province", "省级"
    CITY = "city", "市级"
    COUNTY = "county", "县级"
    TOWNSHIP = "township", "乡镇级"


class Agency(models.Model):
    """An organ of one of the parties; which kinds exist is data (DESIGN § 10)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField("类别", max_length=20, choices=AgencyKind)
    level = models.CharField("层级", max_length=10, choices=Level)
    name = models.CharField("名称", max_length=80, unique=True)
    area_code = models.CharField("行政区划代码", max_length=12, help_text="市 370100，县区 370102 等")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name = "机构"
        indexes = [models.Index(fields=["area_code", "kind"])]


class Role(models.TextChoices):
    TOWNSHIP_OFFICER = "township_officer", "司法所工作人员"
    COUNTY_OFFICER = "county_officer", "县级社区矫正机构工作人员"
    DUTY_OFFICER = "duty_officer", "指挥中心值班员"
    JUSTICE_HEAD = "justice_head", "司法行政部门负责人"
    PROSECUTOR = "prosecutor", "检察官"
    POLICE_OFFICER = "police_officer", "民警"
    JUDGE = "judge", "法官"
    CUSTODY_OFFICER = "custody_officer", "监狱、看守所工作人员"
    COMMITTEE_STAFF = "committee_staff", "政法委工作人员"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDITOR = "auditor", "审计管理员"
    PERSON = "person", "社区矫正对象本人"


class OfficerManager(BaseUserManager["Officer"]):
    def get_by_natural_key(self, username: str | None) -> "Officer":
        return self.get(username=username)


class Officer(AbstractBaseUser):
    """Someone who signs in: an officer of an agency, or (role `person`) the supervised person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField("登录名", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="officers")
    person = models.OneToOneField("Person", models.PROTECT, null=True, blank=True, related_name="account")
    is_active = models.BooleanField("在岗", default=True)
    is_demo = models.BooleanField("演示账号", default=False)
    password_expires_at = models.DateTimeField(
        "一次性口令有效至",
        null=True,
        blank=True,
        help_text="设有此时间的是一次性口令：到期作废，首次登录须更换",
    )

    objects = OfficerManager()
    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = "工作人员"


class RoleGrant(models.Model):
    """A role of an officer between two instants (the end is exclusive)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="grants")
    role = models.CharField("角色", max_length=20, choices=Role)
    valid_from = models.DateTimeField("起")
    valid_to = models.DateTimeField("止", null=True, blank=True)

    class Meta:
        verbose_name = "授权"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="grant_ends_after_start",
            )
        ]


class Person(models.Model):
    """社区矫正对象: someone under a legal order. A person without an order cannot be tracked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        "矫正编号", max_length=40, unique=True, db_collation="C", help_text="如 历下-2026-0417"
    )
    name = models.CharField("姓名", max_length=60, db_collation="C")
    pinyin = models.CharField("拼音", max_length=200, blank=True, db_collation="C", help_text="zhangsan")
    initials = models.CharField("拼音首字母", max_length=40, blank=True, db_collation="C", help_text="zs")
    id_number = models.CharField("公民身份号码", max_length=18, blank=True, db_collation="C")
    sex = models.CharField("性别", max_length=1, choices=[("m", "男"), ("f", "女")])
    birth_date = models.DateField("出生日期")
    is_minor = models.BooleanField("未成年人", default=False, help_text="到矫正期满为止（社区矫正法58条）")
    nationality = models.CharField("国籍", max_length=30, blank=True, default="中国")
    occupation = models.CharField("职业", max_length=60, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    address = models.CharField("住址", max_length=200, blank=True)
    county_code = models.CharField("执行地县区代码", max_length=6, help_text="370102 等")
    county_agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", help_text="执行地县级社区矫正机构"
    )
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", help_text="司法所")
    entered_by = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", help_text="交付时录入的决定机关；空 = 由县区登记"
    )
    number_reversed = models.CharField(
        max_length=40, editable=False, default="", db_collation="C", help_text="由数据库填写，供按末几位查找"
    )
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "社区矫正对象"
        indexes = [
            models.Index(fields=["county_code", "number"], name="person_of_county"),
            models.Index(fields=["office", "number"], name="person_of_office"),
            *(
                models.Index(fields=[key], name=f"person_by_{key}")
                for key in ("name", "pinyin", "initials", "id_number", "number_reversed")
            ),
        ]

    @property
    def id_tail(self) -> str:
        """The last four characters of the identity number: all that lists show."""
        return self.id_number[-4:]

    @property
    def masked_name(self) -> str:
        """What lists show of a minor outside the own county and office (社区矫正法54条)."""
        return f"未成年人·{self.number}" if self.is_minor else self.name


class OrderType(models.TextChoices):
    CONTROL = "control", "管制"
    PROBATION = "probation", "缓刑"
    PAROLE = "parole", "假释"
    OUTSIDE_PRISON = "outside_prison", "暂予监外执行"


class TermCheck(models.TextChoices):
    """What comparing the document with the computed term gave; without facts nothing was computed."""

    NONE = "", "未计算"
    AGREES = "agrees", "与计算一致"
    DIFFERS = "differs", "与计算不一致"


class Order(models.Model):
    """The judgment, ruling or decision that puts a person under correction (社区矫正法 2条).

    A draft until the county agency receives it (`received_on`): before that nobody is supervised under it.
    `term_facts`: what the document says of the term, keys as in `sifang.law.terms.TermFacts`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="orders")
    type = models.CharField("类型", max_length=16, choices=OrderType)
    decided_by = models.ForeignKey(Agency, models.PROTECT, related_name="+", help_text="社区矫正决定机关")
    document_no = models.CharField("文书号", max_length=80, db_collation="C")
    document_date = models.DateField("文书日期")
    effective_on = models.DateField("生效日")
    term_start = models.DateField("矫正期起")
    term_end = models.DateField("矫正期止", help_text="含当日，24 时止")
    prohibition = models.TextField("禁止令", blank=True, help_text="管制、缓刑才有（刑法 38条、72条）")
    prohibition_until = models.DateField("禁止令止", null=True, blank=True)
    ended_at = models.DateTimeField("提前终止时间", null=True, blank=True)
    received_on = models.DateField("接收日", null=True, blank=True, help_text="空 = 尚未接收，不得监督管理")
    entered_by = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", help_text="交付时录入的决定机关；空 = 由县区登记"
    )
    document_reversed = models.CharField(
        max_length=80, editable=False, default="", db_collation="C", help_text="由数据库填写"
    )
    sentence_months = models.PositiveSmallIntegerField(
        "判处刑期（月）", null=True, blank=True, help_text="空 = 不详；无期徒刑写 9999"
    )
    papers_pending = models.BooleanField("文书待补", default=False, help_text="办法16条：先接收，五日内补齐")
    term_facts = models.JSONField("文书载明的计算依据", null=True, blank=True)
    term_check = models.CharField("期限核对", max_length=8, choices=TermCheck, blank=True, default="")

    class Meta:
        verbose_name = "决定"
        indexes = [
            models.Index(fields=["document_no"], name="order_by_document"),
            models.Index(fields=["document_reversed"], name="order_by_document_end"),
            models.Index(fields=["person"], name="order_draft", condition=models.Q(received_on=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(term_end__gte=models.F("term_start")), name="order_term_in_order"
            ),
            models.CheckConstraint(  # 刑法 38条、72条: 假释和暂予监外执行没有禁止令
                condition=models.Q(prohibition="") | models.Q(type__in=["control", "probation"]),
                name="order_prohibition_only_control_probation",
            ),
            models.CheckConstraint(
                condition=models.Q(prohibition_until=None)
                | (~models.Q(prohibition="") & models.Q(prohibition_until__lte=models.F("term_end"))),
                name="order_prohibition_within_term",
            ),
            models.CheckConstraint(condition=~models.Q(document_no=""), name="order_has_document"),
            models.UniqueConstraint(fields=["person", "document_no"], name="order_document_once"),
        ]


class ReadRecord(models.Model):
    """Who read person-level data, when and why; written before the data is shown. Insert-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=utc_now, db_index=True)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=20, blank=True)
    system_purpose = models.CharField("系统用途", max_length=20, blank=True)
    purpose = models.CharField("目的", max_length=40)
    article = models.CharField("依据", max_length=60, blank=True)
    what = models.CharField("内容", max_length=40, help_text="person, track, alarm, live_map, list")
    object_id = models.UUIDField(null=True, blank=True)
    person_ids: Any = ArrayField(models.UUIDField(), default=list)
    span_from = models.DateTimeField(null=True, blank=True)
    span_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "查看记录"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(officer__isnull=False) | ~models.Q(system_purpose=""),
                name="read_has_reader",
            )
        ]


def active_roles(officer: Officer, at: datetime) -> frozenset[str]:
    """Return the officer's roles in force at `at` (aware): from inclusive, to exclusive."""
    grants = officer.grants.filter(valid_from__lte=at).exclude(valid_to__lte=at)
    return frozenset(grants.values_list("role", flat=True))
