"""The floor: a socket kept open, written to and read from in a loop, with no more of HTTP than that needs."""

from __future__ import annotations

import functools
import itertools
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from peer import (
    BIG,
    NETWORKS,
    SOCKET,
    TALKER,
    TLS,
    UPLOAD,
    WORKER,
    certificate,
    contained,
    each,
    received,
    serve,
    together,
)

API = "/v1.41"


class Raw:
    """One connection, over which requests go one after another."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = bytearray(256 * 1024)

    def ask(self, request: bytes) -> tuple[bytes, memoryview]:
        """Sends a request and gives the head of its answer, and what has come of its body; good until the next one."""
        self.connection.sendall(request)
        length = self.connection.recv_into(self.buffer)
        while (end := self.buffer.find(b"\r\n\r\n", 0, length)) < 0:
            length += self.connection.recv_into(memoryview(self.buffer)[length:])
        return bytes(self.buffer[:end]), memoryview(self.buffer)[end + 4 : length]

    def ping(self) -> None:
        head, body = self.ask(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and bytes(body) == b"OK"

    def get(self, target: str) -> bytes:
        """The whole body of an answer."""
        return self._whole(*self.ask(f"GET {API}{target} HTTP/1.1\r\nHost: docker\r\n\r\n".encode()))

    def post(self, target: str, body: bytes) -> bytes:
        """The whole body of an answer to a JSON body."""
        head = f"POST {API}{target} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
        return self._whole(*self.ask(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body))

    def _whole(self, head: bytes, body: memoryview) -> bytes:
        assert head.split(b" ", 2)[1] in (b"200", b"201", b"204"), head
        if head.split(b" ", 2)[1] == b"204":
            return b""
        came, fields = bytearray(body), head.lower()
        if b"transfer-encoding: chunked" not in fields:
            if (at := fields.find(b"content-length:")) < 0:  # an answer that ends with its connection
                while part := self.connection.recv(65536):
                    came += part
                return bytes(came)
            size = int(fields[at + 15 :].split(b"\r\n", 1)[0])
            while len(came) < size:
                came += self.connection.recv(size - len(came))
            return bytes(came)
        whole, at = bytearray(), 0
        while True:
            while (end := came.find(b"\r\n", at)) < 0:
                came += self.connection.recv(len(self.buffer))
            size = int(came[at:end], 16)
            while len(came) < end + size + 4:
                came += self.connection.recv(len(self.buffer))
            whole += came[end + 2 : end + 2 + size]
            at = end + size + 4
            if size == 0:
                return bytes(whole)


def over_unix() -> Raw:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    return Raw(connection)


def over_tls() -> Raw:
    context = ssl.create_default_context(cafile=certificate("ca.pem"))
    context.load_cert_chain(certificate("cert.pem"), certificate("key.pem"))
    host, port = TLS.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Raw(context.wrap_socket(connection, server_hostname=host))


@functools.cache
def unix() -> Raw:
    return over_unix()


@functools.cache
def tls() -> Raw:
    return over_tls()


def containers(limit: str) -> object:
    return json.loads(unix().get(f"/containers/json?all=true&limit={limit}"))


def export(_: str) -> None:
    """As HTTP/1.0: the body comes as it is, and ends with the connection."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    connection.sendall(f"GET {API}/containers/{BIG}/export HTTP/1.0\r\n\r\n".encode())
    buffer = bytearray(256 * 1024)
    with open(received(), "wb", buffering=0) as file:
        while length := connection.recv_into(buffer):
            file.write(memoryview(buffer)[:length])
    os.unlink(received())


