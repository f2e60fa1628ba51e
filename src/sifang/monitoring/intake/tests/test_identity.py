"""One identity for one fix: however it came, whoever computes it, from journal or wire."""

import struct
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.block import decode, encode, quantise
from sifang.monitoring.intake.checks import ABSORBED, ACCEPTED
from sifang.monitoring.intake.columns import F_ASSUMED, F_LATE, F_LOCATED, F_REPLAYED, F_SOS, FIX
from sifang.monitoring.intake.identity import fill_digests, key_words, siphash_25
from sifang.monitoring.intake.tests.test_block import rows

KEY = bytes(range(16))
NOW = 1_795_420_800


def siphash(key, message):
    """SipHash-2-4 as its paper gives it, in plain Python."""
    whole = 2**64 - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def left(x, b):
        return ((x << b) | (x >> (64 - b))) & whole

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & whole
            v[1] = left(v[1], 13) ^ v[0]
            v[0] = left(v[0], 32)
            v[2] = (v[2] + v[3]) & whole
            v[3] = left(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & whole
            v[3] = left(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & whole
            v[1] = left(v[1], 17) ^ v[2]
            v[2] = left(v[2], 32)

    padded = message + bytes(-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def message(row):
    """The 25 bytes of a quantised fix that its identity hashes."""
    flags = int(row["flags"])
    accuracy = row["accuracy_m"]
    given_by_device = not flags & F_ASSUMED and 0 < accuracy < np.inf

    def whole(name, unit, none):
        value = float(row[name])
        return none if np.isnan(value) else round(value * unit)

    return struct.pack(
        "<iiIhHIHBBB",
        whole("lon", 1e7, -(2**31)), whole("lat", 1e7, -(2**31)),
        int(accuracy.view(np.uint32)) if given_by_device else 2**32 - 1,
        whole("altitude_m", 1, -(2**15)), whole("speed_kmh", 10, 2**16 - 1),
        flags & ~(F_ASSUMED | F_LATE | F_REPLAYED),
        whole("course_deg", 10, 2**16 - 1),
        row["battery_pct"], row["satellites"], row["source"],
    )  # fmt: skip


def test_the_reference_gives_the_vector_of_the_paper():
    assert siphash(KEY, bytes(range(15))) == 0xA129CA6149BE45E5


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=25, max_size=25))
@settings(deadline=None)
def test_the_compiled_hash_is_siphash(key, told):
    words = [np.uint64(word) for word in struct.unpack("<QQQ", told[:24])]
    assert int(siphash_25(*key_words(key), *words, np.uint64(told[24]))) == siphash(key, told)


@given(st.lists(rows, min_size=1, max_size=10))
@settings(deadline=None)
def test_the_digest_is_the_keyed_hash_of_what_the_device_said(values):
    fixes = np.array(values, FIX)
    quantise(fixes)
    fill_digests(fixes, KEY)
    assert fixes["digest"].tolist() == [siphash(KEY, message(row)) for row in fixes]


def table(**card):
    admission = Admission(KEY)
    window = Window(5, NOW - 9000, NOW + 9000)
    row = DeviceRow(uuid.UUID(int=7), "1", "jt808", windows=(window,), quality={"accuracy_m": card})
    admission.load([row], 1, NOW)
    return admission


def one_fix(**columns):
    one = np.zeros(1, FIX)
    told = {"taken_s": NOW - 5, "received_s": NOW, "lon": 117.1, "lat": 36.65, "accuracy_m": np.nan,
            "flags": F_LOCATED, "satellites": 9, "source": 1, "battery_pct": 60} | columns  # fmt: skip
    for name, value in told.items():
        one[name] = value
    return one


@pytest.mark.parametrize("accuracy", [8.0, np.nan, 0.0, np.inf])
def test_a_fix_sent_live_and_again_out_of_a_blind_spot_is_absorbed(accuracy):
    admission = table()
    assert admission.admit(one_fix(accuracy_m=accuracy))[0] == ACCEPTED
    again = one_fix(accuracy_m=accuracy, flags=F_LOCATED | F_REPLAYED, received_s=NOW + 60)
    assert admission.admit(again)[0] == ABSORBED


@pytest.mark.parametrize(
    "changed",
    [
        {"lon": 117.1000001}, {"lat": 36.6500001}, {"accuracy_m": 9.0}, {"altitude_m": 1}, {"speed_kmh": 0.1},
        {"course_deg": 0.1}, {"flags": F_LOCATED | F_SOS}, {"battery_pct": 61}, {"satellites": 8},
        {"source": 2},
    ],
)  # fmt: skip
def test_whatever_the_device_says_differently_is_another_fix(changed):
    admission = table()
    admission.admit(one_fix())
    other = one_fix(**changed)
    assert admission.admit(other)[0] == ACCEPTED
    assert other["flags"][0] & F_LATE


def test_the_journal_gives_the_identity_back_whatever_was_assumed_meanwhile():
    one = one_fix()
    table(gnss=12).admit(one)
    assert one["accuracy_m"][0] == 12
    back = decode(encode(one, np.array([7], np.uint64))).fixes
    assert back["digest"][0] == 0
    fill_digests(back, KEY)
    assert back["digest"][0] == one["digest"][0] != 0
    fill_digests(back, bytes(16))
    assert back["digest"][0] != one["digest"][0]


def test_what_a_gateway_says_of_our_own_bits_does_not_count():
    one = one_fix(accuracy_m=8.0, flags=F_LOCATED | F_ASSUMED | F_LATE, digest=77)
    admission = table()
    admission.admit(one)
    assert not one["flags"][0] & (F_ASSUMED | F_LATE)
    assert admission.admit(one_fix(accuracy_m=8.0))[0] == ABSORBED
