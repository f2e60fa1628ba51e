"""What HTTP gateways have in common behind the decoder: who it is, its secret, and the answer.

An unknown device is answered as received and counted (it is refused, DESIGN § 3); a known device with a
wrong secret gets 401 and keeps its data; what could not be stored gets 503.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import F_SOS
from sifang.monitoring.intake.fixes import BadFrame, Fix
from sifang.monitoring.intake.http import Reply
from sifang.monitoring.intake.http_request import Request
from sifang.monitoring.intake.rows import columns_of, row_of
from sifang.monitoring.intake.session import DeviceRef, Intake
from sifang.monitoring.intake.told import Told


class HttpGateway:
    """Turns requests into fixes for the intake. `received` makes the answer to a good request."""

    def __init__(
        self,
        intake: Intake,
        name: str,
        decode: Callable[[Request], Told],
        secret: Callable[[Request], str | None],
        received: Callable[[int], object],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._intake, self._name = intake, name
        self._decode, self._secret, self._received, self._clock = decode, secret, received, clock

    def handle(self, request: Request, reply: Reply) -> None:
        """Take one request; `reply` is called after the commit."""
        try:
            told = self._decode(request)
        except BadFrame as error:
            self._intake.refuse(error.code, self._name, "unknown")
            reply(error.status, error.as_json())
            return
        device = self._find(told.device)
        if device is None:
            self._intake.refuse(
                "unknown_device", self._name, told.device or "unknown", max(len(told.fixes), 1)
            )
            reply(200, self._received(len(told.fixes)))
        elif not device.accepts_code(self._secret(request) or ""):
            self._intake.refuse("bad_auth", self._name, device.terminal_id)
            reply(401, {"error": "bad_auth", "detail": "secret of the device"})
        else:
            self._submit(device, told, reply, self._bytes_of(request))

    def _find(self, terminal_id: str | None) -> DeviceRef | None:
        device = self._intake.find_device(terminal_id) if terminal_id else None
        return device if device is not None and device.protocol == self._name else None

    def _bytes_of(self, request: Request) -> bytes:
        """Return what was sent, without the headers and without the device's secret."""
        whole = request.target.encode() + b"\n" + request.body
        secret = (self._secret(request) or "").encode()
        return whole.replace(secret, b"***") if secret else whole

    def _submit(self, device: DeviceRef, told: Told, reply: Reply, sent: bytes) -> None:
        bad = [one for one in told.fixes if isinstance(one, BadFrame)]
        for one in bad:
            self._intake.refuse(one.code, self._name, device.terminal_id, frame=sent)
        good = [one for one in told.fixes if isinstance(one, Fix)]
        if not good:
            self._intake.link_event(device, "heartbeat", battery=None)
            reply(200, self._received(0))
            return
        now = int(self._clock())
        rows = [
            row_of(
                one,
                device=device.index,
                received_s=now,
                flags=F_SOS if told.sos else 0,
            )
            for one in good
        ]

        def answer(received: NDArray[np.bool_] | None) -> None:
            if received is None or not received.all():
                reply(503, {"error": "not_stored", "detail": "send again"})
            else:
                reply(200, self._received(len(good)))

        self._intake.submit(columns_of(rows), answer, lambda _row: sent)
