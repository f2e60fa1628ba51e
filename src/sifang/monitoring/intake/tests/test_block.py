"""A block keeps what it promises to keep, and does not open when anything about it changed."""

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
    st.integers(0, 2**64 - 1),
)  # fmt: skip


@given(st.lists(rows, max_size=40), st.data())
@settings(deadline=None)
def test_what_was_quantised_returns_without_loss(values, data):
    given_fixes = np.array(values, FIX)
    fixes = given_fixes.copy()
    quantise(fixes)
    keys = np.array([data.draw(st.integers(0, 2**64 - 1)) for _ in values], np.uint64)
    back, back_keys = decode(encode(fixes, keys))
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


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_bytes_that_are_no_block_raise_only_block_damaged(plain):
    with pytest.raises(BlockDamaged):
        decode(plain)
