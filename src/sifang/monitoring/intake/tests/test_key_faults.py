"""Power cuts, crashes and races around keys: what was given out survives, what was destroyed does not."""

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sifang.monitoring.intake import keyfiles
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keyfiles import KeyFolder, read_list
from sifang.monitoring.intake.keystore import KeyStore

HOUR, NEXT = "2026112308", "2026112309"
CALLS = ("open", "write", "fsync", "link", "unlink", "ftruncate", "close")


class PowerCut(BaseException):
    """The machine stops here."""


class Disk:
    """Watches the calls of the key store and knows what a power cut would leave.

    The harshest reading of POSIX: the content of a file is what was fsynced through a descriptor of it, an
    entry of a folder is there, or gone, only when that folder was fsynced after.
    """

    def __init__(self, *folders):
        self.folders = [str(folder) for folder in folders]
        self.content = {}  # inode → fsynced bytes
        self.entries = {folder: {} for folder in self.folders}  # name → inode, durable
        self.calls = 0
        self.cut_at = None
        self.log = []

    def look(self):
        """Take what is on the disk now as durable (the state before the test begins)."""
        for folder in self.folders:
            if Path(folder).exists():
                self._sync_folder(folder)
                for file in Path(folder).iterdir():
                    self.content[file.stat().st_ino] = file.read_bytes()

    @contextmanager
    def watching(self, monkeypatch, cut_at=None):
        self.calls, self.cut_at, self.log = 0, cut_at, []
        with monkeypatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._watched(name, getattr(os, name)))
            with suppress(PowerCut):
                yield

    def _watched(self, name, call):
        def watched(*args, **kwargs):
            self.calls += 1
            if self.cut_at == self.calls:
                raise PowerCut(name)
            if self.cut_at is not None and self.calls > self.cut_at:
                return (
                    None if name != "open" else 0
                )  # `finally` of code that is dead already: nothing happens
            if name == "fsync":
                self._fsync(args[0])
            return call(*args, **kwargs)

        return watched

    def _fsync(self, handle):
        path = str(Path(f"/proc/self/fd/{handle}").readlink())
        if path in self.entries:
            self._sync_folder(path)
        else:
            self.content[os.fstat(handle).st_ino] = Path(path).read_bytes()

    def _sync_folder(self, folder):
        self.entries[folder] = {file.name: file.stat().st_ino for file in Path(folder).iterdir()}

    def after_the_cut(self, target):
        """Lay what is durable into `target`/0, `target`/1 …"""
        for k, folder in enumerate(self.folders):
            made = target / str(k)
            made.mkdir(mode=0o700, parents=True)
            for name, inode in self.entries[folder].items():
                (made / name).write_bytes(self.content.get(inode, b""))
                (made / name).chmod(0o600)
        return [target / str(k) for k in range(len(self.folders))]


def cuts(monkeypatch, tmp_path, act):
    """Run `act(store)` once to the end and once with a cut at each call.

    Yields the key of NEXT, what the act gave (nothing when it was cut), and the folders as they are left.
    """
    at, total = 0, None
    while total is None or at <= total:
        folders = [tmp_path / str(at) / "keys", tmp_path / str(at) / "copies"]
        store = KeyStore(*folders)
        key = store.key(NEXT)
        disk = Disk(*folders)
        disk.look()
        given = []
        with disk.watching(monkeypatch, at or None):
            given.append(act(store))
        if total is None:
            total = disk.calls
            assert total > 5
        yield key, given, disk.after_the_cut(tmp_path / str(at) / "after")
        at += 1


def test_a_power_cut_at_any_call_loses_no_key_that_was_given_out(tmp_path, monkeypatch):
    seen = 0
    for _, given, (keys, copies) in cuts(monkeypatch, tmp_path, lambda store: store.key(HOUR)):
        after = KeyStore(keys, copies)
        made = after.key(HOUR)  # whatever was cut, the store opens and gives a whole key
        assert len(made) == 32
        if given:
            seen += 1
            assert made == given[0] == KeyStore(keys).load(HOUR) == KeyStore(copies).load(HOUR)
    assert seen >= 1


