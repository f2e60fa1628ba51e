"""Hourly chunks beside a table of rows: bytes a fix, one person's day, and how fast the journal is compacted.

    python bench/storage.py [--count 2000000] [--days 1] [--rounds 7] [--tick 1]

One server of its own, the product's own tables, roles and row security. Days at one fix in 10 s, all
attributes varying (noise, jitter, rest and movement by the time of day; how much the bytes depend on that:
`storage_tracks.py`), are written hour by hour as the watch writes them (one encrypted block a tick) and as
rows into a plain table with btree (person, taken). After each hour the product's own job compacts what is due
and the journal is vacuumed, as autovacuum does. Bytes are pg_total_relation_size of chunks, journal and its
hours: heap, indexes, TOAST, free room. Then a person's day is read by turns into an array of columns:
`read_track` as role reader in an officer's context (query, keys, decryption, decoding), and from the rows by
the same role: prepared SELECT … ORDER BY taken, binary.
"""
# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204 (arrays everywhere)

import argparse
import os
import secrets
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
from report import Clock, row, say, spread
from server import backend_of, server
from storage_tracks import other_tracks

HOUR_S, EVERY_S, DAY = 3600, 10, 8640
BEGIN = 1_795_392_000 - 8 * HOUR_S  # midnight in Jinan
BUSY = {**dict.fromkeys(range(24), 0.2), **dict.fromkeys((22, 23, 0, 1, 2, 3, 4, 5), 0.02)}
BUSY |= dict.fromkeys((7, 8, 17, 18), 0.5)
COLUMNS = (
    ("person", ">i4"), ("taken", ">i8"), ("received", ">i8"), ("lon", ">f8"), ("lat", ">f8"),
    ("accuracy_m", ">f4"), ("altitude_m", ">f4"), ("speed_kmh", ">f4"), ("course_deg", ">f4"),
    ("flags", ">i4"), ("battery_pct", ">i2"), ("satellites", ">i2"), ("source", ">i2"), ("verdict", ">i2"),
)  # fmt: skip
TYPES = {">i4": "int", ">i8": "bigint", ">f8": "float8", ">f4": "real", ">i2": "smallint"}
ROW = np.dtype([("fields", ">i2"), *(p for n, k in COLUMNS for p in ((f"{n}_size", ">i4"), (n, k)))])
ARRAY = np.dtype([(name, kind.replace(">", "<")) for name, kind in COLUMNS])
TABLES = ("monitoring_trackchunk", "monitoring_journalblock", "monitoring_journalhour")


