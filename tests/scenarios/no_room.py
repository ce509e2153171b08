"""Copies a file of a container into an attachment, where there may be no room: `no_room.py ADDRESS CONTAINER FOLDER`.

Prints the error, and in the next line what is left among the temporary files.
"""

from __future__ import annotations

import os
import sys

from support.configurations import over_http
from support.session import ConnectorError, execute


def main(address: str, container: str, folder: str) -> None:
    os.environ["TMPDIR"] = folder
    try:
        execute({**over_http(address), "retry_attempts": 0}, "copy_from_container", id=container, path="/file")
    except ConnectorError as error:
        print(error)
    print(*os.listdir(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
