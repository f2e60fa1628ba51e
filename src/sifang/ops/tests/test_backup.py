"""Backup and restore: the database and, apart from it, the keys; what was destroyed stays destroyed."""

import shutil
import signal
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore
from sifang.ops import backup as module
from sifang.ops import databases
from sifang.ops.backup import BackupFailed, RestoreRefused, backup, prune, restore
from sifang.ops.settings import Settings, read

HOUR, LATER = "2026112308", "2026112309"
OUTSIDE = {f"SIFANG_DATABASE_URL_{role}": "postgresql:///x" for role in
           ("OWNER", "APP", "WATCH", "READER", "JOBS")}  # fmt: skip


def settings_of(folder: Path, **environ: str) -> Settings:
    return read({"SIFANG_DATA": str(folder), **environ})


@pytest.fixture
def installation(tmp_path):
    """An installation with an external database: what concerns us is its keys."""
    settings = settings_of(tmp_path / "data", **OUTSIDE)
    settings.secrets_folder.mkdir(parents=True)
    (settings.secrets_folder / "django_key").write_text("secret")
    store = KeyStore(settings.keys_folder, settings.key_backup_folder)
    store.key(HOUR), store.measure_key(7), store.named("digests")
    return settings


def elsewhere(tmp_path, name="again"):
    return settings_of(tmp_path / name, **OUTSIDE)


def test_keys_and_secrets_come_back_and_open_what_they_opened(installation, tmp_path):
    store = KeyStore(installation.keys_folder)
    backup(installation, tmp_path / "safe", tmp_path / "other")
    restored = elsewhere(tmp_path)
    restore(restored, tmp_path / "safe", tmp_path / "other")
    again = KeyStore(restored.keys_folder)
    assert (again.load(HOUR), again.load_measure(7)) == (store.load(HOUR), store.load_measure(7))
    assert again.named("digests") == store.named("digests")
    assert (restored.secrets_folder / "django_key").read_text() == "secret"
    kept = [*(tmp_path / "safe").rglob("*")]
    assert not [one for one in kept if one.suffix == ".key" or one.name == "django_key"]  # the keys are apart
    assert {one.stat().st_mode & 0o077 for one in (tmp_path / "other").rglob("*")} == {0}


def test_the_holidays_and_texts_that_an_office_added_come_back(installation, tmp_path):
    for name in ("calendars/2027.json", "law-texts/texts.json"):
        (installation.data / name).parent.mkdir()
        (installation.data / name).write_text(name)
    backup(installation, tmp_path / "safe")
    restored = elsewhere(tmp_path)
    restore(restored, tmp_path / "safe")
    for name in ("calendars/2027.json", "law-texts/texts.json"):
        assert (restored.data / name).read_text() == name


def test_an_old_backup_restored_after_destruction_reads_nothing(installation, tmp_path):
    safe = tmp_path / "safe"
    backup(installation, safe)
    store = KeyStore(installation.keys_folder, installation.key_backup_folder)
    store.destroy(HOUR), store.destroy_measure(7)
    shutil.rmtree(installation.keys_folder)  # the disk is lost; the second folder's list is not
    restored = settings_of(
        tmp_path / "again", SIFANG_KEY_BACKUP=str(installation.key_backup_folder), **OUTSIDE
    )
    restore(restored, safe)
    for open_again in (KeyStore(restored.keys_folder), KeyStore(installation.key_backup_folder)):
        with pytest.raises(KeyMissing):
            open_again.load(HOUR)
        with pytest.raises(KeyMissing):
            open_again.load_measure(7)
    assert len(list(restored.keys_folder.glob("*.key"))) == 2  # digests, installation


def test_the_next_backup_carries_the_destructions_for_the_older_ones(installation, tmp_path, monkeypatch):
    safe = tmp_path / "safe"
    old = backup(installation, safe)
    KeyStore(installation.keys_folder).destroy(HOUR)
    moment = datetime.now(UTC) + timedelta(minutes=5)
    monkeypatch.setattr(module, "datetime", Clock(moment))
    new = backup(installation, safe)
    shutil.rmtree(new)  # only the older database is left
    shutil.rmtree(safe / "keys" / new.name)
    restore(elsewhere(tmp_path), safe)
    with pytest.raises(KeyMissing):
        KeyStore(elsewhere(tmp_path).keys_folder).load(HOUR)
    assert old.exists()


class Clock:
    """Stands for `datetime` and says another present."""

    def __init__(self, now):
        self._now = now

    def now(self, _zone):
        return self._now

    def __getattr__(self, name):
        return getattr(datetime, name)


def test_copies_of_keys_older_than_the_shortest_retention_are_not_kept(installation, tmp_path, monkeypatch):
    safe = tmp_path / "safe"
    old = backup(installation, safe)
    shredded = []
    real = module.KeyFolder.shred
    monkeypatch.setattr(
        module.KeyFolder, "shred", lambda self, names: (shredded.extend(names), real(self, names))[1]
    )
    monkeypatch.setattr(module, "datetime", Clock(datetime.now(UTC) + timedelta(days=7, minutes=1)))
    new = backup(installation, safe)
    assert {one.name for one in (safe / "keys").glob("2*")} == {new.name}
    assert {HOUR, "m7"} <= set(shredded)
    assert old.exists()  # without keys it is noise


def test_a_copy_is_kept_until_its_time(installation, tmp_path):
    backup(installation, tmp_path / "safe")
    now = datetime.now(UTC)
    assert prune(tmp_path / "safe" / "keys", now - timedelta(days=7)) == 0
    assert prune(tmp_path / "safe" / "keys", now + timedelta(seconds=2)) == 1


@pytest.mark.parametrize("taken", ["postgres", "keys", "secrets"])
def test_nothing_is_restored_over_an_installation(installation, tmp_path, taken):
    backup(installation, tmp_path / "safe")
    (tmp_path / "again" / taken).mkdir(parents=True)
    with pytest.raises(RestoreRefused, match="不是空的"):
        restore(elsewhere(tmp_path), tmp_path / "safe")


def test_a_backup_without_its_keys_is_refused(installation, tmp_path):
    backup(installation, tmp_path / "safe", tmp_path / "other")
    with pytest.raises(RestoreRefused, match="密钥"):
        restore(elsewhere(tmp_path), tmp_path / "safe")
    with pytest.raises(RestoreRefused, match="没有完整的备份"):
        restore(elsewhere(tmp_path), tmp_path / "nothing")


def test_a_stopped_database_is_not_backed_up(tmp_path):
    with pytest.raises(BackupFailed, match="sifang up"):
        backup(settings_of(tmp_path / "data"), tmp_path / "safe")


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="sfb-"))  # PostgreSQL's own user must reach it
    made.chmod(0o711)
    yield made
    for link in made.glob("*/postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.slow
def test_the_embedded_database_comes_back_with_what_was_committed(folder):
    settings, restored = settings_of(folder / "data"), settings_of(folder / "again")
    for one in (settings, restored):
        one.data.mkdir(mode=0o711)
    key = KeyStore(settings.keys_folder).measure_key(7)

    def running(which):
        server = databases.embedded(which)
        server.make_cluster()
        process = server.spawn()
        server.wait(process)
        return server, process

    server, process = running(settings)
    try:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        backup(settings, folder / "safe")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("DROP TABLE kept")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    shutil.rmtree(restored.data)
    restore(restored, folder / "safe")
    server, process = running(restored)
    try:
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert KeyStore(restored.keys_folder).load_measure(7) == key
    assert server.data.stat().st_mode & 0o777 == 0o700
