"""Large files and logs through a process of its own, so that its memory can be told from the test runner's."""

from __future__ import annotations

import resource
import sys
from typing import Any

from support import configurations
from support.session import execute


def peak() -> int:
    """The most memory that this process has used, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(container: str) -> None:
    config = {**configurations.over_unix(), "max_result_size": 0}

    def run(operation: str, **params: Any) -> Any:
        return execute(config, operation, id=container, **params)

    run("inspect_container")
    idle = peak()
    exported = run("container_export")
    print(f"export {exported['size']} {exported['sha256']} {peak() - idle}", flush=True)
    copied = run("copy_from_container", path="/large", unpack=True)
    print(f"copy {copied['size']} {copied['sha256']} {peak() - idle}", flush=True)
    sent = run("copy_to_container", input="Attachment ID", value=copied["@id"], path="/tmp", filename="again")
    print(f"back {sent['size']} {sent['sha256']} {peak() - idle}", flush=True)
    before = peak()
    logs = run("container_logs", max_bytes=1024 * 1024)
    print(f"logs {len(logs['output'])} {logs['truncated']} {peak() - before}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
