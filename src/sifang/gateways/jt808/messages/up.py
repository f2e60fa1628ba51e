"""What a terminal sends besides locations: a body in, a dict of its fields out.

Where editions differ, the header's layout and the length of the body decide (jt808.md e-4).
"""

from collections.abc import Callable
from typing import Any

from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.messages.parameters import read_parameters
from sifang.gateways.jt808.reader import Reader

Body = dict[str, Any]
REGISTER_2011, REGISTER_2013, REGISTER_2019 = (5, 8, 7), (5, 20, 7), (11, 30, 30)
LEAST_2013 = 33  # maker, model, id, colour of 2013, and no plate
IMEI, SOFTWARE = 15, 20
CARD_STATUS = (1, 2)  # put in, taken out


def read_general_ack(reader: Reader) -> Body:
    """0x0001 and 0x8001."""
    return {"ack_serial": reader.u16(), "ack_id": f"{reader.u16():04x}", "result": reader.u8()}


def read_heartbeat(reader: Reader) -> Body:
    """0x0002: empty, or the variant battery %, signal, status."""
    if reader.left < 3:  # noqa: PLR2004 (the three bytes of the variant)
        return {}
    return {"battery_percent": reader.u8(), "signal": reader.u8(), "status": reader.u8()}


def read_register(reader: Reader) -> Body:
    """0x0100 of 2011, 2013 and 2019; the edition is told by layout and length."""
    body: Body = {"province": reader.u16(), "city": reader.u16()}
    edition, widths = _register_edition(reader)
    maker, model, terminal = (reader.text(width) for width in widths)
    plate = {"plate_colour": reader.u8(), "plate": reader.text(reader.left)}
    return body | {"edition": edition, "maker": maker, "model": model, "terminal_id": terminal} | plate


def _register_edition(reader: Reader) -> tuple[str, tuple[int, int, int]]:
    if reader.is_2019 and reader.left > sum(REGISTER_2019):
        return "2019", REGISTER_2019
    no_plate = reader.left == LEAST_2013 and reader.data[-1] == 0  # a band has colour 0 and no plate
    if reader.left > LEAST_2013 or no_plate:
        return "2013", REGISTER_2013
    return "2011", REGISTER_2011


def read_auth(reader: Reader) -> Body:
    """0x0102: 2013 the code to the end; 2019 length, code, IMEI[15], software version[20]."""
    if reader.is_2019 and reader.left and reader.left > reader.data[0] + IMEI:
        code = reader.counted_text()
        return {"code": code, "imei": reader.text(IMEI), "software": reader.text(min(reader.left, SOFTWARE))}
    return {"code": reader.text(reader.left)}


def read_parameter_answer(reader: Reader) -> Body:
    """0x0104."""
    return {"ack_serial": reader.u16(), **read_parameters(reader)}


def read_attributes(reader: Reader) -> Body:
    """0x0107. Sources disagree about the widths of 2019, so the one that fits the length is taken.

    Raises BadLength when none fits.
    """
    orders = (
        [(5, 30, 30), (11, 30, 30), (5, 20, 7)] if reader.is_2019 else [(5, 20, 7), (5, 30, 30), (5, 8, 7)]
    )
    for widths in orders:
        attempt = Reader(reader.data, reader.layout)
        try:
            body = _attributes(attempt, widths)
        except BadLength:
            continue
        if not attempt.left:
            reader.rest()
            return body
    raise BadLength(f"attributes of {reader.left} bytes fit no edition")


def _attributes(reader: Reader, widths: tuple[int, int, int]) -> Body:
    return {
        "type": reader.u16(),
        "maker": reader.text(widths[0]),
        "model": reader.text(widths[1]),
        "terminal_id": reader.text(widths[2]),
        "iccid": reader.digits(10),
        "hardware": reader.counted_text(),
        "firmware": reader.counted_text(),
        "gnss": reader.u8(),
        "network": reader.u8(),
    }


def read_upgrade_result(reader: Reader) -> Body:
    """0x0108."""
    return {"type": reader.u8(), "result": reader.u8()}


def read_driver_card(reader: Reader) -> Body:
    """0x0702: of 2013 and 2019 status and time first, of 2011 the name.

    The reading of 2011 is taken only where the other is none and it fits exactly.
    """
    begin = reader.at
    try:
        body = _driver_card(reader)
        if body["status"] in CARD_STATUS and str(body["time"]).isdecimal():
            return body
    except BadLength:
        body = {}
    after, reader.at = reader.at, begin
    try:
        of_2011 = _driver_card_2011(reader)
    except BadLength:
        of_2011 = {}
    if of_2011 and not reader.left:
        return of_2011
    reader.at = after
    if not body:
        raise BadLength(f"driver card of {len(reader.data)} bytes fits no edition")
    return body


def _driver_card_2011(reader: Reader) -> Body:
    return {
        "name": reader.counted_text(),
        "id_card": reader.text(20),
        "licence": reader.text(40),
        "institution": reader.counted_text(),
    }


def _driver_card(reader: Reader) -> Body:
    """Status, time in GMT+8, and, where read, the card."""
    body: Body = {"status": reader.u8(), "time": reader.digits(6)}
    if not reader.left:
        return body
    body["card_result"] = reader.u8()
    if not reader.left:
        return body
    body |= {"name": reader.counted_text(), "licence": reader.text(20), "institution": reader.counted_text()}
    body["valid_until"] = reader.digits(4)
    return body | ({"id_card": reader.text(20)} if reader.left else {})


def read_media_event(reader: Reader) -> Body:
    """0x0800."""
    return {
        "media_id": reader.u32(),
        "type": reader.u8(),
        "format": reader.u8(),
        "event": reader.u8(),
        "channel": reader.u8(),
    }


def read_transparent(reader: Reader) -> Body:
    """0x0900 and 0x8900."""
    return {"type": reader.u8(), "data": reader.rest().hex()}


def read_vendor_text(reader: Reader) -> Body:
    """0x6006, a vendor's text answer to 0x8300: encoding, text."""
    return {"encoding": reader.u8(), "text": reader.text(reader.left)}


def read_empty(_reader: Reader) -> Body:
    """A message without fields."""
    return {}


UP: dict[int, Callable[[Reader], Body]] = {
    0x0001: read_general_ack,
    0x0002: read_heartbeat,
    0x0003: read_empty,
    0x0004: read_empty,
    0x0100: read_register,
    0x0102: read_auth,
    0x0104: read_parameter_answer,
    0x0107: read_attributes,
    0x0108: read_upgrade_result,
    0x0702: read_driver_card,
    0x0800: read_media_event,
    0x0900: read_transparent,
    0x6006: read_vendor_text,
}
