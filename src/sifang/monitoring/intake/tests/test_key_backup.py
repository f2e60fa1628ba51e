"""The second folder of keys: a copy before first use, no longer life than the key, no way back."""

import os
import shutil
import stat

import pytest

from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore

HOUR = "2026112308"


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "keys", tmp_path / "elsewhere" / "copies"


def test_a_key_is_copied_before_it_is_given_out(folders):
    store = KeyStore(*folders)
    given = (store.key(HOUR), store.measure_key(7), store.named("digests"))
    copies = [(folders[1] / f"{name}.key") for name in (HOUR, "m7", "digests")]
    assert tuple(copy.read_bytes() for copy in copies) == given
    assert {stat.S_IMODE(one.stat().st_mode) for one in folders[1].iterdir()} == {0o600}
    assert stat.S_IMODE(folders[1].stat().st_mode) == 0o700


def test_keys_made_before_there_was_a_backup_are_copied_when_the_store_is_opened(folders):
    key = KeyStore(folders[0]).measure_key(7)
    KeyStore(*folders)
    assert (folders[1] / "m7.key").read_bytes() == key


def test_a_backup_folder_that_fails_stops_nothing_is_told_and_catches_up(folders, monkeypatch):
    store = KeyStore(*folders)
    with monkeypatch.context() as patch:
        real = os.open

        def full(path, *args):
            if str(path).startswith(str(folders[1])):
                raise OSError(28, "No space left on device", str(path))
            return real(path, *args)

        patch.setattr(os, "open", full)
        key = store.key(HOUR)
        assert len(key) == 32
        assert str(folders[1]) in store.problem
        assert str(folders[1]) in store.catch_up()
        store.destroy("2026112307")  # nor does it stop a destruction
    assert not (folders[1] / f"{HOUR}.key").exists()
    assert store.catch_up() == ""
    assert (folders[1] / f"{HOUR}.key").read_bytes() == key
    assert (folders[1] / "destroyed").read_text() == "1 2026112307\n"


def test_lost_keys_come_back_from_the_backup_and_are_not_made_anew(folders):
    store = KeyStore(*folders)
    hour, measure = store.key(HOUR), store.measure_key(7)
    shutil.rmtree(folders[0])
    again = KeyStore(*folders)
    assert (again.key(HOUR), again.load_measure(7)) == (hour, measure)


def test_an_old_copy_of_the_keys_put_back_after_destruction_reads_nothing(folders, tmp_path):
    store = KeyStore(*folders)
    store.key(HOUR), store.measure_key(7)
    kept = [shutil.copytree(folder, tmp_path / f"old{k}") for k, folder in enumerate(folders)]
    store.destroy(HOUR), store.destroy_measure(7)
    shutil.rmtree(folders[0])
    shutil.copytree(kept[0], folders[0])  # the first folder with its old list: the second one's list holds
    for again in (KeyStore(*folders), KeyStore(folders[0])):
        with pytest.raises(KeyMissing):
            again.load(HOUR)
        with pytest.raises(KeyMissing):
            again.load_measure(7)
    shutil.rmtree(folders[1])
    shutil.copytree(kept[1], folders[1])  # now the backup is the old one
    with pytest.raises(KeyMissing):
        KeyStore(*folders).load(HOUR)
    assert not [one for folder in folders for one in folder.glob("[0-9m]*.key")]


def test_a_destroyed_key_is_gone_from_both_folders(folders):
    store = KeyStore(*folders)
    key = store.measure_key(7)
    store.destroy_measure(7)
    assert not [one for folder in folders for one in folder.iterdir() if key in one.read_bytes()]
    assert [(folder / "destroyed").read_text() for folder in folders] == ["1 m7\n"] * 2


def test_the_backup_folder_of_another_installation_is_not_used(folders, tmp_path):
    theirs = KeyStore(*folders)
    theirs.key(HOUR)
    mine = KeyStore(tmp_path / "mine")
    mine.named("installation")
    mine = KeyStore(tmp_path / "mine", folders[1])
    assert "另一套系统" in mine.problem
    assert mine.key(HOUR) != theirs.key(HOUR)
    mine.destroy(HOUR)
    assert theirs.key(HOUR) == (folders[1] / f"{HOUR}.key").read_bytes()
