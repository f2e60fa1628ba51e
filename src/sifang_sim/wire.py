"""JT/T 808 as a device speaks it: frames out of messages and messages out of frames.

Written apart from the platform's decoder on purpose: a mistake in one of them shows in the other.
Byte order big-endian, text GBK, times BCD in GMT+8, positions in 1e-6 degrees (WGS-84).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import xor

CHINA = timezone(timedelta(hours=8))

REGISTER, REGISTER_ANSWER = 0x0100, 0x8100
AUTHENTICATE, ACK_DOWN, ACK_UP = 0x0102, 0x8001, 0x0001
HEARTBEAT, LOGOUT, LOCATION, BATCH = 0x0002, 0x0003, 0x0200, 0x0704
SET_PARAMETERS, QUERY_PARAMETERS, PARAMETERS = 0x8103, 0x8104, 0x0104
QUERY_ATTRIBUTES, ATTRIBUTES, QUERY_LOCATION, LOCATION_ANSWER = 0x8107, 0x0107, 0x8201, 0x0201
TEXT, QUERY_SOME_PARAMETERS = 0x8300, 0x8106

ALARM_SOS, ALARM_POWER_LOW = 1 << 0, 1 << 7
STATUS_LOCATED, STATUS_GPS, STATUS_BEIDOU = 1 << 1, 1 << 18, 1 << 19


@dataclass(frozen=True)
class Message:
    """One message down from the platform."""

    id: int
    serial: int
    body: bytes


@dataclass(frozen=True)
class Report:
    """What a location report says; `source` is how the device found the place."""

    taken_s: int
    lon: float
    lat: float
    speed_kmh: float = 0.0
    course: int = 0
    alarm: int = 0
    located: bool = True
    battery_pct: int = 100
    satellites: int = 12


@dataclass
class Codec:
    """Frames of one device: its phone number, its header version, its running serial number."""

    terminal: str
    version: int = 2013
    serial: int = 0
    _tail: bytearray = field(default_factory=bytearray)

    def frame(self, message: int, body: bytes) -> tuple[int, bytes]:
        """Return the serial number given to this message and its escaped frame."""
        serial, self.serial = self.serial, (self.serial + 1) & 0xFFFF
        if self.version == 2019:
            head = struct.pack(">HHB", message, 1 << 14 | len(body), 1) + bytes.fromhex(
                self.terminal.zfill(20)
            )
        else:
            head = struct.pack(">HH", message, len(body)) + bytes.fromhex(self.terminal.zfill(12))
        raw = head + struct.pack(">H", serial) + body
        raw += bytes([reduce(xor, raw)])
        return serial, b"\x7e" + raw.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the whole messages in what arrived; frames with a wrong checksum are dropped."""
        self._tail += data
        *whole, rest = bytes(self._tail).split(b"\x7e")
        self._tail = bytearray(rest)
        for piece in whole:
            raw = piece.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
            if len(raw) < 13 or reduce(xor, raw):
                continue
            message, attributes = struct.unpack_from(">HH", raw)
            head = 15 if attributes & 1 << 14 else 10
            (serial,) = struct.unpack_from(">H", raw, head)
            yield Message(message, serial, raw[head + 2 : -1])


def _text(value: str, size: int) -> bytes:
    return value.encode("gbk")[:size].ljust(size, b"\0")


def register(version: int, maker: str, model: str, terminal: str) -> bytes:
    """Body of 0x0100; province 37, city 0100, plate colour 0 (a person has none)."""
    sizes = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}[version]
    fields = zip((maker, model, terminal[-7:]), sizes, strict=True)
    return (
        struct.pack(">HH", 37, 100)
        + b"".join(_text(v, n) for v, n in fields)
        + b"\0"
        + terminal[-8:].encode()
    )


def authenticate(version: int, code: str, imei: str) -> bytes:
    """Body of 0x0102: the code alone, or (2019) code, IMEI and software version."""
    text = code.encode("gbk")
    if version != 2019:
        return text
    return bytes([len(text)]) + text + _text(imei, 15) + _text("SIM-1.0", 20)


def location(report: Report) -> bytes:
    """Body of 0x0200 with mileage, signal, satellites and battery items."""
    status = STATUS_GPS | STATUS_BEIDOU | (STATUS_LOCATED if report.located else 0)
    when = datetime.fromtimestamp(report.taken_s, UTC).astimezone(CHINA)
    basic = struct.pack(
        ">IIIIHHH",
        report.alarm,
        status,
        round(report.lat * 1e6),
        round(report.lon * 1e6),
        40,
        round(report.speed_kmh * 10),
        report.course % 360,
    )
    items = bytes(
        [0x30, 1, 24, 0x31, 1, report.satellites, 0x56, 2, report.battery_pct // 10, report.battery_pct]
    )
    return basic + bytes.fromhex(when.strftime("%y%m%d%H%M%S")) + items


def batch(reports: list[Report]) -> bytes:
    """Body of 0x0704, type 1: what could not be sent when it was taken (blind-spot replay)."""
    parts = [location(r) for r in reports]
    return struct.pack(">HB", len(parts), 1) + b"".join(struct.pack(">H", len(p)) + p for p in parts)


def ack(message: Message, result: int = 0) -> bytes:
    """Body of 0x0001: the device's general answer."""
    return struct.pack(">HHB", message.serial, message.id, result)


def attributes(version: int, maker: str, model: str, terminal: str, iccid: str) -> bytes:
    """Body of 0x0107; ICCID as BCD[10]."""
    sizes = (11, 30, 30) if version == 2019 else (5, 20, 7)
    fields = zip((maker, model, terminal[-7:]), sizes, strict=True)
    head = struct.pack(">H", 1) + b"".join(_text(v, n) for v, n in fields)
    digits = "".join(c for c in iccid if c.isdigit())[:20].zfill(20)
    return head + bytes.fromhex(digits) + b"\x03H-1" + b"\x05S-1.0" + b"\x0b\x03"


def parameters(answer_to: Message, values: dict[int, int]) -> bytes:
    """Body of 0x0104: the device's parameters as it applies them (DWORD each)."""
    items = b"".join(struct.pack(">IBI", key, 4, value) for key, value in values.items())
    return struct.pack(">HB", answer_to.serial, len(values)) + items


def read_parameters(body: bytes) -> dict[int, int]:
    """DWORD parameters of a 0x8103 body; others are passed over."""
    values, at = {}, 1
    while at + 5 <= len(body):
        key, size = struct.unpack_from(">IB", body, at)
        if size == 4 and at + 9 <= len(body):
            (values[key],) = struct.unpack_from(">I", body, at + 5)
        at += 5 + size
    return values
