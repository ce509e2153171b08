"""A worker as FortiSOAR runs them: a WSGI application under uWSGI that calls the connector for each request.

The module is loaded, and both configurations have been used, before the workers are forked; with `--lazy-apps` each
worker does it by itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from support import configurations
from support.session import ConnectorError, execute

CONFIGS = {"unix": configurations.over_unix(), "tls": configurations.over_tls()}
LOADED_BY = os.getpid()
for config in CONFIGS.values():
    execute(config, "ping")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """`GET /TRANSPORT/NAME`: calls for a container that is not there, so that a mixed-up answer shows."""
    _, transport, name = environ["PATH_INFO"].split("/")
    try:
        execute(CONFIGS[transport], "inspect_container", id=name)
        text = "found"
    except ConnectorError as fault:
        text = str(fault)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "loaded_by": LOADED_BY, "said": text}).encode()]
