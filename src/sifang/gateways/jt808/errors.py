"""What can be wrong with a JT/T 808 frame, one class each; all of them are `BadFrame`."""

from sifang.monitoring.intake.fixes import BadFrame


class BadChecksum(BadFrame):
    """校验码不符：{detail}"""

    code = "bad_checksum"


class BadLength(BadFrame):
    """长度不符：{detail}"""

    code = "bad_length"


class BadEscape(BadFrame):
    """转义不符：{detail}"""

    code = "bad_escape"


class UnknownMessage(BadFrame):
    """不认识的消息：{detail}"""

    code = "unknown_message"


class Encrypted(BadFrame):
    """消息体已加密，不予接收：{detail}"""

    code = "encrypted"
