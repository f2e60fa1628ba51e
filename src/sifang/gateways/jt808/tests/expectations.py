"""What a sample of the shared folder expects, compared field by field with what the decoder says.

Each function returns the differences as sentences; an empty list means that everything agrees.
"""

import re

from sifang.gateways.jt808.decoder import KNOWN, decode_body, decode_frame, frame_of_line
from sifang.gateways.jt808.frame import Header
from sifang.gateways.jt808.messages.down import WRITE
from sifang.gateways.jt808.messages.location import Location
from sifang.monitoring.intake.fixes import BadFrame


def unequal(differences, name, expected, got):
    if expected != got:
        differences.append(f"{name}: expected {expected!r}, got {got!r}")


def decoded(text):
    try:
        return decode_frame(frame_of_line(text)), None
    except BadFrame as error:
        return None, error


def header_of(message, error):
    return message.header if message is not None else error.data.get("header")


def case_differences(case):
    if case["kind"] == "body_or_other":
        return body_differences(case)
    message, error = decoded(case["hex"])
    found = []
    derived = case.get("derived", {})
    if error is not None and error.code not in {"unknown_message", "encrypted"}:
        expected_error = derived_error(derived)
        unequal(found, "error", expected_error, error.code)
        if expected_error == error.code:
            return found
    header = header_of(message, error)
    if header is None:
        return found or ["header: cannot be read"]
    compare_header(found, header, derived)
    compare_go(found, header, case.get("go_jt808", {}))
    if message is not None:
        compare_derived_locations(found, message, derived)
    if "expected" in case:
        compare_yezhihao(found, case["expected"], message, header)
    compare_asserts(found, case, message, header)
    return found


def derived_error(derived):
    if not derived.get("checksum_ok", True):
        return "bad_checksum"
    if not derived.get("body_len_ok", True) or derived.get("short"):
        return "bad_length"
    return None


def compare_header(found, header, derived):
    if "msg_id" not in derived:
        return
    unequal(found, "message id", derived["msg_id"], f"{header.message_id:04x}")
    unequal(found, "header", derived["header"].split("/")[-1], header.layout)
    unequal(found, "terminal", derived["terminal"], header.terminal)
    unequal(found, "serial", derived["serial"], header.serial)
    unequal(found, "encryption", derived["encryption"], header.encryption)
    unequal(found, "sub-packaged", derived["subpackage"], header.total > 0)
    if derived["subpackage"]:
        unequal(found, "parts", (derived["pkg_total"], derived["pkg_no"]), (header.total, header.number))
    if "proto_version" in derived:
        unequal(found, "version", derived["proto_version"], header.version)


def compare_go(found, header, go):
    if "id" not in go:
        return
    unequal(found, "go: id", go["id"], f"{header.message_id:04x}")
    unequal(found, "go: phone", go["phone"].lstrip("0"), header.terminal.lstrip("0"))
    unequal(found, "go: serial", go["serial"], header.serial)
    unequal(found, "go: header", "2019" if go["proto"] == "JT2019" else "2013", header.layout)


def compare_derived_locations(found, message, derived):
    expected = derived.get("locations", [derived["location"]] if "location" in derived else [])
    if message.is_partial or not expected:
        return
    unequal(found, "locations", len(expected), len(message.locations))
    for told, location in zip(expected, message.locations, strict=False):
        compare_location(found, told, location)
    if "batch_count" in derived:
        unequal(found, "count", derived["batch_count"], message.body["count"])
        unequal(found, "type", derived["batch_kind"], message.body["type"])
    if "reply_serial" in derived:
        unequal(found, "ack serial", derived["reply_serial"], message.body["ack_serial"])


