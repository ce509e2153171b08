"""Every fault by every kind of operation, through the package, on a real engine: what came of it, and what it broke.

`tests/reliability.py` makes `docs/reliability.md` of it, and `test_faults.py` compares.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
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

from support.configurations import CERTIFICATES, Config, over_http, over_tls
from support.fault_kinds import KINDS, LAST_LINE, TIMEOUT, Kind, Target, until
from support.fault_proxy import Fault, FaultProxy
from support.second_engine import SecondEngine
from support.session import CONNECTOR, ConnectorError
from support.sshd import Sshd

TRIES = 3
# Seconds. No operation has more bounds than three, one after the other.
HUNG = 20


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
        with Sshd(docker=False, engine=engine.socket) as server:
            rows.extend((name, fault(server, target, threads)) for name, fault in OF_SSH.items())
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

    def judge(self, is_over: bool = False) -> Cell:
        """What came of it. The engine must be well again; the way to it is, if the fault is over or was a proxy's."""
        found = re.match(r"\[([a-z_]+)( \d+)?\]", self._text)
        assert found is not None, self._text
        code, outcome = found[1], found[1] + (found[2] or "")
        if isinstance(self._result, dict) and self._result.get("timed_out"):
            code = outcome = "timed out"
        elif isinstance(self._result, dict) and self._result.get("truncated"):
            outcome = "done, and cut, it says"
        # Of an unknown outcome the text tells the tries of what was asked afterwards.
        told = re.search(r"tried (\d+) times", self._text) if code != "unknown_outcome" else None
        tries = (self._proxy.seen if self._proxy else 0) or (int(told[1]) if told else 1)
        broken = list(self._kind.verify(self._target, self._mark, self._result, code))
        if self._seconds > HUNG:
            broken.append(f"it hung for {self._seconds:.0f} s")
        if self._kind.name in ("write", "command", "upload") and code == "unknown_outcome" and tries > 1:
            broken.append("it was sent twice")
        if self._proxy is not None:
            self._proxy.heal()
        if is_over or self._proxy is not None:
            try:
                CONNECTOR.execute({**self._config, "timeout": 20}, "ping", {})
            except ConnectorError as error:
                broken.append(f"the next call fails as well: {error}")
        CONNECTOR.on_delete_config(self._config)
        return Cell(outcome, tries, self._seconds, [f"{one} ({self._text})" for one in broken])


def _impatient(config: Config) -> Config:
    """The configuration with a few tries and little patience, and of its own."""
    patience = {"timeout": TIMEOUT, "connect_timeout": 1, "retry_attempts": TRIES - 1, "retry_delay": 0}
    return {**config, **patience, "name": uuid.uuid4().hex}


def _over(address: str) -> Config:
    return _impatient(over_http(address))


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
            until(lambda: all(proxy.seen for _, proxy in proxies))
            time.sleep(0.5)
        return {kind.name: call.result().judge() for (kind, _), call in zip(proxies, calls)}


def _by_ssh(server: Sshd, target: Target, further: dict[str, dict[str, Any]] | None = None) -> dict[str, _Attempt]:
    """An attempt of each kind, or of some, that has signed in already."""
    kinds = [kind for kind in KINDS if further is None or kind.name in further]
    attempts = {
        kind.name: _Attempt(target, kind, _impatient(server.config()), None, **(further or {}).get(kind.name, {}))
        for kind in kinds
    }
    for attempt in attempts.values():
        attempt.warm_up()
    return attempts


def _judged(attempts: dict[str, _Attempt]) -> dict[str, Cell]:
    return {name: attempt.judge(is_over=True) for name, attempt in attempts.items()}


def _ssh_is_another(server: Sshd, target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    config = server.config(ssh_host_key=server.key.with_suffix(".pub").read_text())
    attempts = {kind.name: _Attempt(target, kind, _impatient(config), None) for kind in KINDS}
    _together(threads, list(attempts.values()))
    return {name: attempt.judge() for name, attempt in attempts.items()}


def _ssh_is_gone(server: Sshd, target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    attempts = _by_ssh(server, target)
    server.kill()
    time.sleep(1)  # its sessions end a moment after it
    _together(threads, list(attempts.values()))
    server.restart()
    return _judged(attempts)


def _ssh_between_calls(server: Sshd, target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    attempts = _by_ssh(server, target)
    server.kill()
    time.sleep(1)
    server.restart()
    _together(threads, list(attempts.values()))
    return _judged(attempts)


def _ssh_under_way(server: Sshd, target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    """Killed while the engine has the requests and has answered none."""
    attempts = _by_ssh(server, target)
    target.engine.pause()
    try:
        calls = [threads.submit(attempt.call) for attempt in attempts.values()]
        time.sleep(1)
        server.kill()
        for call in calls:
            call.result()
    finally:
        target.engine.go_on()
    server.restart()
    return _judged(attempts)


def _ssh_mid_stream(server: Sshd, target: Target, threads: ThreadPoolExecutor) -> dict[str, Cell]:
    """Killed while the answer comes."""
    command = {"Cmd": ["sh", "-c", "echo out; sleep 30"], "timeout": 15}
    attempts = _by_ssh(server, target, {"command": command, "stream": {"follow": True, "timeout": 15}})
    calls = [threads.submit(attempt.call) for attempt in attempts.values()]
    time.sleep(2)
    server.kill()
    for call in calls:
        call.result()
    server.restart()
    return _judged(attempts)


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
    until(lambda: target.log().count(LAST_LINE) > runs)


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
    "refused: nothing listens": _refused,
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
OF_SSH: dict[str, Callable[[Sshd, Target, ThreadPoolExecutor], dict[str, Cell]]] = {
    "by SSH: another host key answers": _ssh_is_another,
    "by SSH: the server is gone": _ssh_is_gone,
    "by SSH: the server is killed and started again before": _ssh_between_calls,
    "by SSH: the server is killed while the engine has the request": _ssh_under_way,
    "by SSH: the server is killed mid-stream": _ssh_mid_stream,
}
