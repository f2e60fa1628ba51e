"""Situations that a device tells long after they began, but in order: they pass the live path, late.

A device that was in a blind spot may send what it kept oldest first. What its fixes of hours ago say is no
alarm of now (trust.md F12): its beginning is held, not asked. It becomes one question: about the past when
the situation ends, or when nothing more comes; a live one only when fixes of now show that it is still on.
The beginning is on record all the while (a signal with `held`), so a restart holds it again.
"""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import F_LATE, F_LOCATED

LIVE_S = 600  # a fix taken longer ago than this when it is received says nothing of now (our reading)
STILL_ON = 3  # so many fixes of now, and the situation not ended: it is on now
Key = tuple[int, str, int]  # measure number, alarm kind, fence number or -1

_HELD = """
SELECT m.number, s.kind, coalesce(f.number, -1), s.episode, floor(extract(epoch FROM s.at))::bigint,
       (s.data ->> 'probability')::float8,
       EXISTS (SELECT 1 FROM monitoring_alarm a WHERE a.measure_id = s.measure_id AND a.past
               AND a.fence_id IS NOT DISTINCT FROM s.fence_id AND a.episode = s.episode
               AND a.kind = k.kinds ->> s.kind)
  FROM monitoring_signal s JOIN monitoring_measure m ON m.id = s.measure_id
  LEFT JOIN monitoring_fence f ON f.id = s.fence_id CROSS JOIN (SELECT %s::jsonb) k(kinds)
 WHERE s.phase = 'begin' AND s.data ->> 'held' = 'true'
   AND s.created_at > now() - interval '8 days'
   AND NOT EXISTS (SELECT 1 FROM monitoring_signal e WHERE e.measure_id = s.measure_id AND e.phase = 'end'
                   AND e.kind = s.kind AND e.fence_id IS NOT DISTINCT FROM s.fence_id
                   AND e.episode = s.episode AND e.data ->> 'past' IS NULL)
   AND NOT EXISTS (SELECT 1 FROM monitoring_alarm a WHERE a.measure_id = s.measure_id AND NOT a.past
                   AND a.fence_id IS NOT DISTINCT FROM s.fence_id AND a.episode = s.episode
                   AND a.kind = k.kinds ->> s.kind)
"""


@dataclass(frozen=True)
class Held:
    """A beginning that waits. Unix seconds; `seen_s`: when the last fix of the measure came;
    `fresh`: fixes of now since; `asked`: a question about the past was asked already.
    """

    episode: int
    decided_s: int
    seen_s: int
    probability: float | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)
    fresh: int = 0
    asked: bool = False


class HeldBack:
    """What is held, with the changes of the running transaction on top."""

    def __init__(self) -> None:
        self._kept: dict[Key, Held] = {}
        self._pending: dict[Key, Held | None] = {}

    def __bool__(self) -> bool:
        return bool(self._kept or self._pending)

    def __iter__(self) -> Iterator[Key]:
        return iter([key for key in {**self._kept, **self._pending} if self.get(key) is not None])

    def get(self, key: Key) -> Held | None:
        """Return what is held under this key, or None."""
        return self._pending[key] if key in self._pending else self._kept.get(key)

    def put(self, key: Key, held: Held | None) -> None:
        """Hold it, or (None) hold it no longer; counts when the transaction commits."""
        self._pending[key] = held

    def heard(self, fixes: NDArray[np.void], now_s: int) -> list[Key]:
        """Take note of a tick; return what fixes of now show to be on."""
        on = []
        for key in self:
            held = self.get(key)
            mine = fixes["measure"] == key[0]
            says = mine & is_of_now(fixes)
            if key[2] >= 0:  # about a line, only a position says something
                says &= (fixes["flags"] & F_LOCATED) > 0
            if held is None or not mine.any():
                continue
            fresh = held.fresh + int(says.sum())
            self.put(key, replace(held, seen_s=now_s, fresh=fresh))
            if fresh >= STILL_ON:
                on.append(key)
        return on

    def stalled(self, now_s: int) -> list[Key]:
        """Return what waits and was not asked, though nothing more has come for as long as `LIVE_S`."""
        kept = [(key, self.get(key)) for key in self]
        return [key for key, one in kept if one and not one.asked and now_s - one.seen_s > LIVE_S]

    def committed(self) -> None:
        """The transaction has committed."""
        for key, held in self._pending.items():
            if held is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = held
        self._pending = {}

    def rolled_back(self) -> None:
        """The transaction has not."""
        self._pending = {}

    def reload(self, using: str, kinds: Mapping[str, str], now_s: int, is_open: Container[Key]) -> None:
        """Hold what the record says was held. `kinds`: kind of the signal → of the alarm."""
        with connections[using].cursor() as cursor:
            cursor.execute(_HELD, [json.dumps(dict(kinds))])
            rows = cursor.fetchall()
        found: dict[Key, Held] = {}
        for measure, kind, fence, episode, decided_s, probability, asked in rows:
            key = (measure, kinds[kind], fence)
            if key in is_open:
                continue
            known = self._kept.get(key)
            if known is None or known.episode != episode:
                known = Held(episode, decided_s, now_s, probability)
            found[key] = replace(known, asked=asked)
        self._kept, self._pending = found, {}


def is_of_now(fixes: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which fixes say where somebody is, not where he was."""
    recent = fixes["received_s"] - fixes["taken_s"] <= LIVE_S
    found: NDArray[np.bool_] = recent & ((fixes["flags"] & F_LATE) == 0)
    return found


def is_old(signal: np.void, fixes: NDArray[np.void]) -> bool:
    """Whether the fix that made this signal was taken long before it was received."""
    made = (fixes["measure"] == signal["measure"]) & (fixes["taken_s"] == signal["at_s"])
    return bool(made.any()) and not bool((made & is_of_now(fixes)).any())