class House:
    """The product's database with officers, persons and measures, on the server of the bench."""

    def __init__(self, url, folder, persons):
        from sifang.ops import roles

        words = dict.fromkeys(roles.ROLES, "bench")
        roles.prepare_database(url, words, "sifang")
        os.environ |= {
            "SIFANG_DATA": str(folder / "data"), "SIFANG_PROCESS": "test",
            "SIFANG_SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings",
        }  # fmt: skip
        for role in roles.ROLES:
            os.environ[f"SIFANG_DATABASE_URL_{role.upper()}"] = roles.role_url(url, role, "bench", "sifang")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="owner", verbosity=0)
        self.admin = psycopg.connect(url, dbname="sifang", autocommit=True)
        self.owner = psycopg.connect(os.environ["SIFANG_DATABASE_URL_OWNER"], autocommit=True)
        roles.grant_tables(self.owner)
        self._fill(persons)
        self._keys(folder)
        body = ", ".join(f"{name} {TYPES[kind]} NOT NULL" for name, kind in COLUMNS)
        self.owner.execute(f"CREATE TABLE bench_rows ({body})")
        self.owner.execute("CREATE INDEX ON bench_rows (person, taken)")

    def _keys(self, folder):
        from sifang.kernel.config import provide
        from sifang.monitoring.intake.config import IntakeConfig
        from sifang.monitoring.intake.keystore import KeyStore

        provide(IntakeConfig(keys=folder / "keys", key_backup=folder / "copies"))
        self.keys = KeyStore(folder / "keys")

    def _fill(self, persons):
        """Put in what row security and the term of a measure ask for, past the acts that make them."""
        self.admin.execute("SET session_replication_role = replica")
        agency, officer = uuid.uuid4(), uuid.uuid4()
        begun = datetime.fromtimestamp(BEGIN, UTC) - timedelta(days=1)
        self._put("people_agency", id=agency, kind="justice_bureau", level="county", area_code="370102")
        self._put("people_officer", id=officer, agency_id=agency, is_active=True, username="b", name="王科")
        self._put("people_rolegrant", officer_id=officer, role="county_officer", valid_from=begun)
        for number in range(1, persons + 1):
            person = uuid.uuid4()
            self._put(
                "people_person", id=person, county_code="370102", county_agency_id=agency, number=f"{number}"
            )
            self._put(
                "monitoring_measure", person_id=person, number=number, approved_at=begun, told_at=begun,
                ends_at=begun + timedelta(days=80), ground=2, reasons="x",
            )  # fmt: skip
        self.admin.execute("SET session_replication_role = origin")
        self.officer = officer

    def _put(self, table, **known):
        needed = self.admin.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            [table],
        ).fetchall()
        day = "2026-01-01"
        dummies = {
            "uuid": uuid.uuid4(), "boolean": False, "integer": 0, "smallint": 0, "bigint": 0, "jsonb": "{}",
            "date": day, "timestamp with time zone": day, "bytea": b"",
        }  # fmt: skip
        values = {name: dummies.get(kind, "") for name, kind in needed} | known
        marks = ", ".join(["%s"] * len(values))
        self.admin.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values())
        )

    def sizes(self):
        return {
            table: self.admin.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone()[0]
            for table in (*TABLES, "bench_rows")
        }


def an_hour_of_all(persons, hour):
    """Return the fixes of everybody in an hour of the day, in the order received, and their device keys."""
    from sifang.monitoring.intake.tests.city import an_hour

    parts = [
        an_hour(
            number * 10_000 + hour, begin=BEGIN + hour * HOUR_S + number % (EVERY_S - 1), measure=number,
            device_key=number * 7919, busy=BUSY[hour % 24],
        )
        for number in range(1, persons + 1)
    ]  # fmt: skip
    fixes, keys = (np.concatenate(found) for found in zip(*parts, strict=True))
    order = np.argsort(fixes["received_s"], kind="stable")
    return fixes[order], keys[order]


