"""What all connections sent within a few milliseconds, handed to the intake in one call.

The order of arrival is kept. The devices are answered when the intake answers: after the commit, or, when
it could not store them, not at all.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.columns import location_row
from sifang.gateways.jt808.messages.location import Location
from sifang.monitoring.intake.fixes import BadValue
from sifang.monitoring.intake.rows import columns_of
from sifang.monitoring.intake.session import DeviceRef, Intake

GATHER_S = 0.005


class Answerable(Protocol):
    """A connection that waits for the answer to what it handed over."""

    def answer_received(self, message_id: int, serials: list[int]) -> None: ...

    def answer_lost(self) -> None: ...


@dataclass(slots=True)
class Handed:
    """The locations of one message, and who is to be told about them."""

    connection: Answerable
    device: DeviceRef
    card: Card
    message_id: int
    serials: list[int]
    locations: list[Location]
    rows: list[tuple[object, ...]] = field(default_factory=list)


class Batch:
    """Gathers locations for `GATHER_S` and submits them together."""

    def __init__(self, intake: Intake, gateway: str) -> None:
        self._intake = intake
        self._gateway = gateway
        self._waiting: list[Handed] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, handed: Handed) -> None:
        self._waiting.append(handed)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self.flush)

    def flush(self) -> None:
        """Submit what waits. A location whose values cannot be is counted and answered as received."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        now = int(time.time())
        for one in waiting:
            self._make_rows(one, now)
        stored = [one for one in waiting if one.rows]
        for one in waiting:
            if not one.rows:
                one.connection.answer_received(one.message_id, one.serials)
        if stored:
            fixes = columns_of(row for one in stored for row in one.rows)
            self._intake.submit(fixes, lambda received: _answer(stored, received))

    def _make_rows(self, one: Handed, now: int) -> None:
        for location in one.locations:
            try:
                one.rows.append(location_row(location, one.card, one.device.index, now))
            except BadValue as error:
                self._intake.refuse(error.code, self._gateway, one.device.terminal_id)


def _answer(handed: list[Handed], received: NDArray[np.bool_] | None) -> None:
    at = 0
    for one in handed:
        end = at + len(one.rows)
        if received is not None and bool(received[at:end].all()):
            one.connection.answer_received(one.message_id, one.serials)
        else:
            one.connection.answer_lost()
        at = end
