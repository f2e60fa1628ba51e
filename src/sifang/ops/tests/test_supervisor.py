"""What a whole installation promises: it starts, keeps going whatever dies, ends, and starts again."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from sifang.ops.postgres import Postgres
from sifang.ops.runtime import started_ticks
from sifang.ops.secret_files import data_folder
from sifang.ops.settings import read
from sifang.ops.supervisor import PortInUse, check_ports
from sifang.ops.tests.conftest import free_port

pytestmark = pytest.mark.slow


def superuser_url(installation, database="sifang"):
    return Postgres(installation.data / "postgres", installation.data / "secrets").url(database)


def all_new(installation, before):
    """Whether all is well again and each of these names has another process than before."""
    status = installation.status()
    now = {one["name"]: one["pid"] for one in status["processes"]}
    return status["ready"] and all(now[name] not in {None, pid} for name, pid in before.items())


def test_whatever_is_killed_comes_back_and_ctrl_c_ends_all(installation):
    installation.start()
    names = {one["name"] for one in installation.status()["processes"]}
    assert {"postgres", "web", "jobs"} <= names
    for victims in (names - {"postgres"}, {"postgres"}):
        before = {name: installation.pid(name) for name in victims}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        installation.until(lambda before=before: all_new(installation, before))
    page = f"http://127.0.0.1:{installation.env['SIFANG_HTTP_PORT']}/signin"
    with_session = urllib.request.Request(page, headers={"Cookie": "sessionid=unknown"})  # asks the database
    assert urllib.request.urlopen(with_session, timeout=10).status == 200
    restarts = {one["name"]: one["restarts"] for one in installation.status()["processes"]}
    assert all(count >= 1 for count in restarts.values())
    children = installation.children()
    assert installation.interrupt() < 45
    assert installation.foreground.returncode == 0
    assert not [pid for pid in children if started_ticks(pid)]
    assert installation.status() | {"processes": []} == installation.status()
    assert installation.status()["ready"] is False


def test_devices_are_acknowledged_again_soon_after_the_database_was_killed(installation):
    """Nobody restarts the watch: it holds what came, and acknowledges when PostgreSQL is back."""
    installation.start("demo", "--persons", "20", "--tracked", "5")

    def told():
        return json.loads((installation.data / "run" / "watch.json").read_text())

    installation.until(lambda: told()["acknowledged"] > 0)
    watch, before = installation.pid("watch"), told()["acknowledged"]
    os.kill(installation.pid("postgres"), signal.SIGKILL)
    installation.until(lambda: told()["acknowledged"] > before + 5, 60)
    assert not told()["database_lost"]
    assert installation.pid("watch") == watch
    installation.until(lambda: installation.status()["fixes"]["acknowledged"] > before + 5, 60)


def test_a_killed_supervisor_leaves_nothing_that_blocks_the_next_start(installation):
    installation.start()
    old = installation.children()
    installation.foreground.kill()
    installation.foreground.wait()
    began = time.monotonic()
    installation.start()
    assert time.monotonic() - began < 20
    assert not [pid for pid in old if started_ticks(pid)]
    assert installation.run("down").stdout == "已停止。\n"


def test_a_second_start_on_the_same_data_is_refused_in_one_line(installation):
    installation.start()
    second = installation.run("up")
    assert second.returncode == 1
    assert "已有一个四方在运行" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert installation.status()["ready"]


def test_a_port_that_a_killed_process_lets_go_late_is_waited_for():
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    port = held.getsockname()[1]
    others = {f"SIFANG_{name}_PORT": str(free_port()) for name in ("HTTP", "DEVICE_HTTP", "METRICS")}
    settings = read({"SIFANG_JT808_PORT": str(port), **others})
    with pytest.raises(PortInUse):
        check_ports(settings)
    let_go = threading.Timer(0.4, held.close)
    let_go.start()
    check_ports(settings, patience_s=20)
    let_go.join()


def test_the_database_is_private(installation):
    installation.start()
    folder = (installation.data / "postgres").resolve()
    control = (folder / "data" / "pg_hba.conf").read_text()
    methods = [line.split()[-1] for line in control.splitlines() if line and not line.startswith("#")]
    assert methods
    assert set(methods) == {"scram-sha-256"}
    socket_folder = next(folder.glob("run"), None)
    if socket_folder is not None:
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    for path in (installation.data / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for private in ("secrets", "keys", "keys/journal", "logs", "run"):
        assert stat.S_IMODE((installation.data / private).stat().st_mode) == 0o700
    with psycopg.connect(superuser_url(installation)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.parametrize(
    "name", ["SIFANG_HTTP_PORT", "SIFANG_JT808_PORT", "SIFANG_DEVICE_HTTP_PORT", "SIFANG_METRICS_PORT"]
)
def test_a_port_in_use_is_one_clear_line(installation, name):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = installation.run("up", **{name: str(port)})
    assert answer.returncode == 1
    assert answer.stderr == f"端口 {port} 已被占用；请关闭占用它的程序，或用 {name} 换一个端口。\n"
    assert not (installation.data / "postgres").exists()


FIRST_VERSION = """
import os
from sifang.ops.prepare import make_roles_and_database
from sifang.ops.settings import read
make_roles_and_database(read())
import django
from django.core.management import call_command
django.setup()
call_command("migrate", "people", "0001", verbosity=0)
"""


def test_data_of_an_older_version_are_migrated_and_kept(installation):
    """The database as the first migration left it, with rows; today's program starts on it."""
    server = Postgres(data_folder(installation.data) / "postgres", installation.data / "secrets")
    server.make_cluster()
    process = server.spawn()
    server.wait(process)
    owner = {"SIFANG_PROCESS": "owner", "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings"}
    subprocess.run([sys.executable, "-c", FIRST_VERSION], env=installation.env | owner, check=True)
    with psycopg.connect(server.url("sifang")) as connection:
        connection.execute(
            "INSERT INTO people_agency (id, kind, level, name, area_code)"
            " VALUES (gen_random_uuid(), 'justice_bureau', 'county', '历下区司法局', '370102')"
        )
        connection.execute(
            "INSERT INTO people_person (id, number, name, sex, birth_date, phone, address, county_code,"
            " county_agency_id, created_at) SELECT gen_random_uuid(), '历下-2026-0001', '张三', 'm',"
            " '1990-01-01', '', '', '370102', id, now() FROM people_agency"
        )
    process.send_signal(signal.SIGINT)
    process.wait(30)

    installation.start()
    with psycopg.connect(server.url("sifang")) as connection:
        assert connection.execute("SELECT number FROM people_person").fetchall() == [("历下-2026-0001",)]
        forced = "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = 'people_person'"
        assert connection.execute(forced).fetchone() == (True,)
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('ops', '9_next', now())"
        )
    installation.interrupt()
    newer = installation.run("up")
    assert newer.returncode == 1
    assert "由更新的版本建立" in newer.stderr


