"""Reading positions back: blocks of the journal, opened for a purpose that was recorded before.

This module decides nothing about who may read: `monitoring.access` has checked and recorded the read and
set the context of the running transaction; row security lets the rows through; the keys are here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.config import need
from sifang.monitoring.intake.block import Header, Inputs, decode, open_sealed
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore

Fixes = NDArray[np.void]
COLUMNS = "written_at, key_hour, measures_version, fixes, measures, body"
_AT_ONCE = 500


def read_track(
    measure_numbers: Sequence[int], frm: datetime, to: datetime, *, using: str = "reader"
) -> Fixes:
    """Return the fixes of these measures taken from `frm` (inclusive) to `to` (exclusive), by time taken.

    Columns FIX, WGS-84; `device` is -1. To be called inside the transaction whose context allows it.
    Raises KeyMissing where an hour's key is gone, BlockDamaged where a block is not what was written.
    """
    wanted = list(measure_numbers)
    rows = _rows(
        f"SELECT {COLUMNS} FROM monitoring_journalblock"  # noqa: S608 (a constant)
        " WHERE measures && %s::int[] AND taken_to >= %s AND taken_from < %s ORDER BY id",
        [wanted, frm, to],
        using,
    )
    keys = KeyStore(need(IntakeConfig).keys)
    first, last = int(frm.timestamp()), to.timestamp()
    parts = [np.zeros(0, FIX)]
    for row in rows:
        fixes, _ = opened(row, keys)
        taken = fixes["taken_s"]
        parts.append(fixes[np.isin(fixes["measure"], wanted) & (taken >= first) & (taken < last)])
    track = np.concatenate(parts)
    return track[np.argsort(track["taken_s"], kind="stable")]


def opened(row: Sequence[Any], keys: KeyStore) -> tuple[Fixes, NDArray[np.uint64]]:
    """Return fixes and device keys of one row of COLUMNS. Raises KeyMissing, BlockDamaged."""
    inputs = opened_inputs(row, keys)
    return inputs.fixes, inputs.device_keys


def opened_inputs(row: Sequence[Any], keys: KeyStore) -> Inputs:
    """Return all that one row of COLUMNS holds. Raises KeyMissing, BlockDamaged."""
    written_at, hour, version, count, measures, body = row
    header = Header(written_at.astimezone(UTC), hour, version, count, tuple(measures))
    return decode(open_sealed(bytes(body), keys.load(hour), header))


def _rows(query: str, params: list[Any], using: str) -> Iterator[Sequence[Any]]:
    with connections[using].cursor() as cursor:
        cursor.execute(query, params)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
