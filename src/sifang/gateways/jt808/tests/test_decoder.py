"""The decoder: what it raises, how it cuts a stream, what a location means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.gateways.jt808.decoder import KNOWN, decode_body, decode_frame, decode_line
from sifang.gateways.jt808.errors import BadLength
from sifang.gateways.jt808.frame import (
    MAX_FRAME,
    Frame,
    Header,
    Splitter,
    checksum,
    encode_frame,
    escape,
    luhn_digit,
    unescape,
)
from sifang.gateways.jt808.messages.down import WRITE
from sifang.gateways.jt808.messages.items import cut_items
from sifang.gateways.jt808.messages.location import read_location
from sifang.gateways.jt808.tests.terminal import location
from sifang.monitoring.intake.fixes import BadFrame

layouts = st.sampled_from(["2013", "2019"])


def line(body, message_id=0x0200, layout="2013", **header):
    return encode_frame(Header(message_id, layout, "13853100001", 7, **header), body).hex()


# ---- nothing but BadFrame


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(data):
    json.dumps(decode_line(data.hex()))
    json.dumps(decode_line((b"\x7e" + data + b"\x7e").hex()))
    for one in Splitter().feed(data + b"\x7e" + data + b"\x7e"):
        assert isinstance(one, Frame | BadFrame)


@given(st.text(max_size=80))
def test_no_text_raises_anything(text):
    assert "error" in decode_line(text)


@given(st.sampled_from(sorted(KNOWN)), layouts, st.binary(max_size=300))
def test_no_body_raises_anything_but_a_refusal(message_id, layout, body):
    try:
        message = decode_body(Header(message_id, layout, "0", 0), body)
    except BadFrame:
        return
    json.dumps(message.as_json())


@given(st.integers(0, 0xFFFF), layouts, st.binary(max_size=120))
def test_well_formed_frames_of_any_message_answer_with_their_header(message_id, layout, body):
    told = decode_line(line(body, message_id, layout))
    assert told["message_id"] == f"{message_id:04x}"
    assert told["serial"] == 7
    if message_id not in KNOWN:
        assert told["error"] == "unknown_message"


# ---- frames


@given(st.binary(max_size=80))
def test_escapes_round_trip_and_leave_no_delimiter(data):
    assert unescape(escape(data)) == data
    assert 0x7E not in escape(data)


@given(st.binary(max_size=100))
def test_the_checksum_is_the_xor_of_all_bytes(data):
    expected = 0
    for byte in data:
        expected ^= byte
    assert checksum(data) == expected


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.integers(1, 9))
def test_a_stream_is_cut_the_same_however_it_arrives(bodies, step):
    stream = b"".join(bytes.fromhex(line(body, 0x0900)) for body in bodies)
    splitter = Splitter()
    found = [one for at in range(0, len(stream), step) for one in splitter.feed(stream[at : at + step])]
    assert [one.body for one in found] == bodies
    assert splitter.dropped == 0


def test_a_lost_delimiter_costs_one_frame_and_not_the_phase():
    good = bytes.fromhex(line(location()))
    found = list(Splitter().feed(good[:-5] + good + good))
    assert [isinstance(one, Frame) for one in found] == [False, True, True]


def test_bytes_between_frames_are_counted_and_frames_may_share_a_delimiter():
    good = bytes.fromhex(line(location()))
    splitter = Splitter()
    assert len(list(splitter.feed(b"abc" + good + b"\r\n(text)" + good + good[1:]))) == 3
    assert splitter.dropped == len("abc\r\n(text)")


def test_the_buffer_is_bounded():
    splitter = Splitter()
    found = list(splitter.feed(b"\x7e" + b"\x01" * (MAX_FRAME + 1)))
    assert [type(one) for one in found] == [BadLength]
    assert not splitter._buffer
    assert splitter.dropped == MAX_FRAME + 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_frame"),
        ("7e7e", "bad_frame"),
        ("xyz", "bad_frame"),
        ("7e0", "bad_frame"),
        (line(location())[2:], "bad_frame"),
        (line(location()) * 2, "bad_frame"),
        ("7e00" + "7d03" + "7e", "bad_escape"),
        (line(location())[:-4] + "007e", "bad_checksum"),
        (line(b"1", 0x0205), "unknown_message"),
        (line(location(), encryption=1), "encrypted"),
        (line(b"short"), "bad_length"),
        (line(b"x", total=2, number=3), "bad_frame"),
    ],
)
def test_what_is_wrong_has_a_name(text, code):
    assert decode_line(text)["error"] == code


def test_a_wrong_length_field_is_told_with_the_header():
    frame = bytearray.fromhex(line(location()))
    frame[4] += 1
    frame[-2] ^= frame[4] ^ (frame[4] - 1)
    told = decode_line(bytes(frame).hex())
    assert (told["error"], told["message_id"], told["serial"]) == ("bad_length", "0200", 7)


def test_bit_14_over_a_2013_header_is_read_as_2013():
    data = bytearray.fromhex(line(location())[2:-4])
    data[2] |= 0x40
    told = decode_line((b"\x7e" + escape(bytes([*data, checksum(bytes(data))])) + b"\x7e").hex())
    assert (told["header"], told["terminal"]) == ("2013", "013853100001")
    assert told["fixes"][0]["located"]


def test_a_binary_imei_in_the_phone_field_is_read():
    imei = 86000000000001
    assert luhn_digit(str(imei)) == 7
    data = bytes.fromhex("02000000") + imei.to_bytes(6, "big") + b"\0\1"
    told = decode_line((b"\x7e" + escape(data + bytes([checksum(data)])) + b"\x7e").hex())
    assert told["terminal"] == "860000000000017"


def test_one_part_alone_is_told_as_such():
    told = decode_line(line(b"x" * 30, 0x0704, total=3, number=2))
    assert told["partial"] == {"total": 3, "number": 2}
    assert (told["fixes"], told["body"]) == ([], {})


# ---- locations


def fix(**values):
    (found,) = decode_line(line(location(**values)))["fixes"]
    return found


def test_hemispheres_and_no_negative_zero():
    south_west = fix(status=0b1110)
    assert (south_west["lat"], south_west["lon"]) == (-36.650781, -117.113873)
    assert str(fix(status=0b1110, lat=0)["lat"]) == "0.0"
    assert str(fix(status=0b1110, lon=0)["lon"]) == "0.0"


@pytest.mark.parametrize("values", [{"status": 0}, {"lat": 0, "lon": 0}, {"status": 0b100010}])
def test_what_is_not_located_has_no_place(values):
    found = fix(**values)
    assert (found["located"], found["lon"], found["lat"]) == (False, None, None)


@pytest.mark.parametrize(
    "values",
    [
        {"lat": 90_000_001},
        {"lon": 180_000_001},
        {"speed": 10_001},
        {"time": "261323081500"},
        {"time": "260230081500"},
        {"time": "26112308150a"},
        {"time": "261123246000"},
        {"lat": 116307629, "status": 0},
    ],
)
def test_a_value_that_cannot_be_is_an_error_of_that_fix(values):
    assert fix(**values)["error"] == "bad_value"


def test_a_bad_item_of_a_batch_stands_beside_good_ones():
    items = [location(), b"short", location(lat=116307629), location()]
    body = b"\0\x06\0" + b"".join(len(one).to_bytes(2, "big") + one for one in items)
    errors = [one.get("error") for one in decode_line(line(body, 0x0704))["fixes"]]
    assert errors == [None, "bad_length", "bad_value", None, "bad_length"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("0104000000640202003700dd0042" + "00" * 66, ["01", "02", "00dd"]),
        ("0104000000640202003700de42" + "00" * 66, ["01", "02", "00de"]),
        ("df0200000104000000646200000003010203", ["df", "01", "62"]),
        ("30011c30011d", ["30", "30"]),
    ],
)
def test_wide_ids_and_lengths_are_tolerated_where_the_cut_requires_it(items, expected):
    found, tail = cut_items(bytes.fromhex(items))
    assert ([one.value_id for one in found], tail) == (expected, b"")


@given(st.binary(max_size=200))
def test_items_are_cut_without_loss(data):
    found, tail = cut_items(data)
    assert sum(len(one.value) for one in found) + len(tail) <= len(data)
    if tail:
        assert data.endswith(tail)


@pytest.mark.parametrize(
    ("items", "percent"), [("56020853", 83), ("560108", None), ("fb045f050701", 95), ("5602088c", None)]
)
def test_the_battery_is_what_states_a_percentage(items, percent):
    assert read_location(location(items=bytes.fromhex(items))).fix().battery_percent == percent


# ---- what we write is what we read

TIMES = st.from_regex(r"[0-9]{12}", fullmatch=True)
WORD, DWORD, BYTE = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 255)
DEGREES = st.integers(0, 180_000_000).map(lambda raw: raw / 1_000_000)
NAME = st.text("测试围栏abc123", max_size=12)


def area(corners, attribute):
    fields = {"id": DWORD, "attribute": st.just(attribute)} | dict.fromkeys(corners, DEGREES)
    if attribute & 1:
        fields |= {"start": TIMES, "end": TIMES}
    if attribute & 2:
        fields |= {"max_speed_kmh": WORD, "duration_s": BYTE, "night_speed_kmh": WORD}
    return fields | {"name": NAME}


def areas(corners, **more):
    one = st.integers(0, 3).flatmap(lambda bits: st.fixed_dictionaries(area(corners, bits) | more))
    return st.fixed_dictionaries({"action": BYTE, "regions": st.lists(one, max_size=4)})


POINT = st.fixed_dictionaries({"lat": DEGREES, "lon": DEGREES})
BODIES = {
    0x8001: st.fixed_dictionaries({"ack_serial": WORD, "ack_id": st.just("0200"), "result": BYTE}),
    0x8003: st.fixed_dictionaries({"first_serial": WORD, "numbers": st.lists(WORD, max_size=9)}),
    0x8100: st.fixed_dictionaries({"ack_serial": WORD, "result": st.just(0), "code": NAME}),
    0x8105: st.fixed_dictionaries({"command": BYTE, "text": NAME}),
    0x8202: st.fixed_dictionaries({"interval_s": WORD, "validity_s": DWORD}),
    0x8203: st.fixed_dictionaries({"ack_serial": WORD, "type": DWORD}),
    0x8300: st.fixed_dictionaries({"flags": BYTE, "type": BYTE, "text": NAME}),
    0x8600: areas(["lat", "lon"], radius_m=DWORD),
    0x8602: areas(["lat_upper_left", "lon_upper_left", "lat_lower_right", "lon_lower_right"]),
    0x8603: st.fixed_dictionaries({"ids": st.lists(DWORD, max_size=9)}),
    0x8604: st.integers(0, 3).flatmap(
        lambda bits: st.fixed_dictionaries(area([], bits) | {"points": st.lists(POINT, max_size=9)})
    ),
    0x8608: st.fixed_dictionaries({"type": BYTE, "ids": st.lists(DWORD, max_size=9)}),
}


@given(st.data(), st.sampled_from(sorted(BODIES)))
def test_what_is_written_is_read_back(data, message_id):
    body = data.draw(BODIES[message_id])
    told = decode_line(line(WRITE[message_id](body, "2019"), message_id, "2019"))
    assert told["body"] == body
    again = decode_line(line(WRITE[message_id](body, "2013"), message_id, "2013"))["body"]
    assert without_2019(body) == again


def without_2019(value):
    if isinstance(value, dict):
        gone = {"night_speed_kmh", "name"} | ({"type"} if "flags" in value else set())
        return {name: without_2019(one) for name, one in value.items() if name not in gone}
    return [without_2019(one) for one in value] if isinstance(value, list) else value


def test_an_encrypted_frame_is_refused_before_its_parts_are_looked_at():
    with pytest.raises(BadFrame, match="加密"):
        decode_frame(Frame(Header(0x0200, "2013", "1", 1, encryption=1, total=2, number=1), b""))


def test_cells_are_read_where_count_and_length_fit():
    def item(data):
        (found,) = decode_line(line(location(items=bytes.fromhex(data))))["body"]["items"]
        return found.get("value")

    cell = {"mcc": 460, "mnc": 1, "lac": 0x1234, "rssi": 0x50}
    assert item("5309" + "01" + "01cc011234567850") == [cell | {"cell": 0x5678}]
    assert item("5d0b" + "01" + "01cc0112340000567850") == [cell | {"cell": 0x5678}]
    assert item("530a" + "01" + "01cc0112345678" + "5000") is None


NAME_2011 = "04" + "张三".encode("gbk").hex() + b"370102199001010011".ljust(20, b"\0").hex()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NAME_2011 + b"licence".ljust(40, b"\0").hex() + "026a6e",
         {"name": "张三", "id_card": "370102199001010011", "licence": "licence", "institution": "jn"}),
        ("02261123120000", {"status": 2, "time": "261123120000"}),
        ("0126112312000001", {"status": 1, "time": "261123120000", "card_result": 1}),
        ("09261123120000", {"status": 9, "time": "261123120000"}),
    ],
)  # fmt: skip
def test_the_driver_card_of_each_edition_is_read(body, expected):
    assert decode_line(line(bytes.fromhex(body), 0x0702))["body"] == expected


def test_a_driver_card_of_no_edition_is_refused():
    assert decode_line(line(bytes.fromhex("123456789123456789"), 0x0702))["error"] == "bad_length"
