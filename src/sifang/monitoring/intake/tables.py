"""What the watch works by, read in one transaction: version first, then devices, measures, fences.

Read under the system purpose `watch`. If a change commits between the version and the rest, the journal
refuses the first block built on it, and the watch reads again.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections

from sifang.monitoring.intake.admission import DeviceRow, Window
from sifang.monitoring.specs import Specs, load_specs
from sifang.people.access import system

_DEVICES = """
SELECT d.id, d.terminal_id, k.protocol, d.auth_code_hash, d.imei, d.iccid, d.carrier, k.quality
  FROM monitoring_device d JOIN monitoring_devicemodel k ON k.id = d.model_id
 WHERE d.retired_at IS NULL ORDER BY d.registered_at, d.id
"""
# a term counts in whole seconds inside its instants: nothing is received in the second in which it ends
# told_at: before it was made known to the person nothing is collected (办法37条, recalled)
_WINDOWS = """
SELECT * FROM (
  SELECT b.device_id, m.number,
         ceil(extract(epoch FROM GREATEST(m.approved_at, m.told_at, b.bound_at)))::bigint AS from_s,
         floor(extract(epoch FROM LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at),
                                       COALESCE(b.unbound_at, m.ends_at))))::bigint AS to_s
    FROM monitoring_binding b JOIN monitoring_measure m ON m.id = b.measure_id
   WHERE m.told_at IS NOT NULL) w
 WHERE to_s > extract(epoch FROM %(now)s::timestamptz) - 604800 AND from_s < to_s
"""
_NAMES = """
SELECT m.number, m.id FROM monitoring_measure m
 WHERE LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) > %(now)s::timestamptz - interval '7 days'
"""
_FENCES = "SELECT number, id FROM monitoring_fence WHERE number = ANY (%(numbers)s)"


@dataclass(frozen=True)
class Names:
    """The ids behind the dense numbers that the hot path carries."""

    measures: Mapping[int, UUID]
    fences: Mapping[int, UUID]


@dataclass(frozen=True)
class Tables:
    """One state of everything the watch works by."""

    specs: Specs
    devices: list[DeviceRow]
    names: Names


def load_tables(now: datetime, using: str = "default") -> Tables:
    """Return what is in force at `now` (aware), under one version."""
    with system("watch", using=using, continues=True), connections[using].cursor() as cursor:
        specs = load_specs(cursor, now)
        given: dict[str, Any] = {"now": now, "numbers": [fence.number for fence in specs.fences]}
        windows: dict[UUID, list[Window]] = defaultdict(list)
        cursor.execute(_WINDOWS, given)
        for device, number, from_s, to_s in cursor.fetchall():
            windows[device].append(Window(number, from_s, to_s))
        cursor.execute(_DEVICES, given)
        devices = [
            DeviceRow(
                id=i, terminal_id=terminal, protocol=protocol,
                auth_code_hash=None if code is None else bytes(code), imei=imei, iccid=iccid, carrier=carrier,
                quality=json.loads(quality) if isinstance(quality, str) else quality,
                windows=tuple(windows[i]),
            )
            for i, terminal, protocol, code, imei, iccid, carrier, quality in cursor.fetchall()
        ]  # fmt: skip
        cursor.execute(_NAMES, given)
        measures = dict(cursor.fetchall())
        cursor.execute(_FENCES, given)
        fences = dict(cursor.fetchall())
    return Tables(
        specs=specs,
        devices=devices,
        names=Names(
            measures=measures,
            fences=fences,
        ),
    )
