"""A clock that jumps: nothing is forgotten, nobody falls silent, no term ends by it; devices decide."""

import numpy as np
import pytest

from sifang.kernel.clock import SteadyClock
from sifang.monitoring.intake.clockwatch import ClockWatch
from sifang.monitoring.intake.judge import ASIDE_S, Judge
from sifang.monitoring.intake.tests.test_tick import NOW, House

HOUR = 3600


class Machine(House):
    """Ten devices with right clocks; ours may be set. `true_s` is what time it really is."""

    def __init__(self, wrong_s=0):
        super().__init__()
        self.true_s, self.set_s, self.run_s = float(NOW), float(wrong_s), 50.0
        self.clock = SteadyClock(lambda: self.true_s + self.set_s, lambda: self.run_s)
        self.watch = ClockWatch(self.clock)
        self.judge = Judge(
            admission=self.admission, engine=self.engine, journal=self.journal, refusals=self.refusals,
            reload=self.reload, set_aside=lambda d, _: self.aside.append(d), back=self.back.append,
            clock=self.clock, clock_watch=self.watch,
        )  # fmt: skip
        self.acknowledged = set()

    def pass_s(self, seconds, drift=0.0):
        self.true_s += seconds
        self.run_s += seconds
        self.set_s += drift

    def say(self, devices=range(10), ahead_s=0, waits_s=0, **columns):
        """Each of these devices tells where it is, received now and judged `waits_s` later."""
        taken = int(self.true_s) + ahead_s - 2
        batches = [self.fix(d, taken=taken, received_s=int(self.clock()), **columns) for d in devices]
        self.pass_s(waits_s)
        told = self.told(batches)
        self.acknowledged |= {(d, taken) for d, is_told in zip(devices, told, strict=True) if is_told}
        return told

    def judged(self):
        return self.watch.judge(10)

    def proved(self):
        self.say()
        assert self.judged() is None
        assert not self.watch.is_doubtful
        return self


@pytest.mark.parametrize("jump_s", [-86_400, -HOUR, -2, 2, HOUR, 86_400])
def test_through_a_jump_every_fix_is_taken_and_stored_once(jump_s):
    machine = Machine().proved()
    machine.set_s += jump_s
    for _ in range(5):
        machine.pass_s(10)
        assert machine.say() == [True] * 10
        assert bool(machine.judged()) is (abs(jump_s) > 2)
    machine.set_s = 0
    assert machine.judged() is None
    machine.pass_s(10)
    assert machine.say() == [True] * 10
    assert machine.stored == sorted(machine.acknowledged)
    assert not machine.refusals.total


def test_a_slow_drift_is_followed_without_a_word():
    machine = Machine().proved()
    for _ in range(100):
        machine.pass_s(10, drift=0.5)
        assert machine.say() == [True] * 10
        assert machine.judged() is None
    assert machine.clock() == machine.true_s + 50


@pytest.mark.parametrize("wrong_s", [-86_400, -HOUR, HOUR])
def test_a_clock_wrong_from_the_start_is_corrected_by_devices(wrong_s):
    machine = Machine(wrong_s)
    lost_if_forgotten = machine.say()
    assert lost_if_forgotten == [wrong_s > 0] * 10  # what is ahead of us is not answered, so not forgotten
    assert bool(machine.judged()) is (wrong_s < 0)
    machine.pass_s(20)
    machine.set_s = 0  # the time service has found out
    machine.say()
    assert machine.judged() is None
    assert machine.clock() == machine.true_s
    assert machine.say() == [True] * 10
    assert machine.stored == sorted(machine.acknowledged)
    assert "future" not in machine.refusals.total


def test_what_was_received_by_the_wrong_clock_and_judged_by_the_right_one_is_not_forgotten():
    machine = Machine(-HOUR)
    machine.say()
    machine.judged()
    machine.set_s = 0
    machine.say()
    one = machine.fix(3, taken=int(machine.true_s), received_s=int(machine.clock()))
    assert machine.judged() is None  # between the receipt and the judgement devices decide
    assert not machine.watch.is_doubtful
    assert machine.told([one]) == [False]
    assert not machine.refusals.total


def test_a_device_ahead_of_a_clock_that_was_proved_is_refused_and_answered():
    machine = Machine().proved()
    machine.pass_s(10)
    assert machine.say([4], ahead_s=500) == [True]
    assert machine.refusals.total == {"future": 1}


def test_few_devices_ahead_do_not_bring_the_clock_into_doubt():
    machine = Machine()
    assert machine.say(range(3), ahead_s=500) == [False] * 3  # nobody has proved it yet
    machine.say(range(3, 10))
    assert machine.judged() is None
    machine.pass_s(10)
    assert machine.say(range(3), ahead_s=500) == [True] * 3


def test_of_one_submission_only_what_is_ahead_waits():
    machine = Machine(-HOUR)
    taken = (NOW, NOW - HOUR - 9)
    both = np.concatenate([machine.fix(1, taken=one, received_s=NOW - HOUR) for one in taken])
    (flags,) = machine.judge.tick([both])
    assert flags.tolist() == [False, True]
    assert machine.stored == [(1, NOW - HOUR - 9)]


def test_nobody_is_set_aside_longer_because_the_clock_went_back():
    machine = Machine(HOUR)
    machine.journal.fail = [ValueError()] * 2
    assert machine.say([1]) == [False]
    machine.set_s = 0
    machine.clock.adopt()
    machine.pass_s(ASIDE_S)
    assert machine.say([1]) == [True]
