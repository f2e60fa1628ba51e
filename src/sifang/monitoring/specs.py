"""What the watch is told: live measures, their fences, devices, in plain SQL (no ORM, thousands in a moment).

Run inside `people.access.system("watch")`. A fence enters only when its clause and the measure have been
made known to the person: `from_s` is that instant, so nothing before it can raise an alarm (E3, 办法37条).
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec


@dataclass(frozen=True)
class DeviceSpec:
    """A registered device in use; `measure`: number of the live measure it is worn under, or None."""

    terminal_id: str
    protocol: str
    measure: int | None
    auth_code_hash: bytes | None
    imei: str
    iccid: str
    carrier: str
    quality: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Specs:
    """One consistent state of everything the watch works by, under one version."""

    version: int
    measures: list[MeasureSpec]
    fences: list[FenceSpec]
    devices: list[DeviceSpec]


_MEASURES = """
SELECT m.number, extract(epoch FROM GREATEST(m.approved_at, m.told_at)),
       extract(epoch FROM LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)))
  FROM monitoring_measure m
 WHERE m.told_at IS NOT NULL AND LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) > %(since)s
   AND m.approved_at <= %(now)s AND (%(only)s::bigint IS NULL OR m.number = %(only)s)
 ORDER BY m.number
"""
_DEVICES = """
SELECT d.terminal_id, k.protocol, m.number, d.auth_code_hash, d.imei, d.iccid, d.carrier, k.quality
  FROM monitoring_device d JOIN monitoring_devicemodel k ON k.id = d.model_id
  LEFT JOIN monitoring_binding b ON b.device_id = d.id AND b.bound_at <= %(now)s
       AND (b.unbound_at IS NULL OR b.unbound_at > %(now)s)
  LEFT JOIN monitoring_measure m ON m.id = b.measure_id AND m.told_at IS NOT NULL
       AND m.approved_at <= %(now)s
       AND LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) > %(now)s
 WHERE d.retired_at IS NULL
 ORDER BY d.terminal_id
"""
_FENCES = """
SELECT f.number, m.number, c.kind, f.keeps, f.line_id::text, f.geometry, f.timetable, f.alarm,
       extract(epoch FROM GREATEST(m.approved_at, m.told_at, c.valid_from, c.made_known_at)),
       extract(epoch FROM LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at), COALESCE(c.valid_to, m.ends_at),
                                COALESCE(f.closed_at, m.ends_at))),
       c.id::text
  FROM monitoring_fence f JOIN monitoring_measure m ON m.id = f.measure_id
  JOIN monitoring_clause c ON c.id = f.clause_id
 WHERE m.told_at IS NOT NULL AND c.made_known_at IS NOT NULL AND m.approved_at <= %(now)s
   AND LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at), COALESCE(c.valid_to, m.ends_at),
             COALESCE(f.closed_at, m.ends_at)) > %(since)s
   AND (%(only)s::bigint IS NULL OR m.number = %(only)s)
 ORDER BY f.number
"""
_EXCEPTIONS = """
SELECT clause_id::text, extract(epoch FROM starts_at), extract(epoch FROM LEAST(ends_at, closed_at))
  FROM monitoring_clauseexception
 WHERE LEAST(ends_at, closed_at) > GREATEST(starts_at, %(since)s - interval '1 day') ORDER BY starts_at
"""
_LINES = """
SELECT id::text, geometry FROM monitoring_boundaryline WHERE id = ANY (%(ids)s::uuid[])
"""


def load_specs(cursor: CursorWrapper, now: datetime) -> Specs:
    """Return what is in force at `now` (aware) with the version it belongs to.

    The version is read first: if a change commits in between, the journal refuses the first block built
    on the older version, and the watch loads again. Instants are Unix seconds, ends exclusive.
    """
    given: dict[str, Any] = {"now": now, "since": now, "only": None}
    version = int(_rows(cursor, "SELECT version FROM monitoring_measuresversion WHERE id = 1", given)[0][0])
    measures = _measures(cursor, given)
    devices = [
        DeviceSpec(t, p, n, bytes(h) if h is not None else None, imei, iccid, carrier, _json(q))
        for t, p, n, h, imei, iccid, carrier, q in _rows(cursor, _DEVICES, given)
    ]
    return Specs(version, measures, _fences(cursor, given), devices)


def load_measure(
    cursor: CursorWrapper, number: int, since: datetime, now: datetime
) -> tuple[MeasureSpec, list[FenceSpec]] | None:
    """Return one measure with every fence that was in force at some time since `since` (aware), or None.

    Exceptions as they are known now: a leave that was approved later opens the fence in the past, too.
    """
    given: dict[str, Any] = {"now": now, "since": since, "only": number}
    measures = _measures(cursor, given)
    return (measures[0], _fences(cursor, given)) if measures else None


def _measures(cursor: CursorWrapper, given: dict[str, Any]) -> list[MeasureSpec]:
    return [MeasureSpec(n, _s(a), _s(b)) for n, a, b in _rows(cursor, _MEASURES, given)]


def _fences(cursor: CursorWrapper, given: dict[str, Any]) -> list[FenceSpec]:
    exceptions: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for clause, start, end in _rows(cursor, _EXCEPTIONS, given):
        exceptions[clause].append((_s(start), _s(end)))
    rows = _rows(cursor, _FENCES, given)
    ids = sorted({row[4] for row in rows if row[4]})
    lines = {i: _rings(g) for i, g in _rows(cursor, _LINES, {"ids": ids})}  # parsed once, shared by all
    return [
        FenceSpec(
            number=number,
            measure=measure,
            kind=kind,
            keeps=keeps,
            rings=lines[line] if line else _rings(geometry),
            timetable=timetable,
            exceptions=exceptions.get(clause, []),
            from_s=_s(start),
            to_s=_s(end),
            alarm=alarm,
        )
        for number, measure, kind, keeps, line, geometry, timetable, alarm, start, end, clause in rows
    ]


def _rows(cursor: CursorWrapper, sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    cursor.execute(sql, given)
    return list(cursor.fetchall())


def _s(epoch: Any) -> int:
    """Whole Unix seconds; an instant within a second begins with the next one."""
    whole: int = math.ceil(epoch)
    return whole


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _rings(geometry: Any) -> list[NDArray[np.float64]]:
    return [np.asarray(ring, dtype=np.float64) for ring in _json(geometry)["rings"]]
