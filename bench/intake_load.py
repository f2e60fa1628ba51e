"""The load of the bench of the intake, a process of its own: terminals that walk, one frame in flight each.

Frames are built before the clock starts: distinct times (10 s apart) and places (a walk round the home at
1.4 m/s, noise of some metres). Words on the standard input: `build FROM SECONDS`, `connect PORT sign|plain`,
`run SECONDS`, `leave`, `quit`; each is answered by one line of JSON. One frame per segment: the next is
written when the answer to the last has come (Nagle is off).
"""
# ruff: noqa: ANN001, ANN201, ANN204

import asyncio
import json
import math
import re
import resource
import struct
import sys
import time
from pathlib import Path

import numpy as np
import uvloop

# one 0x0200 of 2013 with two items, before the escapes
FRAME = np.dtype(
    [
        ("id", ">u2"), ("size", ">u2"), ("phone", "u1", 6), ("serial", ">u2"), ("alarm", ">u4"),
        ("status", ">u4"), ("lat", ">u4"), ("lon", ">u4"), ("altitude", ">u2"), ("speed", ">u2"),
        ("course", ">u2"), ("time", "u1", 6), ("items", "u1", 5), ("satellites", "u1"), ("checksum", "u1"),
    ]
)  # fmt: skip
STEP_S, SPEED_MS, ROUND_M = 10, 1.4, 250.0
MOST_FRAMES = 200


def frame(message_id, number, serial, body):
    data = struct.pack(">HH", message_id, len(body)) + bytes.fromhex(number.rjust(12, "0"))
    data += struct.pack(">H", serial) + body
    folded = 0
    for byte in data:
        folded ^= byte
    data += bytes((folded,))
    return b"~" + data.replace(b"}", b"}\x01").replace(b"~", b"}\x02") + b"~"


def bcd(second):
    return bytes.fromhex(time.strftime("%y%m%d%H%M%S", time.gmtime(second + 8 * 3600)))


