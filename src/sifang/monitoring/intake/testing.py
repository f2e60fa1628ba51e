"""An Intake for the tests of gateways: it remembers what it was told, and answers when it is let."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.session import Answer, DeviceRef, Frames

TICK_S = 0.005


class FakeIntake:
    """Holds devices by terminal id. With `holding`, submitted fixes wait for `commit` or `fail`."""

    def __init__(self, *devices: DeviceRef, holding: bool = False) -> None:
        self.devices = {device.terminal_id: device for device in devices}
        self.holding = holding
        self.submitted: list[NDArray[np.void]] = []
        self.waiting: list[tuple[NDArray[np.void], Answer]] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.refused_devices: Counter[str] = Counter()
        self.events: list[tuple[str, str, dict[str, object]]] = []
        self.frames: list[Frames | None] = []  # beside `submitted`
        self.refused_frames: list[tuple[str, str, bytes]] = []  # reason, device, bytes
        self.listeners: list[Callable[[bool], None]] = []
        self.gathers: list[Callable[[], None]] = []

    def find_device(self, terminal_id: str) -> DeviceRef | None:
        return self.devices.get(terminal_id.lstrip("0"))

    def submit(self, fixes: NDArray[np.void], answer: Answer, frames: Frames | None = None) -> None:
        self.submitted.append(fixes)
        self.frames.append(frames)
        self.waiting.append((fixes, answer))
        if not self.holding:
            self.commit()

    def commit(self) -> None:
        """Store what waits and answer it as received."""
        waiting, self.waiting = self.waiting, []
        for fixes, answer in waiting:
            answer(np.ones(len(fixes), np.bool_))

    def fail(self) -> None:
        """Tell that what waits could not be stored."""
        waiting, self.waiting = self.waiting, []
        for _, answer in waiting:
            answer(None)

    def refuse(self, reason: str, gateway: str, device: str, n: int = 1, frame: bytes | None = None) -> None:
        if frame is not None:
            self.refused_frames.append((reason, device, frame))
        self.refused[gateway, reason] += n
        self.refused_devices[device] += n

    def link_event(self, device: DeviceRef, what: str, **facts: object) -> None:
        self.events.append((device.terminal_id, what, facts))

    def watch_pressure(self, listener: Callable[[bool], None]) -> None:
        self.listeners.append(listener)

    def probe(self, answer: Callable[[bool], None]) -> None:
        if not self.holding:
            answer(True)

    def each_tick(self, gather: Callable[[], None]) -> None:
        self.gathers.append(gather)

    def wake(self) -> None:
        asyncio.get_running_loop().call_later(TICK_S, self.tick)

    def tick(self) -> None:
        """Let gateways hand over what they hold back."""
        for gather in self.gathers:
            gather()

    @property
    def fixes(self) -> NDArray[np.void]:
        """All fixes submitted so far, in their order."""
        return np.concatenate(self.submitted)

    def told(self, what: str) -> list[dict[str, object]]:
        """Return the facts of all link events of this name."""
        return [facts for _, name, facts in self.events if name == what]


def device_ref(terminal_id: str, code: str = "A1B2C3D4", **more: object) -> DeviceRef:
    """Return a registered device whose authentication code is `code`."""
    fields: dict[str, object] = {"index": 0, "protocol": "jt808", "measure": 1} | more
    return DeviceRef(
        terminal_id=terminal_id,
        auth_code_hash=hashlib.sha256(code.encode()).digest(),
        **fields,  # type: ignore[arg-type]
    )
