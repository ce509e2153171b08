"""A call from a process for which a name has the addresses that a test says; and listeners that answer, or do not.

Run as a program, it makes one call and prints how that ended. `call` runs it in a mount namespace of its own, with a
hosts file of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

NAME = "engine.test"
_TESTS = Path(__file__).resolve().parent.parent
# More than any call takes here.
_PATIENCE_SECONDS = 90


class Ending(NamedTuple):
    """How a call ended: the text of its error, if any, and how long it took."""

    error: str
    seconds: float


def call(addresses: Sequence[str], config: dict[str, Any]) -> Ending:
    """Pings through a configuration, in a process that finds these addresses for `NAME`.

    The system chooses their order.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hosts").write_text("".join(f"{address} {NAME}\n" for address in addresses))
        Path(folder, "host.conf").write_text("multi on\n")
        script = (
            'for name in hosts host.conf; do [ ! -e /etc/$name ] || mount --bind "$1/$name" /etc/$name || exit; done; '
            'shift; exec "$@"'
        )
        command = ["unshare", "--mount", "sh", "-c", script, "sh", folder, sys.executable, "-m", "support.resolving"]
        done = subprocess.run(
            [*command, json.dumps(config)],
            cwd=_TESTS,
            env={**os.environ, "NO_PROXY": "", "no_proxy": ""},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    if done.returncode:
        raise AssertionError(done.stderr)
    return Ending(*json.loads(done.stdout.splitlines()[-1]))


class Listeners:
    """Listeners on one port of several addresses."""

    def __init__(self) -> None:
        self._open = ExitStack()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def close(self) -> None:
        """Closes them all."""
        self._open.close()

    def silent(self, address: str) -> None:
        """Packets to this address are dropped: its queue is full, and nobody takes anything from it."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = self._open.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, self.port))
        listener.listen(0)
        for _ in range(4):
            waiting = self._open.enter_context(socket.socket(family))
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect((address, self.port))

    def leads(self, address: str, to: str | tuple[str, int]) -> None:
        """This address leads to a unix socket or to a host and port."""
        listener = self._open.enter_context(socket.create_server((address, self.port)))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near = listener.accept()[0]
                    far = socket.socket(socket.AF_UNIX) if isinstance(to, str) else socket.socket()
                    far.connect(to)
                    for source, sink in ((near, far), (far, near)):
                        threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _main(config: dict[str, Any]) -> None:
    from support import configurations
    from support.session import ConnectorError, execute

    base = configurations.over_tls() if config.get("protocol") == "HTTPS" else configurations.over_unix()
    config = {**base, "config_id": str(uuid.uuid4()), "retry_attempts": 0, **config}
    began = time.monotonic()
    error = ""
    try:
        execute(config, "ping")
    except ConnectorError as fault:
        error = str(fault)
    sys.stdout.write(json.dumps([error, time.monotonic() - began]) + "\n")


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
