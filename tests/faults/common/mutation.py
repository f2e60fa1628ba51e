"""Byte mutation: one input made into another that almost fits."""

from collections.abc import Sequence
from random import Random

EXTREMES = (
    b"\x00",
    b"\xff",
    b"\x7e",
    b"\x7d",
    b"\x7d\x00",
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x7f\xff\xff\xff",
)
LONGEST = 4096


def mutated(data: bytes, chance: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return `data` after one to four changes; never longer than 4096 bytes. Sometimes unchanged."""
    out = bytearray(data)
    for _ in range(chance.randrange(5)):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(7)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(out):
            out[at] = chance.randrange(256)
        elif kind == 2:  # cut out
            del out[at : at + chance.randrange(1, 9)]
        elif kind == 3:  # doubled
            out[at:at] = out[at : at + chance.randrange(1, 65)]
        elif kind == 4:
            extreme = chance.choice(EXTREMES)
            out[at : at + (len(extreme) if chance.random() < 0.7 else 0)] = extreme
        elif kind == 5 and others:  # spliced
            other = chance.choice(others)
            out[at:] = other[chance.randrange(len(other) + 1) :]
        else:  # the end is missing
            del out[at:]
    return bytes(out[:LONGEST])
