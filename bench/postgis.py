"""The same watch as PostGIS triggers, as our engine, and as no watch at all (a bare COPY loop).

    python bench/postgis.py [--rounds 5] [--persons 3300] [--batch 330] [--repeat 4] [--seed 1]

One server (Debian's PostgreSQL and PostGIS, fsync and synchronous_commit on), one client, one transaction a
batch. Three pipelines (`postgis/*.sql`) judge each row in a BEFORE INSERT trigger of an indexed table; the
rows come by binary COPY. Ours, twice: `journal` is the product's own way (admission, identity check, engine,
alarm rows, encrypted block under the version trigger), `rows` is engine and alarm rows and the rows
themselves by COPY. Each side gets the same fixes, part by part in alternating rounds; ours and the bare COPY
do each part `repeat` times in worlds of their own, because they are too short to be timed otherwise.

CPU = this process and the server process of the side's connection. The alarms are compared as (person,
fence, overlapping episode); where fewer than 99.9 % are the same, there is no ratio.
"""
# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN202, ANN204 (arrays everywhere)

import argparse
import os
import statistics
import time
import uuid
from pathlib import Path

import breaches
import numpy as np
import psycopg
from report import Clock, backend_cpu_s, row, say, spread
from rows import copy
from server import backend_of, debian, server

FOLDER = Path(__file__).resolve().parent / "postgis"
PIPELINES = {"covers": 25.0, "tuned": 60.0, "obvious": 150.0}  # the goals
TITLES = {
    "covers": "ST_Covers with hysteresis",
    "tuned": "tuned accuracy-aware",
    "obvious": "obvious accuracy-aware",
}
SAME = 0.999
BEGIN, END = 1, 2
BEGUN = """INSERT INTO alarm (side, person, fence, began, raised)
  SELECT %s, p, f, to_timestamp(b), to_timestamp(r)
    FROM unnest(%s::int[], %s::int[], %s::bigint[], %s::bigint[]) AS new (p, f, b, r)"""
ENDED = """UPDATE alarm a SET ended = to_timestamp(r)
  FROM (SELECT %s AS side, *
          FROM unnest(%s::int[], %s::int[], %s::bigint[], %s::bigint[]) AS ends (p, f, b, r)) e
 WHERE (a.side, a.person, a.fence) = (e.side, e.p, e.f) AND a.ended IS NULL"""
FOREVER = 1 << 40


class Pipeline:
    """One trigger pipeline in a schema of its own."""

    def __init__(self, url, name, world):
        self.name, self.repeat = name, 1
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(f"CREATE SCHEMA {name}")
        self._connection.execute(f"SET search_path = {name}, public")
        self._connection.execute((FOLDER / "common.sql").read_text())
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO fence VALUES (%s, %s, ST_GeomFromText(%s, 4326))",
                [(k, k == 0, wkt(ring)) for k, ring in enumerate(world.rings)],
            )
            with cursor.copy("COPY bound (person, fence) FROM STDIN") as into:
                for pair in world.bound.tolist():
                    into.write_row(pair)
        self._connection.execute(
            "INSERT INTO newest SELECT DISTINCT person, '-infinity'::timestamptz FROM bound"
        )
        self._connection.execute((FOLDER / f"{name}.sql").read_text())
        self._connection.execute("ANALYZE")
        self.pid = backend_of(self._connection)

    def take(self, ticks):
        for fixes in ticks:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                copy(cursor, "position", fixes)

    def count(self):
        return self._connection.execute("SELECT count(*) FROM position").fetchone()[0]

    def alarms(self):
        return episodes(self._connection, "SELECT person, fence, began, ended FROM alarm")


class BareCopy:
    """Nothing but COPY into a plain indexed table."""

    name = "copy"

    def __init__(self, url, repeat):
        self.repeat = repeat
        self._connection = psycopg.connect(url, autocommit=True)
        self.pid = backend_of(self._connection)

    def take(self, ticks):
        for _ in range(self.repeat):
            for fixes in ticks:
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    copy(cursor, "copied", fixes)

    def count(self):
        return self._connection.execute("SELECT count(*) FROM copied").fetchone()[0] // self.repeat


