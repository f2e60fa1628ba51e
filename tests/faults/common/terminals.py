"""`python -m tests.faults.common.terminals`: many JT/T 808 devices in one process, with a history.

Each device's clock starts in the past and runs `--speed` times as fast as ours; it takes a fix every
`--every` seconds of its own clock. What is not acknowledged is sent again: after a broken connection and a
new sign-in, or when no answer came for a while; singly or as blind-spot batches (0x0704). Some frames are
sent three times, some connections are dropped by the device itself.

Standard input takes words, one a line: `drain` (finish the round you are in, fast, then take no more),
`mark` (count delays anew), `stop`. Standard output gives one JSON line five times a second (see
`Fleet.report`).
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sifang_sim import wire
from tests.faults.common.history import Content, Writer
from tests.faults.common.tracks import life_of

STRAP_BIT = 17
BATCH = 12
PATIENCE_S = 6.0  # no answer for so long: send again on the same connection
MOST_IN_FLIGHT = 60  # frames
THREE_TIMES, AS_BATCH, DROPS_PER_S = 0.03, 0.5, 0.01
REPORT_S = 0.2


@dataclass
class Waiting:
    """A fix that is not acknowledged yet."""

    report: wire.Report
    sent_at: float = 0.0  # monotonic, of the last time; 0 = never
    first_at: float = 0.0  # of the first time


class Terminal:
    """One device and its connection."""

    def __init__(self, index: int, told: dict[str, Any], fleet: "Fleet") -> None:
        self.index, self.fleet = index, fleet
        self._told = told
        self._chance = random.Random(f"{fleet.seed}/{index}")
        self.life = life_of(index, told, fleet.start_s, fleet.seed)
        self._codec = wire.Codec(told["terminal_id"], 2019 if index % 2 else 2013)
        self._waiting: OrderedDict[int, Waiting] = OrderedDict()
        self._in_flight: dict[int, list[int]] = {}
        self.taken_until_s = fleet.start_s - fleet.every_s
        self.settled = False
        self._phase_s = self._chance.random() * fleet.every_s

    @property
    def outstanding(self) -> int:
        return len(self._waiting)

    def take(self, now_s: float) -> None:
        """Take the fixes that are due by the device's clock; when draining, up to a settled moment."""
        every = self.fleet.every_s
        if self.fleet.draining:
            now_s = self.taken_until_s + 40 * every  # fast, but never all at once
        while not self.settled and self.taken_until_s + every <= now_s - self._phase_s:
            if self.fleet.draining and self.life.is_settled(self.taken_until_s):
                self.settled = True
                return
            if self.taken_until_s + every > time.time() - 5:
                return  # the device's clock has caught up with ours
            self.taken_until_s += every
            self._observe(self.taken_until_s)

    def _observe(self, taken_s: int) -> None:
        place = self.life.at(taken_s, random.Random(f"{self.fleet.seed}/{self.index}/{taken_s}"))
        report = wire.Report(
            taken_s, round(place.lon, 6), round(place.lat, 6), speed_kmh=place.speed_kmh,
            course=taken_s // 10 % 360, alarm=1 << STRAP_BIT if place.strap_open else 0,
            battery_pct=60 + taken_s // 600 % 40, satellites=8 + taken_s // 10 % 8,
        )  # fmt: skip
        self.fleet.history.offered(self.index, taken_s, content_of(report))
        self.fleet.offered += 1
        self._waiting[taken_s] = Waiting(report)

    async def run(self) -> None:
        """Connect, sign in, send, listen; again and again until cancelled."""
        while True:
            with suppress(OSError, TimeoutError, EOFError):
                await self._session()
            self._in_flight.clear()
            for one in self._waiting.values():
                one.sent_at = 0.0
            await self._idle(self._chance.uniform(0.15, 0.5))

    async def _idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take(self.fleet.device_now())
            await asyncio.sleep(0.05)

    async def _session(self) -> None:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(self.fleet.host, self.fleet.port)
        try:
            await self._sign_in(reader, writer)
            self.fleet.connected += 1
            listening = asyncio.create_task(self._listen(reader))
            try:
                await self._talk(writer, listening)
            finally:
                self.fleet.connected -= 1
                listening.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await listening
        finally:
            writer.transport.abort()

    async def _sign_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = wire.authenticate(self._codec.version, self._told["auth_code"], "")
        serial, frame = self._codec.frame(wire.AUTHENTICATE, body)
        writer.write(frame)
        async with asyncio.timeout(8):
            while data := await reader.read(4096):
                for message in self._codec.feed(data):
                    if message.id == wire.ACK_DOWN and message.body[:2] == serial.to_bytes(2, "big"):
                        if message.body[4]:
                            self.fleet.counted["sign_in_refused"] += 1
                            raise EOFError
                        return
        raise EOFError

    async def _talk(self, writer: asyncio.StreamWriter, listening: "asyncio.Task[None]") -> None:
        while not listening.done():
            self.take(self.fleet.device_now())
            self._send(writer)
            await writer.drain()
            if self._chance.random() < DROPS_PER_S * 0.05:
                self.fleet.counted["dropped_by_device"] += 1
                return
            await asyncio.sleep(0.05)

    def _send(self, writer: asyncio.StreamWriter) -> None:
        """Send what was not sent on this connection, or long ago without an answer; the oldest first."""
        now = time.monotonic()
        due = [t for t, one in self._waiting.items() if now - one.sent_at > PATIENCE_S]
        if len(self._in_flight) >= MOST_IN_FLIGHT:
            if now - max(one.sent_at for one in self._waiting.values()) < PATIENCE_S:
                return
            self._in_flight.clear()  # nobody answers these any more
        while due and len(self._in_flight) < MOST_IN_FLIGHT:
            size = BATCH if len(due) > 2 and self._chance.random() < AS_BATCH else 1
            part, due = due[:size], due[size:]
            reports = [self._waiting[t].report for t in part]
            if len(part) == 1:
                serial, frame = self._codec.frame(wire.LOCATION, wire.location(reports[0]))
            else:
                serial, frame = self._codec.frame(wire.BATCH, wire.batch(reports))
            times = 3 if self._chance.random() < THREE_TIMES else 1
            writer.write(frame * times)
            self.fleet.counted["frames"] += times
            self.fleet.counted["sent_three_times"] += times // 3
            self.fleet.counted["batches"] += len(part) > 1
            self._in_flight[serial] = part
            for t in part:
                self.fleet.counted["sent_again"] += self._waiting[t].sent_at > 0
                self._waiting[t].sent_at = now
                self._waiting[t].first_at = self._waiting[t].first_at or now

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            for message in self._codec.feed(data):
                if message.id == wire.ACK_DOWN:
                    self._heard(int.from_bytes(message.body[:2], "big"), message.body[4])

    def _heard(self, serial: int, result: int) -> None:
        part = self._in_flight.get(serial)
        if part is None:
            return  # the answer to the second or third copy
        if result:
            self.fleet.counted[f"answered_{result}"] += 1
            return
        del self._in_flight[serial]
        for taken_s in part:
            one = self._waiting.pop(taken_s, None)
            if one is not None:
                self.fleet.history.acknowledged(self.index, taken_s)
                self.fleet.heard(one)