def compare_location(found, told, location):
    if not isinstance(location, Location):
        found.append(f"location: {location}")
        return
    for name in ("alarm_flags", "status_flags", "lat_raw", "lon_raw", "altitude_m"):
        unequal(found, name, told[name], getattr(location, name))
    unequal(found, "speed", told["speed_kmh"], location.speed_raw / 10)
    unequal(found, "course", told["course"], location.course_deg)
    unequal(found, "time", told["time_bcd"], location.time.hex())
    cut = [[item.value_id, item.value.hex()] for item in location.items]
    unequal(found, "items", told["tlv"], cut if told["tlv_ok"] else cut[: len(told["tlv"])])
    try:
        fix = location.fix()
    except BadFrame:
        if abs(told["lat"]) <= 90 and abs(told["lon"]) <= 180 and told["speed_kmh"] <= 1000:
            found.append("fix: refused although its values can be")
        return
    unequal(found, "located", told["located"], fix.located)
    if fix.located:
        unequal(found, "lat", told["lat"], fix.lat)
        unequal(found, "lon", told["lon"], fix.lon)
    if "satellites" in told:
        unequal(found, "satellites", told["satellites"], fix.satellites)
    named = {one.get("name"): one.get("value") for one in location.extras()["items"]}
    for ours, theirs in (
        ("mileage_km", "mileage_km"),
        ("fuel_l", "fuel_l"),
        ("recorder_speed_kmh", "recorder_speed_kmh"),
        ("signals", "ext_signal"),
        ("io_status", "io_status"),
        ("signal", "rssi"),
    ):
        if theirs in told:
            unequal(found, ours, told[theirs], named.get(ours))


# ---- yezhihao: the decoded JSON

SAME = {
    "responseSerialNo": "ack_serial",
    "resultCode": "result",
    "token": "code",
    "provinceId": "province",
    "cityId": "city",
    "makerId": "maker",
    "deviceModel": "model",
    "deviceId": "terminal_id",
    "plateColor": "plate_colour",
    "plateNo": "plate",
    "imei": "imei",
    "softwareVersion": "software",
    "deviceType": "type",
    "iccid": "iccid",
    "hardwareVersion": "hardware",
    "firmwareVersion": "firmware",
    "gnssAttribute": "gnss",
    "networkAttribute": "network",
    "type": "type",
    "result": "result",
    "status": "status",
    "dateTime": "time",
    "cardStatus": "card_result",
    "name": "name",
    "licenseNo": "licence",
    "institution": "institution",
    "licenseValidPeriod": "valid_until",
    "idCard": "id_card",
    "total": "count",
    "format": "format",
    "event": "event",
    "channelId": "channel",
    "packet": "data",
    "command": "command",
    "parameter": "text",
    "interval": "interval_s",
    "validityPeriod": "validity_s",
    "sign": "flags",
    "content": "text",
    "action": "action",
    "attribute": "attribute",
    "radius": "radius_m",
    "maxSpeed": "max_speed_kmh",
    "duration": "duration_s",
    "nightMaxSpeed": "night_speed_kmh",
    "routeId": "segment_id",
    "width": "width_m",
    "upperLimit": "longest_s",
    "lowerLimit": "shortest_s",
}
MICRO = {
    "latitude": "lat",
    "longitude": "lon",
    "latitudeUL": "lat_upper_left",
    "longitudeUL": "lon_upper_left",
    "latitudeLR": "lat_lower_right",
    "longitudeLR": "lon_lower_right",
}
LISTS = ("regions", "points", "turnings")
HEADER = {"messageId", "properties", "protocolVersion", "clientId", "serialNo", "verified"}


def compare_yezhihao(found, expected, message, header):
    unequal(found, "messageId", expected["messageId"], header.message_id)
    unequal(found, "clientId", expected["clientId"], header.terminal)
    unequal(found, "serialNo", expected["serialNo"], header.serial)
    unequal(found, "protocolVersion", expected["protocolVersion"], header.version)
    fields = {name: value for name, value in expected.items() if name not in HEADER}
    if message is None:
        if fields:
            found.append(f"fields not read: {', '.join(sorted(fields))}")
        return
    if message.locations:
        compare_yezhihao_locations(found, fields, message)
    if header.message_id == 0x8300 and header.layout == "2013":
        unequal(found, "type", 0, fields.pop("type"))  # the 2013 text has no type; the sample shows a default
    compare_fields(found, fields, message.body, header)


