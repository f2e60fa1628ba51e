"""What the compiled decoder and the answers need of every connection, in arrays beside the objects.

Slot 0 is nobody's: it is what a connection that is gone (or was never let in) points to. A slot that is given
back rests until every tick has been answered in which its connection may have had a part.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.frame import start_of_frame
from sifang.gateways.jt808.kernels import HEAD, SLOT

if TYPE_CHECKING:
    from sifang.gateways.jt808.connection import Connection

Write = Callable[[bytes], None]
ANSWER_ID, ANSWER_BYTES = 0x8001, 5


class Slots:
    """`table` and `heads` go to the kernels; the other columns are indexed by slot too."""

    def __init__(self) -> None:
        self.connections: list[Connection | None] = [None]
        self.writers: list[Write | None] = [None]
        self._free: list[int] = []
        self._resting: deque[tuple[int, int]] = deque()  # number of the newest tick then, slot
        self.table = np.zeros(64, SLOT)
        self.heads = np.zeros((64, HEAD), np.uint8)
        self.seen = np.zeros(64, np.uint8)  # scratch of the grouping, all 0 between ticks
        self.has_rest = np.zeros(64, np.bool_)  # the splitter holds part of a frame
        self.in_flight = np.zeros(64, np.int64)  # messages that wait for the commit
        self.is_held = np.zeros(64, np.bool_)  # … too many of them: not read
        self.heard_at = np.zeros(64)

    def take(self, connection: "Connection", write: Write) -> int:
        """Return a slot for a new connection."""
        if self._free:
            slot = self._free.pop()
        else:
            slot = len(self.connections)
            self.connections.append(None)
            self.writers.append(None)
            if slot >= len(self.table):
                self._grow(2 * len(self.table))
        self.connections[slot], self.writers[slot] = connection, write
        self.table[slot] = np.zeros((), SLOT)
        self.has_rest[slot] = self.is_held[slot] = False
        self.in_flight[slot] = 0
        return slot

    def _grow(self, size: int) -> None:
        for name in ("table", "heads", "seen", "has_rest", "in_flight", "is_held", "heard_at"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    def give_back(self, slot: int, newest_tick: int) -> None:
        """The connection is gone; ticks up to `newest_tick` may still hold its number."""
        self.connections[slot] = self.writers[slot] = None
        self.table["open"][slot] = 0
        self._resting.append((newest_tick, slot))

    def answered_before(self, tick: int) -> None:
        """All ticks before this one are answered: what rested for them is free."""
        while self._resting and self._resting[0][0] < tick:
            self._free.append(self._resting.popleft()[1])

    def sign_in(self, slot: int, layout: str, terminal: str, device: int, card: Card, *, iccid: bool) -> None:
        """From now on the compiled decoder takes the locations of this terminal on this connection."""
        head = start_of_frame(ANSWER_ID, layout, terminal, ANSWER_BYTES)
        self.heads[slot, : len(head)] = np.frombuffer(head, np.uint8)
        for name, value in (
            ("head_size", len(head)), ("device", device), ("has_iccid", iccid), ("strap", card.strap),
            ("sos", card.sos), ("low_battery", card.low_battery), ("strap_status", card.strap_status),
            ("open", 1),
        ):  # fmt: skip
            self.table[name][slot] = value

    def sign_out(self, slot: int) -> None:
        """From now on its frames are looked at one by one."""
        self.table["open"][slot] = 0

    def next_serial(self, slot: int) -> int:
        """Take the serial of our next message on this connection."""
        serial = int(self.table["serial"][slot])
        self.table["serial"][slot] = (serial + 1) % 0x10000
        return serial
