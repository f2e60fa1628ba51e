"""Late fixes leave work behind, in the transaction that journals them: whose history is to be judged anew.

The watch never waits for the job: a row the job holds is passed over and a new one made. A waiting row the
watch holds keeps the job away until the tick is committed, so a job that got the row sees all its fixes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.kernel.ids import uuid7
from sifang.monitoring.intake.columns import F_LATE

_NOTE = """
WITH want AS (
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
                AS w(id, measure_id, from_s, to_s, received_s)),
held AS (
  SELECT l.id, l.measure_id FROM monitoring_latework l
   WHERE l.state = 'waiting' AND l.measure_id IN (SELECT measure_id FROM want)
     FOR UPDATE OF l SKIP LOCKED),
wider AS (
  UPDATE monitoring_latework l
     SET from_s = LEAST(l.from_s, w.from_s), received_s = LEAST(l.received_s, w.received_s)
    FROM held h JOIN want w ON w.measure_id = h.measure_id
   WHERE l.id = h.id AND (w.from_s < l.from_s OR w.received_s < l.received_s))
INSERT INTO monitoring_latework (id, measure_id, from_s, to_s, received_s, state, reason, created_at)
SELECT w.id, w.measure_id, w.from_s, w.to_s, w.received_s, 'waiting', '', %s FROM want w
 WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.measure_id = w.measure_id)
"""


def has_late(fixes: NDArray[np.void]) -> bool:
    """Whether any fix of this tick is late."""
    return bool((fixes["flags"] & F_LATE).any())


def note_late(fixes: NDArray[np.void], measures: Mapping[int, Any], now: datetime, using: str) -> int:
    """Leave work for each measure with late fixes in this tick; returns for how many.

    `measures`: number → id. Inside the tick's transaction, under the system purpose `watch`.
    """
    late = fixes[(fixes["flags"] & F_LATE) > 0]
    if not len(late):
        return 0
    rows = [
        (measures[number], int(own["taken_s"].min()), int(own["taken_s"].max()), int(own["received_s"].min()))
        for number in np.unique(late["measure"]).tolist()
        if number in measures
        for own in (late[late["measure"] == number],)
    ]
    if rows:
        ids, first, last, received = (list(column) for column in zip(*rows, strict=True))
        with connections[using].cursor() as cursor:
            cursor.execute(_NOTE, [[uuid7() for _ in ids], ids, first, last, received, now.astimezone(UTC)])
    return len(rows)