def test_it_runs_on_a_database_of_ones_own(installation):
    """SIFANG_DATABASE_URL: no embedded server; the role named there makes the others."""
    folder = Path(tempfile.mkdtemp(prefix="sfx-"))
    folder.chmod(0o755)
    server = Postgres(folder / "postgres", folder / "secrets", is_throwaway=True)
    server.make_cluster()
    process = server.spawn()
    try:
        server.wait(process)
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("CREATE ROLE vendor LOGIN CREATEROLE CREATEDB PASSWORD 'vendor'")
        installation.env["SIFANG_DATABASE_URL"] = (
            f"postgresql://vendor:vendor@/city?host={server.socket_folder}&port=5432"
        )
        installation.start()
        assert "postgres" not in {one["name"] for one in installation.status()["processes"]}
        environment = Path(f"/proc/{installation.pid('web')}/environ").read_bytes()
        assert b"vendor:vendor" not in environment
        assert b"sifang_owner" not in environment
        assert b"sifang_app" in environment
        assert not (installation.data / "postgres").exists()
        installation.interrupt()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def test_an_ordinary_user_can_run_it(ordinary_installation):
    one = ordinary_installation
    one.start()
    assert one.status()["ready"]
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in one.children()}
    assert owners == {one.data.stat().st_uid}
    assert 0 not in owners
    assert one.interrupt() < 45
    assert one.foreground.returncode == 0