class AlarmRows:
    """Alarm rows like the pipelines'. As the journal's desk it writes inside the tick's transaction."""

    def __init__(self, side, names, cursor=None):
        self._side, self._names, self._cursor = side, names, cursor

    def record(self, _fixes, signals):
        if len(signals):
            write_alarms(self._cursor(), self._side, signals, self._names)

    def is_idle(self, _fixes, signals):
        return not len(signals)

    committed = rolled_back = reload = lambda *_: None


def write_alarms(cursor, side, signals, names):
    """One statement for those that begin, one for those that end."""
    for phase, statement in ((BEGIN, BEGUN), (END, ENDED)):
        mine = signals[signals["phase"] == phase]
        if len(mine):
            fences = [names[number] for number in mine["fence"].tolist()]
            lists = [mine[name].tolist() for name in ("episode", "at_s")]
            cursor.execute(statement, [side, mine["measure"].tolist(), fences, *lists])


def loaded_engine(world):
    """The product's engine with this world's measures and fences, and each fence number's place in it."""
    from sifang.monitoring.engine.engine import Engine
    from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec

    rings = [np.column_stack([ring, np.full(len(ring), breaches.LINE_M)]) for ring in world.rings]
    fences, names = [], {}
    for number, (person, fence) in enumerate(world.bound.tolist()):
        kind, keeps = ("boundary", "inside") if fence == 0 else ("prohibited_place", "outside")
        fences.append(FenceSpec(number, person, kind, keeps, [rings[fence]]))
        names[number] = fence
    engine = Engine()
    engine.load([MeasureSpec(p, 0, FOREVER) for p in range(world.persons)], fences)
    return engine, names


class Rows:
    """Our evaluation and alarms, and the rows themselves by COPY."""

    name = "rows"

    def __init__(self, url, world, repeat):
        self.repeat = repeat
        self._connection = psycopg.connect(url, autocommit=True)
        self.pid = backend_of(self._connection)
        self._worlds = [loaded_engine(world) for _ in range(repeat)]

    def take(self, ticks):
        for k, (engine, names) in enumerate(self._worlds):
            for fixes in ticks:
                signals = engine.step(fixes)
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    copy(cursor, "kept", fixes)
                    if len(signals):
                        write_alarms(cursor, f"rows{k}", signals, names)

    def count(self):
        return self._connection.execute("SELECT count(*) FROM kept").fetchone()[0] // self.repeat

    def alarms(self):
        return episodes(
            self._connection, "SELECT person, fence, began, ended FROM alarm WHERE side = 'rows0'"
        )


class Journal:
    """The product's own way: admission, engine, alarm rows, encrypted journal block."""

    name = "journal"

    def __init__(self, world, repeat, folder):
        from django.db import connection

        self.repeat = repeat
        connection.ensure_connection()
        self._connection = connection.connection
        self.pid = self._connection.info.backend_pid
        self._judges = [self._judge(world, k, folder, connection.cursor) for k in range(repeat)]

    def _judge(self, world, k, folder, cursor):
        from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
        from sifang.monitoring.intake.judge import Judge
        from sifang.monitoring.intake.keystore import KeyStore
        from sifang.monitoring.intake.refusals import Refusals
        from sifang.monitoring.intake.store import Journal as Store

        engine, names = loaded_engine(world)
        admission = Admission()
        window = (world.start_s - 1, FOREVER)
        rows = [
            DeviceRow(uuid.uuid4(), str(13_000_000_000 + p), "jt808", windows=(Window(p, *window),))
            for p in range(world.persons)
        ]
        admission.load(rows, 1, int(time.time()))
        store = Store(KeyStore(folder / f"keys{k}"), AlarmRows(f"journal{k}", names, cursor))
        refusals = Refusals(b"bench")
        return Judge(
            admission=admission, engine=engine, journal=store, refusals=refusals, reload=lambda: None
        )

    def take(self, ticks):
        for judge in self._judges:
            for fixes in ticks:
                (stored,) = judge.tick([fixes])
                assert stored.all()

    def count(self):
        total = self._connection.execute("SELECT sum(fixes) FROM monitoring_journalblock").fetchone()[0]
        return total // self.repeat

    def alarms(self):
        return episodes(
            self._connection, "SELECT person, fence, began, ended FROM alarm WHERE side = 'journal0'"
        )


def wkt(ring):
    return "POLYGON((" + ", ".join(f"{x!r} {y!r}" for x, y in [*ring.tolist(), ring[0].tolist()]) + "))"


