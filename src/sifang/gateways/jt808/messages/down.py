"""What the platform sends: each message is read and written, so that what we send can be shown.

`read` gives a dict, `write` takes the same dict; `write_message(id, body, layout)` gives the bytes of the
body for a 2013 or 2019 terminal. Texts are GBK.
"""

from collections.abc import Callable
from typing import Any

from sifang.gateways.jt808.errors import BadLength, UnknownMessage
from sifang.gateways.jt808.messages import regions
from sifang.gateways.jt808.messages.parameters import read_parameters, write_parameters
from sifang.gateways.jt808.messages.up import read_empty, read_general_ack
from sifang.gateways.jt808.reader import Reader, dword, word

Body = dict[str, Any]
RESULT_OK, RESULT_FAILED, RESULT_BAD, RESULT_UNSUPPORTED, RESULT_ALARM_CONFIRMED = 0, 1, 2, 3, 4
REGISTERED, TERMINAL_TAKEN, TERMINAL_UNKNOWN = 0, 3, 4
MAX_TEXT = 1000  # bytes of GBK in 0x8300, so that one frame holds it


def _write_general_ack(body: Body, _layout: str) -> bytes:
    return word(body["ack_serial"]) + bytes.fromhex(body["ack_id"]) + bytes([body["result"]])


def _read_resend(reader: Reader) -> Body:
    """0x8003; the count is a BYTE in 2013 and a WORD in 2019."""
    first = reader.u16()
    count = reader.u16() if reader.is_2019 else reader.u8()
    return {"first_serial": first, "numbers": [reader.u16() for _ in range(count)]}


def _write_resend(body: Body, layout: str) -> bytes:
    numbers = body["numbers"]
    count = len(numbers).to_bytes(2 if layout == "2019" else 1, "big")
    return word(body["first_serial"]) + count + b"".join(word(number) for number in numbers)


def _read_time(reader: Reader) -> Body:
    return {"time": reader.digits(6)}


def _write_time(body: Body, _layout: str) -> bytes:
    return bytes.fromhex(body["time"])


def _read_register_answer(reader: Reader) -> Body:
    body: Body = {"ack_serial": reader.u16(), "result": reader.u8()}
    return body | ({"code": reader.text(reader.left)} if body["result"] == REGISTERED else {})


def _write_register_answer(body: Body, _layout: str) -> bytes:
    code: str = body.get("code", "")
    return word(body["ack_serial"]) + bytes([body["result"]]) + code.encode("gbk", "replace")


def _write_set_parameters(body: Body, _layout: str) -> bytes:
    return write_parameters({int(one["id"], 16): bytes.fromhex(one["raw"]) for one in body["parameters"]})


def _read_control(reader: Reader) -> Body:
    """0x8105: command BYTE (4 reset, 5 factory), text."""
    return {"command": reader.u8(), "text": reader.text(reader.left)}


def _write_control(body: Body, _layout: str) -> bytes:
    text: str = body.get("text", "")
    return bytes([body["command"]]) + text.encode("gbk", "replace")


def _read_ids(reader: Reader) -> Body:
    return {"ids": [f"{reader.u32():04x}" for _ in range(reader.u8())]}


def _write_ids(body: Body, _layout: str) -> bytes:
    return bytes([len(body["ids"])]) + b"".join(dword(int(one, 16)) for one in body["ids"])


def _read_tracking(reader: Reader) -> Body:
    """0x8202; interval 0 stops, and may then come without the validity."""
    body: Body = {"interval_s": reader.u16()}
    return body | ({"validity_s": reader.u32()} if reader.left or body["interval_s"] else {})


def _write_tracking(body: Body, _layout: str) -> bytes:
    return word(body["interval_s"]) + dword(body.get("validity_s", 0))


def _read_alarm_confirm(reader: Reader) -> Body:
    return {"ack_serial": reader.u16(), "type": reader.u32()}


def _write_alarm_confirm(body: Body, _layout: str) -> bytes:
    return word(body["ack_serial"]) + dword(body["type"])


def _read_text(reader: Reader) -> Body:
    body: Body = {"flags": reader.u8()}
    if reader.is_2019:
        body["type"] = reader.u8()
    return body | {"text": reader.text(reader.left)}


def _write_text(body: Body, layout: str) -> bytes:
    text = str(body["text"]).encode("gbk", "replace")
    if len(text) > MAX_TEXT:
        raise BadLength(f"text of {len(text)} bytes")
    return bytes([body["flags"], *([body.get("type", 1)] if layout == "2019" else [])]) + text


def _write_nothing(_body: Body, _layout: str) -> bytes:
    return b""


READ: dict[int, Callable[[Reader], Body]] = {
    0x8001: read_general_ack,
    0x8003: _read_resend,
    0x8004: _read_time,
    0x8100: _read_register_answer,
    0x8103: read_parameters,
    0x8104: read_empty,
    0x8105: _read_control,
    0x8106: _read_ids,
    0x8107: read_empty,
    0x8201: read_empty,
    0x8202: _read_tracking,
    0x8203: _read_alarm_confirm,
    0x8300: _read_text,
    **regions.READ,
}
WRITE: dict[int, Callable[[Body, str], bytes]] = {
    0x8001: _write_general_ack,
    0x8003: _write_resend,
    0x8004: _write_time,
    0x8100: _write_register_answer,
    0x8103: _write_set_parameters,
    0x8104: _write_nothing,
    0x8105: _write_control,
    0x8106: _write_ids,
    0x8107: _write_nothing,
    0x8201: _write_nothing,
    0x8202: _write_tracking,
    0x8203: _write_alarm_confirm,
    0x8300: _write_text,
    **regions.WRITE,
}


def write_message(message_id: int, body: Body, layout: str) -> bytes:
    """Return the body of a message to a terminal. Raises UnknownMessage, BadLength."""
    if message_id not in WRITE:
        raise UnknownMessage(f"{message_id:04x}")
    return WRITE[message_id](body, layout)
