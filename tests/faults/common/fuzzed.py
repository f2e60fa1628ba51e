"""The doors into which mutated bytes are thrown. A door answers with a count of what came out.

Every door raises whatever its part raises beyond its own refusals: that is the finding.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import numpy as np

from sifang.gateways.jt808 import decoder as jt808
from sifang.gateways.jt808.frame import Header, checksum, encode_frame, escape
from sifang.gateways.jt808.server import Connection, Jt808Server
from sifang.gateways.osmand import decoder as osmand
from sifang.gateways.osmand.server import routes as osmand_routes
from sifang.gateways.owntracks import decoder as owntracks
from sifang.gateways.owntracks.server import routes as owntracks_routes
from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec
from sifang.monitoring.intake import checks
from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.http import DeviceHttpServer, HttpConnection
from sifang.monitoring.intake.testing import FakeIntake, device_ref
from tests.faults.common import fuzzed_stored
from tests.faults.common.mutation import mutated

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
NUMBER = "13853100001"
DECODERS: dict[str, Any] = {"jt808": jt808, "osmand": osmand, "owntracks": owntracks}
Told = Counter[str]
Feed = Callable[[int], Awaitable[Told]]


@dataclass(frozen=True)
class Door:
    """`make(chance)` gives the function that feeds n inputs; `weight` its share, `at_once` n at most."""

    make: Callable[[Random], Feed]
    weight: int
    at_once: int = 500


class Transport(asyncio.Transport):
    """Takes what is written and counts it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += len(data)

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def captured(gateway: str) -> list[str]:
    """Our own frames and the shared samples of a gateway, a line each. Raises when the samples are absent."""
    if not SHARED.is_dir():
        raise FileNotFoundError("the shared folder with the samples is not beside the repository")
    frames = ROOT / "src" / "sifang" / "gateways" / gateway / "frames" / "wb1.jsonl"
    lines = [json.loads(line)["input"] for line in frames.read_text("utf-8").splitlines()]
    if gateway == "jt808":
        for name in ("yezhihao", "smallchi"):
            text = (SHARED / "samples" / "jt808" / f"{name}_cases.jsonl").read_text("utf-8")
            lines += [json.loads(line)["hex"] for line in text.splitlines()]
        return [line for line in lines if len(line) % 2 == 0]
    for line in (SHARED / "samples" / "http" / "requests.jsonl").read_text("utf-8").splitlines():
        sample = json.loads(line)
        if sample["protocol"].startswith(gateway):
            body = sample.get("body") or sample.get("body_template") or ""
            path = sample.get("path") or ("/pub" if gateway == "owntracks" else "/")
            lines.append(
                json.dumps({"method": "POST" if body else "GET", "path": path, "headers": {}, "body": body})
            )
    return lines


def _bytes(gateway: str) -> list[bytes]:
    return [bytes.fromhex(line) if gateway == "jt808" else line.encode() for line in captured(gateway)]


def decoding(gateway: str) -> Callable[[Random], Feed]:
    """`sifang decode`: a line in, one JSON object out, whatever the line."""

    def make(chance: Random) -> Feed:
        inputs = _bytes(gateway)

        async def feed(n: int) -> Told:
            told: Told = Counter()
            for _ in range(n):
                data = mutated(chance.choice(inputs), chance, inputs)
                if gateway == "jt808":
                    data = repaired(data, chance)
                    line = data.hex()
                else:
                    line = data.decode("utf-8", "surrogateescape")
                answer = DECODERS[gateway].decode_line(line)
                json.dumps(answer, allow_nan=False)
                told[answer.get("error", "read")] += 1
            return told

        return feed

    return make


