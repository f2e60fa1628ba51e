"""The JT/T 808 server: listens, knows who is connected, and speaks to terminals.

All calls on the event loop. Nothing here knows the database: devices are found and fixes handed over
through the `Intake`.
"""

import asyncio
import resource
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time
from typing import Any

from sifang.gateways.jt808.batch import Batch
from sifang.gateways.jt808.connection import GATEWAY, Connection
from sifang.gateways.jt808.downlink import ANSWER_S, NoAnswer, NotConnected, Setting
from sifang.gateways.jt808.gather import Gather
from sifang.gateways.jt808.messages.down import RESULT_OK
from sifang.gateways.jt808.messages.parameters import parameter_bytes, parameter_json
from sifang.gateways.jt808.slots import Slots
from sifang.kernel.log import get_logger
from sifang.monitoring.intake.codes import AuthCodes
from sifang.monitoring.intake.session import DeviceRef, Intake

log = get_logger("gateways")
OTHER_FILES = 256  # database, logs, keys, the devices' HTTP port
DISPLAY_AND_READ = 0x0C  # 0x8300: on the screen, read aloud


@dataclass(frozen=True)
class Limits:
    """Bounds of the server. Seconds, bytes, counts."""

    connections: int = 19_000  # fewer where the process may not open so many
    idle_s: float = 600.0
    sign_in_s: float = 60.0
    in_flight: int = 500  # messages of one connection that wait for the commit
    write_buffer: int = 64 * 1024
    sweep_s: float = 2.0


