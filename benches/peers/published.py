"""How the connector published as `docker` 1.0.0 works: `requests` with a new connection for each call, JSON decoded,
binary bodies held in memory as base64.

It has no unix sockets; here it is given them, as docker-py has them for `requests`, so that all do the same work.
"""

from __future__ import annotations

import base64
import os
from typing import Any

import requests
from docker.transport import UnixHTTPAdapter

from peer import BIG, SOCKET, TALKER, TLS, UPLOAD, WORKER, certificate, each, received, serve, together

PAIR = (certificate("cert.pem"), certificate("key.pem"))


def call(method: str, target: str, **more: Any) -> Any:
    """The JSON of an answer, or its text; a binary body as base64."""
    with requests.Session() as session:
        session.mount("http+docker://", UnixHTTPAdapter(f"http+unix://{SOCKET}"))
        answer = session.request(method, f"http+docker://localhost/v1.41{target}", timeout=600, **more)
    answer.raise_for_status()
    kind = answer.headers.get("Content-Type", "")
    if kind == "application/json":
        return answer.json()
    if kind in ("application/octet-stream", "application/x-tar"):
        return base64.b64encode(answer.content).decode()
    return answer.text


def ping_tls(_: str) -> None:
    ca = certificate("ca.pem")
    assert requests.get(f"https://{TLS}/_ping", cert=PAIR, verify=ca, timeout=60).text == "OK"


def export(_: str) -> None:
    with open(received(), "wb") as file:
        file.write(base64.b64decode(call("GET", f"/containers/{BIG}/export")))
    os.unlink(received())


def copy(_: str) -> None:
    with open(UPLOAD, "rb") as file:
        contents = file.read()
    call("PUT", f"/containers/{WORKER}/archive", params={"path": "/tmp"}, data=contents)  # noqa: S108


def logs(_: str) -> None:
    assert call("GET", f"/containers/{TALKER}/logs", params={"stdout": True, "stderr": True})


def run(_: str) -> None:
    create = {"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True}
    command = call("POST", f"/containers/{WORKER}/exec", json=create)["Id"]
    call("POST", f"/exec/{command}/start", json={"Detach": False, "Tty": False})
    while (state := call("GET", f"/exec/{command}/json"))["Running"]:
        pass
    assert state["ExitCode"] == 0


if __name__ == "__main__":
    serve(
        {
            "ping": each(lambda _: call("GET", "/_ping")),
            "ping_tls": each(ping_tls),
            "list": each(lambda limit: call("GET", "/containers/json", params={"all": "true", "limit": limit})),
            "threads": together(lambda: lambda: call("GET", "/_ping")),
            "export": each(export),
            "copy": each(copy),
            "logs": each(logs),
            "exec": each(run),
        }
    )
