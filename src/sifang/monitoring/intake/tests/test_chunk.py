"""A chunk gives back every fix as the journal kept it, in few bytes, and nothing when a byte was changed."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.monitoring.intake.block import quantise
from sifang.monitoring.intake.chunk import (
    Label,
    decode,
    decode_all,
    encode,
    open_sealed,
    seal,
    sha256_of,
)
from sifang.monitoring.intake.coder import pack, unpack
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.errors import BlockDamaged
from sifang.monitoring.intake.tests.city import an_hour

KEPT = [name for name in FIX.names if name not in ("device", "digest")]
floats = st.floats(allow_nan=True, allow_infinity=True, width=32)
U8 = st.integers(0, 255)
rows = st.tuples(
    st.just(-1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 2**32),
    st.integers(0, 2**32),
    st.one_of(st.just(float("nan")), st.floats(-180, 180)),
    st.one_of(st.just(float("nan")), st.floats(-90, 90)),
    floats, floats, floats, floats,
    st.integers(0, 2**32 - 1), U8, U8, U8, U8,
    st.just(0),
)  # fmt: skip
KEY = bytes(range(32))


def same(one, other):
    return all(
        one[name].tobytes() == other[name].tobytes()
        or np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        for name in KEPT
    )


@given(st.lists(rows, max_size=60), st.randoms(use_true_random=False))
def test_any_fixes_come_back_without_loss(values, dice):
    fixes = np.array(values, FIX)
    quantise(fixes)
    keys = np.array([dice.choice([1, 2**64 - 1, dice.getrandbits(64)]) for _ in values], np.uint64)
    back, back_keys = decode(encode(fixes, keys))
    assert same(back, fixes)
    assert (
        back["accuracy_m"].tobytes() == fixes["accuracy_m"].tobytes() or np.isnan(fixes["accuracy_m"]).any()
    )
    assert np.array_equal(back_keys, keys)


@given(st.lists(st.integers(-(2**34), 2**34), min_size=1, max_size=300), st.booleans())
def test_any_whole_numbers_come_back(values, by_steps):
    columns = np.array([values, [7] * len(values)], np.int64)
    room = np.zeros(4096 + 48 * columns.size, np.uint8)
    used = pack(columns, np.array([by_steps, by_steps]), room)
    back = np.zeros_like(columns)
    assert unpack(np.frombuffer(room[:used].tobytes(), np.uint8), back, 0, len(values))
    assert np.array_equal(back, columns)


@given(st.binary(max_size=400), st.integers(1, 500))
def test_bytes_of_anybody_are_read_within_their_bounds(data, n):
    columns = np.zeros((16, n), np.int64)
    assert unpack(np.frombuffer(data + b"\0", np.uint8), columns, 0, n) in (True, False)


@given(st.data())
def test_a_changed_byte_is_noticed(data):
    plain = bytearray(encode(*an_hour(3, fixes=40)))
    plain[data.draw(st.integers(0, len(plain) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BlockDamaged):
        decode(bytes(plain))


@given(st.binary(max_size=200))
def test_foreign_bytes_and_cut_chunks_are_refused(data):
    with pytest.raises(BlockDamaged):
        decode(data)
    plain = encode(*an_hour(3, fixes=40))
    with pytest.raises(BlockDamaged):
        decode(plain[: len(data)])


def test_chunks_are_read_together_as_one_by_one():
    hours = [an_hour(seed, fixes=n) for seed, n in ((1, 360), (2, 1), (3, 0), (4, 77))]
    fixes, keys = decode_all([encode(*hour) for hour in hours])
    assert same(fixes, np.concatenate([f for f, _ in hours]))
    assert np.array_equal(keys, np.concatenate([k for _, k in hours]))


def test_more_devices_and_flag_words_than_the_lists_hold():
    n = 66_000
    fixes, keys = an_hour(1, fixes=n)
    fixes["flags"], keys = np.arange(n), np.arange(n, dtype=np.uint64) << np.uint64(40)
    back, back_keys = decode(encode(fixes, keys))
    assert same(back, fixes)
    assert np.array_equal(back_keys, keys)


def test_a_persons_hour_of_all_attributes_takes_few_bytes():
    hours = [an_hour(seed) for seed in range(20)]
    size = sum(len(encode(*hour)) for hour in hours)
    assert size / sum(len(f) for f, _ in hours) < 5.4


def test_a_chunk_opens_only_under_its_own_label_and_key():
    plain = encode(*an_hour(1))
    label = Label(7, datetime(2026, 11, 23, 8, tzinfo=UTC), 360, sha256_of(plain))
    body = seal(plain, KEY, label)
    assert open_sealed(body, KEY, label) == plain
    moved = (
        replace(label, measure=8), replace(label, hour=datetime(2026, 11, 23, 9, tzinfo=UTC)),
        replace(label, fixes=361), replace(label, sha256=bytes(32)),
    )  # fmt: skip
    for other in moved:
        with pytest.raises(BlockDamaged):
            open_sealed(body, KEY, other)
    for damaged in (body[:-1], b"", body[:5], bytes([body[0] ^ 1]) + body[1:]):
        with pytest.raises(BlockDamaged):
            open_sealed(damaged, KEY, label)
    with pytest.raises(BlockDamaged):
        open_sealed(body, bytes(32), label)
