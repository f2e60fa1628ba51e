"""A client for the devices' HTTP port, for tests: one request, one answer."""

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager

from sifang.monitoring.intake.http import DeviceHttpServer


@asynccontextmanager
async def serving(intake, routes, **more):
    server = DeviceHttpServer(intake, routes, **more)
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.close()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def request(target, method="GET", body=b"", **headers):
    lines = [f"{method} {target} HTTP/1.1", "Host: t", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def hear(self, seconds=2.0):
        async with asyncio.timeout(seconds):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await self.reader.readexactly(length)
        return int(head.split()[1]), json.loads(body)

    async def ask(self, *arguments, **more):
        self.writer.write(request(*arguments, **more))
        return await self.hear()

    async def hung_up(self, seconds=2.0):
        async with asyncio.timeout(seconds):
            return await self.reader.read() == b""
