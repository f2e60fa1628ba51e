"""A simulator started again goes on where the one before ended."""

import asyncio
import json
from datetime import datetime
from pathlib import Path

from sifang_sim import wire
from sifang_sim.main import arguments, simulate
from tests.sim.test_simulator import HOME, identity


class Ear:
    """A platform that signs in every device, acknowledges every position and notes when it was taken."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        codec = wire.Codec("1", 2013)
        try:
            while data := await reader.read(4096):
                for message in codec.feed(data):
                    self._note(message)
                    answer = message.serial.to_bytes(2, "big") + message.id.to_bytes(2, "big") + b"\0"
                    writer.write(codec.frame(wire.ACK_DOWN, answer)[1])
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _note(self, message: wire.Message) -> None:
        if message.id == wire.LOCATION:
            self.taken.append(_second(message.body))
        at = 3
        while message.id == wire.BATCH and at < len(message.body):
            size = int.from_bytes(message.body[at : at + 2], "big")
            self.taken.append(_second(message.body[at + 2 : at + 2 + size]))
            at += 2 + size


def _second(body: bytes) -> int:
    at = datetime.strptime(body[22:28].hex(), "%y%m%d%H%M%S").replace(tzinfo=wire.CHINA)
    return int(at.timestamp())


def test_a_simulator_started_again_does_not_tell_the_past_anew(tmp_path: Path) -> None:
    net = tmp_path / "net.geojson"
    net.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    config = tmp_path / "sim.json"

    async def play() -> tuple[list[int], list[int]]:
        ear = Ear()
        server = await asyncio.start_server(ear.serve, "127.0.0.1", 0)
        plan = vars(identity()) | {"home": HOME, "work": HOME, "area_code": "", "script": None}
        port = server.sockets[0].getsockname()[1]
        config.write_text(
            json.dumps({"jt808": {"host": "127.0.0.1", "port": port}, "net": str(net), "devices": [plan]})
        )
        told = []
        for _ in range(2):
            await simulate(arguments(["--config", str(config), "--seconds", "2"]))
            told.append(ear.taken.copy())
            ear.taken.clear()
        server.close()
        await asyncio.sleep(0.05)
        return told[0], told[1]

    first, again = asyncio.run(play())
    assert len(first) >= 40
    assert not again or min(again) > max(first)
    assert len(again) < 3
    # what was kept cannot be read: it starts as if for the first time
    (tmp_path / "sim-sent.json").write_text("[1")
    assert len(asyncio.run(play())[0]) >= 40
