"""Reading and writing the fields of a message body; every shortage is a `BadLength`."""

from datetime import UTC, datetime, timedelta, timezone

from sifang.gateways.jt808.errors import BadLength
from sifang.monitoring.intake.fixes import BadValue

GMT8 = timezone(timedelta(hours=8))


class Reader:
    """Takes fields from the front of a body. `layout` is the header's: "2013" or "2019"."""

    def __init__(self, data: bytes, layout: str = "2013") -> None:
        self.data = data
        self.layout = layout
        self.at = 0

    @property
    def is_2019(self) -> bool:
        return self.layout == "2019"

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes. Raises BadLength when there are fewer."""
        if size > self.left:
            raise BadLength(f"body ends {size - self.left} bytes too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def u8(self) -> int:
        return self.number(1)

    def u16(self) -> int:
        return self.number(2)

    def u32(self) -> int:
        return self.number(4)

    def text(self, size: int) -> str:
        return gbk(self.take(size))

    def counted_text(self, size: int = 1) -> str:
        """Return a text that stands behind its own length of `size` bytes."""
        return self.text(self.number(size))

    def digits(self, size: int) -> str:
        """Return BCD digits (or, where a device sends other nibbles, the hex)."""
        return self.take(size).hex()

    def rest(self) -> bytes:
        return self.take(self.left)


def gbk(data: bytes) -> str:
    """Return GBK text without NUL padding on either side (Quectel pads on the left)."""
    return data.strip(b"\x00").decode("gbk", "replace")


def padded(text: str, size: int) -> bytes:
    """Return GBK bytes padded with NUL on the right. Raises BadLength when they do not fit."""
    data = text.encode("gbk", "replace")
    if len(data) > size:
        raise BadLength(f"{len(data)} bytes in a field of {size}")
    return data.ljust(size, b"\x00")


def counted(text: str, size: int = 1) -> bytes:
    """Return GBK bytes behind their own length of `size` bytes."""
    data = text.encode("gbk", "replace")
    if len(data) >= 1 << (8 * size):
        raise BadLength(f"text of {len(data)} bytes")
    return len(data).to_bytes(size, "big") + data


def word(value: int) -> bytes:
    return value.to_bytes(2, "big")


def dword(value: int) -> bytes:
    return value.to_bytes(4, "big")


def bcd_time(data: bytes) -> int:
    """Return the Unix seconds of BCD YYMMDDhhmmss in GMT+8. Raises BadValue for an impossible time."""
    digits = data.hex()
    try:
        year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
        moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=GMT8)
    except ValueError:  # no digits, or no such time
        raise BadValue(f"time {digits}") from None
    return int(moment.timestamp())


def time_bcd(seconds: int, *, utc: bool = False) -> bytes:
    """Return BCD YYMMDDhhmmss of Unix seconds, in GMT+8 unless `utc`."""
    zone = UTC if utc else GMT8
    return bytes.fromhex(datetime.fromtimestamp(seconds, zone).strftime("%y%m%d%H%M%S"))
