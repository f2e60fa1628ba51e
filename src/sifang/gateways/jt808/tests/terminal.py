"""A terminal for tests: real sockets, and its own few lines of protocol."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

from sifang.gateways.jt808.decoder import decode_line
from sifang.gateways.jt808.frame import Header, encode_frame
from sifang.gateways.jt808.server import Jt808Server
from sifang.monitoring.intake.testing import FakeIntake, device_ref

NUMBER = "13853100001"
IMEI = "860000000000017"


def location(
    *, alarm=0, status=0xC0002, lat=36650781, lon=117113873, speed=0, time="261123081500", items=b""
):
    return (
        alarm.to_bytes(4, "big")
        + status.to_bytes(4, "big")
        + lat.to_bytes(4, "big")
        + lon.to_bytes(4, "big")
        + (42).to_bytes(2, "big")
        + speed.to_bytes(2, "big")
        + (90).to_bytes(2, "big")
        + bytes.fromhex(time)
        + items
    )


class Terminal:
    def __init__(self, reader, writer, number=NUMBER, layout="2013"):
        self.reader, self.writer, self.number, self.layout = reader, writer, number, layout
        self.serial = 0
        self._buffer = b""

    def frame(self, message_id, body=b"", **header):
        self.serial += 1
        return encode_frame(Header(message_id, self.layout, self.number, self.serial, **header), body)

    def send(self, message_id, body=b"", **header):
        self.writer.write(self.frame(message_id, body, **header))
        return self.serial

    async def hear(self, seconds=30.0):
        """The next message from the platform, as `decode` shows it."""
        async with asyncio.timeout(seconds):
            while True:
                start = self._buffer.find(b"\x7e")
                end = self._buffer.find(b"\x7e", start + 1)
                if start >= 0 and end > 0:
                    frame, self._buffer = self._buffer[start : end + 1], self._buffer[end + 1 :]
                    return decode_line(frame.hex())
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError
                self._buffer += data

    async def says_nothing(self, seconds=0.1):
        try:
            return f"said {await self.hear(seconds)}"
        except TimeoutError:
            return True

    async def hung_up(self, seconds=2.0):
        try:
            await self.hear(seconds)
        except (EOFError, ConnectionError):
            return True
        return False

    async def ask(self, message_id, body=b"", **header):
        self.send(message_id, body, **header)
        return await self.hear()

    async def register(self):
        if self.layout == "2019":
            rest = b"SIFAN".ljust(11, b"\0") + b"WB-1".ljust(30, b"\0") + b"WB1".ljust(30, b"\0")
        else:
            rest = b"SIFAN" + b"WB-1".ljust(20, b"\0") + b"WB00001"
        return await self.ask(0x0100, b"\0\x25\0\x66" + rest + b"\0WB00001")

    async def sign_in(self, code="A1B2C3D4", imei=IMEI):
        body = code.encode()
        if self.layout == "2019":
            body = bytes([len(body)]) + body + imei.encode() + b"1.0".ljust(20, b"\0")
        return (await self.ask(0x0102, body))["body"]["result"]


@asynccontextmanager
async def serving(intake=None, tls=None, **more):
    server = Jt808Server(intake or FakeIntake(device_ref(NUMBER)), **more)
    port = await server.start("127.0.0.1", 0, tls=tls)
    try:
        yield server, port
    finally:
        await server.close()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(port, tls=None, **more):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        yield Terminal(reader, writer, **more)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