def compare_yezhihao_locations(found, fields, message):
    told = fields.pop("items", None) or [fields.pop("location", fields)]
    unequal(found, "locations", len(told), len(message.locations))
    for one, location in zip(told, message.locations, strict=False):
        for theirs, ours in (
            ("warnBit", "alarm_flags"),
            ("statusBit", "status_flags"),
            ("latitude", "lat_raw"),
            ("longitude", "lon_raw"),
            ("altitude", "altitude_m"),
            ("speed", "speed_raw"),
            ("direction", "course_deg"),
        ):
            unequal(found, theirs, one.pop(theirs), getattr(location, ours))
        unequal(found, "deviceTime", digits_of(one.pop("deviceTime")), location.time.hex())
        items = {str(item.id): item.as_json() for item in location.items}
        for identity, value in one.pop("attributes", {}).items():
            unequal(found, f"item {identity}", yezhihao_item(value), plain_item(items[identity]))


def digits_of(text):
    return re.sub(r"[^0-9]", "", text)[2:]


def yezhihao_item(value):
    if not isinstance(value, dict):
        return value
    return value["value"] if "value" in value else list(value.values())


def plain_item(item):
    """The raw number, or the list of the fields."""
    value = item.get("value", f"raw {item['raw']}")
    if isinstance(value, dict) and item["name"] == "analog":
        return int(item["raw"], 16)
    if isinstance(value, dict):
        return list(value.values())
    return round(value * 10) if isinstance(value, float) else value


def compare_fields(found, fields, body, header):  # noqa: C901 (one rule for each name)
    for name, value in fields.items():
        if name in {"startTime", "endTime"}:
            unequal(found, name, digits_of(value), body.get("start" if name == "startTime" else "end"))
        elif name == "responseMessageId":
            unequal(found, name, f"{value:04x}", body.get("ack_id"))
        elif name == "id" and isinstance(value, list):
            ours = body.get("numbers", body.get("ids"))
            unequal(found, name, value, [int(one, 16) if isinstance(one, str) else one for one in ours])
        elif name == "id":
            unequal(
                found, name, value, body.get("media_id" if header.message_id in {0x0800, 0x0801} else "id")
            )
        elif name == "responseSerialNo" and header.message_id == 0x8003:
            unequal(found, name, value, body.get("first_serial"))
        elif name in {"items", "points"}:
            ours = next(body[one] for one in LISTS if one in body)
            unequal(found, f"{name}: number", len(value), len(ours))
            for theirs, mine in zip(value, ours, strict=False):
                compare_fields(found, theirs, mine, header)
        elif name in MICRO:
            unequal(found, name, value, round(body.get(MICRO[name], -1) * 1_000_000))
        elif name == "parameters":
            compare_parameters(found, value, body["parameters"])
        elif name in SAME:
            unequal(found, name, value, body.get(SAME[name]))
        else:
            found.append(f"{name}: {value!r} has no counterpart")


def compare_parameters(found, told, ours):
    by_id = {str(int(one["id"], 16)): one for one in ours}
    unequal(found, "parameters", sorted(told), sorted(by_id))
    for identity, value in told.items():
        if isinstance(value, dict):
            found.append(f"parameter {identity}: structure kept as hex")
        else:
            unequal(found, f"parameter {identity}", value, by_id.get(identity, {}).get("value"))


# ---- SmallChi: the pairs of its assertions, where a rule maps them


def literal(text):
    text = text.strip().removeprefix("(uint)").removeprefix("(ushort)").removeprefix("(ulong)")
    if text.startswith(("DateTime.Parse(", "Convert.ToDateTime(")):
        return digits_of(text)
    if text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if text.startswith("Enums.JT808MsgId._0x"):
        return int(text.removeprefix("Enums.JT808MsgId._0x")[:4], 16)
    if text.startswith("(0x") and "|" in text:
        return sum(int(part, 16) for part in text.strip("()").split("|"))
    try:
        return int(text.removesuffix("u"), 0)
    except ValueError:
        return None