def repaired(frame: bytes, chance: Random) -> bytes:
    """Give most mutated frames delimiters, escapes and a checksum that fit, so that they get further."""
    if chance.random() < 0.2:
        return frame
    inner = frame.strip(b"\x7e").replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")[:-1]
    if chance.random() < 0.7 and len(inner) > 12:  # the length of the body, too
        attributes = int.from_bytes(inner[2:4], "big") & ~0x3FF
        base = (17 if attributes & 0x4000 else 12) + (4 if attributes & 0x2000 else 0)
        attributes |= max(0, len(inner) - base) & 0x3FF
        inner = inner[:2] + attributes.to_bytes(2, "big") + inner[4:]
    return b"\x7e" + escape(inner + bytes([checksum(inner)])) + b"\x7e"


class Terminals:
    """Eight connections to a server without sockets, most of them signed in; who is cut off comes again."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.intake = chance, FakeIntake(device_ref(NUMBER))
        self.server = Jt808Server(self.intake)
        self.open = [self._opened() for _ in range(8)]

    def _opened(self) -> Connection:
        connection = Connection(self.server)
        connection.connection_made(Transport())
        if self.chance.random() < 0.8:
            layout = self.chance.choice(("2013", "2019"))
            body = b"A1B2C3D4" if layout == "2013" else b"\x08A1B2C3D4" + bytes(35)
            connection.data_received(encode_frame(Header(0x0102, layout, NUMBER, 1), body))
        return connection

    def hear(self, data: bytes) -> None:
        """Let one of them say `data`, in two pieces."""
        number = self.chance.randrange(len(self.open))
        if self.open[number].closing:
            self.open[number].connection_lost(None)
            self.open[number] = self._opened()
        at = self.chance.randrange(len(data) + 1)
        for piece in (data[:at], data[at:]):
            if piece and not self.open[number].closing:
                self.open[number].data_received(piece)

    def fixes(self) -> int:
        """Return how many fixes were handed over since the last call; forget what was remembered."""
        intake = self.intake
        n = sum(len(fixes) for fixes in intake.submitted)
        for kept in (intake.submitted, intake.frames, intake.refused_frames, intake.events):
            kept.clear()
        intake.refused_devices.clear()
        return n


def streaming(chance: Random) -> Feed:
    """A terminal's connection, signed in or not: mutated frames in arbitrary pieces, ticks in between."""
    everything = _bytes("jt808")
    places = [one for one in everything if one[1:3] in {b"\x02\x00", b"\x07\x04", b"\x02\x01"}]
    terminals = Terminals(chance)

    async def feed(n: int) -> Told:
        for k in range(n):
            inputs = places if chance.random() < 0.8 else everything
            data = repaired(mutated(chance.choice(inputs), chance, inputs), chance)
            terminals.hear(of_our_terminal(data) if chance.random() < 0.9 else data)
            if k % 50 == 49:
                await asyncio.sleep(0.001)
        for _ in range(4):
            await asyncio.sleep(0.01)  # the ticks that are due
        fixes = min(n, terminals.fixes())
        return Counter({"fixes": fixes, "fed": n - fixes})

    return feed


def of_our_terminal(frame: bytes) -> bytes:
    """Let a frame come from the terminal that is signed in."""
    inner = frame.strip(b"\x7e").replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")[:-1]
    if len(inner) < 12:
        return frame
    at, size = (5, 10) if inner[2] & 0x40 else (4, 6)
    inner = inner[:at] + bytes.fromhex(NUMBER.rjust(2 * size, "0")) + inner[at + size :]
    return b"\x7e" + escape(inner + bytes([checksum(inner)])) + b"\x7e"


