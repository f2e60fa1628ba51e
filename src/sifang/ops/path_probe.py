"""The two questions of the guard: does a frame come back acknowledged, does the database commit.

The frame is a JT/T 808 heartbeat of the terminal number 0, which no device can have: gateway, event loop,
worker thread and a flushed commit have to work before it is answered. Nothing is stored of it.
"""

import socket
import ssl
from contextlib import suppress
from typing import Any

import psycopg

from sifang.gateways.jt808.frame import Header, encode_frame
from sifang.ops import databases
from sifang.ops.runtime import reachable
from sifang.ops.settings import Settings

ANSWER_S = 15.0
HEARTBEAT, ANSWER, MARK = 0x0002, bytes.fromhex("8001"), b"\x7e"
RESULT_AT = 16  # twelve bytes of header, serial and id of what is answered; none of them is ever escaped
FRAME = encode_frame(Header(HEARTBEAT, "2013", "0", 1), b"")


def path_answers(settings: Settings, timeout_s: float = ANSWER_S) -> bool:
    """Whether the probe was acknowledged, which the watch does only after a commit."""
    with suppress(OSError):
        address = (reachable(settings.bind), settings.jt808_port)
        with socket.create_connection(address, timeout=timeout_s) as plain:
            plain.settimeout(timeout_s)
            with _secured(plain) if settings.jt808_tls_cert else plain as connection:
                connection.sendall(FRAME)
                return _is_acknowledged(connection)
    return False


def _secured(plain: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # our own port on this machine
    return context.wrap_socket(plain)


def _is_acknowledged(connection: socket.socket) -> bool:
    heard = b""
    while heard.count(MARK) < 2 and len(heard) < 256:  # noqa: PLR2004 (begin and end of the one answer)
        data = connection.recv(256)
        if not data:
            return False
        heard += data
    frame = heard[heard.index(MARK) + 1 :]
    return frame.startswith(ANSWER) and frame[RESULT_AT] == 0


class DatabaseEye:
    """One connection as role jobs; asks whether a commit gets through, and what waits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: psycopg.Connection[Any] | None = None

    def answers(self) -> bool:
        """Whether an empty transaction of the kind of a journal block commits within five seconds."""
        return self._ask("SELECT sifang_path_probe()") is not None

    def backlog(self) -> dict[str, Any] | None:
        """Return what waits; None when the database does not say."""
        return self._ask("SELECT sifang_backlog()")  # type: ignore[no-any-return]

    def counts(self) -> dict[str, Any] | None:
        """Return what the database has counted; None when it does not say."""
        return self._ask("SELECT sifang_counts()")  # type: ignore[no-any-return]

    def _ask(self, question: str) -> Any:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    databases.url_of(self._settings, "jobs"),
                    connect_timeout=5,
                    application_name="sifang guard",
                    options="-c statement_timeout=5s",
                    tcp_user_timeout=10_000,
                )
            with self._connection.transaction():
                row = self._connection.execute(question.encode()).fetchone()
        except Exception:  # noqa: BLE001 (whatever it is: it does not answer)
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None
        return row[0] if row else None
