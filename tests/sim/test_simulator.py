"""The simulator: frames that are true to the standard, lives that keep the law unless seeded otherwise."""

import asyncio
import json
import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sifang_sim import wire
from sifang_sim.device import Identity, Wristband
from sifang_sim.life import DAY_S, Area, Life, Places, crossing
from sifang_sim.main import build
from sifang_sim.net import Net, closed, inside, metres, offset
from sifang_sim.noise import Noise
from sifang_sim.script import Director, Truth

HOME = (117.0, 36.65)
SQUARE = [[offset(HOME, x, y) for x, y in ((-9e3, -9e3), (9e3, -9e3), (9e3, 9e3), (-9e3, 9e3), (-9e3, -9e3))]]
MONDAY_SIX = 1_795_384_800 - 1_795_384_800 % DAY_S + 4 * DAY_S - 8 * 3600 + 6 * 3600  # a morning in Shanghai


def grid() -> Net:
    points = {(i, j): offset(HOME, i * 1500, j * 1500) for i in range(-8, 9) for j in range(-8, 9)}
    edges = [
        (points[i, j], points[i + di, j + dj], 11.0)
        for i, j in points
        for di, dj in ((1, 0), (0, 1))
        if (i + di, j + dj) in points
    ]
    return Net(edges)


def identity(version: int = 2013) -> Identity:
    return Identity(
        "013853100001", "CODE01", "861234567890123", "89860000000000000001", "甲", "SIFAN", "WB-1", version
    )


def test_the_frame_of_the_reference_note_is_made_byte_for_byte() -> None:
    codec = wire.Codec("13853100001", 2013, serial=6)
    body = bytes.fromhex("0003020000")
    assert codec.frame(0x8001, body)[1].hex() == "7e8001000501385310000100060003020000f87e"


def test_a_frame_comes_back_as_the_message_it_was() -> None:
    for version in (2013, 2019):
        sender, hearer = wire.Codec("13853100001", version), wire.Codec("1", version)
        _, frame = sender.frame(wire.TEXT, b"\x7e\x7d\x01\x02")
        heard = list(hearer.feed(b"noise" + frame[:7])) + list(hearer.feed(frame[7:]))
        assert [(m.id, m.body) for m in heard] == [(wire.TEXT, b"\x7e\x7d\x01\x02")]


@pytest.mark.parametrize("seed", range(6))
def test_ordinary_life_never_leaves_the_area_nor_enters_a_prohibited_place(seed: int) -> None:
    shunned = [(offset(HOME, 2500, 2500), 300.0)]
    places = Places(HOME, offset(HOME, 3000, -2000), Area(SQUARE), shunned)
    life = Life(places, grid(), random.Random(seed), MONDAY_SIX)
    for second in range(MONDAY_SIX, MONDAY_SIX + DAY_S, 10):
        here, _, _ = life.at(second)
        assert inside(here, closed(SQUARE))
        assert metres(here, shunned[0][0]) > shunned[0][1]


@pytest.mark.parametrize("seed", range(6))
def test_who_has_a_curfew_is_at_home_at_night(seed: int) -> None:
    places = Places(HOME, offset(HOME, 3000, -2000), Area(SQUARE), curfew=True)
    life = Life(places, grid(), random.Random(seed), MONDAY_SIX)
    far = [
        metres(life.at(second)[0], HOME)
        for second in range(MONDAY_SIX, MONDAY_SIX + 2 * DAY_S, 30)
        if not 6 <= ((second + 8 * 3600) % DAY_S) / 3600 < 22
    ]
    assert far
    assert max(far) < 60


def test_a_seeded_crossing_passes_the_line_at_its_second_and_goes_well_beyond() -> None:
    line_at = offset(HOME, 9_000, 0)
    life = Life(Places(HOME, HOME, Area(SQUARE)), grid(), random.Random(1), MONDAY_SIX)
    cross = MONDAY_SIX + 1_000.0
    start, legs = crossing(HOME, line_at, cross)
    life.trip(start, *legs)
    assert metres(life.at(cross)[0], line_at) < 20
    assert metres(life.at(cross + 300)[0], line_at) > 1_500
    assert not inside(life.at(cross + 300)[0], closed(SQUARE))


