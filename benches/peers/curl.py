"""curl, for bulk: one program a transfer. Its start is measured too, some ten milliseconds."""

from __future__ import annotations

import os
import subprocess

from peer import BIG, SOCKET, TALKER, UPLOAD, WORKER, each, received, serve

CURL = os.environ["BENCH_CURL"]


def curl(target: str, *options: str) -> None:
    command = [CURL, "--silent", "--show-error", "--fail", "--unix-socket", SOCKET, *options]
    subprocess.run([*command, f"http://localhost/v1.41{target}"], check=True)  # noqa: S603


def export(_: str) -> None:
    curl(f"/containers/{BIG}/export", "--output", received())
    os.unlink(received())


def copy(_: str) -> None:
    # Without "Expect: 100-continue", for whose answer it would wait a second.
    curl(f"/containers/{WORKER}/archive?path=/tmp", "--upload-file", UPLOAD, "--header", "Expect:")


def logs(_: str) -> None:
    curl(f"/containers/{TALKER}/logs?stdout=true&stderr=true", "--output", "/dev/null")


if __name__ == "__main__":
    serve({"export": each(export), "copy": each(copy), "logs": each(logs)})
