"""A journal in memory and an engine that counts, with the behaviour of the real ones at their seams."""

import threading

import numpy as np

from sifang.monitoring.intake.store import DatabaseLostError, Stored

NO_SIGNALS = np.zeros(0, [("measure", "<i4")])


class FakeEngine:
    """State: fixes seen per measure. A measure in `poison` fails."""

    def __init__(self):
        self.seen, self.poison, self.steps = {}, set(), 0

    def step(self, fixes):
        self.steps += 1
        for fix in fixes:
            number = int(fix["measure"])
            self.seen[number] = self.seen.get(number, 0) + 1
            if number in self.poison:
                raise ZeroDivisionError
        return NO_SIGNALS

    def save(self, measures, most):
        return {m: self.seen.get(m) for m in measures}

    def put_back(self, saved):
        for m, n in saved.items():
            if n is None:
                self.seen.pop(m, None)
            else:
                self.seen[m] = n


class FakeJournal:
    """Blocks in a list; `fail` is raised (once per item); `hang` holds the commit until set.

    `lose`: once per item a commit loses its answer; True = it had happened, None = this one does not.
    """

    def __init__(self):
        self.blocks, self.fail, self.lose, self.hang = [], [], [], threading.Event()
        self._doubt = None
        self.hang.set()

    @property
    def in_doubt(self):
        return self._doubt is not None

    def settle(self):
        happened, self._doubt = self._doubt, None
        return happened

    def commit(self, fixes, device_keys, signals, version):
        assert self._doubt is None
        self.hang.wait(20)
        if self.fail:
            error = self.fail.pop(0)
            if error is not None:
                raise error
        lost = self.lose.pop(0) if self.lose else None
        if lost is not False:
            self.blocks.append(fixes.copy())
        if lost is not None:
            self._doubt = lost
            raise DatabaseLostError
        return Stored(len(self.blocks), len(fixes))
