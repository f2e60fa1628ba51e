"""The locations that were read one message at a time, handed to the intake once a tick in one call.

The order of arrival is kept. The devices are answered when the intake answers: after the commit, or, when
it could not store them, not at all.
"""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.fast import Told, columns_of_bodies
from sifang.monitoring.intake.session import DeviceRef, Intake


class Answerable(Protocol):
    """A connection that waits for the answer to what it handed over."""

    def answer_received(self, messages: list[tuple[int, list[int]]]) -> None: ...

    def answer_lost(self) -> None: ...


@dataclass(slots=True)
class Handed:
    """The locations of one message, and who is to be told about them."""

    connection: Answerable
    device: DeviceRef
    message_id: int
    serials: list[int]
    told: list[Told]


class Batch:
    """Gathers locations until the end of the tick and submits them together."""

    def __init__(self, intake: Intake, gateway: str) -> None:
        self._intake = intake
        self._gateway = gateway
        self._waiting: list[Handed] = []

    def add(self, handed: Handed) -> None:
        self._waiting.append(handed)

    def flush(self) -> None:
        """Submit what waits. A location whose values cannot be is counted and answered as received."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        owners = [one for one in waiting for _ in one.told]
        bodies = [told.body for one in waiting for told in one.told]
        rows, good, wrong = columns_of_bodies(
            [told for one in waiting for told in one.told], int(time.time())
        )
        for number, error in wrong:
            name = owners[number].device.terminal_id
            self._intake.refuse(error.code, self._gateway, name, frame=bodies[number])
        stored = _runs([owner for owner, is_good in zip(owners, good.tolist(), strict=True) if is_good])
        kept = {id(one) for one, _, _ in stored}
        for one in waiting:
            if id(one) not in kept:
                one.connection.answer_received([(one.message_id, one.serials)])
        if stored:
            kept_bodies = [body for body, is_good in zip(bodies, good.tolist(), strict=True) if is_good]
            self._intake.submit(
                rows if good.all() else rows[good],
                lambda received: _answer(stored, received),
                lambda row: kept_bodies[row],
            )


def _runs(owners: list[Handed]) -> list[tuple[Handed, int, int]]:
    """Return each owner once, with the range of its rows."""
    runs: list[tuple[Handed, int, int]] = []
    for at, owner in enumerate(owners):
        if runs and runs[-1][0] is owner:
            runs[-1] = (owner, runs[-1][1], at + 1)
        else:
            runs.append((owner, at, at + 1))
    return runs


def _answer(stored: list[tuple[Handed, int, int]], received: NDArray[np.bool_] | None) -> None:
    """Tell each connection once of all its messages, in the order in which they came."""
    is_all = received is not None and bool(received.all())
    told: dict[int, tuple[Answerable, list[tuple[int, list[int]]]]] = {}
    for one, start, end in stored:
        if is_all or (received is not None and bool(received[start:end].all())):
            told.setdefault(id(one.connection), (one.connection, []))[1].append((one.message_id, one.serials))
        else:
            one.connection.answer_lost()
    for connection, messages in told.values():
        connection.answer_received(messages)
