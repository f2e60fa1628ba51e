"""What a late judgement looks at: one measure's history twice, and what the record says of that time.

Reads only. Run inside `people.access.system("compare")` of role jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Q
from numpy.typing import NDArray

from sifang.monitoring.engine.specs import MeasureSpec
from sifang.monitoring.intake.columns import F_LATE
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.states import open_sealed, unpacked
from sifang.monitoring.intake.track import read_track
from sifang.monitoring.models import Alarm, AlarmKind, EngineState, LateWork, Measure, ReviewVerdict, Signal
from sifang.monitoring.replay import (
    KINDS,
    SIGNALS,
    Episode,
    Findings,
    Fixes,
    Raised,
    Run,
    Scratch,
    State,
    compared,
    explained,
    in_order,
)
from sifang.monitoring.specs import load_measure

WARM_UP_S = 24 * 3600  # replayed before the first late fix where no true state is kept
OLDEST_S = 10 * WARM_UP_S  # an older state is not gone back to
AHEAD = timedelta(seconds=180)  # fixes may be dated a little ahead of the server
AGAINST_S = 300  # a withdrawal shows the evaluations up to so long after the alarm's beginning
NEAR_S = 3600  # … and counts the late fixes from so long before it


def at(second: int) -> datetime:
    """Return the aware UTC instant of a Unix second."""
    return datetime.fromtimestamp(second, UTC)


@dataclass(frozen=True)
class Start:
    """A true state and the second of the newest fix in it."""

    taken_to: int
    state: State


@dataclass(frozen=True)
class Scene:
    """`came`: which of `fixes` (in order) are the late ones now judged; `before`: the episodes
    without them, and those without any late fix, as the watch lived it.
    """

    measure: Measure
    start: Start
    engine: Scratch
    fixes: Fixes
    came: NDArray[Any]
    before: list[Episode]
    after: Run
    recorded: list[Episode]
    alarms: list[tuple[Alarm, Episode]]

    def findings(self, *, patient: bool) -> Findings:
        """Return what the replay says against the record."""
        alarms = [Raised(episode, _is_withdrawn(alarm), alarm.past) for alarm, episode in self.alarms]
        return compared(self.recorded, alarms, self.before, self.after.episodes, patient=patient)

    def until(self, episode: Episode) -> int:
        """Return the episode's end as far as it is known."""
        return episode.to_s if episode.to_s is not None else int(self.fixes["taken_s"].max())

    def evidence(self, episode: Episode, until_s: int) -> list[dict[str, Any]]:
        """Return the evaluations of the episode's fence up to that fix; nothing for the device's own."""
        if episode.fence < 0:
            return []
        return self.engine.evidence(self.start.state, self.fixes, episode.fence, until_s)

    def against(self, episode: Episode) -> dict[str, Any]:
        """Return counts, seconds and evaluations that speak against an alarm; no coordinates."""
        until = episode.from_s + AGAINST_S
        taken = self.fixes["taken_s"]
        near = self.came & (taken >= episode.from_s - NEAR_S) & (taken <= (episode.to_s or until))
        facts: dict[str, Any] = {"late": int(near.sum())}
        if near.any():
            facts |= {"first_s": int(taken[near].min()), "last_s": int(taken[near].max())}
        rows = self.evidence(episode, until)
        if rows:
            facts |= {"evidence": rows, "probability": max(row["probability"] for row in rows)}
        return facts

    def silence(self, alarm: Alarm, now: datetime) -> dict[str, int] | None:
        """Return what the late positions say about an alarm of silence, if it is new."""
        if alarm.kind != AlarmKind.SILENT:
            return None
        ended = int((alarm.ended_at or now).timestamp())
        facts = explained(self.fixes, self.came, alarm.episode, ended)
        said = [one.facts for one in alarm.reviews.all() if one.verdict == ReviewVerdict.EXPLAINED]
        return None if any(one.get("last_s") == (facts or {}).get("last_s") for one in said) else facts


def track_since(measure: Measure, start: Start, now: datetime) -> Fixes:
    """Return every fix of the measure taken after the start."""
    return read_track([measure.number], at(start.taken_to + 1), now + AHEAD, using="default")


