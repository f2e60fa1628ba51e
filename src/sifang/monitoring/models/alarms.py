"""Signal (technical fact) → alarm (question) → acts of officers → closure with a structured cause."""

from typing import Any

from django.db import models

from sifang.cases.models import Case
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.models.devices import Device
from sifang.monitoring.models.fences import Clause, Fence
from sifang.monitoring.models.measures import Measure
from sifang.people.models import Officer, Person


class AlarmKind(models.TextChoices):
    BOUNDARY_LEFT = "boundary_left", "离开所居住的市、县"
    PLACE_ENTERED = "place_entered", "进入禁止区域"
    OFF_TIMETABLE = "off_timetable", "不在规定时间地点"
    STRAP = "strap", "腕带打开或被拆"
    LOW_BATTERY = "low_battery", "电量低"
    SILENT = "silent", "无新定位"
    SOS = "sos", "本人求助"


class Signal(models.Model):
    """A technical fact the engine saw. No coordinates: those stay in the journal."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="signals")
    fence = models.ForeignKey(Fence, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    phase = models.CharField(max_length=8, choices=[("begin", "开始"), ("end", "结束")])
    episode = models.BigIntegerField(help_text="Unix second at which the episode began")
    at = models.DateTimeField()
    data: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = "信号"


class AlarmOutcome(models.TextChoices):
    """What the officer found out: answers to the question, never a verdict on the person."""

    WITHIN_LIMITS = "within_limits", "本人在规定范围内"
    APPROVED = "approved", "有获准的外出或者例外"
    OUTSIDE_RETURNED = "outside_returned", "曾在范围外，已返回"
    OUTSIDE_NOW = "outside_now", "现仍在范围外，已转办"
    CANNOT_KNOW = "cannot_know", "无法判断，继续核实"
    TECHNICAL = "technical", "属技术原因"
    HELPED = "helped", "本人需要帮助，已处理"


class AlarmCause(models.TextChoices):
    """Structured cause of closure; `counts_against_nobody` names those that are purely technical."""

    LEFT_UNAPPROVED = "left_unapproved", "未经批准离开"
    EMERGENCY = "emergency", "就医等紧急情况"
    LEAVE_NOT_ENTERED = "leave_not_entered", "已批准外出，未及时登记"
    PASSED_THROUGH = "passed_through", "道路穿行，短时经过"
    UNAWARE_OF_LINE = "unaware_of_line", "不清楚界线位置"
    ENTERED_PLACE = "entered_place", "进入禁止区域"
    TIMETABLE_MISSED = "timetable_missed", "未在规定时间到达"
    STRAP_OPENED = "strap_opened", "本人打开或者剪断腕带"
    STRAP_WORN_OUT = "strap_worn_out", "腕带磨损、松动"
    NOT_CHARGED = "not_charged", "未及时充电"
    POSITION_ERROR = "position_error", "定位误差"
    LINE_ERROR = "line_error", "界线资料误差"
    DEVICE_FAULT = "device_fault", "设备故障"
    CARRIER_OUTAGE = "carrier_outage", "运营商网络故障"
    SERVER_OUTAGE = "server_outage", "本系统故障"
    PRESSED_BY_MISTAKE = "pressed_by_mistake", "误按求助键"
    NEEDED_HELP = "needed_help", "本人确需帮助"
    DEVICE_SERVICE = "device_service", "经办人更换、检修设备"


TECHNICAL_CAUSES = frozenset(
    {
        AlarmCause.STRAP_WORN_OUT,
        AlarmCause.POSITION_ERROR,
        AlarmCause.LINE_ERROR,
        AlarmCause.DEVICE_FAULT,
        AlarmCause.CARRIER_OUTAGE,
        AlarmCause.SERVER_OUTAGE,
        AlarmCause.DEVICE_SERVICE,
    }
)  # a technical failure never becomes a violation by itself (DESIGN § 9)


class AlarmCounter(models.Model):
    """Last alarm number of a legal day (Shanghai), for A-YYYYMMDD-NNNN."""

    day = models.DateField(primary_key=True)
    last = models.IntegerField()

    class Meta:
        verbose_name = "报警编号"


class Incident(models.Model):
    """A technical incident: many silent devices are one incident, and never count against a person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(
        max_length=20,
        choices=[
            ("carrier", "运营商网络"),
            ("server", "本系统"),
            ("device", "设备"),
            ("clone", "装置疑似被复制"),
        ],
    )
    summary = models.CharField(max_length=200)
    carrier = models.CharField(max_length=20, blank=True)
    devices = models.IntegerField(default=0)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="incidents")

    class Meta:
        verbose_name = "技术事件"
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=models.Q(kind="clone", ended_at=None), name="one_clone_question"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="clone") | models.Q(device__isnull=False), name="clone_names_device"
            ),
        ]