def write_journal(house, fixes, keys, tick, version):
    """One block a tick, as `intake/store.py` writes them, but many in one transaction."""
    from django.db import connections

    from sifang.monitoring.intake.block import Header, encode, seal
    from sifang.monitoring.intake.keystore import hour_of
    from sifang.people.access import system

    cuts = np.flatnonzero(np.diff(fixes["received_s"] // tick)) + 1
    rows = []
    for some, of_these in zip(np.split(fixes, cuts), np.split(keys, cuts), strict=True):
        written = datetime.fromtimestamp(int(some["received_s"].max()), UTC)
        measures = tuple(int(m) for m in np.unique(some["measure"]))
        header = Header(written, hour_of(written), version, len(some), measures)
        body = seal(encode(some, of_these), house.keys.key(hour_of(written)), header)
        first, last = (datetime.fromtimestamp(int(f(some["taken_s"])), UTC) for f in (np.min, np.max))
        rows.append((written, header.key_hour, version, len(some), first, last, list(measures), body))
    with system("watch", using="watch", continues=True), connections["watch"].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes, taken_from,"
            " taken_to, measures, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
    return len(rows)


def write_rows(house, fixes):
    rows = np.zeros(len(fixes), ROW)
    rows["fields"] = len(COLUMNS)
    for name, kind in COLUMNS:
        rows[f"{name}_size"] = np.dtype(kind).itemsize
        source = {"person": "measure", "taken": "taken_s", "received": "received_s"}.get(name, name)
        rows[name] = fixes[source]
    with house.owner.cursor().copy("COPY bench_rows FROM STDIN (FORMAT BINARY)") as into:
        into.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


def compact(house, now, clocks):
    """Run the product's job; returns the fixes compacted."""
    from django.db import connections

    from sifang.monitoring.intake.compact import compact_due

    connections["jobs"].ensure_connection()
    clock = Clock(backend_of(connections["jobs"].connection))
    with clock:
        done = compact_due(now, using="jobs")
    assert not any(hour.absorbed or hour.dropped for hour in done), done
    fixes = sum(hour.fixes for hour in done)
    if fixes:
        clocks.append((fixes, clock.wall_s, clock.cpu_s))
    house.admin.execute("VACUUM monitoring_journalblock")
    return fixes


def day_tracks(house, persons, rounds, expected):
    """Return the seconds of each turn: chunks, rows; the track must be what was written."""
    from django.db import connections

    from sifang.monitoring.intake.chunkstore import same_rows
    from sifang.monitoring.intake.track import read_track
    from sifang.people.access import Purpose, acting
    from sifang.people.models import Officer

    officer = Officer.objects.get(id=house.officer)
    frm = datetime.fromtimestamp(BEGIN, UTC)
    to = frm + timedelta(days=1)
    found = {"chunks": [], "rows": [], "chunks_cpu": [], "rows_cpu": []}
    names = ", ".join(name for name, _ in COLUMNS)
    dice = np.random.default_rng(3)
    with acting(officer, Purpose.VERIFY_ALARM, using="reader"):
        plain = psycopg.Cursor(connections["reader"].connection)
        pid = backend_of(connections["reader"].connection)
        for _ in range(rounds):
            some = [expected[0], *dice.integers(1, persons + 1, 19).tolist()]
            with Clock(pid) as clock:
                for number in some:
                    begun = time.perf_counter()
                    track = read_track([number], frm, to)
                    found["chunks"].append(time.perf_counter() - begun)
                    assert len(track) == DAY
                    assert number != expected[0] or same_rows(track, expected[1])
            found["chunks_cpu"].append(clock.cpu_s / len(some))
            with Clock(pid) as clock:
                for number in some:
                    begun = time.perf_counter()
                    plain.execute(
                        f"SELECT {names} FROM bench_rows"
                        " WHERE person = %s AND taken >= %s AND taken < %s ORDER BY taken",
                        [number, BEGIN, BEGIN + 24 * HOUR_S],
                        prepare=True,
                        binary=True,
                    )
                    rows = np.array(plain.fetchall(), ARRAY)
                    found["rows"].append(time.perf_counter() - begun)
                    assert len(rows) == DAY
            found["rows_cpu"].append(clock.cpu_s / len(some))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000_000, help="fixes, rounded to whole person-days")
    parser.add_argument("--days", type=int, default=1, help="more days, fewer persons")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tick", type=int, default=1, help="seconds of one journal block")
    asked = parser.parse_args()
    persons = max(1, round(asked.count / DAY / asked.days))
    with server() as (url, folder):
        house = House(url, folder, persons)
        found = measured(house, persons, asked)
        house.admin.close()
        house.owner.close()
        from django.db import connections

        connections.close_all()
    report(persons * DAY * asked.days, found)


def measured(house, persons, asked):
    version = house.admin.execute("SELECT version FROM monitoring_measuresversion").fetchone()[0]
    blocks, clocks, compacted, mine, most = 0, [], 0, [], 0
    hours = 24 * asked.days
    for hour in range(hours):
        fixes, keys = an_hour_of_all(persons, hour)
        if hour < 24:
            mine.append(fixes[fixes["measure"] == 1])
        blocks += write_journal(house, fixes, keys, asked.tick, version)
        write_rows(house, fixes)
        now = datetime.fromtimestamp(BEGIN + (hour + 1) * HOUR_S + 300, UTC)
        compacted += compact(house, now, clocks)
        most = max(most, house.sizes()["monitoring_journalblock"])
        print(
            f"hour {hour + 1}/24: {compacted:,} of {(hour + 1) * persons * 360:,} fixes compacted", flush=True
        )
    later, keys = an_hour_of_all(1, hours - 1)
    for after in (5, 10):  # a fix in the night that follows: then all of the day is due
        one = later[:1].copy()
        for name in ("taken_s", "received_s"):
            one[name] += after * HOUR_S
        write_journal(house, one, keys[:1], 1, version)
        compacted += compact(house, datetime.fromtimestamp(BEGIN + (hours + after) * HOUR_S, UTC), clocks)
    compacted -= 1  # the first of these two
    house.admin.execute("VACUUM ANALYZE monitoring_journalblock")
    house.admin.execute("VACUUM ANALYZE monitoring_trackchunk")
    house.admin.execute("VACUUM ANALYZE bench_rows")
    stored, bodies, chunks = house.admin.execute(
        "SELECT sum(fixes) - 1, sum(length(body)), count(*) FROM monitoring_trackchunk"
    ).fetchone()
    counters = {"offered": persons * DAY * asked.days, "compacted": compacted, "stored": stored}
    counters["rows"] = house.admin.execute("SELECT count(*) FROM bench_rows").fetchone()[0]
    assert len(set(counters.values())) == 1, counters
    mine = np.concatenate(mine)
    mine = mine[np.argsort(mine["taken_s"], kind="stable")]
    day_tracks(house, persons, 1, (1, mine))  # once before: plans, keys, compiled kernels
    return {
        "sizes": house.sizes(), "bodies": int(bodies), "chunks": chunks, "blocks": blocks, "most": most,
        "clocks": clocks, "tracks": day_tracks(house, persons, asked.rounds, (1, mine)),
    }  # fmt: skip


def report(count, found):
    sizes = found["sizes"]
    each = {table: round(sizes[table] / count, 2) for table in sizes}
    total = round(sum(sizes[table] for table in TABLES) / count, 2)
    chunks, rows, chunks_cpu, rows_cpu = found["tracks"].values()
    ratio = statistics.median(chunks) / statistics.median(rows)
    ratio_cpu = statistics.median(chunks_cpu) / statistics.median(rows_cpu)
    fixes, wall, cpu = (sum(part) for part in zip(*found["clocks"], strict=True))
    inside = (
        f"{count:,} fixes in {found['chunks']:,} chunks; chunks {each['monitoring_trackchunk']} (bodies alone"
        f" {found['bodies'] / count:.2f}), journal {each['monitoring_journalblock']} (at its largest"
        f" {found['most'] / 1e6:.0f} MB, {found['blocks']:,} blocks), hours {each['monitoring_journalhour']};"
        f" the row table {each['bench_rows']}"
    )
    day = (
        f"chunks {spread([1e3 * s for s in chunks])} ms, rows {spread([1e3 * s for s in rows], 1)} ms wall;"
        f" CPU of client and server {1e3 * statistics.median(chunks_cpu):.1f} and"
        f" {1e3 * statistics.median(rows_cpu):.1f} ms, ratio {ratio_cpu:.3f};"
        f" {len(chunks_cpu)} alternating rounds of 20 persons"
    )
    size = "bytes per stored fix, all attributes, indexes and journal included"
    track = "one person's day track (8,640 fixes): chunks ÷ row table"
    speed = "compaction, proof and deletion included"
    per_cpu = "fixes per CPU-second"
    rows = [
        row(size, total, "B", most=6.0, detail=inside),
        row(track, round(ratio, 3), "×", most=0.1, detail=day),
        row(speed, round(fixes / cpu), per_cpu, detail=f"{fixes / wall:,.0f} a second of wall time"),
    ]
    rest = (sum(sizes[table] for table in TABLES) - found["bodies"]) / count
    say("storage", [rows[0], *other_tracks(rest), *rows[1:]])


if __name__ == "__main__":
    main()
