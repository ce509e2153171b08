"""nginx in front of the private engine, as a proxy that asks who is there."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from support.programs import free_port, program, start
from support.session import given

_CERTIFICATES = given("ENGINE_CERTS")


class Nginx:
    """Listens on a free port of the loopback address, with a server's directives as given.

    In them, `ENGINE` stands for the engine's socket and `FOLDER` for a folder that holds `files`.
    """

    def __init__(
        self, directives: str, *, engine: str = "", tls: bool = False, files: dict[str, str] | None = None
    ) -> None:
        nginx = program("nginx")
        self._folder = tempfile.mkdtemp(prefix="nginx-")
        for name, text in (files or {}).items():
            Path(self._folder, name).write_text(text)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        text = _CONFIGURATION.replace("PORT", f"{port} ssl" if tls else str(port)).replace("DIRECTIVES", directives)
        text = text.replace("ENGINE", engine or given("ENGINE_SOCKET")).replace("FOLDER", self._folder)
        Path(self._folder, "nginx.conf").write_text(text.replace("CERTIFICATES", _CERTIFICATES))
        command = [nginx, "-p", self._folder, "-e", "error.log", "-c", "nginx.conf"]
        self._process = start(command, Path(self._folder, "error.log"), port)
        self._listens_at = ("127.0.0.1", port)

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
