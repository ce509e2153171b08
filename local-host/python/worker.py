"""Runs what the local host asks of installed connectors, in workers forked ahead of time as FortiSOAR's are.

    python3 worker.py --root DIR --workers N

Each line on standard input is the path of a socket to listen on from now on: workers of its own are forked for it,
and those of the socket before it end as soon as they are idle. They load a connector when it is first called and keep
it, so a new socket is how a connector that was installed again is loaded again. Each answer on standard output is the
path once calls may come. The end of standard input ends everything.

A call is a connection: a line of JSON in; out come the line `started`, then a line of JSON. Before `started`, nothing
was done and the call may be made again. Who hangs up interrupts the call. Between the two, if the call asks for it with
`watched`, come lines of `progress` and JSON, where the connector is one that tells: its object has the attribute
`on_progress`, None until someone wants to be told.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execute import execute, load

if TYPE_CHECKING:
    from connectors.core.connector import Connector

# A call that hangs where not even an interruption helps ends its worker.
GRACE_SECONDS = 5
LONGEST_CALL_SECONDS = 3700
LONGEST_LOG = 500
HOOKS = ("on_add_config", "on_update_config", "on_delete_config")


class Workers:
    """The workers of one socket."""

    def __init__(self, path: str, root: Path, count: int) -> None:
        self.path = path
        self._root = root
        self._count = count
        self._pids: set[int] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        self._listener.bind(path)
        os.umask(before)
        self._listener.listen(128)

    def fill(self) -> None:
        """Forks what is missing."""
        while len(self._pids) < self._count:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                _end_with(parent)
                _as_a_worker(self._listener, self._root)
            self._pids.add(pid)

    def ended(self, pid: int) -> bool:
        """Whether it was one of these, which is then forgotten."""
        if pid not in self._pids:
            return False
        self._pids.remove(pid)
        return True

    def are_left(self) -> bool:
        """Whether one of them still runs."""
        return bool(self._pids)

    def retire(self) -> None:
        """No further calls; those under way go on to their end."""
        self._listener.close()
        os.unlink(self.path)
        self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs connectors for the local host.")
    parser.add_argument("--root", type=Path, required=True, help="the local host's folder")
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the host, which then ends us
    # A child that ends, or a signal, wakes the wait for the next line.
    wakeup, waker = os.pipe()
    for end in (wakeup, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    orders = io.FileIO(0, closefd=False)  # nothing may wait in a buffer where select does not see it
    current: Workers | None = None
    retired: list[Workers] = []
    while True:
        ready, _, _ = select.select([orders.fileno(), wakeup], [], [])
        if wakeup in ready:
            os.read(wakeup, 512)
            _reap([*retired, *([current] if current else [])])
            if current:
                current.fill()
        if orders.fileno() in ready:
            line = orders.readline().decode().strip()
            if current:
                current.retire()
                retired.append(current)
            if not line:
                break
            current = Workers(line, arguments.root, arguments.workers)
            current.fill()
            print(line, flush=True)
    # Who started us is gone, and so are the callers: calls under way are being interrupted.
    deadline = time.monotonic() + GRACE_SECONDS + 1
    while any(workers.are_left() for workers in retired) and time.monotonic() < deadline:
        time.sleep(0.05)
        _reap(retired)
    for workers in retired:
        workers.signal(signal.SIGKILL)
    return 0


def _reap(all_workers: list[Workers]) -> None:
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        for workers in all_workers:
            if workers.ended(pid):
                break


def _end_with(parent: int) -> None:
    """Has the kernel retire this process when its parent is gone, killed or not: nobody else would."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)


