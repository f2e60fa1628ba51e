"""Writes fixes into the chunks of their measures, in the running transaction, and proves that they are there.

What is stored already for the same measure and hour is merged: the same identity is absorbed, other content
for the same second stays beside it and is a conflict. Fixes outside the term of their measure, or of a
measure whose key is destroyed, are dropped and counted. Every chunk written is read back from the database,
opened and compared with the fixes it must hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.monitoring.intake.chunk import Label, decode, decode_all, encode, open_sealed, seal, sha256_of
from sifang.monitoring.intake.columns import F_LATE
from sifang.monitoring.intake.errors import ChunksDiffer
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.merge import HOUR_S, home_hours, same_once

_AT_ONCE = 500  # chunks written and read back together
_NOT_KEPT = ("device", "digest")

Fixes = NDArray[np.void]
Keys = NDArray[np.uint64]
Place = tuple[int, int]  # measure, hour in Unix seconds


@dataclass
class Chunked:
    """What became of the fixes handed over, and the conflicts met: (device key, second)."""

    stored: int = 0
    absorbed: int = 0
    dropped: int = 0
    chunks: int = 0
    conflicts: list[tuple[int, int]] = field(default_factory=list)


class ChunkStore:
    """For the blocks of one hour: `received_hour_s` is when they were written."""

    def __init__(self, using: str, keys: KeyStore, received_hour_s: int) -> None:
        self._using, self._keys, self._received = using, keys, received_hour_s
        self._digests = keys.named("digests")

    def take(self, fixes: Fixes, device_keys: Keys) -> Chunked:
        """Store these fixes, of any measures in any order. Raises BlockDamaged, ChunksDiffer, KeyMissing."""
        done = Chunked()
        lawful = self._within_terms(fixes)
        done.dropped += int(len(fixes) - lawful.sum())
        fixes, device_keys = fixes[lawful], device_keys[lawful]
        ready: list[tuple[Place, Fixes, Keys]] = []
        for places in _batched(self._by_place(fixes, device_keys)):
            known = self._known(places)
            for place, some, their_keys in places:
                merged = self._merged(place, some, their_keys, known, done)
                if merged is not None:
                    ready.append((place, *merged))
            self._write(ready)
            done.chunks += len(ready)
            ready = []
        return done

    def _within_terms(self, fixes: Fixes) -> NDArray[np.bool_]:
        """Which were taken within the measure's term; a clock ahead of ours counts as the time received."""
        numbers = np.unique(fixes["measure"])
        with connections[self._using].cursor() as cursor:
            cursor.execute(
                "SELECT number, floor(extract(epoch FROM approved_at))::bigint,"
                " extract(epoch FROM LEAST(ends_at, COALESCE(ended_at, ends_at)))::float8"
                " FROM monitoring_measure WHERE number = ANY (%s)",
                [numbers.tolist()],
            )
            terms = {number: (begins, ends) for number, begins, ends in cursor.fetchall()}
        at = np.searchsorted(numbers, fixes["measure"])
        begins = np.array([terms.get(int(n), (2**62, 0))[0] for n in numbers], np.int64)
        ends = np.array([terms.get(int(n), (2**62, 0.0))[1] for n in numbers], np.float64)
        if not len(numbers):
            return np.zeros(0, np.bool_)
        taken = fixes["taken_s"]
        lawful: NDArray[np.bool_] = (taken >= begins[at]) & (
            np.minimum(taken, fixes["received_s"]) < ends[at]
        )
        return lawful

    def _by_place(self, fixes: Fixes, device_keys: Keys) -> Iterator[tuple[Place, Fixes, Keys]]:
        home = home_hours(fixes, self._received)
        order = np.lexsort((fixes["received_s"], fixes["taken_s"], home, fixes["measure"]))
        fixes, device_keys, home = fixes[order], device_keys[order], home[order]
        if not len(fixes):
            return
        new = (np.diff(fixes["measure"]) != 0) | (np.diff(home) != 0)
        starts = [0, *(np.flatnonzero(new) + 1).tolist(), len(fixes)]
        for begin, end in pairwise(starts):
            place = (int(fixes["measure"][begin]), int(home[begin]))
            yield place, fixes[begin:end], device_keys[begin:end]

    def _known(self, places: list[tuple[Place, Fixes, Keys]]) -> dict[Place, tuple[Fixes, Keys]]:
        """What is stored for these places; beside late fixes also the hours around."""
        wanted: set[Place] = set()
        for (measure, hour), fixes, _ in places:
            wanted.add((measure, hour))
            if np.any(fixes["flags"] & F_LATE):
                wanted |= {(measure, hour - HOUR_S), (measure, hour + HOUR_S)}
        return {place: decode(plain) for place, plain in self._plains(sorted(wanted))}

    def _plains(self, places: list[Place]) -> Iterator[tuple[Place, bytes]]:
        with connections[self._using].cursor() as cursor:
            cursor.execute(
                "SELECT measure_number, hour, fixes, sha256, body FROM monitoring_trackchunk"
                " JOIN unnest(%s::bigint[], %s::bigint[]) AS w (n, s)"
                " ON measure_number = w.n AND hour = to_timestamp(w.s)",
                [[measure for measure, _ in places], [hour for _, hour in places]],
            )
            rows = cursor.fetchall()
        for measure, hour, count, sha256, body in rows:
            if self._keys.is_destroyed(f"m{measure}"):
                continue
            label = Label(measure, hour, count, bytes(sha256))
            plain = open_sealed(bytes(body), self._keys.load_measure(measure), label)
            yield (measure, int(hour.timestamp())), plain

    def _merged(
        self,
        place: Place,
        fixes: Fixes,
        device_keys: Keys,
        known: dict[Place, tuple[Fixes, Keys]],
        done: Chunked,
    ) -> tuple[Fixes, Keys] | None:
        """Return what the chunk must hold from now on; None when nothing is new or nothing may be kept."""
        measure, hour = place
        if self._keys.is_destroyed(f"m{measure}"):
            done.dropped += len(fixes)
            return None
        around = [known[p] for p in ((measure, hour - HOUR_S), (measure, hour + HOUR_S)) if p in known]
        here = known.get(place)
        before = ([here] if here else []) + around
        parts = [*before, (fixes, device_keys)]
        old = sum(len(f) for f, _ in before)
        found = same_once(
            np.concatenate([f for f, _ in parts]), np.concatenate([k for _, k in parts]), self._digests
        )
        new = found.kept[old:]
        done.conflicts += found.conflicts
        done.stored += int(new.sum())
        done.absorbed += int(len(new) - new.sum())
        if not new.any():
            return None
        fixes, device_keys = fixes[new], device_keys[new]
        if here:
            fixes, device_keys = np.concatenate([here[0], fixes]), np.concatenate([here[1], device_keys])
            order = np.lexsort((fixes["received_s"], fixes["taken_s"]))
            fixes, device_keys = fixes[order], device_keys[order]
        return fixes, device_keys

    def _write(self, ready: list[tuple[Place, Fixes, Keys]]) -> None:
        rows = []
        for (measure, hour), fixes, device_keys in ready:
            plain = encode(fixes, device_keys)
            label = Label(measure, datetime.fromtimestamp(hour, UTC), len(fixes), sha256_of(plain))
            body = seal(plain, self._keys.measure_key(measure), label)
            first, last = (datetime.fromtimestamp(int(fixes["taken_s"][i]), UTC) for i in (0, -1))
            rows.append((measure, label.hour, first, last, len(fixes), label.sha256, body))
        if not rows:
            return
        with connections[self._using].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO monitoring_trackchunk"
                " (measure_number, hour, taken_from, taken_to, fixes, sha256, body)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (measure_number, hour) DO UPDATE SET taken_from = excluded.taken_from,"
                " taken_to = excluded.taken_to, fixes = excluded.fixes, sha256 = excluded.sha256,"
                " body = excluded.body",
                rows,
            )
        self._prove(ready)

    def _prove(self, ready: list[tuple[Place, Fixes, Keys]]) -> None:
        """Read back what was written, with keys as they are on the disk. Raises ChunksDiffer."""
        stored = dict(self._plains([place for place, _, _ in ready]))
        if len(stored) != len(ready):
            raise ChunksDiffer(hour=self._received)
        fixes, keys = decode_all([stored[place] for place, _, _ in ready])
        expected = np.concatenate([f for _, f, _ in ready])
        if not same_rows(fixes, expected) or not np.array_equal(
            keys, np.concatenate([k for _, _, k in ready])
        ):
            raise ChunksDiffer(hour=self._received)


def same_rows(one: Fixes, other: Fixes) -> bool:
    """Whether two arrays hold the same fixes in the same order, bit for bit in what is kept."""
    if len(one) != len(other):
        return False
    for name in one.dtype.names or ():
        if name in _NOT_KEPT:
            continue
        is_float = one[name].dtype.kind == "f"
        if not np.array_equal(one[name], other[name], equal_nan=is_float):
            return False
    return True


def _batched(places: Iterator[tuple[Place, Fixes, Keys]]) -> Iterator[list[tuple[Place, Fixes, Keys]]]:
    batch = []
    for place in places:
        batch.append(place)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
