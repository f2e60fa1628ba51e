"""What can go wrong with persons, orders, officers and their powers."""

from sifang.kernel.errors import BadInput, Refused, SifangError


class WrongRole(SifangError):
    """系统用途 {purpose} 不属于当前数据库角色。"""

    code, status = "wrong_role", 500


class NotForThisType(Refused):
    """{type}不适用{what}（{article}）。"""

    code = "not_for_this_type"


class TermMismatch(Refused):
    """文书载明的期限与规则不符：{reason}（{article}）。"""

    code = "term_mismatch"


class NoStanding(Refused):
    """{agency}不能作出{type}决定（{article}）。"""

    code = "no_standing"


class BadDelegation(BadInput):
    """授权的止期必须晚于起期。"""

    code = "bad_delegation"


class NotReceivable(Refused):
    """不能办理：{reason}。"""

    code = "not_receivable"


class NotSealable(Refused):
    """犯罪记录不能封存：{reason}（刑事诉讼法286条）。"""

    code = "not_sealable"
