"""Frames of JT/T 808: delimiters, escapes, checksum, header; and the splitter of a byte stream.

`7E | header | body | checksum | 7E`, big-endian; the checksum is the XOR of header and body. Bit 14 of the
body attributes announces the 2019 header, but some devices set it over a 2013 header: the length decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sifang.gateways.jt808.errors import BadChecksum, BadEscape, BadLength
from sifang.monitoring.intake.fixes import BadFrame

DELIMITER = 0x7E
ESCAPE = 0x7D
MAX_BODY = 1023  # ten bits of length
MAX_FRAME = 2 * (21 + MAX_BODY + 1)  # every byte escaped, without the delimiters
LENGTH_BITS, ENCRYPTION_BITS, SUBPACKAGED, VERSION_2019 = 0x03FF, 0x1C00, 0x2000, 0x4000
HEADER_2013, HEADER_2019, PACKAGE_FIELDS = 12, 17, 4
FIELD_2013 = 6
IMEI_14 = range(10**13, 10**14)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a frame. `layout` 2011 and 2013 are both "2013". `total` 0: not sub-packaged."""

    message_id: int
    layout: str
    terminal: str
    serial: int
    encryption: int = 0
    total: int = 0
    number: int = 0
    version: int = 1

    @property
    def device(self) -> str:
        """The terminal number as registers hold it: leading zeros removed."""
        return self.terminal.lstrip("0") or "0"


@dataclass(frozen=True, slots=True)
class Frame:
    """One verified frame: header, and body as sent (perhaps encrypted, perhaps one sub-package)."""

    header: Header
    body: bytes


def checksum(data: bytes) -> int:
    """Return the XOR of all bytes (folded in halves, a tenth of the time of a loop)."""
    size = 1 << max(len(data) - 1, 0).bit_length()
    value = int.from_bytes(data, "little")
    while size > 1:
        size >>= 1
        value = (value ^ (value >> (8 * size))) & ((1 << (8 * size)) - 1)
    return value


def escape(data: bytes) -> bytes:
    return data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(data: bytes) -> bytes:
    """Undo the escapes. Raises BadEscape for 7D before anything but 01 and 02."""
    if ESCAPE not in data:
        return data
    if data.count(b"\x7d") != data.count(b"\x7d\x01") + data.count(b"\x7d\x02"):
        raise BadEscape("7D is followed by neither 01 nor 02")
    return data.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def encode_frame(header: Header, body: bytes) -> bytes:
    """Return the frame as it goes on the wire. Raises BadLength for a body that needs sub-packages."""
    if len(body) > MAX_BODY:
        raise BadLength(f"body of {len(body)} bytes")
    whole = _before_serial(header, len(body)) + header.serial.to_bytes(2, "big")
    if header.total:
        whole += header.total.to_bytes(2, "big") + header.number.to_bytes(2, "big")
    whole += body
    return b"\x7e" + escape(whole + bytes([checksum(whole)])) + b"\x7e"


def _before_serial(header: Header, size: int) -> bytes:
    """Return the header's bytes up to the serial, for a body of `size` bytes."""
    attributes = size | header.encryption << 10 | (SUBPACKAGED if header.total else 0)
    message_id = header.message_id.to_bytes(2, "big")
    if header.layout == "2019":
        start = (attributes | VERSION_2019).to_bytes(2, "big") + bytes([header.version])
        return message_id + start + bytes.fromhex(header.terminal.rjust(20, "0"))
    return message_id + attributes.to_bytes(2, "big") + _field_2013(header.terminal)


def start_of_frame(message_id: int, layout: str, terminal: str, size: int) -> bytes:
    """Return the bytes of a plain message before its serial, for a body of `size` bytes."""
    return _before_serial(Header(message_id, layout, terminal, 0), size)


@lru_cache(maxsize=10_000)
def _start_of(message_id: int, layout: str, terminal: str, size: int) -> tuple[bytes, int]:
    start = start_of_frame(message_id, layout, terminal, size)
    return start, checksum(start)


def encode_short(message_id: int, layout: str, terminal: str, serial: int, body: bytes) -> bytes:
    """Return what `encode_frame` would of a plain message of few bytes; for answers, one per position."""
    start, folded = _start_of(message_id, layout, terminal, len(body))
    rest = serial.to_bytes(2, "big") + body
    for byte in rest:
        folded ^= byte
    return b"\x7e" + escape(start + rest + bytes((folded,))) + b"\x7e"


@lru_cache(maxsize=10_000)
def terminal_number(field: bytes) -> str:
    """Return the BCD digits as sent, leading zeros kept; for binary fields the hex itself.

    Six binary bytes may hold fourteen digits of an IMEI (jt808.md e-7, hazard 6): then the whole IMEI.
    """
    digits = field.hex()
    imei = int.from_bytes(field, "big")
    if digits.isdecimal() or len(field) != FIELD_2013 or imei not in IMEI_14:
        return digits
    return f"{imei}{luhn_digit(str(imei))}"


