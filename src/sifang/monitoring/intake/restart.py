"""Start: the marks and the engine's state rebuilt from the journal, as if nothing had stopped.

Replayed are the blocks written in the last `REPLAY`, in their order; for measures with an alarm still open
from before, also their own fixes since that episode began. The signals of a replay are dropped: what they
called for was committed with the very block. (Snapshots will make this shorter than the journal.)
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import COLUMNS, opened
from sifang.people.access import system

REPLAY = timedelta(hours=1)
LONGEST = timedelta(days=2)
BEFORE_EPISODE = timedelta(minutes=15)
_AT_ONCE = 1000  # blocks stepped together; the engine goes by fixes, not by blocks

Fixes = NDArray[np.void]


def replay(
    admission: Admission,
    step: Callable[[Fixes], Any],
    keys: KeyStore,
    now: datetime,
    *,
    open_since: dict[int, datetime] | None = None,
    using: str = "default",
) -> int:
    """Rebuild marks and engine state as of `now`; returns how many fixes were replayed.

    `open_since`: for each measure with an open alarm, when its earliest open episode began.
    """
    start = now - REPLAY
    older = {m: since for m, since in (open_since or {}).items() if since - BEFORE_EPISODE < start}
    total = 0
    with system("watch", using=using, continues=True):
        if older:
            first = max(min(older.values()) - BEFORE_EPISODE, now - LONGEST)
            wanted = list(older)
            rows = _rows(
                using,
                "written_at >= %s AND written_at < %s AND measures && %s::int[]",
                [first, start, wanted],
            )
            total += _through(rows, admission, step, keys, wanted)
        total += _through(_rows(using, "written_at >= %s", [start]), admission, step, keys, None)
    return total


def _through(
    rows: Iterator[Sequence[Any]],
    admission: Admission,
    step: Callable[[Fixes], Any],
    keys: KeyStore,
    only: list[int] | None,
) -> int:
    total, part = 0, []
    for row in rows:
        fixes, device_keys = opened(row, keys)
        if only is not None:
            kept = np.isin(fixes["measure"], only)
            fixes, device_keys = fixes[kept], device_keys[kept]
        part.append((fixes, device_keys))
        if len(part) >= _AT_ONCE:
            total += _apply(part, admission, step)
            part = []
    return total + _apply(part, admission, step)


def _apply(
    part: list[tuple[Fixes, NDArray[np.uint64]]], admission: Admission, step: Callable[[Fixes], Any]
) -> int:
    if not part:
        return 0
    fixes = np.concatenate([one for one, _ in part])
    admission.remember(fixes, np.concatenate([keys for _, keys in part]))
    step(fixes)
    return len(fixes)


def _rows(using: str, condition: str, params: list[Any]) -> Iterator[Sequence[Any]]:
    last = 0
    while True:  # by id within a fixed set of blocks: nobody else writes while the watch starts
        with connections[using].cursor() as cursor:
            cursor.execute(
                f"SELECT id, {COLUMNS} FROM monitoring_journalblock"  # noqa: S608 (constants)
                f" WHERE {condition} AND id > %s ORDER BY id LIMIT %s",
                [*params, last, _AT_ONCE],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        for row in rows:
            yield row[1:]
