"""Late fixes judged: that person's history replayed with them in place, compared with what was recorded.

New facts only: an alarm about the past, or a review of an alarm (its situation is no longer supported, is
supported again, a silence is explained). Nothing is closed, ended or changed; a person decides. All of one
measure happens in one transaction, and the record it compares with holds what earlier runs have found: a
job that runs twice, or is killed in between, adds nothing twice. The live engine knows nothing of this.

Runs in the process jobs under the system purpose `compare`, one read record a run that had work.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from sifang.kernel.config import need
from sifang.kernel.errors import SifangError
from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.monitoring.intake.columns import F_LATE
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.states import packed, seal
from sifang.monitoring.models import (
    Alarm,
    AlarmKind,
    AlarmReview,
    EngineState,
    Fence,
    Incident,
    LateWork,
    Measure,
    ReviewVerdict,
    Signal,
)
from sifang.monitoring.replay import SIGNALS, Episode, Scratch
from sifang.monitoring.services.alarms import Situation, raise_past_alarm, tell
from sifang.monitoring.services.late_scene import Scene, at, load_engine, scene_of, start_of, track_since
from sifang.monitoring.services.late_work import OPEN, SETTLE, due_measures
from sifang.people.access import system

log = get_logger("jobs")
BUDGET_S = 50.0  # of one run
LONGEST_WAIT_S = 60  # so long a device that is still sending its backlog is waited for
PATIENCE_S = 600  # an episode that is still on is left undecided so long: the live fixes may tell
AGAIN = timedelta(seconds=60)
# the live engine goes on without the late fixes: what it raises meanwhile is compared once more
FOLLOW = timedelta(minutes=30)
_LOCK = 0x51FA_07 << 40  # advisory lock, with the measure's number: one job a measure


@dataclass
class Judged:
    """What a run found."""

    measures: int = 0
    past: int = 0
    reviews: int = 0
    failed: int = 0


def judge_late(*, now: datetime | None = None, engine: Scratch | None = None) -> Judged:
    """Judge the late fixes that wait; to be called every ten seconds or so.

    What cannot be judged (a key that is gone, a damaged block) is marked failed, with a technical incident;
    the others go on. `engine`: kept by the caller from run to run, for its compiled lines.
    """
    moment, done, begun = now or utc_now(), Judged(), time.monotonic()
    found = due_measures(moment)
    if not found:
        return done
    with system("compare"):
        pass  # the record of this run
    keys, scratch = KeyStore(need(IntakeConfig).keys), engine or Scratch()
    for measure_id in found:
        _one(measure_id, scratch, keys, moment, done)
        if time.monotonic() - begun > BUDGET_S:
            break  # the next run goes on
    return done


def _one(measure_id: UUID, engine: Scratch, keys: KeyStore, now: datetime, done: Judged) -> None:
    ids: list[UUID] = []
    try:
        with system("compare", continues=True):
            works = _claim(measure_id)
            ids = [work.id for work in works]
            if works:
                _judge(works, engine, keys, now, done)
    except SifangError as error:  # the measure is left to a person, the others go on
        log.exception("late_failed", measure=str(measure_id))
        done.failed += 1
        with system("compare", continues=True):
            mine = LateWork.objects.filter(id__in=ids)
            mine.update(state="failed", reason=type(error).__name__, done_at=now)
            summary = "一名对象的补传定位未能复算，须人工查看轨迹"
            Incident.objects.create(kind="server", summary=summary, devices=1, began_at=now)


def _claim(measure_id: UUID) -> list[LateWork]:
    """Lock this measure's waiting work; nothing when another job has it, or the watch is just adding."""
    number = Measure.objects.values_list("number", flat=True).get(id=measure_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK | number])
        row = cursor.fetchone()
        if row is None or not row[0]:
            return []
    own = LateWork.objects.select_for_update(skip_locked=True, of=("self",))
    return list(own.filter(measure_id=measure_id, state__in=OPEN))


def _judge(works: list[LateWork], engine: Scratch, keys: KeyStore, now: datetime, done: Judged) -> None:
    first = min(work.from_s for work in works)
    age_s = now.timestamp() - min(work.received_s for work in works)
    measure = Measure.objects.get(id=works[0].measure_id)
    spec = load_engine(engine, measure, first, now)
    if spec is None:
        return _close(works, now, undecided=False)
    start = start_of(measure, spec, first, keys, engine)
    track = track_since(measure, start, now)
    received = track["received_s"][(track["flags"] & F_LATE) > 0]
    quiet_s = now.timestamp() - received.max() if len(received) else LONGEST_WAIT_S
    if age_s < LONGEST_WAIT_S and quiet_s < SETTLE.total_seconds():  # its backlog is still coming
        return _put_off(works, now + SETTLE)
    if not len(track):
        return _close(works, now, undecided=False)
    scene = scene_of(measure, start, track, min(work.received_s for work in works), engine)
    return _write(scene, works, keys, now, done, patient=age_s < PATIENCE_S)


