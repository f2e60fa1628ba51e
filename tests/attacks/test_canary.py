"""A position is found nowhere in the clear while it is kept, and cannot be read by anybody afterwards.

From a device's socket through journal, chunk, track and alarm to the end of its retention; searched are the
cluster's files with its write-ahead log, a base backup, every row of every table, logs, snapshots, files of
the run, and the folders of keys. The same search finds a second position that is written down on purpose.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from sifang.gateways.jt808.tests.terminal import connected, location
from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.monitoring.access import access_refused_frames, access_track
from sifang.monitoring.intake.compact import compact_due
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore, hour_of
from sifang.monitoring.models import JournalHour, RefusedFixes
from sifang.monitoring.services.measures import end_measure
from sifang.monitoring.services.retention import retain
from sifang.monitoring.tests.conftest import as_role, desk  # noqa: F401 (a fixture)
from sifang.ops.postgres import Postgres
from sifang.ops.pytest_plugin import ADMIN
from sifang.people.access import Purpose
from tests.attacks.canary import Canary, hits_in_files, hits_in_rows
from tests.test_watch_process import acknowledged, installation  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases="__all__")]
CANARY = Canary(117.020713, 36.660317, b"Kanarienvogel" + secrets.token_hex(4).encode())
CONTROL = Canary(116.987319, 36.713951, b"Kontrollvogel" + secrets.token_hex(4).encode())
STRANGER = "13853100077"


class Search:
    """All places where a trace could be, at one moment."""

    def __init__(self, folder, keys):
        self.folder, self.keys = folder, keys
        self.admin = os.environ[ADMIN]
        self.database = str(connections["default"].settings_dict["NAME"])
        with psycopg.connect(self.admin, autocommit=True) as connection:
            (cluster,) = connection.execute("SHOW data_directory").fetchone()
        self.cluster = Path(cluster)

    def hits(self, forms, *, with_backup=False):
        """Return every hit: which form, where."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            connection.execute("SELECT pg_switch_wal()")
        found = hits_in_files(forms, [self.cluster, self.folder])
        found += hits_in_rows(forms, self.admin, self.database)
        if with_backup:
            copy = Path(tempfile.mkdtemp(prefix="sfc-"))
            try:
                self.base_backup(copy)
                found += hits_in_files(forms, [copy])
            finally:
                shutil.rmtree(copy)
        return found

    def base_backup(self, into):
        other = os.environ.get("SIFANG_TEST_POSTGRES")
        home = into / "home"
        tool = Postgres(home, into, program=Path(other) if other else None).program("pg_basebackup")
        subprocess.run(
            [tool, "-D", into / "copy", "-d", self.admin, "-X", "stream", "-c", "fast"], check=True
        )
        assert (into / "copy" / "PG_VERSION").exists()
        if home.is_symlink():
            shutil.rmtree(home.resolve(), ignore_errors=True)


def position(canary, at_s, *, ahead=0):
    """A location body; the frame carries the canary's word in an item nobody knows."""
    when = time.strftime("%y%m%d%H%M%S", time.gmtime(at_s + ahead + 8 * 3600))
    item = bytes([0x31, 1, 10, 0xE9, len(canary.word)]) + canary.word
    return location(lat=round(canary.lat * 1e6), lon=round(canary.lon * 1e6), time=when, items=item)


async def story(port, now_s):
    """Thirty positions of 张三, one that is refused, and one of a device without a measure."""
    async with connected(port) as terminal:
        assert await terminal.sign_in("a1") == 0
        for k in range(30):
            assert await acknowledged(terminal, position(CANARY, now_s - 290 + 10 * k))
        await asyncio.sleep(2.5)  # the last one agrees with our clock: from now on one ahead is refused
        assert await acknowledged(terminal, position(CANARY, now_s, ahead=9000))
    async with connected(port, number=STRANGER) as terminal:
        with suppress(TimeoutError, EOFError, ConnectionError):
            assert await terminal.sign_in("a1") == 0
            await acknowledged(terminal, position(CANARY, now_s))


