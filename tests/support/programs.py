"""Programs that tests start: unpacked for them by `cargo xtask test`, or the machine's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path

# The last is the machine itself.
_ROOTS = [
    Path(os.environ[name])
    for name in ("ENGINE_TOOLS", "INTERMEDIARIES", "NETWORK_TOOLS", "SHELLS")
    if os.environ.get(name)
] + [Path("/")]
_FOLDERS = ("usr/sbin", "usr/bin")

# What the unpacked programs are linked with.
ENVIRONMENT: Mapping[str, str] = {
    **os.environ,
    "LD_LIBRARY_PATH": ":".join(
        str(root / folder) for root in _ROOTS[:-1] for folder in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
    ),
}


def program(name: str) -> str:
    """Where a program is. Without it, a test that needs it is skipped."""
    folders = ":".join(str(root / folder) for root in _ROOTS for folder in _FOLDERS)
    found = shutil.which(name, path=f"{folders}:{os.environ.get('PATH', '')}")
    if found is None:
        raise unittest.SkipTest(f"there is no {name}: `cargo xtask test` unpacks it and sets ENGINE_TOOLS")
    return found


def unpacked(path: str) -> Path:
    """Where a program's own folder is, such as that of its modules."""
    return next((root / path for root in _ROOTS if (root / path).exists()), Path("/", path))


def run(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout


def start(command: Sequence[str], log: Path, port: int) -> subprocess.Popen[bytes]:
    """Starts a server, with its log in a file, and waits until it listens."""
    with log.open("ab") as writer:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                process.wait()
                raise RuntimeError(log.read_text(errors="replace")) from None
            time.sleep(0.01)


def free_port() -> int:
    """A port of the loopback address that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
