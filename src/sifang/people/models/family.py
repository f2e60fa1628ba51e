"""Names a person also uses, and the guardians of a minor."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.people.models.register import Person


class Alias(models.Model):
    """Another name a person uses 曾用名、别名; found by name, pinyin and initials like the first."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="aliases")
    name = models.CharField("姓名", max_length=60, db_collation="C")
    pinyin = models.CharField("拼音", max_length=200, blank=True, db_collation="C")
    initials = models.CharField("拼音首字母", max_length=40, blank=True, db_collation="C")

    class Meta:
        verbose_name = "别名"
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="alias_once")]
        indexes = [
            models.Index(fields=[key], name=f"alias_by_{key}") for key in ("name", "pinyin", "initials")
        ]


class Guardian(models.Model):
    """监护人 of a minor: who is told before announcements and penalties (社区矫正法53条)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="guardians")
    name = models.CharField("姓名", max_length=60)
    relation = models.CharField("关系", max_length=20, help_text="父亲、母亲、祖父 …")
    phone = models.CharField("联系电话", max_length=20, blank=True)
    told_on = models.DateField("告知监护职责日", null=True, blank=True)
    until = models.DateField("至（含）", null=True, blank=True, help_text="空 = 仍是监护人")

    class Meta:
        verbose_name = "监护人"
        indexes = [models.Index(fields=["person"], name="guardian_of_person")]
