"""The devices of the city bench, a process of its own: each says where it is every `--every` seconds.

Reads the plan of the demonstration city (who, code, home). Frames are built when they are sent; the time in
them is the present second. Ends after `--seconds` and prints one JSON line: for every fix the terminal, the
second it carries, when it was written and when its answer came (Unix seconds of this machine).
"""
# ruff: noqa: ANN001, ANN201, ANN204

import argparse
import asyncio
import json
import random
import sys
import time
from pathlib import Path

import uvloop

from sifang_sim import wire

AT_ONCE = 100


class Device(asyncio.Protocol):
    def __init__(self, plan, chance):
        self.plan, self.chance = plan, chance
        self.codec = wire.Codec(plan["terminal_id"], plan["version"])
        self.sent, self.fixes, self.signed = {}, [], asyncio.Event()
        self.refused = 0

    def connection_made(self, transport):
        self.transport = transport
        body = wire.authenticate(self.plan["version"], self.plan["auth_code"], self.plan["imei"])
        self.first, frame = self.codec.frame(wire.AUTHENTICATE, body)
        transport.write(frame)

    def data_received(self, data):
        now = time.time()
        for message in self.codec.feed(data):
            if message.id != wire.ACK_DOWN:
                continue
            serial, result = int.from_bytes(message.body[:2], "big"), message.body[4]
            if serial == self.first and not self.signed.is_set():
                self.refused += result != 0
                self.signed.set()
            elif serial in self.sent:
                taken_s, at = self.sent.pop(serial)
                self.fixes.append([self.plan["terminal_id"], taken_s, at, now])

    def say(self):
        now = time.time()
        lon, lat = self.plan["home"]
        report = wire.Report(
            int(now), round(lon + self.chance.gauss(0, 5e-5), 6), round(lat + self.chance.gauss(0, 4e-5), 6),
            battery_pct=80, satellites=10,
        )  # fmt: skip
        serial, frame = self.codec.frame(wire.LOCATION, wire.location(report))
        self.sent[serial] = (report.taken_s, now)
        self.transport.write(frame)


async def speak(device, every_s, phase_s, until):
    await asyncio.sleep(phase_s)
    due = time.monotonic()
    while due < until:
        device.say()
        due += every_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def run(asked):
    plans = json.loads(asked.plan.read_text("utf-8"))["devices"]
    loop, devices = asyncio.get_running_loop(), []
    for start in range(0, len(plans), AT_ONCE):
        part = [Device(plan, random.Random(plan["terminal_id"])) for plan in plans[start : start + AT_ONCE]]
        await asyncio.gather(*(loop.create_connection(lambda d=d: d, "127.0.0.1", asked.port) for d in part))
        await asyncio.gather(*(asyncio.wait_for(device.signed.wait(), 30) for device in part))
        devices += part
    print(json.dumps({"signed_in": len(devices), "refused": sum(d.refused for d in devices)}), flush=True)
    until = time.monotonic() + asked.seconds
    phase = asked.every / len(devices)
    await asyncio.gather(*(speak(d, asked.every, k * phase, until) for k, d in enumerate(devices)))
    await asyncio.sleep(2)
    fixes = [fix for device in devices for fix in device.fixes]
    print(json.dumps({"unanswered": sum(len(d.sent) for d in devices), "fixes": fixes}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, required=True)
    uvloop.run(run(parser.parse_args()))
    sys.exit(0)
