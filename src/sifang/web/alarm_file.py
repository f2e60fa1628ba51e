"""Everything one alarm's page shows, read as the officer for the purpose of verifying, recorded first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from sifang.kernel.errors import NotFound, SifangError
from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.access import access_alarm_by_id, access_track
from sifang.monitoring.intake.columns import F_LOCATED, FIX
from sifang.monitoring.models import Alarm, AlarmAct, ClauseException, Fence
from sifang.people.access import Purpose, acting
from sifang.web import purposes
from sifang.web.present import alarms as words
from sifang.web.present.drawings import Spot
from sifang.web.present.fences import rings_of
from sifang.web.shell import Viewer

log = get_logger("web")
MOST_SPOTS = 32
BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=45)  # shown around a technical question


@dataclass(frozen=True)
class ReadNote:
    """The record of this look, for the strip under the bar."""

    at: datetime
    title: str
    article: str
    batch: bool = False


@dataclass(frozen=True)
class AlarmFile:
    """One alarm with what explains it; `spots` and `track` are empty when positions could not be opened."""

    alarm: Alarm
    acts: list[AlarmAct]
    spots: list[Spot]
    track: NDArray[np.void]
    rings: list[list[list[float]]]
    exceptions: list[ClauseException]
    commitments: list[tuple[datetime, str]]
    read: ReadNote
    positions_lost: str = ""
    next_id: UUID | None = None


def _exceptions(alarm: Alarm) -> list[ClauseException]:
    """What was granted and had not ended when the situation began."""
    if alarm.clause is None:
        return []
    granted = alarm.clause.exceptions.filter(ends_at__gt=alarm.began_at)
    return list(granted.exclude(closed_at__lte=alarm.began_at))


def open_alarm(viewer: Viewer, alarm_id: UUID) -> AlarmFile:
    """Return the alarm's file. Raises NotFound for an outsider exactly as for absence."""
    purpose, now = purposes.of_alarm(viewer), utc_now()
    alarm = access_alarm_by_id(viewer.officer, alarm_id, purpose)
    acts = list(alarm.acts.all())
    with acting(viewer.officer, purpose):
        exceptions = _exceptions(alarm)
        fence = Fence.objects.select_related("line").get(pk=alarm.fence_id) if alarm.fence_id else None
        waiting = (
            Alarm.objects.filter(state="open").exclude(pk=alarm.pk).order_by("rank", "raised_at").first()
        )
        commitments = commitments_of(alarm, acts)
    track, lost = track_of(viewer, alarm, purpose)
    return AlarmFile(
        alarm=alarm,
        acts=acts,
        spots=spots_of(alarm, track) if alarm.fence_id else [],
        track=track,
        rings=rings_of(fence) if fence is not None else [],
        exceptions=exceptions,
        commitments=commitments,
        read=ReadNote(now, purpose.title, purpose.article),
        positions_lost=lost,
        next_id=waiting.id if waiting else None,
    )


def track_of(viewer: Viewer, alarm: Alarm, purpose: Purpose) -> tuple[NDArray[np.void], str]:
    """Return the alarm's fixes from the journal (FIX), and in words why there are none.

    With a fence: those of the evidence. Without one: from 15 minutes before it began to 45 minutes after.
    """
    rows, nothing = words.evidence(alarm), np.zeros(0, FIX)
    if alarm.fence_id is None:
        start, end = alarm.began_at - BEFORE, min(utc_now(), alarm.began_at + AFTER)
    elif rows:
        start = datetime.fromtimestamp(rows[0]["taken_s"], UTC)
        end = datetime.fromtimestamp(rows[-1]["taken_s"] + 1, UTC)
    else:
        return nothing, ""
    try:
        track = access_track(viewer.officer, alarm.person, purpose, start, end)
        return track[track["measure"] == alarm.measure.number], ""
    except NotFound:
        return nothing, "您的岗位不查看位置；距离和误差在下表。" if rows else "您的岗位不查看位置。"
    except (SifangError, OSError) as error:  # an hour's key is gone, or the folder cannot be read
        log.warning("evidence_positions_lost", alarm=str(alarm.id), error=type(error).__name__)
        return nothing, "位置已按规定销毁或暂时无法打开" + ("；距离和误差仍在下表。" if rows else "。")


def spots_of(alarm: Alarm, track: NDArray[np.void]) -> list[Spot]:
    """Return the places of the evidence's fixes; each keeps its number in the evidence."""
    located = track[(track["flags"] & F_LOCATED) > 0]
    places = {int(fix["taken_s"]): fix for fix in located}
    found = [
        Spot(
            lon=float(places[row["taken_s"]]["lon"]),
            lat=float(places[row["taken_s"]]["lat"]),
            accuracy_m=float(row.get("accuracy_m") or 0),
            distance_m=float(row.get("distance_m") or 0),
            verdict=words.verdict_number(row.get("verdict")),
            taken_s=int(row["taken_s"]),
            number=number,
        )
        for number, row in enumerate(words.evidence(alarm), 1)
        if row["taken_s"] in places
    ]
    return found[-MOST_SPOTS:]


def commitments_of(alarm: Alarm, acts: list[AlarmAct]) -> list[tuple[datetime, str]]:
    """Return when this alarm and its acts were committed to the ledger's waiting list, and the digests.

    The rows are unnumbered until the sequencer takes them; nobody has witnessed them yet.
    """
    ids = [str(alarm.id), *(str(act.id) for act in acts)]
    until = (alarm.closed_at or utc_now()) + timedelta(minutes=5)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT created_at, encode(commitment, 'hex') FROM {LedgerPending._meta.db_table}"  # noqa: S608, SLF001
            " WHERE created_at BETWEEN %s AND %s AND EXISTS (SELECT 1 FROM unnest(%s::text[]) AS i"
            " WHERE position(convert_to(i, 'UTF8') IN record) > 0) ORDER BY created_at",
            [alarm.raised_at - timedelta(minutes=5), until, ids],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]