def asking_http(chance: Random) -> Feed:
    """The HTTP port of the devices: requests of both protocols, mutated as bytes of the stream."""
    inputs = [_request(json.loads(line)) for gateway in ("osmand", "owntracks") for line in captured(gateway)]
    devices = [
        device_ref(name, protocol=protocol)
        for name, protocol in (("WB00001", "osmand"), ("WB1", "owntracks"))
    ]
    intake = FakeIntake(*devices)
    server = DeviceHttpServer(intake, osmand_routes(intake) | owntracks_routes(intake))

    async def feed(n: int) -> Told:
        told: Told = Counter()
        for _ in range(n):
            connection, transport = HttpConnection(server), Transport()
            connection.connection_made(transport)
            data = mutated(chance.choice(inputs), chance, inputs)
            at = chance.randrange(len(data) + 1)
            for piece in (data[:at], data[at:]):
                if piece and not transport.is_closing():
                    connection.data_received(piece)
            connection.connection_lost(None)
            told["answered" if transport.written else "waiting"] += 1
        intake.submitted.clear()
        intake.frames.clear()
        intake.refused_frames.clear()
        return told

    return feed


def _request(sample: dict[str, Any]) -> bytes:
    body = sample["body"] if isinstance(sample["body"], str) else json.dumps(sample["body"])
    head = [
        f"{sample['method']} {sample['path']} HTTP/1.1",
        "Host: h",
        f"Content-Length: {len(body.encode())}",
    ]
    head += [f"{name}: {value}" for name, value in (sample.get("headers") or {}).items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body.encode()


def judging(chance: Random) -> Feed:
    """Admission and engine on fixes whose every byte may be anything; kernels checked for their bounds."""
    now = 1_800_000_000
    rows = [
        DeviceRow(UUID(int=k + 1), str(k), "jt808", windows=(Window(k, now - 10**6, now + 10**6),))
        for k in range(20)
    ]
    admission, engine = Admission(), Engine(capacity=8)
    admission.load(rows, 1, now)
    ring = np.array([[117.0, 36.6, 10.0], [117.1, 36.6, 80.0], [117.1, 36.7, 10.0], [117.0, 36.7, 10.0]])
    fences = [FenceSpec(k, k, "boundary", "inside", [ring]) for k in range(20)]
    fences += [
        FenceSpec(100 + k, k, "timetable", "outside", [ring], timetable="01" * 84) for k in range(0, 20, 3)
    ]
    engine.load([MeasureSpec(k, now - 10**6, now + 10**6) for k in range(20)], fences)
    generator = np.random.default_rng(chance.randrange(2**32))

    async def feed(n: int) -> Told:
        fixes = np.frombuffer(generator.bytes(n * FIX.itemsize), FIX).copy()
        kind = generator.integers(0, 4, n)  # 0: anything; 1 to 3: ever more plausible
        fixes["device"][kind > 0] = generator.integers(-2, 22, int((kind > 0).sum()))
        fixes["received_s"][kind > 0] = now
        near = kind > 1
        fixes["taken_s"][near] = now - generator.integers(-200, 5000, int(near.sum()))
        real = kind > 2
        fixes["lon"][real] = generator.normal(117.05, 0.05, int(real.sum()))
        fixes["lat"][real] = generator.normal(36.65, 0.05, int(real.sum()))
        fixes["accuracy_m"][real] = generator.exponential(20, int(real.sum()))
        with np.errstate(all="ignore"):
            reasons = admission.admit(fixes)
        accepted = fixes[reasons == checks.ACCEPTED]
        engine.step(accepted)
        wild = fixes.copy()  # what no gateway may hand over, the engine survives all the same
        wild["measure"] = generator.integers(-3, 23, n)
        engine.step(wild)
        engine.silence(int(generator.integers(now - 1000, now + 100_000)))
        return Counter({"accepted": len(accepted), "refused": n - len(accepted)})

    return feed


DOORS = {
    "jt808": Door(decoding("jt808"), 30),
    "stream": Door(streaming, 30),
    "osmand": Door(decoding("osmand"), 8),
    "owntracks": Door(decoding("owntracks"), 8),
    "http": Door(asking_http, 8),
    "kernels": Door(judging, 12, at_once=2000),
    "blocks": Door(fuzzed_stored.blocks, 4),
    "chunks": Door(fuzzed_stored.chunks, 4),
    "snapshots": Door(fuzzed_stored.snapshots, 2),
}
