"""A proxy before the engine that notes each request before it passes it on, byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from support.listener import Listener

_Proxy = TypeVar("_Proxy", bound="RecordingProxy")


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def path(self) -> str:
        """The target's path as sent, without the API version."""
        return re.sub(r"^/v1[.][0-9]+(?=/)", "", urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's values, decoded; of several the last."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, True).items()}


def is_look_for_isolation(target: str) -> bool:
    """Whether a request only looks for isolated containers, which comes before what could undo an isolation."""
    return "/volumes?filters=" in target and "fortisoar.isolation" in target


class RecordingProxy:
    """Listens on a unix socket of its own and relays to the engine's."""

    def __init__(self, engine: str) -> None:
        self.requests: list[Request] = []
        self._engine = engine
        self._folder = tempfile.mkdtemp(prefix="recording-proxy-")
        self.socket = os.path.join(self._folder, "docker.sock")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.socket)
        listening.listen()
        self._listener = Listener(listening, self._serve)

    def __enter__(self: _Proxy) -> _Proxy:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Takes no further connection."""
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def calls(self) -> list[Request]:
        """The requests but for those that only ask which API version to speak."""
        return [request for request in self.requests if request.target != "/_ping"]

    @property
    def connections(self) -> int:
        """How many there were."""
        return self._listener.accepted

    def passes(self, request: Request) -> bool:
        """Whether a request goes through; if not, the connection ends."""
        return True

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._engine)
            answers = threading.Thread(target=_pump, args=(engine, client), daemon=True)
            answers.start()
            with suppress(OSError):
                self._pass_requests_on(client, engine)
            _half_close(engine)
            answers.join()

    def _pass_requests_on(self, client: socket.socket, engine: socket.socket) -> None:
        with client.makefile("rb") as reader:
            upgraded = False
            while not upgraded and (head := read_head(reader)):
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                headers = headers_of(head)
                sent, body = read_body(reader, headers)
                request = Request(method, target, headers, body)
                self.requests.append(request)
                if not self.passes(request):
                    client.shutdown(socket.SHUT_RDWR)
                    return
                engine.sendall(head + sent)
                upgraded = "upgrade" in headers
            while chunk := reader.read1(65536):
                engine.sendall(chunk)


def read_head(reader: BufferedReader) -> bytes:
    """The request line and the headers, with the empty line; nothing at the end."""
    lines = []
    while line := reader.readline():
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def headers_of(head: bytes) -> dict[str, str]:
    """The headers, by their names in lower case."""
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def read_body(reader: BufferedReader, headers: dict[str, str]) -> tuple[bytes, bytes]:
    """The body as it is sent, and what it says."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        body = reader.read(int(headers.get("content-length", "0")))
        return body, body
    sent = body = b""
    while True:
        line = reader.readline()
        chunk = reader.read(int(line.split(b";")[0], 16) + 2)
        sent += line + chunk
        body += chunk[:-2]
        if len(chunk) == 2:
            return sent, body


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    _half_close(target)


def _half_close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_WR)
