"""The private engine, reached without the connector: to arrange what a test needs, and to look at what it did."""

from __future__ import annotations

import http.client
import json
import socket
import time
import unittest
import uuid
from contextlib import AbstractContextManager, closing
from typing import Any

from support.session import given

SOCKET = given("ENGINE_SOCKET")
IMAGE = given("ENGINE_IMAGE")


class RefusedError(AssertionError):
    """The engine answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connection(path: str) -> AbstractContextManager[http.client.HTTPConnection]:
    """A connection to an engine's socket."""
    return closing(_UnixConnection(path))


def api(method: str, path: str, body: Any = None, *, socket: str = SOCKET) -> Any:
    """Docker's answer: its JSON, or None where it answers nothing."""
    with connection(socket) as way:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        way.request(method, path, None if body is None else json.dumps(body), headers)
        response = way.getresponse()
        text = response.read().decode()
    if response.status >= 400:
        raise RefusedError(response.status, text)
    return json.loads(text) if response.headers.get_content_type() == "application/json" else None


def pause(name: str) -> None:
    """Pauses a container. On a busy machine the kernel may need longer than runc waits: "unable to freeze"."""
    for left in (4, 3, 2, 1, 0):
        try:
            api("POST", f"/containers/{name}/pause")
        except RefusedError as refused:
            if "unable to freeze" not in str(refused) or not left:
                raise
            time.sleep(1)
        else:
            return


def api_version() -> str:
    """The newest version of the API that the engine speaks."""
    return str(api("GET", "/version")["ApiVersion"])


def is_podman() -> bool:
    """Whether the engine is Podman."""
    return "Podman" in str(api("GET", "/version").get("Components"))


def unique(what: str) -> str:
    """A name that no other test has."""
    return f"fsr-test-{what}-{uuid.uuid4().hex[:12]}"


def container(test: unittest.TestCase, *command: str, start: bool = True, **config: Any) -> str:
    """A container of the test's own, running `sleep` unless told otherwise. Answers its name."""
    name = unique("container")
    host = {"Init": True}  # so that signals end it at once
    api(
        "POST",
        f"/containers/create?name={name}",
        {"Image": IMAGE, "Cmd": list(command or ("sleep", "600")), "HostConfig": host, **config},
    )
    test.addCleanup(remove, f"/containers/{name}?force=1&v=1")
    if start:
        api("POST", f"/containers/{name}/start")
    return name


def network(test: unittest.TestCase) -> str:
    """A network of the test's own. Answers its name."""
    name = unique("network")
    api("POST", "/networks/create", {"Name": name})
    test.addCleanup(remove, f"/networks/{name}")
    return name


def remove(path: str) -> None:
    """Removes what may be gone already."""
    try:
        api("DELETE", path)
    except RefusedError as refusal:
        if refusal.status != 404:
            raise


def state(name: str) -> dict[str, Any]:
    """A container's state."""
    found: dict[str, Any] = api("GET", f"/containers/{name}/json")["State"]
    return found
