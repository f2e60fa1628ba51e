"""Killed at any moment of any history, the watch begins where it was: bit for bit, alarms once."""

import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import BEGIN, FenceSpec, MeasureSpec
from sifang.monitoring.intake import snapshots as snapshots_module
from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.columns import F_LOCATED, F_SOS, F_STRAP_KNOWN, F_STRAP_OPEN, FIX
from sifang.monitoring.intake.judge import Judge
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.refusals import Refusals
from sifang.monitoring.intake.restart import Restart
from sifang.monitoring.intake.snapshot import SnapshotFolder
from sifang.monitoring.intake.snapshots import Snapshots, same_tables
from sifang.monitoring.intake.store import DatabaseLostError, Journal, Silence, StaleVersionError
from sifang.monitoring.specs import Specs

START = 1_795_420_800
SQUARE = np.array([(117.0, 36.6, 10), (117.1, 36.6, 10), (117.1, 36.7, 10), (117.0, 36.7, 10)], float)
INSIDE, OUTSIDE = (117.05, 36.65), (117.3, 36.65)
DEVICES = 3
STRAP = F_LOCATED | F_STRAP_KNOWN | F_STRAP_OPEN


def fence(number, measure, **more):
    kind, keeps = ("boundary", "inside") if number % 2 else ("prohibited_place", "outside")
    return FenceSpec(number, measure, kind, keeps, [SQUARE], **more)


@dataclass
class Storage:
    """What a kill leaves: the database (rows, signals, measures and their version) and the data folder."""

    folder: object
    rows: list = field(default_factory=list)
    signals: list = field(default_factory=list)
    version: int = 1
    fences: dict = field(default_factory=dict)
    ended: set = field(default_factory=set)
    now: int = START
    fail: list = field(default_factory=list)  # what befalls the next commits
    poison: int = -1

    def specs(self):
        live = [m for m in range(DEVICES) if m not in self.ended]
        measures = [MeasureSpec(m, START - 9000, START + 10**6, 200) for m in live]
        return Specs(self.version, measures, list(self.fences.values()), [])

    def devices(self):
        return [
            DeviceRow(
                uuid.UUID(int=1000 + d), f"{d + 1}", "jt808",
                windows=() if d in self.ended else (Window(d, START - 9000, START + 10**6),),
            )
            for d in range(DEVICES)
        ]  # fmt: skip


class MemoryJournal(Journal):
    """The real journal but for the connection."""

    def __init__(self, storage, keys, desk, clock):
        super().__init__(keys, desk, clock=clock)
        self.storage = storage

    def _transaction(self, row, fixes, signals):
        storage = self.storage
        if row[2] != storage.version:
            raise StaleVersionError
        what = storage.fail.pop(0) if storage.fail else None
        if what == "error" or storage.poison in set(fixes["measure"].tolist()):
            raise ValueError
        if what in {"lost", "happened"}:
            self._lost = what, row, [one.signals for one in self.silences], signals
            raise DatabaseLostError
        return self._write(row, [one.signals for one in self.silences], signals)

    _lost = None

    @property
    def in_doubt(self):
        return self._lost is not None

    def settle(self):
        if self._lost is None:
            return None
        (what, row, silences, signals), self._lost = self._lost, None
        if what == "lost":
            return False
        block = self._write(row, silences, signals)
        self.position = type(self.position)(block, bytes(row[-1][:12]), row[1])
        del self.silences[: len(silences)]
        return True

    def _write(self, row, silences, signals):
        written_at, hour, version, count, _, _, measures, body = row
        numbers = measures.tolist()
        block = len(self.storage.rows) + 2**31
        self.storage.rows.append((block, written_at, hour, version, count, numbers, body))
        for part in [*silences, signals]:
            self.storage.signals += [tuple(map(str, s.tolist())) for s in part]
        return block


