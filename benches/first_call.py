"""The first call of a new process: importing the connector, loading its module, a call; and a socket's beside it.

Prints the seconds of each as JSON, and which of the imported modules somebody had to install.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import time
from typing import Any

ROOT, NAME, VERSION = os.environ["BENCH_ROOT"], os.environ["BENCH_NAME"], os.environ["BENCH_VERSION"]
SOCKET = os.environ["ENGINE_SOCKET"]
PACKAGE = f"connectors.{NAME}_{VERSION.replace('.', '_')}"


def main() -> dict[str, Any]:
    sys.path.insert(0, ROOT)
    # FortiSOAR's own, which is there before any connector.
    importlib.import_module("connectors.core.connector")
    before = time.perf_counter()
    connector = importlib.import_module(f"{PACKAGE}.connector").DockerEngine()
    imported = time.perf_counter()
    importlib.import_module(f"{PACKAGE}.native")
    loaded = time.perf_counter()
    config = {"protocol": "UNIX", "server_address": SOCKET, "authentication_type": "None", "rate_limit": 0}
    connector.execute(config, "ping", {})
    called = time.perf_counter()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
    connection.recv(4096)
    asked = time.perf_counter()
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return {
        "import": imported - before,
        "load": loaded - imported,
        "call": called - loaded,
        "socket": asked - called,
        "third_party": sorted(name for name, file in files.items() if "site-packages" in file),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