def smallchi_value(expression, message, header):  # noqa: PLR0911 (one rule for each name)
    """What we say to the last name of a C# expression, or None where no rule maps it."""
    name = expression.split(".")[-1].split("(")[0]
    if ".TrimStart" in expression:
        name = expression.split(".")[-2]
    known = {
        "MsgId": header.message_id,
        "MsgNum": header.serial,
        "TerminalPhoneNo": header.terminal.lstrip("0"),
        "ProtocolVersion": header.version,
        "PackageIndex": header.number or None,
        "PackgeCount": header.total or None,
    }
    if "Header." in expression or name in {"PackageIndex", "PackgeCount"}:
        return known.get(name)
    if message is None:
        return None
    body = message.body
    registered = {
        "AreaID": body.get("province"),
        "CityOrCountyId": body.get("city"),
        "PlateColor": body.get("plate_colour"),
        "PlateNo": body.get("plate"),
        "MakerId": str(body.get("maker", "")).lstrip("0"),
        "TerminalId": str(body.get("terminal_id", "")).lstrip("0"),
        "TerminalModel": str(body.get("model", "")).lstrip("0"),
        "AnswerParamsCount": body.get("count"),
        "IC_Card_Status": body.get("status"),
        "IC_Card_PlugDateTime": body.get("time"),
        "IC_Card_ReadResult": body.get("card_result"),
        "DriverUserName": body.get("name"),
        "QualificationCode": body.get("licence"),
        "LicenseIssuing": body.get("institution"),
        "CertificateExpiresDate": str(body.get("valid_until", ""))[2:],
        "DriverIdentityCard": body.get("id_card"),
    }
    if name in registered:
        return registered[name]
    if expression.startswith("JT808Bodies.MsgNum"):
        return body.get("ack_serial")
    if name == "ParamLength":
        return len(body["parameters"][0]["raw"]) // 2
    if message.locations and isinstance(message.locations[0], Location):
        return smallchi_location(name, expression, message.locations[0])
    return None


def smallchi_location(name, expression, location):  # noqa: PLR0911 (one rule for each name)
    signed = lambda raw, bit: -raw if location.status_flags & bit else raw  # noqa: E731
    known = {
        "AlarmFlag": location.alarm_flags,
        "StatusFlag": location.status_flags,
        "GPSTime": location.time.hex(),
        "Lat": signed(location.lat_raw, 4),
        "Lng": signed(location.lon_raw, 8),
        "Speed": location.speed_raw,
        "Count": len(location.items),
    }
    if name in known:
        return known[name]
    items = {item.id: item for item in location.items}
    if name in {"SingnalStrength", "WifiMac"} and 0x54 in items:
        number = int(re.search(r"\[(\d+)\]", expression)[1])
        wifi = items[0x54].as_json()["value"][number]
        return wifi["rssi"] if name == "SingnalStrength" else wifi["mac"].upper()
    if name == "Volage":
        return round(items[0x61].as_json()["value"] * 100)
    if name == "ICCID":
        return items[0xF1].as_json()["value"]
    if name == "PowerPercent":
        return items[0xFB].as_json()["value"]["percent"]
    if name == "Power":
        return items[0xFB].as_json()["value"]["voltage_raw"]
    return None


ENUMS = {"JT808ICCardStatus.ic_card_into": 1, "JT808ICCardReadResult.ic_card_reading_succeeded": 0}


def compare_asserts(found, case, message, header):
    for told, expression in case.get("asserts", []):
        expected = ENUMS.get(told, literal(told))
        got = smallchi_value(expression, message, header)
        if expected is None or got is None:
            found.append(f"assert {expression[:60]!r} is mapped by no rule")
        else:
            unequal(found, f"assert {expression[:60]}", expected, got)


# ---- SmallChi: bodies without a frame


def body_differences(case):
    """A body is read as the message its test names; what we write is read back to the same bytes."""
    found = []
    named = re.match(r"JT808_0x([0-9A-Fa-f]{4})", case["file"])
    message_id = int(named[1], 16) if named else -1
    if message_id not in KNOWN:
        return [f"message of {case['file']} is not among those that are read"]
    layout = "2019" if "2019" in case["test"] else "2013"
    body = bytes.fromhex(case["hex"])
    try:
        message = decode_body(Header(message_id, layout, "0", 0), body)
    except BadFrame as error:
        return [f"{error.code}: {error.detail}"]
    if message_id in WRITE:
        unequal(found, "written again", body.hex(), WRITE[message_id](message.body, layout).hex())
    for location in message.locations:
        if isinstance(location, Location):
            unequal(found, "items' tail", "", location.tail.hex())
        else:
            found.append(f"location: {location.detail}")
    if "rest" in message.body:
        found.append(f"rest: {message.body['rest'][:40]}")
    compare_asserts(found, case, message, message.header)
    return found
