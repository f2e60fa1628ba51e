"""What can go wrong in a case."""

from sifang.kernel.errors import SifangError


class NothingExpected(SifangError):
    """没有这项应办事项：{kind}。"""

    code, status = "nothing_expected", 409


class AlreadyOpen(SifangError):
    """该决定已经立案。"""

    code, status = "case_already_open", 409


class EditionChanged(SifangError):
    """「{name}」{edition} 版已经公布，不能改动；新的规定须另立新版。"""

    code, status = "edition_changed", 500


class BadAnswers(SifangError):
    """填写的内容需要更正：{words}"""

    code, status = "bad_answers", 400


class NotYourDispatch(SifangError):
    """只有收件机构能够签收或者提出异议。"""

    code, status = "not_your_dispatch", 403


class ReasonsMissing(SifangError):
    """「{step}」须写明事实和理由，并告知救济途径（{article}）。"""

    code, status = "reasons_missing", 400


class CourseEnded(SifangError):
    """矫正期已满或者已终止，不再监督管理（社区矫正法44条）。"""

    code, status = "course_ended", 409


class NotFromFuture(SifangError):
    """办理时间不能晚于现在。"""

    code, status = "not_from_future", 400
