"""Serves the figures on 127.0.0.1 for Prometheus: `/metrics`, nothing else, in threads of the guard."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sifang.ops.metrics import CONTENT_TYPE, render

BIND = "127.0.0.1"
PATIENCE_S = 5


def serve(port: int, facts: Callable[[], dict[str, Any]]) -> ThreadingHTTPServer:
    """Listen on the loopback address in a thread; port 0 takes a free one. Raises OSError."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S
        server_version, sys_version = "sifang", ""

        def do_GET(self) -> None:
            if self.path.split("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = render(facts()).encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name it has there)
            del format, args  # a scrape is no event

    server = ThreadingHTTPServer((BIND, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
