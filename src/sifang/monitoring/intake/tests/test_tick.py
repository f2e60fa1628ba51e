"""Nobody is answered before the commit; one device's trouble is not the city's; nothing is counted twice."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sifang.monitoring.intake import tick as tick_module
from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.columns import F_LATE, F_LOCATED, FIX, SOURCE_GNSS
from sifang.monitoring.intake.judge import ASIDE_S, Judge
from sifang.monitoring.intake.refusals import Refusals
from sifang.monitoring.intake.store import DatabaseLostError, StaleVersionError
from sifang.monitoring.intake.tests.fakes import FakeEngine, FakeJournal
from sifang.monitoring.intake.tick import Ticker

NOW = 1_795_420_800


class House:
    """Ten devices worn under measures 0…9, a fake engine and journal, a clock to turn."""

    def __init__(self):
        self.now = float(NOW)
        self.admission, self.engine, self.journal = Admission(), FakeEngine(), FakeJournal()
        self.rows = [
            DeviceRow(uuid.uuid4(), f"1{k}", "jt808", windows=(Window(k, NOW - 9000, NOW + 9000),))
            for k in range(10)
        ]
        self.version, self.aside, self.back, self.conflicts = 1, [], [], []
        self.reload()
        self.refusals = Refusals(b"secret")
        self.judge = Judge(
            admission=self.admission, engine=self.engine, journal=self.journal, refusals=self.refusals,
            reload=self.reload, set_aside=lambda d, _: self.aside.append(d), back=self.back.append,
            conflicts=self.conflicts.append, clock=lambda: self.now,
        )  # fmt: skip

    def told(self, batches):
        """One flag per submission: all of it is acknowledged."""
        return [bool(one.all()) for one in self.judge.tick(batches)]

    def reload(self):
        self.admission.load(self.rows, self.version, int(self.now))

    def fix(self, device, taken=NOW - 5, **columns):
        one = np.zeros(1, FIX)
        one["device"], one["taken_s"], one["received_s"] = device, taken, NOW
        one["lon"], one["lat"], one["accuracy_m"], one["flags"] = 117.1, 36.6, 8, F_LOCATED
        one["source"], one["satellites"] = SOURCE_GNSS, 9
        for name, value in columns.items():
            one[name] = value
        return one

    @property
    def stored(self):
        return sorted((int(f["device"]), int(f["taken_s"])) for block in self.journal.blocks for f in block)


@pytest.fixture
def house():
    return House()


def test_refused_and_absorbed_fixes_are_answered_as_received_and_stored_nowhere(house):
    flags = house.told([house.fix(1), house.fix(1), house.fix(2, taken=NOW + 200), house.fix(77)])
    assert flags == [True] * 4
    assert house.stored == [(1, NOW - 5)]
    assert house.refusals.total == {"future": 1, "unknown_device": 1}


def test_a_tick_that_fails_once_is_tried_again_and_state_does_not_advance_twice(house):
    house.journal.fail = [ValueError()]
    assert house.told([house.fix(1)]) == [True]
    assert house.stored == [(1, NOW - 5)]
    assert house.engine.seen == {1: 1}
    assert not house.journal.blocks[0]["flags"][0] & F_LATE


def test_the_device_that_fails_alone_is_set_aside_and_the_city_is_acknowledged(house):
    house.engine.poison = {4}
    flags = house.told([house.fix(k) for k in range(10)])
    assert flags == [k != 4 for k in range(10)]
    assert house.stored == [(k, NOW - 5) for k in range(10) if k != 4]
    assert house.aside == [4]
    assert house.engine.seen == {k: 1 for k in range(10) if k != 4}
    steps = house.engine.steps
    assert house.told([house.fix(4, taken=NOW - 4), house.fix(5, taken=NOW - 4)]) == [False, True]
    assert house.engine.steps == steps + 1  # the device set aside does not cost the city a halving again
    house.engine.poison = set()
    house.now += ASIDE_S + 1
    assert house.told([house.fix(4)]) == [True]
    assert house.back == [4]


def test_in_one_submission_of_many_only_the_device_set_aside_is_not_acknowledged(house):
    house.engine.poison = {4}
    many = np.concatenate([house.fix(k, taken=NOW - k) for k in (3, 4, 5)])
    (flags,) = house.judge.tick([many])
    assert flags.tolist() == [True, False, True]


def test_a_measure_that_ended_meanwhile_is_refused_after_the_reload(house):
    house.journal.fail = [StaleVersionError()]
    house.version = 2
    house.rows[1] = DeviceRow(house.rows[1].id, "11", "jt808", windows=(Window(1, NOW - 9000, NOW),))
    assert house.told([house.fix(1), house.fix(2)]) == [True, True]
    assert house.stored == [(2, NOW - 5)]
    assert house.refusals.total == {"measure_ended": 1}
    assert house.engine.seen == {2: 1}


def test_without_a_database_nothing_moves_and_the_same_tick_comes_again(house):
    house.journal.fail = [DatabaseLostError()]
    with pytest.raises(DatabaseLostError):
        house.judge.tick([house.fix(1)])
    assert house.engine.seen == {}
    assert house.told([house.fix(1)]) == [True]
    assert house.stored == [(1, NOW - 5)]


@pytest.mark.parametrize("happened", [True, False])
def test_a_commit_whose_answer_was_lost_is_written_once(house, happened):
    house.journal.lose = [happened]
    batch = np.concatenate([house.fix(1, taken=NOW - k) for k in range(40, 0, -1)])  # beyond memory
    with pytest.raises(DatabaseLostError):
        house.judge.tick([batch])
    assert house.engine.seen == {}
    assert house.told([batch, house.fix(2)]) == [True, True]
    assert house.stored == [*((1, NOW - k) for k in range(40, 0, -1)), (2, NOW - 5)]
    assert house.engine.seen == {1: 40, 2: 1}
    assert not any((block["flags"] & F_LATE).any() for block in house.journal.blocks)
    assert house.told([house.fix(1, taken=NOW - 1)]) == [True]
    assert len(house.stored) == 41


def test_of_a_tick_split_by_device_each_part_is_written_once_though_the_database_goes_in_the_middle(house):
    """The poison device splits the tick; the first part commits, the next loses its answer."""
    for lose in ([None, True], [None, False], [True], [None, None, True]):
        some = House()
        some.engine.poison, some.journal.lose = {4}, list(lose)
        batches = [np.concatenate([some.fix(d, taken=NOW - k) for k in range(30, 0, -1)]) for d in range(10)]
        told = None
        for _ in range(4):
            try:
                told = some.told(batches)
                break
            except DatabaseLostError:
                pass
        assert told == [d != 4 for d in range(10)]
        assert some.stored == [(d, NOW - k) for d in range(10) if d != 4 for k in range(30, 0, -1)]
        assert some.engine.seen == {d: 30 for d in range(10) if d != 4}
        assert not any((block["flags"] & F_LATE).any() for block in some.journal.blocks)


def test_an_exact_resend_beyond_what_is_remembered_is_journalled_late_and_never_judged_twice(house):
    many = np.concatenate([house.fix(1, taken=NOW - k) for k in range(40, 0, -1)])
    house.told([many])
    assert house.told([many[:1]]) == [True]
    assert [bool(block["flags"][0] & F_LATE) for block in house.journal.blocks] == [False, True]
    assert house.journal.blocks[1]["digest"][0] == house.journal.blocks[0]["digest"][0]


def test_two_contents_for_one_second_are_told_once_after_the_commit(house):
    house.told([house.fix(1), house.fix(1, lon=117.5), house.fix(2)])
    assert house.conflicts == [[(1, NOW - 5)]]
    house.told([house.fix(1, lon=117.5), house.fix(1)])
    assert len(house.conflicts) == 1  # sent again is not another conflict
    assert [len(block) for block in house.journal.blocks] == [3]  # both contents are kept
    house.journal.fail = [ValueError()] * 2
    house.told([house.fix(2, lon=117.6)])
    assert len(house.conflicts) == 1  # nothing was stored, nothing is told


def test_what_goes_wrong_after_the_commit_does_not_undo_it(house):
    house.judge._tell_conflicts = lambda _: 1 / 0
    assert house.told([house.fix(1), house.fix(1, lon=117.5)]) == [True, True]
    assert [len(block) for block in house.journal.blocks] == [2]
    assert house.aside == []


def test_a_batch_out_of_order_is_judged_in_the_order_of_its_times(house):
    batch = np.concatenate([house.fix(1, taken=NOW - k) for k in (5, 30, 20)])
    house.judge.tick([batch])
    assert list(house.journal.blocks[0]["taken_s"]) == [NOW - 30, NOW - 20, NOW - 5]
    assert not (house.journal.blocks[0]["flags"] & F_LATE).any()


async def _submitted(ticker, fixes):
    answered = asyncio.get_running_loop().create_future()
    ticker.submit(fixes, answered.set_result)
    return answered


def run(house, story):
    async def main():
        with ThreadPoolExecutor(1) as worker:
            ticker = Ticker(house.judge, worker, clock=lambda: house.now)
            await story(ticker)
            await ticker.close(2)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_no_answer_before_the_commit(house):
    async def story(ticker):
        house.journal.hang.clear()
        first = await _submitted(ticker, house.fix(1))
        await asyncio.sleep(0.1)
        later = [await _submitted(ticker, house.fix(k)) for k in (2, 3, 4)]
        await asyncio.sleep(0.1)
        assert not first.done()
        assert not any(one.done() for one in later)
        house.journal.hang.set()
        assert (await first).tolist() == [True]
        assert [(await one).tolist() for one in later] == [[True]] * 3

    run(house, story)
    assert [len(block) for block in house.journal.blocks] == [1, 3]  # the next tick grew meanwhile


def test_a_tick_that_is_not_stored_is_not_acknowledged(house):
    house.engine.poison = {1}

    async def story(ticker):
        assert await (await _submitted(ticker, house.fix(1))) is None
        assert (await (await _submitted(ticker, house.fix(2)))).tolist() == [True]

    run(house, story)


def test_while_the_database_is_away_everything_waits_and_then_all_is_stored(house):
    async def story(ticker):
        pressed, since = [], []
        ticker.watch_pressure(pressed.append)
        ticker.on_database = since.append
        house.journal.fail = [DatabaseLostError()] * 3
        waiting = [await _submitted(ticker, house.fix(k)) for k in range(5)]
        await asyncio.sleep(0.1)
        assert ticker.lost_since is not None
        assert not any(one.done() for one in waiting)
        assert [(await one).tolist() for one in waiting] == [[True]] * 5
        assert pressed == [True, False]
        assert len(since) == 1

    run(house, story)
    assert house.stored == [(k, NOW - 5) for k in range(5)]


def test_too_much_waiting_stops_the_reading_and_the_rest_is_not_acknowledged(house, monkeypatch):
    monkeypatch.setattr(tick_module, "CROWDED", 3)
    monkeypatch.setattr(tick_module, "CALM", 2)
    monkeypatch.setattr(tick_module, "FULL", 6)

    async def story(ticker):
        pressed = []
        ticker.watch_pressure(pressed.append)
        house.journal.hang.clear()
        waiting = [await _submitted(ticker, house.fix(k)) for k in range(8)]
        assert pressed == [True]
        assert [one.done() and one.result() is None for one in waiting] == [False] * 6 + [True] * 2
        house.journal.hang.set()
        assert all([(await one).all() for one in waiting[:6]])
        await asyncio.sleep(0.05)
        assert pressed == [True, False]

    run(house, story)


def test_a_connection_that_breaks_while_answered_does_not_keep_others_from_their_answer(house):
    def broken(_):
        raise OSError

    async def story(ticker):
        ticker.submit(house.fix(1), broken)
        assert (await (await _submitted(ticker, house.fix(2)))).tolist() == [True]

    run(house, story)


def test_gateways_are_asked_for_what_they_hold_back_also_while_a_commit_is_running(house):
    async def story(ticker):
        answered, asked, held = asyncio.Queue(), [], [True]

        def gather():
            if held:
                held.clear()
                asked.append(ticker.figures.oldest_unacknowledged_s)
                ticker.submit(house.fix(len(asked)), answered.put_nowait)

        ticker.each_tick(gather)
        ticker.wake()
        assert ticker.figures.waiting == 0
        await asyncio.sleep(0.001)
        assert ticker.figures.oldest_unacknowledged_s > 0  # bytes that no one has decoded yet count
        house.journal.hang.clear()
        while len(asked) < 2:
            if not held and len(asked) == 1:
                held.append(True)
                ticker.wake()
            await asyncio.sleep(0.005)
        assert ticker.figures.waiting == 2  # the second was taken though the first is being committed
        assert asked[1] > 0
        house.journal.hang.set()
        for _ in range(2):
            assert (await answered.get()).all()
        assert ticker.figures.oldest_unacknowledged_s == 0

    run(house, story)


def test_a_gateway_that_fails_when_asked_keeps_no_other_from_being_heard(house):
    async def story(ticker):
        def broken():
            raise OSError

        answered = asyncio.get_running_loop().create_future()
        ticker.each_tick(broken)
        ticker.each_tick(lambda: ticker.submit(house.fix(1), answered.set_result))
        ticker.wake()
        assert (await answered).all()

    run(house, story)


def test_counts_name_no_device(house):
    house.refusals.count("unknown_device", "jt808", "013900000001", NOW)
    (key,) = house.refusals._counts
    assert "1390000" not in str(key)
    assert key[3] == house.refusals.hash_of("13900000001")
    assert key[3] != Refusals(b"other").hash_of("13900000001")
