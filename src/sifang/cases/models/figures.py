"""Counts of a month by area: figures only, what a committee office may read."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now

SMALLEST_CELL = 10  # E25: a committee office sees no smaller count; row security of the table says the same


class MonthFigure(models.Model):
    """One figure of one area in one month, as it was counted last."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    area_code = models.CharField("行政区划代码", max_length=6)
    month = models.DateField("月份", help_text="当月第一日")
    key = models.CharField("指标", max_length=12, help_text="register, received, ended, away, measured, late")
    n = models.PositiveIntegerField("数")
    counted_at = models.DateTimeField("统计时间", default=utc_now)

    class Meta:
        verbose_name = "月度统计"
        constraints = [
            models.UniqueConstraint(fields=["area_code", "month", "key"], name="one_figure_a_month")
        ]