def most_connections(wanted: int) -> int:
    """Return how many connections this process can hold: its limit of open files, less what else it needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if allowed == resource.RLIM_INFINITY else max(1, min(wanted, allowed - OTHER_FILES))


class Jt808Server:
    """`start` it, hand its address to devices, `close` it."""

    def __init__(
        self,
        intake: Intake,
        *,
        codes: AuthCodes | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = monotonic,
        time_s: Callable[[], float] = time,
    ) -> None:
        """`clock` measures patience; `time_s` tells the devices that ask what time it is."""
        self.time_s = time_s
        self.intake, self.codes = intake, codes or AuthCodes()
        self.limits, self.clock = limits or Limits(), clock
        self.batch, self.slots = Batch(intake, GATEWAY), Slots()
        self.gather = Gather(intake, self.batch, self.slots, clock, self.limits.in_flight)
        intake.each_tick(self.gather.tick)
        self.dropped_bytes = 0
        self._connections: set[Connection] = set()
        self._strangers: dict[Connection, None] = {}  # not signed in, the longest first
        self._most = most_connections(self.limits.connections)
        self._signed_in: dict[str, Connection] = {}
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._under_pressure = False

    # ---- life

    async def start(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> int:
        """Listen; return the port (of `port` 0 the one that was free)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, ssl=tls, backlog=1024)
        self._sweeper = asyncio.create_task(self._sweep())
        self.intake.watch_pressure(self._pressure)
        bound: int = self._server.sockets[0].getsockname()[1]
        log.info("jt808_listening", port=bound, tls=tls is not None)
        return bound

    async def close(self) -> None:
        """Stop listening, hand over what was gathered, close every connection."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        self.gather.tick()
        for connection in list(self._connections):
            connection.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            now = self.clock()
            for connection in list(self._connections):
                connection.sweep(now)

    def _pressure(self, stop: bool) -> None:
        self._under_pressure = stop
        for connection in list(self._connections):
            connection.pause("pressure", stop=stop)

    # ---- connections

    @property
    def connections(self) -> dict[str, int]:
        """How many connections are open, by state."""
        signed_in = len(self._signed_in)
        return {"signed_in": signed_in, "not_signed_in": max(len(self._connections) - signed_in, 0)}

    def admit(self, connection: Connection, write: Callable[[bytes], None]) -> None:
        """Count a new connection in; when there are too many, who has waited longest without signing in goes.

        So that idle strangers, however many, never keep a device out. Only when every connection is signed
        in is the new one closed.
        """
        if len(self._connections) >= self._most:
            self.intake.refuse("too_many_connections", GATEWAY, "unknown")
            if not self._strangers:
                connection.abort()
                return
            longest = next(iter(self._strangers))
            longest.abort()
            self._drop(longest)
        self._connections.add(connection)
        self._strangers[connection] = None
        connection.slot = self.slots.take(connection, write)
        connection.heard_at = connection.opened_at
        if self._under_pressure:
            connection.pause("pressure", stop=True)

    def forget(self, connection: Connection) -> None:
        self._drop(connection)
        self.gather.slow.discard(connection)
        if connection.slot:
            self.slots.give_back(connection.slot, self.gather.newest)
        self.signed_out(connection)

    def _drop(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._strangers.pop(connection, None)

    def find(self, terminal_id: str) -> DeviceRef | None:
        """Return the registered JT/T 808 device of this id, or None."""
        device = self.intake.find_device(terminal_id)
        return device if device is not None and device.protocol == GATEWAY else None

    def signed_in(self, connection: Connection, device: DeviceRef) -> None:
        """Remember who speaks for a terminal; its older connection, if any, is closed."""
        self._strangers.pop(connection, None)
        older = self._signed_in.get(device.terminal_id)
        self._signed_in[device.terminal_id] = connection
        if older is not None and older is not connection:
            older.close()

    def signed_out(self, connection: Connection) -> None:
        device = connection.device
        if device is not None and self._signed_in.get(device.terminal_id) is connection:
            del self._signed_in[device.terminal_id]
        if connection in self._connections:  # it logged out and stays
            self._strangers[connection] = None

    # ---- downlink

    def _connection_of(self, terminal_id: str) -> Connection:
        connection = self._signed_in.get(terminal_id)
        if connection is None or connection.closing:
            raise NotConnected(terminal=terminal_id)
        return connection

    async def _ask(
        self,
        terminal_id: str,
        message_id: int,
        body: dict[str, Any],
        answer_id: int,
        *,
        by_serial: bool = True,
    ) -> dict[str, Any]:
        """Send a message and return the answer's body. Raises NotConnected, NoAnswer."""
        connection = self._connection_of(terminal_id)
        future = connection.request(message_id, body, answer_id, by_serial=by_serial)
        try:
            async with asyncio.timeout(ANSWER_S):
                answer: dict[str, Any] = await future
        except (TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not connection.closing:
                raise
            raise NoAnswer(terminal=terminal_id) from None
        return answer

    async def send_text(self, terminal_id: str, text: str, *, flags: int = DISPLAY_AND_READ) -> bool:
        """Show a text on the device (0x8300); True when the device said that it did."""
        answer = await self._ask(terminal_id, 0x8300, {"flags": flags, "text": text}, 0x0001)
        return bool(answer["result"] == RESULT_OK)

    async def query_position(self, terminal_id: str) -> None:
        """Ask for a position now (0x8201); it arrives on the ordinary way of a fix."""
        await self._ask(terminal_id, 0x8201, {}, 0x0201)

    async def read_parameters(self, terminal_id: str) -> dict[str, dict[str, Any]]:
        """Return all parameters of the device by id in hex (0x8104)."""
        answer = await self._ask(terminal_id, 0x8104, {}, 0x0104)
        return {one["id"]: one for one in answer["parameters"]}

    async def read_attributes(self, terminal_id: str) -> dict[str, Any]:
        """Return maker, model, versions and ICCID (0x8107)."""
        return await self._ask(terminal_id, 0x8107, {}, 0x0107, by_serial=False)

    async def set_parameters(self, terminal_id: str, values: dict[int, int | str | bytes]) -> Setting:
        """Set parameters (0x8103), then read them back (0x8104): only what is read is believed."""
        wanted = {identity: parameter_bytes(identity, value) for identity, value in values.items()}
        body = {"parameters": [parameter_json(identity, value) for identity, value in wanted.items()]}
        try:
            answer = await self._ask(terminal_id, 0x8103, body, 0x0001)
            acknowledged = answer["result"] == RESULT_OK
        except NoAnswer:
            acknowledged = False
        found = await self.read_parameters(terminal_id)
        differing = {
            f"{identity:04x}": str(found.get(f"{identity:04x}", {}).get("raw", ""))
            for identity, value in wanted.items()
            if found.get(f"{identity:04x}", {}).get("raw") != value.hex()
        }
        return Setting(acknowledged, not differing, differing)