class Alarm(models.Model):
    """A question to an officer on duty. One row per (measure, kind, fence, episode)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=24, unique=True, help_text="A-20261123-0007")
    kind = models.CharField(max_length=20, choices=AlarmKind)
    rank = models.PositiveSmallIntegerField("级别", help_text="1 一类, 2 二类, 3 历史")
    past = models.BooleanField(
        "关于过去", default=False, help_text="found in late fixes: asks about the past, never live"
    )
    person = models.ForeignKey(Person, models.PROTECT, related_name="alarms")
    case = models.ForeignKey(Case, models.PROTECT, related_name="alarms")
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="alarms")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    fence = models.ForeignKey(Fence, models.PROTECT, null=True, related_name="alarms")
    clause = models.ForeignKey(Clause, models.PROTECT, null=True, related_name="+")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="alarms")
    episode = models.BigIntegerField()
    began_at = models.DateTimeField("起", help_text="when the episode began (device time)")
    raised_at = models.DateTimeField(default=utc_now)
    probability = models.FloatField(null=True)
    evidence: Any = models.JSONField(
        default=list,
        help_text="the fixes that made it, without coordinates",
    )
    facts: Any = models.JSONField(default=dict)
    state = models.CharField(
        max_length=8,
        default="open",
        choices=[("open", "待接手"), ("taken", "处理中"), ("handled", "已核实"), ("closed", "已关闭")],
    )
    ended_at = models.DateTimeField("情形结束", null=True, blank=True)
    taken_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    cause = models.CharField("原因", max_length=24, blank=True, choices=AlarmCause)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField("核实结果", max_length=24, blank=True, choices=AlarmOutcome)
    paused_until = models.DateTimeField("暂停提醒至", null=True, blank=True)

    class Meta:
        verbose_name = "报警"
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "kind", "fence", "episode"], name="alarm_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=~models.Q(state="closed")
                | (~models.Q(cause="") & ~models.Q(outcome="") & models.Q(closed_at__isnull=False)),
                name="closed_alarm_has_cause",
            ),
        ]
        indexes = [models.Index(fields=["state", "rank", "raised_at"])]


class AlarmAct(models.Model):
    """What an officer did about an alarm, in order; never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="acts")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=utc_now)
    verb = models.CharField(
        max_length=12,
        choices=[
            ("take", "接手"),
            ("call", "电话核实"),
            ("video", "视频核实"),
            ("visit", "派员到场"),
            ("note", "记录"),
            ("handle", "核实结果"),
            ("pause", "暂停提醒"),
            ("close", "关闭"),
        ],
    )
    outcome = models.CharField(max_length=24, blank=True)
    cause = models.CharField(max_length=24, blank=True)
    text = models.CharField(max_length=500, blank=True)
    until = models.DateTimeField(null=True, help_text="暂停至")
    second = models.ForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", help_text="暂停须第二名工作人员"
    )

    class Meta:
        verbose_name = "报警处置"
        constraints = [
            models.CheckConstraint(  # 暂停: 理由、止时、第二名工作人员，缺一不可
                condition=~models.Q(verb="pause")
                | (
                    models.Q(until__isnull=False, second__isnull=False)
                    & ~models.Q(text="")
                    & ~models.Q(second=models.F("officer"))
                ),
                name="pause_needs_second_officer",
            )
        ]
