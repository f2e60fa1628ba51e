"""The comparison of histories: what was recorded live, corrected by replays, is what an in-order run says.

The in-order run is the reference's (the rules written a second time), the live run is the engine's.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import BEGIN, FenceSpec, MeasureSpec
from sifang.monitoring.intake.columns import F_LATE, F_LOCATED
from sifang.monitoring.replay import (
    KINDS,
    SIGNALS,
    TOUCH_S,
    Episode,
    Raised,
    Scratch,
    compared,
    explained,
    in_order,
    met,
)
from sifang.monitoring.tests import reference_engine as reference
from sifang.monitoring.tests.test_engine_reference import START, fence, history

MEASURE, N, PIECES = 7, 420, 4
SEEN_WRONG = [1071]  # lives that have found an error


@dataclass
class Life:
    """One person's track; some stretches arrive late, in a later piece of the day, or at its end."""

    seed: int
    told: list[Episode] = field(default_factory=list)  # as signals
    alarms: list[Raised] = field(default_factory=list)

    def __post_init__(self):
        rng = np.random.default_rng([self.seed, 33])
        self.fences = [fence(rng, 100 + k, MEASURE, N * 20) for k in range(3)]
        ring = self.fences[0]["rings"][0]
        near = tuple(ring[rng.integers(len(ring)), :2].tolist()) if rng.random() < 0.6 else None
        fixes = history(rng, MEASURE, N, near)
        fixes["flags"] &= ~np.uint32(F_LATE)
        fixes = fixes[np.argsort(fixes["taken_s"], kind="stable")]
        fixes["received_s"] = fixes["taken_s"] + 1
        self.fixes = fixes
        self.arrival = np.arange(N) // (N // PIECES)  # the piece of the day in which each fix arrives
        self.late = np.zeros(N, bool)
        for _ in range(rng.integers(1, 4)):
            first = int(rng.integers(0, N - 40))
            stretch = slice(first, first + int(rng.integers(3, 150)))
            self.late[stretch] = rng.random(len(self.fixes[stretch])) < rng.choice([1.0, 1.0, 0.6])
        own = self.arrival[self.late]
        self.arrival[self.late] = rng.integers(own, PIECES + 1)
        self.spec = MeasureSpec(MEASURE, START - 9_000, START + 10_000_000)
        self.specs = [FenceSpec(**one) for one in self.fences]

    def expected(self):
        """The episodes of the in-order run, by the reference."""
        rows = [
            reference.Fence(
                **{k: v for k, v in f.items() if k not in {"measure", "rings"}},
                rings=[r.tolist() for r in f["rings"]],
            )
            for f in self.fences
        ]
        person = reference.Person(MEASURE, self.spec.from_s, self.spec.to_s, 10**9, rows)
        said, _ = reference.Reference([person]).step(
            [dict(zip(f.dtype.names, f.tolist(), strict=True)) for f in self.fixes]
        )
        on, found = {}, []
        for _, number, kind, phase, episode, at in said:
            if kind not in SIGNALS:
                continue
            key = (SIGNALS[kind], number)
            if phase == "begin":
                on[key] = Episode(*key, episode, None, at)
            else:
                begun = on.pop(key)
                found.append(Episode(*key, begun.from_s, at, begun.decided_s))
        return [*found, *on.values()]

    def live(self, engine, fixes):
        for signal in engine.step(fixes.copy()):
            kind = KINDS.get(int(signal["kind"]))
            if kind is None:
                continue
            key, at = (kind, int(signal["fence"])), int(signal["at_s"])
            if int(signal["phase"]) == BEGIN:
                episode = Episode(*key, int(signal["episode"]), None, at)
                self.alarms.append(Raised(episode))
            else:
                self.end(key, at)

    def end(self, key, at):
        for place, alarm in enumerate(self.alarms):
            one = alarm.episode
            if (one.kind, one.fence) == key and one.to_s is None:
                ended = Episode(*key, one.from_s, at, one.decided_s)
                self.alarms[place] = alarm._replace(episode=ended)

    def run(self):
        """Live piece by piece; after each the late ones that came are judged, as the job does.

        Returns how many questions about the past were asked.
        """
        engine, scratch = Engine(), Scratch()
        engine.load([self.spec], self.specs)
        scratch.load(self.spec, self.specs)
        clean, waiting, past = scratch.fresh(), np.zeros(N, bool), 0
        for piece in range(PIECES + 1):
            here = self.arrival == piece
            self.live(engine, self.fixes[here & ~self.late])
            waiting |= here & self.late
            if not waiting.any() and piece < PIECES:
                continue
            arrived = self.arrival <= piece
            track = self.fixes[arrived].copy()
            before = [
                *scratch.run(clean, self.fixes[arrived & ~waiting]).episodes,
                *scratch.run(clean, self.fixes[arrived & ~self.late]).episodes,
            ]
            after = scratch.run(clean, in_order(track)).episodes
            found = compared(
                [one.episode for one in self.alarms], self.alarms, before, after, patient=piece < PIECES
            )
            for place in found.lost:
                self.alarms[place] = self.alarms[place]._replace(is_withdrawn=True)
            for place in found.again:
                self.alarms[place] = self.alarms[place]._replace(is_withdrawn=False)
            past += len(found.asked)
            tip = int(track["taken_s"].max())
            self.alarms += [
                Raised(Episode(e.kind, e.fence, e.from_s, e.to_s or tip, e.decided_s), is_past=True)
                for e in found.asked
            ]
            if not found.undecided:
                waiting[:] = False
        return past


