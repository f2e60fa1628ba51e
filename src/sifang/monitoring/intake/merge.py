"""Which fixes belong to which chunk, and which of them are one and the same: decided here, stored elsewhere.

Identity of a fix = device key, second taken, digest of its content (ADR 0006). The same identity again is
absorbed; the same device and second with other content stays beside the first and is a conflict: a question
whether the device has a double.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.identity import fill_digests

HOUR_S = 3600
BEFORE_S = 120  # taken so shortly before the hour it was received in: it stays with that hour
AHEAD_S = 120  # admission takes a fix of a clock that is ahead by no more

Fixes = NDArray[np.void]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Found:
    """`kept`: one of each identity, the first given; `conflicts`: (device key, second), each pair once."""

    kept: NDArray[np.bool_]
    conflicts: list[tuple[int, int]]


def home_hours(fixes: Fixes, received_hour_s: int) -> NDArray[np.int64]:
    """Return the hour (Unix seconds) of the chunk each fix belongs to, received in the hour given.

    The hour received, so that no finished chunk is written again for the last seconds before the full hour;
    for what comes out of a blind spot the hour taken.
    """
    taken = fixes["taken_s"]
    on_time = (taken >= received_hour_s - BEFORE_S) & (taken < received_hour_s + HOUR_S + AHEAD_S)
    return np.where(on_time, received_hour_s, taken - taken % HOUR_S)


def same_once(fixes: Fixes, device_keys: Keys, digest_key: bytes) -> Found:
    """Find identities that occur again, and conflicts. Earlier fixes win; fills `digest`."""
    n = len(fixes)
    kept = np.ones(n, np.bool_)
    if n < 2:  # noqa: PLR2004 (one cannot be there twice)
        return Found(kept, [])
    taken = fixes["taken_s"]
    order = np.lexsort((np.arange(n), taken, device_keys))
    beside = (np.diff(taken[order]) == 0) & (np.diff(device_keys[order].view(np.int64)) == 0)
    if not beside.any():  # nearly always: a device tells its place once a second at most
        return Found(kept, [])
    one = np.concatenate(([False], beside)) | np.concatenate((beside, [False]))
    few = order[one]
    some = np.ascontiguousarray(fixes[few])
    fill_digests(some, digest_key)
    fixes["digest"][few] = some["digest"]
    again = np.lexsort((few, some["digest"], taken[few], device_keys[few]))
    few, some = few[again], some[again]
    equal_time = (taken[few][1:] == taken[few][:-1]) & (device_keys[few][1:] == device_keys[few][:-1])
    equal = equal_time & (some["digest"][1:] == some["digest"][:-1])
    kept[few[1:][equal]] = False
    clash = few[1:][equal_time & ~equal]
    pairs = {(int(k), int(t)) for k, t in zip(device_keys[clash], taken[clash], strict=True)}
    return Found(kept, sorted(pairs))
