"""The worker thread's household: tables, engine, desk, journal, judge, silence; one database connection.

Every method runs in the one worker thread (or before it starts). `start` reads the tables, the open alarms
and the recent journal; after that the event loop may open its ports.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connections

from sifang.kernel.log import get_logger
from sifang.monitoring.engine.constants import SILENT_AFTER_S
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.intake.admission import Admission
from sifang.monitoring.intake.clockwatch import NAME as CLOCK
from sifang.monitoring.intake.clockwatch import can_watch
from sifang.monitoring.intake.desk import Desk
from sifang.monitoring.intake.frames import RefusedFrames
from sifang.monitoring.intake.judge import Judge
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.refusals import Refusals
from sifang.monitoring.intake.restart import Blocks, Restart
from sifang.monitoring.intake.silence import Outage, SilenceJudge, Verdict
from sifang.monitoring.intake.snapshot import SnapshotFolder
from sifang.monitoring.intake.snapshots import Snapshots, same_tables
from sifang.monitoring.intake.states import StateKeeper
from sifang.monitoring.intake.store import DatabaseLostError, Journal, Silence, database_errors
from sifang.monitoring.intake.tables import Tables, load_tables
from sifang.monitoring.services.conflicts import note_conflicts
from sifang.monitoring.services.incidents import close_incident, open_incident, open_incidents
from sifang.people.access import system

if TYPE_CHECKING:
    from sifang.monitoring.models import Incident

log = get_logger("watch")
SAY_TIMES = 3
OUTAGE_S = 60  # our own absence shorter than this is no incident


class Worker:
    """Everything that touches the database or the engine's state."""

    def __init__(
        self,
        keys: KeyStore,
        *,
        using: str = "default",
        clock: Callable[[], float] = time.time,
        snapshots: Path | None = None,
    ) -> None:
        """`snapshots`: folder in which the state is kept for a restart; None = the journal alone serves."""
        self.keys, self._using, self.clock = keys, using, clock
        self.engine = Engine()
        self.admission = Admission(keys.named("digests"))
        self.refusals = Refusals(keys.named("refused"))
        self.frames = RefusedFrames(self.admission)
        self.desk = Desk(self.engine, using, now=lambda: self.now)
        self.journal = Journal(keys, self.desk, using, clock=lambda: self.engine.clock, now=lambda: self.now)
        self.clock_watch = can_watch(clock)
        self.judge = Judge(
            admission=self.admission, engine=self.engine, journal=self.journal, refusals=self.refusals,
            reload=self.reload, set_aside=self._set_aside, back=self._back, clock=clock,
            conflicts=self._conflicts,
            refused_frames=self.frames, clock_watch=self.clock_watch,
        )  # fmt: skip
        self._states = StateKeeper(keys, self.engine.save, using)
        self.snapshots = Snapshots(self, SnapshotFolder(snapshots, keys) if snapshots else None)
        self._silence = SilenceJudge()
        self._unsaid: list[Callable[[], object]] = []  # jobs for the database that could not be done yet
        self._failures = 0  # of the first of them
        self._handles: dict[str, Incident] = {}  # running incidents: carrier or "", "device:<index>"
        self._carriers: dict[int, str] = {}

    @property
    def tracked(self) -> int:
        """Devices worn under a live measure, as of the last reload."""
        return len(self._carriers)

    @property
    def now(self) -> datetime:
        """The present by the worker's clock, aware UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def start(self, alive_until: datetime | None = None) -> int:
        """Read tables, open alarms and the journal; returns the fixes replayed. Leaves the read record.

        `alive_until`: when the previous watch was last alive; a longer gap is our own outage, an incident.
        """
        with database_errors(self._using):
            with system("watch", using=self._using):
                pass  # the record of this run
            tables = load_tables(self.now, self._using)
            self._take(tables)
            self._silence, self._handles = SilenceJudge(), {}
            with system("watch", using=self._using, continues=True):
                open_since = self.desk.reload()
            blocks = Blocks(self._using)
            restart = Restart(self.engine, self.admission, self.keys, tables.specs, blocks)
            restart.run(self.snapshots.folder, self.now, open_since)
            self.journal.position = restart.position
            with system("watch", using=self._using, continues=True):
                self._resume_silences()
                gap = (self.now - alive_until).total_seconds() if alive_until else 0.0
                if alive_until and gap > OUTAGE_S and self._carriers:
                    self._outage_of_ours(alive_until)
        self.snapshots.keep_now()
        return restart.replayed

    def reload(self) -> None:
        """Take over measures, fences, devices and bindings as they are now."""
        self.judge.settle()  # a commit in doubt was judged by the old tables
        with database_errors(self._using):
            tables = load_tables(self.now, self._using)
        before = self.admission.version, self.engine.tables()
        self.engine.load(tables.specs.measures, tables.specs.fences)
        self._take(tables)
        if not same_tables(before, (self.admission.version, self.engine.tables())):
            self.snapshots.keep_now()

    def _take(self, tables: Tables) -> None:
        now_s = int(self.clock())
        self.desk.name(tables.names)
        live = {spec.number for spec in tables.specs.measures}
        gone = [
            key for key in self.desk.running if key[0] not in live or key[2] not in {-1, *tables.names.fences}
        ]
        if gone:  # measure or fence ended: what was begun under it is over
            self._unsaid.append(lambda: self.desk.end(gone, now_s))
        self.admission.load(tables.devices, tables.specs.version, now_s)
        devices = self.admission.devices
        self._carriers = {m: devices[d].carrier for m, d in self.admission.live_measures(now_s).items()}

    def _resume_silences(self) -> None:
        """Go on with silences and incidents as the watch that is gone left them."""
        now_s = int(self.clock())
        silent = self.engine.silent()
        for measure, episode in silent.items():
            self._silence.fell_silent(measure, episode, min(now_s, episode + SILENT_AFTER_S))
        asked = {measure for measure, kind, _ in self.desk.open if kind == "silent"}
        for incident in open_incidents():
            if incident.carrier == CLOCK:
                self._handles[CLOCK] = incident  # closed unless the clock is in doubt again
                continue
            if incident.kind == "clone" or not incident.devices:  # a question to a person; a job that failed
                continue
            members = {
                m for m in silent.keys() - asked
                if incident.kind == "server" or self._carriers.get(m) == (incident.carrier or None)
            }  # fmt: skip
            if incident.kind != "device" and members and incident.carrier not in self._silence.outages:
                began_s = int(incident.began_at.timestamp())
                self._silence.resume(Outage(incident.carrier, began_s, set(members), set(members)))
                self._handles[incident.carrier] = incident
            else:  # what lasts of it is seen anew
                close_incident(incident, at=self.now)

    def watch_silence(self) -> None:
        """Ask the engine who fell silent; decide whose it is; do what follows. Once a second."""
        now_s = int(self.clock())
        self.judge.settle()
        _, listening_s = self.engine.clock
        signals = self.engine.silence(now_s)
        if self.engine.clock[1] != listening_s:  # everyone's time begins anew: a restart must know
            self.snapshots.keep_now()
        if len(signals):  # an input of the engine: journalled with its signals
            self.journal.silences.append(Silence(now_s, self.engine.clock[1], signals))
        self.desk.heard.clear()
        for measure in self._silence.silent - self.engine.silent().keys():
            self._silence.heard(measure)
        for signal in signals:
            self._silence.fell_silent(int(signal["measure"]), int(signal["episode"]), now_s)
        verdict = self._silence.judge(now_s, self._carriers)
        self._unsaid += self._words(verdict)
        if stalled := self.desk.stalled():
            self._unsaid.append(lambda: self.desk.ask_stalled(stalled))
        self.judge.write_silences()
        self._say_all()

    def database_was_away(self, since_s: float) -> None:
        """The database is back: our own outage, an incident when it was long."""
        since = datetime.fromtimestamp(since_s, UTC)
        if self.clock() - since_s > OUTAGE_S:
            self._unsaid.append(lambda: self._outage_of_ours(since))
        self._say_all()

    def sim_changed(self, index: int) -> None:
        """A device came with another SIM than the registered one: a technical incident, not a violation."""
        self._unsaid.append(
            lambda: self._device_incident(f"sim:{index}", "SIM 卡与登记的不符，装置未获准接入")
        )
        self._say_all()

    def sim_confirmed(self, index: int) -> None:
        """The device came with its registered SIM: an incident about another one is over."""
        name = f"sim:{index}"
        if name in self._handles:
            self._unsaid.append(lambda: self._close(name))
            self._say_all()

    def keep_states(self) -> int:
        """Write the next slice of this hour's engine states, for the late job. Once a second."""
        with database_errors(self._using):
            return self._states.keep(int(self.clock()), self.desk.measures)

    def flush_refusals(self) -> int:
        """Add the counts of refused fixes to their table, and the frames that may be kept to theirs."""
        self.frames.flush(self.keys, self._using)
        with database_errors(self._using):
            return self.refusals.flush(self._using)

    def watch_clock(self) -> None:
        """Let devices decide about a clock in doubt; tell a person while it is. Once a second."""
        if self.clock_watch is None:
            return
        said = self.clock_watch.judge(self.tracked)
        if said and CLOCK not in self._handles:
            self._unsaid.append(lambda: self._clock_incident(said))
        elif not said and CLOCK in self._handles:
            self._unsaid.append(lambda: self._close(CLOCK))
        self._say_all()

    def watch_keys(self) -> None:
        """Bring the backup of the keys up to date; what keeps it from that is a technical incident."""
        problem = self.keys.catch_up()
        if problem and "keys" not in self._handles:
            self._unsaid.append(lambda: self._keys_incident(problem))
        elif not problem and "keys" in self._handles:
            self._unsaid.append(lambda: self._close("keys"))
        self._say_all()

    def close(self) -> None:
        """Flush and close the connection."""
        try:
            self.snapshots.keep_now()
            self.flush_refusals()
        finally:
            connections[self._using].close()

    def _set_aside(self, index: int, why: str) -> None:
        summary = f"一台装置的数据无法保存（{why}），已单独搁置，其他装置不受影响"
        self._unsaid.append(lambda: self._device_incident(f"device:{index}", summary))
        self._try_to_say()

    def _back(self, index: int) -> None:
        self._unsaid.append(lambda: self._close(f"device:{index}"))
        self._try_to_say()

    def _say_all(self) -> None:
        """Do what waits for the database, in order; what fails stays, three times, then goes to the log."""
        while self._unsaid:
            try:
                with database_errors(self._using), system("watch", using=self._using, continues=True):
                    self._unsaid[0]()
            except DatabaseLostError:
                self.desk.rolled_back()
                raise
            except Exception:
                self.desk.rolled_back()
                self._failures += 1
                if self._failures < SAY_TIMES:
                    raise
                log.exception("not_said")  # one word must not keep the others from being said
            else:
                self.desk.committed()
            self._unsaid.pop(0)
            self._failures = 0

    def _words(self, verdict: Verdict) -> list[Callable[[], object]]:
        """What follows from a verdict, each in a transaction of its own."""
        ask = [partial(self._ask, measure, episode) for measure, episode in verdict.alarms]
        began = [partial(self._open_outage, outage) for outage in verdict.began]
        return [*began, *(partial(self._close, outage.carrier) for outage in verdict.ended), *ask]

    def _ask(self, measure: int, episode: int) -> None:
        self.desk.ask_about_silence(measure, episode, {"carrier": self._carriers.get(measure, "")})

    def _conflicts(self, found: list[tuple[int, int]]) -> None:
        """Two contents for one second of a device: noted, and a question to a person (a clone?)."""
        devices = self.admission.devices
        told = [(devices[device].id, datetime.fromtimestamp(taken, UTC)) for device, taken in found]
        self._unsaid.append(lambda: note_conflicts(told))
        self._try_to_say()

    def _try_to_say(self) -> None:
        """Say what waits; what cannot be said now comes again within a second. Never fails a tick."""
        try:
            self._say_all()
        except Exception as error:  # noqa: BLE001 (the edge of a tick)
            log.warning("said_later", error=type(error).__name__)

    def _open_outage(self, outage: Outage) -> None:
        n = len(outage.measures)
        where = f"{outage.carrier} 网络" if outage.carrier else "接入线路"
        handle = open_incident(
            outage.kind,
            f"{where}：{n} 台装置同时无新定位，按技术事件处理，不计入个人",
            carrier=outage.carrier,
            devices=n,
            began_at=datetime.fromtimestamp(outage.began_s, UTC),
            measures=sorted(outage.measures),
        )
        self._handles[outage.carrier] = handle
        log.warning("outage_began", kind=outage.kind, devices=n)

    def _outage_of_ours(self, since: datetime) -> None:
        minutes = max(1, round((self.now - since).total_seconds() / 60))
        handle = open_incident(
            "server",
            f"本系统停止接收约 {minutes} 分钟，期间的无新定位不计入个人",
            carrier="",
            devices=len(self._carriers),
            began_at=since,
        )
        close_incident(handle, at=self.now)
        log.warning("own_outage", minutes=minutes)

    def _device_incident(self, name: str, summary: str) -> None:
        if name not in self._handles:
            self._handles[name] = open_incident("device", summary, carrier="", devices=1, began_at=self.now)

    def _keys_incident(self, problem: str) -> None:
        if "keys" not in self._handles:
            self._handles["keys"] = open_incident(
                "server", f"{problem}；定位照常接收", carrier="keys", began_at=self.now
            )

    def _clock_incident(self, said: str) -> None:
        if CLOCK not in self._handles:
            self._handles[CLOCK] = open_incident("server", said, carrier=CLOCK, began_at=self.now)
            log.warning("clock_in_doubt")

    def _close(self, name: str) -> None:
        handle = self._handles.pop(name, None)
        if handle is not None:
            close_incident(handle, at=self.now)
