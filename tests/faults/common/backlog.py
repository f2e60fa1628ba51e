"""`python -m tests.faults.common.backlog`: devices that come out of a blind spot, all at once.

Each device of the plan says first where it is now, then sends what it could not send for hours: every second
device as single 0x0200, the others as blind-spot batches (0x0704, type 1) of twelve. At most `WINDOW` frames
of a device are on their way; after a broken line it signs in again and sends what was not acknowledged.
Writes the history in the form of `history.py`; prints one JSON line each half second, the last with `done`.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sifang_sim import wire
from tests.faults.common.history import Writer
from tests.faults.common.terminals import content_of
from tests.faults.common.tracks import Life, life_of

EVERY_S, BATCH, WINDOW = 10, 12, 64
QUIET_S = 20.0  # without an answer for so long: a new line


def report_of(life: Life, taken_s: int) -> wire.Report:
    """Return what this device tells of that second."""
    place = life.at(taken_s, random.Random(f"{life.device}/{taken_s}"))
    return wire.Report(
        taken_s, round(place.lon, 6), round(place.lat, 6), speed_kmh=place.speed_kmh,
        course=taken_s // 10 % 360, alarm=int(place.strap_open) << 17, battery_pct=70, satellites=11,
    )  # fmt: skip


class Returning:
    """One device and what it has kept."""

    def __init__(self, index: int, told: dict[str, Any], start_s: int, fixes: int, history: Writer) -> None:
        self.index, self.told, self.history = index, told, history
        life = life_of(index, told, start_s, 1)
        newest = report_of(life, int(time.time()) - 5)
        kept = [report_of(life, start_s + k * EVERY_S) for k in range(fixes - 1)]
        size = 1 if index % 2 else BATCH
        self.newest_s = newest.taken_s
        self.left = [[newest]] + [kept[k : k + size] for k in range(0, len(kept), size)]
        self.acknowledged = 0
        for part in self.left:
            for one in part:
                history.offered(index, one.taken_s, content_of(one))

    async def run(self, port: int) -> None:
        """Send everything until it is acknowledged."""
        while self.left:
            with suppress(OSError, EOFError, TimeoutError):
                await self._session(port)

    async def _session(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        codec = wire.Codec(self.told["terminal_id"], 2013)
        try:
            serial, frame = codec.frame(wire.AUTHENTICATE, self.told["auth_code"].encode())
            writer.write(frame)
            await self._until_answered(reader, codec, {serial})
            if len(self.left[0]) == 1 and self.left[0][0].taken_s == self.newest_s:
                serial, frame = codec.frame(wire.LOCATION, wire.location(self.left[0][0]))
                writer.write(frame)  # where it is now; only then is the rest late
                await self._until_answered(reader, codec, {serial})
                self._done(self.left[0])
            waiting: dict[int, list[wire.Report]] = {}
            todo = list(self.left)
            while todo or waiting:
                while todo and len(waiting) < WINDOW:
                    part = todo.pop(0)
                    single = len(part) == 1
                    body = wire.location(part[0]) if single else wire.batch(part)
                    serial, frame = codec.frame(wire.LOCATION if single else wire.BATCH, body)
                    waiting[serial] = part
                    writer.write(frame)
                for serial in await self._answers(reader, codec):
                    if (part := waiting.pop(serial, None)) is not None:
                        self._done(part)
        finally:
            writer.transport.abort()

    async def _until_answered(
        self, reader: asyncio.StreamReader, codec: wire.Codec, serials: set[int]
    ) -> None:
        while not serials & set(await self._answers(reader, codec)):
            pass

    async def _answers(self, reader: asyncio.StreamReader, codec: wire.Codec) -> list[int]:
        async with asyncio.timeout(QUIET_S):
            data = await reader.read(65_536)
        if not data:
            raise EOFError
        acks = [one.body for one in codec.feed(data) if one.id == wire.ACK_DOWN]
        return [int.from_bytes(body[:2], "big") for body in acks if not body[4]]

    def _done(self, part: list[wire.Report]) -> None:
        self.left.remove(part)
        self.acknowledged += len(part)
        for one in part:
            self.history.acknowledged(self.index, one.taken_s)


async def main(asked: argparse.Namespace) -> None:
    """Run until all is acknowledged."""
    plan = json.loads(asked.plan.read_text("utf-8"))["devices"][asked.skip :]
    each = -(-asked.fixes // len(plan))
    start_s = int(time.time()) - 900 - each * EVERY_S
    history = Writer(asked.history)
    devices = [Returning(asked.skip + k, told, start_s, each, history) for k, told in enumerate(plan)]
    sys.stdout.write(json.dumps({"offered": each * len(devices), "done": False}) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()  # all is made ready; now
    begun = time.monotonic()

    def tell(*, done: bool) -> None:
        total = sum(one.acknowledged for one in devices)
        figures = {"acknowledged": total, "offered": each * len(devices), "start_s": start_s, "each": each}
        sys.stdout.write(
            json.dumps(figures | {"seconds": round(time.monotonic() - begun, 2), "done": done}) + "\n"
        )
        sys.stdout.flush()

    running = asyncio.gather(*(one.run(asked.port) for one in devices))
    while not running.done():
        tell(done=False)
        await asyncio.wait({running}, timeout=0.5)
    await running
    tell(done=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("port", "fixes", "skip"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("plan", "history"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    asyncio.run(main(parser.parse_args()))
