"""`python -m tests.faults.common.mischief KIND`: devices and strangers that do not behave, for some seconds.

`texts`: texts that are too long and values out of every range, in each kind of message that takes them, and
over HTTP. `burst`: registered devices send `--rate` fixes a second. `flood`: one device sends as fast as its
line takes it. `slow`: never reads its answers, sends a byte a second, ends half of its line, on both ports.
`keep`: one device goes on sending where it is. Prints one JSON line at its end. What `burst` sends is in
`--history`, in the form of `history.py`.
"""

import argparse
import asyncio
import json
import random
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from sifang_sim import wire
from tests.faults.common.history import Writer
from tests.faults.common.terminals import content_of

CONNECT_S = 10.0
BURST_AGO_S = 20 * 3600
FLOOD_FRAMES = 20_000


class Line:
    """A signed-in connection of a device of the plan."""

    def __init__(self, told: dict[str, Any], version: int = 2013) -> None:
        self.told, self.codec = told, wire.Codec(told["terminal_id"], version)
        self.answers: dict[int, int] = {}
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self, port: int) -> "Line":
        """Connect and sign in. Raises OSError, TimeoutError or EOFError."""
        async with asyncio.timeout(CONNECT_S):
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
            body = wire.authenticate(self.codec.version, self.told["auth_code"], "")
            serial, frame = self.codec.frame(wire.AUTHENTICATE, body)
            self.writer.write(frame)
            while serial not in self.answers:
                await self.listen()
        return self

    async def listen(self) -> int:
        """Take what came; return how many answers."""
        data = await self.reader.read(65_536)
        if not data:
            raise EOFError
        acks = [one.body for one in self.codec.feed(data) if one.id == wire.ACK_DOWN]
        for body in acks:
            self.answers[int.from_bytes(body[:2], "big")] = body[4]
        return len(acks)

    def here(self, taken_s: int, **values: Any) -> wire.Report:
        """Return a report of this device at its home."""
        lon, lat = self.told["home"]
        return wire.Report(taken_s, round(lon, 6), round(lat, 6), **values)


# ---- texts


def basic(told: dict[str, Any], when: bytes, *, place: tuple[int, int], speed: int, course: int) -> bytes:
    """Return the fixed part of a 0x0200, with whatever values."""
    del told
    return struct.pack(">IIIIHHH", 2**32 - 1, 2**32 - 1, *place, 65_535, speed, course) + when


def bad_bodies(told: dict[str, Any], chance: random.Random) -> list[tuple[int, bytes]]:
    """Return (message, body): out of range, over-long, or empty."""
    now = bytes.fromhex(time.strftime("%y%m%d%H%M%S", time.gmtime(time.time() + 8 * 3600 - 3)))
    home = (round(told["home"][1] * 1e6), round(told["home"][0] * 1e6))
    times = [b"\xff" * 6, bytes(6), bytes.fromhex("991231235959"), bytes.fromhex("260230250000"), now]
    places = [(2**32 - 1, 2**32 - 1), (0, 0), (90_000_001, 180_000_001), (2**31, 2**31), home]
    found = [
        (wire.LOCATION, basic(told, when, place=place, speed=speed, course=course) + items)
        for when in times for place in places for speed, course in ((0, 0), (65_535, 65_535))
        for items in (b"", b"\x30" + b"\xff" * 256, b"\x01\x04" + b"\xff" * 4, b"\xfe\xff" + b"x")
    ]  # fmt: skip
    text = "四方" * 500
    found += [
        (0x0702, b"\x01" + now + b"\x00" + bytes([255]) + text.encode("gbk")[:255] + b"\xff" * 60),
        (0x0702, b"\x01" + now + b"\x00" + b"\x02\xff\xfe" + b"\x00" * 20 + b"\xff" + b"z" * 255),
        (wire.REGISTER, struct.pack(">HH", 65_535, 65_535) + b"\xff" * 900),
        (wire.REGISTER, b""),
        (0x0900, b"\xf0" + bytes(range(256)) * 3), (0x0900, b"\x41" + b"\xff" * 1000), (0x0900, b""),
        (wire.BATCH, struct.pack(">HB", 65_535, 1) + b"\xff" * 900), (wire.BATCH, b"\x00\x00\x01"),
        (wire.ATTRIBUTES, b"\xff" * 1000), (wire.PARAMETERS, b"\x00\x00\xff" + b"\xff" * 900),
        (wire.AUTHENTICATE, b"\xff" * 1000), (0xFFFF, b"\x00" * 1023), (wire.ACK_UP, b""),
    ]  # fmt: skip
    chance.shuffle(found)
    return found


WORDS = [
    "0",
    "-1",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1e-400",
    "9" * 300,
    "",
    "四方",
    "true",
    "null",
    "[]",
]
FIELDS = (
    "lat",
    "lon",
    "timestamp",
    "speed",
    "bearing",
    "altitude",
    "accuracy",
    "hdop",
    "batt",
    "id",
    "valid",
)


