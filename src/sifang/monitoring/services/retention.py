"""How long what is kept: which policy is in force, who changes it, and the hourly run that deletes.

The job sees measures and ciphertexts, never a person, under the system purpose `retain`. When the last thing
kept of a measure is due, the measure's key is destroyed with it: what a backup, a dead row or the write-ahead
log still holds is then no more than noise. The law names no days; see `RetentionPolicy`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connections, transaction

from sifang.kernel.config import need
from sifang.kernel.errors import BeyondPower
from sifang.kernel.log import get_logger
from sifang.kernel.time import legal_day, utc_now
from sifang.law.articles import article as known_article
from sifang.ledger.services import record
from sifang.monitoring.errors import RetentionUnlawful
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.models import RetentionKind, RetentionPolicy, RetentionRun
from sifang.people.access import Purpose, acting, system
from sifang.people.models import Officer, Role, active_roles

log = get_logger("monitoring")
AT_ONCE = 5000  # rows deleted in one statement
_OVER = "LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at))"
_TRACKS_DUE = f"""SELECT c.ctid FROM monitoring_trackchunk c
  JOIN monitoring_measure m ON m.number = c.measure_number WHERE {_OVER} <= %(before)s"""  # noqa: S608 (constants)
_DUE = {  # kind → table, and where its rows are that are due
    RetentionKind.TRACK: ("monitoring_trackchunk", _TRACKS_DUE),
    RetentionKind.REFUSED_FRAME: (
        "monitoring_refusedframe",
        "SELECT c.ctid FROM monitoring_refusedframe c WHERE c.received_at <= %(before)s",
    ),
    RetentionKind.ENGINE_STATE: (
        "monitoring_enginestate",
        "SELECT c.ctid FROM monitoring_enginestate c WHERE c.written_at <= %(before)s",
    ),
}
_NOTHING_LEFT = "".join(  # of a measure m
    f" AND NOT EXISTS (SELECT 1 FROM {table} c WHERE {same})"  # noqa: S608 (constants)
    for table, same in (
        ("monitoring_trackchunk", "c.measure_number = m.number"),
        ("monitoring_refusedframe", "c.measure_id = m.id"),
        ("monitoring_enginestate", "c.measure_id = m.id"),
    )
)


@dataclass(frozen=True)
class Done:
    """What one run did: rows deleted by kind, numbers of the measures whose keys are gone."""

    rows: dict[str, int]
    keys: list[int]


def in_force(kind: RetentionKind, on: date) -> RetentionPolicy:
    """Return the policy that holds on this legal day: the newest one valid."""
    found = RetentionPolicy.objects.filter(kind=kind, valid_from__lte=on)
    newest = found.order_by("-valid_from", "-decided_at").first()
    assert newest is not None  # the first ones came with the table and cannot be deleted
    return newest


def days_in_force(on: date) -> dict[str, int]:
    """Return kind → days on this legal day."""
    return {kind.value: in_force(kind, on).days for kind in RetentionKind}


def set_retention(
    officer: Officer, kind: RetentionKind, days: int, *, valid_from: date, article: str, reason: str
) -> RetentionPolicy:
    """Decide a term from a day on, not before today; by the security administrator (个人信息保护法51条).

    A backup of keys may not be kept longer than the shortest other term. Raises BeyondPower,
    RetentionUnlawful.
    """
    with acting(officer, Purpose.OPERATE):
        if Role.SECURITY_ADMIN not in active_roles(officer, utc_now()):
            raise BeyondPower(owner="安全管理员", article="个人信息保护法51条")
        if days < 1 or valid_from < legal_day(utc_now()) or not reason.strip():
            raise RetentionUnlawful(reason="至少一天，自今日或以后的日期起，并写明理由")
        terms = days_in_force(valid_from) | {kind.value: days}
        if terms[RetentionKind.KEY_BACKUP] > min(terms.values()):
            raise RetentionUnlawful(reason="密钥的备份不得比最短的保存期限更久")
        policy = RetentionPolicy.objects.create(
            kind=kind, days=days, valid_from=valid_from, article=article, reason=reason.strip(),
            mark=known_article(article).mark, decided_by=officer,
        )  # fmt: skip
        record(
            "retention_decided",
            {"kind": kind.value, "days": days, "from": valid_from.isoformat(), "by": str(officer.id)},
        )
    return policy


def retain(now: datetime, *, using: str = "default", keys: KeyStore | None = None) -> Done:
    """Delete what is due at `now` and destroy the keys under which nothing is left. Role jobs.

    The row of the run is committed before a key is destroyed; a run that dies between the two is finished
    by the next one.
    """
    store = keys or KeyStore(need(IntakeConfig).keys)
    with system("retain", using=using):
        terms = days_in_force(legal_day(now))
    rows = {}
    for kind in _DUE:
        rows[kind.value] = _delete(kind, now - timedelta(days=terms[kind]), using)
    before = now - timedelta(days=terms[RetentionKind.TRACK])
    with system("retain", using=using, continues=True):
        over = _without_content(store.measures(), before, using)
        if over or any(rows.values()):
            RetentionRun.objects.using(using).create(at=now, rows=rows, keys=over, policies=terms)
            record("retention_run", {"at": now.isoformat(), "rows": rows, "keys": over, "days": terms})
    for number in over:
        store.destroy_measure(number)
    if over or any(rows.values()):
        log.info("retained", keys=len(over), **rows)
    return Done(rows, over)


def _delete(kind: RetentionKind, before: datetime, using: str) -> int:
    """Delete what became due, so many rows in a transaction; returns how many."""
    table, due = _DUE[kind]
    total = 0
    while True:
        with (
            system("retain", using=using, continues=True),
            transaction.atomic(using),
            connections[using].cursor() as cursor,
        ):
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({due} LIMIT {AT_ONCE}))",  # noqa: S608 (constants)
                {"before": before},
            )
            done = int(cursor.rowcount)
        total += done
        if done < AT_ONCE:
            return total


def _without_content(numbers: list[int], before: datetime, using: str) -> list[int]:
    """Return those measures that were over `before` and of which nothing encrypted is left."""
    if not numbers:
        return []
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT m.number FROM monitoring_measure m WHERE m.number = ANY (%(numbers)s)"  # noqa: S608
            f" AND {_OVER} <= %(before)s{_NOTHING_LEFT} ORDER BY m.number",
            {"numbers": numbers, "before": before},
        )
        return [int(row[0]) for row in cursor.fetchall()]
