"""Requests to a terminal and the waiting for its answers."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sifang.kernel.errors import SifangError

MAX_WAITING = 64
ANSWER_S = 20.0
Key = tuple[int, int]  # message id of the answer, our serial (−1 where the answer carries none)


class NotConnected(SifangError):
    """终端{terminal}不在线。"""

    code, status = "not_connected", 409


class NoAnswer(SifangError):
    """终端{terminal}没有应答。"""

    code, status = "no_answer", 504


@dataclass(frozen=True, slots=True)
class Setting:
    """What became of setting parameters. `confirmed` only when reading back shows every value.

    A terminal's acknowledgement alone proves nothing (jt808.md e-7, hazard 2).
    """

    acknowledged: bool
    confirmed: bool
    differing: dict[str, str]


class Waiting:
    """The answers one connection waits for; at most `MAX_WAITING`."""

    def __init__(self) -> None:
        self._futures: dict[Key, asyncio.Future[dict[str, Any]]] = {}

    def expect(self, key: Key, terminal: str) -> asyncio.Future[dict[str, Any]]:
        """Return the future of an answer. Raises NoAnswer when too many are waited for."""
        if len(self._futures) >= MAX_WAITING:
            raise NoAnswer(terminal=terminal)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._futures[key] = future
        future.add_done_callback(lambda _: self._forget(key, future))
        return future

    def _forget(self, key: Key, future: asyncio.Future[dict[str, Any]]) -> None:
        if self._futures.get(key) is future:
            del self._futures[key]

    def resolve(self, message_id: int, body: dict[str, Any]) -> bool:
        """Hand an answer to whom waits for it; False when nobody does."""
        for key in ((message_id, int(body.get("ack_serial", -1))), (message_id, -1)):
            future = self._futures.get(key)
            if future is not None and not future.done():
                future.set_result(body)
                return True
        return False

    def close(self) -> None:
        """Nothing will come any more."""
        for future in list(self._futures.values()):
            future.cancel()