def episodes(connection, query):
    """{(person, fence): [(began, ended or infinity), …]} in Unix seconds."""
    found = {}
    for person, fence, began, ended in connection.execute(query):
        end = float("inf") if ended is None else ended.timestamp()
        found.setdefault((person, fence), []).append((began.timestamp(), end))
    return found


def sameness(ours, theirs):
    """(share of alarms on both sides that have an overlapping one on the other, alarms ours, theirs)."""
    total = met = 0
    for one, other in ((ours, theirs), (theirs, ours)):
        for key, mine in one.items():
            for began, ended in mine:
                total += 1
                met += any(a <= ended and b >= began for a, b in other.get(key, []))
    counts = [sum(map(len, side.values())) for side in (ours, theirs)]
    return met / max(1, total), *counts


def ticks_of(world, batch):
    """The fixes as batches of decoded columns, in the order in which they would come."""
    from sifang.monitoring.intake.columns import F_LOCATED, FIX, NO_BATTERY, SOURCE_GNSS

    fixes = np.zeros(world.steps * world.persons, FIX)
    person = np.tile(np.arange(world.persons), world.steps)
    fixes["device"] = fixes["measure"] = person
    fixes["taken_s"] = world.start_s + breaches.EVERY_S * np.repeat(np.arange(world.steps), world.persons)
    fixes["received_s"] = fixes["taken_s"] + 1
    fixes["lon"], fixes["lat"] = world.lon.ravel(), world.lat.ravel()
    fixes["accuracy_m"], fixes["flags"] = world.accuracy_m.ravel(), F_LOCATED
    fixes["source"], fixes["battery_pct"], fixes["satellites"] = SOURCE_GNSS, NO_BATTERY, 9
    rng = np.random.default_rng(3)
    fixes["speed_kmh"] = rng.integers(0, 200, len(fixes)) / 10
    fixes["course_deg"] = rng.integers(0, 360, len(fixes))
    fixes["altitude_m"] = rng.integers(20, 200, len(fixes))
    fixes["digest"] = rng.integers(1, 1 << 60, len(fixes))
    return [fixes[k : k + batch].copy() for k in range(0, len(fixes), batch)]


def measured(sides, ticks, rounds):
    """{side: ([fixes per CPU-second of each round], [per second of wall])}."""
    found = {side.name: ([], []) for side in sides}
    parts = np.array_split(np.arange(len(ticks)), rounds)
    for turn, part in enumerate(parts):
        mine = [ticks[k] for k in part]
        fixes = sum(map(len, mine))
        for side in [*sides[turn % len(sides) :], *sides[: turn % len(sides)]]:
            with Clock(side.pid) as clock:
                side.take(mine)
            found[side.name][0].append(side.repeat * fixes / clock.cpu_s)
            found[side.name][1].append(side.repeat * fixes / clock.wall_s)
    return found


def compared(found, sides, total):
    """The rows of the three pipelines."""
    rows = []
    ours = {name: sides[name].alarms() for name in ("journal", "rows")}
    assert ours["journal"] == ours["rows"], "our two ways do not raise the same alarms"
    middle = {name: [statistics.median(values) for values in both] for name, both in found.items()}
    for name, goal in PIPELINES.items():
        share, mine, theirs = sameness(ours["journal"], sides[name].alarms())
        words = f"{100 * share:.2f} % of {mine} + {theirs} alarms the same, {total:,} fixes"
        title = f"our engine, alarms, journal ÷ PostGIS {TITLES[name]}, per CPU-second"
        if share < SAME:
            rows.append(row(title, None, "×", least=goal, detail=f"no ratio: only {words}"))
            continue
        each = [a / b for a, b in zip(found["journal"][0], found[name][0], strict=True)]
        ratio = statistics.median(each)  # of the rounds: side by side, not the best of each
        words += f"; rounds {spread(each, 1)}"
        words += f"; wall {middle['journal'][1] / middle[name][1]:.0f} ×"
        words += f"; with rows by COPY instead of the journal {middle['rows'][0] / middle[name][0]:.0f} ×"
        words += f" (wall {middle['rows'][1] / middle[name][1]:.0f} ×)"
        words += (
            f"; PostGIS {spread(found[name][0], 0)}, ours {spread(found['journal'][0], 0)} per CPU-second"
        )
        rows.append(row(title, round(ratio, 1), "×", least=goal, detail=words))
    return rows


