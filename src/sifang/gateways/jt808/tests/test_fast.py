"""The compiled decoder and the pure one say the same, on samples and on random bodies."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sifang.gateways.jt808 import fast
from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.columns import location_row
from sifang.gateways.jt808.decoder import decode_frame, frame_of_line
from sifang.gateways.jt808.fast import CAPACITY, Told, columns_of_bodies
from sifang.gateways.jt808.messages.location import Location, read_location
from sifang.gateways.jt808.tests.terminal import location
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.fixes import BadFrame

CARDS = [Card(), Card(strap=1 << 17), Card(strap=1 << 16, sos=0, strap_status=1 << 4, low_battery=1 << 15)]


def by_the_pure_decoder(told, received_s):
    try:
        whole = read_location(told.body, replayed=told.replayed)
        return np.array(location_row(whole, told.card, told.device, received_s), dtype=FIX)
    except BadFrame as error:
        return error.code


def agree(bodies):
    told = [Told(body, n, CARDS[n % 3], replayed=n % 2 == 1) for n, body in enumerate(bodies)]
    rows, good, wrong = columns_of_bodies(told, 1_800_000_000)
    errors = dict(wrong)
    for number, one in enumerate(told):
        expected = by_the_pure_decoder(one, 1_800_000_000)
        if isinstance(expected, str):
            assert not good[number]
            assert errors[number].code == expected
        else:
            assert good[number]
            assert rows[number].tobytes() == expected.tobytes()
    return rows


def by_kernel(bodies):
    told = [Told(body, 0, Card()) for body in bodies]
    return fast._kernel(told, np.zeros(len(told), FIX), 0)


def sample_bodies(shared):
    for name in ("yezhihao", "smallchi"):
        path = shared / "samples" / "jt808" / f"{name}_cases.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                message = decode_frame(frame_of_line(json.loads(line)["hex"]))
            except BadFrame:
                continue
            yield from (one.body for one in message.locations if isinstance(one, Location))


def test_on_every_sample_the_two_agree(shared):
    bodies = list(sample_bodies(shared))
    assert len(bodies) > 50
    agree(bodies)


def test_ordinary_locations_are_taken_by_the_kernel():
    items = bytes.fromhex("30011c31010956020853540801a1b2c3d4e5f6c4")
    assert by_kernel([location(), location(items=items), location(items=items[:-1])]).tolist() == [1, 1, 0]


@st.composite
def bodies(draw):
    """Locations whose values are mostly possible, with items, sometimes cut."""
    item = st.tuples(st.sampled_from([0x01, 0x30, 0x31, 0x56, 0xFB, 0x00]), st.binary(max_size=5))
    items = b"".join(
        bytes([identity, len(value)]) + value for identity, value in draw(st.lists(item, max_size=5))
    )
    digits = [draw(st.integers(0, most)) for most in (99, 13, 32, 24, 60, 60)]
    whole = location(
        alarm=draw(st.integers(0, 0xFFFFFFFF)),
        status=draw(st.integers(0, 0xFFFFFFFF)),
        lat=draw(st.integers(0, 91_000_000)),
        lon=draw(st.integers(0, 181_000_000)),
        speed=draw(st.integers(0, 11_000)),
        time="".join(f"{digit:02}" for digit in digits),
        items=items,
    )
    return whole[: draw(st.integers(len(whole) - 3, len(whole)))]


@settings(max_examples=300)
@given(st.lists(st.one_of(bodies(), st.binary(max_size=60)), max_size=8))
def test_on_random_bodies_the_two_agree(found):
    agree(found)


def test_every_day_of_the_century_is_the_same_second():
    days = [f"{y:02}{m:02}{d:02}235959" for y in (0, 24, 26, 99) for m in range(14) for d in range(33)]
    agree([location(time=day) for day in days])


def test_the_kernel_stops_at_its_capacity_and_the_rest_is_still_decoded():
    rows = agree([location(lat=number) for number in range(CAPACITY + 10)])
    assert len(rows) == CAPACITY + 10
    data, few = np.frombuffer(location() * 3, np.uint8), np.zeros(2, FIX)
    done = np.zeros(3, np.uint8)
    fast._read_all(data, np.array([28, 56, 84]), few, np.zeros(3, fast.MASKS), done)
    assert done.tolist() == [1, 1, 0]
    fast._read_all(
        data, np.array([28, 9000, 84]), few, np.zeros(3, fast.MASKS), done := np.zeros(3, np.uint8)
    )
    assert done.tolist() == [1, 0, 0]