def _as_a_worker(listener: socket.socket, root: Path) -> None:
    """Takes calls until it is retired; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)  # what a connector prints must not reach the host as an answer
        Worker(listener, root).run()
    except BaseException:  # a forked child must not run what its parent would run at its end
        logging.exception("a worker ended")
    finally:
        os._exit(0)


class Worker:
    """One process that takes one call after another."""

    def __init__(self, listener: socket.socket, root: Path) -> None:
        self._listener = listener
        self._root = root
        self._connectors: dict[tuple[str, str], Connector] = {}
        self._busy = self._retired = False
        self._log = _Log()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._retire)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        while not self._retired:
            try:
                connection, _ = self._listener.accept()
                self._busy = True
                with closing(connection):
                    self._serve(connection)
            except KeyboardInterrupt:
                pass  # an interruption that came as its call ended
            except SystemExit:
                return
            except OSError as fault:
                logging.warning("a caller was lost: %s", fault)
            finally:
                self._busy = False

    def _retire(self, *_: Any) -> None:
        self._retired = True
        if not self._busy:
            raise SystemExit

    def _serve(self, connection: socket.socket) -> None:
        line = connection.makefile("rb").readline()
        if not line.endswith(b"\n"):
            return
        request = json.loads(line)
        connection.sendall(b"started\n")
        done = threading.Event()
        watch = threading.Thread(target=_interrupt_when_left, args=(connection, done), daemon=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, LONGEST_CALL_SECONDS)
        watch.start()
        try:
            answer = self._answer(request, connection)
        finally:
            done.set()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_REAL, 0)
        connection.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, request: dict[str, Any], connection: socket.socket) -> dict[str, Any]:
        """As `execute` has it, with what was logged."""
        self._log.lines = []
        failed = {"operation": request["operation"], "status": "Failed", "data": {}, "env": {}}
        try:
            answer = self._call(request, connection)
            json.dumps(answer)  # what is no JSON is the connector's fault, not the connection's
        except KeyboardInterrupt:
            answer = {**failed, "message": "The call was cancelled."}
        except BaseException as fault:  # whatever a connector raises, the worker lives on
            logging.getLogger("connectors").exception("%s failed", request["operation"])
            answer = {**failed, "message": f"{type(fault).__name__}: {fault}"}
        return {**answer, "log": self._log.lines}

    def _call(self, request: dict[str, Any], connection: socket.socket) -> dict[str, Any]:
        connector = self._connector(request["name"], request["version"])
        operation, config = request["operation"], request["config"]
        if operation not in HOOKS:
            with _passing_progress_on(connector, connection if request["watched"] else None):
                return execute(connector, config, operation, request["params"])
        hook: Callable[..., None] = getattr(connector, operation)
        if operation == "on_delete_config":
            hook(config)
        elif operation == "on_update_config":
            hook(request["params"], config, True)
        else:
            hook(config, True)
        return {"operation": operation, "status": "Success", "message": "", "data": {}, "env": {}}

    def _connector(self, name: str, version: str) -> Connector:
        if (name, version) not in self._connectors:
            self._connectors[name, version] = load(self._root, name, version)
        return self._connectors[name, version]


class _Log(logging.Handler):
    """Keeps what the connectors log during a call, and passes it on to standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger = logging.getLogger("connectors")
        logger.setLevel(logging.INFO)
        logger.addHandler(self)
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < LONGEST_LOG:
            self.lines.append(self.format(record))


@contextmanager
def _passing_progress_on(connector: Connector, connection: socket.socket | None) -> Iterator[None]:
    """For the time of a call, tells its caller how far it is. What cannot be told is no fault of the connector."""
    if connection is None or getattr(connector, "on_progress", ...) is not None:
        yield
        return
    send = connection.sendall

    def on_progress(progress: dict[str, Any]) -> None:
        with suppress(Exception):
            send(f"progress {json.dumps(progress)}\n".encode())

    vars(connector)["on_progress"] = on_progress
    try:
        yield
    finally:
        del vars(connector)["on_progress"]


def _interrupt_when_left(connection: socket.socket, done: threading.Event) -> None:
    """Waits for the call's end; interrupts it when the caller hangs up, and ends the process if that does not help."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    while not done.wait(0.1):
        if poll.poll(0):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            if not done.wait(GRACE_SECONDS):
                os._exit(1)
            return


if __name__ == "__main__":
    sys.exit(main())