def evidence(_: str) -> None:
    """The reads that evidence of the large container takes, into a file."""
    with open(received(), "wb", buffering=0) as file:
        for target in (f"{BIG}/archive?path=/big", f"{BIG}/export"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(SOCKET)
            connection.sendall(f"GET {API}/containers/{target} HTTP/1.0\r\n\r\n".encode())
            buffer = bytearray(256 * 1024)
            while length := connection.recv_into(buffer):
                file.write(memoryview(buffer)[:length])
    os.unlink(received())


def pause(suspect: str) -> None:
    unix().post(f"/containers/{suspect}/pause", b"")


def unpause(suspect: str) -> None:
    unix().post(f"/containers/{suspect}/unpause", b"")


def cut(suspect: str) -> None:
    """What isolating one has the engine do: pause, restart policy, networks."""
    pause(suspect)
    unix().post(f"/containers/{suspect}/update", b'{"RestartPolicy":{"Name":"no"}}')
    for network in NETWORKS:
        unix().post(f"/networks/{network}/disconnect", json.dumps({"Container": suspect}).encode())


def rejoin(suspect: str) -> None:
    for network in NETWORKS:
        unix().post(f"/networks/{network}/connect", json.dumps({"Container": suspect}).encode())
    unix().post(f"/containers/{suspect}/update", b'{"RestartPolicy":{"Name":"always"}}')
    unpause(suspect)


def audit(_: str) -> None:
    """The requests that a posture audit takes: lists, then an inspection of each thing; eight at a time."""
    lists = ["/version", "/info", "/networks", "/containers/json?all=true", "/images/json", "/volumes", "/plugins"]
    answers = side_by_side(lists)
    containers, images = answers[3], answers[4]
    ids = [image["Id"] for image in images]
    inspections = [f"/containers/{container['Id']}/json" for container in containers]
    side_by_side([*inspections, *(f"/images/{image}/{what}" for image in ids for what in ("json", "history"))])


def side_by_side(targets: list[str]) -> list[Any]:
    """Answers to many requests, in their order."""
    waiting = iter(list(enumerate(targets)))
    answers: list[Any] = [None] * len(targets)

    def work(raw: Raw) -> None:
        for at, target in waiting:
            answers[at] = json.loads(raw.get(target))

    threads = [threading.Thread(target=work, args=(raw,)) for raw in eight()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@functools.cache
def eight() -> list[Raw]:
    return [over_unix() for _ in range(8)]


def copy(_: str) -> None:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    head = f"PUT {API}/containers/{WORKER}/archive?path=/tmp HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Length: {os.path.getsize(UPLOAD)}\r\n\r\n".encode())
    with open(UPLOAD, "rb") as file:
        connection.sendfile(file)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def logs(_: str) -> None:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    connection.sendall(f"GET {API}/containers/{TALKER}/logs?stdout=true&stderr=true HTTP/1.0\r\n\r\n".encode())
    buffer = bytearray(256 * 1024)
    while connection.recv_into(buffer):
        pass


def run(_: str) -> None:
    """The three requests of an exec; asked again until the command is known to have ended."""
    raw, body = over_unix(), json.dumps({"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True}).encode()
    command = json.loads(raw.post(f"/containers/{WORKER}/exec", body))["Id"]
    over_unix().post(f"/exec/{command}/start", b'{"Detach":false,"Tty":false}')
    while (state := json.loads(raw.get(f"/exec/{command}/json")))["Running"]:
        time.sleep(0.001)
    assert state["ExitCode"] == 0


def connections(count: int, argument: str) -> list[float]:
    """Pings over so many sockets in turn, as calls through so many configurations are. Each was used once before."""
    several = [over_unix() for _ in range(int(argument))]
    for raw in several:
        raw.ping()
    seconds = []
    for raw in itertools.islice(itertools.cycle(several), count):
        began = time.perf_counter()
        raw.ping()
        seconds.append(time.perf_counter() - began)
    return seconds


def ping_of_a_thread() -> Callable[[], object]:
    return over_unix().ping


if __name__ == "__main__":
    serve(
        {
            "ping": each(lambda _: unix().ping()),
            "ping_tls": each(lambda _: tls().ping()),
            "list": each(containers),
            "threads": together(ping_of_a_thread),
            "export": each(export),
            "copy": each(copy),
            "logs": each(logs),
            "exec": each(run),
            "audit": each(audit),
            "evidence": each(evidence),
            "freeze": contained(pause, unpause),
            "isolate": contained(cut, rejoin),
            "configurations": connections,
        }
    )
