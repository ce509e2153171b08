"""A server that misbehaves below HTTP: it resets, falls silent, dribbles, and never ends."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from support.listener import Listener

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"

Answer = Callable[[socket.socket], None]


def says(answer: bytes, close: bool = False) -> Answer:
    """Answers with these bytes, as they are."""

    def answering(client: socket.socket) -> None:
        client.sendall(answer)
        if close:
            raise GoneError

    return answering


def ok(body: str = "{}") -> Answer:
    """A success, with JSON."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return says((head + body).encode())


def refuses(status: int, **headers: str) -> Answer:
    """A status, with the engine's kind of words."""
    body = f'{{"message": "status {status}"}}'
    further = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\n{further}Content-Length: {len(body)}\r\n\r\n"
    return says((head + body).encode())


def hangs_up(_: socket.socket) -> None:
    """Ends the connection without a word."""
    raise GoneError


def resets(client: socket.socket) -> None:
    """Ends the connection, and rudely."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise GoneError


def is_silent(client: socket.socket) -> None:
    """Keeps the connection and says nothing."""
    with suppress(OSError):
        client.recv(1)


def dribbles(begin: bytes, again: bytes, pause: float) -> Answer:
    """Begins, and goes on so without an end."""

    def answering(client: socket.socket) -> None:
        client.sendall(begin)
        while True:
            time.sleep(pause)
            client.sendall(again)

    return answering


class GoneError(Exception):
    """The server ends the connection."""


class RawServer:
    """Listens on a free port of the loopback address, unless another is named.

    Gives each request but for `/_ping` the next of its answers; the last serves for all that follow.
    """

    def __init__(self, *answers: Answer, ping: Answer | None = None, at: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.seen: list[str] = []
        self.times: list[float] = []
        self._answers: Sequence[Answer] = answers
        self._ping = ping or says(PING)
        self._lock = threading.Lock()
        self._clients: list[socket.socket] = []
        self._listener = Listener(socket.create_server(at), self._serve)
        self.address = self._listener.address

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends every connection, as a server does that has had enough of idle ones."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    @property
    def connections(self) -> int:
        """How many there were."""
        return self._listener.accepted

    def _serve(self, client: socket.socket) -> None:
        self._clients.append(client)
        with client, suppress(OSError, GoneError):
            for method, target in _requests(client):
                if target == "/_ping":
                    self._ping(client)
                    continue
                with self._lock:
                    answer = self._answers[min(len(self.seen), len(self._answers) - 1)]
                    self.seen.append(f"{method} {re.sub('^/v1[.][0-9]+', '', target)}")
                    self.times.append(time.monotonic())
                answer(client)


def _requests(client: socket.socket) -> Iterator[tuple[str, str]]:
    with client.makefile("rb") as reader:
        while line := reader.readline():
            method, target, _ = line.decode().split(" ")
            length = 0
            while (header := reader.readline().decode()) not in ("\r\n", ""):
                name, _, value = header.partition(":")
                length = int(value) if name.lower() == "content-length" else length
            reader.read(length)
            yield method, target