def bad_requests(terminal: str) -> list[bytes]:
    """Return HTTP requests to both gateways with values out of range and bodies at and over their limits."""
    good = {
        "id": terminal,
        "lat": "36.6",
        "lon": "117.0",
        "timestamp": str(int(time.time())),
        "accuracy": "5",
    }
    found = []
    for name in FIELDS:
        for word in WORDS:
            query = "&".join(f"{k}={v}" for k, v in (good | {name: word}).items())
            found.append(_request(f"/?{query}".encode(), b""))
            told = {"_type": "location", "tid": terminal, "lat": 36.6, "lon": 117.0, "tst": int(time.time())}
            short = {
                "timestamp": "tst",
                "accuracy": "acc",
                "speed": "vel",
                "altitude": "alt",
                "bearing": "cog",
            }
            body = json.dumps(told | {short.get(name, name): "@"}).replace('"@"', word or '""')
            found.append(_request(b"/owntracks", body.encode()))
    long = json.dumps({"_type": "location", "tid": "四" * 20_000})
    found += [_request(b"/owntracks", long.encode("utf-8")), _request(b"/?" + b"a" * 17_000, b"")]
    found += [_request(b"/osmand", b'{"location":' * n) for n in (1, 500, 5_000)]
    found += [_request(b"/owntracks", b"x" * n) for n in (65_535, 65_536, 65_537, 200_000)]
    return found


def _request(target: bytes, body: bytes) -> bytes:
    target = target.decode().encode("ascii", "replace") if target.isascii() else b"/?id=%E5%9B%9B"
    head = b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head + b"Connection: close\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body


