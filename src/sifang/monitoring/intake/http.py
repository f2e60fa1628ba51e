"""HTTP for trackers: a small asyncio server on httptools, with bounds, that answers when told to.

What each path means is the gateways' business; they share this one port (SIFANG_DEVICE_HTTP_PORT). A
request is answered after the commit, in the order of the requests of a connection. Headers, address and
body are bounded; who does not complete a request in time is hung up.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

import httptools
import orjson

from sifang.kernel.log import get_logger
from sifang.monitoring.intake.http_request import Request
from sifang.monitoring.intake.session import Intake

log = get_logger("gateways")
Reply = Callable[[int, object], None]
"""`reply(status, JSON value)`, called exactly once, now or after the commit."""
Handler = Callable[[Request, Reply], None]
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class HttpLimits:
    """Bounds. Seconds, bytes, counts."""

    connections: int = 4000
    body: int = 64 * 1024
    head: int = 16 * 1024  # address and headers together
    pipelined: int = 16
    complete_s: float = 20.0
    idle_s: float = 120.0
    sweep_s: float = 2.0


class DeviceHttpServer:
    """Serves the paths of several gateways on one port."""

    def __init__(
        self,
        intake: Intake,
        routes: Mapping[str, Handler],
        *,
        limits: HttpLimits | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.intake, self.limits, self.clock = intake, limits or HttpLimits(), clock
        self.routes = dict(routes)
        self.connections: set[HttpConnection] = set()
        self.under_pressure = False
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> int:
        """Listen; return the port (of `port` 0 the one that was free)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpConnection(self), host, port, ssl=tls, backlog=1024
        )
        self._sweeper = asyncio.create_task(self._sweep())
        self.intake.watch_pressure(self._pressure)
        bound: int = self._server.sockets[0].getsockname()[1]
        log.info("device_http_listening", port=bound, paths=sorted(self.routes))
        return bound

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        for connection in list(self.connections):
            connection.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            for connection in list(self.connections):
                connection.sweep(self.clock())

    def _pressure(self, stop: bool) -> None:
        self.under_pressure = stop
        for connection in list(self.connections):
            connection.pause_for_pressure(stop=stop)

    def dispatch(self, request: Request, reply: Reply) -> None:
        """Hand a request to the gateway of its path."""
        handler = self.routes.get(request.path.rstrip("/") or "/")
        if handler is None:
            reply(404, {"error": "not_found", "detail": "no gateway at this path"})
        elif request.method not in {"GET", "POST"}:
            reply(405, {"error": "bad_method", "detail": "GET or POST"})
        else:
            handler(request, reply)


@dataclass(slots=True)
class _Slot:
    """One answer of a connection, in the order of its requests."""

    keep_alive: bool
    data: bytes | None = None


class HttpConnection(asyncio.Protocol):
    """One connection: httptools calls the `on_…` methods while it is fed."""

    def __init__(self, server: DeviceHttpServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._slots: deque[_Slot] = deque()
        self._since = server.clock()
        self._begun = False
        self._ending = False
        self._pressed = self._full = self._unread = self._paused = False
        self._clear()

    def _clear(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._head = 0

    # ---- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio.Transport
        stream: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport = stream
        if len(self._server.connections) >= self._server.limits.connections:
            stream.abort()
            return
        self._server.connections.add(self)
        if self._server.under_pressure:
            self.pause_for_pressure(stop=True)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "no upgrade here")
        except httptools.HttpParserError:
            self._refuse(400, "not HTTP")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def sweep(self, now: float) -> None:
        """Hang up who is idle, or does not complete a request; waiting for the commit is neither."""
        limits = self._server.limits
        if not self._slots and now - self._since > (limits.complete_s if self._begun else limits.idle_s):
            self.close()

    def pause_writing(self) -> None:
        self._unread = True
        self._set_reading()

    def resume_writing(self) -> None:
        self._unread = False
        self._set_reading()

    def pause_for_pressure(self, *, stop: bool) -> None:
        self._pressed = stop
        self._set_reading()

    def _set_reading(self) -> None:
        pause = self._pressed or self._full or self._unread
        if self._transport is None or self._transport.is_closing() or pause == self._paused:
            return
        self._paused = pause
        (self._transport.pause_reading if pause else self._transport.resume_reading)()

    # ---- the parser

    def on_message_begin(self) -> None:
        self._begun, self._since = True, self._server.clock()
        self._clear()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > self._server.limits.head and not self._ending:
            self._refuse(431, "address and headers are too long")

    def on_body(self, body: bytes) -> None:
        if self._ending:
            return
        self._body += body
        if len(self._body) > self._server.limits.body:
            self._refuse(413, "body is too long")

    def on_message_complete(self) -> None:
        if self._ending:
            return
        self._begun = False
        keep_alive = bool(self._parser.should_keep_alive())
        method = self._parser.get_method().decode("latin-1")
        target = self._url.decode("latin-1")
        slot = _Slot(keep_alive)
        self._slots.append(slot)
        self._full = len(self._slots) >= self._server.limits.pipelined
        self._set_reading()
        if len(self._slots) > 4 * self._server.limits.pipelined:
            self._refuse(400, "too many requests at once")
            return
        request = Request(method, target, self._headers, bytes(self._body))
        self._server.dispatch(request, lambda status, value: self._answer(slot, status, value))

    # ---- answers

    def _refuse(self, status: int, detail: str) -> None:
        """Answer what cannot be a request, and hang up behind it."""
        self._ending = True
        slot = _Slot(keep_alive=False)
        self._slots.append(slot)
        self._answer(slot, status, {"error": "bad_frame", "detail": detail})

    def _answer(self, slot: _Slot, status: int, value: object) -> None:
        if slot.data is not None:
            return
        slot.data = response(status, value, keep_alive=slot.keep_alive)
        while self._slots and self._slots[0].data is not None:
            first = self._slots.popleft()
            if self._transport is None or self._transport.is_closing():
                return
            self._transport.write(first.data or b"")
            self._since = self._server.clock()
            if not first.keep_alive:
                self._transport.close()
                return
        self._full = len(self._slots) >= self._server.limits.pipelined
        self._set_reading()


def response(status: int, value: object, *, keep_alive: bool) -> bytes:
    """Return the bytes of an HTTP/1.1 answer with a JSON body."""
    body = orjson.dumps(value)
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    if status == 401:  # noqa: PLR2004 (HTTP's own number)
        lines.append('WWW-Authenticate: Basic realm="sifang"')
    if status == 503:  # noqa: PLR2004 (HTTP's own number)
        lines.append("Retry-After: 5")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