def start_of(measure: Measure, spec: MeasureSpec, first: int, keys: KeyStore, engine: Scratch) -> Start:
    """Return the newest state that is true before `first`. Raises KeyMissing, BlockDamaged.

    A state is true when no late fix belongs before its end: the watch's own while none has come at all,
    the job's as long as none waits. Without one: a clean one from the measure's beginning, at most a day
    before `first`.
    """
    works = LateWork.objects.filter(measure=measure).order_by("from_s").values_list("from_s", flat=True)
    ever, unjudged = works.first(), works.filter(state__in=["waiting", "failed"]).first()
    lived = Q(merged=False, taken_to__lt=first if ever is None else min(first, ever))
    merged = Q(merged=True, taken_to__lt=first if unjudged is None else min(first, unjudged))
    kept = EngineState.objects.filter(lived | merged, measure=measure, taken_to__gte=max(0, first - OLDEST_S))
    newest = kept.order_by("-taken_to", "-merged").first()
    if newest is not None:
        key = keys.load_measure(measure.number)
        state = unpacked(open_sealed(bytes(newest.body), key, measure.number, newest.taken_to))
        if state is not None:
            return Start(newest.taken_to, state)
    return Start(max(spec.from_s - 1, first - WARM_UP_S), engine.fresh())


def load_engine(engine: Scratch, measure: Measure, first: int, now: datetime) -> MeasureSpec | None:
    """Let the engine take the measure with the fences as they were in force; None when it never was."""
    with connection.cursor() as cursor:
        loaded = load_measure(cursor, measure.number, at(first - OLDEST_S), now)
    if loaded is None:
        return None
    spec, fences = loaded
    engine.load(spec, fences)
    return spec


def scene_of(measure: Measure, start: Start, track: Fixes, received: int, engine: Scratch) -> Scene:
    """Replay without and with the late fixes received since `received`, and read the record."""
    marked = track.copy()
    late = (track["flags"] & F_LATE) > 0
    # the marks travel in a column that the engine fills anew: 1 late, 2 late and now judged
    marked["verdict"] = late.astype(np.uint8) + (late & (track["received_s"] >= received))
    fixes = in_order(marked)
    late, came = fixes["verdict"] > 0, fixes["verdict"] > 1
    alarms = _alarms(measure, start.taken_to)
    told = [episode for _, episode in alarms]
    return Scene(
        measure=measure,
        start=start,
        engine=engine,
        fixes=fixes,
        came=came,
        before=[
            *engine.run(start.state, fixes[~came]).episodes,
            *engine.run(start.state, fixes[~late]).episodes,
        ],
        after=engine.run(start.state, fixes),
        recorded=told + _signals(measure, start.taken_to, told),
        alarms=alarms,
    )


def _is_withdrawn(alarm: Alarm) -> bool:
    said = [one for one in alarm.reviews.all() if one.verdict != ReviewVerdict.EXPLAINED]
    latest = max(said, key=lambda one: one.at, default=None)
    return latest is not None and latest.verdict == ReviewVerdict.UNSUPPORTED


def _alarms(measure: Measure, taken_to: int) -> list[tuple[Alarm, Episode]]:
    """The alarms whose situation lasted beyond the start of the replay."""
    asked = Alarm.objects.filter(measure=measure, kind__in=[*KINDS.values(), AlarmKind.SILENT])
    asked = asked.filter(Q(ended_at=None) | Q(ended_at__gt=at(taken_to)))
    found = []
    for alarm in asked.select_related("fence").prefetch_related("reviews").order_by("began_at"):
        ended = None if alarm.ended_at is None else int(alarm.ended_at.timestamp())
        fence = alarm.fence.number if alarm.fence else -1
        found.append((alarm, Episode(alarm.kind, fence, alarm.episode, ended, alarm.episode)))
    return found


def _signals(measure: Measure, taken_to: int, alarms: Sequence[Episode]) -> list[Episode]:
    """The episodes that the recorded signals tell of, those too that made no alarm of their own."""
    rows = Signal.objects.filter(measure=measure, kind__in=SIGNALS, at__gt=at(taken_to)).order_by("at")
    ends: dict[tuple[str, int, int], int | None] = {}
    for kind, fence, phase, episode, when in rows.values_list(
        "kind", "fence__number", "phase", "episode", "at"
    ):
        key = (SIGNALS[kind], -1 if fence is None else fence, episode)
        ends.setdefault(key, None)
        if phase == "end":
            ends[key] = int(when.timestamp())
    last = {key[:2]: key[2] for key in sorted(ends, key=lambda key: key[2])}
    known = {(one.kind, one.fence, one.from_s): one.to_s for one in alarms}
    found = []
    for key, said in ends.items():
        kind, fence, since = key
        ended = said if said is not None else known.get(key)
        if ended is None and since < last[kind, fence]:
            ended = since  # its end was never said (a restart, a fence that closed): no longer than known
        found.append(Episode(kind, fence, since, ended, since))
    return found