def beside_copy(found):
    rows = []
    for name, words in (("journal", "journal"), ("rows", "rows by COPY")):
        each = [[a / b for a, b in zip(found[name][k], found["copy"][k], strict=True)] for k in (0, 1)]
        detail = f"rounds {spread(each[0])}; wall {spread(each[1])}; bare COPY {spread(found['copy'][0], 0)},"
        detail += f" ours {spread(found[name][0], 0)} fixes per CPU-second"
        ratio = statistics.median(each[0])
        title = f"evaluation, alarms and storage ({words}) ÷ bare COPY of the same rows, per CPU-second"
        rows.append(row(title, round(ratio, 3), "×", least=0.85, detail=detail))
    return rows


def where_it_goes(world, ticks, folder):
    """A row with the processor time of the parts of the journal way, from a pass of its own."""
    from sifang.monitoring.engine.engine import Engine
    from sifang.monitoring.intake import store
    from sifang.monitoring.intake.admission import Admission

    parts = (
        ("admission", Admission, "admit"), ("copy for the undo", Engine, "save"), ("engine", Engine, "step"),
        ("columns", store, "encode"), ("AES", store, "seal"), ("alarm rows", AlarmRows, "record"),
        ("statements of the client, alarms included", store.Journal, "_transaction"),
    )  # fmt: skip
    spent = {}
    side = Journal(world, 1, folder)
    side.take(ticks[: len(ticks) // 6])  # a fresh world is cold
    mine = ticks[len(ticks) // 6 :]
    before = [(owner, name, getattr(owner, name)) for _, owner, name in parts if hasattr(owner, name)]
    for title, owner, name in parts:
        if hasattr(owner, name):
            setattr(owner, name, timed(getattr(owner, name), title, spent))
    with Clock(side.pid) as clock:
        begun = backend_cpu_s(side.pid)
        side.take(mine)
        server_s = backend_cpu_s(side.pid) - begun
    for owner, name, function in before:
        setattr(owner, name, function)
    fixes = sum(map(len, mine)) / 1e6
    words = ", ".join(f"{title} {seconds / fixes:.2f}" for title, seconds in spent.items())
    detail = f"PostgreSQL {server_s / fixes:.2f}, {words}; the rest is Python between them"
    title = "processor time of a fix on the journal way, batch as above"
    return row(title, round(clock.cpu_s / fixes, 2), "µs", detail=detail)


def timed(function, title, spent):
    def measured_call(*arguments, **named):
        begun = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[title] = spent.get(title, 0.0) + time.thread_time() - begun

    return measured_call


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--persons", type=int, default=3_300)
    parser.add_argument("--batch", type=int, default=330)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--places", type=int, default=breaches.PLACES_EACH, help="prohibited, of each person")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    world = breaches.made(given.persons, seed=given.seed, each=given.places)
    with server(debian()) as (url, folder):
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE EXTENSION postgis")
            admin.execute((FOLDER / "ours.sql").read_text())
        os.environ |= {
            "SIFANG_DATA": str(folder), "SIFANG_PROCESS": "watch", "SIFANG_SECRET_KEY": "x" * 50,
            "SIFANG_DATABASE_URL_WATCH": url, "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings",
        }  # fmt: skip
        import django

        django.setup()
        from sifang.monitoring.engine.engine import warm_up

        warm_up()
        ticks = ticks_of(world, given.batch)
        total = sum(map(len, ticks))
        sides = [
            BareCopy(url, given.repeat), Rows(url, world, given.repeat), Journal(world, given.repeat, folder),
            *(Pipeline(url, name, world) for name in PIPELINES),
        ]  # fmt: skip
        found = measured(sides, ticks, given.rounds)
        for side in sides:
            assert side.count() == total, (side.name, side.count(), total)  # offered = stored
        by_name = {side.name: side for side in sides}
        rows = [*compared(found, by_name, total), *beside_copy(found)]
        if given.places != breaches.PLACES_EACH:
            for told in rows:
                told["what"] += f"; {given.places} prohibited places of each person"
        say("postgis", [*rows, where_it_goes(world, ticks, folder / "profile")])


if __name__ == "__main__":
    main()
