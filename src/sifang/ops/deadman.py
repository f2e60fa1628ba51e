"""The dead-man's judgement: is the way of a fix stuck, since when, why, and must the watch be restarted.

Pure: what was seen at one moment goes in, a finding comes out; the clock is the caller's monotonic one, so
that a jump of the wall clock says nothing. It speaks within 45 s of the failure and never because devices
are quiet: its own probe travels the whole way (docs/adr/0008). The process around it is `ops.guard`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOOP_S = 15.0  # the watch rewrites its status each second
STUCK_S = 30.0  # a fix without an answer, a database without an answer, a watch that is not there
PROBE_S = 35.0  # probes go every 5 s and wait 15 s
START_S = 300.0  # the very first start compiles the kernels
KILL_S = 120.0  # a watch that hangs by itself so long is killed: every acknowledged fix is in the journal
KILL_AGAIN_S = 300.0
JOBS_S = 120.0  # a job that should have begun so long ago

WORDS = {
    "no_watch": "接收程序没有运行",
    "loop": "接收程序没有反应",
    "database": "数据库没有应答",
    "worker": "收到的定位超过 30 秒没有入库",
    "probe": "检验报文没有得到回答",
    "guard": "值守检查程序没有反应",
}


@dataclass(frozen=True)
class Sight:
    """What was seen at one moment. Seconds are of one monotonic clock.

    `watch_pid`: the process the supervisor runs, None when there is none. `beat`: changes whenever the watch
    has rewritten its status. `status`: that status when it is of this process, else empty. `probe_ok_s`,
    `database_ok_s`: when the last answered probe, the last answered question to the database, was sent.
    """

    now_s: float
    watch_pid: int | None
    beat: object
    status: Mapping[str, Any]
    probe_ok_s: float | None = None
    database_ok_s: float | None = None


@dataclass(frozen=True)
class Finding:
    """`reasons` empty: the way works. `since_s`: when it stopped. `kill`: the process to end, if any."""

    reasons: tuple[str, ...] = ()
    since_s: float = 0.0
    kill: int | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether fixes do not get through."""
        return bool(self.reasons)

    @property
    def words(self) -> str:
        """The reasons for a person, most telling first."""
        return "；".join(WORDS[reason] for reason in self.reasons)


class Deadman:
    """Remembers what it must between two looks."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._has_worked = False
        self._pid: int | None = None
        self._working_s = 0.0  # when a watch was last seen with a status of its own
        self._beat: object = None
        self._beat_s = 0.0
        self._answered, self._answered_s = -1, 0.0
        self._said = Finding()
        self._last_bad_s = 0.0
        self._killed_s: float | None = None

    def look(self, sight: Sight) -> Finding:
        """Return what is to be said now."""
        if self._began_s is None:
            self._began_s = self._working_s = sight.now_s
        self._notice(sight)
        ages = self._ages(sight)
        if not ages:
            return self._well(sight)
        self._last_bad_s = sight.now_s
        reasons = tuple(name for name in WORDS if name in ages)
        since = self._said.since_s if self._said.is_stuck else sight.now_s - max(ages.values())
        self._said = Finding(reasons, since)
        return Finding(reasons, since, self._to_kill(sight, ages))

    def _well(self, sight: Sight) -> Finding:
        """Nothing is wrong now; what was said ends only when a probe has gone through since."""
        if self._said.is_stuck and (sight.probe_ok_s is None or sight.probe_ok_s < self._last_bad_s):
            return self._said
        self._said = Finding()
        return self._said

    def _notice(self, sight: Sight) -> None:
        now = sight.now_s
        if sight.watch_pid != self._pid or sight.beat != self._beat:
            self._pid, self._beat, self._beat_s = sight.watch_pid, sight.beat, now
        if sight.watch_pid is not None and sight.status:
            self._working_s = now
            self._has_worked |= sight.probe_ok_s is not None
        answered = int(sight.status.get("path", {}).get("answered", 0))
        if answered != self._answered:
            self._answered, self._answered_s = answered, now

    def _ages(self, sight: Sight) -> dict[str, float]:
        """Return for each thing that is wrong how long it has been so."""
        assert self._began_s is not None
        now = sight.now_s
        ages: dict[str, float] = {}
        is_starting = not self._has_worked and now - self._began_s < START_S
        if is_starting:
            return {}
        if sight.watch_pid is None or not sight.status:
            _if_over(ages, "no_watch", now - self._working_s, STUCK_S)
        else:
            _if_over(ages, "loop", now - self._beat_s, LOOP_S)
        path = sight.status.get("path", {})
        lost_s = max(
            float(sight.status.get("database_lost_s", 0.0)), now - (sight.database_ok_s or self._began_s)
        )
        _if_over(ages, "database", lost_s, STUCK_S)
        if "loop" not in ages and "no_watch" not in ages:
            stale_s = now - self._beat_s  # the status says how old it was then
            _if_over(ages, "worker", float(path.get("oldest_unacknowledged_s", 0.0)) + stale_s, STUCK_S)
            moves = bool(sight.status.get("is_crowded")) and now - self._answered_s < STUCK_S
            if sight.status and not moves:  # reading pauses in a burst: acknowledged fixes are proof enough
                _if_over(ages, "probe", now - max(sight.probe_ok_s or 0.0, self._began_s), PROBE_S)
        return ages

    def _to_kill(self, sight: Sight, ages: Mapping[str, float]) -> int | None:
        """Return the watch when it hangs by itself; waiting for a database is no reason."""
        hangs = ages.get("loop", 0.0) >= KILL_S or (
            "database" not in ages and max(ages.get("worker", 0.0), ages.get("probe", 0.0)) >= KILL_S
        )
        recently = self._killed_s is not None and sight.now_s - self._killed_s < KILL_AGAIN_S
        if not hangs or recently or sight.watch_pid is None:
            return None
        self._killed_s = sight.now_s
        return sight.watch_pid


def _if_over(ages: dict[str, float], name: str, age_s: float, limit_s: float) -> None:
    if age_s > limit_s:
        ages[name] = age_s
