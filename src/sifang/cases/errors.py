"""What can go wrong in a case."""

from sifang.kernel.errors import SifangError


class NothingExpected(SifangError):
    """没有这项应办事项：{kind}。"""

    code, status = "nothing_expected", 409


class AlreadyOpen(SifangError):
    """该决定已经立案。"""

    code, status = "case_already_open", 409
