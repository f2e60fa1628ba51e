"""Finished hours become chunks: nothing lost, nothing twice, whatever is interrupted; the key goes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import DatabaseError, connections, transaction

from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.intake import compact
from sifang.monitoring.intake.block import Header, encode, seal
from sifang.monitoring.intake.chunkstore import same_rows
from sifang.monitoring.intake.columns import F_LATE
from sifang.monitoring.intake.compact import chained, compact_due, first_head
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.errors import KeyMissing
from sifang.monitoring.intake.keystore import KeyStore, hour_of
from sifang.monitoring.intake.store import DatabaseLostError, as_watch, database_errors, insert_block
from sifang.monitoring.intake.tests.city import an_hour
from sifang.monitoring.intake.track import read_track, stream_pieces
from sifang.monitoring.models import Incident, JournalBlock, JournalHour, MeasuresVersion, TrackChunk
from sifang.people.access import Purpose, acting, system
from sifang.people.models import ReadRecord

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
STEPS = ("open", "store", "verified", "delete", "write_down", "commit", "destroy", "destroyed")


class Stopped(BaseException):
    """As kill -9 at this step: nothing after it is done, not even an `except Exception`."""


class Yard:
    """张三 and another person tracked for hours; blocks are written as the watch does."""

    def __init__(self, desk, folder):
        self.desk, self.folder = desk, folder
        self.now = utc_now()
        self.top = self.now.replace(minute=0, second=0, microsecond=0)
        begun = self.top - timedelta(hours=12)
        self.measures = [desk.measure(name, approved_at=begun) for name in ("张三", "卫某")]
        self.numbers = [m.number for m in self.measures]

    @property
    def keys(self):
        return KeyStore(self.folder / "keys")

    def hour(self, back):
        return self.top - timedelta(hours=back)

    def fixes(self, back, n=60, who=0, seed=1, **columns):
        """`n` fixes of one person in the hour `back` hours before the present one."""
        begin = int(self.hour(back).timestamp())
        some, keys = an_hour(seed, fixes=n, begin=begin, measure=self.numbers[who], device_key=100 + who)
        for name, value in columns.items():
            some[name] = value
        return some, keys

    def write(self, some, keys, at=None):
        """One block, written at the time its last fix was received, or `at`."""
        written = at or datetime.fromtimestamp(int(some["received_s"].max()), UTC)
        numbers = tuple(sorted({int(m) for m in some["measure"]}))
        version = MeasuresVersion.objects.get().version
        header = Header(written, hour_of(written), version, len(some), numbers)
        body = seal(encode(some, keys), self.keys.key(hour_of(written)), header)
        first, last = (datetime.fromtimestamp(int(f(some["taken_s"])), UTC) for f in (np.min, np.max))
        with system("watch", using="watch", continues=True):
            return JournalBlock.objects.using("watch").create(
                written_at=written, key_hour=hour_of(written), measures_version=version, fixes=len(some),
                taken_from=first, taken_to=last, measures=list(numbers), body=body,
            )  # fmt: skip

    def write_hour(self, back, who=0, n=60, each=10, **columns):
        """An hour of one person as ticks of `each` fixes; returns all fixes."""
        some, keys = self.fixes(back, n=n, who=who, **columns)
        for at in range(0, n, each):
            self.write(some[at : at + each], keys[at : at + each])
        return some

    def a_day(self):
        """Hours 5 to 3 of both, and something of now, so that the newest block is of the present."""
        parts = [self.write_hour(back, who=who, seed=10 * back + who) for back in (5, 4, 3) for who in (0, 1)]
        present = self.fixes(0, n=1)
        self.write(*present, at=self.now)
        return np.concatenate(parts)

    def compact(self, **more):
        return compact_due(self.now, using="jobs", keys=self.keys, **more)

    def track(self, numbers=None, who="王科"):
        with acting(self.desk[who], Purpose.VERIFY_ALARM, using="reader"):
            return read_track(numbers or self.numbers, self.hour(24), self.hour(0))

    def rows(self, model, alias="jobs"):
        with system("compact", using=alias, continues=True):
            return list(model.objects.using(alias).order_by("hour" if model is not JournalBlock else "id"))


@pytest.fixture
def yard(desk, tmp_path):
    provide(IntakeConfig(keys=tmp_path / "keys"))
    return Yard(desk, tmp_path)


def in_order(fixes):
    return fixes[np.lexsort((fixes["measure"], fixes["received_s"], fixes["taken_s"]))]


def assert_same(track, fixes):
    assert same_rows(in_order(track), in_order(fixes))


def test_every_fix_is_read_the_same_before_and_after(yard):
    written = yard.a_day()
    assert_same(yard.track(), written)
    done = yard.compact()
    assert [d.hour for d in done] == [hour_of(yard.hour(back)) for back in (5, 4, 3)]
    assert {(d.fixes, d.stored, d.absorbed, d.dropped, d.blocks) for d in done} == {(120, 120, 0, 0, 12)}
    assert_same(yard.track(), written)
    assert_same(yard.track(yard.numbers[:1]), written[written["measure"] == yard.numbers[0]])
    assert len(yard.rows(JournalBlock)) == 1
    chunks = yard.rows(TrackChunk)
    assert len(chunks) == 6
    assert {chunk.fixes for chunk in chunks} == {60}
    assert yard.compact() == []


def test_the_chain_of_the_hour_is_kept_and_in_the_ledger_and_its_key_is_gone(yard):
    yard.a_day()
    blocks = [b for b in yard.rows(JournalBlock) if b.key_hour == hour_of(yard.hour(5))]
    head = first_head(hour_of(yard.hour(5)))
    for block in blocks:
        head = chained(head, block.id, bytes(block.body))
    yard.compact()
    row = yard.rows(JournalHour)[0]
    assert (row.hour, row.state, bytes(row.head)) == (hour_of(yard.hour(5)), "compacted", head)
    assert (row.first_block, row.last_block) == (blocks[0].id, blocks[-1].id)
    assert row.key_destroyed_at is not None
    with pytest.raises(KeyMissing):
        yard.keys.load(row.hour)
    told = [bytes(p.record) for p in LedgerPending.objects.filter(kind="journal_hour_compacted")]
    assert any(head.hex().encode() in one for one in told)
    assert LedgerPending.objects.filter(kind="journal_key_destroyed").count() == 3


@pytest.mark.parametrize("stop", STEPS)
def test_stopped_at_any_step_each_fix_is_there_once_and_the_next_run_goes_on(yard, stop):
    written = yard.a_day()

    def step(name):
        if name == stop:
            raise Stopped

    with pytest.raises(Stopped):
        yard.compact(step=step)
    assert_same(yard.track(), written)
    yard.compact()
    assert_same(yard.track(), written)
    hours = yard.rows(JournalHour)
    assert len(hours) == 3
    assert all(row.state == "compacted" and row.key_destroyed_at for row in hours)
    assert (
        sum(row.fixes for row in hours) == sum(chunk.fixes for chunk in yard.rows(TrackChunk)) == len(written)
    )


def test_a_reader_under_way_goes_on_when_its_hours_are_compacted_beside_it(yard):
    for back in (5, 4, 3):
        yard.write_hour(back, n=40, each=1)
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    before = yard.track()
    with acting(yard.desk["王科"], Purpose.VERIFY_ALARM, using="reader"):
        pieces = stream_pieces(yard.numbers, yard.hour(24), yard.hour(0))
        found = [next(pieces)]
        yard.compact()
        found += pieces
    seen = np.concatenate([piece.fixes for piece in found])
    assert len(seen) == len(before) == 120
    assert same_rows(seen, before)  # in order, too
    assert {source.block is None for piece in found for source in piece.sources} == {True, False}


def test_a_piece_names_device_and_source_of_each_fix(yard):
    yard.a_day()
    yard.compact()
    with acting(yard.desk["王科"], Purpose.VERIFY_ALARM, using="reader"):
        pieces = list(stream_pieces(yard.numbers, yard.hour(24), yard.hour(0)))
    stored = {(c.measure_id, hour_of(c.hour)): bytes(c.sha256) for c in yard.rows(TrackChunk)}
    for piece in pieces:
        for fix, key, source in zip(piece.fixes, piece.device_keys, piece.source, strict=True):
            place = piece.sources[source]
            assert stored[place.measure, place.hour] == place.sha256
            assert (place.measure, int(key)) == (fix["measure"], 100 + yard.numbers.index(fix["measure"]))


def test_late_fixes_are_merged_equal_ones_absorbed_and_conflicts_kept(yard, monkeypatch):
    noted = []
    monkeypatch.setattr(
        "sifang.monitoring.intake.compact.note_conflicts", lambda pairs, _: noted.extend(pairs)
    )
    some, keys = yard.fixes(9, n=60)
    yard.write(some[:50], keys[:50])
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    yard.compact()
    again = some[40:].copy()  # ten known, ten new, out of a blind spot
    again["received_s"] += 4 * 3600
    again["flags"] |= F_LATE
    other = some[5:6].copy()
    other["lat"] += 0.01
    other["received_s"], other["flags"] = again["received_s"][0], again["flags"][0]
    both = np.concatenate([again, other])
    yard.write(both, np.concatenate([keys[40:], keys[5:6]]))
    before = yard.track()
    (done,) = yard.compact()
    assert (done.fixes, done.stored, done.absorbed) == (21, 11, 10)
    assert noted == [(100, int(some["taken_s"][5]))]
    track = yard.track()
    assert same_rows(track, before)  # absorbed for readers before the compaction, too
    assert len(track) == 61
    assert sorted(set(track["taken_s"])) == sorted(some["taken_s"])
    (chunk,) = yard.rows(TrackChunk)
    assert chunk.fixes == 61


NOTED = []


def note_conflicts(found):
    """Stands in for services.conflicts."""
    NOTED.extend(found)


def test_two_places_in_one_second_are_asked_about_as_the_device(yard, monkeypatch):
    monkeypatch.setattr("sifang.monitoring.intake.compact._CONFLICTS", __name__)
    device = yard.desk.device()
    some, keys = yard.fixes(5, n=3)
    keys[:] = device.id.int & (2**64 - 1)
    other = some[:1].copy()
    other["lat"] += 0.01
    yard.write(np.concatenate([some, other]), np.concatenate([keys, keys[:1]]))
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    (done,) = yard.compact()
    assert (done.stored, done.absorbed) == (4, 0)
    assert [(device.id, datetime.fromtimestamp(int(some["taken_s"][0]), UTC))] == NOTED


def test_seconds_before_the_full_hour_stay_with_the_hour_received(yard):
    some, keys = yard.fixes(9, n=1)
    some["taken_s"] = int(yard.hour(8).timestamp()) - 2
    some["received_s"] = int(yard.hour(8).timestamp()) + 1
    yard.write(some, keys)
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    yard.compact()
    (chunk,) = yard.rows(TrackChunk)
    assert chunk.hour == yard.hour(8)
    assert_same(yard.track(), some)
    late = some.copy()
    late["received_s"], late["flags"] = some["received_s"] + 3 * 3600, some["flags"] | F_LATE
    yard.write(late, keys)
    (done,) = yard.compact()
    assert (done.absorbed, done.stored) == (1, 0)
    assert_same(yard.track(), some)


def test_what_may_not_be_kept_is_dropped_and_counted(yard):
    yard.write_hour(9)
    yard.write_hour(9, who=1)
    early, keys = yard.fixes(14, n=3)  # before the approval: admission would not have let it in
    yard.write(early, keys, at=yard.hour(9) + timedelta(minutes=59))
    strange, keys = yard.fixes(9, n=2, measure=999_999)
    yard.write(strange, keys)
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    store = yard.keys
    store.measure_key(yard.numbers[1])
    store.destroy_measure(yard.numbers[1])
    (done,) = yard.compact()
    assert (done.fixes, done.stored, done.dropped) == (125, 60, 65)
    assert [chunk.measure_id for chunk in yard.rows(TrackChunk)] == [yard.numbers[0]]
    assert len(yard.track()) == 60


def test_fixes_taken_in_a_measure_that_has_ended_since_are_kept(yard):
    from sifang.monitoring.services.measures import end_measure

    written = yard.write_hour(4)
    yard.write(*yard.fixes(0, n=1), at=yard.now)
    end_measure(yard.desk["王科"], yard.measures[0], reason="不再需要")
    (done,) = yard.compact()
    assert done.stored == 60
    assert_same(yard.track(), written)


def test_the_newest_hours_stay_in_the_journal_also_when_the_watch_is_down(yard):
    for back in range(9, 4, -1):
        yard.write_hour(back)
    assert [d.hour for d in yard.compact()] == [hour_of(yard.hour(back)) for back in (9, 8)]
    assert len(yard.rows(JournalBlock)) == 18  # the last two hours before the newest block, and its own


def test_an_hour_that_cannot_be_opened_is_set_aside_with_an_incident_and_the_others_go_on(yard):
    yard.a_day()
    (yard.folder / "keys" / f"{hour_of(yard.hour(4))}.key").unlink()
    done = yard.compact()
    assert len(done) == 2
    failed = [row for row in yard.rows(JournalHour) if row.state == "failed"]
    assert [row.hour for row in failed] == [hour_of(yard.hour(4))]
    assert "密钥" in failed[0].reason
    assert failed[0].key_destroyed_at is None
    (incident,) = Incident.objects.all()
    assert failed[0].hour in incident.summary
    yard.compact()
    assert Incident.objects.count() == 1
    assert len([b for b in yard.rows(JournalBlock) if b.key_hour == failed[0].hour]) == 12


def test_chunks_that_are_not_what_the_journal_held_leave_the_journal_as_it_was(yard, monkeypatch):
    written = yard.a_day()
    from sifang.monitoring.intake import chunkstore

    honest = chunkstore.encode

    def lossy(fixes, keys):
        fixes = fixes.copy()
        fixes["lon"][-1] += 1e-7
        return honest(fixes, keys)

    monkeypatch.setattr(chunkstore, "encode", lossy)
    assert yard.compact() == []
    assert yard.rows(TrackChunk) == []
    assert {row.state for row in yard.rows(JournalHour)} == {"failed"}
    assert_same(yard.track(), written)


def test_a_block_whose_commit_hangs_past_its_compaction_keeps_its_key(yard, monkeypatch):
    monkeypatch.setattr(compact, "PATIENCE_S", 0.05)
    written = yard.a_day()
    hung, keys = yard.fixes(5, n=3, seed=77)
    with transaction.atomic(using="watch"), connections["watch"].cursor() as cursor:
        as_watch(cursor)
        yard.write(hung, keys)
        yard.compact()
        assert {row.key_destroyed_at for row in yard.rows(JournalHour)} == {None}
    yard.compact()
    assert None not in {row.key_destroyed_at for row in yard.rows(JournalHour)}
    assert_same(yard.track(), np.concatenate([written, hung]))


def test_a_tick_built_before_its_hour_was_compacted_is_refused_and_not_lost(yard):
    yard.a_day()
    some, _ = yard.fixes(5, n=1)
    at = yard.hour(5)
    row = (at, hour_of(at), MeasuresVersion.objects.get().version, 1, at, at, some["measure"], b"x" * 40)
    yard.compact()
    with pytest.raises(DatabaseLostError), database_errors("watch"):
        insert_block("watch", row)
    assert not [one for one in yard.rows(JournalBlock) if one.key_hour == hour_of(at)]


def test_a_run_leaves_one_read_record_and_an_idle_one_none(yard):
    yard.compact()
    yard.a_day()
    yard.compact()
    yard.compact()
    with system("migration", using="owner", continues=True):
        assert ReadRecord.objects.using("owner").filter(system_purpose="compact").count() == 1


def test_who_reads_chunks(yard):
    yard.a_day()
    yard.compact()

    def seen(context, alias):
        with context:
            return TrackChunk.objects.using(alias).count()

    def officer(name, alias="reader"):
        return seen(acting(yard.desk[name], Purpose.VERIFY_ALARM, using=alias), alias)

    assert officer("王科") == officer("赵检") == 6
    assert officer("周外") == officer("孙警") == 0  # another county; another agency
    assert seen(acting(yard.desk["张三"], Purpose.OWN, using="reader"), "reader") == 0
    assert seen(transaction.atomic(using="reader"), "reader") == 0  # no officer, no purpose
    assert officer("王科", "default") == 0  # app has no way to positions
    for alias, purpose in (("watch", "watch"), ("jobs", "reconcile"), ("reader", "live")):
        assert seen(system(purpose, using=alias), alias) == 0
    assert len(yard.track(who="周外")) == 0


def test_nobody_but_the_compaction_writes_chunks_and_none_outside_the_term(yard):
    yard.a_day()
    yard.compact()
    chunk = yard.rows(TrackChunk)[0]

    def insert(**other):
        facts = {
            "measure_id": chunk.measure_id, "hour": yard.hour(10), "taken_from": yard.hour(10),
            "taken_to": yard.hour(10), "fixes": 1, "sha256": b"s", "body": b"b",
        } | other  # fmt: skip
        return TrackChunk(**facts)

    for alias, context in (
        ("watch", lambda: system("watch", using="watch")),
        ("default", lambda: acting(yard.desk["王科"], Purpose.MEASURE)),
        ("jobs", lambda: system("compare", using="jobs")),
        ("owner", lambda: system("migration", using="owner")),
    ):
        with pytest.raises(DatabaseError), context():
            insert().save(using=alias, force_insert=True)
    for wrong in (
        {"taken_from": yard.hour(13)}, {"taken_to": utc_now() + timedelta(days=99)}, {"measure_id": 999_999},
        {"taken_to": yard.hour(11)}, {"fixes": 0},
    ):  # fmt: skip
        with pytest.raises(DatabaseError), system("compact", using="jobs"):
            insert(**wrong).save(using="jobs", force_insert=True)
    with system("compact", using="jobs"):
        insert().save(using="jobs", force_insert=True)
    hour = yard.rows(JournalHour)[0].hour
    for change in (
        "UPDATE monitoring_trackchunk SET fixes = fixes - 1",
        f"UPDATE monitoring_journalhour SET stored = 0, fixes = 0 WHERE hour = '{hour}'",
        "DELETE FROM monitoring_journalhour",
    ):
        with (
            pytest.raises(DatabaseError),
            system("compact", using="jobs"),
            connections["jobs"].cursor() as cursor,
        ):
            cursor.execute(change)


def test_both_tables_keep_their_rows_behind_forced_row_security(yard):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'monitoring_trackchunk'"
        )
        assert cursor.fetchone() == (True, True)
