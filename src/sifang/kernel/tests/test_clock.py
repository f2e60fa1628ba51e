"""The clock that does not jump."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.kernel.clock import FOLLOWED_S, SteadyClock

START = 1_800_000_000.0


class Machine:
    """A wall clock that can be set, and a boot clock that cannot."""

    def __init__(self):
        self.wall_s, self.run_s = START, 50.0

    def pass_s(self, seconds, drift=0.0):
        self.run_s += seconds
        self.wall_s += seconds * (1 + drift)

    def clock(self):
        return SteadyClock(lambda: self.wall_s, lambda: self.run_s)


@pytest.mark.parametrize("jump_s", [-86_400, -3600, -3, 3, 3600, 86_400])
def test_a_jump_is_not_followed_and_is_known(jump_s):
    machine = Machine()
    clock = machine.clock()
    machine.pass_s(10)
    machine.wall_s += jump_s
    machine.pass_s(5)
    assert clock() == pytest.approx(START + 15)
    assert clock.is_disputed
    assert clock.jump_s == pytest.approx(jump_s)
    machine.wall_s -= jump_s
    assert not clock.is_disputed
    assert clock() == pytest.approx(START + 15)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(-0.01, 0.01)), max_size=40))
def test_slewing_is_followed_to_the_end(steps):
    machine = Machine()
    clock = machine.clock()
    for seconds, drift in steps:
        machine.pass_s(seconds, drift)
        assert clock() == machine.wall_s
        assert not clock.is_disputed


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-(10**6), 10**6)), max_size=40))
def test_time_never_goes_back_further_than_slewing(steps):
    machine = Machine()
    clock = machine.clock()
    before = clock()
    for seconds, jump_s in steps:
        machine.pass_s(seconds)
        machine.wall_s += jump_s
        now = clock()
        assert now >= before - FOLLOWED_S
        before = now


def disputed():
    machine = Machine()
    clock = machine.clock()
    clock()
    machine.wall_s += 3600
    return machine, clock


@pytest.mark.parametrize(
    ("told", "known", "adopted"),
    [
        ({1: START + 3600, 2: START + 3601, 3: START + 3590}, 10, True),
        ({1: START + 3600, 2: START + 3601}, 10, False),  # too few of many
        ({1: START + 3600, 2: START + 3601}, 2, True),  # all there are
        ({1: START + 3600, 2: START, 3: START + 1}, 10, False),  # most speak for us
        ({1: START + 3600, 2: START + 9000, 3: START + 1}, 10, False),  # no majority
        ({}, 0, False),
    ],
)
def test_devices_decide_a_dispute(told, known, adopted):
    machine, clock = disputed()
    assert clock.witness(told, known) is adopted
    assert clock() == pytest.approx(machine.wall_s if adopted else START)
    assert clock.is_disputed is not adopted


def test_without_a_dispute_nobody_is_asked():
    clock = Machine().clock()
    assert not clock.witness({1: START + 3600, 2: START + 3600, 3: START + 3600}, 3)
    assert clock() == START
