"""A server that gives the answers that a real engine does not give on demand."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A status, a body (JSON, unless it is a text), and further headers."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = {}


class ScriptedServer:
    """Listens on a free port of the loopback address.

    The script maps such as `GET /info`, without API version and query, to an answer. What is not in it is not found.
    With `tls`, it speaks that.
    """

    def __init__(
        self, script: Mapping[str, Answer], api_version: str = "1.41", tls: ssl.SSLContext | None = None
    ) -> None:
        ping = Answer(200, "OK", {"Api-Version": api_version, "Content-Type": "text/plain"})
        script = {"GET /_ping": ping, "HEAD /_ping": ping, **script}
        seen: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one go

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                request = f"{self.command} {re.sub(r'^/v1[.][0-9]+(?=/)', '', self.path).partition('?')[0]}"
                seen.append(request)
                answer = script.get(request, Answer(404, {"message": "page not found"}))
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text.encode())

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 (the base class names them)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.seen = seen
        self._server = _Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            # The handshake is its thread's, so that one client does not hold the others up.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust us, is no fault of ours."""