def _field_2013(terminal: str) -> bytes:
    """Return the six bytes by which a terminal of 2013 calls itself."""
    if len(terminal) > 2 * FIELD_2013:
        return int(terminal[:-1]).to_bytes(FIELD_2013, "big")
    return bytes.fromhex(terminal.rjust(2 * FIELD_2013, "0"))


def luhn_digit(digits: str) -> int:
    """Return the check digit that completes an IMEI."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 (digits above nine: the Luhn rule)
    return -total % 10


def read_header(data: bytes) -> tuple[Header, int]:
    """Return the header of unescaped bytes (without checksum) and where the body begins.

    Raises BadLength where the announced length fits neither layout; its `header` holds what could be read.
    """
    if len(data) < HEADER_2013:
        raise BadLength(f"{len(data)} bytes are shorter than a header")
    attributes = int.from_bytes(data[2:4], "big")
    extra = PACKAGE_FIELDS if attributes & SUBPACKAGED else 0
    body = attributes & LENGTH_BITS
    if attributes & VERSION_2019 and len(data) != HEADER_2013 + extra + body:
        base = HEADER_2019
    else:
        base = HEADER_2013
    if len(data) < base + extra:
        raise BadLength(f"{len(data)} bytes are shorter than a header")
    header = _header_at(data, attributes, base)
    if len(data) != base + extra + body:
        raise BadLength(f"length field {body}, body {len(data) - base - extra}", header=header)
    return header, base + extra


def _header_at(data: bytes, attributes: int, base: int) -> Header:
    total = number = 0
    if attributes & SUBPACKAGED:
        total = int.from_bytes(data[base : base + 2], "big")
        number = int.from_bytes(data[base + 2 : base + 4], "big")
    is_2019 = base == HEADER_2019
    return Header(
        message_id=int.from_bytes(data[:2], "big"),
        layout="2019" if is_2019 else "2013",
        terminal=terminal_number(data[5:15] if is_2019 else data[4:10]),
        serial=int.from_bytes(data[base - 2 : base], "big"),
        encryption=(attributes & ENCRYPTION_BITS) >> 10,
        total=total,
        number=number,
        version=data[4] if is_2019 else 0,
    )


def parse_frame(between: bytes) -> Frame:
    """Return the frame whose bytes between the delimiters are given.

    Raises BadEscape, BadChecksum, BadLength or BadFrame; `data["header"]` where the header could be read.
    """
    whole = unescape(between)
    if not whole:
        raise BadFrame("empty frame")
    data = whole[:-1]
    if checksum(data) != whole[-1]:
        raise BadChecksum(f"{whole[-1]:02x}, computed {checksum(data):02x}", header=_try_header(data))
    header, start = read_header(data)
    if data[2] & SUBPACKAGED >> 8 and not 1 <= header.number <= header.total:
        raise BadFrame(f"sub-package {header.number} of {header.total}", header=header)
    return Frame(header, data[start:])


def _try_header(data: bytes) -> Header | None:
    try:
        return read_header(data)[0]
    except BadLength as error:
        found = error.data.get("header")
        return found if isinstance(found, Header) else None


class Splitter:
    """Cuts a stream into frames; bytes between frames are dropped and counted, the buffer is bounded.

    After a frame that does not verify, its closing delimiter is taken for an opening one too, so that a
    lost delimiter costs one frame and not the phase of the whole stream.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._open = False
        self.dropped = 0
        self.last = b""  # what stood between the delimiters of the frame told last

    @property
    def rest(self) -> bytes:
        """The bytes of a frame that is not complete."""
        return bytes(self._buffer)

    @property
    def is_open(self) -> bool:
        """Whether the last delimiter opens a frame."""
        return self._open

    def go_on(self, rest: bytes, *, is_open: bool) -> None:
        """Take over the state in which another reader of the same stream stopped."""
        self._buffer[:] = rest
        self._open = is_open

    def feed(self, data: bytes) -> Iterator[Frame | BadFrame]:
        """Yield what the new bytes complete, in order."""
        self._buffer += data
        start = 0
        while (end := self._buffer.find(DELIMITER, start)) >= 0:
            between = bytes(self._buffer[start:end])
            start = end + 1
            result = self._close(between)
            if result is not None:
                self.last = between
                yield result
        del self._buffer[:start]
        if len(self._buffer) > MAX_FRAME:
            self.dropped += len(self._buffer)
            self._buffer.clear()
            if self._open:
                self._open = False
                yield BadLength(f"no end within {MAX_FRAME} bytes")

    def _close(self, between: bytes) -> Frame | BadFrame | None:
        """Judge the bytes before a delimiter; decide whether that delimiter opens the next frame."""
        was_open, self._open = self._open, True
        if not between:
            return None
        try:
            frame = parse_frame(between)
        except BadFrame as error:
            if was_open and len(between) <= MAX_FRAME:
                return error
            self.dropped += len(between)
            return None
        self._open = False
        return frame