def test_a_key_linked_by_a_process_that_was_killed_is_made_durable_before_another_uses_it(
    tmp_path, monkeypatch
):
    folders = [tmp_path / "keys", tmp_path / "copies"]
    KeyStore(*folders)
    disk = Disk(*folders)
    disk.look()
    linked = []

    def killed_after_link(*args):
        link(*args)
        linked.append(args)
        raise PowerCut

    link = os.link
    with monkeypatch.context() as patch, suppress(PowerCut):  # a kill, the machine goes on
        patch.setattr(os, "link", killed_after_link)
        KeyStore(*folders).key(HOUR)
    assert linked
    for file in (tmp_path / "keys").iterdir():  # its content had been fsynced before the link
        disk.content[file.stat().st_ino] = file.read_bytes()
    other = KeyStore(*folders)
    with disk.watching(monkeypatch):
        given = other.key(HOUR)
    keys, copies = disk.after_the_cut(tmp_path / "after")
    assert KeyStore(keys, copies).load(HOUR) == given


def test_a_power_cut_at_any_call_of_a_destruction_leaves_the_key_whole_or_gone_everywhere(
    tmp_path, monkeypatch
):
    gone = 0
    for key, given, (keys, copies) in cuts(monkeypatch, tmp_path, lambda store: store.destroy(NEXT)):
        listed = [NEXT in KeyFolder(folder).destroyed().names for folder in (keys, copies)]
        touched = [KeyFolder(folder).read(NEXT) != key for folder in (keys, copies)]
        assert not any(touched) or all(listed)  # the lists first, then the bytes
        after = KeyStore(keys, copies)
        try:
            assert len(after.load(NEXT)) == 32
            assert not given
        except KeyMissing:
            gone += 1
            assert not (copies / f"{NEXT}.key").exists()
            assert not (keys / f"{NEXT}.key").exists()
            with pytest.raises(KeyMissing):
                KeyStore(copies).load(NEXT)
            with pytest.raises(KeyMissing):
                after.key(NEXT)
    assert gone >= 2


def test_a_torn_last_line_counts_for_nothing_and_is_cut_off_by_the_next(tmp_path):
    store = KeyStore(tmp_path / "keys")
    other = store.measure_key(1)
    store.destroy_measure(12)
    with (tmp_path / "keys" / "destroyed").open("a") as out:
        out.write("2 m1")  # of “2 m13”
    again = KeyStore(tmp_path / "keys")
    assert again.load_measure(1) == other
    again.destroy_measure(14)
    assert (tmp_path / "keys" / "destroyed").read_text() == "1 m12\n2 m14\n"


def test_the_same_line_twice_is_one_destruction():
    found = read_list(b"1 m1\n2 m2\n2 m2\n3 m1\n4 m3\n")
    assert (found.names, found.last, found.is_whole) == (("m1", "m2", "m3"), 4, True)


@pytest.mark.parametrize(
    "text", [b"1 m1\n3 m2\n", b"1 m1\nxx\n2 m2\n", b"1 m1\n1 m2\n", b"\0\0\n1 m1\n2 m2\n"]
)
def test_a_list_with_a_hole_or_a_strange_line_is_told_and_what_it_says_still_holds(text, tmp_path):
    assert not read_list(text).is_whole
    store = KeyStore(tmp_path / "keys")
    store.measure_key(2)
    (tmp_path / "keys" / "destroyed").write_bytes(text)
    store = KeyStore(tmp_path / "keys")
    assert "销毁清单" in store.problem
    with pytest.raises(KeyMissing):
        store.load_measure(2)


def test_two_that_destroy_at_once_number_their_lines_one_after_another(tmp_path, monkeypatch):
    stores = [KeyStore(tmp_path / "keys", tmp_path / "copies") for _ in range(2)]
    stores[0].measure_key(1), stores[0].measure_key(2)
    together, real = threading.Barrier(2), keyfiles.read_list

    def both_have_read(text):
        with suppress(threading.BrokenBarrierError):  # one waits for the lock: the other goes on
            together.wait(0.2)
        return real(text)

    with monkeypatch.context() as patch:
        patch.setattr(keyfiles, "read_list", both_have_read)
        threads = [threading.Thread(target=stores[k].destroy_measure, args=(k + 1,)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for folder in (tmp_path / "keys", tmp_path / "copies"):
        lines = sorted(line.split() for line in (folder / "destroyed").read_text().splitlines())
        assert [number for number, _ in lines] == ["1", "2"]
        assert {name for _, name in lines} == {"m1", "m2"}
        assert not list(folder.glob("m*.key"))


def test_what_another_process_destroyed_is_forgotten_here_too(tmp_path):
    here, there = KeyStore(tmp_path / "keys"), KeyStore(tmp_path / "keys")
    here.key(HOUR)
    there.destroy(HOUR)
    for attempt in (here.key, here.load):
        with pytest.raises(KeyMissing):
            attempt(HOUR)
