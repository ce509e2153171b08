"""Every fault by every kind of operation, through the package, on a real engine: what came of it, and what it broke.

`tests/reliability.py` makes `docs/reliability.md` of it, and `test_faults.py` compares.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from support import engine as private
from support.configurations import CERTIFICATES, Config, over_http, over_tls
from support.fault_proxy import Fault, FaultProxy
from support.second_engine import SecondEngine
from support.session import CONNECTOR, ConnectorError, module

# Seconds: of the configuration, and of the operations that have a bound of their own.
TIMEOUT, STREAM_TIMEOUT = 5, 5
TRIES = 3
HUNG = 20
# Codes that say that nothing was done: docs/errors.md.
NOTHING_DONE = {"unreachable", "tls", "rate_limited", "forbidden", "unauthorised", "not_found", "invalid_parameters"}
LAST_LINE = "a line 300\n"
TEXT = "".join(f"line {number}\n" for number in range(20_000))


@dataclass(frozen=True)
class Cell:
    """What came of one operation under one fault."""

    outcome: str
    tries: int
    seconds: float
    broken: list[str] = field(default_factory=list)  # promises

    @property
    def told(self) -> str:
        """Outcome and tries, without the time, which wanders."""
        return f"{self.outcome}, {self.tries} {'try' if self.tries == 1 else 'tries'}"

    @property
    def time(self) -> str:
        """About how long it took."""
        return "at once" if self.seconds < 1 else f"{self.seconds:.0f} s"


Row = tuple[str, dict[str, Cell]]


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
        _until(lambda: LAST_LINE in self.log())

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
            if answer.status != 200:
                return None
            with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
                reader = archive.extractfile(archive.next() or "")
                return None if reader is None else reader.read()


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
    yield from _once("command", (target.file(f"/marks/{mark}") or b"").count(b"x"), code)
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
            "Cmd": ["sh", "-c", f"echo x >> /marks/{mark}; echo out"],
            "timeout": STREAM_TIMEOUT,
        },
        _command,
    ),
    Kind("stream", "container_logs", "GET /containers/[^/]+/logs", lambda t, _: {"id": t.id, "stdout": True}, _stream),
    Kind(
        "file",
        "copy_from_container",
        "GET /containers/[^/]+/archive",
        lambda t, _: {"id": t.id, "path": "/file", "unpack": True, "timeout": STREAM_TIMEOUT},
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
            "timeout": STREAM_TIMEOUT,
        },
        _upload,
    ),
)


def run(engine: SecondEngine) -> list[Row]:
    """All faults, in the order of the table."""
    target = Target(engine)
    with ThreadPoolExecutor(12) as threads:
        alone = {
            name: {kind.name: threads.submit(cell, target, kind) for kind in KINDS} for name, cell in ALONE.items()
        }
        rows: list[Row] = [(name, {kind: cell.result() for kind, cell in row.items()}) for name, row in alone.items()]
        rows.append(("no room for attachments", {"file": _without_room(target)}))
        rows.extend((name, fault(target, threads)) for name, fault in OF_THE_ENGINE.items())
    if left := [str(path) for path in Path(tempfile.gettempdir()).glob(f"fsr-docker-{os.getpid()}-*")]:
        raise AssertionError(f"temporary files are left: {left}")
    return rows


class _Attempt:
    """One call under a fault."""

    def __init__(self, target: Target, kind: Kind, config: Config, proxy: FaultProxy | None, **further: Any) -> None:
        self._target, self._kind, self._config, self._proxy = target, kind, config, proxy
        self._mark = uuid.uuid4().hex[:12]
        self._params = {**kind.params(target, self._mark), **further}

    def warm_up(self) -> None:
        """Makes a connection that is kept."""
        CONNECTOR.execute(self._config, "ping", {})

    def call(self) -> _Attempt:
        """Calls, whatever comes of it."""
        began = time.monotonic()
        self._result: Any = None
        try:
            self._result = CONNECTOR.execute(self._config, self._kind.operation, self._params)
            self._text = "[done]"
        except ConnectorError as error:
            self._text = str(error)
        self._seconds = time.monotonic() - began
        return self

    def judge(self) -> Cell:
        """What came of it. The engine must be well again."""
        found = re.match(r"\[([a-z_]+)( \d+)?\]", self._text)
        assert found is not None, self._text
        code, outcome = found[1], found[1] + (found[2] or "")
        if isinstance(self._result, dict) and self._result.get("timed_out"):
            code = outcome = "timed out"
        elif isinstance(self._result, dict) and self._result.get("truncated"):
            outcome = "done, and cut, it says"
        told = re.search(r"tried (\d+) times", self._text)
        tries = (self._proxy.seen if self._proxy else 0) or (int(told[1]) if told else 1)
        broken = list(self._kind.verify(self._target, self._mark, self._result, code))
        if self._seconds > HUNG:
            broken.append(f"it hung for {self._seconds:.0f} s")
        if self._kind.name in ("write", "command", "upload") and code == "unknown_outcome" and tries > 1:
            broken.append("it was sent twice")
        if self._proxy is not None:
            self._proxy.heal()
            try:
                CONNECTOR.execute({**self._config, "timeout": 20}, "ping", {})
            except ConnectorError as error:
                broken.append(f"the next call fails as well: {error}")
        CONNECTOR.on_delete_config(self._config)
        return Cell(outcome, tries, self._seconds, [f"{one} ({self._text})" for one in broken])


def _over(address: str) -> Config:
    """A configuration of a few tries and little patience, of its own."""
    patience = {"timeout": TIMEOUT, "connect_timeout": 1, "retry_attempts": TRIES - 1, "retry_delay": 0}
    return {**over_http(address), **patience, "name": uuid.uuid4().hex}


def _on_the_way(fault: Fault, target: Target, kind: Kind) -> Cell:
    if fault.what == "trickle":
        target = Target(target.engine)  # while files of a container are read, the engine answers no question about it
    with FaultProxy(target.engine.socket, kind.requests, fault) as proxy:
        return _Attempt(target, kind, _over(proxy.address), proxy).call().judge()


def _refused(target: Target, kind: Kind) -> Cell:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    return _Attempt(target, kind, _over(address), None).call().judge()


def _without_a_name(target: Target, kind: Kind) -> Cell:
    return _Attempt(target, kind, _over("engine.invalid:2375"), None).call().judge()


def _swapped(target: Target, kind: Kind) -> Cell:
    """A call goes well; then the other side has another certificate, on new connections."""

    def with_certificate(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / f"{name}-key.pem")
        return context

    with FaultProxy(target.engine.socket, kind.requests, None, tls=with_certificate("server")) as proxy:
        config = {**over_tls(proxy.address), **_over(proxy.address), "protocol": "HTTPS"}
        CONNECTOR.execute(config, "ping", {})
        right, proxy.tls = proxy.tls, with_certificate("self-signed")
        proxy.hang_up()
        attempt = _Attempt(target, kind, config, proxy).call()
        proxy.tls = right
        return attempt.judge()


def _without_room(target: Target) -> Cell:
    """In a process whose temporary files go to a file system of its own, and a small one."""
    kind = next(kind for kind in KINDS if kind.name == "file")
    with FaultProxy(target.engine.socket, kind.requests, None) as proxy, tempfile.TemporaryDirectory() as folder:
        program = f"mount -t tmpfs -o size=64k tmpfs {folder} && exec {sys.executable} $0 $1 $2 {folder}"
        scenario = str(Path(__file__).resolve().parents[1] / "scenarios" / "no_room.py")
        began = time.monotonic()
        said = subprocess.run(
            ["unshare", "--mount", "sh", "-c", program, scenario, proxy.address, target.id],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        text, _, left = said.stdout.partition("\n")
        found = re.match(r"\[([a-z_]+)\]", text)
        assert found is not None, said.stdout + said.stderr
        broken = [f"temporary files are left: {left}"] if left.strip() else []
        return Cell(found[1], proxy.seen, time.monotonic() - began, broken)


def _paused(target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    with _proxies(target) as proxies:
        attempts = _warmed_up(target, proxies)
        target.engine.pause()
        try:
            _together(threads, attempts)
        finally:
            target.engine.go_on()
        return {kind.name: attempt.judge() for (kind, _), attempt in zip(proxies, attempts)}


def _between_calls(target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    with _proxies(target) as proxies:
        attempts = _warmed_up(target, proxies)
        with _started_again(target):
            pass
        return {kind.name: a.judge() for (kind, _), a in zip(proxies, _together(threads, attempts))}


def _under_way(target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    """Killed while it has the requests and has answered none."""
    with _proxies(target) as proxies:
        attempts = _warmed_up(target, proxies)
        with _started_again(target):
            target.engine.pause()
            calls = [threads.submit(attempt.call) for attempt in attempts]
            time.sleep(1)
        return {kind.name: call.result().judge() for (kind, _), call in zip(proxies, calls)}


def _mid_stream(target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    """Killed while the answer comes."""
    further: dict[str, dict[str, Any]] = {
        "command": {"Cmd": ["sh", "-c", "echo out; sleep 30"], "timeout": 15},
        "stream": {"follow": True, "timeout": 15},
        "file": {},
    }
    with _proxies(target, Fault("slow"), further) as proxies:
        own = {"file": Target(target.engine)}  # as above
        attempts = [
            _Attempt(own.get(kind.name, target), kind, _over(p.address), p, **further[kind.name]) for kind, p in proxies
        ]
        with _started_again(target):
            calls = [threads.submit(attempt.call) for attempt in attempts]
            _until(lambda: all(proxy.seen for _, proxy in proxies))
            time.sleep(0.5)
        return {kind.name: call.result().judge() for (kind, _), call in zip(proxies, calls)}


def _warmed_up(target: Target, proxies: list[tuple[Kind, FaultProxy]]) -> list[_Attempt]:
    """Attempts with a connection each, and the API version known."""
    attempts = [_Attempt(target, kind, _over(proxy.address), proxy) for kind, proxy in proxies]
    for attempt in attempts:
        attempt.warm_up()
    return attempts


@contextmanager
def _started_again(target: Target) -> Iterator[None]:
    """Afterwards the engine is killed and started, and its container with it, which writes its lines again."""
    runs = target.log().count(LAST_LINE)
    yield
    target.engine.kill()
    target.engine.start()
    _until(lambda: target.log().count(LAST_LINE) > runs)


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "what was waited for does not come"
        time.sleep(0.05)


def _together(threads: ThreadPoolExecutor, attempts: list[_Attempt]) -> list[_Attempt]:
    return list(threads.map(_Attempt.call, attempts))


@contextmanager
def _proxies(
    target: Target, fault: Fault | None = None, names: Container[str] = tuple(kind.name for kind in KINDS)
) -> Iterator[list[tuple[Kind, FaultProxy]]]:
    """A proxy for each kind of operation."""
    with ExitStack() as stack:
        kinds = [kind for kind in KINDS if kind.name in names]
        yield [(k, stack.enter_context(FaultProxy(target.engine.socket, k.requests, fault))) for k in kinds]


def _status(code: int, once: bool = False) -> Callable[[Target, Kind], Cell]:
    return partial(_on_the_way, Fault("status", once, code, '{"message": "no"}'))


ALONE: dict[str, Callable[[Target, Kind], Cell]] = {
    "refused: nobody listens": _refused,
    "no such name (DNS)": _without_a_name,
    "reset before the request, once": partial(_on_the_way, Fault("reset on accept", once=True)),
    "reset before the request": partial(_on_the_way, Fault("reset on accept")),
    "reset during the request, once": partial(_on_the_way, Fault("reset during", once=True)),
    "reset during the request": partial(_on_the_way, Fault("reset during")),
    "reset after the request, once": partial(_on_the_way, Fault("reset after", once=True)),
    "reset after the request": partial(_on_the_way, Fault("reset after")),
    "half-open: nothing comes back": partial(_on_the_way, Fault("silence")),
    "latency of 1 s": partial(_on_the_way, Fault("latency")),
    "trickle: 5 bytes a second": partial(_on_the_way, Fault("trickle")),
    "the answer is cut": partial(_on_the_way, Fault("cut")),
    "the certificate is swapped": _swapped,
    "status 429": _status(429),
    "status 502": _status(502),
    "status 503, once": _status(503, once=True),
    "status 503": _status(503),
    "status 504": _status(504),
    "a proxy's page: 403": partial(
        _on_the_way, Fault("status", False, 403, "<html><h1>Forbidden</h1></html>", "text/html")
    ),
}
OF_THE_ENGINE: dict[str, Callable[[Target, ThreadPoolExecutor], dict[str, Cell]]] = {
    "the engine is paused (SIGSTOP)": _paused,
    "the engine is killed and started again before": _between_calls,
    "the engine is killed while it has the request": _under_way,
    "the engine is killed and started again mid-stream": _mid_stream,
}
