"""A server that reads each request whole, and answers what a test makes of it."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

from support.listener import Listener


class Replying(ABC):
    """Listens on a free port of the loopback address, from `with` to its end."""

    def __init__(self) -> None:
        self._listener = Listener(socket.create_server(("127.0.0.1", 0)), self._serve)
        self.address = self._listener.address

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.close()

    @abstractmethod
    def answer(self, request: str) -> bytes:
        """The answer to a request: its line, headers and body, of which a chunked one is put together."""

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), client.makefile("rb") as reader:
            while line := reader.readline():
                lines, body = [line], b""
                length, is_chunked = 0, False
                while (line := reader.readline()) not in (b"\r\n", b""):
                    lines.append(line)
                    name, _, value = line.lower().partition(b":")
                    length = int(value) if name == b"content-length" else length
                    is_chunked |= name == b"transfer-encoding"
                while is_chunked and (size := int(reader.readline(), 16)):
                    body += reader.read(size)
                    reader.readline()
                if is_chunked:
                    reader.readline()
                client.sendall(self.answer((b"".join(lines) + body + reader.read(length)).decode("utf-8", "replace")))


def http(status: int, body: str, kind: str = "application/json") -> bytes:
    """A whole answer."""
    content = body.encode()
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
