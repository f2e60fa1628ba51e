"""Purpose-built devices and who wears which (办法37条, recalled: phones do not count)."""

from typing import Any

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.models.measures import Measure
from sifang.people.models import Officer


class DeviceKind(models.TextChoices):
    WRISTBAND = "wristband", "定位腕带"
    ANKLET = "anklet", "定位脚环"
    PHONE = "phone", "移动电话（不得作为电子定位装置）"


class DeviceModel(models.Model):
    """Make, model and test report of a device; `quality` is its quality card.

    quality: {"accuracy_m": {"gnss": 8, "wifi": 45, "cell": 300}, "alarm_bits": {"17": "strap"},
    "items": {"f6": "work_mode"}}; alarm bits are mapped per model, never globally (jt808.md e-4).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    maker = models.CharField("厂商", max_length=60)
    model = models.CharField("型号", max_length=60)
    kind = models.CharField("类别", max_length=12, choices=DeviceKind)
    protocol = models.CharField(
        "协议",
        max_length=12,
        choices=[("jt808", "JT/T 808"), ("osmand", "OsmAnd"), ("owntracks", "OwnTracks")],
    )
    test_report_no = models.CharField("检测报告号", max_length=80, blank=True)
    tested_on = models.DateField("检测日期", null=True, blank=True)
    quality: Any = models.JSONField("质量卡", default=dict)

    class Meta:
        verbose_name = "设备型号"
        constraints = [models.UniqueConstraint(fields=["maker", "model"], name="model_once")]


class Device(models.Model):
    """One device. `terminal_id` is what it calls itself on the wire, leading zeros removed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.ForeignKey(DeviceModel, models.PROTECT, related_name="devices")
    terminal_id = models.CharField("终端号", max_length=30, unique=True)
    imei = models.CharField(max_length=15, blank=True)
    iccid = models.CharField(max_length=20, blank=True)
    carrier = models.CharField("运营商", max_length=20, blank=True)
    auth_code_hash = models.BinaryField("鉴权码摘要", null=True, help_text="SHA-256 of the code")
    county_code = models.CharField("所属县区", max_length=6)
    registered_at = models.DateTimeField(default=utc_now)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        verbose_name = "电子定位装置"


class DeviceConflict(models.Model):
    """Two different fixes of one device for one second: a sign that two devices use one identity."""

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="conflicts")
    taken_at = models.DateTimeField("定位时间")
    noticed_at = models.DateTimeField("发现时间", default=utc_now)

    class Meta:
        verbose_name = "装置同秒异文"
        constraints = [models.UniqueConstraint(fields=["device", "taken_at"], name="conflict_once")]


class Binding(models.Model):
    """A device worn under a measure; from inclusive, to exclusive. The database refuses a phone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="bindings")
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="bindings")
    bound_at = models.DateTimeField("佩戴时间", default=utc_now)
    bound_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    unbound_at = models.DateTimeField("取下时间", null=True, blank=True)

    class Meta:
        verbose_name = "佩戴"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(unbound_at=None) | models.Q(unbound_at__gte=models.F("bound_at")),
                name="binding_in_order",
            )
        ]
