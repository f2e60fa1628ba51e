"""Keys are on disk in full before use, private, and gone when destroyed."""

import stat
import subprocess
import sys
from datetime import datetime

import pytest

from sifang.kernel.time import SHANGHAI
from sifang.monitoring.intake.errors import KeyFolderUnsafe, KeyMissing
from sifang.monitoring.intake.keystore import KeyStore, hour_of

HOUR = "2026112308"


def test_the_hour_of_a_key_is_utc():
    assert hour_of(datetime(2026, 11, 23, 16, 59, tzinfo=SHANGHAI)) == HOUR


def test_another_process_reads_the_same_key(tmp_path):
    key = KeyStore(tmp_path / "keys").key(HOUR)
    assert len(key) == 32
    assert KeyStore(tmp_path / "keys").load(HOUR) == key
    assert KeyStore(tmp_path / "keys").key(HOUR) == key
    assert KeyStore(tmp_path / "keys").key("2026112309") != key


def test_only_the_owner_may_read_the_keys(tmp_path):
    KeyStore(tmp_path / "keys").key(HOUR)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    KeyStore(tmp_path / "keys").destroy("2026112307")
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "keys").iterdir()} == {0o600}
    (tmp_path / "keys").chmod(0o750)
    with pytest.raises(KeyFolderUnsafe):
        KeyStore(tmp_path / "keys")


def test_a_key_torn_by_a_power_cut_is_never_used(tmp_path):
    KeyStore(tmp_path / "keys")
    (tmp_path / "keys" / f"{HOUR}.key").write_bytes(b"half")
    with pytest.raises(KeyMissing):
        KeyStore(tmp_path / "keys").load(HOUR)


def test_two_processes_that_start_at_once_agree_on_the_key(tmp_path):
    code = (
        "import sys,pathlib;from sifang.monitoring.intake.keystore import KeyStore;"
        f"print(KeyStore(pathlib.Path(sys.argv[1])).key('{HOUR}').hex())"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "keys")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({run.communicate()[0] for run in runs}) == 1


def test_a_destroyed_key_stays_destroyed_even_when_an_old_copy_returns(tmp_path):
    store = KeyStore(tmp_path / "keys")
    key = store.key(HOUR)
    store.destroy(HOUR)
    for attempt in (store.load, store.key, KeyStore(tmp_path / "keys").key):
        with pytest.raises(KeyMissing):
            attempt(HOUR)
    (tmp_path / "keys" / f"{HOUR}.key").write_bytes(key)
    with pytest.raises(KeyMissing):
        KeyStore(tmp_path / "keys").load(HOUR)
    assert (tmp_path / "keys" / "destroyed").read_text() == f"1 {HOUR}\n"


def test_a_name_that_is_no_hour_reaches_no_file(tmp_path):
    with pytest.raises(KeyMissing):
        KeyStore(tmp_path / "keys").key("../../etc/x")


def test_the_folder_above_is_closed_to_others_too(tmp_path):
    KeyStore(tmp_path / "keys" / "journal")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
