"""Doors of what we wrote ourselves: blocks, chunks, snapshots, damaged after decryption.

The cipher refuses what was changed on disk; these doors ask what happens where the key is right and the bytes
are not (an older version, a fault of ours): the part's own refusal, never half a tick, never a read beyond.
"""

import os
import struct
import tempfile
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np

from sifang.monitoring.intake import block, chunk, coder, identity, snapshot
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.errors import BlockDamaged, SnapshotUnusable
from tests.faults.common.mutation import mutated

Told = Counter[str]
Feed = Callable[[int], Awaitable[Told]]
HOUR = "2027011508"


def some_fixes(generator: np.random.Generator, n: int):
    """`n` quantised fixes with every column varying."""
    fixes = np.zeros(n, FIX)
    fixes["taken_s"] = 1_800_000_000 + 10 * np.arange(n)
    fixes["received_s"] = fixes["taken_s"] + generator.integers(0, 9, n)
    fixes["lon"], fixes["lat"] = generator.normal(117, 0.1, n), generator.normal(36, 0.1, n)
    for name, most in (("accuracy_m", 90), ("speed_kmh", 60), ("course_deg", 360), ("altitude_m", 300)):
        fixes[name] = generator.integers(0, most, n)
    for name, most in (("flags", 64), ("battery_pct", 100), ("satellites", 20), ("verdict", 4)):
        fixes[name] = generator.integers(0, most, n)
    block.quantise(fixes)
    return fixes


def old_block(version: int, n: int) -> bytes:
    """The plaintext of a block of form 1 or 2 (zlib over planes), all zeros but its times."""
    row = block._ROW_BYTES + (block._DIGEST_BYTES if version == 1 else 0)
    head = block._HEAD.pack(version, n, 1_800_000_000, 1_800_000_001)
    calls = block._CALLS.pack(1, 5, 6) if version > 1 else b""
    body = bytes(n * row) + (struct.pack("<qq", 7, 8) if version > 1 else b"")
    return head + calls + zlib.compress(body)


def wild_block(generator: np.random.Generator, n: int) -> bytes:
    """The plaintext of a block of any bytes as fixes. Raises BlockDamaged."""
    fixes = np.frombuffer(generator.bytes(n * FIX.itemsize), FIX).copy()
    fixes["taken_s"] %= 2**32
    fixes["received_s"] %= 2**32
    block.quantise(fixes)
    return block.encode(fixes, np.arange(n, dtype=np.uint64))


def recompressed(plain: bytes, chance: Random) -> bytes:
    """A block of form 1 or 2 that is mutated inside what zlib holds."""
    start = block._HEAD.size + (block._CALLS.size if plain[0] > 1 else 0)
    inner = mutated(zlib.decompress(plain[start:]), chance)
    return mutated(plain[:start], chance)[:start].ljust(start, b"\0") + zlib.compress(inner, 1)


def blocks(chance: Random) -> Feed:
    """Plaintext of journal blocks of all three forms."""
    generator = np.random.default_rng(chance.randrange(2**32))
    new = [
        block.encode(some_fixes(generator, n), np.arange(n, dtype=np.uint64), [(1, 2)] * (n % 3))
        for n in (0, 1, 7, 300)
    ]
    old = [old_block(version, n) for version in (1, 2) for n in (0, 1, 7)]

    async def feed(n: int) -> Told:
        told: Told = Counter()
        for _ in range(n):
            if chance.random() < 0.3:
                plain = recompressed(chance.choice(old), chance)
            else:
                plain = mutated(chance.choice(new + old), chance, new)
            try:
                if chance.random() < 0.1:  # and the way in, of what no gateway hands over
                    plain = wild_block(generator, chance.randrange(1, 60))
                block.decode(plain)
                told["read"] += 1
            except BlockDamaged:
                told["damaged"] += 1
        return told

    return feed