class MemoryBlocks:
    def __init__(self, storage):
        self.storage = storage

    @contextmanager
    def alone(self):
        yield

    def nonce_of(self, block):
        return next((row[-1][:12] for row in self.storage.rows if row[0] == block), None)

    def last_written_at(self):
        return self.storage.rows[-1][1] if self.storage.rows else None

    def last_of(self, measures, start):
        return []

    def rows(self, condition="TRUE", params=(), after=0):
        assert condition in {"TRUE", "written_at >= %s", "id = ANY(%s)"}
        return iter(row for row in self.storage.rows if row[0] > after and condition[0] != "i")


class NoDesk:
    def committed(self): ...
    def rolled_back(self): ...


class Process:
    """The worker's household without a database connection: dies with the object."""

    def __init__(self, storage):
        self.storage = storage
        keys = KeyStore(storage.folder / "keys")
        self.engine, self.admission = Engine(), Admission()
        self.journal = MemoryJournal(storage, keys, NoDesk(), lambda: self.engine.clock)
        self.judge = Judge(
            admission=self.admission, engine=self.engine, journal=self.journal, refusals=Refusals(b"x"),
            reload=self.reload, clock=lambda: float(storage.now),
        )  # fmt: skip
        self.folder = SnapshotFolder(storage.folder / "snapshots", keys)
        self.snapshots = Snapshots(self, self.folder)
        self.admission.load(storage.devices(), storage.version, storage.now)
        self.restart = Restart(self.engine, self.admission, keys, storage.specs(), MemoryBlocks(storage))
        self.restart.run(self.folder, datetime.fromtimestamp(storage.now, UTC))
        self.journal.position = self.restart.position
        self.snapshots.keep_now()

    def reload(self):
        self.judge.settle()
        before = self.admission.version, self.engine.tables()
        specs = self.storage.specs()
        self.engine.load(specs.measures, specs.fences)
        self.admission.load(self.storage.devices(), self.storage.version, self.storage.now)
        if not same_tables(before, (self.admission.version, self.engine.tables())):
            self.snapshots.keep_now()

    def ask(self):
        self.judge.settle()
        listening_s = self.engine.clock[1]
        signals = self.engine.silence(self.storage.now)
        if self.engine.clock[1] != listening_s:
            self.snapshots.keep_now()
        if len(signals):
            self.journal.silences.append(Silence(self.storage.now, self.engine.clock[1], signals))
        self.judge.write_silences()

    def tick(self, batches):
        for _ in range(9):
            try:
                return self.judge.tick([one.copy() for one in batches])
            except DatabaseLostError:
                continue
        raise AssertionError

    def settled(self):
        """What an uninterrupted run would hold: it hears at last what became of its commit."""
        self.judge.settle()
        return arrays(self)


def arrays(process):
    state = process.engine.state()
    state["clock"][0] = 0  # when this process last asked: told to nobody
    marks = process.admission.marks()
    order = np.argsort(marks["keys"])
    return {name: a.tobytes() for name, a in state.items()} | {
        n: a[order].tobytes() for n, a in marks.items()
    }


def one_fix(device, taken, place, flags=F_LOCATED, **columns):
    one = np.zeros(1, FIX)
    one["device"], one["taken_s"], one["flags"], one["battery_pct"] = device, taken, flags, 255
    one["accuracy_m"], one["satellites"], one["source"] = 8, 9, 1
    one["lon"], one["lat"] = place
    for name, value in columns.items():
        one[name] = value
    return one


fixes = st.lists(
    st.tuples(
        st.integers(0, DEVICES),  # the last is nobody's
        st.integers(-90, 130),
        st.sampled_from([INSIDE, OUTSIDE, OUTSIDE, (0.0, 0.0)]),
        st.sampled_from([F_LOCATED, F_LOCATED, F_LOCATED | F_SOS, 0, STRAP]),
        st.sampled_from([8.0, np.nan, 60.0]),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("tick"), fixes, st.sampled_from([None, None, None, "error", "lost", "happened"])),
    st.tuples(st.just("run"), st.integers(0, DEVICES - 1), st.sampled_from([INSIDE, OUTSIDE])),
    st.tuples(st.just("again"), st.integers(0, 40)),
    st.tuples(st.just("poison"), st.integers(0, DEVICES - 1)),
    st.tuples(st.just("wait"), st.integers(1, 45)),
    st.tuples(st.just("long"), st.integers(3, 9)),
    st.tuples(st.just("fence"), st.integers(10, 15), st.integers(0, 3)),
    st.tuples(st.just("unfence"), st.integers(10, 15)),
    st.tuples(st.just("end"), st.integers(1, DEVICES - 1)),
    st.tuples(st.just("snapshot")),
    st.tuples(st.just("kill")),
)


