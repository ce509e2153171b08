"""A process whose temporary folder is spoilt: makes calls until the limit refuses one, with a health check in between.

Runs in a mount namespace of its own. Arguments: the engine's socket, the limit, the folder, and what becomes of it.
"""

from __future__ import annotations

import glob
import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from support.configurations import over_unix
from support.session import CONNECTOR, ConnectorError, execute


def fill(folder: str) -> None:
    """Leaves not a byte."""
    for size in (4096, 1):
        with suppress(OSError), open(os.path.join(folder, "filling"), "ab", buffering=0) as file:
            while True:
                file.write(size * b"x")


def spoil(folder: str, how: str) -> None:
    """Does to the folder, and to the file in it, what was asked for."""
    ring = Path(next(iter(glob.glob(os.path.join(folder, "fsr-docker-*", "rate-*"))), ""))
    if "truncate" in how:
        os.truncate(ring, 0)
    if "shorten" in how:
        os.truncate(ring, 13)
    if "remove" in how or how.startswith(("pipe", "folder", "link", "device")):
        ring.unlink()
    if "remove folder" in how:
        ring.parent.rmdir()
    if how.startswith("pipe"):
        os.mkfifo(ring, 0o600)
    if how.startswith("folder"):
        ring.mkdir()
    if how.startswith("link"):
        ring.symlink_to("/dev/zero")
    if how.startswith("second name"):
        os.link(ring, f"{ring}-too")
    if how.startswith("device"):
        os.mknod(ring, 0o600 | 0o020000, os.makedev(1, 7))  # /dev/full
    if "fill" in how:
        fill(folder)
    if "read only" in how:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def main(socket: str, limit: int, folder: str, how: str) -> None:
    # Now, and not before: the package was laid out where the folder is sound.
    os.environ["TMPDIR"] = folder
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING)
    config = {**over_unix(socket), "rate_limit": limit, "api_version": "v1.41", "retry_attempts": 0, "timeout": 3}
    if how == "fill":
        fill(folder)
    sent = 0
    for number in range(2 * limit):
        if number == 2 and how.endswith("later"):
            spoil(folder, how)
        try:
            execute(config, "ping")
            sent += 1
        except ConnectorError as refusal:
            assert "[rate_limited]" in str(refusal), refusal
        if number == 3:
            # Two more: the health check's own.
            CONNECTOR.check_health(config)
    print(f"{sent} calls went out")


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
