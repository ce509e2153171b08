"""An engine's stand-in that notes each request and answers as an engine would whose containers are all well.

For what no engine here can do, and for parameters that are newer than it. What the engine does with a request is for
the tests on real engines.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socket
import socketserver
import tarfile
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, TypeVar

from support.recording_proxy import Request

_Recorder = TypeVar("_Recorder", bound="Recorder")

ID = "0123456789ab" + 52 * "0"
# Of every container that is looked at, whatever its name.
CONTAINER_ID = "c0ffee" + 58 * "1"
SERVICE_ID = "5e41ce" + 19 * "1"
NODE_ID = "40de" + 21 * "1"
IMAGE_ID = f"sha256:{ID}"


def tar(files: Mapping[str, str] = {"file": "text"}) -> bytes:
    """A tar with small files: names with texts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Answer(NamedTuple):
    """A status, a body (JSON, unless it is text or bytes), and further headers."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}


class Recorder:
    """Listens on a unix socket of its own.

    `answers` maps such as `GET /info`, without API version and query, to what is answered in place of the usual.
    """

    def __init__(self, api_version: str, answers: Mapping[str, Answer]) -> None:
        self.requests: list[Request] = []
        self._api_version = api_version
        self._answers = answers
        self._is_paused = False
        self._folder = tempfile.mkdtemp(prefix="recorder-")
        self.socket = os.path.join(self._folder, "docker.sock")
        recorder = self

        class Handler(_Handler):
            def answer(self) -> None:
                request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.body())
                recorder.requests.append(request)
                if self.send(recorder.answer_to(request)):
                    self.close_connection = True
                    self.wfile.flush()
                    with suppress(OSError):
                        recorder.take_leave(self.connection)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (the base class names them)

        self._server = _Server(self.socket, Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self: _Recorder) -> _Recorder:
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def take_leave(self, connection: socket.socket) -> None:
        """Ends a connection that was taken over. Closed with input unread, it would be a reset to the other side."""
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65536):
            pass

    def answer_to(self, request: Request) -> Answer:
        """What is answered: by the case, else as usual."""
        what = f"{request.method} {request.path}"
        if what in ("GET /_ping", "HEAD /_ping"):
            return Answer(200, "OK", {"Api-Version": self._api_version})
        if what == "POST /volumes/create" and what not in self._answers:
            return Answer(201, json.loads(request.body))
        if re.fullmatch(r"POST /containers/[^/]+/(un)?pause", what):
            self._is_paused = what.endswith("/pause")
        # A container that was looked at is acted on by its full id: the same container for a case.
        names = {what, *(what.replace(CONTAINER_ID, name) for name in ("web", "db"))}
        if answer := next((self._answers[name] for name in names if name in self._answers), None):
            return _inspection(answer, self._is_paused) if re.fullmatch(r"GET /containers/[^/]+/json", what) else answer
        usual = (answer for pattern, answer in _USUAL if re.fullmatch(pattern, what))
        return next(usual, Answer(200, {}) if request.method == "GET" else Answer(204))


def _inspection(answer: Answer, is_paused: bool) -> Answer:
    """The same with what every inspection has, so that a case may say only what matters to it.

    Whether the container is paused follows from the requests, unless the case says it.
    """
    if answer.status != 200 or not isinstance(answer.body, dict):
        return answer
    body = {"Id": CONTAINER_ID, "Name": "/web", "Config": {}, **answer.body}
    if is_paused and body.get("State", {}).get("Running") is True:
        body["State"] = {"Paused": True, **body["State"]}
    return answer._replace(body=body)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one go

    def body(self) -> bytes:
        """The request's body, whole."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def send(self, answer: Answer) -> bool:
        """Sends an answer; whether the connection is taken over now."""
        takes_over = self.headers.get("Upgrade") is not None
        body = answer.body if isinstance(answer.body, bytes) else _text(answer.body).encode()
        self.send_response(101 if takes_over else answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if takes_over:
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "tcp")
        elif answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return takes_over

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _lines(*progress: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\r\n" for line in progress)


_STATE = {
    "Status": "running",
    "Running": True,
    "Paused": False,
    "Pid": 1,
    "ExitCode": 0,
    "Health": {"Status": "healthy"},
}
_CONTAINER = {
    "Id": CONTAINER_ID,
    "Name": "/web",
    "Image": IMAGE_ID,
    "State": _STATE,
    "Config": {"Image": "app:1", "Tty": False, "Labels": {}},
    "HostConfig": {"NetworkMode": "default", "LogConfig": {"Type": "json-file"}, "RestartPolicy": {"Name": "no"}},
    "NetworkSettings": {"Networks": {}},
    "Mounts": [],
}
_SERVICE = {
    "ID": SERVICE_ID,
    "Version": {"Index": 7},
    "Spec": {
        "Name": "web",
        "Labels": {"a": "1"},
        "TaskTemplate": {"ContainerSpec": {"Image": "app:1"}, "ForceUpdate": 0},
        "Mode": {"Replicated": {"Replicas": 2}},
    },
}
_NODE = {
    "ID": NODE_ID,
    "Version": {"Index": 7},
    "Spec": {"Labels": {"a": "1"}, "Role": "manager", "Availability": "active"},
    "Status": {"State": "ready"},
}
_SWARM = {
    "ID": "5a4",
    "Version": {"Index": 7},
    "Spec": {
        "Name": "default",
        "Labels": {"a": "1"},
        "Orchestration": {"TaskHistoryRetentionLimit": 5},
        "Raft": {"SnapshotInterval": 10000, "LogEntriesForSlowFollowers": 500},
        "CAConfig": {"NodeCertExpiry": 7776000000000000},
    },
    "JoinTokens": {"Worker": "SWMTKN-1-worker", "Manager": "SWMTKN-1-manager"},
}
_PATH_STAT = {
    "X-Docker-Container-Path-Stat": base64.b64encode(
        json.dumps({"name": "file", "size": 4, "mode": 420, "mtime": "2024-01-02T03:04:05Z", "linkTarget": ""}).encode()
    ).decode()
}
_PLUGIN = {"Id": ID, "Name": "app:1", "Enabled": False, "PluginReference": "r:5000/app:1"}
_PRIVILEGE = {"Name": "mount", "Description": "host path to mount", "Value": ["/data"]}
_STREAM = {"Content-Type": "application/vnd.docker.raw-stream"}
_TAR = {"Content-Type": "application/x-tar"}

# What an operation needs to go on; the first that matches counts.
_USUAL = [
    (r"POST /containers/[^/]+/exec", Answer(201, {"Id": ID})),
    (r"POST /(containers|networks|volumes)/create|POST /commit", Answer(201, {"Id": ID, "Name": "it", "Warnings": []})),
    (r"POST /containers/[^/]+/wait", Answer(200, {"StatusCode": 0})),
    (r"POST /containers/[^/]+/update", Answer(200, {"Warnings": []})),
    (
        r"POST /exec/[^/]+/start|POST /containers/[^/]+/attach|GET /(containers|services|tasks)/[^/]+/logs",
        Answer(200, b"", _STREAM),
    ),
    (
        r"GET /exec/[^/]+/json",
        Answer(200, {"ID": ID, "ContainerID": CONTAINER_ID, "Running": False, "ExitCode": 0, "Pid": 1}),
    ),
    (r"GET /containers/json|GET /containers/[^/]+/changes", Answer(200, [])),
    (r"GET /containers/[^/]+/json", Answer(200, _CONTAINER)),
    (r"(HEAD|GET) /containers/[^/]+/archive", Answer(200, tar(), {**_TAR, **_PATH_STAT})),
    (r"GET /containers/[^/]+/export|GET /images(/.+)?/get", Answer(200, tar(), _TAR)),
    (r"GET /images/json|GET /images/search|GET /images/.+/history", Answer(200, [])),
    (r"GET /images/.+/json", Answer(200, {"Id": IMAGE_ID, "RepoTags": ["app:1"], "RepoDigests": [f"app@{IMAGE_ID}"]})),
    (r"POST /images/create", Answer(200, _lines({"status": "Status: Image is up to date for app:1"}))),
    (r"POST /images/load", Answer(200, _lines({"stream": "Loaded image: app:1\n"}))),
    (r"POST /images/.+/push", Answer(200, _lines({"aux": {"Tag": "1", "Digest": IMAGE_ID, "Size": 4}}))),
    (r"POST /build", Answer(200, _lines({"aux": {"ID": IMAGE_ID}}, {"stream": f"Successfully built {ID[:12]}\n"}))),
    (r"DELETE /images/.+", Answer(200, [{"Deleted": IMAGE_ID}])),
    (r"POST /.+/prune", Answer(200, {"SpaceReclaimed": 0})),
    (r"GET /networks|GET /plugins", Answer(200, [])),
    (r"GET /plugins/privileges", Answer(200, [_PRIVILEGE])),
    (r"GET /plugins/.+/json", Answer(200, _PLUGIN)),
    (r"POST /plugins/(pull|.+/upgrade)", Answer(200, _lines({"status": f"Digest: {IMAGE_ID}"}))),
    (r"POST /plugins/.+/push", Answer(200, _lines({"aux": {"Tag": "1", "Digest": IMAGE_ID, "Size": 4}}))),
    (r"GET /events", Answer(200, b"")),
    (r"GET /nodes", Answer(200, [])),
    (r"GET /nodes/[^/]+", Answer(200, _NODE)),
    (r"GET /swarm", Answer(200, _SWARM)),
    (r"POST /swarm/init", Answer(200, json.dumps(NODE_ID))),
    (r"GET /(services|tasks)", Answer(200, [])),
    (r"GET /services/[^/]+", Answer(200, _SERVICE)),
    (r"POST /services/[^/]+/update", Answer(200, {"Warnings": None})),
    (r"POST /services/create", Answer(201, {"ID": SERVICE_ID})),
]