class Fleet:
    """All devices of the plan."""

    def __init__(self, asked: argparse.Namespace) -> None:
        plan = json.loads(asked.plan.read_text("utf-8"))
        self.host, self.port, self.seed = "127.0.0.1", asked.port, asked.seed
        self.every_s, self.speed = asked.every, asked.speed
        self.began = time.monotonic()
        self.start_s = int(time.time() - asked.ago_hours * 3600)
        self.start_s = max(self.start_s, plan["bound_from_s"])
        self.history = Writer(asked.history)
        self.draining = False
        self.offered = self.acknowledged = self.connected = 0
        self.newest_sent_acknowledged = self.last_acknowledged_at = 0.0
        self.counted: Counter[str] = Counter()
        self.delays: Counter[int] = Counter()
        self.terminals = [Terminal(i, told, self) for i, told in enumerate(plan["devices"])]
        asked.lives.write_text(json.dumps({"start_s": self.start_s}), "utf-8")

    def device_now(self) -> float:
        """Return what the devices' clocks show."""
        return self.start_s + (time.monotonic() - self.began) * self.speed

    def heard(self, one: Waiting) -> None:
        """Note an acknowledgement."""
        self.acknowledged += 1
        self.last_acknowledged_at = time.monotonic()
        self.newest_sent_acknowledged = max(self.newest_sent_acknowledged, one.sent_at)
        self.delays[int((self.last_acknowledged_at - one.first_at) * 100)] += 1

    def delay_s(self) -> dict[str, float]:
        """Return how long acknowledgements took since the word `mark`, from the first sending, in seconds."""
        total, seen, found = sum(self.delays.values()), 0, {"n": float(sum(self.delays.values()))}
        for bin_10ms, n in sorted(self.delays.items()):
            seen += n
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
                if name not in found and seen >= share * total:
                    found[name] = (bin_10ms + 1) / 100
        return found

    def report(self) -> dict[str, Any]:
        """Return the present figures; times are monotonic seconds of this machine."""
        return {
            "offered": self.offered,
            "acknowledged": self.acknowledged,
            "outstanding": sum(one.outstanding for one in self.terminals),
            "connected": self.connected,
            "newest_sent_acknowledged": self.newest_sent_acknowledged,
            "last_acknowledged_at": self.last_acknowledged_at,
            "settled": all(one.settled for one in self.terminals),
            "taken_until_s": [one.taken_until_s for one in self.terminals],
            "counted": dict(self.counted),
            "delay_s": self.delay_s(),
        }

    async def run(self) -> None:
        """Run until `stop` or the end of standard input."""
        tasks = [asyncio.create_task(one.run()) for one in self.terminals]
        tasks.append(asyncio.create_task(self._tell()))
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while (word := (await reader.readline()).decode().strip()) and word != "stop":
            self.draining = self.draining or word == "drain"
            if word == "mark":
                self.delays.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self) -> None:
        while True:
            sys.stdout.write(json.dumps(self.report()) + "\n")
            sys.stdout.flush()
            await asyncio.sleep(REPORT_S)


def content_of(report: wire.Report) -> Content:
    """Return what the server must hold of a report."""
    return (
        round(report.lat * 1e6), round(report.lon * 1e6), round(report.speed_kmh * 10), report.course,
        int(bool(report.alarm >> STRAP_BIT & 1)), report.battery_pct, report.satellites,
    )  # fmt: skip


def main() -> int:
    """Run the devices of a plan; returns 0."""
    parser = argparse.ArgumentParser()
    for name in ("plan", "history", "lives"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--ago-hours", type=float, default=70.0)
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the script's to handle
    asyncio.run(Fleet(asked).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