def whole_again(plain: bytes) -> bytes:
    """Give a damaged chunk the checksum that fits, so that its columns are unpacked."""
    size = chunk._HEAD.size
    if len(plain) < size:
        return plain
    version, kept_as, n, keys, words, _ = chunk._HEAD.unpack_from(plain)
    n = n if n < 5_000 else n % 5_000  # what cannot be allocated is another question: MOST bounds it
    body = plain[size:]
    crc = zlib.crc32(struct.pack("<BIHH", kept_as, n, keys, words) + body)
    return chunk._HEAD.pack(version, kept_as, n, keys, words, crc) + body


def chunks(chance: Random) -> Feed:
    """Plaintext of chunks, most with a checksum that fits; and the columns' coder on bare bytes."""
    generator = np.random.default_rng(chance.randrange(2**32))
    inputs = []
    for n in (1, 7, 360):
        fixes = some_fixes(generator, n)
        inputs.append(chunk.encode(fixes, generator.integers(0, 3, n).astype(np.uint64)))

    async def feed(n: int) -> Told:
        told: Told = Counter()
        for k in range(n):
            plain = mutated(chance.choice(inputs), chance, inputs)
            plain = whole_again(plain) if chance.random() < 0.8 else plain
            if k % 20 == 0:
                columns = np.zeros((16, 50), np.int64)
                coder.unpack(
                    np.frombuffer(generator.bytes(chance.randrange(1, 400)), np.uint8), columns, 0, 50
                )
            try:
                fixes, _ = chunk.decode_all([plain, inputs[0]] if k % 3 else [plain])
                identity.fill_digests(fixes, bytes(16))
                told["read"] += 1
            except BlockDamaged:
                told["damaged"] += 1
            if k % 10 == 0:  # and the way in: any numbers of a column come out again
                lossless(generator, chance)
        return told

    return feed


def lossless(generator: np.random.Generator, chance: Random) -> None:
    """Pack columns of any size of number and compare what comes out. Raises AssertionError."""
    n, most = chance.randrange(1, 60), 1 << chance.randrange(35)
    columns = generator.integers(-most, most, (3, n), endpoint=True)
    steps = np.array([True, False, chance.random() < 0.5])
    room = np.empty(64 * 3 + 64 + 24 * columns.size, np.uint8)
    used = coder.pack(columns, steps, room)
    found = np.zeros_like(columns)
    assert used > 0, "the packed columns do not fit"
    assert coder.unpack(room[:used], found, 0, n), "what was packed is not whole"
    assert (found == columns).all(), "columns come out changed"


def snapshots(chance: Random) -> Feed:
    """Files of snapshots: damaged on disk, or sealed anew around a damaged inside."""
    generator = np.random.default_rng(chance.randrange(2**32))
    keys = SimpleNamespace(key=lambda _hour: bytes(32), load=lambda _hour: bytes(32))
    folder = tempfile.TemporaryDirectory(prefix="sifang-fuzz-", ignore_cleanup_errors=True)
    kept = snapshot.SnapshotFolder(Path(folder.name), keys)  # type: ignore[arg-type]
    arrays = {"clock": np.zeros(2, np.int64), "measures": some_fixes(generator, 3)}
    position = snapshot.Position(7, bytes(12), HOUR)
    plain = snapshot._packed(snapshot.Snapshot(position, 1, arrays, arrays, arrays))
    path = Path(folder.name) / f"{7:020d}-{1:06d}.snapshot"

    async def feed(n: int) -> Told:
        told: Told = Counter()
        for _ in range(n):
            kind = chance.random()
            if kind < 0.4:
                content = mutated(snapshot._seal(plain, bytes(32), HOUR), chance)
            elif kind < 0.7:
                content = snapshot._seal(mutated(plain, chance), bytes(32), HOUR)
            else:  # the archive within
                size = snapshot._LENGTH.size + snapshot._LENGTH.unpack_from(plain)[0]
                inner = mutated(zlib.decompress(plain[size:]), chance)
                content = snapshot._seal(plain[:size] + zlib.compress(inner, 1), bytes(32), HOUR)
            path.write_bytes(content)
            try:
                kept.read(path)
                told["read"] += 1
            except SnapshotUnusable:
                told["unusable"] += 1
        _ = os.fspath(folder.name)  # keep the folder until the door is closed
        return told

    return feed
