"""`python -m sifang_sim --config sim.json`: the devices of the demonstration city on real sockets.

Only the loopback interface is spoken to. Ends by SIGTERM, SIGINT or `--seconds`. What was sent is
remembered beside the configuration, so that a simulator started again does not tell the past anew.
"""

import argparse
import asyncio
import ipaddress
import json
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sifang_sim.device import Identity, Wristband
from sifang_sim.life import Area, Life, Places
from sifang_sim.memory import Memory
from sifang_sim.net import Net
from sifang_sim.noise import Noise
from sifang_sim.script import Director, Truth

BACKLOG_S = 480  # what each device brings along from before it could connect
KEPT_EVERY_S = 2.0


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="sifang-sim", description="Simulated wristbands over JT/T 808.")
    parser.add_argument("--config", type=Path, required=True, help="sim.json of the demonstration city")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--seconds", type=float, default=0, help="end after so long; 0 = until stopped")
    parser.add_argument("--truth", type=Path, help="where seeded events are written, one JSON line each")
    return parser.parse_args(argv)


def build(
    plan: dict[str, Any], net: Net, areas: dict[str, Area], *, interval_s: int, seed: int, now: float
) -> Wristband:
    """Make one device and its wearer from the configuration."""
    chance = random.Random(f"{seed}-{plan['terminal_id']}")
    places = Places(
        home=(plan["home"][0], plan["home"][1]),
        work=(plan["work"][0], plan["work"][1]),
        area=areas.get(plan["area_code"]),
        shunned=[((p["lon"], p["lat"]), p["radius_m"]) for p in plan.get("places", [])],
        curfew=bool(plan.get("curfew")),
    )
    fields = ("terminal_id", "auth_code", "imei", "iccid", "carrier", "maker", "model", "version")
    who = Identity(**{key: plan[key] for key in fields})
    life = Life(places, net, chance, now - BACKLOG_S)
    noise = Noise(chance, plan.get("accuracy_m", 8.0))
    band = Wristband(who, life, noise, interval_s=interval_s, strap_bit=plan.get("strap_bit", 17))
    band.state.battery_pct = chance.uniform(35, 100)
    return band


async def simulate(args: argparse.Namespace) -> int:
    """Run all devices until stopped."""
    config = json.loads(args.config.read_text(encoding="utf-8"))
    host, port = config["jt808"]["host"], int(config["jt808"]["port"])
    if not ipaddress.ip_address(host).is_loopback:
        sys.stderr.write(f"模拟器只连接本机回环地址，不连接 {host}。\n")
        return 2
    loop = asyncio.get_running_loop()
    net = Net.from_geojson(Path(config["net"]))
    now = time.time()
    director = Director(Truth(args.truth), loop.call_later)
    areas = {code: Area(rings) for code, rings in config.get("areas", {}).items()}
    memory = Memory(args.config.with_name(f"{args.config.stem}-sent.json"))
    bands, tasks = [], []
    for plan in config["devices"]:
        band = build(
            plan,
            net,
            areas,
            interval_s=config.get("interval_s", 10),
            seed=args.seed,
            now=now,
        )
        director.begin(band, plan, now, random.Random(f"{args.seed}-script-{plan['terminal_id']}"))
        phase = random.Random(plan["terminal_id"]).randrange(config.get("interval_s", 10))
        band.start_from(memory.begin(band, int(now) - BACKLOG_S + phase, int(now)))
        bands.append(band)
        tasks.append(asyncio.create_task(band.run(host, port, random.Random(plan["terminal_id"]))))
    tasks.append(asyncio.create_task(_remember(memory, bands)))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with asyncio.timeout(args.seconds or None):
            await stop.wait()
    except TimeoutError:
        pass
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    memory.keep(bands)
    return 0


async def _remember(memory: Memory, bands: Sequence[Wristband]) -> None:
    while True:
        await asyncio.sleep(KEPT_EVERY_S)
        memory.keep(bands)


def main(argv: list[str] | None = None) -> int:
    """Run the simulator."""
    return asyncio.run(simulate(arguments(argv)))
