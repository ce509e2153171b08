"""How this run reaches the engine, where a test does not say it itself. `cargo xtask matrix` sets `FSR_TRANSPORT`."""

from __future__ import annotations

import atexit
import os
from functools import cache

from support.configurations import Config, over_http, over_tls, over_unix
from support.nginx import Nginx
from support.sshd import Sshd

BASE_PATH = "/api/endpoints/1/docker"
# What comes piece by piece passes at once, and what is upgraded stays so.
_DIRECTIVES = f"""
client_max_body_size 0;
location {BASE_PATH}/ {{
    proxy_pass http://unix:ENGINE:/;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_read_timeout 600s;
}}
"""


@cache
def of_this_run() -> Config:
    """The configuration; what stands between connector and engine lives as long as this process."""
    transport = os.environ.get("FSR_TRANSPORT", "unix")
    if transport == "ssh":
        sshd = Sshd()
        atexit.register(sshd.close)
        return sshd.config()
    if transport == "proxy":
        nginx = Nginx(_DIRECTIVES)
        atexit.register(nginx.__exit__)
        return {**over_http(nginx.address), "base_path": BASE_PATH}
    return {"unix": over_unix, "tcp": over_http, "tls": over_tls}[transport]()
