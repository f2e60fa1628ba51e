"""A block keeps what it promises to keep, and does not open when anything about it changed."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sifang.monitoring.intake.block import (
    Header,
    decode,
    encode,
    open_sealed,
    quantise,
    seal,
)
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.errors import BlockDamaged

KEY = bytes(range(32))
HEADER = Header(datetime(2026, 11, 23, 8, 0, 0, 123457, tzinfo=UTC), "2026112308", 7, 2, (3, 9))
OLD_BLOCK = (
    "01020000007bf2036b0000000081f2036b000000007801e3668080ff50c00ce47242c558a13488629f7fde95c1f7b6eb"
    "82881ba2200c1472646028006206866a206e61feff9f114883b0cd7f20c1c0c804d3cf06e202010060781443"
)
SECOND_BLOCK = (
    "02020000007bf2036b0000000081f2036b000000000100000076f2036b00000000c086fd6a000000007801e3668080ff50c00ce4"
    "7242c558a13488629f7fde95c1f7b66bc3f60ba2406e0303c30607068603f54036433510b730ffffcf08a441fa7dff73fe676466"
    "642afbc49c0de432c0cc0600b1821f34"
)
floats = st.floats(allow_nan=True, allow_infinity=True, width=32)
U8 = st.integers(0, 255)
rows = st.tuples(
    st.just(-1),
    st.integers(0, 2**31 - 1),
    st.integers(1_600_000_000, 1_900_000_000),
    st.integers(1_600_000_000, 1_900_000_000),
    st.one_of(st.just(float("nan")), st.floats(-180, 180)),
    st.one_of(st.just(float("nan")), st.floats(-90, 90)),
    floats, floats, floats, floats,
    st.integers(0, 2**32 - 1), U8, U8, U8, U8,
    st.just(0),
)  # fmt: skip
seconds = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(rows, max_size=40), st.data())
@settings(deadline=None)
def test_what_was_quantised_returns_without_loss(values, data):
    given_fixes = np.array(values, FIX)
    fixes = given_fixes.copy()
    quantise(fixes)
    keys = np.array([data.draw(st.integers(0, 2**64 - 1)) for _ in values], np.uint64)
    calls = data.draw(st.lists(st.tuples(seconds, seconds), max_size=5))
    clock = data.draw(st.tuples(seconds, seconds))
    inputs = decode(encode(fixes, keys, calls, clock))
    back, back_keys = inputs.fixes, inputs.device_keys
    assert inputs.silences == tuple(calls)
    assert inputs.clock == clock
    assert back.tobytes() == fixes.tobytes() or all(
        np.array_equal(back[name], fixes[name], equal_nan=back[name].dtype.kind == "f") for name in FIX.names
    )
    assert np.array_equal(back_keys, keys)


@given(st.lists(rows, min_size=1, max_size=20))
@settings(deadline=None)
def test_quantising_moves_nothing_beyond_the_documented_precision(values):
    before = np.array(values, FIX)
    after = before.copy()
    quantise(after)
    for name, half, low, high in (
        ("lon", 0.51e-7, -180, 180), ("lat", 0.51e-7, -90, 90),
        ("altitude_m", 0.51, -32767, 32767), ("speed_kmh", 0.051, 0, 6553), ("course_deg", 0.051, 0, 6553),
    ):  # fmt: skip
        inside = (before[name] >= low) & (before[name] <= high)
        assert np.all(np.abs(after[name][inside] - before[name][inside]) <= half * 1.02)
        assert not np.any(np.isnan(after[name][inside]))
    again = after.copy()
    quantise(again)
    assert all(np.array_equal(again[n], after[n], equal_nan=after[n].dtype.kind == "f") for n in FIX.names)


def test_a_value_beyond_every_range_becomes_unknown():
    fixes = np.zeros(1, FIX)
    fixes["lon"], fixes["lat"], fixes["speed_kmh"] = 1e308, -np.inf, 3e38
    quantise(fixes)
    assert np.isnan([fixes["lon"][0], fixes["lat"][0], fixes["speed_kmh"][0]]).all()


def test_any_flipped_byte_fails():
    fixes = np.zeros(2, FIX)
    fixes["taken_s"] = fixes["received_s"] = 1_795_000_000
    plain = encode(fixes, np.array([1, 2], np.uint64))
    body = seal(plain, KEY, HEADER)
    assert open_sealed(body, KEY, HEADER) == plain
    for at in range(len(body)):
        broken = bytearray(body)
        broken[at] ^= 1
        with pytest.raises(BlockDamaged):
            open_sealed(bytes(broken), KEY, HEADER)
    with pytest.raises(BlockDamaged):
        open_sealed(body[:-1], KEY, HEADER)
    with pytest.raises(BlockDamaged):
        open_sealed(body, bytes(32), HEADER)


@pytest.mark.parametrize(
    "change",
    [
        {"written_at": HEADER.written_at + timedelta(microseconds=1)},
        {"key_hour": "2026112309"},
        {"measures_version": 8},
        {"fixes": 3},
        {"measures": (3,)},
    ],
)
def test_a_block_under_another_header_does_not_open(change):
    body = seal(b"x", KEY, HEADER)
    with pytest.raises(BlockDamaged):
        open_sealed(body, KEY, replace(HEADER, **change))


def test_a_block_of_the_first_form_is_read_without_calls_and_clock():
    """Two fixes as version 1 wrote them: 15 columns, the digest last."""
    old = bytes.fromhex(OLD_BLOCK)
    inputs = decode(old)
    assert (inputs.silences, inputs.clock) == ((), None)
    assert inputs.device_keys.tolist() == [11, 2**64 - 1]
    fixes = inputs.fixes
    assert fixes["measure"].tolist() == [3, 9]
    assert fixes["taken_s"].tolist() == [1_795_420_795, 1_795_420_800]
    assert fixes["lon"].tolist() == [117.1234567, 117.2]
    assert fixes["speed_kmh"].tolist() == pytest.approx([12.3, 0])
    assert np.isnan(fixes["course_deg"][1])
    assert fixes["verdict"].tolist() == [1, 2]
    assert fixes["digest"].tolist() == [0, 0]


def test_a_block_of_the_second_form_is_read_with_its_calls_and_clock():
    inputs = decode(bytes.fromhex(SECOND_BLOCK))
    assert inputs.silences == ((1_795_420_790, -1),)
    assert inputs.clock == (1_795_420_790, 1_795_000_000)
    assert inputs.device_keys.tolist() == [11, 2**64 - 1]
    fixes = inputs.fixes
    assert fixes["measure"].tolist() == [3, 9]
    assert fixes["taken_s"].tolist() == [1_795_420_795, 1_795_420_800]
    assert fixes["lon"].tolist() == [117.1234567, 117.2]
    assert np.isnan(fixes["lat"][1])
    assert fixes["flags"].tolist() == [1, 3]
    assert fixes["verdict"].tolist() == [1, 2]


def test_times_too_far_apart_are_refused_and_a_day_apart_costs_bits_only():
    fixes = np.zeros(2, FIX)
    fixes["taken_s"] = 0, 2**32
    with pytest.raises(BlockDamaged):
        encode(fixes, np.array([1, 2], np.uint64))
    fixes["taken_s"] = 0, 2**32 - 1
    assert decode(encode(fixes, np.array([1, 2], np.uint64))).fixes["taken_s"].tolist() == [0, 2**32 - 1]
    fixes["taken_s"] = 1_795_420_795, 1_795_420_795 + 86_400
    assert len(encode(fixes, np.array([1, 2], np.uint64))) < 100


@given(st.lists(rows, min_size=1, max_size=20), st.data())
@settings(deadline=None)
def test_a_block_cut_short_or_altered_is_damaged_or_other_numbers(values, data):
    fixes = np.array(values, FIX)
    quantise(fixes)
    plain = bytearray(encode(fixes, np.zeros(len(fixes), np.uint64)))
    with pytest.raises(BlockDamaged):
        decode(bytes(plain[: data.draw(st.integers(0, len(plain) - 1))]))
    with pytest.raises(BlockDamaged):
        decode(bytes(plain) + b"\0")
    plain[data.draw(st.integers(0, len(plain) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(BlockDamaged):
        assert decode(bytes(plain)).fixes.dtype == FIX


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_bytes_that_are_no_block_raise_only_block_damaged(plain):
    with pytest.raises(BlockDamaged):
        decode(plain)
