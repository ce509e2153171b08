"""A process whose temporary folder cannot be written to: every operation that keeps something there ends with an error.

Runs in a mount namespace of its own. Arguments: the folder, and whether it is filled first.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from support.configurations import over_http
from support.raw_server import RawServer, says
from support.session import CONNECTOR, ConnectorError

SIZE = 8 * 1024 * 1024
TAR = b"\0" * SIZE
LIST = b"[" + b",".join(b'{"Id":"%064d"}' % number for number in range(SIZE // 80)) + b"]"

OPERATIONS: tuple[tuple[str, bytes, dict[str, str]], ...] = (
    ("list_containers", LIST, {}),
    ("inspect_container", LIST, {"id": "a"}),
    ("call_api", LIST, {"method": "GET", "path": "/x"}),
    ("call_api", LIST, {"method": "POST", "path": "/x"}),
    ("call_api", LIST, {"method": "GET", "path": "/x", "output": "Attachment"}),
    ("container_export", TAR, {"id": "a"}),
    ("copy_from_container", TAR, {"id": "a", "path": "/x"}),
    ("save_images", TAR, {"names": "a"}),
)


def main(folder: str, how: str) -> None:
    # Now, and not before: the package was laid out where the folder is sound.
    os.environ["TMPDIR"] = folder
    if how == "fill":
        with suppress(OSError), open(os.path.join(folder, "filling"), "ab", buffering=0) as file:
            while True:
                file.write(b"x")
    for operation, body, params in OPERATIONS:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with RawServer(says(head.encode() + body, close=True)) as server:
            config = {**over_http(server.address), "api_version": "v1.41", "retry_attempts": 0, "max_result_size": 1024}
            try:
                said = f"gave {str(CONNECTOR.execute(config, operation, params))[:200]}"
            except ConnectorError as error:
                said = str(error)
            print(f"{operation}: {said}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
