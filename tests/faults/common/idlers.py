"""`python -m tests.faults.common.idlers`: connections that say nothing, or half a frame, for as long as told.

Opens `--connections` to `--port` of loopback and holds them. Prints one JSON line each half second: how many
were opened, are open now, were closed by the other side. Ends with its standard input.
"""

import argparse
import asyncio
import json
import socket
import sys

AT_ONCE = 100
HALF_A_FRAME = bytes.fromhex("7e0200003c")


class Idler(asyncio.Protocol):
    """Counts; every fourth begins a frame that it never ends."""

    open_now = opened = closed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Idler.opened += 1
        Idler.open_now += 1
        if Idler.opened % 4 == 0 and isinstance(transport, asyncio.WriteTransport):
            transport.write(HALF_A_FRAME)

    def connection_lost(self, exc: Exception | None) -> None:
        Idler.open_now -= 1
        Idler.closed += 1


async def hold(port: int, connections: int, first: int) -> None:
    """Open all, a hundred at once, then wait."""
    loop = asyncio.get_running_loop()
    failed = 0

    async def one(number: int) -> None:
        nonlocal failed
        # a loopback address for every ten thousand: each has its own ephemeral ports
        where = (f"127.0.0.{2 + number // 10_000}", 0)
        try:
            async with asyncio.timeout(20):
                await loop.create_connection(
                    Idler, "127.0.0.1", port, local_addr=where, family=socket.AF_INET
                )
        except OSError:
            failed += 1

    def tell(*, done: bool) -> None:
        figures = {"opened": Idler.opened, "open": Idler.open_now, "closed": Idler.closed}
        sys.stdout.write(json.dumps(figures | {"failed": failed, "done": done}) + "\n")
        sys.stdout.flush()

    for start in range(0, connections, AT_ONCE):
        await asyncio.gather(*(one(first + k) for k in range(start, min(start + AT_ONCE, connections))))
        tell(done=False)
    while True:
        tell(done=True)
        await asyncio.sleep(0.5)


async def main(asked: argparse.Namespace) -> None:
    """Hold until standard input ends."""
    holding = asyncio.create_task(hold(asked.port, asked.connections, asked.first))
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({holding, ended}, return_when=asyncio.FIRST_COMPLETED)
    holding.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("port", "connections", "first"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asyncio.run(main(parser.parse_args()))