class Terminal(asyncio.Protocol):
    __slots__ = ("at", "codes", "frames", "home", "laps", "load", "number", "sent", "transport", "write")

    def __init__(self, load, number, home):
        self.load, self.number, self.home = load, number, home
        self.frames, self.at, self.sent, self.laps = [], 0, 0.0, []
        self.transport = None

    def build(self, first_s, count, chance, times):
        """Frames of `count` fixes, built as columns: the load has few processor seconds to spare."""
        lon, lat = self.home
        angle = (
            chance.uniform(0, 2 * math.pi)
            + (first_s // STEP_S + np.arange(count)) * STEP_S * SPEED_MS / ROUND_M
        )
        east = ROUND_M * np.cos(angle) + chance.normal(0, 4, count)
        north = ROUND_M * np.sin(angle) + chance.normal(0, 4, count)
        rows = np.zeros(count, FRAME)
        rows["id"], rows["size"], rows["serial"] = 0x0200, FRAME.itemsize - 13, np.arange(count) + 3
        rows["phone"] = np.frombuffer(bytes.fromhex(self.number.rjust(12, "0")), np.uint8)
        rows["status"], rows["altitude"], rows["speed"] = 0xC0003, 60, 50
        rows["lat"] = np.round((lat + north / 111_200) * 1e6)
        rows["lon"] = np.round((lon + east / (111_320 * math.cos(math.radians(lat)))) * 1e6)
        rows["course"] = np.round(np.degrees(-angle)) % 360
        rows["time"], rows["items"] = times, np.frombuffer(b"\x30\x01\x1c\x31\x01", np.uint8)
        rows["satellites"] = chance.integers(7, 15, count)
        data = rows.view(np.uint8).reshape(count, -1)
        data[:, -1] = np.bitwise_xor.reduce(data[:, :-1], axis=1)
        whole, size = rows.tobytes(), FRAME.itemsize
        self.frames = [
            b"~" + whole[k : k + size].replace(b"}", b"}\x01").replace(b"~", b"}\x02") + b"~"
            for k in range(0, len(whole), size)
        ]
        self.at, self.laps = 0, []

    def connection_made(self, transport):
        self.transport, self.write = transport, transport.write

    def connection_lost(self, _exc):
        self.load.gone += self.load.is_running

    def sign_in(self):
        body = b"\0\x25\0\x66SFDEM" + b"SF-W1".ljust(20, b"\0") + b"W000001\0W000001"
        self.write(frame(0x0100, self.number, 1, body))

    def data_received(self, data):
        load = self.load
        if not load.is_running:
            load.heard(self, data)
            return
        now = time.perf_counter()
        self.laps.append(now - self.sent)
        load.answers += data.count(b"~") >> 1
        at = self.at
        if now < load.until and at < len(self.frames):
            self.sent = now
            self.write(self.frames[at])
            self.at = at + 1
        else:
            load.left -= 1


class Load:
    def __init__(self, plan):
        self.terminals = [Terminal(self, one["terminal_id"], one["home"]) for one in plan["devices"]]
        self.is_running, self.until, self.answers, self.left, self.gone = False, 0.0, 0, 0, 0
        self.registered = self.authenticated = 0
        self.signed = asyncio.Event()

    def build(self, first_s, seconds):
        count = min(MOST_FRAMES, int(seconds * 80_000 / len(self.terminals)) + 20)
        chance = np.random.default_rng(first_s)
        times = np.array([list(bcd(first_s + k * STEP_S)) for k in range(count)], np.uint8)
        for terminal in self.terminals:
            terminal.build(first_s, count, chance, times)
        return {"next_s": first_s + count * STEP_S}

    async def connect(self, port, mode):
        loop = asyncio.get_running_loop()
        self.registered = self.authenticated = 0
        self.signed.clear()
        for start in range(0, len(self.terminals), 200):
            part = self.terminals[start : start + 200]
            await asyncio.gather(*(loop.create_connection(lambda t=t: t, "127.0.0.1", port) for t in part))
            if mode == "sign":
                for terminal in part:
                    terminal.sign_in()
        if mode == "sign":
            await asyncio.wait_for(self.signed.wait(), 60)
        return {"registered": self.registered, "authenticated": self.authenticated}

    def heard(self, terminal, data):
        """The answers of the sign-in: 0x8100 with the code, then 0x8001."""
        from sifang.gateways.jt808.decoder import decode_line

        for part in re.findall(rb"~[^~]+~", data):
            told = decode_line(part.hex())
            if told["message_id"] == "8100" and told["body"]["result"] == 0:
                self.registered += 1
                terminal.write(frame(0x0102, terminal.number, 2, told["body"]["code"].encode()))
            elif told["message_id"] == "8001" and told["body"]["result"] == 0:
                self.authenticated += 1
        if self.authenticated == len(self.terminals):
            self.signed.set()

    async def run(self, seconds):
        self.answers = self.gone = 0
        self.left = len(self.terminals)
        began, cpu = time.perf_counter(), time.process_time()
        self.until, self.is_running = began + seconds, True
        for terminal in self.terminals:
            terminal.laps.clear()
            terminal.sent = time.perf_counter()
            terminal.write(terminal.frames[0])
            terminal.at = 1
        while self.left > self.gone and time.perf_counter() < self.until + 10:  # noqa: ASYNC110 (the clock is the load's)
            await asyncio.sleep(0.01)
        wall, self.is_running = time.perf_counter() - began, False
        laps = sorted(lap for terminal in self.terminals for lap in terminal.laps)
        return {
            "offered": sum(terminal.at for terminal in self.terminals),
            "answered": self.answers,
            "ran_dry": sum(terminal.at >= len(terminal.frames) for terminal in self.terminals),
            "gone": self.gone,
            "wall_s": wall,
            "cpu_s": time.process_time() - cpu,
            "p50_ms": round(1000 * laps[len(laps) // 2], 1),
            "p99_ms": round(1000 * laps[len(laps) * 99 // 100], 1),
        }

    async def leave(self):
        for terminal in self.terminals:
            terminal.transport.close()
        await asyncio.sleep(0.3)
        return {}


async def obey(load):
    loop = asyncio.get_running_loop()
    while True:
        words = (await loop.run_in_executor(None, sys.stdin.readline)).split()
        if not words or words[0] == "quit":
            return
        if words[0] == "build":
            told = load.build(int(words[1]), float(words[2]))
        elif words[0] == "connect":
            told = await load.connect(int(words[1]), words[2])
        elif words[0] == "run":
            told = await load.run(float(words[1]))
        else:
            told = await load.leave()
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvloop.run(obey(Load(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
