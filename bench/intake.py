"""Acknowledged fixes beside a bare echo server: the same sockets, frames and load, alternating rounds.

    python bench/intake.py [--rounds 5] [--seconds 4] [--connections 200]

One server process (uvloop), one load process, one embedded PostgreSQL with synchronous_commit=on, all on this
machine. `echo` answers each read with a fixed 0x8001 for every frame; `intake` is the real JT/T 808 server,
admission, engine (measures without fences), block encryption and a commit under the version trigger, before
each answer. The journal table stands alone here (no row security, no alarms). Each connection keeps ten
frames in flight. Figures hold for this run on this machine; the ratio is what travels.
"""
# ruff: noqa: ANN001, ANN201, ANN202, E501 (arrays everywhere, SQL)

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

IN_FLIGHT = 10
TABLE = """
CREATE TABLE monitoring_measuresversion (id smallint PRIMARY KEY, version bigint);
INSERT INTO monitoring_measuresversion VALUES (1, 1);
CREATE TABLE monitoring_journalblock (id bigserial PRIMARY KEY, written_at timestamptz, key_hour varchar(10),
  measures_version bigint, fixes int, taken_from timestamptz, taken_to timestamptz, measures int[], body bytea);
CREATE INDEX ON monitoring_journalblock (taken_to);
CREATE INDEX ON monitoring_journalblock (written_at);
CREATE INDEX ON monitoring_journalblock USING gin (measures);
CREATE FUNCTION check_version() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE v bigint; BEGIN
  SELECT version INTO v FROM monitoring_measuresversion WHERE id = 1 FOR SHARE;
  IF v <> NEW.measures_version THEN RAISE EXCEPTION 'stale' USING ERRCODE = 'SF001'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER journal_check BEFORE INSERT ON monitoring_journalblock FOR EACH ROW EXECUTE FUNCTION check_version();
"""


def number(k):
    return f"{13_000_000_000 + k}"


class NoAlarms:
    """The desk of a city in which nothing happens."""

    def record(self, fixes, signals):
        pass

    committed = rolled_back = reload = lambda *_: None


async def serve(mode, connections, folder):
    if mode == "echo":
        from sifang.gateways.jt808.frame import Header, encode_frame

        answer = encode_frame(Header(0x8001, "2013", number(0), 1), bytes.fromhex("0001020000"))

        class Echo(asyncio.Protocol):
            def connection_made(self, transport):
                self.transport = transport

            def data_received(self, data):
                self.transport.write(answer * (data.count(b"\x7e") // 2))

        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        port = await intake(connections, folder)
    print(port, flush=True)
    await asyncio.Event().wait()


async def intake(connections, folder):
    from concurrent.futures import ThreadPoolExecutor

    from sifang.gateways.jt808.server import Jt808Server
    from sifang.monitoring.engine.engine import Engine
    from sifang.monitoring.engine.specs import MeasureSpec
    from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
    from sifang.monitoring.intake.judge import Judge
    from sifang.monitoring.intake.keystore import KeyStore
    from sifang.monitoring.intake.refusals import Refusals
    from sifang.monitoring.intake.service import WatchIntake
    from sifang.monitoring.intake.store import Journal
    from sifang.monitoring.intake.tick import Ticker

    now = int(time.time())
    code = hashlib.sha256(b"a1").digest()
    rows = [
        DeviceRow(uuid.uuid4(), number(k), "jt808", code, windows=(Window(k, now - 10**6, now + 10**6),))
        for k in range(connections)
    ]
    admission, engine, refusals = Admission(), Engine(), Refusals(b"bench")
    admission.load(rows, 1, now)
    engine.load([MeasureSpec(k, now - 10**6, now + 10**6) for k in range(connections)], [])
    journal = Journal(KeyStore(folder / "keys"), NoAlarms())
    judge = Judge(admission=admission, engine=engine, journal=journal, refusals=refusals, reload=lambda: None)
    ticker = Ticker(judge, ThreadPoolExecutor(1))
    server = Jt808Server(WatchIntake(admission, ticker, refusals))
    return await server.start("127.0.0.1", 0)


async def load(port, connections, seconds, mode):
    from sifang.gateways.jt808.frame import Header, encode_frame

    start = int(time.time()) - 800_000
    head = bytes.fromhex("00000000000c0002022f3f1d06fb0411002a0000005a")

    def frame(k, at):
        body = head + bytes.fromhex(time.strftime("%y%m%d%H%M%S", time.gmtime(start + at + 8 * 3600)))
        return encode_frame(Header(0x0200, "2013", number(k), at & 0xFFFF), body + b"\x31\x01\x0a")

    acknowledged = 0

    async def one(k):
        nonlocal acknowledged
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if mode == "intake":
            writer.write(encode_frame(Header(0x0102, "2013", number(k), 0), b"a1"))
            await reader.read(100)
        at, marks = IN_FLIGHT, 0
        writer.write(b"".join(frame(k, n) for n in range(IN_FLIGHT)))
        while time.monotonic() < until:
            data = await reader.read(65536)
            marks += data.count(b"\x7e")
            done, marks = marks // 2, marks % 2
            acknowledged += done
            writer.write(b"".join(frame(k, at + n) for n in range(done)))
            at += done
        writer.close()

    begun = time.monotonic()
    until = begun + seconds
    await asyncio.wait_for(asyncio.gather(*(one(k) for k in range(connections))), seconds + 30)
    return acknowledged / (time.monotonic() - begun)


def round_of(mode, arguments, folder, env):
    argv = [
        sys.executable,
        __file__,
        "--serve",
        mode,
        "--connections",
        str(arguments.connections),
        "--folder",
        folder,
    ]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = next(int(line) for line in server.stdout if line.strip().isdigit())
            return asyncio.run(load(port, arguments.connections, arguments.seconds, mode))
        finally:
            server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--serve", choices=["echo", "intake"])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.serve:
        import django
        import uvloop

        django.setup()
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve(arguments.serve, arguments.connections, arguments.folder))
        return
    import psycopg

    from sifang.ops.postgres import Postgres

    with tempfile.TemporaryDirectory(prefix="sfb-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        database = Postgres(folder / "postgres", folder / "secrets")
        database.make_cluster()
        process = database.spawn()
        try:
            database.wait(process)
            with psycopg.connect(database.url(), autocommit=True) as admin:
                admin.execute(TABLE)
            env = os.environ | {
                "SIFANG_DATA": name, "SIFANG_PROCESS": "watch", "SIFANG_SECRET_KEY": "x" * 50,
                "SIFANG_DATABASE_URL_WATCH": database.url(), "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings",
            }  # fmt: skip
            rates = {"echo": [], "intake": []}
            for _ in range(arguments.rounds):
                for mode, found in rates.items():
                    found.append(round(round_of(mode, arguments, name, env)))
        finally:
            process.terminate()
            process.wait(20)
    medians = {mode: statistics.median(found) for mode, found in rates.items()}
    ratio = round(medians["intake"] / medians["echo"], 3)
    print(json.dumps({"fixes_per_second": rates, "median": medians, "ratio": ratio}))


if __name__ == "__main__":
    main()