async def texts(asked: argparse.Namespace, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Send them all, again and again; a line that is closed is opened anew."""
    counts = {"frames": 0, "requests": 0, "lines": 0, "http": 0}
    end = time.monotonic() + asked.seconds
    chance = random.Random(1)

    async def frames(one: dict[str, Any], version: int) -> None:
        while time.monotonic() < end:
            with suppress(OSError, EOFError, TimeoutError):
                line = await Line(one, version).open(asked.port)
                counts["lines"] += 1
                try:
                    for message, body in bad_bodies(one, chance):
                        line.writer.write(line.codec.frame(message, body[:1023])[1])
                        counts["frames"] += 1
                    await line.writer.drain()
                    async with asyncio.timeout(1):
                        while True:
                            await line.listen()
                finally:
                    line.writer.transport.abort()
            await asyncio.sleep(0.1)

    async def http(one: dict[str, Any]) -> None:
        for request in cycle(bad_requests(one["terminal_id"])):
            if time.monotonic() > end:
                return
            with suppress(OSError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", asked.http_port)
                writer.write(request)
                async with asyncio.timeout(3):
                    status = await reader.read(12)
                writer.transport.abort()
                counts["requests"] += 1
                counts["http"] += status.startswith(b"HTTP/1.1 5")

    await asyncio.gather(*(frames(one, 2013 + 6 * (k % 2)) for k, one in enumerate(told)), http(told[0]))
    server_errors = counts.pop("http")
    return {**counts, "server_errors": server_errors}


# ---- burst and flood


@dataclass
class Shooter:
    """A device of the burst with its prebuilt frames."""

    index: int
    line: Line
    first_s: int
    frames: list[tuple[int, bytes]]

    async def send(self, begun: float, seconds: float) -> None:
        """Send evenly over the time; what is behind at once."""
        for n, (_, frame) in enumerate(self.frames):
            ahead_s = begun + n * seconds / len(self.frames) - time.monotonic()
            if ahead_s > 0.005:
                await asyncio.sleep(ahead_s)
            self.line.writer.write(frame)

    async def hear(self) -> None:
        """Return when every frame is answered."""
        while len(self.line.answers) < len(self.frames):
            await self.line.listen()

    def acknowledged(self) -> list[int]:
        """Return when the fixes were taken that were answered as received."""
        answers = self.line.answers
        return [self.first_s + n for n, (serial, _) in enumerate(self.frames) if answers.get(serial) == 0]


def shooter(index: int, told: dict[str, Any], each: int, first_s: int, history: Writer) -> Shooter:
    """Make a device of the burst; what it will send is offered."""
    line = Line(told)
    frames = []
    for n in range(each):
        report = line.here(first_s + n, course=n % 360, battery_pct=70, satellites=11)
        history.offered(index, report.taken_s, content_of(report))
        frames.append(line.codec.frame(wire.LOCATION, wire.location(report)))
    return Shooter(index, line, first_s, frames)


async def burst(asked: argparse.Namespace, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Send so many fixes a second from prebuilt frames; wait for every answer."""
    each = round(asked.rate * asked.seconds / len(told))
    first_s, history = asked.first_s or int(time.time()) - BURST_AGO_S, Writer(asked.history)
    all_of_them = [shooter(asked.skip + k, one, each, first_s, history) for k, one in enumerate(told)]
    for one in all_of_them:
        await one.line.open(asked.port)
        one.line.answers.clear()
    begun = time.monotonic()
    with suppress(TimeoutError, EOFError, OSError):
        async with asyncio.timeout(asked.seconds + 60):
            jobs = [job for one in all_of_them for job in (one.send(begun, asked.seconds), one.hear())]
            await asyncio.gather(*jobs)
    took_s = time.monotonic() - begun
    acknowledged = 0
    for one in all_of_them:
        for taken_s in one.acknowledged():
            history.acknowledged(one.index, taken_s)
            acknowledged += 1
        one.line.writer.transport.abort()
    return {
        "offered": each * len(told), "acknowledged": acknowledged, "seconds": round(took_s, 2),
        "per_s": round(acknowledged / took_s),
    }  # fmt: skip


async def flood(asked: argparse.Namespace, told: list[dict[str, Any]]) -> dict[str, Any]:
    """One device sends as fast as its line takes it, the same frames again when it has no more."""
    line = Line(told[0])
    start_s = int(time.time()) - BURST_AGO_S
    frames = [
        line.codec.frame(wire.LOCATION, wire.location(line.here(start_s + n, course=n % 360)))[1]
        for n in range(FLOOD_FRAMES)
    ]
    parts = [b"".join(frames[n : n + 200]) for n in range(0, len(frames), 200)]
    line.codec.serial = 60_000
    await line.open(asked.port)
    end, sent, heard = time.monotonic() + asked.seconds, 0, 0

    async def hear() -> None:
        nonlocal heard
        while True:
            heard += await line.listen()

    hearing = asyncio.create_task(hear())
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(asked.seconds):
            for part in cycle(parts):
                if time.monotonic() > end or hearing.done():
                    break
                line.writer.write(part)
                sent += 200
                await line.writer.drain()
    closed = hearing.done()
    hearing.cancel()
    with suppress(asyncio.CancelledError, OSError, EOFError):
        await hearing
    line.writer.transport.abort()
    return {"sent": sent, "answers": heard, "was_closed": closed}


async def keep(asked: argparse.Namespace, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Say where each is, three times a second; a line that is closed is opened anew."""
    counts = {"sent": 0, "lines": 0}
    end = time.monotonic() + asked.seconds

    async def one(mine: dict[str, Any]) -> None:
        while time.monotonic() < end:
            with suppress(OSError, EOFError, TimeoutError):
                line = await Line(mine).open(asked.port)
                counts["lines"] += 1
                while time.monotonic() < end:
                    line.writer.write(
                        line.codec.frame(wire.LOCATION, wire.location(line.here(int(time.time()))))[1]
                    )
                    counts["sent"] += 1
                    await asyncio.sleep(0.3)
                line.writer.transport.abort()

    await asyncio.gather(*(one(mine) for mine in told))
    return counts


# ---- slow and half-open


async def slow(asked: argparse.Namespace, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Hold `--count` lines of each kind for so long."""
    end = time.monotonic() + asked.seconds
    counts = {"deaf": 0, "dripping": 0, "half_open": 0, "closed": 0}

    async def deaf(mine: dict[str, Any]) -> None:  # signed in, sends, reads nothing
        line = await Line(mine).open(asked.port)
        counts["deaf"] += 1
        line.reader._transport.pause_reading()
        frame = line.codec.frame(wire.HEARTBEAT, b"")[1] * 200
        while time.monotonic() < end:
            line.writer.write(frame)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await line.writer.drain()
            await asyncio.sleep(0.05)
        line.writer.transport.abort()

    async def dripping(port: int, text: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        counts["dripping"] += 1
        for byte in cycle(text):
            if time.monotonic() > end or writer.transport.is_closing():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.5)
        counts["closed"] += writer.transport.is_closing()
        writer.transport.abort()

    async def half_open(port: int, text: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        counts["half_open"] += 1
        writer.write(text)
        writer.write_eof()
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        writer.transport.abort()

    half_a_frame, half_a_head = b"\x7e\x02\x00\x00\x3c\x01\x38", b"POST /owntracks HTTP/1.1\r\nHost: x\r\nX: "
    jobs = [deaf(one) for one in told]
    for port, text in ((asked.port, half_a_frame), (asked.http_port, half_a_head)):
        jobs += [dripping(port, text) for _ in range(asked.count)]
        jobs += [half_open(port, text) for _ in range(asked.count)]
    await asyncio.gather(*jobs, return_exceptions=True)
    return counts


KINDS = {"texts": texts, "burst": burst, "flood": flood, "slow": slow, "keep": keep}


def main() -> int:
    """Misbehave; returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    for name in ("port", "http-port", "skip", "devices"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=3_300.0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first-s", type=int, default=0, help="when the first fix of a burst was taken")
    asked = parser.parse_args()
    told = json.loads(asked.plan.read_text("utf-8"))["devices"][asked.skip : asked.skip + asked.devices]
    sys.stdout.write(json.dumps(asyncio.run(KINDS[asked.kind](asked, told))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
