"""From signals to rows: every signal is stored, and those that call for it open or end an alarm.

One alarm per episode. Which alarms are open is held here (and read back at start), so that an episode that
continues over a restart, under whatever number the engine gives it then, stays one alarm.
A silence is not an alarm yet: `silence` says first whose it is. A station fence (kind STATION) reminds: its
signal is stored for the person and the officer, no alarm.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from django.db import DatabaseError, connections, transaction
from numpy.typing import NDArray

from sifang.kernel.ids import uuid7
from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.monitoring.engine.specs import (
    BATTERY,
    BEGIN,
    BOUNDARY,
    KIND_NAMES,
    PLACE,
    SILENT,
    SOS,
    STATION,
    STRAP,
    TIMETABLE,
)
from sifang.monitoring.intake.columns import F_LATE, F_LOCATED, NO_BATTERY
from sifang.monitoring.intake.held import STILL_ON, Held, HeldBack, is_old
from sifang.monitoring.intake.latework import has_late, note_late
from sifang.monitoring.intake.tables import Names
from sifang.monitoring.models import AlarmKind
from sifang.monitoring.services.alarms import Situation, end_alarm_episode, raise_alarm, raise_past_alarm

log = get_logger("watch")
ALARM_KINDS = {
    BOUNDARY: "boundary_left",
    PLACE: "place_entered",
    TIMETABLE: "off_timetable",
    STRAP: "strap",
    BATTERY: "low_battery",
    SILENT: "silent",
    SOS: "sos",
}
_HELD_KINDS = {KIND_NAMES[code]: kind for code, kind in ALARM_KINDS.items() if code != SILENT}
_NUMBERS = ("distance_m", "accuracy_m", "boundary_m", "probability")
Key = tuple[int, str, int]  # measure number, alarm kind, fence number or -1


class Evidence(Protocol):
    """What the engine can say about a fence."""

    def evidence(self, fence_number: int) -> list[dict[str, Any]]: ...


class Desk:
    """The alarm desk of the worker thread."""

    def __init__(
        self, engine: Evidence, using: str = "default", now: Callable[[], datetime] = utc_now
    ) -> None:
        self._engine = engine
        self._using, self._now = using, now
        self._names = Names({}, {})
        self._open: dict[Key, int] = {}
        self._pending: dict[Key, int | None] = {}
        self._held = HeldBack()
        self.raised = 0
        self.fell_silent: list[tuple[int, int]] = []  # measure, episode: committed since last taken
        self.heard: list[int] = []
        self._pending_heard: list[int] = []

    def name(self, names: Names) -> None:
        """Take over the ids behind the numbers."""
        self._names = names

    @property
    def measures(self) -> Mapping[int, UUID]:
        """The measures in force, by number."""
        return self._names.measures

    @property
    def open(self) -> Mapping[Key, int]:
        """Open alarms: (measure, kind, fence or -1) → the episode under which each was raised."""
        return self._open

    @property
    def running(self) -> set[Key]:
        """What has begun and not ended: open alarms, and what is held (see `held`)."""
        return {*self._open, *self._held}

    def reload(self) -> dict[int, datetime]:
        """Read which alarms are open; returns for each measure when its earliest open episode began.

        To be called under the system purpose `watch` or within a transaction of it.
        """
        with connections[self._using].cursor() as cursor:
            cursor.execute(
                "SELECT m.number, a.kind, coalesce(f.number, -1), a.episode, a.began_at"
                " FROM monitoring_alarm a JOIN monitoring_measure m ON m.id = a.measure_id"
                " LEFT JOIN monitoring_fence f ON f.id = a.fence_id WHERE a.ended_at IS NULL AND NOT a.past"
            )
            rows = cursor.fetchall()
        self._open = {(measure, kind, fence): episode for measure, kind, fence, episode, _ in rows}
        self._held.reload(self._using, _HELD_KINDS, self._now_s, self._open)
        since: dict[int, datetime] = {}
        for measure, _, _, _, began in rows:
            since[measure] = min(began, since.get(measure, began))
        return since

    def record(self, fixes: NDArray[np.void], signals: NDArray[np.void]) -> None:
        """Store the signals of this tick, raise and end alarms; inside the tick's transaction."""
        if has_late(fixes):
            note_late(fixes, self._names.measures, self._now(), self._using)
        for signal in signals:
            held = self._is_held(signal, fixes)
            self._store(signal, held=held)
            self._alarm(signal, fixes, held=held)
        for key in self._held.heard(fixes, self._now_s) if self._held else ():
            self._is_on_now(key, fixes)
        if self._has_open_silence():
            self._end_silences(fixes)

    def is_idle(self, fixes: NDArray[np.void], signals: NDArray[np.void]) -> bool:
        """Whether `record` would write nothing for this tick."""
        return not (len(signals) or self._held or has_late(fixes) or self._has_open_silence())

    def _has_open_silence(self) -> bool:
        return any(kind == "silent" for _, kind, _ in self._open)

    def committed(self) -> None:
        """The transaction has committed: what it opened is open."""
        for key, episode in self._pending.items():
            if episode is None:
                self._open.pop(key, None)
            else:
                self._open[key] = episode
                self.raised += 1
        self.heard += self._pending_heard
        self._held.committed()
        self.rolled_back()

    def rolled_back(self) -> None:
        """Forget what the last transaction would have changed."""
        self._pending, self._pending_heard = {}, []
        self._held.rolled_back()

    def silence(self, signals: NDArray[np.void]) -> None:
        """Store silences that begin; whose they are is decided elsewhere.

        They ride in the transaction of others' fixes: one that cannot be stored is left out, and said.
        """
        for signal in signals:
            try:
                with transaction.atomic(self._using):  # a savepoint
                    self._store(signal)
            except DatabaseError as error:
                if connections[self._using].connection is None or connections[self._using].connection.broken:
                    raise
                log.error("silence_not_stored", error=type(error).__name__)  # noqa: TRY400 (no row content)

    def ask_about_silence(self, measure: int, episode: int, facts: dict[str, Any]) -> None:
        """Raise the alarm `silent`."""
        self._begin((measure, "silent", -1), episode, None, facts)

    def end(self, keys: Iterable[Key], at_s: int) -> None:
        """End the situations of alarms whose measure or fence is no more; the questions stay."""
        for key in keys:
            self._end(key, at_s)

    def stalled(self) -> list[Key]:
        """Return what is held though nothing more comes; `ask_stalled` asks about it."""
        return self._held.stalled(self._now_s)

    def ask_stalled(self, keys: Iterable[Key]) -> None:
        """Ask about the past as far as it is known; what fixes of now show later is asked live."""
        for key in keys:
            held = self._held.get(key)
            if held is not None and not held.asked:
                self._ask_past(key, held, held.decided_s, still_on=True)
                self._held.put(key, replace(held, asked=True))

    @property
    def _now_s(self) -> int:
        return int(self._now().timestamp())

    def _is_held(self, signal: np.void, fixes: NDArray[np.void]) -> bool:
        """Whether this is the beginning of something that is not asked live."""
        kind, fence = int(signal["kind"]), int(signal["fence"])
        if int(signal["phase"]) != BEGIN or kind in {SILENT, STATION} or kind not in ALARM_KINDS:
            return False
        return not self._is_open((int(signal["measure"]), ALARM_KINDS[kind], fence)) and is_old(signal, fixes)

    def _is_on_now(self, key: Key, fixes: NDArray[np.void]) -> None:
        """Ask live, unless the last positions are on the lawful side: then its end only waits for proof."""
        held, fence = self._held.get(key), key[2]
        rows = self._engine.evidence(fence)[-STILL_ON:] if fence >= 0 else []
        if held is None or any(row["distance_m"] <= 0 for row in rows):
            return
        episode, facts = held.episode, dict(held.facts)
        if held.asked:  # the record has this episode as past: what is on now is asked anew
            episode, facts = (
                int(fixes["taken_s"][fixes["measure"] == key[0]].max()),
                facts | {"since": held.episode},
            )
        self._begin(key, episode, held.probability, facts, held.evidence)
        self._held.put(key, None)

    def _ask_past(self, key: Key, held: Held, until_s: int, *, still_on: bool) -> None:
        measure, kind, fence = key
        if kind == ALARM_KINDS[BATTERY]:  # charged since, or asked live: of the past there is nothing to ask
            return
        situation = Situation(
            measure=measure,
            kind=AlarmKind(kind),
            episode=held.episode,
            fence=fence if fence >= 0 else None,
            probability=held.probability,
            evidence=held.evidence,
            facts={**held.facts, "in_order": True, "still_on": still_on},
        )
        raise_past_alarm(situation, until=datetime.fromtimestamp(until_s, UTC), now=self._now())

    def _alarm(self, signal: np.void, fixes: NDArray[np.void], *, held: bool) -> None:
        kind, measure, fence = int(signal["kind"]), int(signal["measure"]), int(signal["fence"])
        if kind == STATION or kind not in ALARM_KINDS:
            return
        key = (measure, ALARM_KINDS[kind], fence)
        if int(signal["phase"]) == BEGIN:
            if kind != SILENT:
                facts = _battery(fixes, measure) if kind == BATTERY else {}
                episode, probability = int(signal["episode"]), _number(signal["probability"])
                if held:
                    rows = self._engine.evidence(fence) if fence >= 0 else []
                    begun = Held(episode, int(signal["at_s"]), self._now_s, probability, rows, facts)
                    self._held.put(key, begun)
                else:
                    self._begin(key, episode, probability, facts)
            return
        if kind == SILENT:
            self._pending_heard.append(measure)
        self._end(key, int(signal["at_s"]))

    def _begin(
        self,
        key: Key,
        episode: int,
        probability: float | None,
        facts: dict[str, Any],
        evidence: list[dict[str, Any]] | None = None,
    ) -> None:
        measure, kind, fence = key
        if self._is_open(key) or measure not in self._names.measures:
            return
        alarm = raise_alarm(
            Situation(
                measure=measure,
                kind=AlarmKind(kind),
                episode=episode,
                fence=fence if fence >= 0 else None,
                probability=probability,
                evidence=evidence or (self._engine.evidence(fence) if fence >= 0 else []),
                facts=facts,
            ),
            now=self._now(),
        )
        if alarm is not None:
            self._pending[key] = episode

    def _end(self, key: Key, at_s: int) -> None:
        measure, kind, fence = key
        held = self._held.get(key)
        if held is not None:
            if not held.asked:
                self._ask_past(key, held, at_s, still_on=False)
            self._held.put(key, None)
        if not self._is_open(key):
            return
        at = datetime.fromtimestamp(at_s, UTC)
        end_alarm_episode(measure, AlarmKind(kind), fence=fence if fence >= 0 else None, at=at)
        self._pending[key] = None

    def _is_open(self, key: Key) -> bool:
        return self._pending[key] is not None if key in self._pending else key in self._open

    def _end_silences(self, fixes: NDArray[np.void]) -> None:
        """A silence that was asked about before a restart ends with the first position that comes."""
        here = (fixes["flags"] & (F_LOCATED | F_LATE)) == F_LOCATED
        for measure in np.unique(fixes["measure"][here]):
            key = (int(measure), "silent", -1)
            if self._is_open(key):
                at = int(fixes["received_s"][here & (fixes["measure"] == measure)].min())
                self._pending_heard.append(int(measure))
                self._end(key, at)

    def _store(self, signal: np.void, *, held: bool = False) -> None:
        measure, fence = self._names.measures.get(int(signal["measure"])), int(signal["fence"])
        if measure is None:
            return
        with connections[self._using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO monitoring_signal (id, measure_id, fence_id, kind, phase, episode, at, data,"
                " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    uuid7(),
                    measure,
                    self._names.fences.get(fence),
                    KIND_NAMES[int(signal["kind"])],
                    "begin" if int(signal["phase"]) == BEGIN else "end",
                    int(signal["episode"]),
                    datetime.fromtimestamp(int(signal["at_s"]), UTC),
                    json.dumps(
                        {name: _number(signal[name]) for name in _NUMBERS} | ({"held": True} if held else {})
                    ),
                    self._now(),
                ],
            )


def _battery(fixes: NDArray[np.void], measure: int) -> dict[str, Any]:
    """The last battery level this measure's device gave in the tick, if any."""
    given = fixes[(fixes["measure"] == measure) & (fixes["battery_pct"] != NO_BATTERY)]
    return {"battery_pct": int(given["battery_pct"][-1])} if len(given) else {}


def _number(value: Any) -> float | None:
    number = float(value)
    return round(number, 4) if np.isfinite(number) else None
