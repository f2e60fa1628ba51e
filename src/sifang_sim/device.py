"""One simulated wristband: a TCP session that keeps what was not acknowledged and sends it again."""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sifang_sim import wire
from sifang_sim.life import Life
from sifang_sim.noise import Noise

BATCH_SIZE, KEPT, HEARTBEAT_S = 12, 3_000, 60


@dataclass
class Identity:
    """What the device calls itself on the wire."""

    terminal_id: str
    auth_code: str
    imei: str
    iccid: str
    carrier: str
    maker: str
    model: str
    version: int


@dataclass
class Condition:
    """What the worn device would notice: strap, battery, help button, network."""

    strap_open: bool = False
    sos: bool = False
    battery_pct: float = 90.0
    drain_per_hour: float = 1.2
    unreachable_until: float = 0.0
    dead: bool = False  # unreachable and takes no positions either


class Wristband:
    """A purpose-built device speaking JT/T 808; reports every `interval_s`, replays what was missed."""

    def __init__(
        self,
        who: Identity,
        life: Life,
        noise: Noise,
        *,
        interval_s: int = 10,
        strap_bit: int = 17,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.who, self.life, self.noise, self.state = who, life, noise, Condition()
        self.sent = self.acknowledged = 0
        self.sent_until_s: int | None = None  # when the newest position that was sent was taken
        self._interval_s, self._strap_bit, self._clock = interval_s, strap_bit, clock
        self._codec = wire.Codec(who.terminal_id, 2019 if who.version == 2019 else 2013)
        self._waiting: deque[wire.Report] = deque(maxlen=KEPT)
        self._in_flight: dict[int, list[wire.Report]] = {}
        self._parameters = {0x0001: HEARTBEAT_S, 0x0029: interval_s}
        self._code = who.auth_code
        self._last_s = int(clock()) - interval_s

    def start_from(self, second: int) -> None:
        """Begin at a second in the past: what was taken since then is brought along as replay."""
        self._last_s = second

    def observe(self, at_s: int) -> wire.Report:
        """Take one position at this second and keep it until it is acknowledged."""
        true, speed, course = self.life.at(at_s)
        (lon, lat), satellites = self.noise.apply(true, at_s)
        drained = self.state.battery_pct - self.state.drain_per_hour * self._interval_s / 3600
        self.state.battery_pct = max(drained, 3.0)
        alarm = (1 << self._strap_bit if self.state.strap_open else 0) | (
            wire.ALARM_SOS if self.state.sos else 0
        )
        if self.state.battery_pct < 15:
            alarm |= wire.ALARM_POWER_LOW
        report = wire.Report(
            at_s,
            lon,
            lat,
            speed,
            course,
            alarm,
            battery_pct=int(self.state.battery_pct),
            satellites=satellites,
        )
        self._waiting.append(report)
        return report

    async def run(self, host: str, port: int, chance: random.Random) -> None:
        """Connect, report, reconnect with back-off; ends when cancelled."""
        wait = 1.0
        while True:
            await self._wait_for_network()
            try:
                reader, writer = await asyncio.open_connection(host, port)
            except OSError:
                await self._live_without_network(wait)
                wait = min(wait * 1.7, 20)
                continue
            wait = chance.uniform(0.5, 2)
            try:
                with contextlib.suppress(OSError, TimeoutError, ConnectionError):
                    await self._session(reader, writer)
            finally:
                writer.close()
            self._waiting.extendleft(
                r for batch in reversed(self._in_flight.values()) for r in reversed(batch)
            )
            self._in_flight.clear()
            await self._live_without_network(wait)

    async def _wait_for_network(self) -> None:
        """Out of coverage positions are taken and kept; a dead device takes none."""
        while self._clock() < self.state.unreachable_until:
            await asyncio.sleep(1)
            if self.state.dead:
                self._last_s = int(self._clock())
            self._observe_due()

    async def _live_without_network(self, seconds: float) -> None:
        """Sleep, still taking positions as a device out of coverage does."""
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            await asyncio.sleep(min(left, self._interval_s))
            self._observe_due()

    def _observe_due(self) -> None:
        now = int(self._clock())
        while self._last_s + self._interval_s <= now:
            self._last_s += self._interval_s
            self.observe(self._last_s)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._sign_in(reader, writer):
            return
        listening = asyncio.create_task(self._listen(reader, writer))
        beat = self._clock()
        try:
            while not listening.done():
                self._observe_due()
                if self._clock() < self.state.unreachable_until:
                    return
                await self._flush(writer)
                if self._clock() - beat >= self._parameters[0x0001]:
                    beat = self._clock()
                    writer.write(self._codec.frame(wire.HEARTBEAT, b"")[1])
                await asyncio.sleep(min(self._interval_s, 1.0))
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await listening

    async def _sign_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Authenticate with the code we hold; when refused, register and try the code given then."""
        who, codec = self.who, self._codec
        for step in ("authenticate", "register", "authenticate"):
            if step == "register":
                body = wire.register(who.version, who.maker, who.model, who.terminal_id)
                writer.write(codec.frame(wire.REGISTER, body)[1])
            else:
                body = wire.authenticate(who.version, self._code, who.imei)
                writer.write(codec.frame(wire.AUTHENTICATE, body)[1])
            answer = await self._answer(reader)
            if answer is None:
                return False
            if answer.id == wire.REGISTER_ANSWER:
                if answer.body[2:3] == b"\0":
                    self._code = answer.body[3:].rstrip(b"\0").decode("gbk", "replace")
            elif answer.id == wire.ACK_DOWN and answer.body[4:5] == b"\0":
                return True
        return False

    async def _answer(self, reader: asyncio.StreamReader) -> wire.Message | None:
        async with asyncio.timeout(30):
            while data := await reader.read(4096):
                for message in self._codec.feed(data):
                    return message
        return None

    async def _flush(self, writer: asyncio.StreamWriter) -> None:
        if len(self._in_flight) > 20:
            return
        while self._waiting and len(self._in_flight) <= 20:
            reports = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_SIZE))]
            if len(reports) == 1:
                serial, frame = self._codec.frame(wire.LOCATION, wire.location(reports[0]))
            else:
                serial, frame = self._codec.frame(wire.BATCH, wire.batch(reports))
            self._in_flight[serial] = reports
            self.sent += len(reports)
            self.sent_until_s = max(reports[-1].taken_s, self.sent_until_s or 0)
            writer.write(frame)
        await writer.drain()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            for message in self._codec.feed(data):
                self._hear(message, writer)

    def _hear(self, message: wire.Message, writer: asyncio.StreamWriter) -> None:
        who, codec = self.who, self._codec
        if message.id == wire.ACK_DOWN:
            serial = int.from_bytes(message.body[:2], "big")
            self.acknowledged += len(self._in_flight.pop(serial, []))
            return
        if message.id == wire.QUERY_ATTRIBUTES:
            body = wire.attributes(who.version, who.maker, who.model, who.terminal_id, who.iccid)
            writer.write(codec.frame(wire.ATTRIBUTES, body)[1])
            return
        if message.id in (wire.QUERY_PARAMETERS, wire.QUERY_SOME_PARAMETERS):
            writer.write(codec.frame(wire.PARAMETERS, wire.parameters(message, self._parameters))[1])
            return
        if message.id == wire.QUERY_LOCATION:
            report = self.observe(int(self._clock()))
            self._waiting.pop()
            body = message.serial.to_bytes(2, "big") + wire.location(report)
            writer.write(codec.frame(wire.LOCATION_ANSWER, body)[1])
            return
        if message.id == wire.SET_PARAMETERS:
            self._parameters |= wire.read_parameters(message.body)
        writer.write(codec.frame(wire.ACK_UP, wire.ack(message))[1])
