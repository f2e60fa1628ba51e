"""TCP → durable → answer beside a bare uvloop echo server: same frames, same load, alternating rounds.

    python bench/intake.py [--rounds 5] [--seconds 4] [--connections 3300]

`intake` is a whole installation (`sifang up`: migrated database with triggers and row security, fsync and
synchronous_commit on), its `watch` process as it is: admission, identity, engine with a boundary for each
person, encryption, snapshots, NOTIFY, and the answer only after the commit. `echo` writes back what it reads.
The load is a process of its own, one frame per segment, the next one after the answer. Each round proves its
counters: offered = answered = readable in the journal when decrypted = evaluated against a fence, sessions
registered (0x0100) and authenticated (0x0102) all, one NOTIFY a block. The ratio is per processor second of
the server process, and again with PostgreSQL's processes added to ours.
"""
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg

from bench.report import backend_cpu_s, row, say, spread
from sifang.monitoring.intake.columns import VERDICT_NONE
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import COLUMNS, opened
from tests.faults.common.installation import Installation, until

HERE = Path(__file__).resolve().parent
GOAL = 0.75
WARM_UP_S = 2.0


async def echo():
    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.write = transport.write

        def data_received(self, data):
            self.write(data)

    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


class Child:
    """The load, or the echo server: a process that answers a line with a line."""

    def __init__(self, env, *argv):
        self.process = subprocess.Popen(
            [sys.executable, *map(str, argv)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, f"the process ended at {words}"
        return json.loads(line)

    def end(self):
        self.process.terminate()
        self.process.wait(20)


class House:
    """The installation under load: what it has stored, told and used."""

    def __init__(self, where, pid):
        self.where, self.pid = where, pid
        self.postmaster = where.pid("postgres")
        self.keys = KeyStore(where.data / "keys" / "journal")
        self.admin = psycopg.connect(where.admin_url(), autocommit=True)
        self.admin.execute("LISTEN sifang_fixes")
        self.last = self.asked("SELECT coalesce(max(id), 0) FROM monitoring_journalblock")[0][0]

    def asked(self, query, *values):
        return self.admin.execute(query, values).fetchall()

    def postgres_cpu_s(self):
        total = 0.0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError):
                    stat = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
                    if int(stat[1]) == self.postmaster:
                        total += backend_cpu_s(int(entry.name))
        return total

    def path(self):
        return self.where.watch_status().get("path", {})

    def since_last(self):
        """Decrypt what was stored since the last call: fixes, of those evaluated, blocks, notifications."""
        rows = self.asked(
            f"SELECT id, {COLUMNS} FROM monitoring_journalblock WHERE id > %s ORDER BY id", self.last
        )
        fixes = evaluated = blocks = 0
        for number, *sealed in rows:
            found, _ = opened(sealed, self.keys)
            fixes += len(found)
            blocks += len(found) > 0
            evaluated += int((found["verdict"] != VERDICT_NONE).sum())
            self.last = number
        notes = sum(1 for note in self.admin.notifies(timeout=0.5) if int(note.payload) <= self.last)
        return {
            "fixes": fixes,
            "evaluated": evaluated,
            "blocks": blocks,
            "notified": notes,
            "rows": len(rows),
        }


def measured(load, pid, seconds, others=lambda: 0.0):
    """Run the load once; return what it says, with the server's processor seconds."""
    cpu, other = backend_cpu_s(pid), others()
    told = load.ask("run", seconds)
    told |= {"server_cpu_s": backend_cpu_s(pid) - cpu, "postgres_cpu_s": others() - other}
    assert told["offered"] == told["answered"] > 0, told
    assert told["gone"] == 0, told
    return told


def intake_round(load, house, port, seconds, connections):
    signed = load.ask("connect", port, "sign")
    assert signed == {"registered": connections, "authenticated": connections}, signed
    before = stages(house)
    told = measured(load, house.pid, seconds, house.postgres_cpu_s)
    time.sleep(1.2)  # the status is written once a second
    told["stages"] = {name: took - before.get(name, 0.0) for name, took in stages(house).items()}
    stored = house.since_last()
    assert told["answered"] == stored["fixes"] == stored["evaluated"], (told, stored)
    assert stored["rows"] == stored["notified"], stored
    load.ask("leave")
    return told | {"fixes_a_block": stored["fixes"] / stored["blocks"]}


def stages(house):
    return house.path().get("cpu_by_stage", {})


def echo_round(load, pid, port, seconds):
    load.ask("connect", port, "plain")
    told = measured(load, pid, seconds)
    load.ask("leave")
    return told


def note(words):
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")


def us(told, *names):
    """Microseconds of processor time a fix."""
    return 1e6 * sum(told[name] for name in names) / told["answered"]


def bench(asked):
    with contextlib.ExitStack() as stack:
        where = stack.enter_context(Installation())
        note("starting an installation")
        where.start()
        note(f"seeding {asked.connections} measures")
        plan = where.folder / "plan.json"
        code = where.run("bench.intake_seed", "--devices", str(asked.connections), "--plan", str(plan),
                         timeout_s=1800)  # fmt: skip
        assert not code.returncode, code.stderr
        note("the watch reads them")
        until(lambda: where.watch_status().get("tracked") == asked.connections, 60, "the measures are known")
        house = House(where, where.pid("watch"))
        assert house.asked("SHOW fsync") == [("on",)]
        assert house.asked("SHOW synchronous_commit") == [("on",)]
        server = Child(where.env, HERE / "intake.py", "--echo")
        stack.callback(server.end)
        echo_port = int(server.process.stdout.readline())
        load = Child(where.env, HERE / "intake_load.py", plan)
        stack.callback(load.end)
        first_s = int(time.time()) - 2 * 86400
        rounds = {"echo": [], "intake": []}
        for number in range(asked.rounds + 1):  # the first one warms up and does not count
            note(f"round {number} of {asked.rounds}")
            seconds = asked.seconds if number else min(WARM_UP_S, asked.seconds)
            first_s = load.ask("build", first_s, seconds)["next_s"]
            found = {
                "echo": echo_round(load, server.process.pid, echo_port, seconds),
                "intake": intake_round(load, house, where.jt808_port, seconds, asked.connections),
            }
            assert house.pid == where.pid("watch"), "the watch was started anew"
            if number:
                for mode, told in found.items():
                    rounds[mode].append(told)
        snapshots = [one for one in where.data.glob("snapshots/*") if one.stat().st_size]
        assert snapshots, "no snapshot was written"
        house.admin.close()
    return rounds, len(snapshots)


def report(asked, rounds, snapshots):
    echoes, ours = rounds["echo"], rounds["intake"]
    ratios = [us(e, "server_cpu_s") / us(o, "server_cpu_s") for e, o in zip(echoes, ours, strict=True)]
    with_database = [
        us(e, "server_cpu_s") / us(o, "server_cpu_s", "postgres_cpu_s")
        for e, o in zip(echoes, ours, strict=True)
    ]
    wall = [
        (o["answered"] / o["wall_s"]) / (e["answered"] / e["wall_s"])
        for e, o in zip(echoes, ours, strict=True)
    ]
    rates = [o["answered"] / o["wall_s"] for o in ours]
    shown = (
        "round",
        "echo µs",
        "ours µs",
        "PG µs",
        "ratio",
        "fixes/s",
        "echo/s",
        "p50 ms",
        "p99 ms",
        "a block",
    )
    print(("{:>9}" * len(shown)).format(*shown))
    for k, (e, o) in enumerate(zip(echoes, ours, strict=True)):
        figures = (
            us(e, "server_cpu_s"), us(o, "server_cpu_s"), us(o, "postgres_cpu_s"), ratios[k], rates[k],
            e["answered"] / e["wall_s"], o["p50_ms"], o["p99_ms"], o["fixes_a_block"],
        )  # fmt: skip
        print(
            f"{k + 1:>9}"
            + "{:>9.2f}{:>9.2f}{:>9.2f}{:>9.3f}{:>9.0f}{:>9.0f}{:>9}{:>9}{:>9.0f}".format(*figures)
        )
    took = {
        name: statistics.median(1e6 * o["stages"][name] / o["answered"] for o in ours)
        for name in ours[0]["stages"]
    }
    rest = statistics.median(us(o, "server_cpu_s") for o in ours) - sum(took.values())
    profile = (
        ", ".join(f"{name} {value:.2f}" for name, value in took.items()) + f", sockets and loop {rest:.2f}"
    )
    ratio = statistics.median(ratios)
    facts = (
        f"{spread(ratios, 3)}, {len(ours)} alternating rounds of {asked.seconds:g} s, {asked.connections}"
        f" connections; echo {statistics.median(us(e, 'server_cpu_s') for e in echoes):.2f} µs, ours"
        f" {statistics.median(us(o, 'server_cpu_s') for o in ours):.2f} µs a fix; µs by stage: {profile};"
        f" {sum(o['answered'] for o in ours):,} fixes offered = answered = evaluated = readable;"
        f" files of snapshots {snapshots}"
    )
    said = [
        row("TCP → durable → answer ÷ bare echo server, per CPU-second of the server", round(ratio, 3), "×",
            least=GOAL, detail=facts),
        row("the same, PostgreSQL's processes added to ours", round(statistics.median(with_database), 3), "×",
            detail=f"{spread(with_database, 3)}; PostgreSQL"
            f" {statistics.median(us(o, 'postgres_cpu_s') for o in ours):.2f} µs a fix"),
        row("the same, wall, the load on the same two cores", round(statistics.median(wall), 3), "×",
            detail=spread(wall, 3)),
        row("acknowledged after commit, the load beside it", round(statistics.median(rates)), "fixes/s",
            detail=f"{spread(rates, -1)}; answer p50 {statistics.median(o['p50_ms'] for o in ours):.0f} ms,"
            f" p99 {statistics.median(o['p99_ms'] for o in ours):.0f} ms"),
    ]  # fmt: skip
    say("intake", said)
    return said


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=3300)
    parser.add_argument("--echo", action="store_true", help="be the echo server")
    asked = parser.parse_args()
    if asked.echo:
        import uvloop

        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(echo())
        return
    report(asked, *bench(asked))


if __name__ == "__main__":
    main()
