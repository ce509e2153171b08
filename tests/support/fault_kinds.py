"""Kinds of operations that faults are made for: how each is called, and how to see what it did."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support import engine as private
from support.second_engine import SecondEngine
from support.session import module

# Seconds, of the operations that have a bound of their own.
TIMEOUT = 5
# Codes that say that nothing was done: docs/errors.md.
NOTHING_DONE = {"unreachable", "tls", "rate_limited", "forbidden", "unauthorized", "not_found", "invalid_parameters"}
LAST_LINE = "a line 300\n"
TEXT = "".join(f"line {number}\n" for number in range(20_000))


class Target:
    """A container of the engine that all operations are for."""

    def __init__(self, engine: SecondEngine) -> None:
        self.engine = engine
        script = "mkdir -p /marks /in; yes some text | head -c 2000000 > /file"
        script += "; for i in $(seq 300); do echo a line $i; done; exec sleep 600"
        host = {"Init": True, "NetworkMode": "none", "RestartPolicy": {"Name": "always"}}
        body = {"Image": private.IMAGE, "Cmd": ["sh", "-c", script], "HostConfig": host}
        self.id: str = engine.api("POST", "/containers/create", body)["Id"]
        engine.api("POST", f"/containers/{self.id}/start")
        until(lambda: LAST_LINE in self.log())

    def log(self) -> str:
        """All that it wrote so far."""
        with private.connection(self.engine.socket) as way:
            way.request("GET", f"/containers/{self.id}/logs?stdout=1")
            raw, text = way.getresponse().read(), b""
        while raw:
            length = int.from_bytes(raw[4:8], "big")
            text, raw = text + raw[8 : 8 + length], raw[8 + length :]
        return text.decode()

    def file(self, path: str) -> bytes | None:
        """The contents of a file of it."""
        with private.connection(self.engine.socket) as way:
            way.request("GET", f"/containers/{self.id}/archive?path={path}")
            answer = way.getresponse()
            raw = answer.read()
            if answer.status == 404:
                return None
            assert answer.status == 200, f"the engine does not give {path}: {answer.status} {raw.decode()}"
            with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
                reader = archive.extractfile(archive.next() or "")
                return None if reader is None else reader.read()

    def seen(self) -> str:
        """What the container sees where marks are, what the engine copies from there, and how often it was started."""
        state = self.engine.api("GET", f"/containers/{self.id}/json")
        made = self.engine.api(
            "POST", f"/containers/{self.id}/exec", {"AttachStdout": True, "Tty": True, "Cmd": ["ls", "-la", "/marks"]}
        )
        with private.connection(self.engine.socket) as way:
            way.request("POST", f"/exec/{made['Id']}/start", '{"Tty": true}', {"Content-Type": "application/json"})
            inside = way.getresponse().read(4000).decode("utf-8", "replace")
        with private.connection(self.engine.socket) as way:
            way.request("GET", f"/containers/{self.id}/archive?path=/marks")
            with tarfile.open(fileobj=io.BytesIO(way.getresponse().read())) as archive:
                copied = archive.getnames()
        told = (state["State"], state["RestartCount"], state["GraphDriver"])
        return f"{told}; inside {inside}; copied {copied}"


@dataclass(frozen=True)
class Kind:
    """A kind of operation: how it is called, which of its requests a fault is for, and what to look at afterwards."""

    name: str
    operation: str
    requests: str
    params: Callable[[Target, str], dict[str, Any]]
    verify: Callable[[Target, str, Any, str], Iterator[str]]


def _read(target: Target, _: str, result: Any, code: str) -> Iterator[str]:
    if code == "done" and result["Id"] != target.id:
        yield "the answer is another's"


def _write(target: Target, mark: str, _: Any, code: str) -> Iterator[str]:
    filters = f'{{"label":["mark={mark}"]}}'
    made = len(target.engine.api("GET", f"/containers/json?all=1&filters={filters}"))
    yield from _once("container", made, code)


def _command(target: Target, mark: str, result: Any, code: str) -> Iterator[str]:
    times = (target.file(f"/marks/{mark}") or b"").count(b"x")
    yield from _once("command", times, code)
    if code == "done" and times != 1:  # seen in whole runs only, and never understood: this is what to look at
        yield f"its container: {target.seen()}"
    if code == "done" and not (result["exit_code"] == 0 and (result["stdout"] == "out\n" or result["truncated"])):
        yield "output or exit code is lost, and nothing says so"


def _once(what: str, times: int, code: str) -> Iterator[str]:
    if times > 1:
        yield f"{what}: {times} times"
    if code == "done" and times != 1:
        yield f"{what}: done, it says, {times} times"
    if code in NOTHING_DONE and times:
        yield f"{what}: done, though {code} says that nothing was"


def _stream(target: Target, _: str, result: Any, code: str) -> Iterator[str]:
    if code in ("done", "timed out") and not target.log().startswith(result["stdout"]):
        yield "the output is not what the container wrote"
    if code == "done" and len(result["stdout"]) < 300 * 10:
        yield "output is lost, and nothing says so"


def _file(target: Target, _: str, result: Any, code: str) -> Iterator[str]:
    if code == "done":
        contents = target.file("/file") or b""
        if hashlib.sha256(contents).hexdigest() != result["sha256"]:
            yield "the file is not what it was"
        if module("services").read(result["@id"]) != contents:
            yield "the attachment is not what it was"


def _upload(target: Target, mark: str, _: Any, code: str) -> Iterator[str]:
    there = target.file(f"/in/{mark}")
    if code == "done" and there != TEXT.encode():
        yield "the file is not what was sent"
    if code in NOTHING_DONE and there is not None:
        yield f"there is a file, though {code} says that nothing was done"


KINDS = (
    Kind("read", "inspect_container", "GET /containers/[^/]+/json", lambda t, _: {"id": t.id}, _read),
    Kind(
        "write",
        "create_container",
        "POST /containers/create",
        lambda _, mark: {"image": private.IMAGE, "additional_fields": {"Labels": {"mark": mark}}},
        _write,
    ),
    Kind(
        "command",
        "exec_container",
        "POST /exec/[^/]+/start",
        lambda t, mark: {
            "id": t.id,
            "Cmd": ["sh", "-c", f"echo x >> /marks/{mark} && echo out"],
            "timeout": TIMEOUT,
        },
        _command,
    ),
    Kind("stream", "container_logs", "GET /containers/[^/]+/logs", lambda t, _: {"id": t.id, "stdout": True}, _stream),
    Kind(
        "file",
        "copy_from_container",
        "GET /containers/[^/]+/archive",
        lambda t, _: {"id": t.id, "path": "/file", "unpack": True, "timeout": TIMEOUT},
        _file,
    ),
    Kind(
        "upload",
        "copy_to_container",
        "PUT /containers/[^/]+/archive",
        lambda t, mark: {
            "id": t.id,
            "input": "Text",
            "value": TEXT,
            "path": "/in",
            "filename": mark,
            "timeout": TIMEOUT,
        },
        _upload,
    ),
)


def until(condition: Callable[[], bool]) -> None:
    """Waits for it."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "what was waited for does not come"
        time.sleep(0.05)