def test_the_noise_holds_its_68_percent_and_remembers() -> None:
    noise = Noise(random.Random(5), accuracy_m=8.0)
    errors = [metres(HOME, noise.apply(HOME, second)[0]) for second in range(0, 400_000, 10)]
    within = sum(e <= 8.0 for e in errors) / len(errors)
    assert 0.64 < within < 0.71
    steps = [abs(a - b) for a, b in pairwise(errors)]
    assert sorted(steps)[len(steps) // 2] < 3.0


def test_what_is_not_acknowledged_is_sent_again_after_the_link_breaks() -> None:
    """A server that signs in, hears two reports, answers nothing and hangs up hears them again."""
    seen: list[list[int]] = []
    replayed, served = asyncio.Event(), asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard: list[int] = []
        seen.append(heard)
        try:
            await hear(reader, writer, heard)
        finally:
            writer.close()
            served.release()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[int]) -> None:
        codec = wire.Codec("1", 2013)
        while data := await reader.read(4096):
            for message in codec.feed(data):
                if message.id == wire.AUTHENTICATE:
                    answer = message.serial.to_bytes(2, "big") + b"\x01\x02\x00"
                    writer.write(codec.frame(wire.ACK_DOWN, answer)[1])
                if message.id == wire.BATCH:
                    heard.append(int.from_bytes(message.body[:2], "big"))
                    if len(seen) == 1:
                        return
                    replayed.set()

    async def play() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        life = Life(Places(HOME, HOME), Net([]), random.Random(1), time.time() - 60)
        band = Wristband(identity(), life, Noise(random.Random(2)))
        band.start_from(int(time.time()) - 60)
        task = asyncio.create_task(band.run("127.0.0.1", port, random.Random(3)))
        async with asyncio.timeout(20):
            await replayed.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for _ in seen:
            await served.acquire()
        server.close()
        await server.wait_closed()

    asyncio.run(play())
    assert seen[0][0] == 6
    assert sum(seen[1]) >= 6


def test_it_refuses_to_speak_to_anything_but_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sifang_sim.main import main

    config = tmp_path / "sim.json"
    config.write_text(json.dumps({"jt808": {"host": "192.0.2.1", "port": 1}, "net": "", "devices": []}))
    assert main(["--config", str(config)]) == 2
    assert "回环" in capsys.readouterr().err


SCRIPTS: dict[str, dict[str, Any]] = {
    "boundary": {"boundary_hint": list(offset(HOME, 9_000, 0))},
    "place": {"places": [{"name": "某处", "lon": HOME[0] + 0.02, "lat": HOME[1], "radius_m": 150.0}]},
    **{kind: {} for kind in ("strap", "sos", "battery", "silent", "outage")},
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_a_script_seeds_stands_in_the_truth_file_and_happens(kind: str, tmp_path: Path) -> None:
    """Run the calls that the director arranges in the order of their delays; watch what the band notices."""
    now = float(MONDAY_SIX)
    arranged: list[tuple[float, Any]] = []
    truth = tmp_path / "truth.jsonl"
    plan: dict[str, Any] = {
        **dict.fromkeys(("terminal_id", "auth_code", "imei", "iccid", "carrier", "maker", "model"), "1"),
        "version": 2013,
        "home": list(HOME),
        "work": list(HOME),
        "area_code": "x",
        "script": kind,
        **SCRIPTS[kind],
    }
    band = build(plan, Net([]), {"x": Area(SQUARE)}, interval_s=10, seed=1, now=now)
    director = Director(Truth(truth), lambda delay, call: arranged.append((delay, call)))
    director.begin(band, plan, now, random.Random(1))
    noticed: list[str] = []
    full = band.state.battery_pct
    for delay, call in sorted(arranged, key=lambda pair: pair[0]):
        call()
        if band.state.strap_open:
            noticed.append("strap")
        if band.state.sos:
            noticed.append("sos")
        if band.state.unreachable_until > now + delay:
            noticed.append("silent" if band.state.dead else "outage")
    for second in range(int(now), int(now) + 240, 10):
        band.observe(second)
        here, _, _ = band.life.at(second)
        if not inside(here, closed(SQUARE)):
            noticed.append("boundary")
        if "places" in plan and metres(here, (HOME[0] + 0.02, HOME[1])) < 150:
            noticed.append("place")
    if full < 16:
        noticed.append("battery")
    assert kind in noticed
    assert [json.loads(line)["kind"] for line in truth.read_text().splitlines()] == [kind]
