"""Collects what the judge needs: tracks through the readers, alarm records as they lie in the database."""

from pathlib import Path

import numpy as np

from tests.faults.common.checks import AlarmRow, Verdict, judge_alarms, judge_fixes
from tests.faults.common.clients import Clients
from tests.faults.common.history import History
from tests.faults.common.installation import Installation, NeverHappened, until
from tests.faults.common.tracks import Breach

ALARMS = """
SELECT m.number, a.kind, extract(epoch FROM a.began_at)::bigint, extract(epoch FROM a.raised_at)::float8, a.id
  FROM monitoring_alarm a JOIN monitoring_measure m ON m.id = a.measure_id ORDER BY a.began_at
"""
DUE = "SELECT count(*) FROM monitoring_journalblock WHERE written_at < now() - interval '4 hours'"
AT_WORK = """
SELECT pid, usename, state, wait_event_type, wait_event, now() - xact_start, left(query, 80)
  FROM pg_stat_activity WHERE usename LIKE 'sifang%'
"""


def check(where: Installation, plan: Path, clients: Clients, breaches: list[Breach] | None = None) -> Verdict:
    """Return the verdict on everything up to now; alarms are judged when `breaches` are given (drained)."""
    verdict = Verdict()
    before = clients.history()
    found = read_tracks(where, plan, before)
    judge_fixes(verdict, before, clients.history(), found)
    if breaches is not None:
        judge_alarms(verdict, breaches, alarms(where, clients))
    return verdict


def compacted(where: Installation) -> dict[str, int]:
    """Return how many hours were compacted, how many failed, and how many of them still have their key."""
    rows = where.rows("SELECT hour, state FROM monitoring_journalhour")
    done = [hour for hour, state in rows if state == "compacted"]
    kept = sum((where.data / "keys" / "journal" / f"{hour}.key").exists() for hour in done)
    return {"hours_compacted": len(done), "hours_failed": len(rows) - len(done), "hours_with_key": kept}


def finish_compaction(where: Installation, patience_s: float = 180) -> None:
    """Compact every hour that is due; another run may be at it. Raises NeverHappened with who holds it up."""

    def is_done() -> bool:
        where.run("tests.faults.common.compaction", "--now", process="jobs")
        return not where.rows(DUE)[0][0]

    try:
        until(is_done, patience_s, "every finished hour is compacted", 1.0)
    except NeverHappened as error:
        raise NeverHappened(f"{error}: {where.rows(AT_WORK)}\n{where.said()}") from None


def read_tracks(where: Installation, plan: Path, held: History) -> dict[int, np.ndarray]:
    """Return what the readers return of each device over the whole time that was offered."""
    if not held.offered:
        return {}
    seconds = [taken_s for _, taken_s in held.offered]
    out = where.folder / "tracks.npz"
    words = ("--plan", str(plan), "--out", str(out), "--frm", str(min(seconds) - 60))
    where.run("tests.faults.common.reading", *words, "--to", str(max(seconds) + 60), process="web")
    with np.load(out) as file:
        found = {int(name): file[name] for name in file.files}
    out.unlink()
    return found


def alarms(where: Installation, clients: Clients) -> list[AlarmRow]:
    """Return every alarm record of the plan's measures, as the database holds it."""
    device = {told["measure"]: index for index, told in enumerate(clients.plan["devices"])}
    return [
        AlarmRow(device[measure], kind, began, raised, str(name))
        for measure, kind, began, raised, name in where.rows(ALARMS)
        if measure in device
    ]
