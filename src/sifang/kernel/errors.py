"""What can go wrong, one class for each thing a caller may want to treat differently."""

from typing import ClassVar


class SifangError(Exception):
    """出现错误。"""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__((type(self).__doc__ or "").format(**data))


class NotFound(SifangError):
    """没有找到。"""

    code, status = "not_found", 404


class BeyondPower(SifangError):
    """此项权限属于{owner}（{article}）。"""

    code, status = "beyond_power", 403


class Refused(SifangError):
    """{reason}"""

    code, status = "refused", 409


class BadInput(SifangError):
    """{reason}"""

    code, status = "bad_input", 400