def refused(n):
    """Wait until the counts have come to the table."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        reasons = set(RefusedFixes.objects.values_list("reason", flat=True))
        if len(reasons) >= n:
            return reasons
        time.sleep(0.2)
    raise AssertionError(reasons)


def test_a_position_is_nowhere_in_the_clear_and_after_its_time_nowhere_at_all(
    installation,  # noqa: F811 (the fixture)
    tmp_path,
):
    where = installation
    where.desk.device(terminal_id=STRANGER)
    folders = (tmp_path / "keys" / "journal", tmp_path / "key-backup")
    provide(IntakeConfig(keys=folders[0], key_backup=folders[1]))
    where.up()
    asyncio.run(story(where.port, int(time.time())))
    assert {"future", "no_measure"} <= refused(2)
    assert where.stop() == 0
    search, keys = Search(tmp_path, folders), KeyStore(*folders)
    person, officer = where.desk.city.persons["张三"], where.desk["王科"]
    hours = {hour_of(utc_now() - timedelta(minutes=m)) for m in (0, 10)}
    hour_keys = [keys.load(hour) for hour in hours if hour in keys.hours()]

    def track():
        now = utc_now()
        span = (now - timedelta(hours=20), now + timedelta(hours=1))
        return access_track(officer, person, Purpose.VERIFY_ALARM, *span)

    # it was here: an alarm, a track, a refused frame of the tracked device and none of the other
    assert [alarm.kind for alarm in where.alarms()] == ["place_entered"]
    assert set(track()["lon"].round(6)) == {CANARY.lon}
    frames = access_refused_frames(officer, person, Purpose.REVIEW)
    assert [CANARY.word in (frame.data or b"") for frame in frames] == [True]
    assert search.hits(CANARY.forms()) == []  # while it is kept: encrypted

    with as_role("jobs"):  # its hour is over: a chunk under the measure's key
        compact_due(utc_now(), keys=keys, lag=timedelta(hours=-2))
        assert all(JournalHour.objects.values_list("key_destroyed_at", flat=True))
    assert set(track()["lon"].round(6)) == {CANARY.lon}
    measure_key = keys.load_measure(where.measure.number)
    end_measure(officer, where.measure, reason="无需继续使用")
    with as_role("jobs"):  # and so is its retention
        assert retain(utc_now() + timedelta(days=181), keys=keys).keys == [where.measure.number]

    for hour in JournalHour.objects.values_list("hour", flat=True):
        with pytest.raises(KeyMissing):
            keys.load(hour)
    assert len(track()) == 0
    assert access_refused_frames(officer, person, Purpose.REVIEW) == []
    gone = {f"key {n}": key for n, key in enumerate([measure_key, *hour_keys])}
    assert hour_keys
    write_down(search, tmp_path)
    found = search.hits(CANARY.forms() | gone | CONTROL.forms("control, "), with_backup=True)
    assert [hit for hit in found if not hit[0].startswith("control, ")] == []
    assert found_on_purpose(found) == set(CONTROL.forms("control, "))


def write_down(search, folder):
    """Write the other position down in the clear, in a table and in a log."""
    forms = CONTROL.forms()
    with psycopg.connect(search.admin, dbname=search.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE control_of_canary (name text, body bytea)")
        for name, form in forms.items():
            connection.execute("INSERT INTO control_of_canary VALUES (%s, %s)", [name, form])
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "control.log").write_bytes(b" ".join(forms.values()))


def found_on_purpose(found):
    """Return the forms that were found in each of log, write-ahead log, base backup and rows."""
    in_log = {name for name, place in found if str(place).endswith("control.log")}
    in_wal = {name for name, place in found if "pg_wal" in str(place) and "sfc-" not in str(place)}
    in_copy = {name for name, place in found if "sfc-" in str(place) and "/base/" in str(place)}
    in_rows = {name.removesuffix(" in bytea") for name, place in found if "control_of_canary" in str(place)}
    return in_log & in_wal & in_copy & in_rows
