"""A TCP proxy before an engine that does one thing wrong to one kind of request."""

from __future__ import annotations

import ctypes
import re
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from io import BufferedReader
from typing import Any, NamedTuple

from support.listener import Listener
from support.recording_proxy import headers_of, read_body, read_head


class Fault(NamedTuple):
    """What is done wrong, at every time or only at the first."""

    what: str
    once: bool = False
    status: int = 0
    body: str = ""
    content_type: str = "application/json"


class FaultProxy:
    """Listens on a free port of the loopback address. `requests` tells which ones the fault is for, as `METHOD path`.

    What the proxy itself answers, and what it breaks off before it passes it on, never reaches the engine.
    """

    def __init__(self, engine: str, requests: str, fault: Fault | None, tls: ssl.SSLContext | None = None) -> None:
        self.seen = 0
        self.tls = tls
        self._engine, self._requests, self._fault = engine, re.compile(requests), fault
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self._listener = Listener(socket.create_server(("127.0.0.1", 0)), self._serve, self._refuses)
        self.address = self._listener.address

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.close()
        self.hang_up()

    def heal(self) -> None:
        """From here on, all goes well."""
        self._fault = None

    def hang_up(self) -> None:
        """Ends the connections that there are."""
        for connection in self._connections:
            connection.end()

    def _refuses(self, client: socket.socket) -> bool:
        fault = self._fault
        if not fault or fault.what != "reset on accept" or (fault.once and self._listener.accepted > 1):
            return False
        _reset(client)
        client.close()
        return True

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as engine:
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
            engine.connect(self._engine)
            connection = _Connection(client, engine)
            self._connections.append(connection)
            connection.serve(self)
        with suppress(OSError):
            client.close()

    def fault_for(self, request: str) -> Fault | None:
        """What is to be done wrong to this request. Counts it."""
        if not self._requests.fullmatch(request):
            return None
        with self._lock:
            self.seen += 1
            return None if self._fault and self._fault.once and self.seen > 1 else self._fault


class _Connection:
    """One client's connection, and that to the engine which belongs to it."""

    def __init__(self, client: socket.socket, engine: socket.socket) -> None:
        self._client, self._engine = client, engine
        self._answers: Fault | None = None  # what is done wrong to answers

    def end(self) -> None:
        for one in (self._client, self._engine):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve(self, proxy: FaultProxy) -> None:
        """Until one side has enough."""
        answers = threading.Thread(target=self._pass_answers_back, daemon=True)
        answers.start()
        with self._client.makefile("rb") as reader:
            while head := read_head(reader):
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                path = re.sub(r"^/v1[.][0-9]+(?=/)", "", target.partition("?")[0])
                if not self._pass_on(head, reader, proxy.fault_for(f"{method} {path}")):
                    break
        with suppress(OSError):
            self._engine.shutdown(socket.SHUT_WR)
        answers.join()

    def _pass_on(self, head: bytes, reader: BufferedReader, fault: Fault | None) -> bool:
        """Deals with one request; whether the connection goes on."""
        if fault is not None and fault.what == "reset during":
            _reset(self._client)
            return False
        sent, _ = read_body(reader, headers_of(head))
        if fault is not None:
            if fault.what == "status":
                text = fault.body.encode()
                says = f"HTTP/1.1 {fault.status} No\r\nContent-Type: {fault.content_type}\r\n"
                self._client.sendall(f"{says}Content-Length: {len(text)}\r\n\r\n".encode() + text)
                return True
            if fault.what == "silence":
                reader.read(1)
                return False
            if fault.what == "latency":
                time.sleep(1)
            self._answers = fault
        self._engine.sendall(head + sent)
        return True

    def _pass_answers_back(self) -> None:
        with suppress(OSError):
            head, head_is_through = b"", False
            while chunk := self._engine.recv(65536):
                what = self._answers.what if self._answers else ""
                if what == "reset after":
                    _reset(self._client)
                    return
                if what in ("trickle", "slow"):
                    size = 1 if what == "trickle" else 65536
                    for at in range(0, len(chunk), size):
                        self._client.sendall(chunk[at : at + size])
                        time.sleep(0.2)
                elif what == "cut" and not head_is_through:
                    head += chunk  # its last line may come by itself
                    _, found, body = head.partition(b"\r\n\r\n")
                    head_is_through = bool(found)
                    self._client.sendall(chunk[: len(chunk) - len(body[5:])])
                    if len(body) > 5:
                        break
                elif what == "cut":
                    self._client.sendall(chunk[:5])
                    break
                else:
                    self._client.sendall(chunk)
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)


def _reset(client: socket.socket) -> None:
    """Ends a connection rudely, also where others still hold the socket: connecting it to nowhere aborts it."""
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    ctypes.CDLL(None).connect(client.fileno(), nowhere, len(nowhere))
