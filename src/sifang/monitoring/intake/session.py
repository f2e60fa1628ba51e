"""What a gateway sees of the platform: who a device is, and where its fixes go.

A gateway never sees the database. It asks `find_device`, checks the device's code, hands over decoded
fixes with `submit`, and answers the device only when `answer` has been called.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Answer = Callable[[NDArray[np.bool_] | None], None]
"""`answer(received)` after the commit, one flag per fix in their order (refused fixes are answered as
received; false: its device is set aside, do not acknowledge); `answer(None)`: nothing was stored."""

Frames = Callable[[int], bytes]
"""`frames(row)` → the bytes from which that row of the submitted fixes came. Called in the worker thread,
only for refused rows of devices under a live measure, and before `answer` is called."""


@dataclass(frozen=True)
class DeviceRef:
    """A registered device as its gateway needs it. `index` is stable while the process lives.

    `measure`: number of the live measure it is worn under, or None. `quality`: the model's quality card.
    """

    index: int
    terminal_id: str
    protocol: str
    auth_code_hash: bytes | None = None
    imei: str = ""
    iccid: str = ""
    carrier: str = ""
    measure: int | None = None
    quality: Mapping[str, object] = field(default_factory=dict)

    def accepts_code(self, code: str | bytes) -> bool:
        """Whether `code` is this device's authentication code (compared in constant time)."""
        given = hashlib.sha256(code.encode() if isinstance(code, str) else code).digest()
        return self.auth_code_hash is not None and hmac.compare_digest(given, bytes(self.auth_code_hash))


class Intake(Protocol):
    """The only door from a gateway into the platform. All calls are made on the event loop."""

    def find_device(self, terminal_id: str) -> DeviceRef | None:
        """Return the registered device of this terminal id (leading zeros do not count), or None."""

    def submit(self, fixes: NDArray[np.void], answer: Answer, frames: Frames | None = None) -> None:
        """Take FIX rows of authenticated devices; `answer` is called once, on the event loop."""

    def refuse(self, reason: str, gateway: str, device: str, n: int = 1, frame: bytes | None = None) -> None:
        """Count `n` refused fixes or frames of what calls itself `device`.

        `frame`: the bytes, given only where the connection has authenticated as `device`. They are kept only
        while it is worn under a live measure, encrypted with that measure's key, for some days (DESIGN § 3);
        of all others the count, the reason and a hash are all that stays.
        """

    def link_event(self, device: DeviceRef, what: str, **facts: object) -> None:
        """Tell of connected, disconnected, authenticated, sim_changed, sim_confirmed or heartbeat."""

    def watch_pressure(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(True)` when reading from sockets should stop, `listener(False)` to go on."""

    def probe(self, answer: Callable[[bool], None]) -> None:
        """Send an empty transaction the way of the fixes; `answer(True)` once it has committed."""

    def each_tick(self, gather: Callable[[], None]) -> None:
        """Call `gather` at each tick, on the event loop: the gateway submits what it has held back."""

    def wake(self) -> None:
        """Bytes have come that are held back until the tick: let one come soon. Cheap; call at the first."""
