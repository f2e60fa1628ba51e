"""The decoder of JT/T 808: bytes in, a message out; pure, and it raises nothing but `BadFrame`.

`decode_line` is `sifang decode jt808`: one hex frame, with its delimiters, in; one JSON object out.
"""

from dataclasses import dataclass, field
from typing import Any

from sifang.gateways.jt808.errors import Encrypted, UnknownMessage
from sifang.gateways.jt808.frame import DELIMITER, Frame, Header, parse_frame
from sifang.gateways.jt808.messages import down, up
from sifang.gateways.jt808.messages.location import (
    FIXED_PART,
    Location,
    fix_or_error,
    read_batch,
    read_location,
)
from sifang.gateways.jt808.reader import Reader
from sifang.monitoring.intake.fixes import BadFrame

LOCATION, LOCATION_ANSWER, BATCH, MEDIA = 0x0200, 0x0201, 0x0704, 0x0801
SIMPLE = up.UP | down.READ
KNOWN = frozenset(SIMPLE) | {LOCATION, LOCATION_ANSWER, BATCH, MEDIA}


@dataclass(frozen=True, slots=True)
class Message:
    """One message understood. `locations` in their order, a bad item of a batch as its error.

    A sub-package alone has neither body nor locations.
    """

    header: Header
    body: dict[str, Any] = field(default_factory=dict)
    locations: list[Location | BadFrame] = field(default_factory=list)

    @property
    def is_partial(self) -> bool:
        return self.header.total > 1

    def as_json(self) -> dict[str, Any]:
        """Return the form that `sifang decode jt808` prints."""
        header = self.header
        told = {
            "message_id": f"{header.message_id:04x}",
            "header": header.layout,
            "terminal": header.terminal,
            "serial": header.serial,
            "fixes": [fix_or_error(one) for one in self.locations],
            "body": self.body,
        }
        return told | (
            {"partial": {"total": header.total, "number": header.number}} if self.is_partial else {}
        )


def decode_frame(frame: Frame) -> Message:
    """Return the message of a verified frame; a sub-package alone stays unread.

    Raises Encrypted, UnknownMessage, BadLength; the header stands in the error's data.
    """
    header = frame.header
    if header.encryption:
        raise Encrypted(f"encryption {header.encryption:03b}", header=header)
    if header.message_id not in KNOWN:
        raise UnknownMessage(f"{header.message_id:04x}", header=header)
    if header.total > 1:
        return Message(header)
    return decode_body(header, frame.body)


def decode_body(header: Header, body: bytes) -> Message:
    """Return the message of a whole (perhaps reassembled) body. Raises UnknownMessage, BadLength."""
    reader = Reader(body, header.layout)
    try:
        fields, locations = _read(header.message_id, reader)
    except BadFrame as error:
        error.data.setdefault("header", header)
        raise
    if reader.left:
        fields["rest"] = reader.rest().hex()
    return Message(header, fields, locations)


def _read(message_id: int, reader: Reader) -> tuple[dict[str, Any], list[Location | BadFrame]]:
    if message_id == LOCATION:
        location = read_location(reader.rest())
        return location.extras(), [location]
    if message_id == LOCATION_ANSWER:
        serial = reader.u16()
        location = read_location(reader.rest())
        return {"ack_serial": serial} | location.extras(), [location]
    if message_id == BATCH:
        return read_batch(reader)
    if message_id == MEDIA:
        return _read_media(reader)
    if message_id not in SIMPLE:
        raise UnknownMessage(f"{message_id:04x}")
    return SIMPLE[message_id](reader), []


def _read_media(reader: Reader) -> tuple[dict[str, Any], list[Location | BadFrame]]:
    """0x0801: as 0x0800, then (from 2013 on) the 28 bytes of a location, then the data."""
    body = up.read_media_event(reader)
    locations: list[Location | BadFrame] = []
    if reader.left >= FIXED_PART:
        locations = [read_location(reader.take(FIXED_PART))]
    return body | {"data": reader.rest().hex()}, locations


def frame_of_line(line: str) -> Frame:
    """Return the frame of one hex line. Raises BadFrame."""
    try:
        data = bytes.fromhex(line.strip())
    except ValueError:
        raise BadFrame("not hexadecimal") from None
    if len(data) < 2 or data[0] != DELIMITER or data[-1] != DELIMITER:  # noqa: PLR2004 (two delimiters)
        raise BadFrame("the delimiters 7e are missing")
    if DELIMITER in data[1:-1]:
        raise BadFrame("7e inside the frame: one frame per line")
    return parse_frame(data[1:-1])


def decode_line(line: str) -> dict[str, Any]:
    """Return what `sifang decode jt808` prints for one line; never raises."""
    try:
        return decode_frame(frame_of_line(line)).as_json()
    except BadFrame as error:
        header = error.data.get("header")
        told = error.as_json()
        if isinstance(header, Header):
            told |= {
                "message_id": f"{header.message_id:04x}",
                "terminal": header.terminal,
                "serial": header.serial,
            }
        return told
