"""nginx in front of the private engine, as a proxy that asks who is there."""

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

from support.session import given

_TOOLS = Path(os.environ.get("ENGINE_TOOLS", "/"))
_CERTIFICATES = given("ENGINE_CERTS")


def program() -> str:
    """nginx, unpacked for the tests or the machine's own. Without one, a test that needs it is skipped."""
    found = shutil.which("nginx", path=f"{_TOOLS / 'usr/sbin'}:/usr/sbin:{os.environ.get('PATH', '')}")
    if found is None:
        raise unittest.SkipTest("there is no nginx: `cargo xtask test` unpacks it and sets ENGINE_TOOLS")
    return found


class Nginx:
    """Listens on a free port of the loopback address, with a server's directives as given.

    In them, `ENGINE` stands for the engine's socket and `FOLDER` for a folder that holds `files`.
    """

    def __init__(
        self, directives: str, *, engine: str = "", tls: bool = False, files: dict[str, str] | None = None
    ) -> None:
        nginx = program()
        self._folder = tempfile.mkdtemp(prefix="nginx-")
        for name, text in (files or {}).items():
            Path(self._folder, name).write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        text = _CONFIGURATION.replace("PORT", f"{port} ssl" if tls else str(port)).replace("DIRECTIVES", directives)
        text = text.replace("ENGINE", engine or given("ENGINE_SOCKET")).replace("FOLDER", self._folder)
        Path(self._folder, "nginx.conf").write_text(text.replace("CERTIFICATES", _CERTIFICATES))
        self._process = subprocess.Popen(
            [nginx, "-p", self._folder, "-e", "error.log", "-c", "nginx.conf"],
            env={**os.environ, "LD_LIBRARY_PATH": str(_TOOLS / "usr/lib/x86_64-linux-gnu")},
            stderr=subprocess.DEVNULL,
        )
        self._listens_at = ("127.0.0.1", port)
        self._wait()

    def __enter__(self) -> Nginx:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def seen(self) -> list[str]:
        """Method, target and status of every request so far."""
        # nginx answers before it writes its log; it does both before it looks at the next request.
        with socket.create_connection(self._listens_at) as connection:
            connection.sendall(b"GET /settled HTTP/1.0\r\n\r\n")
            while connection.recv(4096):
                pass
        lines = Path(self._folder, "access.log").read_text().splitlines()
        return [line for line in lines if not line.startswith("GET /settled ")]

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(self._listens_at).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self._process.kill()
                    raise RuntimeError(Path(self._folder, "error.log").read_text()) from None
                time.sleep(0.01)


_CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    log_format short "$request_method $request_uri $status";
    access_log access.log short;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_certificate CERTIFICATES/server.pem;
    ssl_certificate_key CERTIFICATES/server-key.pem;
    proxy_http_version 1.1;
    server {
        listen 127.0.0.1:PORT;
        DIRECTIVES
    }
}
"""
