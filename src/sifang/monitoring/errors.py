"""What can go wrong in monitoring; and `lawfully`, which turns the database's refusals into words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from sifang.kernel.errors import BadInput, Refused


class NotLawful(Refused):
    """{reason}（{article}）。"""

    code = "not_lawful"


class NoSuchMoment(BadInput):
    """时间不能晚于现在。"""

    code = "no_such_moment"


class AlreadyTaken(Refused):
    """{name}已接手这条报警。"""

    code = "already_taken"


class NotTaken(Refused):
    """请先接手，再{verb}。"""

    code = "not_taken"


class NotYetKnown(Refused):
    """“无法判断”不是结果，请继续核实后再关闭。"""

    code = "not_yet_known"


class CauseMissing(BadInput):
    """关闭前须填写核实结果和原因。"""

    code = "cause_missing"


class PauseTooLong(Refused):
    """暂停提醒最长 {hours} 小时，须写明理由并由第二名有权限的工作人员确认。"""

    code = "pause_too_long"


class TrackTooLong(BadInput):
    """一次最多查看 24 小时的轨迹，且起时须早于止时。"""

    code = "track_too_long"


class ExportSpanTooLong(BadInput):
    """一次最多导出 31 天的轨迹，且起时须早于止时。"""

    code = "export_span_too_long"


class ExportIncomplete(BadInput):
    """请填写{what}。不写明用途不能导出轨迹。"""

    code = "export_incomplete"


class TooManyExports(Refused):
    """24 小时内已导出 {persons} 人的轨迹，达到上限。轨迹逐人、逐案导出，不能批量导出。"""

    code, status = "too_many_exports", 429


class NothingInSpan(Refused):
    """这一段没有定位，没有生成文件。这次申请已经记录。"""

    code = "nothing_in_span"


class TrackErased(Refused):
    """轨迹已依法删除：保存期限届满，密钥已经销毁，任何人不能再读出。这次申请已经记录。"""

    code, status = "track_erased", 410


class ExportStopped(Refused):
    """导出中断：登录已经结束、权限已经变更，或者用时过长。文件不完整，不能使用。"""

    code = "export_stopped"


class ExportsBusy(Refused):
    """同时进行的导出过多，请稍后再试。"""

    code, status = "exports_busy", 503


class BadLine(BadInput):
    """界线不能使用：{reason}。"""

    code = "bad_line"


class ShiftedLine(BadLine):
    """界线像是 GCJ-02：比现用界线偏{direction}约 {shift_m} m。请先转换为 WGS-84 再导入。"""

    code = "shifted_line"


# constraint → what it means, by which article
CONSTRAINTS = {
    "measure_no_overlap": ("同一时间对同一人只能有一项电子定位措施", "社区矫正法29条"),
    "measure_three_months": ("电子定位措施每次不得超过三个月", "社区矫正法29条"),
    "measure_in_order": ("止时须晚于批准时间", "社区矫正法29条"),
    "measure_has_reasons": ("批准须写明理由", "社区矫正法29条"),
    "extension_has_assessment": ("延长须先评估", "社区矫正法29条"),
    "proof_carries_one_measure": ("该证明已用于一项措施，继续使用须评估后延长", "社区矫正法29条"),
    "extended_once": ("该措施已经延长过，请延长最后一次的措施", "社区矫正法29条"),
    "device_bound_once": ("该装置正由他人佩戴", "社区矫正法29条"),
    "measure_one_device": ("本人已佩戴一台装置", "社区矫正法29条"),
    "binding_in_order": ("取下时间早于佩戴时间", "社区矫正法29条"),
    "clause_has_source": ("限制条款须有内容、依据和出处", "社区矫正法34条"),
    "clause_has_its_place": ("限制条款须有范围、来源、日期和界线误差", "社区矫正法34条"),
    "clause_timetable_form": ("时间表须为一周 168 个小时", "社区矫正法34条"),
    "timetable_clause_has_hours": ("时间条款须有时间表", "社区矫正法34条"),
    "fence_has_source_and_error": ("电子围栏须有来源和界线误差", "社区矫正法29条"),
    "fence_has_one_line": ("电子围栏须有且只有一条线", "社区矫正法29条"),
    "exception_in_order": ("止时须晚于起时", "社区矫正法27条"),
    "one_line_in_force": ("同一范围只能有一条现行界线", "社区矫正法27条"),
}
_WITH_ARTICLE = re.compile(r"^(?P<reason>.+)（(?P<article>[^（）]+)）$")


@contextmanager
def lawfully() -> Iterator[None]:
    """Run a savepoint; what the database refuses by law becomes NotLawful with reason and article."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        found = _refusal(error)
        if found is None:
            raise
        raise NotLawful(reason=found[0], article=found[1]) from error


def _refusal(error: IntegrityError) -> tuple[str, str] | None:
    diag = getattr(error.__cause__, "diag", None)
    if diag is None:
        return None
    if diag.constraint_name in CONSTRAINTS:
        return CONSTRAINTS[diag.constraint_name]
    said = _WITH_ARTICLE.match(diag.message_primary or "")
    return (said["reason"], said["article"]) if said else None


class RetentionUnlawful(BadInput):
    """保存期限不能这样定：{reason}。"""

    code, status = "retention_unlawful", 409
