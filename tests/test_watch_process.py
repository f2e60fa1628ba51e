"""The watch as a process of its own: real sockets, real database, killed and stopped like in life."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from sifang.gateways.jt808.tests.terminal import connected, location
from sifang.kernel.time import utc_now
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.intake.track import COLUMNS, opened
from sifang.monitoring.models import Alarm, RefusedFixes
from sifang.monitoring.services.clauses import compile_fences
from sifang.monitoring.services.devices import bind_device
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.tests.conftest import desk  # noqa: F401 (a fixture)
from sifang.people.access import system

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
NUMBER = "13853100001"
STARTS_S = 240  # the first start on a machine compiles the kernels, perhaps beside another that does
BANNED, ELSEWHERE = (36_660_000, 117_020_000), (36_660_000, 117_050_000)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Installation:
    """张三 wears a device; `up` starts the watch, `kill` ends it as a power cut would."""

    def __init__(self, desk, folder):  # noqa: F811 (the fixture of that name)
        self.desk, self.folder, self.process = desk, folder, None
        ago = utc_now() - timedelta(hours=1)
        self.measure = desk.measure("张三", approved_at=utc_now() - timedelta(hours=2))
        desk.ban("张三", valid_from=ago)
        desk.told(self.measure, at=ago)
        bind_device(desk["王科"], self.measure, desk.device(terminal_id=NUMBER), at=ago)
        compile_fences(desk["王科"], self.measure)
        self.port, self.http_port = free_port(), free_port()
        self.sent_s = int(time.time()) - 420  # less than ten minutes ago: asked as of now, not as past

    def up(self, **more):
        found = connections["watch"].get_connection_params()
        user, word = found["user"], quote(found["password"], safe="")
        host = quote(found.get("host") or "", safe="")
        url = f"postgresql://{user}:{word}@/{found['dbname']}?host={host}&port={found.get('port') or 5432}"
        env = {k: v for k, v in os.environ.items() if not k.startswith("SIFANG_")} | {
            "SIFANG_DATA": str(self.folder), "SIFANG_DATABASE_URL_WATCH": url, "SIFANG_PROCESS": "watch",
            "SIFANG_JT808_PORT": str(self.port), "SIFANG_DEVICE_HTTP_PORT": str(self.http_port),
            "SIFANG_SECRET_KEY": "x" * 50, "PYTHONPATH": os.pathsep.join(sys.path),
        } | more  # fmt: skip
        started = time.time()
        with (self.folder / "watch.out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sifang.ops.watch"], env=env, stdout=out, stderr=out
            )
        while time.time() < started + STARTS_S:
            status = self.status()
            if status.get("pid") == self.process.pid and status["state"] == "running":
                return
            assert self.process.poll() is None, (self.folder / "watch.out").read_text()
            time.sleep(0.1)
        pytest.fail((self.folder / "watch.out").read_text())

    def status(self):
        try:
            return json.loads((self.folder / "run" / "watch.json").read_text())
        except (OSError, ValueError):
            return {}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def state(self):
        """Block and digest of the arrays, as the watch answers SIGUSR1."""
        said = self.folder / "run" / "watch-state.json"
        said.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.time() + 60
        while time.time() < deadline:
            with contextlib.suppress(OSError, ValueError):
                found = json.loads(said.read_text())
                return {"block": found["block"], "state": found["state"]}
            time.sleep(0.05)
        pytest.fail("no answer to SIGUSR1")

    def body(self, place, step=10):
        """The next position, `step` seconds after the one before."""
        self.sent_s += step
        at = time.strftime("%y%m%d%H%M%S", time.gmtime(self.sent_s + 8 * 3600))
        return location(lat=place[0], lon=place[1], time=at, items=bytes.fromhex("31010a"))

    def journal(self):
        """Every second for which the journal holds a fix, as often as it holds one."""
        keys = KeyStore(self.folder / "keys" / "journal")
        with system("watch", using="watch", continues=True), connections["watch"].cursor() as cursor:
            cursor.execute(f"SELECT {COLUMNS} FROM monitoring_journalblock ORDER BY id")
            return [int(s) for row in cursor.fetchall() for s in opened(row, keys)[0]["taken_s"]]

    def alarms(self):
        with system("watch", using="watch", continues=True):
            return list(Alarm.objects.using("watch").order_by("raised_at"))


@pytest.fixture
def installation(desk, tmp_path):  # noqa: F811 (the fixture of that name)
    found = Installation(desk, tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()


async def acknowledged(terminal, body):
    answer = await terminal.ask(0x0200, body)
    return answer["message_id"] == "8001" and answer["body"]["result"] == 0


def test_from_bytes_on_a_socket_to_one_alarm_and_a_clean_end(installation):
    installation.up()

    async def story():
        async with connected(installation.port) as terminal:
            with contextlib.suppress(EOFError, ConnectionError):
                assert await terminal.sign_in("wrong") != 0
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            for _ in range(30):
                assert await acknowledged(terminal, installation.body(BANNED))

    async def later():
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            assert await acknowledged(terminal, installation.body(BANNED, 1))

    asyncio.run(story())
    # the measure ends: the next position is answered as received, and stored nowhere
    end_measure(installation.desk["王科"], installation.measure, reason="已无必要")
    installation.sent_s = int(time.time()) - 2
    asyncio.run(later())
    (alarm,) = installation.alarms()
    assert alarm.kind == "place_entered"
    assert len(installation.journal()) == 30
    assert installation.stop() == 0
    assert installation.status()["state"] == "stopped"
    counted = dict(RefusedFixes.objects.using("watch").values_list("reason", "count"))
    assert counted["measure_ended"] == 1
    log = (installation.folder / "logs" / "watch.jsonl").read_text()
    assert "watch_ready" in log
    assert NUMBER not in log
    assert "117.02" not in log


def test_killed_in_the_middle_nothing_acknowledged_is_lost_and_the_alarm_stays_one(installation):
    async def story(kill):
        received = []
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            for k in range(25):
                if k == 20 and kill:
                    terminal.send(0x0200, installation.body(BANNED))
                    installation.kill()
                    return received
                assert await acknowledged(terminal, installation.body(BANNED))
                received.append(installation.sent_s)
        return received

    installation.up()
    before = asyncio.run(story(kill=True))
    assert len(installation.alarms()) == 1
    installation.up()
    after = asyncio.run(story(kill=False))
    held = installation.journal()
    assert set(before) | set(after) <= set(held)
    assert len(held) == len(set(held))
    assert len(installation.alarms()) == 1


def test_after_a_kill_the_state_is_the_same_bit_for_bit(installation):
    async def story(n):
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            for _ in range(n):
                assert await acknowledged(terminal, installation.body(BANNED))

    installation.up()
    asyncio.run(story(12))
    before = installation.state()
    installation.kill()
    installation.up()
    assert installation.state() == before
    asyncio.run(story(12))
    after = installation.state()
    assert after["block"] > before["block"]
    assert after["state"] != before["state"]
    assert list((installation.folder / "snapshots").iterdir())
    assert len(installation.alarms()) == 1


def test_while_the_commit_hangs_no_position_is_acknowledged(installation):
    installation.up()
    admin = connections["owner"].copy("holder")  # a session of its own
    holder = admin.get_new_connection(admin.get_connection_params())
    holder.autocommit = False

    async def story():
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            assert await acknowledged(terminal, installation.body(ELSEWHERE))
            holder.execute("SELECT 1 FROM monitoring_measuresversion FOR UPDATE")
            terminal.send(0x0200, installation.body(ELSEWHERE))
            assert await terminal.says_nothing(1.0) is True
            holder.rollback()
            answer = await terminal.hear(5)
            assert (answer["message_id"], answer["body"]["result"]) == ("8001", 0)

    try:
        asyncio.run(story())
    finally:
        holder.close()
    assert len(installation.journal()) == 2


@contextlib.contextmanager
def database_gone():
    """Nobody can connect, and every connection of the watch breaks."""
    name = connections["watch"].settings_dict["NAME"]
    with psycopg.connect(os.environ["SIFANG_TEST_CLUSTER"], autocommit=True) as admin:
        database = sql.Identifier(name)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = 'sifang_watch'",
            [name],
        )
        try:
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))


def test_while_the_database_is_gone_devices_wait_and_nothing_acknowledged_is_lost(installation):
    installation.up()

    async def story():
        received = []
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            for _ in range(10):
                assert await acknowledged(terminal, installation.body(BANNED))
                received.append(installation.sent_s)
            with database_gone():
                terminal.send(0x0200, installation.body(BANNED))
                assert await terminal.says_nothing(2.0) is True
                assert installation.status()["database_lost"] is True
            answer = await terminal.hear(15)
            assert (answer["message_id"], answer["body"]["result"]) == ("8001", 0)
            received.append(installation.sent_s)
            for _ in range(10):
                assert await acknowledged(terminal, installation.body(BANNED))
                received.append(installation.sent_s)
        return received

    received = asyncio.run(story())
    assert installation.journal() == received
    assert len(installation.alarms()) == 1
    assert installation.stop() == 0


def test_osmand_and_owntracks_share_the_device_http_port(installation):
    installation.up()

    async def status_of(path):
        reader, writer = await asyncio.open_connection("127.0.0.1", installation.http_port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
        writer.close()
        return int(line.split()[1])

    assert asyncio.run(status_of("/nowhere")) == 404
    assert asyncio.run(status_of("/osmand?id=1&lat=36&lon=117&timestamp=1")) != 404


def ask_the_terminal(**request):
    """In a thread of its own, and so with a connection of its own."""
    word = json.dumps({"terminal": NUMBER, **request})
    with contextlib.closing(connections["default"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('sifang_downlink', %s)", [word])


def test_requests_go_down_to_the_terminal_and_bytes_between_frames_are_counted(installation):
    installation.up()
    asked = []

    async def answered(terminal, message_id, answer):
        """Answer what the platform asks next, which must be `message_id`."""
        told = await terminal.hear(10)
        asked.append((told["message_id"], told["body"]))
        assert told["message_id"] == message_id
        terminal.send(int(answer[:4], 16), told["serial"].to_bytes(2, "big") + bytes.fromhex(answer[4:]))

    async def story():
        async with connected(installation.port) as terminal:
            assert await terminal.sign_in("a1") == 0
            terminal.writer.write(b"noise")
            await asyncio.to_thread(ask_the_terminal, kind="text", text="请报到")
            await answered(terminal, "8300", "0001830000")
            await asyncio.to_thread(ask_the_terminal, kind="position")
            await answered(terminal, "8201", "0201" + installation.body(ELSEWHERE).hex())
            assert (await terminal.hear())["message_id"] == "8001"
            await asyncio.to_thread(ask_the_terminal, kind="parameters", values={"0029": 30})
            await answered(terminal, "8103", "0001810300")
            await answered(terminal, "8104", "010401" + "00000029" + "04" + "0000001e")
            await asyncio.sleep(1.5)

    asyncio.run(story())
    assert asked[0][1]["text"] == "请报到"
    assert asked[2][1]["parameters"][0]["value"] == 30
    assert installation.status()["dropped_bytes"] == len("noise")
    done = [
        json.loads(line) for line in (installation.folder / "logs" / "watch.jsonl").read_text().splitlines()
    ]
    told = {one["kind"]: one for one in done if one.get("event") == "downlink_done"}
    assert set(told) == {"text", "position", "parameters"}
    assert told["parameters"]["confirmed"] is True


def test_only_one_watch_at_a_time(installation):
    installation.up()
    first = installation.process
    env = Path(f"/proc/{first.pid}/environ").read_bytes().split(b"\0")
    other = installation.folder / "other"
    second = subprocess.Popen(
        [sys.executable, "-m", "sifang.ops.watch"],
        env=dict(line.decode().split("=", 1) for line in env if b"=" in line) | {"SIFANG_DATA": str(other)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        log, until = other / "logs" / "watch.jsonl", time.time() + STARTS_S
        while not log.exists() or "kernels_ready" not in log.read_text():
            assert time.time() < until
            time.sleep(0.1)
        time.sleep(1)
        assert second.poll() is None
        assert "watch_ready" not in log.read_text()
    finally:
        second.terminate()
        assert second.wait(10) == 0
