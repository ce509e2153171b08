"""A registry that asks for a password, Debian's `docker-registry`; and, as it has no search, an index that has one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from support.scripted_server import Answer, ScriptedServer

# A network namespace of the tests' own has nobody else there; and Podman is told of plain HTTP by host and port.
ADDRESS = "127.0.0.1:5000"
USERNAME, PASSWORD = "soc", "correct horse"
# bcrypt of the password.
_HASH = "$2b$05$8RZ/DIhEcfE9VVBzyxb9Xu/M2sDX1JJLxcHDdF4xv8fCdNzueQqSe"

_TOOLS = Path(os.environ.get("ENGINE_TOOLS", "/"))


class Registry:
    """Listens until it is closed; its storage is gone then."""

    def __init__(self) -> None:
        program = shutil.which("docker-registry", path=f"{_TOOLS / 'usr/bin'}:{os.environ.get('PATH', '')}")
        if program is None:
            raise unittest.SkipTest("there is no docker-registry: `cargo xtask test` unpacks it and sets ENGINE_TOOLS")
        self._folder = Path(tempfile.mkdtemp(prefix="registry-"))
        (self._folder / "htpasswd").write_text(f"{USERNAME}:{_HASH}\n")
        (self._folder / "config.yml").write_text(_CONFIGURATION.replace("FOLDER", str(self._folder)))
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [program, "serve", str(self._folder / "config.yml")],
            env={"PATH": "/usr/bin", "OTEL_TRACES_EXPORTER": "none"},
            stdout=self._log,
            stderr=self._log,
        )
        self._wait()

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        host, port = ADDRESS.split(":")
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((host, int(port))).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self._process.kill()
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.02)


def index() -> ScriptedServer:
    """An index of the first version of the registry's API, which engines still speak to search."""
    found: list[dict[str, Any]] = [
        {"name": "team/app", "description": "An app", "star_count": 3, "is_official": False, "is_automated": False}
    ]
    results = {"num_pages": 1, "num_results": 1, "page_size": 25, "page": 1, "query": "app", "results": found}
    return ScriptedServer({"GET /v1/_ping": Answer(200, {"standalone": True}), "GET /v1/search": Answer(200, results)})


_CONFIGURATION = f"""
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: FOLDER/storage}}, delete: {{enabled: true}}}}
http: {{addr: "{ADDRESS}"}}
auth: {{htpasswd: {{realm: tests, path: FOLDER/htpasswd}}}}
"""
