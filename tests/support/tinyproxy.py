"""A real HTTP proxy: tinyproxy, which lets CONNECT through."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from support.programs import free_port, program, start


class Tinyproxy:
    """Listens on a free port of the loopback address. `options` are further lines of its configuration."""

    def __init__(self, options: str = "") -> None:
        tinyproxy = program("tinyproxy")
        self._folder = Path(tempfile.mkdtemp(prefix="tinyproxy-"))
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._log = self._folder / "log"
        configuration = self._folder / "tinyproxy.conf"
        configuration.write_text(f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\n{options}\n")
        self._process = start([tinyproxy, "-d", "-c", str(configuration)], self._log, self.port)

    def __enter__(self) -> Tinyproxy:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, credentials: str = "") -> str:
        """Its URL, with `user:password`."""
        return f"http://{credentials}@{self.address}" if credentials else f"http://{self.address}"

    @property
    def connected(self) -> int:
        """How often it was asked to connect somewhere."""
        return self._log.read_text(errors="replace").count("): CONNECT ")
