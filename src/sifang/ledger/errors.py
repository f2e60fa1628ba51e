"""What can go wrong when an act is recorded."""

from sifang.kernel.errors import SifangError


class NotCanonical(SifangError):
    """记录不能写成规范字节：{reason}。"""

    code = "not_canonical"


class NoTransaction(SifangError):
    """记录必须与行为在同一事务中。"""

    code = "no_transaction"
