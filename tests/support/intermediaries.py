"""The web servers that people put in front of an engine: real ones, each as a reverse proxy to the private engine.

A server is set up as its documentation says, and no further. What has to be said besides is chosen by name: that
answers pass as they come, and requests of any size; or, for tests of how a call ends then, small bodies, short waits.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from support.configurations import Config, over_http
from support.programs import free_port, program, start, unpacked
from support.session import given


class Server(NamedTuple):
    """A server's command and configuration. `{name}` stands for what `Intermediary` fills in."""

    command: tuple[str, ...]
    configuration: str
    # Answers pass as they come, and connections that the engine takes over, where it can do that.
    passing: str = ""
    # Request lines and bodies may be of any size.
    unlimited: str = ""
    # No body may be of more than 1,000,000 bytes or so; `None` where it cannot be told.
    small: str | None = None
    # It waits two seconds for an answer; `None` where it cannot be told.
    impatient: str | None = None
    # The status that it gives then.
    says_late: int = 504


class Intermediary:
    """One of `SERVERS`, on a free port of the loopback address.

    `settings` are fields of `Server`. Without `engine`, there is none behind it.
    """

    def __init__(self, name: str, *settings: str, engine: bool = True) -> None:
        server = SERVERS[name]
        executable = program(server.command[0])
        self.name = name
        self._folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._folder.chmod(0o755)
        for folder in ("body", "root"):
            (self._folder / folder).mkdir()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        words = {
            "port": str(port),
            "folder": str(self._folder),
            "engine": given("ENGINE_SOCKET") if engine else f"{self._folder}/nothing.sock",
            # For Apache, which does not run as root: the socket's folder is for root only.
            "tcp": given("ENGINE_TCP") if engine else "127.0.0.1:1",
            "modules": str(unpacked(f"usr/lib/{'apache2/modules' if name == 'apache' else name}")),
            "settings": "\n".join(getattr(server, setting) or "" for setting in settings),
            "seconds": "2s" if "impatient" in settings else "1h",
        }
        (self._folder / "configuration").write_text(_fill(server.configuration, words))
        self.log = self._folder / "log"
        command = [executable, *(_fill(word, words) for word in server.command[1:])]
        self._process = start(command, self.log, port)

    def __enter__(self) -> Intermediary:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server."""
        self._process.kill()  # one process each, with nothing to end well; Apache would wait for its connections
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def config(self, **fields: Any) -> Config:
        """A configuration that leads through it."""
        return {**over_http(self.address), "retry_attempts": 0, "config_id": self.address, **fields}


def _fill(text: str, words: Mapping[str, str]) -> str:
    return re.sub(
        r"\{(port|folder|engine|tcp|modules|seconds|settings)\}", lambda found: _fill(words[found[1]], words), text
    )


SERVERS: Mapping[str, Server] = {
    "lighttpd": Server(
        ("lighttpd", "-D", "-f", "{folder}/configuration", "-m", "{modules}"),
        """
server.modules = ("mod_proxy")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}/root"
server.upload-dirs = ("{folder}/body")
proxy.server = ("" => (("host" => "{engine}")))
{settings}
""",
        passing="server.stream-response-body = 2",
        unlimited="server.max-request-field-size = 1000000",
        small="server.max-request-size = 1000",
        impatient='$HTTP["url"] =~ "" { proxy.server = ("" => (("host" => "{engine}", "read-timeout" => 2))) }',
    ),
    "nginx": Server(
        ("nginx", "-p", "{folder}", "-e", "error.log", "-c", "configuration"),
        """
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:{port};
        location / { proxy_pass http://unix:{engine}:; }
        {settings}
    }
}
""",
        passing="proxy_http_version 1.1; proxy_buffering off; "
        'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
        unlimited="client_max_body_size 0; large_client_header_buffers 4 1m;",
        small="client_max_body_size 1000k;",
        impatient="proxy_read_timeout 2s;",
    ),
    "haproxy": Server(
        ("haproxy", "-db", "-q", "-f", "{folder}/configuration"),
        """
global
    {settings}
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server {seconds}
listen engine
    bind 127.0.0.1:{port}
    server engine unix@{engine}
""",
        unlimited="tune.bufsize 1048576",
        impatient="# see `seconds`",
    ),
    "apache": Server(
        ("apache2", "-X", "-d", "{folder}", "-f", "{folder}/configuration"),
        """
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
User nobody
Group nogroup
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/log
AllowEncodedSlashes NoDecode
{settings}
ProxyPass "/" "http://{tcp}/"
""",
        passing='ProxyPass "/" "http://{tcp}/" upgrade=ANY',
        unlimited="LimitRequestLine 1000000",
        # No `small`: a body that it passes on as it comes is not held to LimitRequestBody.
        impatient="ProxyTimeout 2",
        says_late=502,
    ),
    "caddy": Server(
        ("caddy", "run", "--adapter", "caddyfile", "--config", "{folder}/configuration"),
        """
{
    admin off
    auto_https off
    storage file_system {folder}/storage
}
http://127.0.0.1:{port} {
    bind 127.0.0.1
    {settings}
    reverse_proxy unix/{engine}
}
""",
        small="request_body {\n max_size 1MB\n }",
    ),
}