class History:
    """Two watches see the same; one is never killed."""

    def __init__(self, folder, kills):
        (folder / "snapshots").mkdir(parents=True)
        self.storage = Storage(folder)
        self.storage.fences = {10: fence(10, 0), 11: fence(11, 1)}
        self.process, self.kills, self.sent = Process(self.storage), kills, []
        self.kept_at = START

    def do(self, step):
        getattr(self, step[0])(*step[1:])
        self.storage.now += 2
        self.process.ask()
        if self.storage.now - self.kept_at >= snapshots_module.IDLE_S:
            self.snapshot()

    def tick(self, told, befalls):
        now = self.storage.now
        batches = [one_fix(d, now + dt, place, flags, accuracy_m=acc) for d, dt, place, flags, acc in told]
        self._send(batches, [befalls, befalls] if befalls == "error" else [befalls])

    def run(self, device, place):
        for k in range(8):
            self.storage.now += 20
            self._send([one_fix(device, self.storage.now, place, battery_pct=90 - 10 * k)], [None])
            self.process.ask()

    def again(self, k):
        if self.sent:
            self._send([self.sent[k % len(self.sent)]], [None])

    def _send(self, batches, befalls):
        for one in batches:
            one["received_s"] = self.storage.now
        self.sent = [*self.sent, *batches][-30:]
        self.storage.fail = list(befalls)
        self.process.tick(batches)
        self.storage.fail = []

    def poison(self, device):
        self.storage.poison = device
        self._send([one_fix(d, self.storage.now, INSIDE) for d in range(DEVICES)], [None])
        self.storage.poison = -1
        self.process.judge._aside.clear()  # who is set aside is known to the process alone

    def wait(self, seconds):
        self.storage.now += seconds

    def long(self, times):
        for _ in range(times):
            self.storage.now += 40
            self.process.ask()
            self.snapshot()

    def fence(self, number, variant):
        now = self.storage.now
        more = [{}, {"exceptions": [(now - 100, now + 500)]}, {"to_s": now + 60}, {"alarm": False}][variant]
        self.storage.fences[number] = fence(number, number % DEVICES, **more)
        self._changed(variant % 2)

    def unfence(self, number):
        self.storage.fences.pop(number, None)
        self._changed(True)

    def end(self, measure):
        self.storage.ended.add(measure)
        self._changed(False)

    def _changed(self, at_once):
        self.storage.version += 1
        if at_once:  # else the journal's refusal says it
            self.process.reload()

    def snapshot(self):
        self.process.snapshots.keep_now()
        self.kept_at = self.storage.now

    def kill(self):
        if not self.kills:
            self.process.reload()
            return
        tables, before = self.process.admission.version, self.process.settled()
        self.process = Process(self.storage)
        if tables == self.storage.version:  # else it has also heard of the change
            assert differing(before, arrays(self.process)) == set()


def differing(one, other):
    return {name for name in one if one[name] != other[name]}


@given(st.lists(steps, min_size=1, max_size=25))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_killed_anywhere_the_state_is_that_of_a_run_that_never_stopped(tmp_path_factory, history):
    twins = [History(tmp_path_factory.mktemp("watch"), kills) for kills in (False, True)]
    for one in twins:
        for step in history:
            one.do(step)
        one.process.reload()
    whole, killed = twins
    assert differing(whole.process.settled(), killed.process.settled()) == set()
    assert killed.storage.signals == whole.storage.signals
    begun = Counter(s[:3] + s[4:5] for s in killed.storage.signals if s[3] == str(BEGIN))
    assert set(begun.values()) <= {1}
