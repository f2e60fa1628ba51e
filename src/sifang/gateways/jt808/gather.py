"""What all connections sent since the last tick: decoded at once, handed over at once, answered at once.

Connections whose bytes are nothing but ordinary locations go through the compiled decoder; a connection with
anything else in its bytes of this tick gives all of them to its own frame-by-frame path, so that the order on
each connection is kept. After the commit each connection is written to once. All on the event loop.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.batch import Batch
from sifang.gateways.jt808.frame import MAX_FRAME
from sifang.gateways.jt808.kernels import (
    GROUP,
    LONGEST_ANSWER,
    MARK,
    SMALLEST,
    all_differ,
    read_tick,
    write_answers,
)
from sifang.gateways.jt808.slots import Slots
from sifang.kernel.log import get_logger
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.session import Intake
from sifang.monitoring.intake.stages import ANSWER, DECODE

if TYPE_CHECKING:
    from sifang.gateways.jt808.connection import Connection

log = get_logger("gateways")
AT_ONCE = 800_000  # bytes in one call of the kernel: fewer frames than one transaction takes
LARGE = 1 << 14  # who sends so much in one piece is not read again before the tick


class Gather:
    """`pieces` and `owners` grow by what connections receive and their slots; the intake calls `tick`.

    Two flat columns, not pairs: nothing is allocated for a piece, and a tick takes the slots at once.
    """

    def __init__(
        self, intake: Intake, batch: Batch, slots: Slots, clock: Callable[[], float], in_flight: int
    ) -> None:
        self._intake, self._batch, self._slots = intake, batch, slots
        self._clock, self._most = clock, in_flight
        self._frame = np.zeros(MAX_FRAME, np.uint8)
        self._newest = 0
        self._unanswered: dict[int, None] = {}
        self.pieces: list[bytes] = []
        self.owners = array("q")
        self.large: list[Connection] = []
        self.slow: set[Connection] = set()  # do not read what we write

    @property
    def newest(self) -> int:
        """Number of the last submission made here."""
        return self._newest

    def tick(self) -> None:
        """Decode what has come, hand it over, and let go on who was stopped for the length of a tick."""
        pieces, owners = self.pieces[:], np.array(self.owners, np.int64)
        self.pieces.clear()
        del self.owners[:]
        with DECODE:
            sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
            for start, stop in _parts(sizes):
                self._read(pieces[start:stop], owners[start:stop], sizes[start:stop])
            self._batch.flush()
        if self.large:
            large, self.large = self.large, []
            for connection in large:
                connection.pause("tick", stop=False)

    def _read(self, pieces: list[bytes], owners: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        if all_differ(owners, self._slots.seen):
            groups, ends = np.zeros(len(owners), GROUP), np.cumsum(sizes)
            groups["slot"], groups["first"] = owners, np.arange(len(owners))
        else:
            order, groups, ends = _grouped(owners, sizes)
            pieces = [pieces[k] for k in order]
        slots = groups["slot"]
        with_rest = np.flatnonzero(self._slots.has_rest[slots])
        rests = {int(group): self._rest_of(int(slots[group])) for group in with_rest}
        data = b"".join(pieces) if not rests else self._with_rests(pieces, groups, ends, rests)
        rows, marks = np.empty(len(data) // SMALLEST + 1, FIX), np.empty(len(data) // SMALLEST + 1, MARK)
        table = self._slots.table
        n = read_tick(
            np.frombuffer(data, np.uint8), ends, table, self._slots.heads, self._frame, rows, marks, groups
        )
        self._note(groups, ends, data, rests)
        odd = np.flatnonzero(groups["done"] == 0)
        if n:
            self._submit(rows[:n], marks[:n], groups[groups["done"] == 1] if len(odd) else groups, data)
        starts = np.concatenate(([0], ends[:-1])) if len(odd) else ends
        for group in odd.tolist():
            start = int(starts[group]) + len(rests.get(group, b""))
            self._one_by_one(int(slots[group]), data[start : int(ends[group])])

    def _rest_of(self, slot: int) -> bytes:
        connection = self._slots.connections[slot]
        return connection.splitter.rest if connection is not None else b""

    @staticmethod
    def _with_rests(
        pieces: list[bytes], groups: NDArray[np.void], ends: NDArray[np.int64], rests: dict[int, bytes]
    ) -> bytes:
        """Put what is left of the last tick before the new bytes; moves `ends`."""
        firsts = groups["first"]  # for now: the first piece of each group
        for group, rest in rests.items():
            pieces[firsts[group]] = rest + pieces[firsts[group]]
            ends[group:] += len(rest)
        return b"".join(pieces)

    def _note(
        self, groups: NDArray[np.void], ends: NDArray[np.int64], data: bytes, rests: dict[int, bytes]
    ) -> None:
        """Keep what is unfinished, when each was heard, and how much of each is in flight."""
        done = groups["done"] == 1
        slots, counts = groups["slot"], groups["end"] - groups["first"]
        unfinished = done & ((groups["tail"] < ends) | (groups["between"] == 1))
        if rests:
            unfinished[list(rests)] |= done[list(rests)]
        for group in np.flatnonzero(unfinished).tolist():
            slot, tail = int(slots[group]), data[int(groups["tail"][group]) : int(ends[group])]
            connection = self._slots.connections[slot]
            if connection is not None:
                connection.splitter.go_on(tail, is_open=bool(groups["between"][group]))
                self.keep_rest(slot, connection)
        heard = slots[done & (counts > 0)]
        self._slots.heard_at[heard] = self._clock()

    def keep_rest(self, slot: int, connection: "Connection") -> None:
        """Tell the kernel in which state the connection's splitter is."""
        splitter = connection.splitter
        self._slots.has_rest[slot] = splitter.is_open or bool(splitter.rest)
        self._slots.table["between"][slot] = splitter.is_open

    def _one_by_one(self, slot: int, data: bytes) -> None:
        connection = self._slots.connections[slot]
        if connection is None:
            return
        try:
            connection.take(data)
        except Exception:  # one connection's trouble is not the others'
            log.exception("connection_failed")
            connection.abort()
        self.keep_rest(slot, connection)

    def _submit(
        self, rows: NDArray[np.void], marks: NDArray[np.void], groups: NDArray[np.void], data: bytes
    ) -> None:
        slots, counts = groups["slot"], groups["end"] - groups["first"]
        self._newest += 1
        tick = self._newest
        self._unanswered[tick] = None
        self._slots.in_flight[slots] += counts
        for slot in slots[self._slots.in_flight[slots] >= self._most].tolist():
            self.hold(slot)

        def answer(received: NDArray[np.bool_] | None) -> None:
            self._landed(tick, slots, counts)
            if received is not None:
                with ANSWER:
                    self._answer(groups, marks, received)

        self._intake.submit(rows, answer, lambda row: _frame_bytes(data, marks[row]))

    def hold(self, slot: int) -> None:
        """Do not read from a connection of which too much waits for the commit."""
        connection = self._slots.connections[slot]
        if connection is not None and not self._slots.is_held[slot]:
            self._slots.is_held[slot] = True
            connection.pause("in_flight", stop=True)

    def let_go(self, slot: int) -> None:
        """Read again when little enough waits."""
        connection = self._slots.connections[slot]
        if connection is not None and self._slots.is_held[slot] and self._slots.in_flight[slot] < self._most:
            self._slots.is_held[slot] = False
            connection.pause("in_flight", stop=False)

    def _landed(self, tick: int, slots: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._slots.in_flight[slots] -= counts
        for slot in slots[self._slots.is_held[slots]].tolist():
            self.let_go(slot)
        self._unanswered.pop(tick, None)
        self._slots.answered_before(next(iter(self._unanswered), self._newest + 1))

    def _answer(self, groups: NDArray[np.void], marks: NDArray[np.void], received: NDArray[np.bool_]) -> None:
        """One write for each connection; one that fails takes nothing from the others."""
        out = np.empty(len(marks) * LONGEST_ANSWER, np.uint8)
        ends = np.zeros(len(groups), np.int64)
        flags = np.ascontiguousarray(received).view(np.uint8)
        n = write_answers(groups, marks, flags, self._slots.table, self._slots.heads, out, ends)
        answers, writers = out[:n].tobytes(), self._slots.writers
        start = 0
        for slot, end in zip(groups["slot"].tolist(), ends.tolist(), strict=True):
            if end > start:
                write = writers[slot]
                if write is not None:
                    try:
                        write(answers[start:end])
                    except Exception:  # noqa: BLE001 (a transport that has failed meanwhile)
                        writers[slot] = None
                start = end
        for connection in list(self.slow):
            connection.cut_if_slow()


def _parts(sizes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut at about `AT_ONCE` bytes: yield from which piece to which (exclusive)."""
    through, start = np.cumsum(sizes), 0
    while start < len(sizes):
        before = int(through[start - 1]) if start else 0
        stop = min(int(np.searchsorted(through, before + AT_ONCE)) + 1, len(sizes))
        yield start, stop
        start = stop


def _grouped(
    owners: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[list[int], NDArray[np.void], NDArray[np.int64]]:
    """Return the order in which connections stand together, the groups, and where each group ends.

    `first` of a group is, until the kernel writes it, its first piece in that order.
    """
    order = np.argsort(owners, kind="stable")
    owners = owners[order]
    last = np.flatnonzero(np.append(owners[1:] != owners[:-1], True))
    groups = np.zeros(len(last), GROUP)
    groups["slot"] = owners[last]
    groups["first"][1:] = last[:-1] + 1
    return order.tolist(), groups, np.cumsum(sizes[order])[last]


def _frame_bytes(data: bytes, mark: np.void) -> bytes:
    """Return the frame of one row as it came, with its delimiters."""
    return b"\x7e" + data[int(mark["start"]) : int(mark["end"])] + b"\x7e"
