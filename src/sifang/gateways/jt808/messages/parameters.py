"""Terminal parameters: 0x8103 sets them, 0x0104 tells them, 0x8106 asks for some.

Known ids are typed by name and kind; others are hex as sent. `value` of a known number is an int, of a
known text a str; a value whose width does not fit its kind stays hex.
"""

from typing import Any

from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.reader import Reader, gbk

NUMBER, TEXT = "number", "text"
# id: (name, kind, bytes of the number)
KNOWN: dict[int, tuple[str, str, int]] = {
    0x0001: ("heartbeat_s", NUMBER, 4),
    0x0002: ("tcp_timeout_s", NUMBER, 4),
    0x0003: ("tcp_retries", NUMBER, 4),
    0x0010: ("apn", TEXT, 0),
    0x0011: ("apn_user", TEXT, 0),
    0x0012: ("apn_password", TEXT, 0),
    0x0013: ("server", TEXT, 0),
    0x0017: ("backup_server", TEXT, 0),
    0x0018: ("tcp_port", NUMBER, 4),
    0x0020: ("report_strategy", NUMBER, 4),
    0x0027: ("sleep_interval_s", NUMBER, 4),
    0x0028: ("emergency_interval_s", NUMBER, 4),
    0x0029: ("default_interval_s", NUMBER, 4),
    0x002C: ("default_distance_m", NUMBER, 4),
    0x0031: ("illegal_move_radius_m", NUMBER, 2),
    0x0050: ("alarm_mask", NUMBER, 4),
    0x0055: ("max_speed_kmh", NUMBER, 4),
    0x0056: ("overspeed_s", NUMBER, 4),
    0x0094: ("fix_output", NUMBER, 1),
    0x0095: ("fix_output_interval", NUMBER, 4),
}


def read_parameters(reader: Reader) -> dict[str, Any]:
    """Return {"count", "parameters"}: count BYTE, then id DWORD, length BYTE, value.

    Real devices announce more parameters than they send; what is there is returned.
    """
    count = reader.u8()
    found: list[dict[str, Any]] = []
    while reader.left and len(found) < count:
        identity = reader.u32()
        found.append(parameter_json(identity, reader.take(reader.u8())))
    return {"count": count, "parameters": found}


def parameter_json(identity: int, value: bytes) -> dict[str, Any]:
    """Return {"id", "name", "value", "raw"}; name and value only where known and of the known width."""
    name, kind, width = KNOWN.get(identity, ("", "", 0))
    told: dict[str, Any] = {"id": f"{identity:04x}"}
    if kind == TEXT:
        told |= {"name": name, "value": gbk(value)}
    elif kind == NUMBER and len(value) == width:
        told |= {"name": name, "value": int.from_bytes(value, "big")}
    return told | {"raw": value.hex()}


def parameter_bytes(identity: int, value: int | str | bytes) -> bytes:
    """Return the value of a parameter as it is sent. Raises BadLength when it does not fit.

    Numbers of unknown ids are sent as DWORD.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("gbk", "replace")
    width = KNOWN.get(identity, ("", NUMBER, 4))[2] or 4
    try:
        return value.to_bytes(width, "big")
    except OverflowError:
        raise BadLength(f"{value} in {width} bytes") from None


def write_parameters(values: dict[int, int | str | bytes]) -> bytes:
    """Return the body of 0x8103."""
    body = bytes([len(values)])
    for identity, value in values.items():
        data = parameter_bytes(identity, value)
        body += identity.to_bytes(4, "big") + bytes([len(data)]) + data
    return body