def _write(
    scene: Scene, works: list[LateWork], keys: KeyStore, now: datetime, done: Judged, *, patient: bool
) -> None:
    found = scene.findings(patient=patient)
    evidence = [scene.evidence(episode, episode.decided_s) for episode in found.asked]
    against = [scene.against(scene.alarms[place][1]) for place in found.lost]
    silences = [(alarm, scene.silence(alarm, now)) for alarm, _ in scene.alarms]
    _keep(scene, keys)
    _close(works, now, undecided=found.undecided)
    # the watch may wait for the day's alarm counter, so alarms come last, shortly before the commit
    for place, facts in zip(found.lost, against, strict=True):
        _add(scene.alarms[place][0], ReviewVerdict.UNSUPPORTED, facts, now)
    for place in found.again:
        _add(scene.alarms[place][0], ReviewVerdict.SUPPORTED, {"late": int(scene.came.sum())}, now)
    for alarm, told in silences:
        if told is not None:
            _add(alarm, ReviewVerdict.EXPLAINED, dict(told), now)
    for episode, rows in zip(found.asked, evidence, strict=True):
        done.past += _ask(scene, episode, rows, now)
    done.measures += 1
    done.reviews += len(found.lost) + len(found.again) + sum(told is not None for _, told in silences)
    log.info("late_judged", measure=str(scene.measure.id), past=len(found.asked), lost=len(found.lost))


def _ask(scene: Scene, episode: Episode, evidence: Sequence[dict[str, Any]], now: datetime) -> bool:
    """Raise an alarm about the past and leave its signals; returns whether it may be asked."""
    fence = episode.fence if episode.fence >= 0 else None
    until = at(scene.until(episode))
    situation = Situation(
        measure=scene.measure.number,
        kind=AlarmKind(episode.kind),
        episode=episode.from_s,
        fence=fence,
        probability=episode.probability,
        evidence=evidence,
        facts={"late": int(scene.came.sum()), "still_on": episode.to_s is None},
    )
    fence_id = Fence.objects.values_list("id", flat=True).get(number=fence) if fence is not None else None
    kind = next(signal for signal, alarm in SIGNALS.items() if alarm == episode.kind)
    for phase, moment in (("begin", at(episode.decided_s)), ("end", until)):
        Signal.objects.create(
            measure=scene.measure,
            fence_id=fence_id,
            kind=kind,
            phase=phase,
            episode=episode.from_s,
            at=moment,
            data={"past": True, "probability": episode.probability},
        )
    return raise_past_alarm(situation, until=until, now=now) is not None


def _add(alarm: Alarm, verdict: ReviewVerdict, facts: dict[str, Any], now: datetime) -> None:
    """Leave a new fact on an alarm; its state stays as it is."""
    review = AlarmReview.objects.create(alarm=alarm, at=now, verdict=verdict, facts=facts)
    about = {"alarm": str(alarm.id), "review": str(review.id), "verdict": str(verdict.value)}
    record("alarm_reviewed", about)
    tell(alarm.id)


def _keep(scene: Scene, keys: KeyStore) -> None:
    """Put the states of the merged history in the place of those that it makes untrue."""
    key, rows = keys.measure_key(scene.measure.number), {}
    for state in scene.after.states:
        taken_to = int(state["measures"]["taken_s"][0])
        if taken_to > scene.start.taken_to:
            body = seal(packed(state), key, scene.measure.number, taken_to)
            hour = at(taken_to // 3600 * 3600)
            rows[hour] = EngineState(
                measure=scene.measure, hour=hour, merged=True, taken_to=taken_to, body=body
            )
    mine = EngineState.objects.filter(measure=scene.measure, merged=True)
    mine.filter(Q(taken_to__gt=scene.start.taken_to) | Q(hour__in=list(rows))).delete()
    EngineState.objects.bulk_create(rows.values())


def _close(works: Sequence[LateWork], now: datetime, *, undecided: bool) -> None:
    mine = LateWork.objects.filter(id__in=[work.id for work in works])
    first = min(work.received_s for work in works)
    if undecided:
        _put_off(works, now + AGAIN)
    elif now.timestamp() - first < FOLLOW.total_seconds():
        mine.update(state="again", not_before=now + FOLLOW)
    else:
        mine.update(state="done", done_at=now)


def _put_off(works: Sequence[LateWork], until: datetime) -> None:
    LateWork.objects.filter(id__in=[work.id for work in works]).update(not_before=until)