def agrees(life):
    expected = life.expected()
    standing = [one.episode for one in life.alarms if not one.is_withdrawn]
    return [e for e in expected if not met(e, standing)], [s for s in standing if not met(s, expected)]


@pytest.mark.parametrize("block", range(4))
def test_live_alarms_with_past_ones_less_the_withdrawn_are_those_of_an_in_order_run(block):
    for seed in [*range(block * 15, block * 15 + 15), *SEEN_WRONG[block::4]]:
        life = Life(seed)
        life.run()
        missed, wrong = agrees(life)
        assert (missed, wrong) == ([], []), seed


def episode(from_s, to_s=None, kind="place_entered", fence=3):
    return Episode(kind, fence, from_s, to_s, from_s)


ends = st.one_of(st.none(), st.integers(0, 2_000))
spans = st.builds(lambda a, n: episode(a, None if n is None else a + n), st.integers(0, 5_000), ends)


@given(spans, spans)
def test_to_touch_is_mutual_and_means_no_more_than_two_minutes_between(a, b):
    first, second = sorted((a, b), key=lambda one: one.from_s)
    gap = second.from_s - (first.to_s if first.to_s is not None else second.from_s)
    assert a.touches(b) == b.touches(a) == (gap <= TOUCH_S)
    assert not a.touches(episode(a.from_s, a.to_s, fence=4))
    assert not a.touches(episode(a.from_s, a.to_s, kind="boundary_left"))


def test_what_late_fixes_change_is_told_once_and_taken_back_once():
    live, other = episode(1_000, 1_300), episode(5_000, 5_200)
    found = compared([live], [Raised(live)], [live], [other], patient=True)
    assert (found.asked, found.lost, found.again, found.undecided) == ([other], [0], [], False)
    again = compared(
        [live, other], [Raised(live, is_withdrawn=True), Raised(other)], [other], [other], patient=True
    )
    assert (again.asked, again.lost, again.again) == ([], [], [])
    back = compared(
        [live, other], [Raised(live, is_withdrawn=True), Raised(other)], [other], [live, other], patient=True
    )
    assert (back.asked, back.lost, back.again) == ([], [], [0])


def test_an_alarm_that_other_causes_left_without_ground_is_not_withdrawn_by_late_fixes():
    live = episode(1_000, 1_300)
    assert compared([live], [Raised(live)], [], [], patient=False).lost == []


def test_a_question_about_the_past_falls_with_the_late_fixes_it_rested_on():
    past = episode(1_000, 1_300)
    assert compared([past], [Raised(past, is_past=True)], [], [], patient=True).lost == [0]


def test_what_is_still_on_is_left_to_the_live_fixes_for_a_while():
    on = episode(1_000)
    patient = compared([], [], [], [on], patient=True)
    assert (patient.asked, patient.undecided) == ([], True)
    assert compared([], [], [], [on], patient=False).asked == [on]
    patient = compared([on], [Raised(on)], [on], [], patient=True)
    assert (patient.lost, patient.undecided) == ([], True)
    assert compared([on], [Raised(on)], [on], [], patient=False).lost == [0]


def test_a_silence_is_explained_by_positions_taken_in_it_and_by_nothing_else():
    fixes = np.zeros(4, Life(0).fixes.dtype)
    fixes["taken_s"], fixes["flags"] = [90, 200, 300, 900], F_LOCATED
    late = np.array([True, True, True, True])
    assert explained(fixes, late, 100, 600) == {"fixes": 2, "first_s": 200, "last_s": 300, "gap_s": 300}
    assert explained(fixes, ~late, 100, 600) is None
    fixes["flags"] = 0
    assert explained(fixes, late, 100, 600) is None
