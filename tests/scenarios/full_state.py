"""A local host whose state folder runs full, and is read-only: each request has an answer, and later all is as before.

Runs in a mount namespace of its own. Argument: the folder, a small file system. Says what came of each step.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.append(os.environ["PYFSR"])

from support.local_host import LocalHost, sample


def say(step: str, outcome: Any) -> None:
    print(f"{step}: {outcome}", flush=True)


def fill(folder: Path, room: int = 0) -> Path:
    """Takes what room there is, but for so many bytes."""
    spare, filling = folder / "spare", folder / "filling"
    spare.write_bytes(room * b"x")
    for piece in (4096 * b"x", b"x"):
        with suppress(OSError), filling.open("ab", buffering=0) as file:
            while True:
                file.write(piece)
    spare.unlink()
    return filling


def tried(call: Callable[[], Any]) -> str:
    try:
        return f"gave {call()!r:.200}"
    except Exception as fault:
        return f"failed with {type(fault).__name__}: {str(fault)[:300]}"


def requests(host: LocalHost, client: Any, folder: Path) -> None:
    """What needs the disk, and what does not."""
    connectors = client.connectors
    large = folder.parent / "large"
    large.write_bytes(2_000_000 * b"x")

    def ask(method: str, path: str, body: Any = None) -> str:
        status, _, text = host.request(method, path, body, Authorization=f"API-KEY {host.api_key}")
        return f"{status} {text.decode()[:200]}"

    def upload() -> Any:
        return client.files.upload(str(large))

    for what, call in (
        ("upload", upload),
        ("configure", lambda: connectors.create_configuration("sample", {"server": 60_000 * "x"}, name="more")),
        ("install another", lambda: connectors.install_from_file(str(folder.parent / "sample-2.0.0.tgz"), wait=True)),
        (
            "replace",
            lambda: connectors.install_from_file(str(folder.parent / "replacing.tgz"), replace=True, wait=True),
        ),
        ("execute", lambda: connectors.execute("sample", "echo", params={"id": 60_000 * "y"}, config="one")),
        ("small call", lambda: connectors.execute("sample", "echo", params={}, config="one")),
        ("history", lambda: ask("GET", "/page/history")),
        ("forget", lambda: ask("DELETE", "/page/history")),
        ("list", lambda: ask("GET", "/api/integration/configuration/")),
        ("records", lambda: ask("GET", "/api/3/files")),
    ):
        say(what, tried(call))


def main(mounted: str) -> None:
    folder = Path(mounted)
    package = sample(folder.parent)
    sample(folder.parent, "2.0.0")
    replaced(package, folder.parent / "replacing.tgz")
    host = LocalHost(state=folder / "state")
    try:
        client = host.client()
        client.connectors.install_from_file(str(package), wait=True)
        client.connectors.create_configuration("sample", {"server": "up"}, name="one", default=True)
        before = files(folder)
        filling = fill(folder)
        requests(host, client, folder)
        filling.unlink()
        say("left behind", sorted(set(files(folder)) - set(before)))
        for room in range(0, 2_600_000, 200_000):
            replace(host, client, folder, room)
        filling = fill(folder)
        host.stop()
        say("start on a full one", tried(host.start))
        filling.unlink()
        say("a call", tried(lambda: host.client().connectors.execute("sample", "huge", params={}, config="one")))
        host.stop()
        # As soon as no worker of before has a file there.
        deadline = time.monotonic() + 30
        while subprocess.run(["mount", "-o", "remount,ro", mounted], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise AssertionError("the folder stays in use")
            time.sleep(0.2)
        say("start on a read-only one", tried(host.start))
        subprocess.run(["mount", "-o", "remount,rw", mounted], check=True)
        for size in (10_000, 4096, 100, 0):
            os.truncate(folder / "state" / "state.sqlite", size)
            say(f"start with {size} bytes of the database", tried(host.start))
            say("it ended with", host.stop())
    finally:
        host.close()


def replace(host: LocalHost, client: Any, folder: Path, room: int) -> None:
    """Installs over the package that is there, and back again: one or the other is there whole.

    The call has a connection of its own: the host may close one that was quiet for long.
    """
    installed = folder / "state/root/connectors/sample_1_0_0"
    whole = {path.name: path.read_bytes() for path in installed.iterdir() if path.is_file()}
    filling = fill(folder, room)
    connectors = client.connectors
    outcome = tried(lambda: connectors.install_from_file(str(folder.parent / "replacing.tgz"), replace=True, wait=True))
    filling.unlink()
    now = {path.name: path.read_bytes() for path in installed.iterdir() if path.is_file()}
    is_new = now["connector.py"].count(b"# replaced") == 1
    say(f"replaced with {room} bytes of room", outcome)
    say("what is there", "the new one" if is_new else "the old one" if now == whole else f"neither: {sorted(now)}")
    say("a call", tried(lambda: host.client().connectors.execute("sample", "huge", params={}, config="one")))
    connectors.install_from_file(str(folder.parent / "sample-1.0.0.tgz"), replace=True, wait=True)


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def replaced(package: Path, into: Path) -> None:
    with tarfile.open(package) as archive, tarfile.open(into, "w:gz") as other:
        for entry in archive:
            reader = archive.extractfile(entry)
            contents = reader.read() if reader else b""
            if entry.name.endswith("connector.py"):
                contents += b"\n# replaced\n" + b"# " + os.urandom(400_000).hex().encode() + b"\n"
            entry.size = len(contents)
            other.addfile(entry, io.BytesIO(contents))


if __name__ == "__main__":
    main(*sys.argv[1:])
